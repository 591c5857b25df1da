//! The cluster, its edge, and what runs on it to serve the rest.

use infra_sdk::prelude::*;

use super::NAME;
use super::keys::Keys;
use super::settings::Settings;
use crate::components::bucket::PrivateBucket;
use crate::components::eks_cluster::{self, Cluster, ClusterArguments};
use crate::components::guarded_edge::{self, GuardedEdgeArguments};
use crate::components::log_group::Keeping;
use crate::components::network::{Network, connect_ids};
use crate::components::web_edge::Edge;

/// The port at which pods answer, and the path at which they say that they are well.
const PORT: u16 = 5000;
const HEALTH: &str = "/api/health";

pub(super) fn cluster(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    network: &Network,
) -> Result<Cluster> {
    let arguments = ClusterArguments {
        name: NAME,
        subnets: &network.private,
        key: &keys.cluster,
        log_key: &keys.logs,
        log_retention: settings.log_retention,
        autoscaling: settings.auto_scaling_enabled,
        settings: &settings.cluster,
    };
    let cluster = eks_cluster::declare(stack, &arguments)?;
    eks_cluster::container_insights(stack, &arguments, &cluster)?;
    Ok(cluster)
}

pub(super) fn edge(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    network: &Network,
    cluster: &Cluster,
    logs: &PrivateBucket,
) -> Edge {
    let arguments = GuardedEdgeArguments {
        name: NAME,
        settings: &settings.edge,
        network,
        port: PORT,
        health_path: HEALTH,
        access_logs: logs,
        logs: Keeping { key: &keys.logs, days: settings.log_retention },
    };
    let edge = guarded_edge::declare(stack, &arguments);
    connect_ids(stack, "edge-to-pods", &edge.security.id(), &cluster.security_group(), PORT);
    edge
}
