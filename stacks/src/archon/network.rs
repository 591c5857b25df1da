//! archon's network, and who reaches the database and the cache.

use infra_aws::ec2::{SecurityGroupEgressRule, SecurityGroupIngressRule, VpcHandle};
use infra_sdk::prelude::*;

use super::logs::Logs;
use super::settings::Settings;
use crate::components::network::{self, Network, NetworkArguments, security_group};

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    zones: &[&str],
    logs: &Logs,
) -> Result<Network> {
    let name = format!("archon-{}", stack.env().name());
    let arguments = NetworkArguments {
        name: &name,
        cidr: settings.vpc_cidr,
        zones,
        single_nat_gateway: settings.single_nat_gateway,
        kubernetes: true,
        flow_logs: &logs.flow,
    };
    let network = network::declare(stack, &arguments)?;
    data_security(stack, &name, &network.vpc);
    Ok(network)
}

/// Nodes reach the database and the cache; nobody else does.
fn data_security(stack: &mut Stack, prefix: &str, vpc: &VpcHandle) {
    let nodes = security_group(stack, prefix, vpc, "nodes", "Nodes of the cluster");
    let anywhere = SecurityGroupEgressRule::new(nodes.id(), "-1");
    stack.add("nodes-out", anywhere.cidr_ipv4(Ipv4Net::default()).description("To anywhere"));
    for (name, description, port) in [("database", "PostgreSQL", 5432), ("cache", "Redis", 6379)] {
        let group = security_group(stack, prefix, vpc, name, description);
        let rule = SecurityGroupIngressRule::new(group.id(), "tcp")
            .from_port(port)
            .to_port(port)
            .referenced_security_group_id(nodes.id())
            .description("From the nodes");
        stack.add(format!("{name}-from-nodes"), rule);
    }
}
