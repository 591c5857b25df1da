//! A role that a service of AWS assumes, with AWS's own policies for the purpose.

use infra_aws::iam::{
    Policy, PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicyAttachment, Statement,
};
use infra_sdk::prelude::*;

/// Declares a role `PREFIX-NAME` for a service such as `ec2.amazonaws.com`, and an attachment
/// `NAME-PURPOSE` for each policy.
pub(crate) fn service(
    stack: &mut Stack,
    prefix: &str,
    name: &str,
    service: &str,
    policies: &[(&str, Arn<Policy>)],
) -> RoleHandle {
    let trust = PolicyDocument::new().statement(
        Statement::allow().principal(Principal::service(service)).action("sts:AssumeRole"),
    );
    let full = format!("{prefix}-{name}");
    let role = stack.add(name, Role::new(trust).name(RoleName::new(full)));
    for (purpose, policy) in policies {
        let attachment = RolePolicyAttachment::new(role.name(), policy.clone());
        stack.add(format!("{name}-{purpose}"), attachment);
    }
    role
}
