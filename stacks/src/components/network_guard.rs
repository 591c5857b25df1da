//! What else guards a network, for systems that have to show it: network ACLs of all its subnets, and
//! endpoints that keep traffic to AWS inside.

use infra_aws::ec2::{
    NetworkAcl, NetworkAclRule, RuleAction, SecurityGroupIngressRule, SubnetHandle, VpcEndpoint,
    VpcEndpointType,
};
use infra_sdk::prelude::*;

use super::network::{Network, security_group};

/// Ports at which answers come back. Source: VPC user guide, ephemeral ports.
const ANSWERS: (i32, i32) = (1024, 65_535);

/// What may come in from anywhere: first and last port.
type Ports = (i32, i32);

/// Declares network ACLs of the public and the private subnets; the database subnets have theirs from
/// the network itself. From anywhere only HTTP, HTTPS and answers come in, and to private subnets
/// answers only.
pub(crate) fn acls(stack: &mut Stack, name: &str, cidr: Ipv4Net, network: &Network) {
    let web = [(80, 80), (443, 443), ANSWERS];
    acl(stack, name, cidr, network, ("public", &network.public), &web);
    acl(stack, name, cidr, network, ("private", &network.private), &[ANSWERS]);
}

fn acl(
    stack: &mut Stack,
    prefix: &str,
    cidr: Ipv4Net,
    network: &Network,
    (name, subnets): (&str, &[SubnetHandle]),
    open: &[Ports],
) {
    let ids: Vec<_> = subnets.iter().map(|subnet| subnet.id()).collect();
    let acl =
        NetworkAcl::new(network.vpc.id()).subnet_ids(ids).tag("Name", format!("{prefix}-{name}"));
    let acl = stack.add(format!("{name}-acl"), acl);
    let inside = NetworkAclRule::new(acl.id(), 100, "-1", RuleAction::Allow).cidr_block(cidr);
    stack.add(format!("{name}-acl-inside"), inside);
    for (number, (first, last)) in (200..).step_by(10).zip(open) {
        let rule = NetworkAclRule::new(acl.id(), number, "tcp", RuleAction::Allow)
            .cidr_block(Ipv4Net::default())
            .from_port(*first)
            .to_port(*last);
        stack.add(format!("{name}-acl-in-{first}"), rule);
    }
    let out = NetworkAclRule::new(acl.id(), 100, "-1", RuleAction::Allow)
        .egress(true)
        .cidr_block(Ipv4Net::default());
    stack.add(format!("{name}-acl-out"), out);
}

/// Declares endpoints in the private subnets, so that traffic to these services of AWS stays inside:
/// `ecr.api`, `logs`, … Source: PrivateLink guide, AWS services that integrate.
pub(crate) fn interface_endpoints(
    stack: &mut Stack,
    name: &str,
    cidr: Ipv4Net,
    network: &Network,
    services: &[&str],
) {
    let description = "Endpoints of AWS services";
    let group = security_group(stack, name, &network.vpc, "endpoints", description);
    let rule = SecurityGroupIngressRule::new(group.id(), "tcp").from_port(443).to_port(443);
    let rule = rule.cidr_ipv4(cidr).description("From the VPC");
    stack.add("endpoints-from-vpc", rule);
    let subnets: Vec<_> = network.private.iter().map(|subnet| subnet.id()).collect();
    for service in services {
        let full = format!("com.amazonaws.{}.{service}", stack.region());
        let endpoint = VpcEndpoint::new(network.vpc.id(), full)
            .vpc_endpoint_type(VpcEndpointType::Interface)
            .private_dns_enabled(true)
            .subnet_ids(subnets.clone())
            .security_group_ids([group.id()])
            .tag("Name", format!("{name}-{service}"));
        stack.add(format!("{}-endpoint", service.replace('.', "-")), endpoint);
    }
}
