//! Lets a role or a user of IAM into a cluster. What it may do there is told by its Kubernetes
//! groups or by access policies.
//!
//! API: CreateAccessEntry, DescribeAccessEntry, UpdateAccessEntry, TagResource, UntagResource,
//! DeleteAccessEntry.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};

use super::ClusterName;
use crate::AnyArn;
use crate::rules::Rules;

/// Lets a role or a user into a cluster.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eks_access_entry", outputs = AccessEntryOutputs, validate = validate)]
pub struct AccessEntry {
    /// The cluster; its authentication mode is not `CONFIG_MAP`.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// The role or user.
    #[field(force_new)]
    pub principal_arn: AnyArn,
    /// Groups of Kubernetes that it is in.
    #[field(computed)]
    pub kubernetes_groups: BTreeSet<String>,
    /// Who it is: a person or a program, or nodes.
    #[field(force_new, default = AccessEntryType::Standard)]
    pub r#type: AccessEntryType,
    /// Its name in Kubernetes. Left out, AWS's choice.
    #[field(computed)]
    pub user_name: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AccessEntryType {
    /// A person or a program.
    #[choice("STANDARD")]
    Standard,
    /// Nodes on EC2, with Linux.
    #[choice("EC2_LINUX")]
    Ec2Linux,
    /// Nodes on EC2, with Windows.
    #[choice("EC2_WINDOWS")]
    Ec2Windows,
    /// Pods on Fargate.
    #[choice("FARGATE_LINUX")]
    FargateLinux,
    /// Nodes of EKS Auto Mode.
    #[choice("EC2")]
    Ec2,
    /// Hybrid nodes.
    #[choice("HYBRID_LINUX")]
    HybridLinux,
    /// Nodes of SageMaker HyperPod.
    #[choice("HYPERPOD_LINUX")]
    HyperpodLinux,
}

/// What AWS assigns to an [`AccessEntry`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct AccessEntryOutputs {
    /// The cluster's name and the principal's ARN, with a colon between.
    pub id: String,
    /// ARN.
    pub access_entry_arn: Arn<AccessEntry>,
    /// When it was made, in RFC 3339.
    pub created_at: Option<String>,
    /// When it was changed, in RFC 3339.
    pub modified_at: Option<String>,
}

/// Source: EKS API Reference, CreateAccessEntry.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.text("type").is_some_and(|kind| kind != AccessEntryType::Standard.as_str()) {
        rules.without(&["kubernetes_groups", "user_name"], "for nodes");
    }
    if rules.texts("kubernetes_groups").iter().any(|group| group.starts_with("system:")) {
        let message = "must not start with `system:`: AWS takes no groups of Kubernetes itself";
        rules.refuse("kubernetes_groups", message);
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_eks::types::AccessEntry as Wire;

    use super::*;
    use crate::eks::common::{
        GONE, IN_PROGRESS, all, date, id_in, parts, retag, tags_of, wire_tags,
    };
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "eks:CreateAccessEntry",
        "eks:DeleteAccessEntry",
        "eks:DescribeAccessEntry",
        "eks:TagResource",
        "eks:UntagResource",
        "eks:UpdateAccessEntry",
    ];

    impl Handler for AccessEntry {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "eks:CreateAccessEntry",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[
                // A role that IAM does not show everywhere yet.
                ("InvalidParameterException", "The specified principalArn is invalid"),
                IN_PROGRESS,
            ],
            lingering: &[IN_PROGRESS],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            aws.call(|| {
                aws.eks()
                    .create_access_entry()
                    .client_request_token(creating.token)
                    .cluster_name(want.cluster_name.as_str())
                    .principal_arn(want.principal_arn.as_str())
                    .r#type(want.r#type.as_str())
                    .set_kubernetes_groups(groups(want))
                    .set_username(want.user_name.clone())
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
            Ok(id_in(want.cluster_name.as_str(), want.principal_arn.as_str()))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(
                known,
                GONE,
                |item| async move { see(describe(aws, &item.id).await?).map(Some) },
            )
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let (cluster, principal) = parts(id)?;
            let name = want.user_name.clone().filter(|_| changed.has("user_name"));
            let groups = changed.has("kubernetes_groups").then(|| all(&want.kubernetes_groups));
            aws.call(|| {
                let call = aws.eks().update_access_entry().cluster_name(cluster);
                call.principal_arn(principal)
                    .set_kubernetes_groups(groups.clone())
                    .set_username(name.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (cluster, principal) = parts(id)?;
            aws.call(|| {
                let call = aws.eks().delete_access_entry().cluster_name(cluster);
                call.principal_arn(principal).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = id_in(want.cluster_name.as_str(), want.principal_arn.as_str());
            let found = absent(describe(aws, &id).await.map(Some), GONE)?;
            let ours = found.is_some_and(|entry| is_ours(&want.tags.0, &tags_of(entry.tags).0));
            Ok(ours.then_some(id).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let arn = describe(aws, id).await?.access_entry_arn;
            retag(aws, &arn.ok_or_else(|| missing("accessEntryArn"))?, change).await
        }
    }

    fn groups(want: &AccessEntry) -> Option<Vec<String>> {
        (!want.kubernetes_groups.is_empty()).then(|| all(&want.kubernetes_groups))
    }

    async fn describe(aws: &Aws, id: &str) -> Result<Wire> {
        let (cluster, principal) = parts(id)?;
        let call = || {
            let call = aws.eks().describe_access_entry().cluster_name(cluster);
            call.principal_arn(principal).send()
        };
        aws.call(call).await?.access_entry.ok_or_else(|| missing("accessEntry"))
    }

    fn see(entry: Wire) -> Result<Seen<AccessEntry>> {
        let cluster = entry.cluster_name.ok_or_else(|| missing("clusterName"))?;
        let principal = entry.principal_arn.ok_or_else(|| missing("principalArn"))?;
        let outputs = AccessEntryOutputs {
            id: id_in(&cluster, &principal),
            access_entry_arn: Arn::new(
                entry.access_entry_arn.ok_or_else(|| missing("accessEntryArn"))?,
            ),
            created_at: date(entry.created_at),
            modified_at: date(entry.modified_at),
        };
        let inputs = AccessEntry {
            cluster_name: ClusterName::new(cluster),
            principal_arn: AnyArn::new(principal),
            kubernetes_groups: entry.kubernetes_groups.into_iter().flatten().collect(),
            r#type: parsed(entry.r#type.as_deref(), "type")?,
            user_name: entry.username,
            tags: tags_of(entry.tags),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Value;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::eks::fixtures::{cluster, role};

    conforms!(
        aws_eks_access_entry,
        Fixture {
            base: |stack, name| {
                let (cluster, _) = cluster(stack, name, "entry");
                let role = role(stack, "people", format!("{name}-people"), "ec2.amazonaws.com");
                let it = AccessEntry::new(cluster.id(), role).kubernetes_groups(["viewers"]);
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let (cluster, _) = cluster(stack, name, "entry");
                let role = role(stack, "people", format!("{name}-people"), "ec2.amazonaws.com");
                let it = AccessEntry::new(cluster.id(), role)
                    .kubernetes_groups(["viewers", "editors"])
                    .user_name("people");
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let (cluster, _) = cluster(stack, name, "entry");
                let role = role(stack, "people", format!("{name}-people"), "ec2.amazonaws.com");
                let it = AccessEntry::new(cluster.id(), role);
                stack.add("it", it.r#type(AccessEntryType::Ec2Linux));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn nodes_have_neither_groups_nor_a_name() {
        let wrong = |kind: &str, group: &str| {
            let groups = Value::List(vec![Value::from(group)]);
            let given = Object::from([
                ("type".to_owned(), Value::from(kind)),
                ("kubernetes_groups".to_owned(), groups),
            ]);
            validate(&given).len()
        };
        assert_eq!(wrong("STANDARD", "viewers"), 0);
        assert_eq!(wrong("EC2_LINUX", "viewers"), 1);
        assert_eq!(wrong("STANDARD", "system:masters"), 1);
    }
}
