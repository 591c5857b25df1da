//! Rules between the arguments of a [`TargetGroup`](super::TargetGroup).

use super::Protocol;
use super::names::names;
use super::target_group::*;
use crate::rules::Rules;
use infra_sdk::Object;
use infra_sdk::kind::Problem;

/// Source: Elastic Load Balancing API Reference, CreateTargetGroup and TargetGroupAttribute.
pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    names(&mut rules);
    let lambda = rules.text("target_type") == Some(TargetType::Lambda.as_str());
    let of_targets = ["port", "protocol", "vpc_id"];
    if lambda {
        rules.without(&of_targets, "for a function");
        rules.without(&["protocol_version"], "for a function");
    } else {
        rules.required(&of_targets, "unless targets are functions");
        if rules.is_true("lambda_multi_value_headers_enabled") {
            rules.refuse("lambda_multi_value_headers_enabled", "is for functions");
        }
    }
    let protocol = rules.text("protocol");
    let of_http = lambda || protocol.is_none_or(|word| word.starts_with("HTTP"));
    if of_http {
        for name in ["connection_termination", "proxy_protocol_v2"] {
            if rules.is_true(name) {
                rules.refuse(name, "is for network load balancers");
            }
        }
        rules.without(&["target_health_state"], "for application load balancers");
    } else {
        let only = ["load_balancing_algorithm_type", "load_balancing_anomaly_mitigation"];
        rules.without(&only, "for network load balancers");
        rules.without(&["protocol_version"], "for network load balancers");
        if rules.number("slow_start").unwrap_or(0) != 0 {
            rules.refuse("slow_start", "is for application load balancers");
        }
    }
    if rules.number("slow_start").is_some_and(|seconds| (1..30).contains(&seconds)) {
        rules.refuse("slow_start", "must be 0 or 30 to 900");
    }
    rules.blocks("health_check", |rules| {
        if rules.text("protocol") == Some(Protocol::Tcp.as_str()) {
            rules.without(&["path", "matcher"], "with the protocol `TCP`");
        }
        if rules.text("path").is_some_and(|path| !path.starts_with('/')) {
            rules.refuse("path", "must start with `/`");
        }
        let port = rules.text("port").filter(|port| *port != "traffic-port");
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            rules.refuse("port", "must be `traffic-port`, or 1 to 65535");
        }
    });
    rules.blocks("stickiness", |rules| {
        let kind = rules.text("type");
        if kind == Some(StickinessType::AppCookie.as_str()) {
            rules.required(&["cookie_name"], "with the type `app_cookie`");
        } else if kind.is_some() {
            rules.without(&["cookie_name"], "without the type `app_cookie`");
        }
        let of_network = kind == Some(StickinessType::SourceIp.as_str());
        if kind.is_some() && protocol.is_some() && of_network == of_http {
            let word = if of_http { "a cookie" } else { "`source_ip`" };
            rules.refuse("type", format!("must be {word} with the protocol of the group"));
        }
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    fn group(protocol: &str) -> Vec<(&'static str, Value)> {
        let vpc = ("vpc_id", Value::Unknown);
        vec![("port", Value::Int(80)), ("protocol", Value::from(protocol)), vpc]
    }

    fn block(entries: &[(&str, &str)]) -> Value {
        let entries = entries.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
        Value::Map(entries.collect())
    }

    #[test]
    fn only_functions_are_without_a_port() {
        assert_eq!(check(&[("target_type", "lambda".into())]), [""; 0]);
        assert_eq!(check(&[("target_type", "ip".into())]), ["port", "protocol", "vpc_id"]);
        assert_eq!(check(&group("HTTP")), [""; 0]);
    }

    #[test]
    fn stickiness_goes_with_the_protocol() {
        let with = |protocol, kind| {
            let stickiness = ("stickiness", block(&[("type", kind)]));
            check(&[group(protocol), vec![stickiness]].concat())
        };
        assert_eq!(with("HTTP", "lb_cookie"), [""; 0]);
        assert_eq!(with("HTTP", "source_ip"), ["stickiness.type"]);
        assert_eq!(with("TCP", "source_ip"), [""; 0]);
        assert_eq!(with("HTTP", "app_cookie"), ["stickiness.cookie_name"]);
    }

    #[test]
    fn health_checks_are_as_the_service_takes_them() {
        let with = |entries: &[(&str, &str)]| {
            check(&[group("HTTP"), vec![("health_check", block(entries))]].concat())
        };
        assert_eq!(with(&[("path", "/health"), ("port", "traffic-port")]), [""; 0]);
        assert_eq!(with(&[("port", "8080")]), [""; 0]);
        assert_eq!(with(&[("port", "0")]), ["health_check.port"]);
        assert_eq!(with(&[("path", "health")]), ["health_check.path"]);
        assert_eq!(with(&[("protocol", "TCP"), ("path", "/")]), ["health_check.path"]);
    }
}
