//! The settings, and the parts in the order of their references.

use infra_sdk::prelude::*;

use crate::{cluster, network};

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// IPv4 range of the VPC.
    pub cidr: Ipv4Net,
    /// Version of Kubernetes. It can be raised, one minor version at a time.
    #[setting(default = "1.33")]
    pub version: String,
    /// Networks that reach the API from outside of the VPC. Without any it is reached from inside only.
    #[setting(default = Vec::new())]
    pub api_networks: Vec<Ipv4Net>,
    /// Type of the nodes' machines, which are of the architecture ARM.
    #[setting(default = "t4g.medium")]
    pub instance_type: String,
    /// Nodes that there are.
    #[setting(default = 2, range = 1..=100)]
    pub nodes: u32,
    /// The most nodes that something which scales them may ask for.
    #[setting(default = 3, range = 1..=100)]
    pub most_nodes: u32,
    /// Days that logs of the control plane are kept; one of the values that CloudWatch Logs has.
    #[setting(default = Days(30))]
    pub log_retention: Days,
}

/// Declares network and cluster.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let name = format!("cluster-{}", stack.env().name());
    let network = stack.scope("network", |stack| network::declare(stack, &name, settings.cidr))?;
    let cluster = cluster::declare(stack, &name, settings, &network)?;
    stack.output("name", cluster.name());
    stack.output("endpoint", cluster.endpoint());
    stack.output("security_group", cluster.cluster_security_group_id());
    Ok(())
}
