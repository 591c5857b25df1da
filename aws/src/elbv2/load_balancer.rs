//! A load balancer, of applications (HTTP) or of networks (TCP, UDP, TLS). Slow: it is provisioned
//! for minutes. Its handler is in `load_balancer_handler`.
//!
//! API: CreateLoadBalancer, DescribeLoadBalancers, DescribeLoadBalancerAttributes,
//! ModifyLoadBalancerAttributes, SetSubnets, SetSecurityGroups, SetIpAddressType, DescribeTags,
//! AddTags, RemoveTags, DeleteLoadBalancer.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, ResourceType, Tags};

use super::names::names;
use crate::ec2::{AllocationId, SecurityGroupId, SubnetId, VpcId};
use crate::route53::HostedZoneId;
use crate::rules::Rules;
use crate::s3::BucketName;

/// Spreads requests or connections over targets.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_lb", outputs = LoadBalancerOutputs, validate = validate)]
pub struct LoadBalancer {
    /// Name, unique in the region, at most 32 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made, at most 6 characters.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Whether it has private addresses only.
    #[field(force_new, default = false)]
    pub internal: bool,
    /// What it balances.
    #[field(force_new, default = LoadBalancerType::Application)]
    pub load_balancer_type: LoadBalancerType,
    /// Security groups. The VPC's default group by default; none for a network load balancer, which
    /// can only have some later if it was made with some.
    #[field(computed)]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Subnets, one of each availability zone; of two zones at least for an application load
    /// balancer.
    #[field(computed)]
    pub subnets: BTreeSet<SubnetId>,
    /// Subnets with addresses of one's own, in place of `subnets`.
    #[field(computed)]
    pub subnet_mapping: BlockSet<SubnetMapping>,
    /// IP versions. IPv4 by default.
    #[field(computed)]
    pub ip_address_type: Option<IpAddressType>,
    /// Pool of addresses of an Outpost.
    #[field(force_new)]
    pub customer_owned_ipv4_pool: Option<String>,
    /// Whether rules of its security groups hold for what comes through PrivateLink. For network
    /// load balancers with security groups.
    #[field(computed)]
    pub enforce_security_group_inbound_rules_on_private_link_traffic: Option<OnOff>,
    /// Where requests are logged. The bucket's policy must let the service write.
    pub access_logs: Option<BalancerLogs>,
    /// Where connections to an application load balancer are logged.
    pub connection_logs: Option<BalancerLogs>,
    /// Let AWS refuse to delete it.
    #[field(default = false)]
    pub enable_deletion_protection: bool,
    /// Let its traffic be moved out of an availability zone by hand.
    #[field(default = false)]
    pub enable_zonal_shift: bool,
    /// Seconds that a connection to an application load balancer may be idle.
    #[field(default = 60, range = 1..=4000)]
    pub idle_timeout: u32,
    /// Seconds that a client may keep a connection to an application load balancer.
    #[field(default = 3600, range = 60..=604_800)]
    pub client_keep_alive: u32,
    /// Speak HTTP/2 with clients of an application load balancer.
    #[field(default = true)]
    pub enable_http2: bool,
    /// Take headers with names that are not valid out of requests, instead of passing them on.
    #[field(default = false)]
    pub drop_invalid_header_fields: bool,
    /// Pass the `Host` header on as it came.
    #[field(default = false)]
    pub preserve_host_header: bool,
    /// Tell targets the TLS version and cipher suite of the client.
    #[field(default = false)]
    pub enable_tls_version_and_cipher_suite_headers: bool,
    /// Tell targets the port of the client, in `X-Forwarded-For`.
    #[field(default = false)]
    pub enable_xff_client_port: bool,
    /// What becomes of the `X-Forwarded-For` header.
    #[field(default = XffHeaderProcessingMode::Append)]
    pub xff_header_processing_mode: XffHeaderProcessingMode,
    /// What becomes of requests that could be smuggled.
    #[field(default = DesyncMitigationMode::Defensive)]
    pub desync_mitigation_mode: DesyncMitigationMode,
    /// Let requests through when the web firewall cannot be asked.
    #[field(default = false)]
    pub enable_waf_fail_open: bool,
    /// Let every node of a network load balancer use targets of all zones.
    #[field(default = false)]
    pub enable_cross_zone_load_balancing: bool,
    /// How clients are spread over the zones of a network load balancer.
    #[field(default = ClientRoutingPolicy::AnyAvailabilityZone)]
    pub dns_record_client_routing_policy: ClientRoutingPolicy,
    /// Tags.
    pub tags: Tags,
}

/// What a load balancer balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LoadBalancerType {
    /// Requests: HTTP and HTTPS.
    #[choice("application")]
    Application,
    /// Connections: TCP, UDP and TLS.
    #[choice("network")]
    Network,
}

/// IP versions of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum IpAddressType {
    /// IPv4.
    #[choice("ipv4")]
    Ipv4,
    /// Both.
    #[choice("dualstack")]
    Dualstack,
    /// Both, with public addresses of IPv6 only.
    #[choice("dualstack-without-public-ipv4")]
    DualstackWithoutPublicIpv4,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum OnOff {
    /// On.
    #[choice("on")]
    On,
    /// Off.
    #[choice("off")]
    Off,
}

/// What becomes of the `X-Forwarded-For` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum XffHeaderProcessingMode {
    /// The client's address is added.
    #[choice("append")]
    Append,
    /// It stays as it came.
    #[choice("preserve")]
    Preserve,
    /// It is taken out.
    #[choice("remove")]
    Remove,
}

/// What becomes of requests that could be smuggled. Source: Application Load Balancers user guide,
/// desync mitigation mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DesyncMitigationMode {
    /// They are counted.
    #[choice("monitor")]
    Monitor,
    /// Those that are dangerous are refused.
    #[choice("defensive")]
    Defensive,
    /// All that do not follow the standard are refused.
    #[choice("strictest")]
    Strictest,
}

/// How clients are spread over zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClientRoutingPolicy {
    /// Over all zones.
    #[choice("any_availability_zone")]
    AnyAvailabilityZone,
    /// To their own zone.
    #[choice("availability_zone_affinity")]
    AvailabilityZoneAffinity,
    /// 85 in 100 to their own zone.
    #[choice("partial_availability_zone_affinity")]
    PartialAvailabilityZoneAffinity,
}

/// A subnet and the addresses that a load balancer has there.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SubnetMapping {
    /// The subnet.
    pub subnet_id: SubnetId,
    /// Elastic IP address of a network load balancer that faces the internet.
    pub allocation_id: Option<AllocationId>,
    /// IPv4 address of an internal network load balancer.
    pub private_ipv4_address: Option<String>,
    /// IPv6 address of a network load balancer.
    pub ipv6_address: Option<String>,
}

/// Where a load balancer writes logs.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BalancerLogs {
    /// The bucket, in the same region.
    pub bucket: BucketName,
    /// Beginning of the keys, without `AWSLogs` in it.
    pub prefix: Option<String>,
    /// Whether logs are written.
    #[field(default = false)]
    pub enabled: bool,
}

/// What AWS assigns to a [`LoadBalancer`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct LoadBalancerOutputs {
    /// The load balancer's ARN.
    pub id: Arn<LoadBalancer>,
    /// The load balancer's ARN.
    pub arn: Arn<LoadBalancer>,
    /// What metrics call it: `app/NAME/ID`.
    pub arn_suffix: String,
    /// The DNS name.
    pub dns_name: String,
    /// Hosted zone of the DNS name, for alias records.
    pub zone_id: Option<HostedZoneId>,
    /// The VPC of the subnets.
    pub vpc_id: Option<VpcId>,
    /// `active`, or what it is busy with.
    pub state: String,
    /// Why it failed.
    pub state_reason: Option<String>,
}

/// Arguments of application load balancers only.
pub(super) const OF_APPLICATIONS: &[&str] = &[
    "client_keep_alive",
    "desync_mitigation_mode",
    "drop_invalid_header_fields",
    "enable_http2",
    "enable_tls_version_and_cipher_suite_headers",
    "enable_waf_fail_open",
    "enable_xff_client_port",
    "idle_timeout",
    "preserve_host_header",
    "xff_header_processing_mode",
];

/// Arguments of network load balancers only.
pub(super) const OF_NETWORKS: &[&str] =
    &["dns_record_client_routing_policy", "enable_cross_zone_load_balancing"];

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    names(&mut rules);
    rules.names_not_from("internal-", "which is AWS's");
    rules.exactly_one(&["subnets", "subnet_mapping"]);
    let network = LoadBalancerType::Network.as_str();
    let (others, because): (&[&str], _) = if rules.text("load_balancer_type") == Some(network) {
        rules.without(&["connection_logs"], "for a network load balancer");
        (OF_APPLICATIONS, "for a network load balancer")
    } else {
        let only = ["enforce_security_group_inbound_rules_on_private_link_traffic"];
        rules.without(&only, "for an application load balancer");
        rules.blocks("subnet_mapping", |rules| {
            let addresses = ["allocation_id", "private_ipv4_address", "ipv6_address"];
            rules.without(&addresses, "for an application load balancer");
        });
        (OF_NETWORKS, "for an application load balancer")
    };
    for name in others {
        let default =
            <LoadBalancer as ResourceType>::SCHEMA.input(name).and_then(|field| field.default);
        if rules.has(name) && inputs.get(*name) != default.map(|default| default()).as_ref() {
            rules.without(&[name], because);
        }
    }
    for logs in ["access_logs", "connection_logs"] {
        rules.blocks(logs, |rules| {
            if rules.text("prefix").is_some_and(|p| p.contains("AWSLogs") || p.starts_with('/')) {
                rules.refuse("prefix", "must not contain `AWSLogs`, nor start with `/`");
            }
        });
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let subnets = ("subnets".to_owned(), Value::List(vec!["subnet-1".into()]));
        let given = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let inputs: Object = given.chain([subnets]).collect();
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn each_type_has_arguments_of_its_own() {
        let network = ("load_balancer_type", Value::from("network"));
        assert_eq!(check(&[("idle_timeout", Value::Int(30))]), [""; 0]);
        assert_eq!(check(&[network.clone(), ("idle_timeout", Value::Int(60))]), [""; 0]);
        assert_eq!(check(&[network, ("idle_timeout", Value::Int(30))]), ["idle_timeout"]);
        assert_eq!(
            check(&[("enable_cross_zone_load_balancing", true.into())]),
            ["enable_cross_zone_load_balancing"]
        );
    }

    #[test]
    fn names_are_as_the_service_takes_them() {
        for wrong in ["internal-a", "-a", "a-", "a_b", &"x".repeat(33)] {
            assert_eq!(check(&[("name", wrong.into())]), ["name"], "{wrong}");
        }
        assert_eq!(check(&[("name", "web-1".into())]), [""; 0]);
        assert_eq!(check(&[("name_prefix", "web-app".into())]), ["name_prefix"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
pub(super) mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Output, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{InternetGateway, SecurityGroup, Subnet, Vpc};
    use crate::s3::Bucket;

    /// What load balancers stand in: a VPC, three subnets, a security group.
    pub(in crate::elbv2) struct Network {
        pub(in crate::elbv2) vpc: Output<VpcId>,
        pub(in crate::elbv2) subnets: [Output<SubnetId>; 3],
        pub(in crate::elbv2) group: Output<SecurityGroupId>,
    }

    pub(in crate::elbv2) fn network(stack: &mut Stack, name: &str) -> Network {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16"))).id();
        stack.add("igw", InternetGateway::new().vpc_id(&vpc));
        let ranges = [("a", "10.0.1.0/24"), ("b", "10.0.2.0/24"), ("c", "10.0.3.0/24")];
        let subnets = ranges.map(|(zone, range)| {
            let subnet = Subnet::new(&vpc, cidr(range));
            let subnet = subnet.availability_zone(format!("us-west-2{zone}"));
            stack.add(format!("subnet-{zone}"), subnet).id()
        });
        let group = SecurityGroup::new().name(format!("{name}-web")).vpc_id(&vpc);
        let group = stack.add("group", group).id();
        Network { vpc, subnets, group }
    }

    conforms!(
        aws_lb,
        Fixture {
            base: |stack, name| {
                let Network { subnets: [a, b, _], group, .. } = network(stack, name);
                let logs = stack.add("logs", Bucket::new(format!("{name}-lb-logs")));
                let it = LoadBalancer::new().name(format!("{name}-lb")).subnets([a, b]);
                let it = it.security_groups([group]).idle_timeout(120_u32).enable_http2(false);
                let logs = BalancerLogs::new(logs.id()).prefix("web").enabled(true);
                let it = it.access_logs(logs).drop_invalid_header_fields(true);
                stack.add("it", it.desync_mitigation_mode(DesyncMitigationMode::Strictest));
            },
            update: Some(|stack, name| {
                let Network { subnets: [a, b, c], group, .. } = network(stack, name);
                stack.add("logs", Bucket::new(format!("{name}-lb-logs")));
                let it = LoadBalancer::new().name(format!("{name}-lb")).subnets([a, b, c]);
                let it = it.security_groups([group]).preserve_host_header(true);
                let it = it.xff_header_processing_mode(XffHeaderProcessingMode::Remove);
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let Network { subnets: [a, ..], .. } = network(stack, name);
                let it = LoadBalancer::new().load_balancer_type(LoadBalancerType::Network);
                let it = it.internal(true).subnet_mapping([SubnetMapping::new(a)]);
                stack.add("it", it.enable_cross_zone_load_balancing(true).name_prefix("nlb-"));
            }),
            gaps: &[],
        }
    );
}
