//! Where clients come in: a load balancer with TLS and a firewall before it.
//!
//! Its targets are pods: the load balancer controller registers them through a
//! `TargetGroupBinding` in the cluster, and may do just that.

use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;
use crate::components::bucket::PrivateBucket;
use crate::components::eks_cluster::Cluster;
use crate::components::guarded_edge::{self, GuardedEdgeArguments};
use crate::components::log_group::Keeping;
use crate::components::network::{Network, connect_ids};
use crate::components::web_edge::Edge;

/// The port at which pods of archon answer.
const PORT: u16 = 8080;

/// The path at which they say that they are well.
const HEALTH: &str = "/health";

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    network: &Network,
    cluster: &Cluster,
    logs: &PrivateBucket,
) -> Edge {
    let name = format!("archon-{}", stack.env().name());
    let arguments = GuardedEdgeArguments {
        name: &name,
        settings: &settings.edge,
        network,
        port: PORT,
        health_path: HEALTH,
        access_logs: logs,
        logs: Keeping { key: &keys.logs, days: settings.log_retention_days },
    };
    let edge = guarded_edge::declare(stack, &arguments);
    connect_ids(stack, "edge-to-pods", &edge.security.id(), &cluster.security_group(), PORT);
    edge
}
