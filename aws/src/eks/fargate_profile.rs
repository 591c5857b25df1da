//! Which pods of a cluster run on Fargate. Slow. Nothing but tags is changed in place: AWS has no
//! call that modifies a profile. A cluster makes or deletes one profile at a time.
//!
//! API: CreateFargateProfile, DescribeFargateProfile, TagResource, UntagResource,
//! DeleteFargateProfile.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Object, Outputs, Resource, Tags};

use super::ClusterName;
use crate::ec2::SubnetId;
use crate::iam::Role;
use crate::rules::Rules;

/// Has pods run on Fargate.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eks_fargate_profile", outputs = FargateProfileOutputs, validate = validate)]
pub struct FargateProfile {
    /// The cluster.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// Name, unique in the cluster.
    #[field(force_new)]
    pub fargate_profile_name: String,
    /// Role that pulls images and writes logs for the pods.
    #[field(force_new)]
    pub pod_execution_role_arn: Arn<Role>,
    /// Which pods, 5 selectors at most.
    #[field(force_new, required)]
    pub selector: BlockSet<FargateSelector>,
    /// Private subnets that the pods are in. Left out, all private ones of the cluster.
    #[field(force_new, computed)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Tags.
    pub tags: Tags,
}

/// Which pods.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FargateSelector {
    /// Their namespace.
    pub namespace: String,
    /// Labels that they all have, 5 at most.
    pub labels: BTreeMap<String, String>,
}

/// What AWS assigns to a [`FargateProfile`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct FargateProfileOutputs {
    /// The cluster's and the profile's name, with a colon between.
    pub id: String,
    /// ARN.
    pub arn: Arn<FargateProfile>,
    /// What is wrong with it.
    pub health: Option<String>,
    /// `ACTIVE`, or what it is busy with.
    pub status: String,
}

/// Source: EKS API Reference, CreateFargateProfile.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let selectors = inputs.get("selector").and_then(infra_sdk::Value::as_list);
    if selectors.is_some_and(|selectors| selectors.len() > 5) {
        rules.refuse("selector", "must be 5 at most");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::time::Duration;

    use aws_sdk_eks::types::{
        FargateProfile as Wire, FargateProfileIssueCode, FargateProfileSelector,
    };
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::eks::common::{
        GONE, NEW_ROLES, all, id_in, issues, parts, retag, tags_of, wire_tags,
    };
    use crate::frame::calls::{Patience, Sign};
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "eks:CreateFargateProfile",
        "eks:DeleteFargateProfile",
        "eks:DescribeFargateProfile",
        "eks:TagResource",
        "eks:UntagResource",
    ];
    /// The operations, and what EKS does in the caller's name.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:CreateServiceLinkedRole", "iam:PassRole"]);
    /// "Only one Fargate profile in a cluster can be in the DELETING status at a time", and as much
    /// for the creating of one. Source: EKS API Reference, DeleteFargateProfile; Terraform's
    /// provider.
    const ONE_AT_A_TIME: [Sign; 2] = [
        ("ResourceInUseException", "Cannot create Fargate Profile"),
        ("ResourceInUseException", "Cannot delete Fargate Profile"),
    ];

    impl Handler for FargateProfile {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "eks:CreateFargateProfile",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            not_yet: &[
                NEW_ROLES[0],
                NEW_ROLES[2],
                ("InvalidParameterException", "Misconfigured PodExecutionRole Trust Policy"),
                ONE_AT_A_TIME[0],
            ],
            lingering: &ONE_AT_A_TIME,
            patience: Patience {
                create: Duration::from_secs(10 * 60),
                update: Duration::from_secs(10 * 60),
                delete: Duration::from_secs(10 * 60),
            },
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let selectors: Vec<_> = want
                .selector
                .0
                .iter()
                .map(|selector| {
                    let labels = selector.labels.clone().into_iter().collect();
                    FargateProfileSelector::builder()
                        .namespace(&selector.namespace)
                        .set_labels((!selector.labels.is_empty()).then_some(labels))
                        .build()
                })
                .collect();
            let subnets = &want.subnet_ids;
            aws.call(|| {
                aws.eks()
                    .create_fargate_profile()
                    .client_request_token(creating.token)
                    .cluster_name(want.cluster_name.as_str())
                    .fargate_profile_name(&want.fargate_profile_name)
                    .pod_execution_role_arn(want.pod_execution_role_arn.as_str())
                    .set_selectors(Some(selectors.clone()))
                    .set_subnets((!subnets.is_empty()).then(|| all(subnets)))
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
            Ok(id_in(want.cluster_name.as_str(), &want.fargate_profile_name))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(
                known,
                GONE,
                |item| async move { see(describe(aws, &item.id).await?).map(Some) },
            )
            .await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (cluster, name) = parts(id)?;
            aws.call(|| {
                let call = aws.eks().delete_fargate_profile().cluster_name(cluster);
                call.fargate_profile_name(name).send()
            })
            .await
            .map(drop)
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            let (status, health) = (&seen.outputs.status, &seen.outputs.health);
            match status.as_str() {
                "ACTIVE" => Readiness::Ready,
                "CREATE_FAILED" | "DELETE_FAILED" => {
                    Readiness::Failed(health.clone().unwrap_or_else(|| status.clone()))
                }
                _ => Readiness::Waiting(status.clone()),
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = id_in(want.cluster_name.as_str(), &want.fargate_profile_name);
            let found = absent(describe(aws, &id).await.map(Some), GONE)?;
            let ours = found.is_some_and(|profile| is_ours(&want.tags.0, &tags_of(profile.tags).0));
            Ok(ours.then_some(id).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let arn = describe(aws, id).await?.fargate_profile_arn;
            retag(aws, &arn.ok_or_else(|| missing("fargateProfileArn"))?, change).await
        }
    }

    async fn describe(aws: &Aws, id: &str) -> Result<Wire> {
        let (cluster, name) = parts(id)?;
        let call = || {
            let call = aws.eks().describe_fargate_profile().cluster_name(cluster);
            call.fargate_profile_name(name).send()
        };
        aws.call(call).await?.fargate_profile.ok_or_else(|| missing("fargateProfile"))
    }

    fn see(profile: Wire) -> Result<Seen<FargateProfile>> {
        let cluster = profile.cluster_name.ok_or_else(|| missing("clusterName"))?;
        let name = profile.fargate_profile_name.ok_or_else(|| missing("fargateProfileName"))?;
        let health = profile.health.and_then(|health| health.issues).unwrap_or_default();
        let outputs = FargateProfileOutputs {
            id: id_in(&cluster, &name),
            arn: Arn::new(profile.fargate_profile_arn.ok_or_else(|| missing("fargateProfileArn"))?),
            health: issues(
                health.iter().map(|i| (i.code().map(FargateProfileIssueCode::as_str), i.message())),
            ),
            status: profile.status.ok_or_else(|| missing("status"))?.as_str().to_owned(),
        };
        let selectors = profile.selectors.unwrap_or_default().into_iter().map(|selector| {
            Ok(FargateSelector {
                namespace: selector.namespace.ok_or_else(|| missing("selector.namespace"))?,
                labels: selector.labels.into_iter().flatten().collect(),
            })
        });
        let role = profile.pod_execution_role_arn.ok_or_else(|| missing("podExecutionRoleArn"))?;
        let inputs = FargateProfile {
            cluster_name: ClusterName::new(cluster),
            fargate_profile_name: name,
            pod_execution_role_arn: Arn::new(role),
            selector: BlockSet(selectors.collect::<Result<_>>()?),
            subnet_ids: profile.subnets.into_iter().flatten().map(SubnetId::new).collect(),
            tags: tags_of(profile.tags),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::eks::fixtures::{cluster, role};

    fn profile(stack: &mut Stack, name: &str, profile: &str) -> FargateProfileArguments {
        let (cluster, [a, b, _]) = cluster(stack, name, "fargate");
        let service = "eks-fargate-pods.amazonaws.com";
        let role = role(stack, "pods", format!("{name}-fargate"), service);
        let selector =
            FargateSelector::new("jobs").labels(BTreeMap::from([("runs-on", "fargate")]));
        FargateProfile::new(cluster.id(), profile, role, [selector, FargateSelector::new("web")])
            .subnet_ids([a, b])
    }

    conforms!(
        aws_eks_fargate_profile,
        Fixture {
            base: |stack, name| {
                let it = profile(stack, name, "jobs").tag("Name", name);
                stack.add("it", it);
            },
            update: Some(|stack, name| {
                let it = profile(stack, name, "jobs").tag("purpose", "changed");
                stack.add("it", it);
            }),
            replace: Some(|stack, name| {
                let it = profile(stack, name, "other");
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
