//! What an access entry may do in a cluster: a policy of EKS, in the cluster or in namespaces. The
//! two are its key; associating may be repeated.
//!
//! API: AssociateAccessPolicy, ListAssociatedAccessPolicies, DisassociateAccessPolicy.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Block, Choice, Object, Outputs, Resource};

use super::ClusterName;
use crate::AnyArn;
use crate::rules::Rules;

/// Gives an access entry the rights of a policy of EKS.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_eks_access_policy_association",
    outputs = AccessPolicyAssociationOutputs,
    validate = validate
)]
pub struct AccessPolicyAssociation {
    /// The cluster.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// The policy: `arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy`.
    #[field(force_new)]
    pub policy_arn: AnyArn,
    /// The role or user, which has an access entry.
    #[field(force_new)]
    pub principal_arn: AnyArn,
    /// Where it has the rights.
    pub access_scope: AccessScope,
}

/// Where rights are given.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AccessScope {
    /// In the whole cluster or in namespaces.
    pub r#type: AccessScopeType,
    /// The namespaces.
    pub namespaces: BTreeSet<String>,
}

/// Where rights are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AccessScopeType {
    /// In the whole cluster.
    #[choice("cluster")]
    Cluster,
    /// In namespaces.
    #[choice("namespace")]
    Namespace,
}

/// What AWS assigns to an [`AccessPolicyAssociation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct AccessPolicyAssociationOutputs {
    /// Cluster, principal and policy, with `#` between.
    pub id: String,
    /// When it was made, in RFC 3339.
    pub associated_at: Option<String>,
    /// When it was changed, in RFC 3339.
    pub modified_at: Option<String>,
}

/// Source: EKS API Reference, AccessScope.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.blocks("access_scope", |scope| match scope.text("type") {
        Some("cluster") => scope.without(&["namespaces"], "for the whole cluster"),
        Some("namespace") => scope.required(&["namespaces"], "with `type` `namespace`"),
        _ => {}
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_eks::types::{
        AccessScope as WireScope, AccessScopeType as WireScopeType, AssociatedAccessPolicy as Wire,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::eks::common::{GONE, IN_PROGRESS, all, date};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "eks:AssociateAccessPolicy",
        "eks:DisassociateAccessPolicy",
        "eks:ListAssociatedAccessPolicies",
    ];

    impl Handler for AccessPolicyAssociation {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "eks:AssociateAccessPolicy",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            // An access entry that is not seen everywhere yet.
            not_yet: &[
                ("ResourceNotFoundException", "The specified principalArn could not be found"),
                IN_PROGRESS,
            ],
            lingering: &[IN_PROGRESS],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            associate(aws, want).await?;
            Ok(id_of(want))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move {
                let (cluster, principal, policy) = parts(&item.id)?;
                let pages = aws
                    .pages(
                        |token| {
                            aws.eks()
                                .list_associated_access_policies()
                                .cluster_name(cluster)
                                .principal_arn(principal)
                                .set_next_token(token)
                                .send()
                        },
                        |page| page.next_token(),
                    )
                    .await?;
                let mut policies = pages
                    .into_iter()
                    .flat_map(|page| page.associated_access_policies.unwrap_or_default());
                let found = policies.find(|found| found.policy_arn() == Some(policy));
                found.map(|found| see(&item.id, found)).transpose()
            })
            .await
        }

        /// Associating again sets the scope. Source: EKS user guide, "Associate access policies".
        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            associate(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (cluster, principal, policy) = parts(id)?;
            aws.call(|| {
                aws.eks()
                    .disassociate_access_policy()
                    .cluster_name(cluster)
                    .principal_arn(principal)
                    .policy_arn(policy)
                    .send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = id_of(want);
            let known = Known { id: id.clone(), recorded: Object::new(), outputs: Object::new() };
            let found = Self::read(aws, &[known]).await.pop().transpose()?.flatten();
            Ok(found.map(|_| id).into_iter().collect())
        }
    }

    async fn associate(aws: &Aws, want: &AccessPolicyAssociation) -> Result<()> {
        let scope = WireScope::builder()
            .r#type(WireScopeType::from(want.access_scope.r#type.as_str()))
            .set_namespaces(Some(all(&want.access_scope.namespaces)))
            .build();
        aws.call(|| {
            aws.eks()
                .associate_access_policy()
                .cluster_name(want.cluster_name.as_str())
                .principal_arn(want.principal_arn.as_str())
                .policy_arn(want.policy_arn.as_str())
                .access_scope(scope.clone())
                .send()
        })
        .await
        .map(drop)
    }

    fn id_of(want: &AccessPolicyAssociation) -> String {
        format!("{}#{}#{}", want.cluster_name, want.principal_arn, want.policy_arn)
    }

    fn parts(id: &str) -> Result<(&str, &str, &str)> {
        let mut parts = id.split('#');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(cluster), Some(principal), Some(policy), None) => {
                Ok((cluster, principal, policy))
            }
            _ => {
                let message = format!("`{id}` is not an id such as `cluster#principal#policy`");
                Err(Failure::new(FailureClass::Invalid, message))
            }
        }
    }

    fn see(id: &str, found: Wire) -> Result<Seen<AccessPolicyAssociation>> {
        let (cluster, principal, policy) = parts(id)?;
        let scope = found.access_scope.ok_or_else(|| missing("accessScope"))?;
        let inputs = AccessPolicyAssociation {
            cluster_name: ClusterName::new(cluster),
            policy_arn: AnyArn::new(policy),
            principal_arn: AnyArn::new(principal),
            access_scope: AccessScope {
                r#type: parsed(scope.r#type.as_ref().map(WireScopeType::as_str), "type")?,
                namespaces: scope.namespaces.into_iter().flatten().collect(),
            },
        };
        let outputs = AccessPolicyAssociationOutputs {
            id: id.to_owned(),
            associated_at: date(found.associated_at),
            modified_at: date(found.modified_at),
        };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_have_three_parts() {
            assert_eq!(parts("main#arn:a#arn:b").ok(), Some(("main", "arn:a", "arn:b")));
            assert!(parts("main#arn:a").is_err());
        }
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::{Stack, Value};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::eks::AccessEntry;
    use crate::eks::fixtures::{cluster, role};

    fn association(
        stack: &mut Stack,
        name: &str,
        policy: &str,
        scope: AccessScopeArguments,
    ) -> AccessPolicyAssociationArguments {
        let (cluster, _) = cluster(stack, name, "policy");
        let role = role(stack, "people", format!("{name}-editors"), "ec2.amazonaws.com");
        let entry = stack.add("entry", AccessEntry::new(cluster.id(), role));
        let policy = AnyArn::new(format!("arn:aws:eks::aws:cluster-access-policy/{policy}"));
        AccessPolicyAssociation::new(cluster.id(), policy, entry.principal_arn(), scope)
    }

    conforms!(
        aws_eks_access_policy_association,
        Fixture {
            base: |stack, name| {
                let scope = AccessScope::new(AccessScopeType::Namespace).namespaces(["staging"]);
                let it = association(stack, name, "AmazonEKSViewPolicy", scope);
                stack.add("it", it);
            },
            update: Some(|stack, name| {
                let scope = AccessScope::new(AccessScopeType::Cluster);
                let it = association(stack, name, "AmazonEKSViewPolicy", scope);
                stack.add("it", it);
            }),
            replace: Some(|stack, name| {
                let scope = AccessScope::new(AccessScopeType::Cluster);
                let it = association(stack, name, "AmazonEKSAdminPolicy", scope);
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );

    #[test]
    fn namespaces_go_with_their_scope() {
        let wrong = |kind: &str, namespaces: Value| {
            let scope = Object::from([
                ("type".to_owned(), Value::from(kind)),
                ("namespaces".to_owned(), namespaces),
            ]);
            validate(&Object::from([("access_scope".to_owned(), Value::Map(scope))])).len()
        };
        assert_eq!(wrong("cluster", Value::Null), 0);
        assert_eq!(wrong("namespace", Value::Unknown), 0);
        assert_eq!(wrong("cluster", Value::Unknown), 1);
        assert_eq!(wrong("namespace", Value::Null), 1);
    }
}
