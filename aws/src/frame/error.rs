//! Errors of calls: from whatever the SDK says to a [`Failure`] with a class and all facts.
//!
//! One function classifies, here and nowhere else.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use infra_sdk::DecodeError;
use infra_sdk::provider::{Effect, Failure, FailureClass};

/// Result of a call or a handler method.
pub type Result<T> = std::result::Result<T, Failure>;

/// The operation of an SDK error type, as IAM writes it: `ec2:CreateVpc`.
///
/// The SDK's errors do not say which operation they are of, but each operation has a type of its
/// own, `aws_sdk_ec2::operation::create_vpc::CreateVpcError`.
#[must_use]
pub fn operation_of<E>() -> String {
    let path = std::any::type_name::<E>();
    let service = path.split("::").next().unwrap_or_default().trim_start_matches("aws_sdk_");
    let service = match service {
        "applicationautoscaling" => "application-autoscaling",
        "cloudwatchlogs" => "logs",
        "elasticloadbalancingv2" => "elasticloadbalancing",
        other => other,
    };
    let operation = path.rsplit("::").next().unwrap_or_default().trim_end_matches("Error");
    format!("{service}:{operation}")
}

/// The failure behind an SDK error.
pub fn failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let code = error.code().map(str::to_owned);
    let status = error.raw_response().map(|response| response.status().as_u16());
    let class = match error {
        SdkError::ServiceError(_) => classify(code.as_deref().unwrap_or_default(), status),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => FailureClass::Network,
        SdkError::DispatchFailure(dispatch) if is_credentials(dispatch) => {
            FailureClass::Credentials
        }
        SdkError::DispatchFailure(_) => FailureClass::Network,
        _ => FailureClass::Invalid,
    };
    let effect = match error {
        SdkError::ServiceError(_) if status.is_some_and(|status| status < 500) => Effect::None,
        // A 5xx with a throttling code is a refusal; any other may come after the work was done.
        SdkError::ServiceError(_) if class == FailureClass::Throttled => Effect::None,
        SdkError::ConstructionFailure(_) => Effect::None,
        SdkError::DispatchFailure(_) if class == FailureClass::Credentials => Effect::None,
        SdkError::DispatchFailure(dispatch)
            if dispatch.as_connector_error().is_some_and(|e| never_sent(e)) =>
        {
            Effect::None
        }
        _ => Effect::Unknown,
    };
    Failure {
        effect,
        operation: Some(operation_of::<E>()),
        status,
        request_id: error.request_id().map(str::to_owned),
        hints: hints(class, code.as_deref()),
        code,
        ..Failure::new(class, message(error))
    }
}

fn message<E: ProvideErrorMetadata + StdError + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> String {
    if let Some(message) = ProvideErrorMetadata::message(error) {
        return message.to_owned();
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether an error of the connection means that no byte of the request left.
fn never_sent(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        let text = error.to_string();
        if text.contains("dns error") || text.contains("tcp connect error") {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_credentials(error: &aws_smithy_runtime_api::client::result::DispatchFailure) -> bool {
    error.as_connector_error().is_some_and(|error| {
        let mut cause: Option<&dyn StdError> = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            if text.contains("credential") || text.contains("identity") {
                return true;
            }
            cause = error.source();
        }
        false
    })
}

/// What a service's code means. Codes: each service's API reference, common errors.
#[must_use]
pub fn classify(code: &str, status: Option<u16>) -> FailureClass {
    use FailureClass as Class;
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "SlowDown"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "TransactionInProgressException"
        | "ProvisionedThroughputExceededException" => Class::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId"
        | "RequestTimeTooSkewed"
        | "InvalidToken" => Class::Credentials,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "Forbidden" => {
            Class::Denied
        }
        "DependencyViolation"
        | "DeleteConflict"
        | "ResourceInUse"
        | "ResourceInUseException"
        | "BucketNotEmpty"
        | "InvalidIPAddress.InUse"
        | "WAFAssociatedItemException" => Class::DependsOn,
        "OperationAborted"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "IncorrectState"
        | "IncorrectInstanceState"
        | "OperationAbortedException"
        | "LimitExceededException.Concurrent"
        | "WAFOptimisticLockException" => Class::Busy,
        _ if code.ends_with("LimitExceeded") || code.ends_with("LimitExceededException") => {
            Class::Quota
        }
        "LimitExceeded"
        | "QuotaExceeded"
        | "ServiceQuotaExceededException"
        | "InsufficientInstanceCapacity"
        | "TooManyBuckets"
        | "WAFLimitsExceededException" => Class::Quota,
        _ if is_not_found(code) => Class::Gone,
        _ if code.contains("AlreadyExists")
            || code.ends_with(".Duplicate")
            || code == "BucketAlreadyOwnedByYou"
            || code == "InvalidPermission.Duplicate"
            || code == "ResourceExistsException"
            || code == "WAFDuplicateItemException" =>
        {
            Class::Exists
        }
        _ if matches!(status, Some(500 | 502 | 503 | 504)) => Class::Network,
        "" => Class::Other,
        _ => Class::Invalid,
    }
}

fn is_not_found(code: &str) -> bool {
    code.ends_with("NotFound")
        || code.ends_with("NotFoundException")
        || code.ends_with("NotFoundFault")
        || code.starts_with("NoSuch")
        || code.ends_with("NotFoundError")
        || code == "NotFound"
        || code == "QueueDoesNotExist"
        || code == "AWS.SimpleQueueService.NonExistentQueue"
        || code == "WAFNonexistentItemException"
        // Systems Manager, of tags of what is not there.
        || code == "InvalidResourceId"
}

fn hints(class: FailureClass, code: Option<&str>) -> Vec<String> {
    let hint = match class {
        FailureClass::Credentials if code == Some("RequestTimeTooSkewed") => {
            "set the clock of this machine: AWS refuses requests whose time is off"
        }
        FailureClass::Credentials => {
            "sign in again, for example with `aws sso login`, and repeat the command"
        }
        FailureClass::Denied => "ask for the permission named above, or use another role",
        FailureClass::Quota => "ask for a higher quota in the Service Quotas console",
        FailureClass::Exists => {
            "choose another name, or take the object over with the option `import_id`"
        }
        _ => return Vec::new(),
    };
    vec![hint.to_owned()]
}

/// A field of an answer that AWS documents as always there and that is not.
pub fn missing(field: &str) -> Failure {
    Failure::new(FailureClass::Other, format!("the answer has no `{field}`"))
}

/// Reads a text of an answer as what AWS documents it to be.
///
/// # Errors
/// When it is absent or something else.
pub fn parsed<T: std::str::FromStr>(text: Option<&str>, field: &str) -> Result<T> {
    let text = text.ok_or_else(|| missing(field))?;
    text.parse().map_err(|_| {
        Failure::new(FailureClass::Other, format!("the answer has `{text}` as `{field}`"))
    })
}

/// A part of a request that lacks what AWS requires in it.
#[must_use]
pub fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> Failure {
    Failure::new(FailureClass::Invalid, error.to_string())
}

/// A value that does not fit the type's definition.
#[must_use]
pub fn decode(error: &DecodeError) -> Failure {
    Failure::new(FailureClass::Invalid, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_iam_names_them() {
        assert_eq!(
            operation_of::<aws_sdk_ec2::operation::create_vpc::CreateVpcError>(),
            "ec2:CreateVpc"
        );
        assert_eq!(
            operation_of::<aws_sdk_cloudwatchlogs::operation::create_log_group::CreateLogGroupError>(
            ),
            "logs:CreateLogGroup"
        );
    }

    #[test]
    fn codes_have_classes() {
        let cases = [
            ("InvalidVpcID.NotFound", Some(400), FailureClass::Gone),
            ("NoSuchEntity", Some(404), FailureClass::Gone),
            ("AWS.SimpleQueueService.NonExistentQueue", Some(400), FailureClass::Gone),
            ("RequestLimitExceeded", Some(503), FailureClass::Throttled),
            ("UnauthorizedOperation", Some(403), FailureClass::Denied),
            ("DependencyViolation", Some(400), FailureClass::DependsOn),
            ("VpcLimitExceeded", Some(400), FailureClass::Quota),
            ("InvalidGroup.Duplicate", Some(400), FailureClass::Exists),
            ("EntityAlreadyExists", Some(409), FailureClass::Exists),
            ("EntityTemporarilyUnmodifiable", Some(409), FailureClass::Busy),
            ("InternalError", Some(500), FailureClass::Network),
            ("WAFAssociatedItemException", Some(400), FailureClass::DependsOn),
            ("WAFDuplicateItemException", Some(400), FailureClass::Exists),
            ("WAFLimitsExceededException", Some(400), FailureClass::Quota),
            ("WAFNonexistentItemException", Some(400), FailureClass::Gone),
            ("InvalidResourceId", Some(400), FailureClass::Gone),
            ("WAFOptimisticLockException", Some(400), FailureClass::Busy),
            ("InvalidParameterValue", Some(400), FailureClass::Invalid),
        ];
        for (code, status, class) in cases {
            assert_eq!(classify(code, status), class, "{code}");
        }
    }
}
