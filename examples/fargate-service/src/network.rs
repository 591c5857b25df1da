//! Two public subnets, and two security groups: the world reaches the load balancer, and only the
//! load balancer reaches the tasks.

use infra_aws::ec2::{
    AvailabilityZones, InternetGateway, Route, RouteHandle, RouteTable, RouteTableAssociation,
    SecurityGroup, SecurityGroupEgressRule, SecurityGroupHandle, SecurityGroupIngressRule, Subnet,
    SubnetHandle, Vpc, VpcHandle,
};
use infra_sdk::prelude::*;

/// The port at which tasks answer.
pub const PORT: u16 = 80;

/// A network with its security groups.
pub struct Network {
    /// The VPC.
    pub vpc: VpcHandle,
    /// A subnet in each of two zones.
    pub subnets: Vec<SubnetHandle>,
    /// The way to the internet, without which AWS makes no load balancer that the world reaches.
    pub internet: RouteHandle,
    /// Of the load balancer.
    pub edge: SecurityGroupHandle,
    /// Of the tasks.
    pub tasks: SecurityGroupHandle,
}

/// Declares the network.
pub fn declare(stack: &mut Stack, name: &str, cidr: Ipv4Net) -> Result<Network> {
    let vpc = Vpc::new(cidr)
        .tag("Name", name)
        .waive("baseline::flow-logs", "left out for brevity: the example vpc-endpoints has them");
    let vpc = stack.add("vpc", vpc);
    let internet = stack.add("internet", InternetGateway::new().vpc_id(vpc.id()));
    let routes = stack.add("routes", RouteTable::new(vpc.id()));
    let route = Route::new(routes.id()).destination_cidr_block(Ipv4Net::default());
    let internet = stack.add("default", route.gateway_id(internet.id()));
    let zones = stack.lookup(AvailabilityZones::available())?;
    let mut subnets = Vec::new();
    for (zone, range) in zones.names().zip(cidr.subnets(cidr.prefix_len() + 4)?).take(2) {
        let subnet = Subnet::new(vpc.id(), range).availability_zone(zone);
        let subnet = stack.add(format!("public-{zone}"), subnet);
        let association = RouteTableAssociation::new(routes.id()).subnet_id(subnet.id());
        stack.add(format!("routes-{zone}"), association);
        subnets.push(subnet);
    }
    let edge = group(stack, name, &vpc, "edge");
    let tasks = group(stack, name, &vpc, "tasks");
    open(stack, &edge, &tasks);
    Ok(Network { vpc, subnets, internet, edge, tasks })
}

fn group(stack: &mut Stack, name: &str, vpc: &VpcHandle, whose: &str) -> SecurityGroupHandle {
    let group = SecurityGroup::new()
        .name(format!("{name}-{whose}"))
        .description(format!("The {whose} of {name}"))
        .vpc_id(vpc.id());
    stack.add(whose, group)
}

/// The world to the edge, the edge to the tasks, and the tasks to where images and logs are.
fn open(stack: &mut Stack, edge: &SecurityGroupHandle, tasks: &SecurityGroupHandle) {
    for port in [80, 443] {
        let rule = SecurityGroupIngressRule::new(edge.id(), "tcp")
            .from_port(port)
            .to_port(port)
            .cidr_ipv4(Ipv4Net::default());
        stack.add(format!("edge-from-anywhere-{port}"), rule);
    }
    let out = SecurityGroupEgressRule::new(edge.id(), "tcp")
        .from_port(i32::from(PORT))
        .to_port(i32::from(PORT))
        .referenced_security_group_id(tasks.id());
    stack.add("edge-to-tasks", out);
    let into = SecurityGroupIngressRule::new(tasks.id(), "tcp")
        .from_port(i32::from(PORT))
        .to_port(i32::from(PORT))
        .referenced_security_group_id(edge.id());
    stack.add("tasks-from-edge", into);
    let https = SecurityGroupEgressRule::new(tasks.id(), "tcp")
        .from_port(443)
        .to_port(443)
        .cidr_ipv4(Ipv4Net::default());
    stack.add("tasks-to-anywhere", https);
}
