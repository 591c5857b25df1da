//! What goes together in the arguments of an [`EventTarget`](super::EventTarget).
//!
//! Source: EventBridge API Reference, Target and the types of its parameters.

use infra_sdk::kind::{JSON, Problem};
use infra_sdk::{Object, Value};

use super::names::NAMES;
use crate::rules::Rules;

/// Parameters of single kinds of targets, with the services that take them.
const KINDS: [(&str, &str); 5] = [
    ("ecs_target", ":ecs:"),
    ("batch_target", ":batch:"),
    ("kinesis_target", ":kinesis:"),
    ("sqs_target", ":sqs:"),
    ("run_command_targets", ":ssm:"),
];

pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("target_id", &NAMES);
    rules.at_most_one(&["input", "input_path", "input_transformer"]);
    if rules.text("input").is_some_and(|text| (JSON.check)(text).is_err()) {
        rules.refuse("input", "must be JSON");
    }
    if rules.text("input").is_some_and(|text| text.len() > 8192) {
        rules.refuse("input", "must have at most 8192 bytes");
    }
    if rules.text("input_path").is_some_and(|path| !path.starts_with('$')) {
        rules.refuse("input_path", "must begin with `$`: `$.detail`");
    }
    for (name, service) in KINDS {
        if let Some(arn) = rules.text("arn")
            && rules.has(name)
            && !arn.contains(service)
        {
            let service = service.trim_matches(':');
            rules.refuse(name, format!("is for targets of `{service}` only"));
        }
    }
    rules.at_most_one(&[
        "ecs_target",
        "batch_target",
        "kinesis_target",
        "sqs_target",
        "http_target",
        "run_command_targets",
    ]);
    if rules.has("ecs_target") || rules.has("batch_target") {
        rules.required(&["role_arn"], "for this target");
    }
    rules.blocks("input_transformer", |rules| {
        let count = rules.entries("input_paths").map_or(0, Object::len);
        if count > 100 {
            rules.refuse("input_paths", format!("must be at most 100, not {count}"));
        }
    });
    rules.blocks("ecs_target", check_task);
    let count = inputs.get("run_command_targets").and_then(Value::as_list).map_or(0, <[_]>::len);
    if count > 5 {
        rules.refuse("run_command_targets", format!("must be at most 5, not {count}"));
    }
    rules.finish()
}

fn check_task(rules: &mut Rules<'_>) {
    rules.at_most_one(&["launch_type", "capacity_provider_strategy"]);
    let fargate = rules.text("launch_type") == Some("FARGATE");
    if fargate {
        rules.required(&["network_configuration"], "with `FARGATE`");
        rules.without(&["placement_constraint", "ordered_placement_strategy"], "with `FARGATE`");
    } else if rules.has("launch_type") && rules.text("launch_type").is_some() {
        rules.without(&["platform_version"], "without `FARGATE`");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    fn block(entries: &[(&str, &str)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect())
    }

    #[test]
    fn a_target_is_given_one_thing() {
        let (input, path) = (("input", Value::from("{}")), ("input_path", Value::from("$.a")));
        assert_eq!(check(std::slice::from_ref(&input)), [""; 0]);
        assert_eq!(check(&[input, path]), ["input_path"]);
        assert_eq!(check(&[("input", "{".into())]), ["input"]);
        assert_eq!(check(&[("input_path", "detail".into())]), ["input_path"]);
    }

    #[test]
    fn parameters_go_with_their_targets() {
        let arn = |service: &str| {
            ("arn", Value::String(format!("arn:aws:{service}:us-west-2:123456789012:x")))
        };
        let queue = ("sqs_target", block(&[("message_group_id", "a")]));
        assert_eq!(check(&[arn("sqs"), queue.clone()]), [""; 0]);
        assert_eq!(check(&[arn("lambda"), queue.clone()]), ["sqs_target"]);
        assert_eq!(check(&[("arn", Value::Unknown), queue]), [""; 0]);
        let task = ("ecs_target", block(&[("launch_type", "FARGATE")]));
        assert_eq!(check(&[arn("ecs"), task]), ["role_arn", "ecs_target.network_configuration"]);
    }
}
