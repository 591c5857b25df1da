//! A health check: whether a server answers, an alarm is off, or other health checks are well. Its
//! handler is in `health_check_handler`.
//!
//! API: CreateHealthCheck, GetHealthCheck, ListHealthChecks, UpdateHealthCheck,
//! ListTagsForResources, ChangeTagsForResource, DeleteHealthCheck.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Seconds, Tags, Value};

use super::HealthCheckId;
use crate::any_arn::AnyArn;
use crate::rules::{Rules, wrong_length};

/// Whether something works, for records that should only lead there if it does.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_route53_health_check",
    outputs = HealthCheckOutputs,
    global,
    validate = validate
)]
pub struct HealthCheck {
    /// What is looked at.
    #[field(force_new)]
    pub r#type: HealthCheckType,
    /// Domain name that is asked; with `ip_address`, the host that requests name.
    pub fqdn: Option<String>,
    /// Address that is asked. It can be changed, but not be added or taken away.
    pub ip_address: Option<String>,
    /// Port: 80 for HTTP and 443 for HTTPS by default.
    #[field(computed, range = 1..=65_535)]
    pub port: Option<u16>,
    /// Path that is asked for, at most 255 characters.
    pub resource_path: Option<String>,
    /// What the first 5,120 bytes of the answer must have, at most 255 characters.
    pub search_string: Option<String>,
    /// Time between two questions: 10 seconds, or 30 by default.
    #[field(force_new, computed)]
    pub request_interval: Option<Seconds>,
    /// Questions in a row after which it counts as well or ill; 3 by default.
    #[field(computed, range = 1..=10)]
    pub failure_threshold: Option<u32>,
    /// Measure how long answers take, and show it in CloudWatch.
    #[field(force_new, default = false)]
    pub measure_latency: bool,
    /// Name the host in the TLS handshake; on by default for HTTPS.
    #[field(computed)]
    pub enable_sni: Option<bool>,
    /// Regions that ask, at least three: `us-west-2`. All by default.
    pub regions: BTreeSet<String>,
    /// Well is ill, and ill is well.
    #[field(default = false)]
    pub invert_healthcheck: bool,
    /// Stop asking, and count it as well.
    #[field(default = false)]
    pub disabled: bool,
    /// Health checks that are looked at, at most 255. For `CALCULATED`.
    pub child_healthchecks: BTreeSet<HealthCheckId>,
    /// How many of them must be well. For `CALCULATED`.
    #[field(range = 0..=256)]
    pub child_health_threshold: Option<u32>,
    /// Name of an alarm of CloudWatch. For `CLOUDWATCH_METRIC`.
    pub cloudwatch_alarm_name: Option<String>,
    /// Region of the alarm.
    pub cloudwatch_alarm_region: Option<String>,
    /// What it is while the alarm has too little data.
    #[field(computed)]
    pub insufficient_data_health_status: Option<InsufficientDataHealthStatus>,
    /// Routing control of Application Recovery Controller. For `RECOVERY_CONTROL`.
    #[field(force_new)]
    pub routing_control_arn: Option<AnyArn>,
    /// Whatever should have Route 53 look at the alarm's settings anew when it changes.
    #[field(write_only)]
    pub triggers: BTreeMap<String, String>,
    /// Tags. `Name` is what the console shows.
    pub tags: Tags,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum HealthCheckType {
    /// That HTTP answers with a status of 200 to 399.
    #[choice("HTTP")]
    Http,
    /// The same of HTTPS.
    #[choice("HTTPS")]
    Https,
    /// That an answer of HTTP has a text in it.
    #[choice("HTTP_STR_MATCH")]
    HttpStrMatch,
    /// That an answer of HTTPS has a text in it.
    #[choice("HTTPS_STR_MATCH")]
    HttpsStrMatch,
    /// That a port can be connected to.
    #[choice("TCP")]
    Tcp,
    /// Other health checks.
    #[choice("CALCULATED")]
    Calculated,
    /// An alarm.
    #[choice("CLOUDWATCH_METRIC")]
    CloudwatchMetric,
    /// A routing control.
    #[choice("RECOVERY_CONTROL")]
    RecoveryControl,
}

/// What a health check is while its alarm has too little data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum InsufficientDataHealthStatus {
    /// Well.
    #[choice("Healthy")]
    Healthy,
    /// Ill.
    #[choice("Unhealthy")]
    Unhealthy,
    /// As it was.
    #[choice("LastKnownStatus")]
    LastKnownStatus,
}

/// What AWS assigns to a [`HealthCheck`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct HealthCheckOutputs {
    /// The health check's id.
    pub id: HealthCheckId,
    /// The health check's ARN.
    pub arn: Arn<HealthCheck>,
}

/// Arguments of what is asked over the network.
const OF_ENDPOINTS: &[&str] = &[
    "fqdn",
    "ip_address",
    "port",
    "resource_path",
    "search_string",
    "request_interval",
    "failure_threshold",
    "enable_sni",
    "regions",
];

/// Arguments of the other types.
const OTHERS: &[(&str, &[&str])] = &[
    ("CALCULATED", &["child_healthchecks", "child_health_threshold"]),
    ("CLOUDWATCH_METRIC", &["cloudwatch_alarm_name", "cloudwatch_alarm_region"]),
    ("RECOVERY_CONTROL", &["routing_control_arn"]),
];

/// Source: Route 53 API Reference, HealthCheckConfig.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    for name in ["fqdn", "resource_path", "search_string"] {
        if let Some(wrong) = rules.text(name).and_then(|text| wrong_length(text, 1, 255)) {
            rules.refuse(name, wrong);
        }
    }
    if rules.number("request_interval").is_some_and(|seconds| ![10, 30].contains(&seconds)) {
        rules.refuse("request_interval", "must be 10 or 30");
    }
    let regions = inputs.get("regions").and_then(Value::as_list).map_or(3, <[Value]>::len);
    if (1..3).contains(&regions) {
        rules.refuse("regions", format!("must be at least 3, not {regions}"));
    }
    let Some(kind) = rules.text("type") else { return rules.finish() };
    let because = format!("with the type `{kind}`");
    for (of, names) in OTHERS {
        if *of == kind {
            rules.required(names, &because);
        } else {
            rules.without(names, &because);
        }
    }
    if kind != "CLOUDWATCH_METRIC" {
        rules.without(&["insufficient_data_health_status"], &because);
    }
    if OTHERS.iter().any(|(of, _)| *of == kind) {
        rules.without(OF_ENDPOINTS, &because);
        if rules.is_true("measure_latency") {
            rules.refuse("measure_latency", format!("cannot be given {because}"));
        }
        return rules.finish();
    }
    if !rules.has("fqdn") && !rules.has("ip_address") {
        rules.missing(&["fqdn", "ip_address"]);
    }
    if kind.ends_with("_STR_MATCH") {
        rules.required(&["search_string"], &because);
    } else {
        rules.without(&["search_string"], &because);
    }
    if kind == "TCP" {
        rules.required(&["port"], &because);
        rules.without(&["resource_path"], &because);
    }
    if !kind.starts_with("HTTPS") {
        rules.without(&["enable_sni"], &because);
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn a_health_check_has_what_its_type_asks_for() {
        let check = |kind: &str, given: &[(&str, Value)]| -> Vec<String> {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let kind = [("type".to_owned(), Value::from(kind))];
            validate(&inputs.chain(kind).collect()).into_iter().map(|p| p.path).collect()
        };
        let fqdn = ("fqdn", Value::from("example.com"));
        assert_eq!(check("HTTP", std::slice::from_ref(&fqdn)), [""; 0]);
        assert_eq!(check("HTTP", &[]), ["fqdn"]);
        assert_eq!(check("TCP", std::slice::from_ref(&fqdn)), ["port"]);
        assert_eq!(check("HTTPS_STR_MATCH", std::slice::from_ref(&fqdn)), ["search_string"]);
        assert_eq!(
            check("HTTP", &[fqdn.clone(), ("enable_sni", Value::Bool(true))]),
            ["enable_sni"]
        );
        let children =
            [("child_healthchecks", Value::Unknown), ("child_health_threshold", Value::Int(1))];
        assert_eq!(check("CALCULATED", &children), [""; 0]);
        assert_eq!(
            check("CALCULATED", &[&children[..], std::slice::from_ref(&fqdn)].concat()),
            ["fqdn"]
        );
        let alarm = ["cloudwatch_alarm_name", "cloudwatch_alarm_region"];
        assert_eq!(check("CLOUDWATCH_METRIC", &[]), alarm);
        let regions = |count: usize| {
            let all = (0..count).map(|n| Value::from(n.to_string().as_str())).collect();
            check("HTTP", &[fqdn.clone(), ("regions", Value::List(all))])
        };
        assert_eq!((regions(0), regions(3)), (Vec::new(), Vec::new()));
        assert_eq!(regions(2), ["regions"]);
        let interval = ("request_interval", Value::Int(20));
        assert_eq!(check("HTTP", &[fqdn.clone(), interval]), ["request_interval"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn declare(stack: &mut Stack, it: impl FnOnce(HealthCheckHandle) -> HealthCheckArguments) {
        let child = HealthCheck::new(HealthCheckType::Tcp).ip_address("198.51.100.7");
        let child = stack.add("child", child.port(5432_u16));
        stack.add("it", it(child));
    }

    conforms!(
        aws_route53_health_check,
        Fixture {
            base: |stack, name| declare(stack, |_| {
                let it = HealthCheck::new(HealthCheckType::Https).fqdn("example.com");
                let it = it.resource_path("/health").request_interval(Seconds(10));
                it.failure_threshold(5_u32).tag("Name", name)
            }),
            update: Some(|stack, _| declare(stack, |_| {
                let it = HealthCheck::new(HealthCheckType::Https).fqdn("www.example.com");
                let it = it.resource_path("/ready").request_interval(Seconds(10)).port(8443_u16);
                let it = it.regions(["us-west-2", "us-east-1", "eu-west-1"]);
                let it = it.invert_healthcheck(true).failure_threshold(2_u32);
                it.tag("purpose", "changed")
            })),
            replace: Some(|stack, _| declare(stack, |child| {
                let it = HealthCheck::new(HealthCheckType::Calculated);
                it.child_healthchecks([child.id()]).child_health_threshold(1_u32)
            })),
            gaps: &[],
        }
    );
}
