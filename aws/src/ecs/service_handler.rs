//! The AWS calls of [`Service`].

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_ecs::types::{
    AvailabilityZoneRebalancing, LaunchType as WireLaunch, PropagateTags as WirePropagate,
    SchedulingStrategy as WireScheduling, Service as Wire, ServiceField,
};
use infra_sdk::Value;
use infra_sdk::provider::{Failure, FailureClass, Readiness};

use super::common::{NO_CLUSTER, retag, tags_of, wire_number, wire_tags};
use super::names::cluster_of;
use super::service::{SchedulingStrategy, Service};
use super::service_read::see;
use super::service_write::{
    connect, deployment, load_balancers, network, placement_constraints, placement_strategy,
    registries,
};
use super::strategy::wire as strategy;
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "ecs:CreateService",
    "ecs:DeleteService",
    "ecs:DescribeServices",
    "ecs:TagResource",
    "ecs:UntagResource",
    "ecs:UpdateService",
];
/// Services in one DescribeServices. Source: ECS API Reference.
const AT_ONCE: usize = 10;
const PATIENCE: Duration = Duration::from_secs(20 * 60);
const GONE: &[&str] = &[NO_CLUSTER, "ServiceNotActiveException", "ServiceNotFoundException"];

impl Handler for Service {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "ecs:CreateService",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: GONE,
        not_yet: &[
            (NO_CLUSTER, ""),
            // A listener, or a role, may have been made a moment ago.
            ("InvalidParameterException", "does not have an associated load balancer"),
            ("InvalidParameterException", "Unable to assume"),
            // A service of the name goes on draining after it is deleted.
            ("InvalidParameterException", "Unable to Start a service that is still Draining"),
        ],
        lingering: &[("InvalidParameterException", "while deployments are active")],
        patience: Patience { create: PATIENCE, update: PATIENCE, delete: PATIENCE },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        // ECS takes 36 characters.
        let token = blake3::hash(creating.token.as_bytes()).to_hex()[..32].to_owned();
        let replica = want.scheduling_strategy == SchedulingStrategy::Replica;
        let count = replica.then(|| want.desired_count.map_or(1, wire_number));
        let (network, deployment) = (network(want)?, deployment(want)?);
        let (connect, capacity) = (connect(want)?, capacity(want)?);
        let answer = aws
            .call(|| {
                aws.ecs()
                    .create_service()
                    .client_token(&token)
                    .service_name(want.name.as_str())
                    .cluster(want.cluster.as_str())
                    .task_definition(want.task_definition.as_str())
                    .set_desired_count(count)
                    .set_launch_type(want.launch_type.map(|word| WireLaunch::from(word.as_str())))
                    .set_capacity_provider_strategy(filled(&capacity))
                    .set_platform_version(want.platform_version.clone())
                    .scheduling_strategy(WireScheduling::from(want.scheduling_strategy.as_str()))
                    .set_network_configuration(network.clone())
                    .set_load_balancers(filled(&load_balancers(want)))
                    .set_health_check_grace_period_seconds(grace(want))
                    .deployment_configuration(deployment.clone())
                    .set_service_registries(filled(&registries(want)))
                    .set_service_connect_configuration(
                        want.service_connect_configuration.as_ref().map(|_| connect.clone()),
                    )
                    .set_placement_constraints(filled(&placement_constraints(want)))
                    .set_placement_strategy(filled(&placement_strategy(want)))
                    .set_availability_zone_rebalancing(rebalancing(want))
                    .enable_execute_command(want.enable_execute_command)
                    .enable_ecs_managed_tags(want.enable_ecs_managed_tags)
                    .set_propagate_tags(propagate(want))
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let arn = answer.service.and_then(|service| service.service_arn);
        arn.ok_or_else(|| missing("serviceArn"))
    }

    /// Services are described a cluster at a time.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, AT_ONCE, |chunk| async move {
            let mut by_cluster = BTreeMap::<String, Vec<(String, Known)>>::new();
            for item in chunk {
                let (cluster, name) = parts(&item)?;
                by_cluster.entry(cluster).or_default().push((name, item));
            }
            let mut found = HashMap::new();
            for (cluster, items) in by_cluster {
                let names: Vec<_> = items.iter().map(|(name, _)| name.clone()).collect();
                for wire in describe(aws, &cluster, &names).await? {
                    let name = wire.service_name.clone();
                    let item = items.iter().find(|(asked, _)| Some(asked) == name.as_ref());
                    if let Some((_, item)) = item {
                        found.insert(item.id.clone(), see(wire, item)?);
                    }
                }
            }
            Ok(found)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let anew =
            want.force_new_deployment || changed.any(&["triggers", "capacity_provider_strategy"]);
        let silent = ["wait_for_steady_state", "force_delete", "image_owned_by_pipeline"];
        let (capacity, network) = (capacity(want)?, network(want)?);
        let (deployment, connect) = (deployment(want)?, connect(want)?);
        let deploys = changed.any(&[
            "alarms",
            "deployment_circuit_breaker",
            "deployment_maximum_percent",
            "deployment_minimum_healthy_percent",
        ]);
        let when = |name: &str| changed.has(name);
        if !anew && Self::inputs_among(changed, &silent) {
            return Ok(());
        }
        aws.call(|| {
            let call = aws.ecs().update_service().cluster(want.cluster.as_str()).service(id);
            let task = when("task_definition").then(|| want.task_definition.to_string());
            let count = want.desired_count.filter(|_| when("desired_count")).map(wire_number);
            let execute = when("enable_execute_command").then_some(want.enable_execute_command);
            let managed = when("enable_ecs_managed_tags").then_some(want.enable_ecs_managed_tags);
            let platform = want.platform_version.clone().filter(|_| when("platform_version"));
            call.set_task_definition(task)
                .set_desired_count(count)
                .set_capacity_provider_strategy(
                    when("capacity_provider_strategy").then(|| capacity.clone()),
                )
                .set_platform_version(platform)
                .set_network_configuration(
                    network.clone().filter(|_| when("network_configuration")),
                )
                .set_load_balancers(when("load_balancer").then(|| load_balancers(want)))
                .set_health_check_grace_period_seconds(
                    grace(want).filter(|_| when("health_check_grace_period_seconds")),
                )
                .set_deployment_configuration(deploys.then(|| deployment.clone()))
                .set_service_registries(when("service_registries").then(|| registries(want)))
                .set_service_connect_configuration(
                    when("service_connect_configuration").then(|| connect.clone()),
                )
                .set_placement_constraints(
                    when("placement_constraints").then(|| placement_constraints(want)),
                )
                .set_placement_strategy(
                    when("ordered_placement_strategy").then(|| placement_strategy(want)),
                )
                .set_availability_zone_rebalancing(
                    rebalancing(want).filter(|_| when("availability_zone_rebalancing")),
                )
                .set_enable_execute_command(execute)
                .set_enable_ecs_managed_tags(managed)
                .set_propagate_tags(propagate(want).filter(|_| when("propagate_tags")))
                .set_force_new_deployment(anew.then_some(true))
                .send()
        })
        .await
        .map(drop)
    }

    /// A service whose tasks run can only be deleted by force: it is scaled to nothing before.
    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let cluster = was.cluster.as_str();
        if was.scheduling_strategy == SchedulingStrategy::Replica && !was.force_delete {
            let scale = || aws.ecs().update_service().cluster(cluster).service(id).desired_count(0);
            aws.call(|| scale().send()).await?;
        }
        let force = was.force_delete.then_some(true);
        aws.call(|| {
            let call = aws.ecs().delete_service().cluster(cluster).service(id);
            call.set_force(force).send()
        })
        .await
        .map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match &seen.outputs.failure {
            _ if !seen.inputs.wait_for_steady_state => Readiness::Ready,
            Some(reason) => Readiness::Failed(reason.clone()),
            None if seen.outputs.deployment.is_empty() => Readiness::Ready,
            None => Readiness::Waiting(seen.outputs.deployment.clone()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let names = [want.name.to_string()];
        let found = describe(aws, cluster_of(want.cluster.as_str()), &names).await?;
        let ours = found.into_iter().filter(|wire| {
            wire.status() == Some("ACTIVE") && is_ours(&want.tags.0, &tags_of(wire.tags.clone()).0)
        });
        Ok(ours.filter_map(|wire| wire.service_arn).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

impl Service {
    /// Whether nothing but these inputs changed.
    fn inputs_among(changed: &Changed, names: &[&str]) -> bool {
        let others = Self::SCHEMA.inputs.iter().filter(|field| !names.contains(&field.name));
        others.into_iter().all(|field| !changed.has(field.name))
    }
}

/// Services of a cluster by name, without those that are deleted.
async fn describe(aws: &Aws, cluster: &str, names: &[String]) -> Result<Vec<Wire>> {
    let answer = aws
        .call(|| {
            aws.ecs()
                .describe_services()
                .cluster(cluster)
                .set_services(Some(names.to_vec()))
                .include(ServiceField::Tags)
                .send()
        })
        .await;
    let Some(answer) = absent(answer.map(Some), GONE)? else { return Ok(Vec::new()) };
    let found = answer.services.unwrap_or_default().into_iter();
    Ok(found.filter(|service| service.status() != Some("INACTIVE")).collect())
}

/// Cluster and name of a service that is known by `cluster/service` or by ARN. ARNs of old have no
/// cluster.
fn parts(item: &Known) -> Result<(String, String)> {
    let path = item.id.split_once(":service/").map_or(item.id.as_str(), |(_, path)| path);
    if let Some((cluster, name)) = path.split_once('/') {
        return Ok((cluster.to_owned(), name.to_owned()));
    }
    let cluster = item.recorded.get("cluster").and_then(Value::as_str);
    let cluster = cluster.map(|cluster| cluster_of(cluster).to_owned());
    cluster.map(|cluster| (cluster, path.to_owned())).ok_or_else(|| {
        let message = format!("`{}` is not the id of a service: `cluster/service`", item.id);
        Failure::new(FailureClass::Invalid, message)
    })
}

fn filled<T: Clone>(items: &[T]) -> Option<Vec<T>> {
    (!items.is_empty()).then(|| items.to_vec())
}

fn capacity(want: &Service) -> Result<Vec<aws_sdk_ecs::types::CapacityProviderStrategyItem>> {
    strategy::items(&want.capacity_provider_strategy.0)
}

fn grace(want: &Service) -> Option<i32> {
    want.health_check_grace_period_seconds.map(wire_number)
}

fn rebalancing(want: &Service) -> Option<AvailabilityZoneRebalancing> {
    let word = want.availability_zone_rebalancing?;
    Some(AvailabilityZoneRebalancing::from(word.as_str()))
}

fn propagate(want: &Service) -> Option<WirePropagate> {
    want.propagate_tags.map(|word| WirePropagate::from(word.as_str()))
}

#[cfg(test)]
mod tests {
    use infra_sdk::Object;

    use super::*;

    fn known(id: &str, recorded: &[(&str, &str)]) -> Known {
        let recorded = recorded.iter().map(|(name, text)| ((*name).to_owned(), (*text).into()));
        Known { id: id.to_owned(), recorded: recorded.collect(), outputs: Object::new() }
    }

    #[test]
    fn cluster_and_name_are_told_from_every_form_of_an_id() {
        let parts = |id: &str, recorded: &[(&str, &str)]| parts(&known(id, recorded)).ok();
        let expected = Some(("main".to_owned(), "api".to_owned()));
        assert_eq!(parts("arn:aws:ecs:us-west-2:1:service/main/api", &[]), expected);
        assert_eq!(parts("main/api", &[]), expected);
        let cluster = [("cluster", "arn:aws:ecs:us-west-2:1:cluster/main")];
        assert_eq!(parts("arn:aws:ecs:us-west-2:1:service/api", &cluster), expected);
        assert_eq!(parts("api", &[]), None);
    }
}
