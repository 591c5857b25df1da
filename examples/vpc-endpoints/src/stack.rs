//! The VPC with a private subnet in each zone, and its endpoints.

use infra_aws::ec2::{
    AvailabilityZones, RouteTable, RouteTableAssociation, SecurityGroup, SecurityGroupIngressRule,
    Subnet, SubnetHandle, Vpc, VpcEndpoint, VpcEndpointType, VpcHandle,
};
use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use crate::flow_log;

/// Bits by which a subnet is smaller than the VPC: sixteen subnets fit.
const SUBNET_BITS: u8 = 4;

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// IPv4 range of the VPC. Subnets are a sixteenth of it.
    pub cidr: Ipv4Net,
    /// Availability zones to spread over.
    #[setting(default = 2, range = 1..=3)]
    pub zones: usize,
    /// Services of AWS that are reached, beside S3: `logs`, `ecr.api`, ….
    pub services: Vec<String>,
    /// Days that the flow log is kept; one of the values that CloudWatch Logs has.
    #[setting(default = Days(30))]
    pub log_retention: Days,
}

/// Declares the network.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let name = format!("inside-{}", stack.env().name());
    // Services are found under their usual names only with both kinds of DNS; names are on by
    // default.
    let vpc = Vpc::new(settings.cidr).enable_dns_hostnames(true).tag("Name", name.as_str());
    let vpc = stack.add("vpc", vpc);
    stack
        .scope("flow-log", |stack| flow_log::declare(stack, &name, &vpc, settings.log_retention))?;
    let subnets = subnets(stack, &vpc, settings)?;

    storage_endpoint(stack, &vpc, &subnets)?;
    service_endpoints(stack, &name, &vpc, &subnets, settings);

    stack.output("vpc_id", vpc.id());
    stack.output_list("subnet_ids", subnets.iter().map(|subnet| subnet.id()));
    Ok(())
}

/// A subnet in each of the first zones that the account has.
fn subnets(stack: &mut Stack, vpc: &VpcHandle, settings: &Settings) -> Result<Vec<SubnetHandle>> {
    let zones = stack.lookup(AvailabilityZones::available())?;
    let ranges = settings.cidr.subnets(settings.cidr.prefix_len() + SUBNET_BITS)?;
    let mut subnets = Vec::new();
    for (zone, range) in zones.names().zip(ranges).take(settings.zones) {
        let subnet = Subnet::new(vpc.id(), range).availability_zone(zone);
        subnets.push(stack.add(format!("private-{zone}"), subnet));
    }
    Ok(subnets)
}

/// S3 is reached through a route, which costs nothing. Buckets of other accounts are not: what has got
/// into this network cannot carry data out to a bucket of its own.
fn storage_endpoint(stack: &mut Stack, vpc: &VpcHandle, subnets: &[SubnetHandle]) -> Result<()> {
    let account = stack.lookup(CallerIdentity)?.account_id;
    let routes = stack.add("routes", RouteTable::new(vpc.id()));
    for (index, subnet) in subnets.iter().enumerate() {
        let association = RouteTableAssociation::new(routes.id()).subnet_id(subnet.id());
        stack.add(format!("routes-{index}"), association);
    }
    let own_buckets = Statement::allow()
        .sid("BucketsOfThisAccount")
        .principal(Principal::all())
        .action("s3:*")
        .resource("*")
        .condition(Operator::StringEquals, "aws:ResourceAccount", account);
    let endpoint = VpcEndpoint::new(vpc.id(), format!("com.amazonaws.{}.s3", stack.region()))
        .route_table_ids([routes.id()])
        .policy(PolicyDocument::new().statement(own_buckets));
    stack.add("s3", endpoint);
    Ok(())
}

/// Each of the other services has an interface in every subnet, and its usual name leads there.
fn service_endpoints(
    stack: &mut Stack,
    name: &str,
    vpc: &VpcHandle,
    subnets: &[SubnetHandle],
    settings: &Settings,
) {
    let group = SecurityGroup::new()
        .name(format!("{name}-endpoints"))
        .description("Endpoints of AWS services")
        .vpc_id(vpc.id());
    let group = stack.add("endpoints", group);
    let https = SecurityGroupIngressRule::new(group.id(), "tcp")
        .from_port(443)
        .to_port(443)
        .cidr_ipv4(settings.cidr)
        .description("HTTPS from the VPC");
    stack.add("endpoints-https", https);
    for service in &settings.services {
        let full = format!("com.amazonaws.{}.{service}", stack.region());
        let endpoint = VpcEndpoint::new(vpc.id(), full)
            .vpc_endpoint_type(VpcEndpointType::Interface)
            .private_dns_enabled(true)
            .subnet_ids(subnets.iter().map(|subnet| subnet.id()).collect::<Vec<_>>())
            .security_group_ids([group.id()]);
        // Addresses have no dots.
        stack.add(service.replace('.', "-"), endpoint);
    }
}
