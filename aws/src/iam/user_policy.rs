//! A policy that is part of one user. Creating and updating are one call, which may be repeated.
//!
//! API: PutUserPolicy, GetUserPolicy, GetAccountAuthorizationDetails, DeleteUserPolicy.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Outputs, Resource};

use super::names::OTHER_NAMES;
use super::rules::{Use, check_policy};
use super::{PolicyJson, PolicyName, UserName};
use crate::rules::Rules;

/// A policy that is part of one user and goes with it.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_user_policy",
    outputs = UserPolicyOutputs,
    global,
    validate = validate
)]
pub struct UserPolicy {
    /// The user.
    #[field(force_new)]
    pub user: UserName,
    /// What the user may do. All policies of a user together have at most 2048 characters.
    pub policy: PolicyJson,
    /// Name, unique in the user. Left out, one is generated.
    #[field(force_new, computed)]
    pub name: Option<PolicyName>,
    /// Beginning of a generated name, at most 102 characters. Not together with `name`.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
}

/// What AWS assigns to a [`UserPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct UserPolicyOutputs {
    /// User and name: `user:name`.
    pub id: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&OTHER_NAMES);
    check_policy(&mut rules, "policy", Use::Identity, Some(2048));
    rules.finish()
}

#[cfg(feature = "provider")]
crate::iam::inline::inline_policy! {
    UserPolicy, UserPolicyOutputs, user: UserName, user_name,
    put_user_policy = "iam:PutUserPolicy",
    get_user_policy = "iam:GetUserPolicy",
    delete_user_policy = "iam:DeleteUserPolicy",
    User, NO_USER_YET
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::User;
    use crate::iam::fixtures::allow;

    fn declare(
        stack: &mut Stack,
        name: &str,
        action: &str,
        with: impl FnOnce(UserPolicyArguments) -> UserPolicyArguments,
    ) {
        let user = stack.add("user", User::new(format!("{name}-inline-user")));
        stack.add("it", with(UserPolicy::new(user.name(), allow(action))));
    }

    conforms!(
        aws_iam_user_policy,
        Fixture {
            base: |stack, name| declare(stack, name, "s3:GetObject", |it| it.name("read")),
            update: Some(|stack, name| {
                declare(stack, name, "s3:PutObject", |it| it.name("read"));
            }),
            replace: Some(|stack, name| {
                declare(stack, name, "s3:PutObject", |it| it.name_prefix("write-"));
            }),
            gaps: &[],
        }
    );
}
