//! Nodes in private subnets of two zones, which reach the internet through one NAT gateway.

use infra_aws::ec2::{
    AvailabilityZones, Eip, InternetGateway, NatGateway, Route, RouteHandle, RouteTable,
    RouteTableAssociation, RouteTableHandle, Subnet, SubnetHandle, Vpc, VpcHandle,
};
use infra_sdk::prelude::*;

/// A network for nodes.
pub struct Network {
    /// A private subnet in each of two zones.
    pub private: Vec<SubnetHandle>,
    /// The way out of them, by which nodes reach their images.
    pub way_out: RouteHandle,
}

/// Declares a VPC with a public and two private subnets.
pub fn declare(stack: &mut Stack, name: &str, cidr: Ipv4Net) -> Result<Network> {
    let zones = stack.lookup(AvailabilityZones::available())?;
    let mut ranges = cidr.subnets(cidr.prefix_len() + 4)?;
    let mut range =
        || ranges.next().ok_or_else(|| Error::new(format!("{cidr} has too few subnets")));

    let vpc = Vpc::new(cidr)
        .enable_dns_hostnames(true)
        .tag("Name", name)
        .waive("baseline::flow-logs", "left out for brevity: the example vpc-endpoints has them");
    let vpc = stack.add("vpc", vpc);
    let internet = stack.add("internet", InternetGateway::new().vpc_id(vpc.id()));

    // Load balancers of Kubernetes find their subnets by these tags. Source: EKS user guide, subnet
    // requirements.
    let public = Subnet::new(vpc.id(), range()?).tag("kubernetes.io/role/elb", "1");
    let public = stack.add("public", public);
    let mut private = Vec::new();
    for zone in zones.names().take(2) {
        let subnet = Subnet::new(vpc.id(), range()?)
            .availability_zone(zone)
            .tag("kubernetes.io/role/internal-elb", "1");
        private.push(stack.add(format!("private-{zone}"), subnet));
    }

    // They work only once the VPC has its internet gateway, which no argument says.
    let address = stack.add("nat-address", Eip::new().depends_on(&internet));
    let nat = NatGateway::new(public.id()).allocation_id(address.allocation_id());
    let nat = stack.add("nat", nat.depends_on(&internet));

    let outside = routes(stack, &vpc, "public", std::slice::from_ref(&public));
    let route = Route::new(outside.id()).destination_cidr_block(Ipv4Net::default());
    let beyond = stack.add("public-default", route.gateway_id(internet.id()));
    let inside = routes(stack, &vpc, "private", &private);
    let route = Route::new(inside.id()).destination_cidr_block(Ipv4Net::default());
    let route = route.nat_gateway_id(nat.id()).depends_on(&beyond);
    let way_out = stack.add("private-default", route);
    Ok(Network { private, way_out })
}

fn routes(
    stack: &mut Stack,
    vpc: &VpcHandle,
    name: &str,
    subnets: &[SubnetHandle],
) -> RouteTableHandle {
    let table = stack.add(format!("{name}-routes"), RouteTable::new(vpc.id()));
    for (index, subnet) in subnets.iter().enumerate() {
        let association = RouteTableAssociation::new(table.id()).subnet_id(subnet.id());
        stack.add(format!("{name}-routes-{index}"), association);
    }
    table
}
