//! The network: a VPC with public, private and database subnets in each zone.
//!
//! Private subnets reach the internet through NAT gateways, database subnets do not reach it at
//! all. Traffic to S3 stays inside through a gateway endpoint.

use infra_aws::ec2::{
    Eip, FlowLog, InternetGateway, InternetGatewayHandle, NatGateway, NatGatewayHandle, NetworkAcl,
    NetworkAclRule, Route, RouteTable, RouteTableAssociation, RouteTableHandle, RuleAction,
    SecurityGroup, SecurityGroupEgressRule, SecurityGroupHandle, SecurityGroupIngressRule, Subnet,
    SubnetHandle, TrafficType, Vpc, VpcEndpoint, VpcHandle,
};
use infra_aws::iam::{
    PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicy, Statement,
};
use infra_sdk::prelude::*;

use super::logs::Logs;
use super::settings::Settings;

/// Bits by which a subnet is smaller than the VPC: sixteen subnets fit.
const SUBNET_BITS: u8 = 4;

/// Handles of the network that other parts need.
pub(super) struct Network {
    /// The VPC.
    pub(super) vpc: VpcHandle,
    /// A private subnet a zone.
    pub(super) private: Vec<SubnetHandle>,
    /// A database subnet a zone.
    pub(super) database: Vec<SubnetHandle>,
}

/// Which of the three subnets of a zone.
#[derive(Clone, Copy)]
enum Tier {
    Public,
    Private,
    Database,
}

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    zones: &[&str],
    logs: &Logs,
) -> Result<Network> {
    let name = format!("archon-{}", stack.env().name());
    let vpc = Vpc::new(settings.vpc_cidr).enable_dns_hostnames(true).tag("Name", name.as_str());
    let vpc = stack.add("vpc", vpc);
    let gateway = InternetGateway::new().vpc_id(vpc.id()).tag("Name", name.as_str());
    let gateway = stack.add("internet-gateway", gateway);

    let public = subnets(stack, settings, &vpc, zones, Tier::Public)?;
    let private = subnets(stack, settings, &vpc, zones, Tier::Private)?;
    let database = subnets(stack, settings, &vpc, zones, Tier::Database)?;

    let outside = route_table(stack, &vpc, "public", &public);
    let default: Ipv4Net = "0.0.0.0/0".parse()?;
    let route = Route::new(outside.id()).destination_cidr_block(default);
    stack.add("public-internet", route.gateway_id(gateway.id()));

    let nats = if settings.single_nat_gateway { 1 } else { zones.len() };
    let mut tables = vec![route_table(stack, &vpc, "database", &database)];
    for (index, zone) in zones.iter().take(nats).enumerate() {
        let nat = nat_gateway(stack, zone, &public[index], &gateway);
        // With one gateway its table serves every zone.
        let served = if nats == 1 { &private[..] } else { &private[index..=index] };
        let table = route_table(stack, &vpc, &format!("private-{zone}"), served);
        let route = Route::new(table.id()).destination_cidr_block(default);
        stack.add(format!("private-{zone}-internet"), route.nat_gateway_id(nat.id()));
        tables.push(table);
    }
    let service = format!("com.amazonaws.{}.s3", stack.region());
    let tables: Vec<_> = tables.iter().map(|table| table.id()).collect();
    stack.add("s3-endpoint", VpcEndpoint::new(vpc.id(), service).route_table_ids(tables));

    database_acl(stack, settings, &vpc, &database);
    data_security(stack, &vpc);
    flow_log(stack, &vpc, logs);
    Ok(Network { vpc, private, database })
}

/// A subnet of a tier in each zone. Tiers have their own quarter of the ranges, so that a third
/// zone can be added later without moving anything.
fn subnets(
    stack: &mut Stack,
    settings: &Settings,
    vpc: &VpcHandle,
    zones: &[&str],
    tier: Tier,
) -> Result<Vec<SubnetHandle>> {
    let mut handles = Vec::new();
    for (zone_index, zone) in zones.iter().enumerate() {
        let range = subnet(settings.vpc_cidr, tier as usize * 4 + zone_index)?;
        let name = format!("{}-{zone}", tier.name());
        let subnet = Subnet::new(vpc.id(), range)
            .availability_zone(*zone)
            .map_public_ip_on_launch(matches!(tier, Tier::Public))
            .tag("Name", format!("archon-{}-{name}", stack.env().name()));
        // Load balancers of the cluster find their subnets by these tags. Source: EKS user guide,
        // subnet requirements.
        let subnet = match tier {
            Tier::Public => subnet.tag("kubernetes.io/role/elb", "1"),
            Tier::Private => subnet.tag("kubernetes.io/role/internal-elb", "1"),
            Tier::Database => subnet,
        };
        handles.push(stack.add(name, subnet));
    }
    Ok(handles)
}

impl Tier {
    fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Database => "database",
        }
    }
}

/// The subnet of that number.
fn subnet(vpc: Ipv4Net, number: usize) -> Result<Ipv4Net> {
    let bits = vpc.prefix_len() + SUBNET_BITS;
    let found = vpc.subnets(bits)?.nth(number);
    found.ok_or_else(|| Error::new(format!("{vpc} has no subnet {number} of /{bits}")))
}

fn route_table(
    stack: &mut Stack,
    vpc: &VpcHandle,
    name: &str,
    subnets: &[SubnetHandle],
) -> RouteTableHandle {
    let table = RouteTable::new(vpc.id());
    let table = table.tag("Name", format!("archon-{}-{name}", stack.env().name()));
    let table = stack.add(format!("{name}-routes"), table);
    for (index, subnet) in subnets.iter().enumerate() {
        let association = RouteTableAssociation::new(table.id()).subnet_id(subnet.id());
        stack.add(format!("{name}-routes-{index}"), association);
    }
    table
}

/// A NAT gateway with an address of its own. It works only once the VPC has its internet gateway,
/// which no argument says.
fn nat_gateway(
    stack: &mut Stack,
    zone: &str,
    subnet: &SubnetHandle,
    gateway: &InternetGatewayHandle,
) -> NatGatewayHandle {
    let name = format!("archon-{}-{zone}", stack.env().name());
    let address = Eip::new().tag("Name", name.as_str()).depends_on(gateway);
    let address = stack.add(format!("nat-{zone}-address"), address);
    let nat = NatGateway::new(subnet.id()).allocation_id(address.allocation_id());
    stack.add(format!("nat-{zone}"), nat.tag("Name", name).depends_on(gateway))
}

/// The database subnets talk with the VPC and with nobody else.
fn database_acl(stack: &mut Stack, settings: &Settings, vpc: &VpcHandle, subnets: &[SubnetHandle]) {
    let ids: Vec<_> = subnets.iter().map(|subnet| subnet.id()).collect();
    let name = format!("archon-{}-database", stack.env().name());
    let acl =
        stack.add("database-acl", NetworkAcl::new(vpc.id()).subnet_ids(ids).tag("Name", name));
    for (name, egress) in [("database-acl-in", false), ("database-acl-out", true)] {
        let rule = NetworkAclRule::new(acl.id(), 100, "-1", RuleAction::Allow);
        stack.add(name, rule.egress(egress).cidr_block(settings.vpc_cidr));
    }
}

/// Nodes reach the database and the cache; nobody else does.
fn data_security(stack: &mut Stack, vpc: &VpcHandle) {
    let nodes = security_group(stack, vpc, "nodes", "Nodes of the cluster");
    let anywhere = SecurityGroupEgressRule::new(nodes.id(), "-1");
    stack.add("nodes-out", anywhere.cidr_ipv4(Ipv4Net::default()).description("To anywhere"));
    for (name, description, port) in [("database", "PostgreSQL", 5432), ("cache", "Redis", 6379)] {
        let group = security_group(stack, vpc, name, description);
        let rule = SecurityGroupIngressRule::new(group.id(), "tcp")
            .from_port(port)
            .to_port(port)
            .referenced_security_group_id(nodes.id())
            .description("From the nodes");
        stack.add(format!("{name}-from-nodes"), rule);
    }
}

fn security_group(
    stack: &mut Stack,
    vpc: &VpcHandle,
    name: &str,
    description: &str,
) -> SecurityGroupHandle {
    let full = format!("archon-{}-{name}", stack.env().name());
    let group = SecurityGroup::new().name(full).description(description).vpc_id(vpc.id());
    stack.add(format!("{name}-security"), group)
}

fn flow_log(stack: &mut Stack, vpc: &VpcHandle, logs: &Logs) {
    let role = flow_log_role(stack, logs);
    let log = FlowLog::new(logs.flow.arn())
        .vpc_id(vpc.id())
        .traffic_type(TrafficType::All)
        .iam_role_arn(role.arn());
    stack.add("flow-log", log.tag("Name", format!("archon-{}", stack.env().name())));
}

/// Source: VPC user guide, IAM role for publishing flow logs to CloudWatch Logs.
fn flow_log_role(stack: &mut Stack, logs: &Logs) -> RoleHandle {
    let trust = PolicyDocument::new().statement(
        Statement::allow()
            .principal(Principal::service("vpc-flow-logs.amazonaws.com"))
            .action("sts:AssumeRole"),
    );
    let name = format!("archon-{}-flow-logs", stack.env().name());
    let role = stack.add("flow-log-role", Role::new(trust).name(RoleName::new(name)));
    let write = Statement::allow()
        .actions([
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
        ])
        .resource(logs.flow.arn())
        .resource(text!(logs.flow.arn(), ":*"));
    let policy = RolePolicy::new(role.name(), PolicyDocument::new().statement(write));
    stack.add("flow-log-role-policy", policy);
    role
}
