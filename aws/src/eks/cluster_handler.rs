//! The AWS calls of [`Cluster`].

use std::time::Duration;

use aws_sdk_eks::types::{
    AuthenticationMode as WireMode, Cluster as Wire, CreateAccessConfigRequest, IpFamily as WireIp,
    KubernetesNetworkConfigRequest, OutpostConfigRequest, VpcConfigRequest,
};
use infra_sdk::provider::{Failure, FailureClass, Readiness};

use super::cluster::Cluster;
use super::cluster_network::OutpostConfig;
use super::cluster_read::see;
use super::cluster_update::{
    balancing, compute, encryption, logging, remote, scaling, storage, support, update, zonal_shift,
};
use super::common::{GONE, IN_PROGRESS, NOT_YET, all, retag, wire_tags};
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "eks:AssociateEncryptionConfig",
    "eks:CreateCluster",
    "eks:DeleteCluster",
    "eks:DescribeCluster",
    "eks:DescribeUpdate",
    "eks:TagResource",
    "eks:UntagResource",
    "eks:UpdateClusterConfig",
    "eks:UpdateClusterVersion",
];
/// The operations, and what EKS does in the caller's name. Source: Service Authorization Reference.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    ["iam:CreateServiceLinkedRole", "iam:PassRole", "kms:CreateGrant", "kms:DescribeKey"]
);

impl Handler for Cluster {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        named_by: Some("name"),
        protection: Some("deletion_protection"),
        create: "eks:CreateCluster",
        operations: OPERATIONS,
        actions: ACTIONS,
        gone: GONE,
        not_yet: NOT_YET,
        lingering: &[IN_PROGRESS],
        patience: Patience {
            create: Duration::from_secs(30 * 60),
            update: Duration::from_secs(60 * 60),
            delete: Duration::from_secs(15 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let outpost = want.outpost_config.as_ref().map(outpost).transpose()?;
        let answer = aws
            .call(|| {
                aws.eks()
                    .create_cluster()
                    .client_request_token(creating.token)
                    .name(want.name.as_str())
                    .role_arn(want.role_arn.as_str())
                    .resources_vpc_config(network(want))
                    .set_access_config(access(want))
                    .bootstrap_self_managed_addons(want.bootstrap_self_managed_addons)
                    .set_compute_config(compute(want))
                    .set_control_plane_scaling_config(scaling(want))
                    .deletion_protection(want.deletion_protection)
                    .set_encryption_config(encryption(want))
                    .set_kubernetes_network_config(addresses(want))
                    .set_logging(logging(&want.enabled_cluster_log_types, &[].into()))
                    .set_outpost_config(outpost.clone())
                    .set_remote_network_config(remote(want))
                    .set_storage_config(storage(want))
                    .set_upgrade_policy(support(want))
                    .set_version(want.version.clone())
                    .set_zonal_shift_config(zonal_shift(want))
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        answer.cluster.and_then(|cluster| cluster.name).ok_or_else(|| missing("cluster.name"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |item| async move {
            see(describe(aws, &item.id).await?, &item.recorded).map(Some)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        // What is there now, since a try before this one may have made some of the changes.
        let now = see(describe(aws, id).await?, &want_recorded(want))?.inputs;
        update(aws, id, want, &now, changed).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.eks().delete_cluster().name(id).send()).await.map(drop)
    }

    async fn blockers(
        aws: &Aws,
        id: &str,
        _: &Self,
        leaving: Leaving<'_>,
    ) -> Result<Vec<Diagnostic>> {
        let groups = aws.pages(
            |token| aws.eks().list_nodegroups().cluster_name(id).set_next_token(token).send(),
            |page| page.next_token(),
        );
        let profiles = aws.pages(
            |token| aws.eks().list_fargate_profiles().cluster_name(id).set_next_token(token).send(),
            |page| page.next_token(),
        );
        let (groups, profiles) = futures_util::try_join!(groups, profiles)?;
        let groups = groups.into_iter().flat_map(|page| page.nodegroups.unwrap_or_default());
        let groups = groups.filter(|name| {
            let key = [("cluster_name", id), ("node_group_name", name.as_str())];
            !leaving.has("aws_eks_node_group", &key)
        });
        let profiles =
            profiles.into_iter().flat_map(|page| page.fargate_profile_names.unwrap_or_default());
        let profiles = profiles.filter(|name| {
            let key = [("cluster_name", id), ("fargate_profile_name", name.as_str())];
            !leaving.has("aws_eks_fargate_profile", &key)
        });
        let staying: Vec<_> = groups
            .map(|name| format!("node group `{name}`"))
            .chain(profiles.map(|name| format!("Fargate profile `{name}`")))
            .collect();
        if staying.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![preflight::in_use(&staying.join(", "), "delete what others made in the cluster")])
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        let health = || seen.outputs.health.clone();
        match seen.outputs.status.as_str() {
            "ACTIVE" => Readiness::Ready,
            "FAILED" => {
                Readiness::Failed(health().unwrap_or_else(|| "AWS gives no reason".to_owned()))
            }
            status => Readiness::Waiting(status.to_owned()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = absent(describe(aws, want.name.as_str()).await.map(Some), GONE)?;
        let ours = found.filter(|cluster| {
            let tags = cluster.tags.clone().unwrap_or_default().into_iter().collect();
            is_ours(&want.tags.0, &tags)
        });
        Ok(ours.and_then(|cluster| cluster.name).into_iter().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let arn = describe(aws, id).await?.arn.ok_or_else(|| missing("cluster.arn"))?;
        retag(aws, &arn, change).await
    }
}

/// The cluster as it is.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<Wire> {
    let answer = aws.call(|| aws.eks().describe_cluster().name(name).send()).await?;
    answer.cluster.ok_or_else(|| missing("cluster"))
}

/// What AWS never returns, as it is wanted.
fn want_recorded(want: &Cluster) -> infra_sdk::Object {
    infra_sdk::resource::ResourceType::to_object(want)
}

fn network(want: &Cluster) -> VpcConfigRequest {
    let config = &want.vpc_config;
    let cidrs = &config.public_access_cidrs;
    VpcConfigRequest::builder()
        .set_subnet_ids(Some(all(&config.subnet_ids)))
        .set_security_group_ids(Some(all(&config.security_group_ids)))
        .endpoint_private_access(config.endpoint_private_access)
        .endpoint_public_access(config.endpoint_public_access)
        .set_public_access_cidrs((!cidrs.is_empty()).then(|| all(cidrs)))
        .build()
}

fn access(want: &Cluster) -> Option<CreateAccessConfigRequest> {
    want.access_config.as_ref().map(|config| {
        CreateAccessConfigRequest::builder()
            .set_authentication_mode(config.authentication_mode.map(|m| WireMode::from(m.as_str())))
            .set_bootstrap_cluster_creator_admin_permissions(
                config.bootstrap_cluster_creator_admin_permissions,
            )
            .build()
    })
}

fn addresses(want: &Cluster) -> Option<KubernetesNetworkConfigRequest> {
    want.kubernetes_network_config.as_ref().map(|config| {
        KubernetesNetworkConfigRequest::builder()
            .set_ip_family(config.ip_family.map(|family| WireIp::from(family.as_str())))
            .set_service_ipv4_cidr(text(&config.service_ipv4_cidr))
            .set_elastic_load_balancing(balancing(want))
            .build()
    })
}

fn outpost(config: &OutpostConfig) -> Result<OutpostConfigRequest> {
    use aws_sdk_eks::types::ControlPlanePlacementRequest as Placement;
    OutpostConfigRequest::builder()
        .control_plane_instance_type(&config.control_plane_instance_type)
        .set_outpost_arns(Some(all(&config.outpost_arns)))
        .set_control_plane_placement(
            config
                .control_plane_placement
                .as_ref()
                .map(|placement| Placement::builder().group_name(&placement.group_name).build()),
        )
        .build()
        .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))
}
