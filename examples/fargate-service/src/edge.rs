//! Where browsers come in: a load balancer that speaks TLS, with its certificate and its name.

use infra_aws::acm::{Certificate, CertificateValidation, ValidationMethod};
use infra_aws::elbv2::{
    Action, ActionType, HealthCheck, Listener, ListenerHandle, LoadBalancer, LoadBalancerHandle,
    Protocol, Redirect, RedirectStatus, TargetGroup, TargetGroupHandle, TargetType,
};
use infra_aws::route53::{Alias, HostedZoneId, Record, RecordType, Zone};
use infra_sdk::{IntoText, prelude::*};

use crate::network::{Network, PORT};
use crate::stack::Settings;

/// TLS 1.3 and 1.2, with forward secrecy. Source: ELB user guide, security policies.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// Handles of the edge.
pub struct Edge {
    /// The load balancer.
    pub balancer: LoadBalancerHandle,
    /// Where it sends requests to.
    pub target: TargetGroupHandle,
    /// What sends them there.
    pub listener: ListenerHandle,
}

/// Declares the edge.
pub fn declare(stack: &mut Stack, name: &str, settings: &Settings, network: &Network) -> Edge {
    let subnets: Vec<_> = network.subnets.iter().map(|subnet| subnet.id()).collect();
    let balancer = LoadBalancer::new()
        .name(name)
        .subnets(subnets)
        .security_groups([network.edge.id()])
        .drop_invalid_header_fields(true)
        .enable_deletion_protection(stack.env().is_protected())
        .depends_on(&network.internet)
        .waive("baseline::access-logs", "the firewall before it writes every request to its log");
    let balancer = stack.add("load-balancer", balancer);
    let target = TargetGroup::new()
        .name(name)
        .target_type(TargetType::Ip)
        .port(PORT)
        .protocol(Protocol::Http)
        .vpc_id(network.vpc.id())
        .health_check(HealthCheck::new().path("/"));
    let target = stack.add("target", target);

    let zone = zone(stack, settings);
    let certificate = certificate(stack, settings, &zone);
    let forward = Action::new(ActionType::Forward).target_group_arn(target.arn());
    let https = Listener::new(balancer.arn(), 443, Protocol::Https, [forward])
        .certificate_arn(certificate)
        .ssl_policy(TLS_POLICY);
    let listener = stack.add("https", https);
    let redirect = Redirect::new(RedirectStatus::MovedPermanently).protocol("HTTPS").port("443");
    let redirect = Action::new(ActionType::Redirect).redirect(redirect);
    stack.add("http", Listener::new(balancer.arn(), 80, Protocol::Http, [redirect]));
    let alias = Alias::new(balancer.dns_name(), balancer.zone_id(), true);
    stack.add("name", Record::new(zone, settings.domain.as_str(), RecordType::A).alias(alias));
    Edge { balancer, target, listener }
}

/// The zone that is there, or one of the domain.
fn zone(stack: &mut Stack, settings: &Settings) -> Output<HostedZoneId, Global> {
    if let Some(zone) = &settings.zone_id {
        return Output::from_expr(zone.clone().into_text());
    }
    let zone = stack.add("zone", Zone::new(settings.domain.as_str()));
    stack.output("name_servers", zone.name_servers());
    zone.zone_id()
}

/// A certificate for the domain, once a record in the zone has proved it.
fn certificate(
    stack: &mut Stack,
    settings: &Settings,
    zone: &Output<HostedZoneId, Global>,
) -> Output<Arn<Certificate>> {
    let certificate = Certificate::new()
        .domain_name(settings.domain.as_str())
        .validation_method(ValidationMethod::Dns)
        // The listener uses it until it has the new one.
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
