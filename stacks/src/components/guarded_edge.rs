//! An edge with its target group and its firewall: what a service that speaks HTTP needs.

use infra_sdk::prelude::*;

use super::bucket::PrivateBucket;
use super::log_group::Keeping;
use super::network::Network;
use super::web_edge::{self, Edge, EdgeArguments, EdgeSettings, TargetArguments};
use super::web_firewall;

/// What a guarded edge is made from.
pub(crate) struct GuardedEdgeArguments<'a> {
    /// Beginning of all names: `faultmaven-staging`.
    pub(crate) name: &'a str,
    /// Its domain, certificate and limit of requests.
    pub(crate) settings: &'a EdgeSettings,
    /// The network that it and its targets are in.
    pub(crate) network: &'a Network,
    /// Port of targets.
    pub(crate) port: u16,
    /// Path that a healthy target answers with 200.
    pub(crate) health_path: &'a str,
    /// Receives the access logs.
    pub(crate) access_logs: &'a PrivateBucket,
    /// How the firewall's log is kept.
    pub(crate) logs: Keeping<'a>,
}

/// Declares an edge, where it sends requests to, and the firewall before it.
pub(crate) fn declare(stack: &mut Stack, arguments: &GuardedEdgeArguments<'_>) -> Edge {
    let GuardedEdgeArguments { name, settings, network, port, health_path, .. } = *arguments;
    let target = TargetArguments { name, network, port, health_path };
    let target = web_edge::target_group(stack, &target);
    let logs = arguments.access_logs;
    let edge = EdgeArguments { name, settings, network, logs, target: &target };
    let edge = web_edge::declare(stack, &edge);
    web_firewall::declare(stack, name, settings.waf_rate_limit, &edge, arguments.logs);
    edge
}
