//! A managed policy that is attached to a role. The two are its key; attaching may be repeated.
//!
//! API: AttachRolePolicy, ListAttachedRolePolicies, GetAccountAuthorizationDetails,
//! DetachRolePolicy.

use infra_sdk::{Arn, Outputs, Resource};

use super::{Policy, RoleName};

/// Attaches a managed policy to a role.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_role_policy_attachment",
    outputs = RolePolicyAttachmentOutputs,
    global
)]
pub struct RolePolicyAttachment {
    /// The role.
    #[field(force_new)]
    pub role: RoleName,
    /// The policy, of this account or of AWS; see [`managed`](super::managed).
    #[field(force_new)]
    pub policy_arn: Arn<Policy>,
}

/// What AWS assigns to a [`RolePolicyAttachment`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RolePolicyAttachmentOutputs {
    /// Role and policy: `role/arn`, which is also what Terraform imports by.
    pub id: String,
}

#[cfg(feature = "provider")]
crate::iam::attachments::attachment! {
    RolePolicyAttachment, RolePolicyAttachmentOutputs, role: RoleName, role_name,
    attach_role_policy = "iam:AttachRolePolicy",
    list_attached_role_policies = "iam:ListAttachedRolePolicies",
    detach_role_policy = "iam:DetachRolePolicy",
    Role, NO_ROLE_YET
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::Role;
    use crate::iam::fixtures::{allow, trust};

    conforms!(
        aws_iam_role_policy_attachment,
        Fixture {
            base: |stack, name| {
                let role = Role::new(trust("ec2.amazonaws.com")).name(format!("{name}-attached"));
                let role = stack.add("role", role);
                let one = Policy::new(allow("s3:GetObject")).name(format!("{name}-attached-1"));
                let one = stack.add("one", one);
                let other = Policy::new(allow("s3:PutObject")).name(format!("{name}-attached-2"));
                stack.add("other", other);
                stack.add("it", RolePolicyAttachment::new(role.name(), one.arn()));
            },
            update: None,
            replace: Some(|stack, name| {
                let role = Role::new(trust("ec2.amazonaws.com")).name(format!("{name}-attached"));
                let role = stack.add("role", role);
                let one = Policy::new(allow("s3:GetObject")).name(format!("{name}-attached-1"));
                stack.add("one", one);
                let other = Policy::new(allow("s3:PutObject")).name(format!("{name}-attached-2"));
                let other = stack.add("other", other);
                stack.add("it", RolePolicyAttachment::new(role.name(), other.arn()));
            }),
            gaps: &[],
        }
    );
}
