//! Rules between the arguments of a [`Service`](super::Service).

use super::service::*;
use crate::rules::Rules;
use infra_sdk::Object;
use infra_sdk::kind::Problem;

/// Source: ECS API Reference, CreateService.
pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.at_most_one(&["launch_type", "capacity_provider_strategy"]);
    let fargate = rules.text("launch_type") == Some(LaunchType::Fargate.as_str());
    if fargate {
        rules.required(&["network_configuration"], "on Fargate");
        let not = ["placement_constraints", "ordered_placement_strategy"];
        rules.without(&not, "on Fargate");
    }
    if rules.text("scheduling_strategy") == Some(SchedulingStrategy::Daemon.as_str()) {
        let because = "with the scheduling strategy `DAEMON`";
        rules.without(&["desired_count", "ordered_placement_strategy"], because);
        if fargate {
            rules.refuse("scheduling_strategy", "must be `REPLICA` on Fargate");
        }
    }
    let (least, most) = ("deployment_minimum_healthy_percent", "deployment_maximum_percent");
    if rules.number(least) == Some(100) && rules.number(most) == Some(100) {
        rules.refuse(
            most,
            format!("must be above 100 where `{least}` is 100: no task could be replaced"),
        );
    }
    if !rules.has("load_balancer") && !rules.has("service_connect_configuration") {
        let because = "without a load balancer";
        rules.without(&["health_check_grace_period_seconds"], because);
    }
    rules.blocks("deployment_circuit_breaker", |rules| {
        if rules.is_true("rollback") && !rules.may_be_true("enable") {
            rules.refuse("rollback", "cannot be `true` where `enable` is `false`");
        }
    });
    rules.blocks("network_configuration", |rules| {
        for (name, most) in [("subnets", 16), ("security_groups", 5)] {
            let count = rules.texts(name).len();
            if count > most {
                rules.refuse(name, format!("must be at most {most}, not {count}"));
            }
        }
    });
    rules.blocks("placement_constraints", |rules| {
        if rules.text("type") == Some(PlacementConstraintType::MemberOf.as_str()) {
            rules.required(&["expression"], "with `memberOf`");
        } else {
            rules.without(&["expression"], "with `distinctInstance`");
        }
    });
    rules.blocks("service_connect_configuration", |rules| {
        rules.blocks("service", |rules| {
            if rules.has("dns_name") {
                rules.required(&["port"], "with `dns_name`");
            }
        });
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

    #[test]
    fn what_fargate_needs_is_asked_for() {
        let fargate = ("launch_type", Value::from("FARGATE"));
        let subnets = Object::from([("subnets".to_owned(), Value::List(vec!["subnet-1".into()]))]);
        let network = ("network_configuration", Value::Map(subnets));
        assert_eq!(check(&[fargate.clone(), network.clone()]), [""; 0]);
        assert_eq!(check(std::slice::from_ref(&fargate)), ["network_configuration"]);
        let daemon = ("scheduling_strategy", Value::from("DAEMON"));
        assert_eq!(check(&[fargate, network, daemon.clone()]), ["scheduling_strategy"]);
        assert_eq!(check(&[daemon, ("desired_count", Value::Int(2))]), ["desired_count"]);
    }

    #[test]
    fn a_deployment_can_go_on() {
        let percent = |least: i64, most: i64| {
            check(&[
                ("deployment_minimum_healthy_percent", Value::Int(least)),
                ("deployment_maximum_percent", Value::Int(most)),
            ])
        };
        assert_eq!(percent(100, 200), [""; 0]);
        assert_eq!(percent(100, 100), ["deployment_maximum_percent"]);
        let breaker = |enable| {
            Value::Map(Object::from([
                ("enable".to_owned(), Value::Bool(enable)),
                ("rollback".to_owned(), Value::Bool(true)),
            ]))
        };
        assert_eq!(check(&[("deployment_circuit_breaker", breaker(true))]), [""; 0]);
        assert_eq!(
            check(&[("deployment_circuit_breaker", breaker(false))]),
            ["deployment_circuit_breaker.rollback"]
        );
    }
}
