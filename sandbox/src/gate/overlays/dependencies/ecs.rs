//! ECS. From the pages of `DeleteCluster` (`ClusterContainsServicesException`) and `CreateService` of
//! the API Reference: "Creation of service was not idempotent" is said by AWS for another service of
//! the name.

use super::{Hold, Look, Place, Step};

const SERVICES: Look =
    Look { service: "ecs", operation: "ListServices", list: "serviceArns", ..Look::NEW };

pub(super) const HOLDS: &[Hold] = &[
    Hold {
        service: "ecs",
        operation: "DeleteCluster",
        subject: "cluster",
        looks: &[Look { with: &[("cluster", "{}")], place: Place::Listed, ..SERVICES }],
        code: "ClusterContainsServicesException",
        message: "The Cluster cannot be deleted while Services are active.",
        ..Hold::NEW
    },
    Hold {
        service: "ecs",
        operation: "CreateService",
        subject: "serviceName",
        looks: &[Look {
            operation: "DescribeServices",
            with: &[("cluster", "{cluster}"), ("services", "[{}]")],
            list: "services",
            place: Place::Field("serviceName"),
            unless: Some(("status", "INACTIVE")),
            ..SERVICES
        }],
        code: "InvalidParameterException",
        message: "Creation of service was not idempotent.",
        ..Hold::NEW
    },
    Hold { operation: "DeleteSubnet", subject: "SubnetId", ..INTERFACES },
    Hold { operation: "DeleteSecurityGroup", subject: "GroupId", ..INTERFACES },
];

/// Tasks have interfaces in their service's subnets, with its groups.
const INTERFACES: Hold = Hold {
    service: "ec2",
    looks: &[Look {
        operation: "ListClusters",
        list: "clusterArns",
        each: &[
            Step { operation: "ListServices", with: &[("cluster", "")], list: "serviceArns" },
            Step { operation: "DescribeServices", with: &[("services", "[]")], list: "services" },
        ],
        unless: Some(("status", "INACTIVE")),
        ..SERVICES
    }],
    code: "DependencyViolation",
    message: "{} has dependencies and cannot be deleted.",
    ..Hold::NEW
};
