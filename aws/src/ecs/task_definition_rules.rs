//! Rules between the arguments of a [`TaskDefinition`](super::TaskDefinition).

use super::fargate::{wrong_cpu, wrong_memory};
use super::task_definition::*;
use crate::rules::Rules;
use infra_sdk::kind::Problem;
use infra_sdk::{Object, Value};
use std::collections::BTreeSet;

/// Source: ECS developer guide, task definition parameters and differences for Fargate.
pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let fargate = rules.texts("requires_compatibilities").contains(&"FARGATE");
    if fargate {
        check_fargate(&mut rules);
    }
    check_containers(&mut rules, inputs);
    let awsvpc = rules.text("network_mode") == Some(NetworkMode::Awsvpc.as_str());
    rules.blocks("container_definitions", |rules| {
        check_container(rules, fargate, awsvpc);
    });
    rules.blocks("volume", |rules| {
        let kinds = ["host_path", "docker_volume_configuration", "efs_volume_configuration"];
        rules.at_most_one(&kinds);
        if fargate {
            rules.without(&kinds[..2], "on Fargate");
        }
        rules.blocks("efs_volume_configuration", |rules| {
            if rules.has("authorization_config")
                && rules.text("transit_encryption") == Some(Switch::Disabled.as_str())
            {
                rules.refuse("transit_encryption", "must be `ENABLED` with `authorization_config`");
            }
        });
    });
    rules.finish()
}

fn check_fargate(rules: &mut Rules<'_>) {
    rules.required(&["cpu", "memory"], "on Fargate");
    if rules.text("network_mode") != Some(NetworkMode::Awsvpc.as_str()) {
        rules.refuse("network_mode", "must be `awsvpc` on Fargate");
    }
    rules.without(&["placement_constraints"], "on Fargate");
    if rules.text("pid_mode") == Some(PidMode::Host.as_str()) {
        rules.refuse("pid_mode", "must be `task` on Fargate");
    }
    rules.without(&["ipc_mode"], "on Fargate");
    let Some(cpu) = rules.number("cpu") else { return };
    if let Some(wrong) = wrong_cpu(cpu) {
        rules.refuse("cpu", wrong);
    }
    if let Some(wrong) = rules.number("memory").and_then(|memory| wrong_memory(cpu, memory)) {
        rules.refuse("memory", wrong);
    }
}

/// Rules between containers.
fn check_containers(rules: &mut Rules<'_>, inputs: &Object) {
    let list = "container_definitions";
    let containers = inputs.get(list).and_then(Value::as_list).unwrap_or_default();
    let containers: Vec<_> = containers.iter().filter_map(Value::as_map).collect();
    if inputs.get(list).is_some_and(Value::has_unknown) && containers.is_empty() {
        return;
    }
    if containers.is_empty() || containers.len() > 10 {
        rules.refuse(list, format!("must be 1 to 10, not {}", containers.len()));
    }
    let may_be_essential =
        |container: &&&Object| container.get("essential") != Some(&Value::Bool(false));
    if !containers.is_empty() && !containers.iter().any(|one| may_be_essential(&one)) {
        rules.refuse(list, "must have a container that is `essential`");
    }
    let name = |container: &&Object| container.get("name")?.as_str().map(str::to_owned);
    let mut names = BTreeSet::new();
    for twice in containers.iter().filter_map(name).filter(|name| !names.insert(name.clone())) {
        rules.refuse(list, format!("has two containers `{twice}`"));
    }
    for (total, of) in [("cpu", "cpu"), ("memory", "memory_reservation")] {
        let Some(limit) = rules.number(total) else { continue };
        let needed: i64 =
            containers.iter().filter_map(|one| one.get(of).and_then(Value::as_int)).sum();
        if needed > limit {
            let message = format!("must be at least {needed}, which the containers reserve");
            rules.refuse(total, message);
        }
    }
    let volumes = inputs.get("volume").and_then(Value::as_list).unwrap_or_default();
    let named = |volume: &Value| volume.as_map()?.get("name")?.as_str().map(str::to_owned);
    let volumes: BTreeSet<_> = volumes.iter().filter_map(named).collect();
    let task_memory = rules.has("memory");
    rules.blocks(list, |rules| {
        rules.blocks("mount_points", |rules| {
            let known = |volume: &&str| !volumes.contains(*volume);
            if let Some(volume) = rules.text("source_volume").filter(known) {
                rules.refuse("source_volume", format!("`{volume}` is not a volume of the task"));
            }
        });
        rules.blocks("depends_on", |rules| {
            let unknown = |other: &&str| !names.contains(*other);
            if let Some(other) = rules.text("container_name").filter(unknown) {
                rules.refuse("container_name", format!("`{other}` is not a container of the task"));
            }
        });
        if !task_memory && !rules.has("memory") && !rules.has("memory_reservation") {
            rules.refuse("memory", "is required where the task has none");
        }
        rules.ordered("memory_reservation", "memory");
    });
}

fn check_container(rules: &mut Rules<'_>, fargate: bool, awsvpc: bool) {
    if fargate {
        for name in ["privileged", "disable_networking"] {
            if rules.is_true(name) {
                rules.refuse(name, "must be `false` on Fargate");
            }
        }
        rules.without(&["docker_security_options"], "on Fargate");
        rules.blocks("linux_parameters", |rules| {
            let not = ["shared_memory_size", "max_swap", "swappiness", "tmpfs", "devices"];
            rules.without(&not, "on Fargate");
        });
        rules.blocks("log_configuration", |rules| {
            if let Some(driver) = rules.text("log_driver")
                && !["awslogs", "splunk", "awsfirelens"].contains(&driver)
            {
                let message = format!(
                    "must be `awslogs`, `splunk` or `awsfirelens` on Fargate, not `{driver}`"
                );
                rules.refuse("log_driver", message);
            }
        });
    }
    if awsvpc {
        let not = ["links", "dns_servers", "dns_search_domains", "hostname", "extra_hosts"];
        rules.without(&not, "with the network mode `awsvpc`");
    }
    rules.blocks("port_mappings", |rules| {
        rules.exactly_one(&["container_port", "container_port_range"]);
        let (inside, outside) = (rules.number("container_port"), rules.number("host_port"));
        if let (true, Some(inside), Some(outside)) = (awsvpc, inside, outside)
            && inside != outside
        {
            let message = format!("must be {inside}, as `container_port` is, with `awsvpc`");
            rules.refuse("host_port", message);
        }
    });
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Object {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn check(task: &[(&str, Value)], container: &[(&str, Value)]) -> Vec<String> {
        let mut one = object(&[("name", "app".into()), ("image", "app:1".into())]);
        one.extend(object(container));
        let mut inputs = object(&[
            ("family", "app".into()),
            ("container_definitions", Value::List(vec![Value::Map(one)])),
        ]);
        inputs.extend(object(task));
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    fn fargate(cpu: i64, memory: i64) -> Vec<(&'static str, Value)> {
        vec![
            ("requires_compatibilities", Value::List(vec!["FARGATE".into()])),
            ("network_mode", "awsvpc".into()),
            ("cpu", Value::Int(cpu)),
            ("memory", Value::Int(memory)),
        ]
    }

    #[test]
    fn tasks_on_fargate_have_a_size_that_there_is() {
        assert_eq!(check(&fargate(512, 1024), &[]), [""; 0]);
        assert_eq!(check(&fargate(512, 8192), &[]), ["memory"]);
        assert_eq!(check(&fargate(500, 1024), &[]), ["cpu"]);
        assert_eq!(
            check(&fargate(512, 1024)[..2], &[("memory", Value::Int(512))]),
            ["cpu", "memory"]
        );
        let bridge = [&fargate(512, 1024)[..], &[("network_mode", "bridge".into())]].concat();
        assert_eq!(check(&bridge, &[]), ["network_mode"]);
    }

    #[test]
    fn containers_fit_together() {
        let under = |name: &str| vec![format!("container_definitions[0].{name}")];
        assert_eq!(check(&[], &[]), under("memory"));
        assert_eq!(
            check(&fargate(256, 512), &[("essential", Value::Bool(false))]),
            ["container_definitions"]
        );
        assert_eq!(check(&fargate(256, 512), &[("cpu", Value::Int(512))]), ["cpu"]);
        let one = |entries: &[(&str, Value)]| Value::List(vec![Value::Map(object(entries))]);
        let mount = one(&[("source_volume", "data".into())]);
        assert_eq!(
            check(&fargate(256, 512), &[("mount_points", mount)]),
            under("mount_points[0].source_volume")
        );
        let wait = one(&[("container_name", "migration".into())]);
        assert_eq!(
            check(&fargate(256, 512), &[("depends_on", wait)]),
            under("depends_on[0].container_name")
        );
        let port = one(&[("container_port", Value::Int(8000)), ("host_port", Value::Int(80))]);
        assert_eq!(
            check(&fargate(256, 512), &[("port_mappings", port)]),
            under("port_mappings[0].host_port")
        );
        assert_eq!(
            check(&fargate(256, 512), &[("privileged", Value::Bool(true))]),
            under("privileged")
        );
    }
}
