//! A route of a route table. Its id is the table and the destination, `rtb-1_10.0.0.0/16`, as it
//! is imported; another target is taken in place. The local route of a table can be imported and
//! pointed elsewhere, but AWS never deletes it.
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

#[cfg(feature = "provider")]
mod handler {
    use std::collections::{BTreeSet, HashMap};

    use aws_sdk_ec2::types::{Route as Wire, RouteOrigin, RouteTable};
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::ec2::common::{filter, route_tables, text};
    use crate::ec2::gateway_id::LOCAL;
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables", "ec2:ReplaceRoute"];

    /// One of the three destinations that a table tells its routes apart by.
    #[derive(Debug, Clone, PartialEq)]
    pub(super) enum Destination {
        Ipv4(Ipv4Net),
        Ipv6(Ipv6Net),
        PrefixList(String),
    }

    impl Destination {
        fn of(want: &Route) -> Option<Self> {
            let ipv4 = want.destination_cidr_block.map(Self::Ipv4);
            ipv4.or_else(|| want.destination_ipv6_cidr_block.map(Self::Ipv6)).or_else(|| {
                let list = want.destination_prefix_list_id.as_ref()?;
                Some(Self::PrefixList(list.to_string()))
            })
        }

        fn of_wire(route: &Wire) -> Option<Self> {
            let text = route
                .destination_cidr_block()
                .or(route.destination_ipv6_cidr_block())
                .or(route.destination_prefix_list_id())?;
            Self::parse(text)
        }

        fn parse(text: &str) -> Option<Self> {
            let ipv4 = text.parse().ok().map(Self::Ipv4);
            let list = || text.starts_with("pl-").then(|| Self::PrefixList(text.to_owned()));
            ipv4.or_else(|| text.parse().ok().map(Self::Ipv6)).or_else(list)
        }

        fn ipv4(&self) -> Option<String> {
            matches!(self, Self::Ipv4(_)).then(|| self.to_string())
        }

        fn ipv6(&self) -> Option<String> {
            matches!(self, Self::Ipv6(_)).then(|| self.to_string())
        }

        fn prefix_list(&self) -> Option<String> {
            matches!(self, Self::PrefixList(_)).then(|| self.to_string())
        }
    }

    impl std::fmt::Display for Destination {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match self {
                Self::Ipv4(cidr) => cidr.fmt(f),
                Self::Ipv6(cidr) => cidr.fmt(f),
                Self::PrefixList(id) => id.fmt(f),
            }
        }
    }

    /// Table and destination of an id.
    pub(super) fn parse_id(id: &str) -> Result<(&str, Destination)> {
        let parts = id.split_once('_').filter(|(table, _)| table.starts_with("rtb-"));
        parts
            .and_then(|(table, destination)| Some((table, Destination::parse(destination)?)))
            .ok_or_else(|| {
                let message = format!("`{id}` is not the id of a route: `rtb-1_10.0.0.0/16`");
                Failure::new(FailureClass::Invalid, message)
            })
    }

    fn id_of(want: &Route) -> Result<String> {
        let destination = Destination::of(want).ok_or_else(|| missing("destination"))?;
        Ok(format!("{}_{destination}", want.route_table_id))
    }

    /// The fields of CreateRoute and ReplaceRoute that have the same names.
    macro_rules! with_target {
        ($call:expr, $id:expr, $want:expr) => {{
            let (table, destination) = parse_id($id)?;
            $call
                .route_table_id(table)
                .set_destination_cidr_block(destination.ipv4())
                .set_destination_ipv6_cidr_block(destination.ipv6())
                .set_destination_prefix_list_id(destination.prefix_list())
                .set_carrier_gateway_id(text(&$want.carrier_gateway_id))
                .set_core_network_arn(text(&$want.core_network_arn))
                .set_egress_only_internet_gateway_id(text(&$want.egress_only_gateway_id))
                .set_local_gateway_id(text(&$want.local_gateway_id))
                .set_nat_gateway_id(text(&$want.nat_gateway_id))
                .set_network_interface_id(text(&$want.network_interface_id))
                .set_odb_network_arn(text(&$want.odb_network_arn))
                .set_transit_gateway_id(text(&$want.transit_gateway_id))
                .set_vpc_endpoint_id(text(&$want.vpc_endpoint_id))
                .set_vpc_peering_connection_id(text(&$want.vpc_peering_connection_id))
        }};
    }

    impl Handler for Route {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ec2:CreateRoute",
            operations: OPERATIONS,
            actions: OPERATIONS,
            // A table that is gone took its routes along.
            gone: &["InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"],
            not_yet: &[
                ("InvalidGatewayID.NotFound", ""),
                ("InvalidNatGatewayID.NotFound", ""),
                ("InvalidNetworkInterfaceID.NotFound", ""),
                ("InvalidTransitGatewayID.NotFound", ""),
                ("InvalidVpcEndpointId.NotFound", ""),
                ("InvalidVpcPeeringConnectionID.NotFound", ""),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let id = id_of(want)?;
            let gateway = want.gateway_id.as_ref().map(|id| id.as_str().to_owned());
            let call = with_target!(aws.ec2().create_route().set_gateway_id(gateway), &id, want);
            match aws.call(|| call.clone().send()).await {
                Ok(_) => Ok(id),
                // The call was repeated, and the route that is there is the one asked for.
                Err(failure) if failure.code.as_deref() == Some("RouteAlreadyExists") => {
                    Self::find(aws, want).await?.pop().ok_or(failure)
                }
                Err(failure) => Err(failure),
            }
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let ids: Vec<_> =
                    chunk.iter().map(|item| parse_id(&item.id)).collect::<Result<_>>()?;
                let tables: BTreeSet<&str> = ids.iter().map(|(table, _)| *table).collect();
                let found = route_tables(aws, vec![filter("route-table-id", tables)]).await?;
                let mut seen = HashMap::new();
                for (item, (table, destination)) in chunk.iter().zip(&ids) {
                    let table = found.iter().find(|found| found.route_table_id() == Some(table));
                    if let Some(route) = table.and_then(|table| route_to(table, destination)) {
                        seen.insert(item.id.clone(), see(&item.id, route)?);
                    }
                }
                Ok(seen)
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            let call = aws.ec2().replace_route();
            let call = match want.gateway_id.as_ref().map(GatewayId::as_str) {
                Some(LOCAL) => call.local_target(true),
                gateway => call.set_gateway_id(gateway.map(str::to_owned)),
            };
            let call = with_target!(call, id, want);
            aws.call(|| call.clone().send()).await.map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (table, destination) = parse_id(id)?;
            aws.call(|| {
                aws.ec2()
                    .delete_route()
                    .route_table_id(table)
                    .set_destination_cidr_block(destination.ipv4())
                    .set_destination_ipv6_cidr_block(destination.ipv6())
                    .set_destination_prefix_list_id(destination.prefix_list())
                    .send()
            })
            .await
            .map(drop)
        }

        /// A route is ours if both ends are: the destination and the target.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = id_of(want)?;
            let (table, destination) = parse_id(&id)?;
            let found = route_tables(aws, vec![filter("route-table-id", [table])]).await?;
            let route = found.iter().find_map(|table| route_to(table, &destination));
            let seen = route.map(|route| see(&id, route)).transpose()?;
            Ok(seen.filter(|seen| seen.inputs == *want).map(|_| id).into_iter().collect())
        }
    }

    /// The route of a table to a destination, leaving out what gateways propagate: that is not
    /// anybody's declaration.
    fn route_to<'a>(table: &'a RouteTable, destination: &Destination) -> Option<&'a Wire> {
        let declared = |route: &&Wire| {
            !matches!(
                route.origin(),
                Some(RouteOrigin::EnableVgwRoutePropagation | RouteOrigin::Advertisement)
            )
        };
        let mut routes = table.routes().iter().filter(declared);
        routes.find(|route| Destination::of_wire(route).as_ref() == Some(destination))
    }

    fn see(id: &str, route: &Wire) -> Result<Seen<Route>> {
        let (table, destination) = parse_id(id)?;
        // A Gateway Load Balancer endpoint is told as a gateway. Source: EC2 user guide, routes.
        let gateway = route.gateway_id();
        let endpoint = gateway.filter(|id| id.starts_with("vpce-"));
        let gateway = gateway.filter(|_| endpoint.is_none());
        let inputs = Route {
            route_table_id: RouteTableId::new(table),
            destination_cidr_block: match destination {
                Destination::Ipv4(cidr) => Some(cidr),
                _ => None,
            },
            destination_ipv6_cidr_block: match destination {
                Destination::Ipv6(cidr) => Some(cidr),
                _ => None,
            },
            destination_prefix_list_id: destination.prefix_list().map(PrefixListId::new),
            carrier_gateway_id: route.carrier_gateway_id().map(CarrierGatewayId::new),
            core_network_arn: route.core_network_arn().map(Arn::new),
            egress_only_gateway_id: route
                .egress_only_internet_gateway_id()
                .map(EgressOnlyInternetGatewayId::new),
            gateway_id: gateway.map(GatewayId::new),
            local_gateway_id: route.local_gateway_id().map(LocalGatewayId::new),
            nat_gateway_id: route.nat_gateway_id().map(NatGatewayId::new),
            network_interface_id: route.network_interface_id().map(NetworkInterfaceId::new),
            odb_network_arn: route.odb_network_arn().map(Arn::new),
            transit_gateway_id: route.transit_gateway_id().map(TransitGatewayId::new),
            vpc_endpoint_id: endpoint.map(VpcEndpointId::new),
            vpc_peering_connection_id: route
                .vpc_peering_connection_id()
                .map(VpcPeeringConnectionId::new),
        };
        let outputs = RouteOutputs {
            id: id.to_owned(),
            origin: route.origin().map(|origin| origin.as_str().to_owned()).unwrap_or_default(),
            state: route.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
            instance_id: route.instance_id().map(InstanceId::new),
            instance_owner_id: route.instance_owner_id().map(str::to_owned),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::{Stack, Value};

    use super::handler::parse_id;
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
    fn ids_are_table_and_destination() {
        for id in ["rtb-1_10.0.0.0/16", "rtb-1_::/0", "rtb-1_2001:db8::/32", "rtb-1_pl-1"] {
            let (table, destination) = parse_id(id).expect("valid");
            assert_eq!(format!("{table}_{destination}"), id);
        }
        for id in ["rtb-1", "rtb-1_", "rtb-1_somewhere", "10.0.0.0/16", "vpc-1_10.0.0.0/16"] {
            assert!(parse_id(id).is_err(), "{id}");
        }
    }

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
