//! ECS services, from the page of `Service` of the API Reference and "Amazon ECS service deployment
//! states". moto never rolls a deployment out, and loses most of how it is to be done.

use serde_json::{Value, json};

use super::{Echo, Kind, Life, Phase};
use crate::gate::document::Fields;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "ecs_service",
    service: "ecs",
    id: &["clusterArn", "serviceName"],
    named_by: &[&["cluster"], &["serviceName", "service", "services"]],
    create: &["CreateService"],
    modify: &["UpdateService"],
    delete: &["DeleteService"],
    describe: &["DescribeServices"],
    // The word stays the same while a deployment goes on: what changes is dressed.
    life: Some(Life {
        state: "status",
        creating: Some("ACTIVE"),
        modifying: Some("ACTIVE"),
        deleting: Some("DRAINING"),
        dress: Some(deployment),
        ..Life::NEW
    }),
    echoes: &[
        Echo::wrong("availabilityZoneRebalancing", "availabilityZoneRebalancing"),
        Echo::wrong("capacityProviderStrategy", "capacityProviderStrategy"),
        Echo::wrong("deploymentConfiguration", "deploymentConfiguration"),
        Echo::wrong("enableECSManagedTags", "enableECSManagedTags"),
        Echo::wrong("enableExecuteCommand", "enableExecuteCommand"),
        Echo::wrong("healthCheckGracePeriodSeconds", "healthCheckGracePeriodSeconds"),
        Echo::wrong("loadBalancers", "loadBalancers"),
        Echo::wrong("networkConfiguration", "networkConfiguration"),
        Echo::wrong("placementConstraints", "placementConstraints"),
        Echo::wrong("placementStrategy", "placementStrategy"),
        Echo::wrong("platformVersion", "platformVersion"),
        Echo::wrong("propagateTags", "propagateTags"),
        Echo::wrong("serviceRegistries", "serviceRegistries"),
    ],
    ..Kind::NEW
}];

/// The counts and the state of the deployment, and what ECS sets where nothing was said.
fn deployment(service: &mut dyn Fields, phase: Phase) {
    let Some(service) = service.json() else { return };
    let defaults = [
        ("enableECSManagedTags", json!(false)),
        ("enableExecuteCommand", json!(false)),
        ("deploymentConfiguration", json!({})),
    ];
    for (field, value) in defaults {
        service.entry(field).or_insert(value);
    }
    let configuration = &mut service["deploymentConfiguration"];
    for (field, value) in [
        ("maximumPercent", json!(200)),
        ("minimumHealthyPercent", json!(100)),
        ("deploymentCircuitBreaker", json!({ "enable": false, "rollback": false })),
    ] {
        if let Some(configuration) = configuration.as_object_mut() {
            configuration.entry(field).or_insert(value);
        }
    }
    if service.get("status").and_then(Value::as_str) == Some("INACTIVE") {
        return;
    }
    let wanted = service.get("desiredCount").cloned().unwrap_or_else(|| json!(0));
    let (running, pending, rollout) = match phase {
        Phase::Ready => (wanted.clone(), json!(0), "COMPLETED"),
        Phase::Modifying => (wanted.clone(), json!(0), "IN_PROGRESS"),
        Phase::Creating | Phase::Deleting => (json!(0), wanted.clone(), "IN_PROGRESS"),
    };
    let task = service.get("taskDefinition").cloned().unwrap_or(Value::Null);
    service.insert("runningCount".to_owned(), running.clone());
    service.insert("pendingCount".to_owned(), pending.clone());
    let deployments = service.get_mut("deployments").and_then(Value::as_array_mut);
    // The newest is the primary one; those before it are gone once it is complete.
    if let Some(deployments) = deployments {
        if phase == Phase::Ready {
            deployments.retain(|deployment| deployment["status"] == "PRIMARY");
        }
        if let Some(primary) = deployments.iter_mut().find(|one| one["status"] == "PRIMARY") {
            primary["desiredCount"] = wanted;
            primary["runningCount"] = running;
            primary["pendingCount"] = pending;
            primary["taskDefinition"] = task;
            primary["rolloutState"] = rollout.into();
        }
    }
}
