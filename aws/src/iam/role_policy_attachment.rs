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
mod handler {
    use std::collections::HashMap;

    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::iam::common::{
        GONE, NO_POLICY_YET, NO_ROLE_YET, PATIENCE, read_listed, role_details,
    };
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "iam:AttachRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetAccountAuthorizationDetails",
        "iam:ListAttachedRolePolicies",
    ];

    impl Handler for RolePolicyAttachment {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "iam:AttachRolePolicy",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[NO_ROLE_YET, NO_POLICY_YET],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let (role, arn) = (want.role.as_str(), want.policy_arn.as_str());
            let attach = || aws.iam().attach_role_policy().role_name(role).policy_arn(arn).send();
            aws.call(attach).await?;
            Ok(id_of(role, arn))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let one = |item: Known| async move {
                let (role, arn) = parse_id(&item.id)?;
                Ok(is_attached(aws, role, arn).await?.then(|| see(role, arn)))
            };
            read_listed(known, one, list(aws, known)).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (role, arn) = parse_id(id)?;
            let detach = || aws.iam().detach_role_policy().role_name(role).policy_arn(arn).send();
            aws.call(detach).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let (role, arn) = (want.role.as_str(), want.policy_arn.as_str());
            let attached = absent(is_attached(aws, role, arn).await.map(Some), GONE)?;
            let found = attached.unwrap_or(false).then(|| id_of(role, arn));
            Ok(found.into_iter().collect())
        }
    }

    fn id_of(role: &str, arn: &str) -> String {
        format!("{role}/{arn}")
    }

    /// Role and ARN of an id. Names of roles have no `/`.
    fn parse_id(id: &str) -> Result<(&str, &str)> {
        match id.split_once('/') {
            Some((role, arn)) if !role.is_empty() && arn.starts_with("arn:") => Ok((role, arn)),
            _ => {
                let message = format!("`{id}` is not the id of an attachment: `role/policy-arn`");
                Err(Failure::new(FailureClass::Invalid, message))
            }
        }
    }

    async fn is_attached(aws: &Aws, role: &str, arn: &str) -> Result<bool> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.iam().list_attached_role_policies().role_name(role);
                    call.set_marker(marker).send()
                },
                |page| page.marker(),
            )
            .await?;
        let mut attached = pages.iter().flat_map(|page| page.attached_policies());
        Ok(attached.any(|policy| policy.policy_arn() == Some(arn)))
    }

    async fn list(
        aws: &Aws,
        known: &[Known],
    ) -> Result<HashMap<String, Seen<RolePolicyAttachment>>> {
        let roles = role_details(aws).await?;
        let attached = |item: &Known| {
            let (role, arn) = parse_id(&item.id).ok()?;
            let policies = roles.get(role)?.attached_managed_policies();
            let there = policies.iter().any(|policy| policy.policy_arn() == Some(arn));
            there.then(|| (item.id.clone(), see(role, arn)))
        };
        Ok(known.iter().filter_map(attached).collect())
    }

    fn see(role: &str, arn: &str) -> Seen<RolePolicyAttachment> {
        let inputs = RolePolicyAttachment { role: RoleName::new(role), policy_arn: Arn::new(arn) };
        Seen::new(inputs, RolePolicyAttachmentOutputs { id: id_of(role, arn) })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_lead_back() {
            let arn = "arn:aws:iam::aws:policy/service-role/A";
            assert_eq!(parse_id(&id_of("role", arn)).ok(), Some(("role", arn)));
            for wrong in ["role", "role/policy", "/arn:aws:iam::aws:policy/A", ""] {
                assert!(parse_id(wrong).is_err(), "{wrong}");
            }
        }
    }
}

#[cfg(all(test, feature = "provider"))]
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
