//! Services as ECS shows them, and how their deployments go.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    AssignPublicIp, AvailabilityZoneRebalancing, Deployment, DeploymentConfiguration,
    DeploymentRolloutState, LaunchType as WireLaunch, LoadBalancer, NetworkConfiguration,
    PropagateTags as WirePropagate, SchedulingStrategy as WireScheduling, Service as Wire,
    ServiceConnectConfiguration, ServiceConnectService as WireConnected,
};
use infra_sdk::{Arn, BlockSet, Value};

use super::common::{number, tags_of};
use super::container_read::log;
use super::names::{ClusterRef, ServiceName, TaskDefinitionRef, revision_of};
use super::service::{
    DeploymentAlarms, DeploymentCircuitBreaker, PlacementStrategy, Service, ServiceConnect,
    ServiceConnectService, ServiceLoadBalancer, ServiceNetwork, ServiceOutputs,
    ServicePlacementConstraint, ServiceRegistry,
};
use super::strategy::wire as strategy;
use crate::AnyArn;
use crate::ec2::{SecurityGroupId, SubnetId};
use crate::prelude::*;

/// Events that are told with a failure.
const EVENTS: usize = 3;

/// A word of an answer that may have none.
fn word<T: std::str::FromStr>(text: Option<&str>, field: &str) -> Result<Option<T>> {
    text.map(|text| parsed(Some(text), field)).transpose()
}

/// The task definition as it is compared. A family stands for its newest revision, and with
/// `image_owned_by_pipeline` a revision for those after it.
fn compared<'a>(deployed: &'a str, item: &'a Known) -> &'a str {
    let Some(recorded) = item.recorded.get("task_definition").and_then(Value::as_str) else {
        return deployed;
    };
    let owned = item.recorded.get("image_owned_by_pipeline").and_then(Value::as_bool);
    match (revision_of(recorded), revision_of(deployed)) {
        ((family, None), (other, Some(_))) if family == other => recorded,
        ((family, Some(from)), (other, Some(now)))
            if family == other && now > from && owned == Some(true) =>
        {
            recorded
        }
        _ => deployed,
    }
}

/// Why the deployment failed, if it did: ECS gave it up, or went back to what ran before although
/// something else is wanted.
fn failure(wire: &Wire, primary: &Deployment, is_wanted: bool) -> Option<String> {
    let reason = primary.rollout_state_reason().unwrap_or("ECS gives no reason");
    let gave_up = primary.rollout_state() == Some(&DeploymentRolloutState::Failed);
    let went_back =
        !is_wanted && (reason.contains("rolling back") || reason.contains("rolled back"));
    if !gave_up && !went_back {
        return None;
    }
    let events: Vec<_> =
        wire.events().iter().filter_map(|event| event.message()).take(EVENTS).collect();
    Some(format!("{reason} {}", events.join(" ")).trim().to_owned())
}

/// What the service is busy with; nothing when its deployment is complete.
fn busy(wire: &Wire, primary: Option<&Deployment>) -> String {
    if wire.status() != Some("ACTIVE") {
        return wire.status().unwrap_or("unknown").to_owned();
    }
    let Some(primary) = primary else { return String::new() };
    let progress = format!("{} of {} tasks run", primary.running_count, primary.desired_count);
    match primary.rollout_state() {
        Some(DeploymentRolloutState::Completed | DeploymentRolloutState::Failed) => String::new(),
        Some(_) => progress,
        // Only services that ECS rolls out itself have a state.
        None if primary.running_count == primary.desired_count => String::new(),
        None => progress,
    }
}

/// What ECS tells about a deployment that goes on: the counts of its tasks and of those before it,
/// how near the circuit breaker is, and the last event.
fn progress(wire: &Wire, primary: &Deployment) -> String {
    let mut parts = Vec::new();
    if primary.pending_count > 0 {
        parts.push(format!("{} pending", primary.pending_count));
    }
    let before = wire.deployments().iter().filter(|one| one.status() != Some("PRIMARY"));
    let before: i32 = before.map(|one| one.running_count).sum();
    if before > 0 {
        parts.push(format!("{before} of earlier deployments still run"));
    }
    let configuration = wire.deployment_configuration.as_ref();
    let breaker = configuration.and_then(|one| one.deployment_circuit_breaker());
    let watched = breaker.filter(|breaker| breaker.enable);
    if primary.failed_tasks > 0 || watched.is_some() {
        let mut failed = format!("{} failed", primary.failed_tasks);
        if let Some(breaker) = watched {
            // Source: ECS developer guide, deployment circuit breaker: half of the desired count,
            // from 3 to 200.
            let most = ((primary.desired_count + 1) / 2).clamp(3, 200);
            let then = if breaker.rollback { "rolls back" } else { "gives up" };
            failed = format!("{failed}, the circuit breaker {then} at {most}");
        }
        parts.push(failed);
    }
    parts.extend(wire.events().first().and_then(|event| event.message()).map(str::to_owned));
    parts.join("; ")
}

fn network(wire: NetworkConfiguration) -> Option<ServiceNetwork> {
    let inside = wire.awsvpc_configuration?;
    let groups = inside.security_groups.unwrap_or_default();
    Some(ServiceNetwork {
        subnets: inside.subnets.into_iter().map(SubnetId::new).collect(),
        security_groups: groups.into_iter().map(SecurityGroupId::new).collect(),
        assign_public_ip: inside.assign_public_ip == Some(AssignPublicIp::Enabled),
    })
}

fn load_balancer(wire: LoadBalancer) -> Option<ServiceLoadBalancer> {
    Some(ServiceLoadBalancer {
        target_group_arn: AnyArn::new(wire.target_group_arn?),
        container_name: wire.container_name?,
        container_port: number(wire.container_port?),
    })
}

fn alarms(wire: &DeploymentConfiguration) -> Option<DeploymentAlarms> {
    let alarms = wire.alarms()?;
    (alarms.enable || !alarms.alarm_names.is_empty()).then(|| DeploymentAlarms {
        alarm_names: alarms.alarm_names.iter().cloned().collect(),
        enable: alarms.enable,
        rollback: alarms.rollback,
    })
}

fn connected(wire: WireConnected) -> ServiceConnectService {
    let alias = wire.client_aliases.and_then(|aliases| aliases.into_iter().next());
    let timeout = wire.timeout;
    ServiceConnectService {
        port_name: wire.port_name,
        discovery_name: wire.discovery_name,
        ingress_port_override: wire.ingress_port_override.map(number),
        dns_name: alias.as_ref().and_then(|alias| alias.dns_name.clone()),
        port: alias.map(|alias| number(alias.port)),
        idle_timeout_seconds: timeout
            .as_ref()
            .and_then(|timeout| timeout.idle_timeout_seconds)
            .map(number),
        per_request_timeout_seconds: timeout
            .and_then(|timeout| timeout.per_request_timeout_seconds)
            .map(number),
    }
}

fn connect(wire: ServiceConnectConfiguration) -> Result<Option<ServiceConnect>> {
    if !wire.enabled {
        return Ok(None);
    }
    Ok(Some(ServiceConnect {
        enabled: true,
        namespace: wire.namespace.map(AnyArn::new),
        log_configuration: wire.log_configuration.map(log).transpose()?,
        service: wire.services.unwrap_or_default().into_iter().map(connected).collect(),
    }))
}

fn constraints(wire: &Wire) -> Result<Vec<ServicePlacementConstraint>> {
    let constraint = |wire: &aws_sdk_ecs::types::PlacementConstraint| {
        Ok(ServicePlacementConstraint {
            r#type: parsed(wire.r#type().map(|word| word.as_str()), "type")?,
            expression: wire.expression.clone().filter(|text| !text.is_empty()),
        })
    };
    wire.placement_constraints().iter().map(constraint).collect()
}

fn strategies(wire: &Wire) -> Result<Vec<PlacementStrategy>> {
    let strategy = |wire: &aws_sdk_ecs::types::PlacementStrategy| {
        Ok(PlacementStrategy {
            r#type: parsed(wire.r#type().map(|word| word.as_str()), "type")?,
            field: wire.field.clone().filter(|text| !text.is_empty()),
        })
    };
    wire.placement_strategy().iter().map(strategy).collect()
}

/// A service as ECS shows it.
pub(super) fn see(wire: Wire, item: &Known) -> Result<Seen<Service>> {
    let arn = wire.service_arn.clone().ok_or_else(|| missing("serviceArn"))?;
    let name = wire.service_name.clone().ok_or_else(|| missing("serviceName"))?;
    let cluster = wire.cluster_arn.clone().ok_or_else(|| missing("clusterArn"))?;
    let task = wire.task_definition.clone().ok_or_else(|| missing("taskDefinition"))?;
    let recorded = |name: &str| item.recorded.get(name).and_then(Value::as_bool);
    let primary = wire.deployments().iter().find(|one| one.status() == Some("PRIMARY"));
    let wanted = item.recorded.get("task_definition").and_then(Value::as_str);
    let compared_task = compared(&task, item);
    let is_wanted = wanted.is_none_or(|wanted| revision_of(wanted) == revision_of(compared_task));
    let scalable = format!("service/{}/{name}", super::names::cluster_of(&cluster));
    let outputs = ServiceOutputs {
        id: Arn::new(arn.as_str()),
        arn: Arn::new(arn),
        scalable_resource_id: scalable,
        deployed_task_definition: task.clone(),
        deployment: busy(&wire, primary),
        failure: primary.and_then(|primary| failure(&wire, primary, is_wanted)),
    };
    let told = primary.map(|primary| progress(&wire, primary));
    let configuration = wire.deployment_configuration.as_ref();
    let breaker = configuration.and_then(|one| one.deployment_circuit_breaker());
    let connected = primary.and_then(|primary| primary.service_connect_configuration.clone());
    let registry = wire.service_registries().first().and_then(|wire| {
        Some(ServiceRegistry {
            registry_arn: AnyArn::new(wire.registry_arn.clone()?),
            port: wire.port.map(number),
            container_name: wire.container_name.clone(),
            container_port: wire.container_port.map(number),
        })
    });
    let scheduling = wire.scheduling_strategy.as_ref().map_or("REPLICA", WireScheduling::as_str);
    let balancing = wire.availability_zone_rebalancing.as_ref();
    let balancing = balancing.map(AvailabilityZoneRebalancing::as_str);
    let inputs = Service {
        name: ServiceName::new(name),
        cluster: ClusterRef::new(cluster),
        task_definition: TaskDefinitionRef::new(compared_task),
        image_owned_by_pipeline: false,
        desired_count: Some(number(wire.desired_count)),
        launch_type: word(wire.launch_type.as_ref().map(WireLaunch::as_str), "launchType")?,
        placement_constraints: BlockSet(constraints(&wire)?),
        ordered_placement_strategy: strategies(&wire)?,
        capacity_provider_strategy: BlockSet(strategy::see(wire.capacity_provider_strategy)),
        platform_version: wire.platform_version,
        scheduling_strategy: parsed(Some(scheduling), "schedulingStrategy")?,
        network_configuration: wire.network_configuration.and_then(network),
        load_balancer: BlockSet(
            wire.load_balancers.unwrap_or_default().into_iter().filter_map(load_balancer).collect(),
        ),
        health_check_grace_period_seconds: wire.health_check_grace_period_seconds.map(number),
        deployment_maximum_percent: configuration.and_then(|one| one.maximum_percent).map(number),
        deployment_minimum_healthy_percent: configuration
            .and_then(|one| one.minimum_healthy_percent)
            .map(number),
        deployment_circuit_breaker: DeploymentCircuitBreaker {
            enable: breaker.is_some_and(|breaker| breaker.enable),
            rollback: breaker.is_some_and(|breaker| breaker.rollback),
        },
        alarms: configuration.and_then(alarms),
        service_registries: registry,
        service_connect_configuration: connected.map(connect).transpose()?.flatten(),
        availability_zone_rebalancing: word(balancing, "availabilityZoneRebalancing")?,
        enable_execute_command: wire.enable_execute_command,
        enable_ecs_managed_tags: wire.enable_ecs_managed_tags,
        propagate_tags: word(
            wire.propagate_tags.as_ref().map(WirePropagate::as_str),
            "propagateTags",
        )?,
        force_new_deployment: false,
        triggers: BTreeMap::new(),
        wait_for_steady_state: recorded("wait_for_steady_state").unwrap_or(true),
        force_delete: false,
        tags: tags_of(wire.tags),
    };
    Ok(Seen::new(inputs, outputs).telling(told))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{DeploymentCircuitBreaker as WireBreaker, ServiceEvent};
    use infra_sdk::Object;
    use infra_sdk::provider::Readiness;

    use super::*;

    const TASK: &str = "arn:aws:ecs:us-west-2:1:task-definition/app";

    fn seen(
        deployed: &str,
        state: &str,
        reason: &str,
        recorded: &[(&str, Value)],
    ) -> Seen<Service> {
        let primary = Deployment::builder()
            .status("PRIMARY")
            .task_definition(deployed)
            .desired_count(2)
            .running_count(1)
            .pending_count(1)
            .failed_tasks(2)
            .rollout_state(DeploymentRolloutState::from(state))
            .rollout_state_reason(reason);
        let wire = Wire::builder()
            .service_arn("arn:aws:ecs:us-west-2:1:service/main/api")
            .service_name("api")
            .cluster_arn("arn:aws:ecs:us-west-2:1:cluster/main")
            .status("ACTIVE")
            .task_definition(deployed)
            .deployments(primary.build())
            .deployments(Deployment::builder().status("ACTIVE").running_count(2).build())
            .deployment_configuration(
                DeploymentConfiguration::builder()
                    .deployment_circuit_breaker(
                        WireBreaker::builder().enable(true).rollback(true).build(),
                    )
                    .build(),
            )
            .events(ServiceEvent::builder().message("(service api) tasks failed").build())
            .build();
        let recorded = recorded.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let item =
            Known { id: String::new(), recorded: recorded.collect(), outputs: Object::new() };
        see(wire, &item).expect("a service")
    }

    fn wants(revision: &str) -> (&'static str, Value) {
        ("task_definition", Value::from(format!("{TASK}{revision}").as_str()))
    }

    #[test]
    fn a_deployment_is_waited_for_and_its_failure_is_told() {
        let (old, new) = (format!("{TASK}:1"), format!("{TASK}:2"));
        let ready = |seen: &Seen<Service>| Service::readiness(seen);
        assert_eq!(ready(&seen(&new, "COMPLETED", "", &[wants(":2")])), Readiness::Ready);
        let going = seen(&new, "IN_PROGRESS", "in progress", &[wants(":2")]);
        assert_eq!(ready(&going), Readiness::Waiting("1 of 2 tasks run".to_owned()));
        assert_eq!(
            going.progress.as_deref(),
            Some(
                "1 pending; 2 of earlier deployments still run; 2 failed, the circuit breaker \
                 rolls back at 3; (service api) tasks failed"
            )
        );
        let told = "tasks failed to start. (service api) tasks failed".to_owned();
        let failed = seen(&new, "FAILED", "tasks failed to start.", &[wants(":2")]);
        assert_eq!(ready(&failed), Readiness::Failed(told));
        let reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
        let back = seen(&old, "COMPLETED", reason, &[wants(":2")]);
        assert!(matches!(ready(&back), Readiness::Failed(why) if why.starts_with(reason)));
        // What ran before is wanted again.
        assert_eq!(ready(&seen(&old, "COMPLETED", reason, &[wants(":1")])), Readiness::Ready);
        let silent = ("wait_for_steady_state", Value::Bool(false));
        let going = seen(&new, "IN_PROGRESS", "", &[wants(":2"), silent]);
        assert_eq!(ready(&going), Readiness::Ready);
    }

    #[test]
    fn a_newer_revision_of_the_pipeline_is_kept() {
        let task = |deployed: &str, recorded: &[(&str, Value)]| {
            let seen = seen(&format!("{TASK}{deployed}"), "COMPLETED", "", recorded);
            seen.inputs.task_definition.to_string().replace(TASK, "")
        };
        let owned = ("image_owned_by_pipeline", Value::Bool(true));
        assert_eq!(task(":9", &[wants(":5"), owned.clone()]), ":5");
        assert_eq!(task(":9", &[wants(":5")]), ":9");
        assert_eq!(task(":4", &[wants(":5"), owned.clone()]), ":4");
        assert_eq!(task("-other:9", &[wants(":5"), owned]), "-other:9");
        assert_eq!(task(":9", &[wants("")]), "");
    }
}
