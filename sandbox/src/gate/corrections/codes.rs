//! Error codes that an emulator gets wrong, by the Errors sections of the API References.

use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;

/// An emulator's code and AWS's.
struct Row {
    service: &'static str,
    /// The operations, by the beginnings of their names.
    operations: &'static [&'static str],
    said: &'static str,
    /// What the message has to hold, to tell it from others with the code.
    message: &'static str,
    meant: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        service: "application-autoscaling",
        operations: &["Delete", "Deregister"],
        said: "ValidationException",
        message: "No scal",
        meant: "ObjectNotFoundException",
    },
    Row {
        service: "elasticache",
        operations: &["ListTagsForResource"],
        said: "UserGroupNotFoundFault",
        message: "",
        meant: "UserGroupNotFound",
    },
    Row {
        service: "elasticache",
        operations: &["ListTagsForResource"],
        said: "UserNotFoundFault",
        message: "",
        meant: "UserNotFound",
    },
    Row {
        service: "iam",
        operations: &["CreateServiceLinkedRole"],
        said: "EntityAlreadyExists",
        message: "",
        meant: "InvalidInput",
    },
    Row {
        service: "monitoring",
        operations: &["DeleteDashboards"],
        said: "DashboardNotFoundError",
        message: "",
        meant: "ResourceNotFound",
    },
    Row {
        service: "wafv2",
        operations: &[""],
        said: "WafV2DuplicateItem",
        message: "",
        meant: "WAFDuplicateItemException",
    },
];

/// The error that AWS would say instead.
pub(super) fn corrected(call: &Call, answer: &Answer) -> Option<ServiceError> {
    let said = answer.error_code()?;
    let message = answer.error_message();
    let row = ROWS.iter().find(|row| {
        row.service == call.service
            && row.said == said
            && message.contains(row.message)
            && row.operations.iter().any(|operation| call.operation.starts_with(operation))
    })?;
    Some(ServiceError::new(answer.status.as_u16(), row.meant, message))
}

#[cfg(test)]
mod tests {
    use super::corrected;
    use crate::gate::answer::ServiceError;
    use crate::gate::call::tests::{call, signature};
    use hyper::Method;

    #[test]
    fn a_code_is_corrected_for_its_message_only() {
        let authorization = signature("application-autoscaling");
        let headers = [
            ("authorization", authorization.as_str()),
            ("x-amz-target", "AnyScaleFrontendService.DeleteScalingPolicy"),
        ];
        let call = call(Method::POST, "/", &headers, "{}");
        let said = |message: &str| {
            corrected(
                &call,
                &ServiceError::invalid("ValidationException", message).answer(&call, 1),
            )
        };
        assert_eq!(said("No scaling policy found").unwrap().code, "ObjectNotFoundException");
        assert!(said("Minimum capacity must be given").is_none());
    }
}
