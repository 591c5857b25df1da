//! A managed policy that is attached to a group. The two are its key; attaching may be repeated.
//!
//! API: AttachGroupPolicy, ListAttachedGroupPolicies, GetAccountAuthorizationDetails,
//! DetachGroupPolicy.

use infra_sdk::{Arn, Outputs, Resource};

use super::{GroupName, Policy};

/// Attaches a managed policy to a group.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_group_policy_attachment",
    outputs = GroupPolicyAttachmentOutputs,
    global
)]
pub struct GroupPolicyAttachment {
    /// The group.
    #[field(force_new)]
    pub group: GroupName,
    /// The policy, of this account or of AWS; see [`managed`](super::managed).
    #[field(force_new)]
    pub policy_arn: Arn<Policy>,
}

/// What AWS assigns to a [`GroupPolicyAttachment`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct GroupPolicyAttachmentOutputs {
    /// Group and policy: `group/arn`, which is also what Terraform imports by.
    pub id: String,
}

#[cfg(feature = "provider")]
crate::iam::attachments::attachment! {
    GroupPolicyAttachment, GroupPolicyAttachmentOutputs, group: GroupName, group_name,
    attach_group_policy = "iam:AttachGroupPolicy",
    list_attached_group_policies = "iam:ListAttachedGroupPolicies",
    detach_group_policy = "iam:DetachGroupPolicy",
    Group, NO_GROUP_YET
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::fixtures::allow;
    use crate::iam::{Group, PolicyHandle};

    fn declare(
        stack: &mut Stack,
        name: &str,
        pick: fn(PolicyHandle, PolicyHandle) -> PolicyHandle,
    ) {
        let group = stack.add("group", Group::new(format!("{name}-attached-group")));
        let one = Policy::new(allow("s3:GetObject")).name(format!("{name}-group-1"));
        let one = stack.add("one", one);
        let other = Policy::new(allow("s3:PutObject")).name(format!("{name}-group-2"));
        let other = stack.add("other", other);
        stack.add("it", GroupPolicyAttachment::new(group.name(), pick(one, other).arn()));
    }

    conforms!(
        aws_iam_group_policy_attachment,
        Fixture {
            base: |stack, name| declare(stack, name, |one, _| one),
            update: None,
            replace: Some(|stack, name| declare(stack, name, |_, other| other)),
            gaps: &[],
        }
    );
}
