//! An elastic network interface. It is attached by the instance that it is given to. Its handler is in
//! `network_interface_handler`.
//!
//! API: CreateNetworkInterface, DescribeNetworkInterfaces, ModifyNetworkInterfaceAttribute,
//! AssignPrivateIpAddresses, UnassignPrivateIpAddresses, AssignIpv6Addresses,
//! UnassignIpv6Addresses, DeleteNetworkInterface.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};

use super::{InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId};
use crate::rules::Rules;

/// An elastic network interface.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_network_interface",
    outputs = NetworkInterfaceOutputs,
    validate = validate
)]
pub struct NetworkInterface {
    /// The subnet.
    #[field(force_new)]
    pub subnet_id: SubnetId,
    /// What it is for.
    pub description: Option<String>,
    /// What it can do.
    #[field(force_new, computed)]
    pub interface_type: Option<InterfaceType>,
    /// The primary private IPv4 address; one that is free by default.
    #[field(force_new, computed)]
    pub private_ip: Option<String>,
    /// Further private IPv4 addresses.
    #[field(computed)]
    pub secondary_private_ips: BTreeSet<String>,
    /// How many further private IPv4 addresses there are, instead of naming them.
    #[field(computed)]
    pub private_ips_count: Option<u32>,
    /// IPv4 prefixes.
    #[field(computed)]
    pub ipv4_prefixes: BTreeSet<String>,
    /// How many IPv4 prefixes there are, instead of naming them.
    #[field(force_new, computed)]
    pub ipv4_prefix_count: Option<u32>,
    /// IPv6 addresses.
    #[field(computed)]
    pub ipv6_addresses: BTreeSet<String>,
    /// How many IPv6 addresses there are, instead of naming them.
    #[field(force_new, computed)]
    pub ipv6_address_count: Option<u32>,
    /// IPv6 prefixes.
    #[field(computed)]
    pub ipv6_prefixes: BTreeSet<String>,
    /// How many IPv6 prefixes there are, instead of naming them.
    #[field(force_new, computed)]
    pub ipv6_prefix_count: Option<u32>,
    /// Security groups; the VPC's default group where none is named.
    #[field(computed)]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Whether it takes and sends packets of its own addresses alone.
    #[field(default = true)]
    pub source_dest_check: bool,
    /// Tags.
    pub tags: Tags,
}

/// What an interface can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum InterfaceType {
    /// What every interface can.
    Interface,
    /// Elastic Fabric Adapter.
    Efa,
    /// Elastic Fabric Adapter, without IP.
    EfaOnly,
    /// Many interfaces on one.
    Branch,
    /// The interface of branches.
    Trunk,
}

/// What AWS assigns to a [`NetworkInterface`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct NetworkInterfaceOutputs {
    /// The interface's id.
    pub id: NetworkInterfaceId,
    /// The interface's ARN.
    pub arn: Arn<NetworkInterface>,
    /// The VPC of the subnet.
    pub vpc_id: Option<VpcId>,
    /// Hardware address.
    pub mac_address: Option<String>,
    /// Private DNS name.
    pub private_dns_name: Option<String>,
    /// The instance that has it.
    pub instance_id: Option<InstanceId>,
    /// `available`, `in-use`, or on its way.
    pub status: String,
}

/// Source: EC2 API Reference, CreateNetworkInterface.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.ipv4("private_ip");
    rules.at_most_one(&["secondary_private_ips", "private_ips_count"]);
    rules.at_most_one(&["ipv4_prefixes", "ipv4_prefix_count"]);
    rules.at_most_one(&["ipv6_addresses", "ipv6_address_count"]);
    rules.at_most_one(&["ipv6_prefixes", "ipv6_prefix_count"]);
    if rules.has("ipv4_prefixes") || rules.has("ipv4_prefix_count") {
        let addresses = ["secondary_private_ips", "private_ips_count"];
        rules.without(&addresses, "with prefixes");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{SecurityGroup, Subnet, Vpc};

    fn interface(stack: &mut Stack, name: &str, primary: &str, changed: bool) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let subnet = stack.add("subnet", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
        let group = |name: String| SecurityGroup::new().vpc_id(vpc.id()).name(name);
        let one = stack.add("one", group(format!("{name}-one")));
        let other = stack.add("other", group(format!("{name}-other")));
        let further = if changed { ["10.0.1.22", "10.0.1.23"] } else { ["10.0.1.21", "10.0.1.22"] };
        let it = NetworkInterface::new(subnet.id())
            .description(if changed { "second" } else { "first" })
            .private_ip(primary)
            .secondary_private_ips(further)
            .security_groups([if changed { other.id() } else { one.id() }])
            .source_dest_check(!changed)
            .tag("Name", if changed { "two" } else { "one" });
        stack.add("it", it);
    }

    conforms!(
        aws_network_interface,
        Fixture {
            base: |stack, name| interface(stack, name, "10.0.1.20", false),
            update: Some(|stack, name| interface(stack, name, "10.0.1.20", true)),
            replace: Some(|stack, name| interface(stack, name, "10.0.1.30", true)),
            gaps: &[],
        }
    );
}
