//! Rules between the arguments of a [`NodeGroup`](super::NodeGroup).

use super::ids::NODE_GROUP_NAMES;
use crate::rules::{NameRule, Rules};
use infra_sdk::Object;
use infra_sdk::kind::Problem;

/// Source: EKS API Reference, CreateNodegroup, and the pages of the types in it.
pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.at_most_one(&["node_group_name", "node_group_name_prefix"]);
    let prefix = NameRule { longest: 37, ..NODE_GROUP_NAMES };
    rules.follows("node_group_name_prefix", &prefix);
    rules.blocks("scaling_config", |scaling| {
        scaling.ordered("min_size", "max_size");
        scaling.ordered("min_size", "desired_size");
        scaling.ordered("desired_size", "max_size");
    });
    rules.blocks("launch_template", |template| {
        template.exactly_one(&["id", "name"]);
        if template.text("version").is_some_and(|version| version.parse::<u32>().is_err()) {
            template.refuse("version", "must be a number: AWS shows which one it took");
        }
    });
    if rules.has("launch_template") {
        rules.without(&["disk_size", "remote_access"], "with a launch template, which says it");
    }
    rules.blocks("remote_access", |access| {
        if !access.has("ec2_ssh_key") {
            access.without(&["source_security_group_ids"], "without `ec2_ssh_key`");
        }
    });
    rules.blocks("update_config", |config| {
        config.exactly_one(&["max_unavailable", "max_unavailable_percentage"]);
    });
    rules.blocks("node_repair_config", |config| {
        for what in ["max_parallel_nodes_repaired", "max_unhealthy_node_threshold"] {
            config.at_most_one(&[&format!("{what}_count"), &format!("{what}_percentage")]);
        }
    });
    if rules.texts("instance_types").len() > 20 {
        rules.refuse("instance_types", "must be 20 at most");
    }
    let label_rule = |text: &str| text.chars().count() <= 63;
    rules.blocks("taint", |taint| {
        for name in ["key", "value"] {
            if !taint.text(name).is_none_or(label_rule) {
                taint.refuse(name, "must have 63 characters at most");
            }
        }
    });
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn block(given: &[(&str, Value)]) -> Value {
        Value::Map(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn wrong(given: &[(&str, Value)]) -> Vec<String> {
        let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn sizes_are_in_order() {
        let sizes = |least: i64, now: Value, most: i64| {
            let config = block(&[
                ("min_size", Value::Int(least)),
                ("desired_size", now),
                ("max_size", Value::Int(most)),
            ]);
            wrong(&[("scaling_config", config)])
        };
        assert_eq!(sizes(1, Value::Null, 3), [""; 0]);
        assert_eq!(sizes(1, Value::Int(4), 3), ["scaling_config.max_size"]);
        assert_eq!(sizes(2, Value::Int(1), 3), ["scaling_config.desired_size"]);
    }

    #[test]
    fn a_launch_template_says_disk_and_access() {
        let template = |version: &str| {
            block(&[("id", Value::from("lt-1")), ("version", Value::from(version))])
        };
        assert_eq!(wrong(&[("launch_template", template("3"))]), [""; 0]);
        assert_eq!(wrong(&[("launch_template", template("$Latest"))]), ["launch_template.version"]);
        let disk = ("disk_size", Value::Int(20));
        assert_eq!(wrong(&[("launch_template", template("3")), disk]), ["disk_size"]);
    }

    #[test]
    fn an_update_has_one_limit() {
        assert_eq!(
            wrong(&[("update_config", block(&[("max_unavailable", Value::Int(1))]))]),
            [""; 0]
        );
        let both =
            [("max_unavailable", Value::Int(1)), ("max_unavailable_percentage", Value::Int(10))];
        assert_eq!(
            wrong(&[("update_config", block(&both))]),
            ["update_config.max_unavailable_percentage"]
        );
    }
}
