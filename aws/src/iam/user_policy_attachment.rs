//! A managed policy that is attached to a user. The two are its key; attaching may be repeated.
//!
//! API: AttachUserPolicy, ListAttachedUserPolicies, GetAccountAuthorizationDetails,
//! DetachUserPolicy.

use infra_sdk::{Arn, Outputs, Resource};

use super::{Policy, UserName};

/// Attaches a managed policy to a user.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_user_policy_attachment",
    outputs = UserPolicyAttachmentOutputs,
    global
)]
pub struct UserPolicyAttachment {
    /// The user.
    #[field(force_new)]
    pub user: UserName,
    /// The policy, of this account or of AWS; see [`managed`](super::managed).
    #[field(force_new)]
    pub policy_arn: Arn<Policy>,
}

/// What AWS assigns to a [`UserPolicyAttachment`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct UserPolicyAttachmentOutputs {
    /// User and policy: `user/arn`, which is also what Terraform imports by.
    pub id: String,
}

#[cfg(feature = "provider")]
crate::iam::attachments::attachment! {
    UserPolicyAttachment, UserPolicyAttachmentOutputs, user: UserName, user_name,
    attach_user_policy = "iam:AttachUserPolicy",
    list_attached_user_policies = "iam:ListAttachedUserPolicies",
    detach_user_policy = "iam:DetachUserPolicy",
    User, NO_USER_YET
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::fixtures::allow;
    use crate::iam::{PolicyHandle, User};

    fn declare(
        stack: &mut Stack,
        name: &str,
        pick: fn(PolicyHandle, PolicyHandle) -> PolicyHandle,
    ) {
        let user = stack.add("user", User::new(format!("{name}-attached-user")));
        let one = Policy::new(allow("s3:GetObject")).name(format!("{name}-user-1"));
        let one = stack.add("one", one);
        let other = Policy::new(allow("s3:PutObject")).name(format!("{name}-user-2"));
        let other = stack.add("other", other);
        stack.add("it", UserPolicyAttachment::new(user.name(), pick(one, other).arn()));
    }

    conforms!(
        aws_iam_user_policy_attachment,
        Fixture {
            base: |stack, name| declare(stack, name, |one, _| one),
            update: None,
            replace: Some(|stack, name| declare(stack, name, |_, other| other)),
            gaps: &[],
        }
    );
}
