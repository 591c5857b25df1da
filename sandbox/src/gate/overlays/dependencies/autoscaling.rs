//! Auto Scaling. From the pages of `CreateAutoScalingGroup` (`AlreadyExists`) and
//! `DeleteAutoScalingGroup` (`ResourceInUse`) of the API Reference.

use super::{Hold, Look, Place};

const GROUPS: Look = Look {
    service: "autoscaling",
    operation: "DescribeAutoScalingGroups",
    list: "DescribeAutoScalingGroupsResult/AutoScalingGroups",
    ..Look::NEW
};

pub(super) const HOLDS: &[Hold] = &[
    Hold {
        service: "autoscaling",
        operation: "CreateAutoScalingGroup",
        subject: "AutoScalingGroupName",
        looks: &[Look { place: Place::Field("AutoScalingGroupName"), ..GROUPS }],
        code: "AlreadyExists",
        message: "AutoScalingGroup by this name already exists - A group with the name {} already exists",
        ..Hold::NEW
    },
    Hold {
        service: "autoscaling",
        operation: "DeleteAutoScalingGroup",
        subject: "AutoScalingGroupName",
        pardon: Some(("ForceDelete", "true")),
        looks: &[Look {
            operation: "DescribeAutoScalingInstances",
            list: "DescribeAutoScalingInstancesResult/AutoScalingInstances",
            place: Place::Field("AutoScalingGroupName"),
            ..GROUPS
        }],
        code: "ResourceInUse",
        message: "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
        ..Hold::NEW
    },
];
