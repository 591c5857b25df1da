//! Changes of a [`Cluster`]: each is an update of its own, and has to end before the next begins.

use std::collections::BTreeSet;

use aws_sdk_eks::operation::update_cluster_config::builders::UpdateClusterConfigFluentBuilder as Call;
use aws_sdk_eks::types::{
    AuthenticationMode as WireMode, BlockStorage as WireBlockStorage, ComputeConfigRequest,
    ControlPlaneScalingConfig as WireScaling, ElasticLoadBalancing as WireBalancing,
    EncryptionConfig as WireEncryption, KubernetesNetworkConfigRequest, LogSetup, LogType, Logging,
    Provider, ProvisionedControlPlaneTier, RemoteNetworkConfigRequest, RemoteNodeNetwork,
    RemotePodNetwork, StorageConfigRequest, SupportType as WireSupport, UpdateAccessConfigRequest,
    UpgradePolicyRequest, VpcConfigRequest, ZonalShiftConfigRequest,
};
use infra_sdk::provider::{Failure, FailureClass};

use super::cluster::{AuthenticationMode, Cluster, ClusterLogType};
use super::cluster_rules::minor;
use super::common::{Of, all, settle, unchangeable};
use crate::prelude::*;

/// Changes what is to be changed and is not as wanted yet.
pub(super) async fn update(
    aws: &Aws,
    id: &str,
    want: &Cluster,
    now: &Cluster,
    changed: &Changed,
) -> Result<()> {
    refuse(want, now)?;
    if changed.has("deletion_protection") && want.deletion_protection != now.deletion_protection {
        configure(aws, id, |call| call.deletion_protection(want.deletion_protection)).await?;
    }
    if changed.has("upgrade_policy") && want.upgrade_policy != now.upgrade_policy {
        configure(aws, id, |call| call.set_upgrade_policy(support(want))).await?;
    }
    if changed.has("version") {
        upgrade(aws, id, want, now).await?;
    }
    if changed.has("encryption_config") && now.encryption_config.is_none() {
        encrypt(aws, id, want).await?;
    }
    if changed.has("enabled_cluster_log_types") {
        let types = logging(&want.enabled_cluster_log_types, &now.enabled_cluster_log_types);
        if types.is_some() {
            configure(aws, id, |call| call.set_logging(types.clone())).await?;
        }
    }
    if changed.has("access_config") {
        authenticate(aws, id, want, now).await?;
    }
    if changed.has("vpc_config") {
        reach(aws, id, want, now).await?;
    }
    if changed.any(&["compute_config", "storage_config", "kubernetes_network_config"])
        && auto_mode_differs(want, now)
    {
        // The three parts of Auto Mode are changed in one call. Source: EKS user guide, Auto Mode.
        configure(aws, id, |call| {
            let balancing = balancing(want).map(|balancing| {
                KubernetesNetworkConfigRequest::builder().elastic_load_balancing(balancing).build()
            });
            call.set_compute_config(compute(want))
                .set_storage_config(storage(want))
                .set_kubernetes_network_config(balancing)
        })
        .await?;
    }
    if changed.has("control_plane_scaling_config")
        && want.control_plane_scaling_config != now.control_plane_scaling_config
    {
        configure(aws, id, |call| call.set_control_plane_scaling_config(scaling(want))).await?;
    }
    if changed.has("remote_network_config")
        && want.remote_network_config != now.remote_network_config
    {
        // Nothing is said with empty lists.
        let none = RemoteNetworkConfigRequest::builder()
            .set_remote_node_networks(Some(Vec::new()))
            .set_remote_pod_networks(Some(Vec::new()))
            .build();
        let networks = remote(want).unwrap_or(none);
        configure(aws, id, |call| call.remote_network_config(networks.clone())).await?;
    }
    if changed.has("zonal_shift_config") && want.zonal_shift_config != now.zonal_shift_config {
        configure(aws, id, |call| call.set_zonal_shift_config(zonal_shift(want))).await?;
    }
    Ok(())
}

/// Whether a part of EKS Auto Mode that is given is not as it is there.
fn auto_mode_differs(want: &Cluster, now: &Cluster) -> bool {
    let balancing = |cluster: &Cluster| {
        cluster.kubernetes_network_config.as_ref()?.elastic_load_balancing.clone()
    };
    (want.compute_config.is_some() && want.compute_config != now.compute_config)
        || (want.storage_config.is_some() && want.storage_config != now.storage_config)
        || (balancing(want).is_some() && balancing(want) != balancing(now))
}

/// What AWS cannot change.
fn refuse(want: &Cluster, now: &Cluster) -> Result<()> {
    if now.encryption_config.is_some() && want.encryption_config != now.encryption_config {
        return Err(unchangeable("the encryption of secrets once it is on"));
    }
    if let (Some(want), Some(now)) =
        (&want.kubernetes_network_config, &now.kubernetes_network_config)
    {
        if want.ip_family.is_some() && want.ip_family != now.ip_family {
            return Err(unchangeable("the `ip_family` of a cluster"));
        }
        if want.service_ipv4_cidr.is_some() && want.service_ipv4_cidr != now.service_ipv4_cidr {
            return Err(unchangeable("the `service_ipv4_cidr` of a cluster"));
        }
    }
    if let (Some(want), Some(now)) = (&want.access_config, &now.access_config) {
        let (asked, there) = (
            want.bootstrap_cluster_creator_admin_permissions,
            now.bootstrap_cluster_creator_admin_permissions,
        );
        if asked.is_some() && there.is_some() && asked != there {
            let what = "`bootstrap_cluster_creator_admin_permissions` of a cluster";
            return Err(unchangeable(what));
        }
        if want.authentication_mode.is_some() && want.authentication_mode < now.authentication_mode
        {
            return Err(unchangeable("the `authentication_mode` back to the config map"));
        }
    }
    Ok(())
}

/// One change of the configuration.
async fn configure(aws: &Aws, id: &str, with: impl Fn(Call) -> Call + Send + Sync) -> Result<()> {
    let call = || with(aws.eks().update_cluster_config().name(id)).send();
    let answer = aws.call(call).await?;
    settle(aws, of(id), answer.update, Cluster::CALLS.patience.update).await
}

fn of(cluster: &str) -> Of<'_> {
    Of { cluster, node_group: None, addon: None }
}

/// The versions on the way, one minor at a time. Source: EKS user guide, "Update existing cluster to
/// new Kubernetes version".
async fn upgrade(aws: &Aws, id: &str, want: &Cluster, now: &Cluster) -> Result<()> {
    let (Some(wanted), Some(there)) = (&want.version, &now.version) else { return Ok(()) };
    for version in way(there, wanted)? {
        let answer = aws
            .call(|| {
                let call = aws.eks().update_cluster_version().name(id).version(&version);
                call.force(want.force_update_version).send()
            })
            .await?;
        settle(aws, of(id), answer.update, Cluster::CALLS.patience.update).await?;
    }
    Ok(())
}

/// The versions from one to another, without the first.
fn way(from: &str, to: &str) -> Result<Vec<String>> {
    let invalid = |message: String| Failure::new(FailureClass::Invalid, message);
    let numbers =
        |text: &str| minor(text).ok_or_else(|| invalid(format!("`{text}` is not a version")));
    let ((major, first), (wanted, last)) = (numbers(from)?, numbers(to)?);
    if major != wanted || last < first {
        let message = format!("AWS cannot change the version of a cluster from {from} to {to}");
        return Err(invalid(message));
    }
    Ok((first + 1..=last).map(|minor| format!("{major}.{minor}")).collect())
}

async fn encrypt(aws: &Aws, id: &str, want: &Cluster) -> Result<()> {
    let config = encryption(want);
    let answer = aws
        .call(|| {
            let call = aws.eks().associate_encryption_config().cluster_name(id);
            call.set_encryption_config(config.clone()).send()
        })
        .await?;
    settle(aws, of(id), answer.update, Cluster::CALLS.patience.update).await
}

/// The mode moves one step at a time.
async fn authenticate(aws: &Aws, id: &str, want: &Cluster, now: &Cluster) -> Result<()> {
    let mode = |cluster: &Cluster| cluster.access_config.as_ref()?.authentication_mode;
    let Some(wanted) = mode(want) else { return Ok(()) };
    let there = mode(now);
    let through = (there == Some(AuthenticationMode::ConfigMap)
        && wanted == AuthenticationMode::Api)
        .then_some(AuthenticationMode::ApiAndConfigMap);
    for step in through.into_iter().chain((there != Some(wanted)).then_some(wanted)) {
        let mode = WireMode::from(step.as_str());
        let access = UpdateAccessConfigRequest::builder().authentication_mode(mode).build();
        configure(aws, id, |call| call.access_config(access.clone())).await?;
    }
    Ok(())
}

/// Endpoints, and then subnets and groups: AWS takes one kind of change at a time.
async fn reach(aws: &Aws, id: &str, want: &Cluster, now: &Cluster) -> Result<()> {
    let (config, there) = (&want.vpc_config, &now.vpc_config);
    let cidrs = &config.public_access_cidrs;
    let other_cidrs = !cidrs.is_empty() && *cidrs != there.public_access_cidrs;
    if config.endpoint_private_access != there.endpoint_private_access
        || config.endpoint_public_access != there.endpoint_public_access
        || other_cidrs
    {
        let access = VpcConfigRequest::builder()
            .endpoint_private_access(config.endpoint_private_access)
            .endpoint_public_access(config.endpoint_public_access)
            .set_public_access_cidrs((!cidrs.is_empty()).then(|| all(cidrs)))
            .build();
        configure(aws, id, |call| call.resources_vpc_config(access.clone())).await?;
    }
    if config.subnet_ids != there.subnet_ids
        || config.security_group_ids != there.security_group_ids
    {
        let place = VpcConfigRequest::builder()
            .set_subnet_ids(Some(all(&config.subnet_ids)))
            .set_security_group_ids(Some(all(&config.security_group_ids)))
            .build();
        configure(aws, id, |call| call.resources_vpc_config(place.clone())).await?;
    }
    Ok(())
}

/// What turns the logs that are on into those that are wanted; `None` when they are.
pub(super) fn logging(
    want: &BTreeSet<ClusterLogType>,
    now: &BTreeSet<ClusterLogType>,
) -> Option<Logging> {
    let setup = |from: &BTreeSet<ClusterLogType>, to: &BTreeSet<ClusterLogType>, on: bool| {
        let types: Vec<_> = to.difference(from).map(|log| LogType::from(log.as_str())).collect();
        (!types.is_empty()).then(|| LogSetup::builder().set_types(Some(types)).enabled(on).build())
    };
    let setups: Vec<_> =
        setup(now, want, true).into_iter().chain(setup(want, now, false)).collect();
    (!setups.is_empty()).then(|| Logging::builder().set_cluster_logging(Some(setups)).build())
}

#[expect(deprecated, reason = "Terraform asks for it, and the create call still takes it")]
pub(super) fn encryption(want: &Cluster) -> Option<Vec<WireEncryption>> {
    want.encryption_config.as_ref().map(|config| {
        let provider = Provider::builder().key_arn(config.provider.key_arn.as_str()).build();
        let resources = config.resources.iter().map(|what| what.as_str().to_owned()).collect();
        vec![WireEncryption::builder().provider(provider).set_resources(Some(resources)).build()]
    })
}

pub(super) fn compute(want: &Cluster) -> Option<ComputeConfigRequest> {
    want.compute_config.as_ref().map(|config| {
        let pools = config.node_pools.iter().map(|pool| pool.as_str().to_owned()).collect();
        ComputeConfigRequest::builder()
            .enabled(config.enabled)
            .set_node_pools(config.enabled.then_some(pools))
            .set_node_role_arn(text(&config.node_role_arn))
            .build()
    })
}

pub(super) fn storage(want: &Cluster) -> Option<StorageConfigRequest> {
    want.storage_config.as_ref().map(|config| {
        let volumes = WireBlockStorage::builder().enabled(config.block_storage.enabled).build();
        StorageConfigRequest::builder().block_storage(volumes).build()
    })
}

pub(super) fn balancing(want: &Cluster) -> Option<WireBalancing> {
    let config = want.kubernetes_network_config.as_ref()?.elastic_load_balancing.as_ref()?;
    Some(WireBalancing::builder().enabled(config.enabled).build())
}

pub(super) fn scaling(want: &Cluster) -> Option<WireScaling> {
    want.control_plane_scaling_config.as_ref().map(|config| {
        let tier = ProvisionedControlPlaneTier::from(config.tier.as_str());
        WireScaling::builder().tier(tier).build()
    })
}

pub(super) fn remote(want: &Cluster) -> Option<RemoteNetworkConfigRequest> {
    want.remote_network_config.as_ref().map(|config| {
        let nodes = all(&config.remote_node_networks.cidrs);
        let pods = config.remote_pod_networks.as_ref().map_or_else(Vec::new, |pods| {
            vec![RemotePodNetwork::builder().set_cidrs(Some(all(&pods.cidrs))).build()]
        });
        RemoteNetworkConfigRequest::builder()
            .remote_node_networks(RemoteNodeNetwork::builder().set_cidrs(Some(nodes)).build())
            .set_remote_pod_networks(Some(pods))
            .build()
    })
}

pub(super) fn support(want: &Cluster) -> Option<UpgradePolicyRequest> {
    want.upgrade_policy.as_ref().map(|policy| {
        let support = WireSupport::from(policy.support_type.as_str());
        UpgradePolicyRequest::builder().support_type(support).build()
    })
}

pub(super) fn zonal_shift(want: &Cluster) -> Option<ZonalShiftConfigRequest> {
    want.zonal_shift_config
        .as_ref()
        .map(|config| ZonalShiftConfigRequest::builder().enabled(config.enabled).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_upgraded_one_minor_at_a_time() {
        assert_eq!(
            way("1.29", "1.32").ok(),
            Some(["1.30", "1.31", "1.32"].map(String::from).into())
        );
        assert_eq!(way("1.29", "1.29").ok(), Some(Vec::new()));
        assert!(way("1.30", "1.29").is_err());
        assert!(way("1.30", "2.1").is_err());
    }

    #[test]
    fn logs_are_switched_on_and_off() {
        use ClusterLogType::{Api, Audit};
        let change = logging(&[Api].into(), &[Audit].into()).expect("they differ");
        let setups: Vec<_> = change
            .cluster_logging()
            .iter()
            .map(|setup| (setup.types()[0].as_str(), setup.enabled()))
            .collect();
        assert_eq!(setups, [("api", Some(true)), ("audit", Some(false))]);
        assert!(logging(&[Api].into(), &[Api].into()).is_none());
    }
}
