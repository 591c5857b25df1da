//! A role that a service of AWS assumes, with AWS's own policies for the purpose.

use infra_aws::iam::{
    Policy, PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicy,
    RolePolicyAttachment, RolePolicyAttachmentHandle, Statement,
};
use infra_sdk::prelude::*;

/// A role and the attachments of its policies.
pub(crate) struct AttachedRole {
    /// The role.
    pub(crate) role: RoleHandle,
    attachments: Vec<RolePolicyAttachmentHandle>,
}

impl AttachedRole {
    /// Has a resource made when the role has all its policies, and deleted while it still has them.
    pub(crate) fn before<D: CommonOptions>(&self, resource: D) -> D {
        self.attachments.iter().fold(resource, |resource, policy| resource.depends_on(policy))
    }
}

/// Declares a role `PREFIX-NAME` for a service such as `ec2.amazonaws.com`, and an attachment
/// `NAME-PURPOSE` for each policy.
pub(crate) fn service(
    stack: &mut Stack,
    prefix: &str,
    name: &str,
    service: &str,
    policies: &[(&str, Arn<Policy>)],
) -> RoleHandle {
    attached(stack, prefix, name, service, policies).role
}

/// As [`service`], for resources that do not work without the policies.
pub(crate) fn attached(
    stack: &mut Stack,
    prefix: &str,
    name: &str,
    service: &str,
    policies: &[(&str, Arn<Policy>)],
) -> AttachedRole {
    let trust = PolicyDocument::new().statement(
        Statement::allow().principal(Principal::service(service)).action("sts:AssumeRole"),
    );
    let full = format!("{prefix}-{name}");
    let role = stack.add(name, Role::new(trust).name(RoleName::new(full)));
    let mut attachments = Vec::new();
    for (purpose, policy) in policies {
        let attachment = RolePolicyAttachment::new(role.name(), policy.clone());
        attachments.push(stack.add(format!("{name}-{purpose}"), attachment));
    }
    AttachedRole { role, attachments }
}

/// Gives a role a policy of its own, `NAME-policy`.
pub(crate) fn allow(stack: &mut Stack, name: &str, role: &RoleHandle, policy: PolicyDocument) {
    stack.add(format!("{name}-policy"), RolePolicy::new(role.name(), policy));
}
