//! Auto Scaling. From the page of `CreateAutoScalingGroup` (`AlreadyExists`) of the API
//! Reference.

use super::{Hold, Look, Place};

const GROUPS: Look = Look {
    service: "autoscaling",
    operation: "DescribeAutoScalingGroups",
    list: "DescribeAutoScalingGroupsResult/AutoScalingGroups",
    ..Look::NEW
};

pub(super) const HOLDS: &[Hold] = &[Hold {
    service: "autoscaling",
    operation: "CreateAutoScalingGroup",
    subject: "AutoScalingGroupName",
    looks: &[Look { place: Place::Field("AutoScalingGroupName"), ..GROUPS }],
    code: "AlreadyExists",
    message: "AutoScalingGroup by this name already exists - A group with the name {} already exists",
    ..Hold::NEW
}];
