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
mod handler {
    use std::collections::HashMap;

    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::iam::common::{
        GONE, NO_ROLE_YET, PATIENCE, document, name, prefix_of, read_listed, role_details,
    };
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "iam:DeleteRolePolicy",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetRolePolicy",
        "iam:PutRolePolicy",
    ];

    impl Handler for RolePolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "iam:PutRolePolicy",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[NO_ROLE_YET],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let given = want.name.as_ref().map(PolicyName::as_str);
            let name = name(given, want.name_prefix.as_deref(), creating.token);
            let role = want.role.as_str();
            put(aws, role, &name, want).await?;
            Ok(id_of(role, &name))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let one = |item: Known| async move {
                let (role, name) = parse_id(&item.id)?;
                let get = || aws.iam().get_role_policy().role_name(role).policy_name(name).send();
                let answer = aws.call(get).await?;
                see(role, name, &answer.policy_document, &item).map(Some)
            };
            read_listed(known, one, list(aws, known)).await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            let (role, name) = parse_id(id)?;
            put(aws, role, name, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (role, name) = parse_id(id)?;
            let delete = || aws.iam().delete_role_policy().role_name(role).policy_name(name).send();
            aws.call(delete).await.map(drop)
        }

        /// A generated name is not looked for: nothing tells it from another's, and the create may
        /// be repeated, which asks for the same name.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(name) = &want.name else { return Ok(Vec::new()) };
            let (role, name) = (want.role.as_str(), name.as_str());
            let get = || aws.iam().get_role_policy().role_name(role).policy_name(name).send();
            let found = absent(aws.call(get).await.map(Some), GONE)?;
            Ok(found.map(|_| id_of(role, name)).into_iter().collect())
        }
    }

    async fn put(aws: &Aws, role: &str, name: &str, want: &RolePolicy) -> Result<()> {
        aws.call(|| {
            let call = aws.iam().put_role_policy().role_name(role).policy_name(name);
            call.policy_document(want.policy.as_str()).send()
        })
        .await
        .map(drop)
    }

    fn id_of(role: &str, name: &str) -> String {
        format!("{role}:{name}")
    }

    /// Role and name of an id. Names have no `:`.
    fn parse_id(id: &str) -> Result<(&str, &str)> {
        match id.split_once(':') {
            Some((role, name)) if !role.is_empty() && !name.is_empty() => Ok((role, name)),
            _ => {
                let message = format!("`{id}` is not the id of a role policy: `role:name`");
                Err(Failure::new(FailureClass::Invalid, message))
            }
        }
    }

    async fn list(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Seen<RolePolicy>>> {
        let roles = role_details(aws).await?;
        let mut seen = HashMap::new();
        for item in known {
            let Ok((role, name)) = parse_id(&item.id) else { continue };
            let policies = roles.get(role).and_then(|role| role.role_policy_list.as_deref());
            let found = policies
                .unwrap_or_default()
                .iter()
                .find(|policy| policy.policy_name.as_deref() == Some(name));
            if let Some(written) = found.and_then(|policy| policy.policy_document.as_deref()) {
                seen.insert(item.id.clone(), see(role, name, written, item)?);
            }
        }
        Ok(seen)
    }

    fn see(role: &str, name: &str, written: &str, item: &Known) -> Result<Seen<RolePolicy>> {
        let inputs = RolePolicy {
            role: RoleName::new(role),
            policy: document(Some(written))?,
            name: Some(PolicyName::new(name)),
            name_prefix: prefix_of(name, &item.recorded),
        };
        Ok(Seen::new(inputs, RolePolicyOutputs { id: item.id.clone() }))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_lead_back() {
            assert_eq!(parse_id(&id_of("role", "policy")).ok(), Some(("role", "policy")));
            for wrong in ["role", ":policy", "role:", ""] {
                assert!(parse_id(wrong).is_err(), "{wrong}");
            }
        }
    }
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
