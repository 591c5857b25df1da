//! A route of a route table. Its id is the table and the destination, `rtb-1_10.0.0.0/16`, as it
//! is imported; another target is taken in place. The local route of a table can be imported and
//! pointed elsewhere, but AWS never deletes it. Its handler is in `route_handler`.
//!
//! API: CreateRoute, ReplaceRoute, DescribeRouteTables, DeleteRoute.

use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource};

use super::{
    CarrierGatewayId, EgressOnlyInternetGatewayId, GatewayId, InstanceId, LocalGatewayId,
    NatGatewayId, NetworkInterfaceId, PrefixListId, RouteTableId, TransitGatewayId, VpcEndpointId,
    VpcPeeringConnectionId,
};
use crate::rules::Rules;

/// Where packets of a destination go: one destination and one target.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_route", outputs = RouteOutputs, validate = validate)]
pub struct Route {
    /// The route table.
    #[field(force_new)]
    pub route_table_id: RouteTableId,
    /// Destination: an IPv4 range.
    #[field(force_new)]
    pub destination_cidr_block: Option<Ipv4Net>,
    /// Destination: an IPv6 range.
    #[field(force_new)]
    pub destination_ipv6_cidr_block: Option<Ipv6Net>,
    /// Destination: the ranges of a prefix list.
    #[field(force_new)]
    pub destination_prefix_list_id: Option<PrefixListId>,
    /// Target: the carrier gateway of a Wavelength zone, for IPv4.
    pub carrier_gateway_id: Option<CarrierGatewayId>,
    /// Target: a core network of Cloud WAN.
    pub core_network_arn: Option<Arn<CoreNetwork>>,
    /// Target: an egress-only internet gateway, for IPv6.
    pub egress_only_gateway_id: Option<EgressOnlyInternetGatewayId>,
    /// Target: an internet gateway or a virtual private gateway.
    pub gateway_id: Option<GatewayId>,
    /// Target: the local gateway of an Outpost.
    pub local_gateway_id: Option<LocalGatewayId>,
    /// Target: a NAT gateway.
    pub nat_gateway_id: Option<NatGatewayId>,
    /// Target: a network interface, such as that of an appliance.
    pub network_interface_id: Option<NetworkInterfaceId>,
    /// Target: an ODB network of Oracle Database@AWS.
    pub odb_network_arn: Option<Arn<OdbNetwork>>,
    /// Target: a transit gateway that the VPC is attached to.
    pub transit_gateway_id: Option<TransitGatewayId>,
    /// Target: a Gateway Load Balancer endpoint.
    pub vpc_endpoint_id: Option<VpcEndpointId>,
    /// Target: a VPC peering connection.
    pub vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
}

/// A core network of Cloud WAN, in ARNs.
#[derive(Debug)]
pub enum CoreNetwork {}

/// An ODB network of Oracle Database@AWS, in ARNs.
#[derive(Debug)]
pub enum OdbNetwork {}

/// What AWS assigns to a [`Route`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RouteOutputs {
    /// Table and destination: `rtb-1_10.0.0.0/16`.
    pub id: String,
    /// How the route came to be: `CreateRoute`, or `CreateRouteTable` for the local route.
    pub origin: String,
    /// `active`, or `blackhole` where the target is not there or not attached.
    pub state: String,
    /// The instance that has the target interface.
    pub instance_id: Option<InstanceId>,
    /// The account that owns that instance.
    pub instance_owner_id: Option<String>,
}

const DESTINATIONS: &[&str] =
    &["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];

const TARGETS: &[&str] = &[
    "gateway_id",
    "nat_gateway_id",
    "network_interface_id",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "vpc_peering_connection_id",
    "egress_only_gateway_id",
    "carrier_gateway_id",
    "core_network_arn",
    "local_gateway_id",
    "odb_network_arn",
];

/// Source: EC2 API Reference, CreateRoute.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(DESTINATIONS);
    rules.exactly_one(TARGETS);
    if rules.has("destination_cidr_block") {
        rules.without(&["egress_only_gateway_id"], "for an IPv4 destination");
    }
    if rules.has("destination_ipv6_cidr_block") {
        rules.without(&["carrier_gateway_id"], "for an IPv6 destination");
    }
    if rules.has("destination_prefix_list_id") {
        rules.without(&["vpc_endpoint_id"], "for a prefix list");
    }
    rules.finish()
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::{Stack, Value};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::internet_gateway::InternetGatewayHandle;
    use crate::ec2::nat_gateway::{ConnectivityType, NatGatewayHandle};
    use crate::ec2::route_table::RouteTableHandle;
    use crate::ec2::{InternetGateway, NatGateway, RouteTable, Subnet, Vpc};

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    fn network(stack: &mut Stack) -> (RouteTableHandle, InternetGatewayHandle, NatGatewayHandle) {
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let gateway = stack.add("gateway", InternetGateway::new().vpc_id(vpc.id()));
        let subnet = stack.add("subnet", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
        let nat = NatGateway::new(subnet.id()).connectivity_type(ConnectivityType::Private);
        let nat = stack.add("nat", nat);
        (stack.add("table", RouteTable::new(vpc.id())), gateway, nat)
    }

    conforms!(
        aws_route,
        Fixture {
            base: |stack, _| {
                let (table, gateway, _) = network(stack);
                let route = Route::new(table.id()).destination_cidr_block(cidr("0.0.0.0/0"));
                stack.add("it", route.gateway_id(gateway.id()));
            },
            update: Some(|stack, _| {
                let (table, _, nat) = network(stack);
                let route = Route::new(table.id()).destination_cidr_block(cidr("0.0.0.0/0"));
                stack.add("it", route.nat_gateway_id(nat.id()));
            }),
            replace: Some(|stack, _| {
                let (table, gateway, _) = network(stack);
                let route = Route::new(table.id())
                    .destination_ipv6_cidr_block("::/0".parse::<Ipv6Net>().expect("a CIDR"));
                stack.add("it", route.gateway_id(gateway.id()));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn a_route_has_one_destination_and_one_target_that_fit() {
        let check = |given: &[(&str, &str)]| {
            let inputs = given.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            let problems = validate(&inputs.collect());
            problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let (ipv4, ipv6) =
            (("destination_cidr_block", "0.0.0.0/0"), ("destination_ipv6_cidr_block", "::/0"));
        assert_eq!(check(&[ipv4, ("gateway_id", "igw-1")]), [""; 0]);
        assert_eq!(check(&[ipv6, ("egress_only_gateway_id", "eigw-1")]), [""; 0]);
        assert_eq!(check(&[]), ["destination_cidr_block", "gateway_id"]);
        assert_eq!(check(&[ipv4, ipv6, ("gateway_id", "igw-1")]), ["destination_ipv6_cidr_block"]);
        let two = [ipv4, ("gateway_id", "igw-1"), ("nat_gateway_id", "nat-1")];
        assert_eq!(check(&two), ["nat_gateway_id"]);
        assert_eq!(
            check(&[ipv4, ("egress_only_gateway_id", "eigw-1")]),
            ["egress_only_gateway_id"]
        );
    }
}
