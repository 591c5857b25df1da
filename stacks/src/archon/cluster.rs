//! archon's cluster.

use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;
use crate::components::eks_cluster::{self, Cluster, ClusterArguments};
use crate::components::network::Network;

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    network: &Network,
) -> Result<Cluster> {
    let name = format!("archon-{}", stack.env().name());
    let arguments = ClusterArguments {
        name: &name,
        subnets: &network.private,
        key: &keys.cluster,
        log_key: &keys.logs,
        log_retention: settings.log_retention_days,
        autoscaling: settings.auto_scaling_enabled,
        settings: &settings.cluster,
    };
    let cluster = eks_cluster::declare(stack, &arguments)?;
    if settings.enable_monitoring {
        eks_cluster::container_insights(stack, &arguments, &cluster)?;
    }
    Ok(cluster)
}
