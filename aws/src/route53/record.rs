//! A record: what a name of a zone leads to. Zone, name, type and set identifier are its key.
//!
//! A record that is there already is only taken over where `allow_overwrite` says so, or where it is
//! just what is asked for: the record that proves `example.com` to ACM also proves `*.example.com`.
//! Its handler is in `record_handler`.
//!
//! API: ChangeResourceRecordSets, ListResourceRecordSets.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Block, Choice, Object, Outputs, Resource};

use super::{DomainName, HealthCheckId, HostedZoneId};
use crate::rules::Rules;

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_route53_record", outputs = RecordOutputs, validate = validate, global)]
pub struct Record {
    /// The zone.
    #[field(force_new)]
    pub zone_id: HostedZoneId,
    /// The whole name, with that of the zone: `www.example.com`.
    #[field(force_new)]
    pub name: DomainName,
    /// What kind of record it is.
    #[field(force_new)]
    pub r#type: RecordType,
    /// Seconds that an answer may be kept. Required but for an alias.
    #[field(range = 0..=2_147_483_647)]
    pub ttl: Option<u32>,
    /// Values. Those of TXT records are put into quotes where they have none.
    pub records: BTreeSet<String>,
    /// An object of AWS that the name leads to, in place of values.
    pub alias: Option<Alias>,
    /// Tells apart records of the same name and type. With a routing policy.
    #[field(force_new)]
    pub set_identifier: Option<String>,
    /// A share of the questions is answered with it.
    pub weighted_routing_policy: Option<WeightedRoutingPolicy>,
    /// Clients nearest to its region are answered with it.
    pub latency_routing_policy: Option<LatencyRoutingPolicy>,
    /// It is the first or the second choice.
    pub failover_routing_policy: Option<FailoverRoutingPolicy>,
    /// Clients of a place are answered with it.
    pub geolocation_routing_policy: Option<GeolocationRoutingPolicy>,
    /// It is one of several, of which up to eight are answered with.
    #[field(default = false)]
    pub multivalue_answer_routing_policy: bool,
    /// Health check without which it is not answered with.
    pub health_check_id: Option<HealthCheckId>,
    /// Take the place of a record that is there when this one is made.
    #[field(default = false, write_only)]
    pub allow_overwrite: bool,
}

/// What kind of record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RecordType {
    /// IPv4 addresses.
    #[choice("A")]
    A,
    /// IPv6 addresses.
    #[choice("AAAA")]
    Aaaa,
    /// Authorities that may issue certificates.
    #[choice("CAA")]
    Caa,
    /// Another name.
    #[choice("CNAME")]
    Cname,
    /// Keys of a delegated zone.
    #[choice("DS")]
    Ds,
    /// How to reach an HTTPS service.
    #[choice("HTTPS")]
    Https,
    /// Mail servers.
    #[choice("MX")]
    Mx,
    /// Rewriting.
    #[choice("NAPTR")]
    Naptr,
    /// Name servers.
    #[choice("NS")]
    Ns,
    /// The name of an address.
    #[choice("PTR")]
    Ptr,
    /// Start of a zone.
    #[choice("SOA")]
    Soa,
    /// Who may send mail; TXT took its place.
    #[choice("SPF")]
    Spf,
    /// Hosts and ports of a service.
    #[choice("SRV")]
    Srv,
    /// Fingerprints of SSH keys.
    #[choice("SSHFP")]
    Sshfp,
    /// How to reach a service.
    #[choice("SVCB")]
    Svcb,
    /// Certificates of TLS servers.
    #[choice("TLSA")]
    Tlsa,
    /// Text.
    #[choice("TXT")]
    Txt,
}

/// An object of AWS that a name leads to.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Alias {
    /// Its DNS name.
    pub name: DomainName,
    /// The hosted zone of that name, which is AWS's.
    pub zone_id: HostedZoneId,
    /// Whether its health counts as that of the record.
    pub evaluate_target_health: bool,
}

/// A share of the questions.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct WeightedRoutingPolicy {
    /// The share, in relation to the others'.
    #[field(range = 0..=255)]
    pub weight: u32,
}

/// Clients nearest to a region.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LatencyRoutingPolicy {
    /// The region.
    pub region: String,
}

/// The first or the second choice.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FailoverRoutingPolicy {
    /// Which of the two.
    pub r#type: FailoverType,
}

/// The first or the second choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FailoverType {
    /// The first.
    #[choice("PRIMARY")]
    Primary,
    /// The second.
    #[choice("SECONDARY")]
    Secondary,
}

/// Clients of a place.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GeolocationRoutingPolicy {
    /// Continent: `AF`, `AN`, `AS`, `EU`, `OC`, `NA`, `SA`.
    pub continent: Option<String>,
    /// Country by its two letters; `*` for clients of nowhere else.
    pub country: Option<String>,
    /// State of the United States, or region of Ukraine.
    pub subdivision: Option<String>,
}

/// What AWS assigns to a [`Record`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RecordOutputs {
    /// Zone, name, type and set identifier: `Z1_www.example.com_A`.
    pub id: String,
    /// The whole name.
    pub fqdn: String,
}

const POLICIES: &[&str] = &[
    "weighted_routing_policy",
    "latency_routing_policy",
    "failover_routing_policy",
    "geolocation_routing_policy",
];

/// Source: Route 53 API Reference, ResourceRecordSet.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&["records", "alias"]);
    if rules.has("alias") {
        rules.without(&["ttl"], "for an alias");
    } else {
        rules.required(&["ttl"], "with `records`");
    }
    rules.at_most_one(POLICIES);
    let multivalue = rules.is_true("multivalue_answer_routing_policy");
    if multivalue {
        rules.without(POLICIES, "with `multivalue_answer_routing_policy`");
        rules.without(&["alias"], "with `multivalue_answer_routing_policy`");
    }
    if multivalue || POLICIES.iter().any(|policy| rules.has(policy)) {
        rules.required(&["set_identifier"], "with a routing policy");
    } else {
        rules.without(&["set_identifier"], "without a routing policy");
    }
    rules.blocks("geolocation_routing_policy", |rules| {
        rules.exactly_one(&["continent", "country"]);
        if !rules.has("country") {
            rules.without(&["subdivision"], "without `country`");
        }
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_record_has_values_or_an_alias_and_a_set_with_its_policy() {
        let check = |given: &[(&str, Value)]| -> Vec<String> {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let values = [("records", Value::Unknown), ("ttl", Value::Int(60))];
        let with = |more: &[(&str, Value)]| check(&[&values, more].concat());
        let weight = ("weighted_routing_policy", Value::Unknown);
        assert_eq!(with(&[]), [""; 0]);
        assert_eq!(check(&[("alias", Value::Unknown)]), [""; 0]);
        assert_eq!(check(&[("records", Value::Unknown)]), ["ttl"]);
        assert_eq!(with(std::slice::from_ref(&weight)), ["set_identifier"]);
        assert_eq!(with(&[weight.clone(), ("set_identifier", "a".into())]), [""; 0]);
        assert_eq!(with(&[("set_identifier", "a".into())]), ["set_identifier"]);
        let multi = ("multivalue_answer_routing_policy", true.into());
        let both = with(&[weight, multi, ("set_identifier", "a".into())]);
        assert_eq!(both, ["weighted_routing_policy"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::route53::Zone;

    conforms!(
        aws_route53_record,
        Fixture {
            base: |stack, name| {
                let zone = stack.add("zone", Zone::new(format!("{name}.example.com")));
                let it = Record::new(zone.id(), format!("api.{name}.example.com"), RecordType::A);
                let it = it.ttl(60_u32).records(["192.0.2.1", "192.0.2.2"]);
                let policy = WeightedRoutingPolicy::new(10_u32);
                stack.add("it", it.set_identifier("blue").weighted_routing_policy(policy));
            },
            update: Some(|stack, name| {
                let zone = stack.add("zone", Zone::new(format!("{name}.example.com")));
                let it = Record::new(zone.id(), format!("api.{name}.example.com"), RecordType::A);
                let it = it.ttl(300_u32).records(["192.0.2.3"]);
                let policy = WeightedRoutingPolicy::new(20_u32);
                stack.add("it", it.set_identifier("blue").weighted_routing_policy(policy));
            }),
            replace: Some(|stack, name| {
                let zone = stack.add("zone", Zone::new(format!("{name}.example.com")));
                let it = Record::new(zone.id(), format!("{name}.example.com"), RecordType::Txt);
                stack.add("it", it.ttl(300_u32).records(["v=spf1 -all"]));
            }),
            gaps: &[],
        }
    );
}
