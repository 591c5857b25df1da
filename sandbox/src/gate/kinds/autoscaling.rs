//! Auto Scaling groups, from the page of `AutoScalingGroup` of the API Reference: a group has a status
//! only while it is being deleted.

use super::{Echo, Ghost, Kind, Life, Shown};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "auto_scaling_group",
    service: "autoscaling",
    id: &["AutoScalingGroupName"],
    named_by: &[&["AutoScalingGroupName", "AutoScalingGroupNames"]],
    mark: "MinSize",
    create: &["CreateAutoScalingGroup"],
    modify: &["UpdateAutoScalingGroup"],
    delete: &["DeleteAutoScalingGroup"],
    describe: &["DescribeAutoScalingGroups"],
    life: Some(Life { state: "Status", deleting: Some("Delete in progress"), ..Life::NEW }),
    ghost: Some(Ghost {
        shown: Shown::List("DescribeAutoScalingGroupsResult/AutoScalingGroups", "member"),
        names: &[],
        filter: None,
        exists: ("AlreadyExists", 400),
    }),
    echoes: &[
        Echo::wrong("AvailabilityZoneDistribution", "AvailabilityZoneDistribution"),
        Echo::wrong("CapacityReservationSpecification", "CapacityReservationSpecification"),
        Echo::wrong("Context", "Context"),
        Echo::wrong("DefaultInstanceWarmup", "DefaultInstanceWarmup"),
        Echo::wrong("DesiredCapacityType", "DesiredCapacityType"),
        Echo::wrong("InstanceMaintenancePolicy", "InstanceMaintenancePolicy"),
        Echo::wrong("MaxInstanceLifetime", "MaxInstanceLifetime"),
        Echo::wrong("PlacementGroup", "PlacementGroup"),
    ],
    ..Kind::NEW
}];
