//! The AWS calls of [`Route`].

use aws_sdk_ec2::types::{Route as Wire, RouteOrigin, RouteTable};
use infra_sdk::Arn;
use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::provider::{Failure, FailureClass, Target};

use super::common::{filter, route_tables};
use super::gateway_id::LOCAL;
use super::questions::RouteTables;
use super::route::{Route, RouteOutputs};
use super::{
    CarrierGatewayId, EgressOnlyInternetGatewayId, GatewayId, InstanceId, LocalGatewayId,
    NatGatewayId, NetworkInterfaceId, PrefixListId, RouteTableId, TransitGatewayId, VpcEndpointId,
    VpcPeeringConnectionId,
};
use crate::prelude::*;

const OPERATIONS: &[&str] =
    &["ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables", "ec2:ReplaceRoute"];

/// One of the three destinations that a table tells its routes apart by.
#[derive(Debug, Clone, PartialEq)]
enum Destination {
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
fn parse_id(id: &str) -> Result<(&str, Destination)> {
    let parts = id.split_once('_').filter(|(table, _)| table.starts_with("rtb-"));
    parts
        .and_then(|(table, destination)| Some((table, Destination::parse(destination)?)))
        .ok_or_else(|| {
            let message = format!("`{id}` is not the id of a route: `rtb-1_10.0.0.0/16`");
            Failure::new(FailureClass::Invalid, message)
        })
}

/// The table of an id.
fn table_of(id: &str) -> Option<String> {
    parse_id(id).ok().map(|(table, _)| table.to_owned())
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

    fn announce(readings: &Readings, targets: &[&Target]) {
        readings.want::<RouteTables>(targets.iter().filter_map(|target| table_of(&target.id)));
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let tables = known.iter().filter_map(|item| table_of(&item.id)).collect();
        read_shared(known, aws.shared::<RouteTables>(tables).await, |tables, item| {
            let (table, destination) = parse_id(&item.id)?;
            let route = tables.get(table).and_then(|table| route_to(table, &destination));
            route.map(|route| see(&item.id, route)).transpose()
        })
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
