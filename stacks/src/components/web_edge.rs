//! Where clients come in: a load balancer that speaks TLS, with its certificate and its name.
//!
//! What comes by HTTP is sent to HTTPS. Its firewall is in [`web_firewall`](super::web_firewall).

use infra_aws::acm::{Certificate, CertificateValidation, ValidationMethod};
use infra_aws::ec2::{SecurityGroupHandle, SecurityGroupIngressRule};
use infra_aws::elbv2::{
    Action, ActionType, BalancerLogs, HealthCheck, Listener, ListenerHandle, LoadBalancer,
    LoadBalancerHandle, Protocol, Redirect, RedirectStatus, TargetGroup, TargetGroupHandle,
    TargetType,
};
use infra_aws::route53::{Alias, HostedZoneId, Record, RecordType, Zone};
use infra_sdk::{IntoText, prelude::*};

use super::bucket::PrivateBucket;
use super::log_bucket;
use super::network::{Network, security_group};

/// TLS 1.3 and 1.2, with forward secrecy. Source: ELB user guide, security policies.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// Browsers use HTTPS only, for a year.
const STRICT_TRANSPORT: &str = "max-age=31536000; includeSubDomains";

/// Port of HTTPS.
const HTTPS: u16 = 443;

/// Port of HTTP.
const HTTP: u16 = 80;

/// How clients reach a system.
#[derive(Debug, Settings)]
pub(crate) struct EdgeSettings {
    /// Domain by which clients reach it: `api.example.com`.
    pub domain: String,
    /// Id of the hosted zone that the domain is in. Left out, a zone of the domain is made, and
    /// whoever has the zone above must delegate to its name servers, which are an output.
    pub zone_id: Option<String>,
    /// ARN of a certificate for the domain. Left out, one is issued once the records in the zone
    /// prove the domain.
    pub certificate_arn: Option<String>,
    /// Requests of one address within five minutes over which it is blocked.
    #[setting(default = 2000, range = 10..=2_000_000_000)]
    pub waf_rate_limit: u32,
}

/// What an edge is made from.
pub(crate) struct EdgeArguments<'a> {
    /// Beginning of all names: `archon-staging`.
    pub(crate) name: &'a str,
    /// Its domain and certificate.
    pub(crate) settings: &'a EdgeSettings,
    /// The load balancer stands in its public subnets.
    pub(crate) network: &'a Network,
    /// Receives the access logs.
    pub(crate) logs: &'a PrivateBucket,
    /// Where requests go.
    pub(crate) target: &'a TargetGroupHandle,
}

/// Handles of an edge.
pub(crate) struct Edge {
    /// Where requests go.
    pub(crate) target: TargetGroupHandle,
    /// The load balancer.
    pub(crate) balancer: LoadBalancerHandle,
    /// Its security group: targets let it in.
    pub(crate) security: SecurityGroupHandle,
    /// What forwards to the target group.
    pub(crate) listener: ListenerHandle,
}

/// Where requests go: addresses of containers or pods that answer at this port.
pub(crate) struct TargetArguments<'a> {
    /// Name of the group, at most 32 characters.
    pub(crate) name: &'a str,
    /// The network that targets are in.
    pub(crate) network: &'a Network,
    /// Port of targets.
    pub(crate) port: u16,
    /// Path that a healthy target answers with 200.
    pub(crate) health_path: &'a str,
}

/// Declares a target group.
pub(crate) fn target_group(
    stack: &mut Stack,
    arguments: &TargetArguments<'_>,
) -> TargetGroupHandle {
    let TargetArguments { name, network, port, health_path } = *arguments;
    let health = HealthCheck::new()
        .path(health_path)
        .protocol(Protocol::Http)
        .matcher("200")
        .interval(15_u32)
        .timeout(5_u32)
        .healthy_threshold(2_u32)
        .unhealthy_threshold(3_u32);
    let group = TargetGroup::new()
        .name(name)
        .target_type(TargetType::Ip)
        .port(port)
        .protocol(Protocol::Http)
        .vpc_id(network.vpc.id())
        .health_check(health)
        // Rolling deployments wait for it; requests of these systems take seconds.
        .deregistration_delay(30_u32);
    stack.add("target-group", group)
}

/// Declares an edge.
pub(crate) fn declare(stack: &mut Stack, arguments: &EdgeArguments<'_>) -> Edge {
    let EdgeArguments { name, settings, network, target, .. } = *arguments;
    let security = entrance(stack, name, network);
    let balancer = balancer(stack, arguments, &security);
    let zone = zone(stack, settings);
    let certificate = certificate(stack, settings, &zone);
    let forward = Action::new(ActionType::Forward).target_group_arn(target.arn());
    let https = Listener::new(balancer.arn(), HTTPS, Protocol::Https, [forward])
        .certificate_arn(certificate)
        .ssl_policy(TLS_POLICY)
        .routing_http_response_strict_transport_security_header_value(STRICT_TRANSPORT);
    let listener = stack.add("https", https);
    let redirect =
        Redirect::new(RedirectStatus::MovedPermanently).protocol("HTTPS").port(HTTPS.to_string());
    let redirect = Action::new(ActionType::Redirect).redirect(redirect);
    stack.add("http", Listener::new(balancer.arn(), HTTP, Protocol::Http, [redirect]));
    let alias = Alias::new(balancer.dns_name(), balancer.zone_id(), true);
    let record = Record::new(zone, settings.domain.as_str(), RecordType::A).alias(alias);
    stack.add("name", record);
    Edge { target: target.clone(), balancer, security, listener }
}

/// The security group of the load balancer: everybody may come in by HTTP and HTTPS.
fn entrance(stack: &mut Stack, name: &str, network: &Network) -> SecurityGroupHandle {
    let group = security_group(stack, name, &network.vpc, "edge", "Load balancer");
    for (rule, port) in [("http", HTTP), ("https", HTTPS)] {
        let ingress = SecurityGroupIngressRule::new(group.id(), "tcp")
            .from_port(i32::from(port))
            .to_port(i32::from(port))
            .cidr_ipv4(Ipv4Net::default())
            .description("From anywhere");
        stack.add(format!("edge-{rule}-from-anywhere"), ingress);
    }
    group
}

fn balancer(
    stack: &mut Stack,
    arguments: &EdgeArguments<'_>,
    security: &SecurityGroupHandle,
) -> LoadBalancerHandle {
    let EdgeArguments { name, network, logs, .. } = *arguments;
    let subnets: Vec<_> = network.public.iter().map(|subnet| subnet.id()).collect();
    let access =
        BalancerLogs::new(logs.bucket.id()).prefix(log_bucket::BALANCER_PREFIX).enabled(true);
    let balancer = LoadBalancer::new()
        .name(name)
        .subnets(subnets)
        .security_groups([security.id()])
        .access_logs(access)
        .drop_invalid_header_fields(true)
        .enable_deletion_protection(stack.env().is_protected())
        // AWS refuses one that faces the internet in a VPC that cannot reach it, and no argument says so.
        .depends_on(&network.internet)
        // The service tries to write there when it is told to.
        .depends_on(&logs.policy);
    stack.add("load-balancer", balancer)
}

/// The zone of the domain. Of one that is made here, the name servers are an output of the stack.
fn zone(stack: &mut Stack, settings: &EdgeSettings) -> Output<HostedZoneId, Global> {
    if let Some(zone) = &settings.zone_id {
        return Output::from_expr(zone.clone().into_text());
    }
    let zone = stack.add("zone", Zone::new(settings.domain.as_str()));
    stack.output("name_servers", zone.name_servers());
    zone.zone_id()
}

/// The certificate, once it is issued.
fn certificate(
    stack: &mut Stack,
    settings: &EdgeSettings,
    zone: &Output<HostedZoneId, Global>,
) -> Output<Arn<Certificate>> {
    if let Some(arn) = &settings.certificate_arn {
        return Output::from_expr(arn.clone().into_text());
    }
    let certificate = Certificate::new()
        .domain_name(settings.domain.as_str())
        .validation_method(ValidationMethod::Dns)
        // Listeners use it until they have the new one.
        .create_before_destroy(true);
    let certificate = stack.add("certificate", certificate);
    let name = certificate.validation_record_names().index(0);
    let proof = Record::new(zone, name, RecordType::Cname)
        .ttl(300_u32)
        .records([certificate.validation_record_values().index(0)]);
    let proof = stack.add("certificate-proof", proof);
    let issued =
        CertificateValidation::new(certificate.arn()).validation_record_fqdns([proof.fqdn()]);
    stack.add("certificate-issued", issued).id()
}
