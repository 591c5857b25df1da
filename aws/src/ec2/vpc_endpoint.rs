//! A private way from a VPC to a service: gateway, interface or Gateway Load Balancer endpoint.
//! Slow: an interface endpoint is pending for minutes. Its handler is in `vpc_endpoint_handler`.
//!
//! API: CreateVpcEndpoint, DescribeVpcEndpoints, ModifyVpcEndpoint, DescribePrefixLists,
//! DescribeNetworkInterfaces, DescribeVpcEndpointServices, AcceptVpcEndpointConnections,
//! DeleteVpcEndpoints.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags};

use super::{
    NetworkInterfaceId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId,
};
use crate::iam::PolicyJson;
use crate::rules::Rules;

/// Lets a VPC reach a service without the internet.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_vpc_endpoint", outputs = VpcEndpointOutputs, validate = validate)]
pub struct VpcEndpoint {
    /// The VPC.
    #[field(force_new)]
    pub vpc_id: VpcId,
    /// The service, such as `com.amazonaws.us-west-2.s3`.
    #[field(force_new)]
    pub service_name: String,
    /// Region of the service, where it is not the VPC's.
    #[field(force_new, computed)]
    pub service_region: Option<String>,
    /// How packets get to the service.
    #[field(force_new, default = VpcEndpointType::Gateway)]
    pub vpc_endpoint_type: VpcEndpointType,
    /// What may be done through the endpoint. Full access by default.
    #[field(computed)]
    pub policy: Option<PolicyJson>,
    /// Route tables that lead to a gateway endpoint.
    #[field(computed)]
    pub route_table_ids: BTreeSet<RouteTableId>,
    /// Subnets that the endpoint has an interface in: one of a Gateway Load Balancer endpoint.
    #[field(computed)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Addresses of the endpoint in its subnets. AWS chooses by default.
    #[field(computed)]
    pub subnet_configuration: BlockSet<SubnetConfiguration>,
    /// Security groups of an interface endpoint. The VPC's default group by default.
    #[field(computed)]
    pub security_group_ids: BTreeSet<SecurityGroupId>,
    /// Make the service's public DNS name lead to an interface endpoint. The VPC needs DNS support
    /// and DNS host names for it.
    #[field(default = false)]
    pub private_dns_enabled: bool,
    /// IP versions of the endpoint.
    #[field(computed)]
    pub ip_address_type: Option<IpAddressType>,
    /// DNS names of the endpoint.
    #[field(computed)]
    pub dns_options: Option<DnsOptions>,
    /// Accept the endpoint on the service's side, which must be in the same account.
    #[field(default = false)]
    pub auto_accept: bool,
    /// Tags.
    pub tags: Tags,
}

/// How packets get to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum VpcEndpointType {
    /// Through routes: S3 and DynamoDB.
    #[choice("Gateway")]
    Gateway,
    /// Through interfaces in subnets.
    #[choice("Interface")]
    Interface,
    /// Through a Gateway Load Balancer and its appliances.
    #[choice("GatewayLoadBalancer")]
    GatewayLoadBalancer,
}

/// IP versions of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum IpAddressType {
    /// IPv4.
    #[choice("ipv4")]
    Ipv4,
    /// Both.
    #[choice("dualstack")]
    Dualstack,
    /// IPv6.
    #[choice("ipv6")]
    Ipv6,
}

/// Addresses of an endpoint in a subnet.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SubnetConfiguration {
    /// The subnet, one of the endpoint's.
    pub subnet_id: SubnetId,
    /// IPv4 address.
    #[field(computed)]
    pub ipv4: Option<String>,
    /// IPv6 address.
    #[field(computed)]
    pub ipv6: Option<String>,
}

/// DNS names of an endpoint.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DnsOptions {
    /// Which records the names have.
    #[field(computed)]
    pub dns_record_ip_type: Option<DnsRecordIpType>,
    /// Answer with private addresses only to queries from networks of one's own. For S3, which then
    /// needs a gateway endpoint too.
    #[field(computed)]
    pub private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
}

/// Which records DNS names have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DnsRecordIpType {
    /// A records.
    #[choice("ipv4")]
    Ipv4,
    /// Both.
    #[choice("dualstack")]
    Dualstack,
    /// AAAA records.
    #[choice("ipv6")]
    Ipv6,
    /// What the service says.
    ServiceDefined,
}

/// What AWS assigns to a [`VpcEndpoint`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct VpcEndpointOutputs {
    /// The endpoint's id.
    pub id: VpcEndpointId,
    /// The endpoint's ARN.
    pub arn: Arn<VpcEndpoint>,
    /// The account that owns it.
    pub owner_id: String,
    /// `available`, `pendingAcceptance`, and so on.
    pub state: String,
    /// Why the endpoint failed.
    pub failure_message: Option<String>,
    /// DNS names of an interface endpoint, the regional one first.
    pub dns_entry: Vec<DnsEntry>,
    /// Interfaces of the endpoint.
    pub network_interface_ids: BTreeSet<NetworkInterfaceId>,
    /// Prefix list of the service of a gateway endpoint, for security groups.
    pub prefix_list_id: Option<PrefixListId>,
    /// IPv4 ranges of the service of a gateway endpoint.
    pub cidr_blocks: Vec<String>,
    /// Whether a service made the endpoint for itself.
    pub requester_managed: bool,
}

/// A DNS name of an endpoint.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DnsEntry {
    /// The name.
    pub dns_name: Option<String>,
    /// The hosted zone, for alias records.
    pub hosted_zone_id: Option<String>,
}

/// Source: EC2 API Reference, CreateVpcEndpoint: what is for endpoints of which type.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let kind = rules.text("vpc_endpoint_type").unwrap_or(VpcEndpointType::Gateway.as_str());
    let because = format!("for an endpoint of type `{kind}`");
    match kind {
        "Gateway" => rules.without(&["subnet_ids", "subnet_configuration"], &because),
        _ => rules.without(&["route_table_ids"], &because),
    }
    if kind == "GatewayLoadBalancer" {
        rules.without(&["policy"], &because);
    }
    if kind != "Interface" {
        rules.without(&["security_group_ids"], &because);
        if rules.is_true("private_dns_enabled") {
            rules.refuse("private_dns_enabled", format!("cannot be given {because}"));
        }
    }
    rules.finish()
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Stack, Value};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::subnet::SubnetHandle;
    use crate::ec2::vpc::VpcHandle;
    use crate::ec2::{Subnet, Vpc};

    fn network(stack: &mut Stack) -> (VpcHandle, [SubnetHandle; 2]) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")).enable_dns_hostnames(true));
        let subnets = [("left", "10.0.1.0/24"), ("right", "10.0.2.0/24")]
            .map(|(name, range)| stack.add(name, Subnet::new(vpc.id(), cidr(range))));
        (vpc, subnets)
    }

    const READ_ONLY: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "logs:Describe*", "Resource": "*"}
    ]}"#;

    conforms!(
        aws_vpc_endpoint,
        Fixture {
            base: |stack, name| {
                let (vpc, [left, _]) = network(stack);
                let endpoint = VpcEndpoint::new(vpc.id(), "com.amazonaws.us-west-2.logs")
                    .vpc_endpoint_type(VpcEndpointType::Interface)
                    .private_dns_enabled(true)
                    .subnet_ids([left.id()]);
                stack.add("it", endpoint.tag("Name", name));
            },
            update: Some(|stack, _| {
                let (vpc, [_, right]) = network(stack);
                let endpoint = VpcEndpoint::new(vpc.id(), "com.amazonaws.us-west-2.logs")
                    .vpc_endpoint_type(VpcEndpointType::Interface)
                    .private_dns_enabled(true)
                    .subnet_ids([right.id()])
                    .policy(READ_ONLY);
                stack.add("it", endpoint.tag("Name", "other"));
            }),
            replace: Some(|stack, _| {
                let (vpc, _) = network(stack);
                stack.add("it", VpcEndpoint::new(vpc.id(), "com.amazonaws.us-west-2.s3"));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn each_type_of_endpoint_has_its_own_arguments() {
        let check = |kind: &str, name: &str, value: Value| {
            let kind = ("vpc_endpoint_type".to_owned(), Value::from(kind));
            let inputs = Object::from([kind, (name.to_owned(), value)]);
            validate(&inputs).len()
        };
        let ids = || Value::from(vec!["id-1"]);
        assert_eq!(check("Gateway", "route_table_ids", ids()), 0);
        assert_eq!(check("Gateway", "subnet_ids", ids()), 1);
        assert_eq!(check("Gateway", "private_dns_enabled", Value::Bool(true)), 1);
        assert_eq!(check("Gateway", "private_dns_enabled", Value::Bool(false)), 0);
        assert_eq!(check("Interface", "route_table_ids", ids()), 1);
        assert_eq!(check("Interface", "security_group_ids", ids()), 0);
        assert_eq!(check("GatewayLoadBalancer", "policy", Value::from("{}")), 1);
    }
}
