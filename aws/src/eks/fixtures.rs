//! What the fixtures of EKS share: a network, roles, a cluster.

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::{Arn, Output, Stack};

use super::Cluster;
use super::cluster::{ClusterHandle, VpcConfig};
use crate::ec2::{Subnet, SubnetId, Vpc};
use crate::iam::{PolicyDocument, Principal, Role, Statement};

/// Subnets of three availability zones.
pub(super) fn subnets(stack: &mut Stack) -> [Output<SubnetId>; 3] {
    let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
    let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
    [("a", "10.0.1.0/24"), ("b", "10.0.2.0/24"), ("c", "10.0.3.0/24")].map(|(zone, range)| {
        let subnet = Subnet::new(vpc.id(), cidr(range));
        let subnet = subnet.availability_zone(format!("us-west-2{zone}"));
        stack.add(format!("subnet-{zone}"), subnet).id()
    })
}

/// A role that a service may take on.
pub(super) fn role(
    stack: &mut Stack,
    address: &str,
    name: String,
    service: &str,
) -> Output<Arn<Role>, infra_sdk::Global> {
    let statement = Statement::allow().principal(Principal::service(service));
    let trust = PolicyDocument::new().statement(statement.action("sts:AssumeRole"));
    stack.add(address, Role::new(trust).name(name)).arn()
}

/// The role of a cluster.
pub(super) fn cluster_role(stack: &mut Stack, name: &str) -> Output<Arn<Role>, infra_sdk::Global> {
    role(stack, "role", format!("{name}-eks"), "eks.amazonaws.com")
}

/// A cluster for what is in it.
pub(super) fn cluster(
    stack: &mut Stack,
    name: &str,
    of: &str,
) -> (ClusterHandle, [Output<SubnetId>; 3]) {
    let role = cluster_role(stack, &format!("{name}-{of}"));
    let [a, b, c] = subnets(stack);
    let config = VpcConfig::new([a.clone(), b.clone()]);
    let cluster = Cluster::new(format!("{name}-{of}"), role, config);
    (stack.add("cluster", cluster), [a, b, c])
}
