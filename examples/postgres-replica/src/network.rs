//! Where the databases stand, in two zones, and who reaches it.

use infra_aws::ec2::{
    AvailabilityZones, SecurityGroup, SecurityGroupEgressRule, SecurityGroupHandle,
    SecurityGroupIngressRule, Subnet, SubnetHandle, Vpc, VpcHandle,
};
use infra_sdk::prelude::*;

/// A network with its two security groups.
pub struct Network {
    /// A subnet in each zone. They reach nothing outside of the VPC.
    pub subnets: Vec<SubnetHandle>,
    /// Of whoever uses the server.
    pub clients: SecurityGroupHandle,
    /// Of the server.
    pub server: SecurityGroupHandle,
}

/// Declares a VPC in which clients reach a server at `port`, and nothing else reaches anything.
pub fn declare(stack: &mut Stack, name: &str, cidr: Ipv4Net, port: i32) -> Result<Network> {
    let vpc = Vpc::new(cidr)
        .tag("Name", name)
        .waive("baseline::flow-logs", "left out for brevity: the example vpc-endpoints has them");
    let vpc = stack.add("vpc", vpc);
    let zones = stack.lookup(AvailabilityZones::available())?;
    let mut subnets = Vec::new();
    for (zone, range) in zones.names().zip(cidr.subnets(cidr.prefix_len() + 4)?).take(2) {
        let subnet = Subnet::new(vpc.id(), range).availability_zone(zone);
        subnets.push(stack.add(format!("private-{zone}"), subnet));
    }
    let clients = group(stack, name, &vpc, "clients");
    let server = group(stack, name, &vpc, "server");
    let out = SecurityGroupEgressRule::new(clients.id(), "tcp")
        .from_port(port)
        .to_port(port)
        .referenced_security_group_id(server.id());
    stack.add("clients-to-server", out);
    let into = SecurityGroupIngressRule::new(server.id(), "tcp")
        .from_port(port)
        .to_port(port)
        .referenced_security_group_id(clients.id());
    stack.add("server-from-clients", into);
    Ok(Network { subnets, clients, server })
}

fn group(stack: &mut Stack, name: &str, vpc: &VpcHandle, whose: &str) -> SecurityGroupHandle {
    let group = SecurityGroup::new()
        .name(format!("{name}-{whose}"))
        .description(format!("The {whose} of {name}"))
        .vpc_id(vpc.id());
    stack.add(whose, group)
}
