//! The network of a system: a VPC with public, private and database subnets in each zone.
//!
//! Private subnets reach the internet through NAT gateways, database subnets do not reach it at
//! all. Traffic to S3 stays inside through a gateway endpoint. Flow logs go to a log group.

use infra_aws::ec2::{
    AvailabilityZones, Eip, FlowLog, InternetGateway, InternetGatewayHandle, NatGateway,
    NatGatewayHandle, NetworkAcl, NetworkAclRule, Route, RouteHandle, RouteTable,
    RouteTableAssociation, RouteTableHandle, RuleAction, SecurityGroup, SecurityGroupEgressRule,
    SecurityGroupHandle, SecurityGroupId, SecurityGroupIngressRule, Subnet, SubnetHandle,
    TrafficType, Vpc, VpcEndpoint, VpcHandle,
};
use infra_aws::iam::{
    PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicy, Statement,
};
use infra_aws::logs::LogGroupHandle;
use infra_sdk::prelude::*;

use super::log_group::{self, Keeping};

/// Bits by which a subnet is smaller than the VPC: sixteen subnets fit.
const SUBNET_BITS: u8 = 4;

/// What a network is made from.
pub(crate) struct NetworkArguments<'a> {
    /// Beginning of all names: `archon-staging`.
    pub(crate) name: &'a str,
    /// IPv4 range of the VPC. Subnets are a sixteenth of it.
    pub(crate) cidr: Ipv4Net,
    /// Availability zones, one to four.
    pub(crate) zones: &'a [&'a str],
    /// One NAT gateway for all zones: cheaper, and the failure of its zone cuts off the others.
    pub(crate) single_nat_gateway: bool,
    /// Whether a Kubernetes cluster puts load balancers into the subnets.
    pub(crate) kubernetes: bool,
    /// Receives the flow logs.
    pub(crate) flow_logs: &'a LogGroupHandle,
}

/// What differs between environments.
#[derive(Debug, Settings)]
pub(crate) struct NetworkSettings {
    /// IPv4 range of the VPC. Subnets are a sixteenth of it.
    pub cidr: Ipv4Net,
    /// Availability zones to spread over.
    #[setting(default = 2, range = 2..=3)]
    pub zones: usize,
    /// One NAT gateway for all zones: cheaper, and the failure of its zone cuts off the others.
    #[setting(default = false)]
    pub single_nat_gateway: bool,
}

/// Handles of a network.
pub(crate) struct Network {
    /// The VPC.
    pub(crate) vpc: VpcHandle,
    /// A public subnet a zone.
    pub(crate) public: Vec<SubnetHandle>,
    /// A private subnet a zone.
    pub(crate) private: Vec<SubnetHandle>,
    /// A database subnet a zone.
    pub(crate) database: Vec<SubnetHandle>,
    /// What takes public subnets to the internet.
    pub(crate) internet: RouteHandle,
}

/// Which of the three subnets of a zone.
#[derive(Clone, Copy)]
enum Tier {
    Public,
    Private,
    Database,
}

/// Declares a network.
///
/// # Errors
/// When the range is too small for its subnets.
pub(crate) fn declare(stack: &mut Stack, arguments: &NetworkArguments<'_>) -> Result<Network> {
    let NetworkArguments { name, cidr, zones, .. } = *arguments;
    let vpc = stack.add("vpc", Vpc::new(cidr).enable_dns_hostnames(true).tag("Name", name));
    let gateway = InternetGateway::new().vpc_id(vpc.id()).tag("Name", name);
    let gateway = stack.add("internet-gateway", gateway);

    let public = subnets(stack, arguments, &vpc, Tier::Public)?;
    let private = subnets(stack, arguments, &vpc, Tier::Private)?;
    let database = subnets(stack, arguments, &vpc, Tier::Database)?;

    let outside = route_table(stack, name, &vpc, "public", &public);
    let default: Ipv4Net = "0.0.0.0/0".parse()?;
    let route = Route::new(outside.id()).destination_cidr_block(default);
    let internet = stack.add("public-internet", route.gateway_id(gateway.id()));

    let nats = if arguments.single_nat_gateway { 1 } else { zones.len() };
    let mut tables = vec![route_table(stack, name, &vpc, "database", &database)];
    for (index, zone) in zones.iter().take(nats).enumerate() {
        let nat = nat_gateway(stack, name, zone, &public[index], &gateway);
        // With one gateway its table serves every zone.
        let served = if nats == 1 { &private[..] } else { &private[index..=index] };
        let table = route_table(stack, name, &vpc, &format!("private-{zone}"), served);
        let route = Route::new(table.id()).destination_cidr_block(default);
        stack.add(format!("private-{zone}-internet"), route.nat_gateway_id(nat.id()));
        tables.push(table);
    }
    let service = format!("com.amazonaws.{}.s3", stack.region());
    let tables: Vec<_> = tables.iter().map(|table| table.id()).collect();
    stack.add("s3-endpoint", VpcEndpoint::new(vpc.id(), service).route_table_ids(tables));

    database_acl(stack, arguments, &vpc, &database);
    flow_log(stack, name, &vpc, arguments.flow_logs);
    Ok(Network { vpc, public, private, database, internet })
}

/// Declares a network over the first zones that there are, with a log group for its flow logs.
///
/// # Errors
/// When the zones are not known, or the range is too small for its subnets.
pub(crate) fn declare_logged(
    stack: &mut Stack,
    name: &str,
    settings: &NetworkSettings,
    log_path: String,
    logs: Keeping<'_>,
) -> Result<Network> {
    let zones = stack.lookup(AvailabilityZones::available())?;
    let zones: Vec<&str> = zones.names().take(settings.zones).collect();
    let flow_logs = log_group::declare(stack, "flow-logs", log_path, logs);
    let arguments = NetworkArguments {
        name,
        cidr: settings.cidr,
        zones: &zones,
        single_nat_gateway: settings.single_nat_gateway,
        kubernetes: false,
        flow_logs: &flow_logs,
    };
    declare(stack, &arguments)
}

/// A security group without rules.
pub(crate) fn security_group(
    stack: &mut Stack,
    prefix: &str,
    vpc: &VpcHandle,
    name: &str,
    description: &str,
) -> SecurityGroupHandle {
    let full = format!("{prefix}-{name}");
    let group = SecurityGroup::new().name(full).description(description).vpc_id(vpc.id());
    stack.add(format!("{name}-security"), group)
}

/// A security group `PREFIX-NAME` whose members are reached on one TCP port by those of another,
/// and reach nobody themselves.
pub(crate) fn reached_by(
    stack: &mut Stack,
    prefix: &str,
    vpc: &VpcHandle,
    name: &str,
    port: u16,
    from: &Output<SecurityGroupId>,
) -> SecurityGroupHandle {
    let group = security_group(stack, prefix, vpc, name, &format!("The {name} of {prefix}"));
    let_in(stack, &format!("{name}-users"), from, &group.id(), port);
    group
}

/// Lets one security group open connections to another at a port. Both have to allow it.
pub(crate) fn connect(
    stack: &mut Stack,
    name: &str,
    from: &SecurityGroupHandle,
    to: &SecurityGroupHandle,
    port: u16,
) {
    connect_ids(stack, name, &from.id(), &to.id(), port);
}

/// As [`connect`], for groups that AWS made.
pub(crate) fn connect_ids(
    stack: &mut Stack,
    name: &str,
    from: &Output<SecurityGroupId>,
    to: &Output<SecurityGroupId>,
    port: u16,
) {
    let_out(stack, name, from, to, port);
    let_in(stack, name, from, to, port);
}

/// Lets one security group out to another at a port, whatever the second may take in.
pub(crate) fn let_out(
    stack: &mut Stack,
    name: &str,
    from: &Output<SecurityGroupId>,
    to: &Output<SecurityGroupId>,
    port: u16,
) {
    let out = SecurityGroupEgressRule::new(from, "tcp")
        .from_port(i32::from(port))
        .to_port(i32::from(port))
        .referenced_security_group_id(to)
        .description(name);
    stack.add(format!("{name}-out"), out);
}

/// Lets one security group in to another at a port, whatever the first may open.
fn let_in(
    stack: &mut Stack,
    name: &str,
    from: &Output<SecurityGroupId>,
    to: &Output<SecurityGroupId>,
    port: u16,
) {
    let into = SecurityGroupIngressRule::new(to, "tcp")
        .from_port(i32::from(port))
        .to_port(i32::from(port))
        .referenced_security_group_id(from)
        .description(name);
    stack.add(format!("{name}-in"), into);
}

/// A subnet of a tier in each zone. Tiers have their own quarter of the ranges, so that a third
/// zone can be added later without moving anything.
fn subnets(
    stack: &mut Stack,
    arguments: &NetworkArguments<'_>,
    vpc: &VpcHandle,
    tier: Tier,
) -> Result<Vec<SubnetHandle>> {
    let mut handles = Vec::new();
    for (zone_index, zone) in arguments.zones.iter().enumerate() {
        let range = subnet(arguments.cidr, tier as usize * 4 + zone_index)?;
        let name = format!("{}-{zone}", tier.name());
        let subnet = Subnet::new(vpc.id(), range)
            .availability_zone(*zone)
            .map_public_ip_on_launch(matches!(tier, Tier::Public))
            .tag("Name", format!("{}-{name}", arguments.name));
        // Load balancers of a cluster find their subnets by these tags. Source: EKS user guide,
        // subnet requirements.
        let subnet = match tier {
            Tier::Public if arguments.kubernetes => subnet.tag("kubernetes.io/role/elb", "1"),
            Tier::Private if arguments.kubernetes => {
                subnet.tag("kubernetes.io/role/internal-elb", "1")
            }
            _ => subnet,
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
    prefix: &str,
    vpc: &VpcHandle,
    name: &str,
    subnets: &[SubnetHandle],
) -> RouteTableHandle {
    let table = RouteTable::new(vpc.id()).tag("Name", format!("{prefix}-{name}"));
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
    prefix: &str,
    zone: &str,
    subnet: &SubnetHandle,
    gateway: &InternetGatewayHandle,
) -> NatGatewayHandle {
    let name = format!("{prefix}-{zone}");
    let address = Eip::new().tag("Name", name.as_str()).depends_on(gateway);
    let address = stack.add(format!("nat-{zone}-address"), address);
    let nat = NatGateway::new(subnet.id()).allocation_id(address.allocation_id());
    stack.add(format!("nat-{zone}"), nat.tag("Name", name).depends_on(gateway))
}

/// The database subnets talk with the VPC and with nobody else.
fn database_acl(
    stack: &mut Stack,
    arguments: &NetworkArguments<'_>,
    vpc: &VpcHandle,
    subnets: &[SubnetHandle],
) {
    let ids: Vec<_> = subnets.iter().map(|subnet| subnet.id()).collect();
    let name = format!("{}-database", arguments.name);
    let acl =
        stack.add("database-acl", NetworkAcl::new(vpc.id()).subnet_ids(ids).tag("Name", name));
    for (name, egress) in [("database-acl-in", false), ("database-acl-out", true)] {
        let rule = NetworkAclRule::new(acl.id(), 100, "-1", RuleAction::Allow);
        stack.add(name, rule.egress(egress).cidr_block(arguments.cidr));
    }
}

fn flow_log(stack: &mut Stack, name: &str, vpc: &VpcHandle, logs: &LogGroupHandle) {
    let role = flow_log_role(stack, name, logs);
    let log = FlowLog::new(logs.arn())
        .vpc_id(vpc.id())
        .traffic_type(TrafficType::All)
        .iam_role_arn(role.arn());
    stack.add("flow-log", log.tag("Name", name));
}

/// Source: VPC user guide, IAM role for publishing flow logs to CloudWatch Logs.
fn flow_log_role(stack: &mut Stack, name: &str, logs: &LogGroupHandle) -> RoleHandle {
    let trust = PolicyDocument::new().statement(
        Statement::allow()
            .principal(Principal::service("vpc-flow-logs.amazonaws.com"))
            .action("sts:AssumeRole"),
    );
    let name = format!("{name}-flow-logs");
    let role = stack.add("flow-log-role", Role::new(trust).name(RoleName::new(name)));
    let write = Statement::allow()
        .actions([
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
        ])
        .resource(logs.arn())
        .resource(text!(logs.arn(), ":*"));
    let policy = RolePolicy::new(role.name(), PolicyDocument::new().statement(write));
    stack.add("flow-log-role-policy", policy);
    role
}
