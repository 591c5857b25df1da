//! ECS. From the page of `DeleteCluster` of the API Reference (`ClusterContainsServicesException`,
//! `ClusterContainsTasksException`).

use super::{Hold, Look, Place};

pub(super) const HOLDS: &[Hold] = &[Hold {
    service: "ecs",
    operation: "DeleteCluster",
    subject: "cluster",
    looks: &[Look {
        service: "ecs",
        operation: "ListServices",
        with: &[("cluster", "{}")],
        list: "serviceArns",
        place: Place::Listed,
        ..Look::NEW
    }],
    code: "ClusterContainsServicesException",
    message: "The Cluster cannot be deleted while Services are active.",
    ..Hold::NEW
}];
