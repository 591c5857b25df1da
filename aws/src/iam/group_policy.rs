//! A policy that is part of one group. Creating and updating are one call, which may be repeated.
//!
//! API: PutGroupPolicy, GetGroupPolicy, GetAccountAuthorizationDetails, DeleteGroupPolicy.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Outputs, Resource};

use super::names::OTHER_NAMES;
use super::rules::{Use, check_policy};
use super::{GroupName, PolicyJson, PolicyName};
use crate::rules::Rules;

/// A policy that is part of one group and goes with it.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_group_policy",
    outputs = GroupPolicyOutputs,
    global,
    validate = validate
)]
pub struct GroupPolicy {
    /// The group.
    #[field(force_new)]
    pub group: GroupName,
    /// What its members may do. All policies of a group together have at most 5120 characters.
    pub policy: PolicyJson,
    /// Name, unique in the group. Left out, one is generated.
    #[field(force_new, computed)]
    pub name: Option<PolicyName>,
    /// Beginning of a generated name, at most 102 characters. Not together with `name`.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
}

/// What AWS assigns to a [`GroupPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct GroupPolicyOutputs {
    /// Group and name: `group:name`.
    pub id: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&OTHER_NAMES);
    check_policy(&mut rules, "policy", Use::Identity, Some(5120));
    rules.finish()
}

#[cfg(feature = "provider")]
crate::iam::inline::inline_policy! {
    GroupPolicy, GroupPolicyOutputs, group: GroupName, group_name,
    put_group_policy = "iam:PutGroupPolicy",
    get_group_policy = "iam:GetGroupPolicy",
    delete_group_policy = "iam:DeleteGroupPolicy",
    Group, NO_GROUP_YET
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::Group;
    use crate::iam::fixtures::allow;

    fn declare(
        stack: &mut Stack,
        name: &str,
        action: &str,
        with: impl FnOnce(GroupPolicyArguments) -> GroupPolicyArguments,
    ) {
        let group = stack.add("group", Group::new(format!("{name}-inline-group")));
        stack.add("it", with(GroupPolicy::new(group.name(), allow(action))));
    }

    conforms!(
        aws_iam_group_policy,
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
