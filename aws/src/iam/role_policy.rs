//! A policy that is part of one role. Creating and updating are one call, which may be repeated.
//!
//! API: PutRolePolicy, GetRolePolicy, GetAccountAuthorizationDetails, DeleteRolePolicy.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Outputs, Resource};

use super::names::OTHER_NAMES;
use super::rules::{Use, check_policy};
use super::{PolicyJson, PolicyName, RoleName};
use crate::rules::Rules;

/// A policy that is part of one role and goes with it.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_iam_role_policy", outputs = RolePolicyOutputs, global, validate = validate)]
pub struct RolePolicy {
    /// The role.
    #[field(force_new)]
    pub role: RoleName,
    /// What the role may do. All policies of a role together have at most 10240 characters.
    pub policy: PolicyJson,
    /// Name, unique in the role. Left out, one is generated.
    #[field(force_new, computed)]
    pub name: Option<PolicyName>,
    /// Beginning of a generated name, at most 102 characters. Not together with `name`.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
}

/// What AWS assigns to a [`RolePolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RolePolicyOutputs {
    /// Role and name: `role:name`.
    pub id: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&OTHER_NAMES);
    check_policy(&mut rules, "policy", Use::Identity, Some(10_240));
    rules.finish()
}

#[cfg(feature = "provider")]
crate::iam::inline::inline_policy! {
    RolePolicy, RolePolicyOutputs, role: RoleName, role_name,
    put_role_policy = "iam:PutRolePolicy",
    get_role_policy = "iam:GetRolePolicy",
    delete_role_policy = "iam:DeleteRolePolicy",
    Role, NO_ROLE_YET
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::Role;
    use crate::iam::fixtures::{allow, trust};

    fn declare(stack: &mut Stack, name: &str, policy: RolePolicyArguments) {
        let role = Role::new(trust("ec2.amazonaws.com")).name(format!("{name}-inline"));
        stack.add("role", role);
        stack.add("it", policy);
    }

    fn role(name: &str) -> String {
        format!("{name}-inline")
    }

    conforms!(
        aws_iam_role_policy,
        Fixture {
            base: |stack, name| {
                declare(
                    stack,
                    name,
                    RolePolicy::new(role(name), allow("s3:GetObject")).name("read"),
                );
            },
            update: Some(|stack, name| {
                declare(
                    stack,
                    name,
                    RolePolicy::new(role(name), allow("s3:PutObject")).name("read"),
                );
            }),
            replace: Some(|stack, name| {
                let policy = RolePolicy::new(role(name), allow("s3:PutObject"));
                declare(stack, name, policy.name_prefix("write-"));
            }),
            gaps: &[],
        }
    );
}
