//! What AWS says of a [`Cluster`].

use std::collections::BTreeSet;

use aws_sdk_eks::types::{
    Cluster as Wire, ClusterIssueCode, EncryptionConfig as WireEncryption,
    KubernetesNetworkConfigResponse, Logging, OutpostConfigResponse, RemoteNetworkConfigResponse,
    VpcConfigResponse,
};
use infra_sdk::{Arn, Object, Value};

use super::ClusterName;
use super::cluster::{
    AccessConfig, BlockStorage, Cluster, ClusterLogType, ClusterOutputs, ComputeConfig,
    ControlPlaneScalingConfig, EncryptionConfig, EncryptionProvider, StorageConfig, UpgradePolicy,
    VpcConfig, ZonalShiftConfig,
};
use super::cluster_network::{
    ControlPlanePlacement, ElasticLoadBalancing, KubernetesNetworkConfig, OutpostConfig,
    RemoteNetworkConfig, RemoteNetworks,
};
use super::common::{date, issues, tags_of};
use crate::AnyArn;
use crate::ec2::{SecurityGroupId, SubnetId, VpcId};
use crate::prelude::*;

pub(super) fn see(cluster: Wire, recorded: &Object) -> Result<Seen<Cluster>> {
    let outputs = outputs(&cluster)?;
    let network = cluster.resources_vpc_config.ok_or_else(|| missing("resourcesVpcConfig"))?;
    let compute = cluster.compute_config.map(|config| {
        Ok(ComputeConfig {
            enabled: config.enabled.unwrap_or(false),
            node_pools: choices(config.node_pools, "nodePools")?,
            node_role_arn: config.node_role_arn.map(Arn::new),
        })
    });
    let support = cluster.upgrade_policy.and_then(|policy| policy.support_type);
    let tier = cluster.control_plane_scaling_config.and_then(|config| config.tier);
    let volumes = cluster.storage_config.and_then(|config| config.block_storage);
    let inputs = Cluster {
        name: outputs.id.clone(),
        role_arn: Arn::new(cluster.role_arn.ok_or_else(|| missing("roleArn"))?),
        vpc_config: vpc(network)?,
        access_config: access(cluster.access_config, recorded)?,
        bootstrap_self_managed_addons: recorded_flag(recorded, "bootstrap_self_managed_addons")
            .unwrap_or(true),
        compute_config: compute.transpose()?,
        control_plane_scaling_config: tier
            .map(|tier| {
                let tier = parsed(Some(tier.as_str()), "tier")?;
                Ok(ControlPlaneScalingConfig { tier })
            })
            .transpose()?,
        deletion_protection: cluster.deletion_protection.unwrap_or(false),
        enabled_cluster_log_types: logs(cluster.logging)?,
        encryption_config: encryption(cluster.encryption_config)?,
        force_update_version: recorded_flag(recorded, "force_update_version").unwrap_or(false),
        kubernetes_network_config: cluster.kubernetes_network_config.map(addresses).transpose()?,
        outpost_config: cluster.outpost_config.map(outpost),
        remote_network_config: cluster.remote_network_config.map(remote).transpose()?.flatten(),
        storage_config: volumes.map(|volumes| StorageConfig {
            block_storage: BlockStorage { enabled: volumes.enabled.unwrap_or(false) },
        }),
        upgrade_policy: support
            .map(|support| {
                let support_type = parsed(Some(support.as_str()), "supportType")?;
                Ok(UpgradePolicy { support_type })
            })
            .transpose()?,
        version: cluster.version,
        zonal_shift_config: cluster
            .zonal_shift_config
            .map(|config| ZonalShiftConfig { enabled: config.enabled.unwrap_or(false) }),
        tags: tags_of(cluster.tags),
    };
    Ok(Seen::new(inputs, outputs))
}

fn outputs(cluster: &Wire) -> Result<ClusterOutputs> {
    let network = cluster.resources_vpc_config();
    let health = cluster.health().map(|health| health.issues()).unwrap_or_default();
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(ClusterOutputs {
        id: ClusterName::new(cluster.name().ok_or_else(|| missing("name"))?),
        arn: Arn::new(cluster.arn().ok_or_else(|| missing("arn"))?),
        certificate_authority_data: cluster
            .certificate_authority()
            .and_then(|authority| filled(authority.data()?)),
        cluster_security_group_id: network
            .and_then(|network| filled(network.cluster_security_group_id()?))
            .map(SecurityGroupId::new),
        created_at: date(cluster.created_at),
        endpoint: cluster.endpoint().and_then(filled),
        oidc_issuer: cluster.identity().and_then(|identity| filled(identity.oidc()?.issuer()?)),
        platform_version: cluster.platform_version().and_then(filled),
        service_ipv6_cidr: cluster
            .kubernetes_network_config()
            .and_then(|config| filled(config.service_ipv6_cidr()?)),
        vpc_id: network.and_then(|network| filled(network.vpc_id()?)).map(VpcId::new),
        health: issues(
            health.iter().map(|i| (i.code().map(ClusterIssueCode::as_str), i.message())),
        ),
        status: cluster.status().ok_or_else(|| missing("status"))?.as_str().to_owned(),
    })
}

/// Texts of an answer as what AWS documents them to be.
fn choices<T: std::str::FromStr + Ord>(
    texts: Option<Vec<String>>,
    field: &str,
) -> Result<BTreeSet<T>> {
    texts.unwrap_or_default().iter().map(|text| parsed(Some(text), field)).collect()
}

fn vpc(config: VpcConfigResponse) -> Result<VpcConfig> {
    let groups = config.security_group_ids.unwrap_or_default().into_iter();
    Ok(VpcConfig {
        subnet_ids: config.subnet_ids.into_iter().flatten().map(SubnetId::new).collect(),
        security_group_ids: groups.map(SecurityGroupId::new).collect(),
        endpoint_private_access: config.endpoint_private_access,
        endpoint_public_access: config.endpoint_public_access,
        public_access_cidrs: choices(config.public_access_cidrs, "publicAccessCidrs")?,
    })
}

/// Whether the creator was made administrator is not always returned.
fn access(
    config: Option<aws_sdk_eks::types::AccessConfigResponse>,
    recorded: &Object,
) -> Result<Option<AccessConfig>> {
    let name = "bootstrap_cluster_creator_admin_permissions";
    let asked = recorded.get("access_config").and_then(Value::as_map);
    let asked = asked.and_then(|block| recorded_flag(block, name));
    let Some(config) = config else { return Ok(None) };
    let mode = config.authentication_mode;
    Ok(Some(AccessConfig {
        authentication_mode: mode
            .map(|mode| parsed(Some(mode.as_str()), "authenticationMode"))
            .transpose()?,
        bootstrap_cluster_creator_admin_permissions: config
            .bootstrap_cluster_creator_admin_permissions
            .or(asked),
    }))
}

fn logs(logging: Option<Logging>) -> Result<BTreeSet<ClusterLogType>> {
    let setups = logging.and_then(|logging| logging.cluster_logging).unwrap_or_default();
    let on = setups.iter().filter(|setup| setup.enabled() == Some(true));
    on.flat_map(|setup| setup.types()).map(|log| parsed(Some(log.as_str()), "types")).collect()
}

#[expect(deprecated, reason = "Terraform asks for it, and the create call still takes it")]
fn encryption(configs: Option<Vec<WireEncryption>>) -> Result<Option<EncryptionConfig>> {
    let Some(config) = configs.unwrap_or_default().into_iter().next() else { return Ok(None) };
    let key = config.provider.and_then(|provider| provider.key_arn);
    let key_arn = Arn::new(key.ok_or_else(|| missing("keyArn"))?);
    let resources = choices(config.resources, "resources")?;
    Ok(Some(EncryptionConfig { provider: EncryptionProvider { key_arn }, resources }))
}

fn addresses(config: KubernetesNetworkConfigResponse) -> Result<KubernetesNetworkConfig> {
    let network = config.service_ipv4_cidr.filter(|cidr| !cidr.is_empty());
    let family = config.ip_family;
    Ok(KubernetesNetworkConfig {
        elastic_load_balancing: config
            .elastic_load_balancing
            .map(|config| ElasticLoadBalancing { enabled: config.enabled.unwrap_or(false) }),
        ip_family: family.map(|f| parsed(Some(f.as_str()), "ipFamily")).transpose()?,
        service_ipv4_cidr: network
            .map(|cidr| parsed(Some(&cidr), "serviceIpv4Cidr"))
            .transpose()?,
    })
}

fn outpost(config: OutpostConfigResponse) -> OutpostConfig {
    let placement = config.control_plane_placement.and_then(|placement| placement.group_name);
    OutpostConfig {
        control_plane_instance_type: config.control_plane_instance_type,
        outpost_arns: config.outpost_arns.into_iter().map(AnyArn::new).collect(),
        control_plane_placement: placement.map(|group_name| ControlPlanePlacement { group_name }),
    }
}

/// Networks of hybrid nodes; AWS shows none as empty lists.
fn remote(config: RemoteNetworkConfigResponse) -> Result<Option<RemoteNetworkConfig>> {
    let nodes = config.remote_node_networks.unwrap_or_default().into_iter();
    let nodes: Vec<_> = nodes.flat_map(|network| network.cidrs.unwrap_or_default()).collect();
    let pods = config.remote_pod_networks.unwrap_or_default().into_iter();
    let pods: Vec<_> = pods.flat_map(|network| network.cidrs.unwrap_or_default()).collect();
    let networks = |cidrs| choices(Some(cidrs), "cidrs").map(|cidrs| RemoteNetworks { cidrs });
    let (nodes, pods) = (networks(nodes)?, networks(pods)?);
    Ok((!nodes.cidrs.is_empty()).then(|| RemoteNetworkConfig {
        remote_node_networks: nodes,
        remote_pod_networks: (!pods.cidrs.is_empty()).then_some(pods),
    }))
}
