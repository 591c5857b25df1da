//! A target group: where a load balancer sends requests or connections, and how it tells whether
//! they can be answered there. Its handler is in `target_group_handler`.
//!
//! API: CreateTargetGroup, DescribeTargetGroups, ModifyTargetGroup, DescribeTargetGroupAttributes,
//! ModifyTargetGroupAttributes, DescribeTags, AddTags, RemoveTags, DeleteTargetGroup.

use infra_sdk::{Arn, Block, Choice, Outputs, Resource, Tags};

use super::Protocol;
use super::target_group_rules::validate;
use crate::ec2::VpcId;

/// Where a load balancer sends what it gets.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lb_target_group", outputs = TargetGroupOutputs, validate = validate)]
pub struct TargetGroup {
    /// Name, unique in the region, at most 32 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made, at most 6 characters.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What targets are.
    #[field(force_new, default = TargetType::Instance)]
    pub target_type: TargetType,
    /// Port of targets that say no other. Required unless targets are functions.
    #[field(force_new, range = 1..=65_535)]
    pub port: Option<u16>,
    /// Protocol of targets. Required unless targets are functions.
    #[field(force_new)]
    pub protocol: Option<Protocol>,
    /// Version of HTTP: 1.1 by default.
    #[field(force_new, computed)]
    pub protocol_version: Option<ProtocolVersion>,
    /// The VPC of the targets. Required unless targets are functions.
    #[field(force_new)]
    pub vpc_id: Option<VpcId>,
    /// IP version of targets. IPv4 by default.
    #[field(force_new, computed)]
    pub ip_address_type: Option<TargetIpAddressType>,
    /// How targets are asked whether they can answer.
    #[field(computed)]
    pub health_check: Option<HealthCheck>,
    /// Whether a client stays with a target.
    #[field(computed)]
    pub stickiness: Option<Stickiness>,
    /// Seconds that a target which leaves has for what it is busy with.
    #[field(default = 300, range = 0..=3600)]
    pub deregistration_delay: u32,
    /// Seconds in which a new target gets less than its share: 30 to 900, and 0 for no such time. Of
    /// application load balancers.
    #[field(default = 0, range = 0..=900)]
    pub slow_start: u32,
    /// How targets are chosen for requests. Of application load balancers.
    #[field(computed)]
    pub load_balancing_algorithm_type: Option<Algorithm>,
    /// Whether targets that answer worse than others get less. With the algorithm
    /// `weighted_random`.
    #[field(computed)]
    pub load_balancing_anomaly_mitigation: Option<AnomalyMitigation>,
    /// Whether targets of all zones are used.
    #[field(computed)]
    pub load_balancing_cross_zone_enabled: Option<CrossZone>,
    /// Let targets see the client's address. Of network load balancers.
    #[field(computed)]
    pub preserve_client_ip: Option<bool>,
    /// Tell targets about the client by the PROXY protocol, version 2. Of network load balancers.
    #[field(default = false)]
    pub proxy_protocol_v2: bool,
    /// Close connections when the deregistration delay ends. Of network load balancers.
    #[field(default = false)]
    pub connection_termination: bool,
    /// Give functions headers and parameters as lists of values.
    #[field(default = false)]
    pub lambda_multi_value_headers_enabled: bool,
    /// How many healthy targets there must be.
    #[field(computed)]
    pub target_group_health: Option<TargetGroupHealth>,
    /// What becomes of connections to targets that are not healthy any more. Of network load
    /// balancers.
    #[field(computed)]
    pub target_health_state: Option<TargetHealthState>,
    /// Tags.
    pub tags: Tags,
}

/// What targets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TargetType {
    /// Instances, by id.
    #[choice("instance")]
    Instance,
    /// Addresses: containers of ECS on Fargate, pods.
    #[choice("ip")]
    Ip,
    /// A function.
    #[choice("lambda")]
    Lambda,
    /// An application load balancer behind a network load balancer.
    #[choice("alb")]
    Alb,
}

/// Version of HTTP that targets speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ProtocolVersion {
    /// HTTP/1.1.
    #[choice("HTTP1")]
    Http1,
    /// HTTP/2.
    #[choice("HTTP2")]
    Http2,
    /// gRPC.
    #[choice("GRPC")]
    Grpc,
}

/// IP version of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TargetIpAddressType {
    /// IPv4.
    #[choice("ipv4")]
    Ipv4,
    /// IPv6.
    #[choice("ipv6")]
    Ipv6,
}

/// How targets are chosen for requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Algorithm {
    /// One after the other.
    #[choice("round_robin")]
    RoundRobin,
    /// Those with the fewest requests.
    #[choice("least_outstanding_requests")]
    LeastOutstandingRequests,
    /// At random.
    #[choice("weighted_random")]
    WeightedRandom,
}

/// Whether targets that answer worse than others get less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AnomalyMitigation {
    /// They do.
    #[choice("on")]
    On,
    /// They do not.
    #[choice("off")]
    Off,
}

/// Whether targets of all zones are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CrossZone {
    /// They are.
    #[choice("true")]
    Enabled,
    /// Only those of the zone.
    #[choice("false")]
    Disabled,
    /// As the load balancer says.
    #[choice("use_load_balancer_configuration")]
    UseLoadBalancerConfiguration,
}

/// How targets are asked whether they can answer.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HealthCheck {
    /// Whether they are asked; always, but for functions.
    #[field(computed)]
    pub enabled: Option<bool>,
    /// Answers in a row that make a target healthy.
    #[field(computed, range = 2..=10)]
    pub healthy_threshold: Option<u32>,
    /// Failures in a row that make a target unhealthy.
    #[field(computed, range = 2..=10)]
    pub unhealthy_threshold: Option<u32>,
    /// Seconds between questions.
    #[field(computed, range = 5..=300)]
    pub interval: Option<u32>,
    /// Seconds that an answer may take.
    #[field(computed, range = 2..=120)]
    pub timeout: Option<u32>,
    /// Path that is asked for by HTTP and HTTPS. `/` by default.
    #[field(computed)]
    pub path: Option<String>,
    /// Port that is asked: a number, or `traffic-port` for the target's own.
    #[field(computed)]
    pub port: Option<String>,
    /// Protocol of the question.
    #[field(computed)]
    pub protocol: Option<Protocol>,
    /// Codes that count as healthy: `200`, `200,202`, `200-299`; of gRPC 0 to 99.
    #[field(computed)]
    pub matcher: Option<String>,
}

/// Whether a client stays with a target.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Stickiness {
    /// What a client is known by.
    pub r#type: StickinessType,
    /// Whether it stays.
    #[field(default = true)]
    pub enabled: bool,
    /// Seconds that it stays after a request, where it is known by a cookie.
    #[field(default = 86_400, range = 1..=604_800)]
    pub cookie_duration: u32,
    /// Name of the application's cookie.
    pub cookie_name: Option<String>,
}

/// What a client is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum StickinessType {
    /// A cookie of the load balancer.
    #[choice("lb_cookie")]
    LbCookie,
    /// A cookie of the application.
    #[choice("app_cookie")]
    AppCookie,
    /// Its address, of network load balancers.
    #[choice("source_ip")]
    SourceIp,
}

/// How many healthy targets there must be.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TargetGroupHealth {
    /// For the zone to be in DNS.
    #[field(computed)]
    pub dns_failover: Option<DnsFailover>,
    /// For only healthy targets to be used.
    #[field(computed)]
    pub unhealthy_state_routing: Option<UnhealthyStateRouting>,
}

/// Healthy targets that a zone needs to be in DNS. Both must hold.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DnsFailover {
    /// A number, or `off`.
    #[field(default = String::from("1"))]
    pub minimum_healthy_targets_count: String,
    /// 1 to 100, or `off`.
    #[field(default = String::from("off"))]
    pub minimum_healthy_targets_percentage: String,
}

/// Healthy targets that a zone needs for unhealthy ones to get nothing. Both must hold.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct UnhealthyStateRouting {
    /// A number.
    #[field(default = 1, range = 1..=1000)]
    pub minimum_healthy_targets_count: u32,
    /// 1 to 100, or `off`.
    #[field(default = String::from("off"))]
    pub minimum_healthy_targets_percentage: String,
}

/// What becomes of connections to targets that are not healthy any more.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TargetHealthState {
    /// Whether they are closed.
    pub enable_unhealthy_connection_termination: bool,
    /// Seconds before that.
    #[field(default = 0, range = 0..=360_000)]
    pub unhealthy_draining_interval: u32,
}

/// What AWS assigns to a [`TargetGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TargetGroupOutputs {
    /// The group's ARN.
    pub id: Arn<TargetGroup>,
    /// The group's ARN.
    pub arn: Arn<TargetGroup>,
    /// What metrics call it: `targetgroup/NAME/ID`.
    pub arn_suffix: String,
    /// Load balancers that send to it.
    pub load_balancer_arns: Vec<String>,
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::elbv2::load_balancer::tests::{Network, network};

    conforms!(
        aws_lb_target_group,
        Fixture {
            base: |stack, name| {
                let Network { vpc, .. } = network(stack, name);
                let health = HealthCheck::new().path("/health").interval(15_u32).timeout(5_u32);
                let health = health.healthy_threshold(2_u32).unhealthy_threshold(3_u32);
                let health = health.port("traffic-port").protocol(Protocol::Http);
                let it = TargetGroup::new().name(format!("{name}-api")).port(8000_u16);
                let it = it.protocol(Protocol::Http).vpc_id(vpc).target_type(TargetType::Ip);
                let it = it.health_check(health.matcher("200-299")).deregistration_delay(30_u32);
                let it = it.stickiness(Stickiness::new(StickinessType::LbCookie));
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let Network { vpc, .. } = network(stack, name);
                let health = HealthCheck::new().path("/ready").interval(30_u32).matcher("200");
                let it = TargetGroup::new().name(format!("{name}-api")).port(8000_u16);
                let it = it.protocol(Protocol::Http).vpc_id(vpc).target_type(TargetType::Ip);
                let algorithm = Algorithm::LeastOutstandingRequests;
                let it = it.health_check(health).load_balancing_algorithm_type(algorithm);
                let cookie = Stickiness::new(StickinessType::AppCookie).cookie_name("session");
                let it = it.stickiness(cookie.cookie_duration(600_u32)).slow_start(60_u32);
                stack.add("it", it.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let Network { vpc, .. } = network(stack, name);
                let it = TargetGroup::new().name_prefix("tcp-").port(5432_u16).vpc_id(vpc);
                let it = it.protocol(Protocol::Tcp).proxy_protocol_v2(true);
                stack.add("it", it.stickiness(Stickiness::new(StickinessType::SourceIp)));
            }),
            gaps: &[],
        }
    );
}
