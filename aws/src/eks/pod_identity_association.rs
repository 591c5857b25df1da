//! Gives a service account of a cluster a role, by EKS Pod Identity.
//!
//! API: CreatePodIdentityAssociation, DescribePodIdentityAssociation, ListPodIdentityAssociations,
//! UpdatePodIdentityAssociation, TagResource, UntagResource, DeletePodIdentityAssociation.

use infra_sdk::{Arn, Outputs, Resource, Tags};

use super::ClusterName;
use crate::iam::Role;

/// Gives pods of a service account a role.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eks_pod_identity_association", outputs = PodIdentityAssociationOutputs)]
pub struct PodIdentityAssociation {
    /// The cluster, which has the add-on `eks-pod-identity-agent`.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// Namespace of the service account.
    #[field(force_new)]
    pub namespace: String,
    /// The role, which trusts `pods.eks.amazonaws.com`.
    pub role_arn: Arn<Role>,
    /// The service account.
    #[field(force_new)]
    pub service_account: String,
    /// Do not tag sessions with the names of cluster, namespace and pod.
    #[field(computed)]
    pub disable_session_tags: Option<bool>,
    /// A role of another account that the role is to take on for the pods.
    #[field(computed)]
    pub target_role_arn: Option<Arn<Role>>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`PodIdentityAssociation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct PodIdentityAssociationOutputs {
    /// The cluster's name and the association's id, with a comma between.
    pub id: String,
    /// ARN.
    pub association_arn: Arn<PodIdentityAssociation>,
    /// The association's id: `a-1234`.
    pub association_id: String,
    /// What the trust policy of the target role may ask for.
    pub external_id: Option<String>,
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_eks::types::PodIdentityAssociation as Wire;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::eks::common::{GONE, IN_PROGRESS, NEW_ROLES, retag, tags_of, wire_tags};
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "eks:CreatePodIdentityAssociation",
        "eks:DeletePodIdentityAssociation",
        "eks:DescribePodIdentityAssociation",
        "eks:ListPodIdentityAssociations",
        "eks:TagResource",
        "eks:UntagResource",
        "eks:UpdatePodIdentityAssociation",
    ];
    /// The operations, and the role that is handed on.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:GetRole", "iam:PassRole"]);

    impl Handler for PodIdentityAssociation {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "eks:CreatePodIdentityAssociation",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            not_yet: &[
                // A role that IAM does not show everywhere yet.
                ("InvalidParameterException", "Role provided in the request does not exist"),
                NEW_ROLES[0],
                NEW_ROLES[2],
                IN_PROGRESS,
            ],
            lingering: &[IN_PROGRESS],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.eks()
                        .create_pod_identity_association()
                        .client_request_token(creating.token)
                        .cluster_name(want.cluster_name.as_str())
                        .namespace(&want.namespace)
                        .service_account(&want.service_account)
                        .role_arn(want.role_arn.as_str())
                        .set_disable_session_tags(want.disable_session_tags)
                        .set_target_role_arn(text(&want.target_role_arn))
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let id = answer.association.and_then(|association| association.association_id);
            Ok(id_of(want.cluster_name.as_str(), &id.ok_or_else(|| missing("associationId"))?))
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
            let (cluster, association) = parts(id)?;
            let role = want.role_arn.as_str();
            let untagged =
                want.disable_session_tags.filter(|_| changed.has("disable_session_tags"));
            let target = text(&want.target_role_arn).filter(|_| changed.has("target_role_arn"));
            aws.call(|| {
                aws.eks()
                    .update_pod_identity_association()
                    .cluster_name(cluster)
                    .association_id(association)
                    .set_role_arn(changed.has("role_arn").then(|| role.to_owned()))
                    .set_disable_session_tags(untagged)
                    .set_target_role_arn(target.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (cluster, association) = parts(id)?;
            aws.call(|| {
                let call = aws.eks().delete_pod_identity_association().cluster_name(cluster);
                call.association_id(association).send()
            })
            .await
            .map(drop)
        }

        /// A service account has one association.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let cluster = want.cluster_name.as_str();
            let pages = aws.pages(
                |token| {
                    aws.eks()
                        .list_pod_identity_associations()
                        .cluster_name(cluster)
                        .namespace(&want.namespace)
                        .service_account(&want.service_account)
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            );
            let pages = absent(pages.await.map(Some), GONE)?.unwrap_or_default();
            let mut ours = Vec::new();
            for found in pages.into_iter().flat_map(|page| page.associations.unwrap_or_default()) {
                let Some(id) = found.association_id else { continue };
                let id = id_of(cluster, &id);
                let there = absent(describe(aws, &id).await.map(Some), GONE)?;
                if there.is_some_and(|there| is_ours(&want.tags.0, &tags_of(there.tags).0)) {
                    ours.push(id);
                }
            }
            Ok(ours)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let arn = describe(aws, id).await?.association_arn;
            retag(aws, &arn.ok_or_else(|| missing("associationArn"))?, change).await
        }
    }

    fn id_of(cluster: &str, association: &str) -> String {
        format!("{cluster},{association}")
    }

    fn parts(id: &str) -> Result<(&str, &str)> {
        id.split_once(',').ok_or_else(|| {
            let message = format!("`{id}` is not an id such as `cluster,a-1234`");
            Failure::new(FailureClass::Invalid, message)
        })
    }

    async fn describe(aws: &Aws, id: &str) -> Result<Wire> {
        let (cluster, association) = parts(id)?;
        let call = || {
            let call = aws.eks().describe_pod_identity_association().cluster_name(cluster);
            call.association_id(association).send()
        };
        aws.call(call).await?.association.ok_or_else(|| missing("association"))
    }

    fn see(found: Wire) -> Result<Seen<PodIdentityAssociation>> {
        let cluster = found.cluster_name.ok_or_else(|| missing("clusterName"))?;
        let id = found.association_id.ok_or_else(|| missing("associationId"))?;
        let arn = found.association_arn.ok_or_else(|| missing("associationArn"))?;
        let outputs = PodIdentityAssociationOutputs {
            id: id_of(&cluster, &id),
            association_arn: Arn::new(arn),
            association_id: id,
            external_id: found.external_id,
        };
        let inputs = PodIdentityAssociation {
            cluster_name: ClusterName::new(cluster),
            namespace: found.namespace.ok_or_else(|| missing("namespace"))?,
            role_arn: Arn::new(found.role_arn.ok_or_else(|| missing("roleArn"))?),
            service_account: found.service_account.ok_or_else(|| missing("serviceAccount"))?,
            disable_session_tags: found.disable_session_tags,
            target_role_arn: found.target_role_arn.map(Arn::new),
            tags: tags_of(found.tags),
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

    fn association(
        stack: &mut Stack,
        name: &str,
        number: usize,
        account: &str,
    ) -> PodIdentityAssociationArguments {
        let (cluster, _) = cluster(stack, name, "pods");
        let service = "pods.eks.amazonaws.com";
        let one = role(stack, "one", format!("{name}-pods-one"), service);
        let other = role(stack, "other", format!("{name}-pods-other"), service);
        let role = if number == 1 { one } else { other };
        PodIdentityAssociation::new(cluster.id(), "kube-system", role, account)
    }

    conforms!(
        aws_eks_pod_identity_association,
        Fixture {
            base: |stack, name| {
                let it = association(stack, name, 1, "autoscaler");
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let it = association(stack, name, 2, "autoscaler");
                stack.add("it", it.tag("Name", name));
            }),
            replace: Some(|stack, name| {
                let it = association(stack, name, 2, "controller");
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
