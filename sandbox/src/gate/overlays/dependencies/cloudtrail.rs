//! CloudTrail. From the page of `CreateTrail` of the API Reference (`TrailAlreadyExistsException`).

use super::{Hold, Look, Place};

pub(super) const HOLDS: &[Hold] = &[Hold {
    service: "cloudtrail",
    operation: "CreateTrail",
    subject: "Name",
    looks: &[Look {
        service: "cloudtrail",
        operation: "DescribeTrails",
        list: "trailList",
        place: Place::Field("Name"),
        ..Look::NEW
    }],
    code: "TrailAlreadyExistsException",
    message: "Trail {} already exists for customer.",
    ..Hold::NEW
}];
