//! Route 53. From the page of `CreateHostedZone` of the API Reference (`HostedZoneAlreadyExists`).
//! moto refuses to delete a zone with records by itself.

use super::{Hold, Look, Place};

pub(super) const HOLDS: &[Hold] = &[Hold {
    service: "route53",
    operation: "CreateHostedZone",
    subject: "CallerReference",
    looks: &[Look {
        service: "route53",
        operation: "ListHostedZones",
        list: "HostedZones",
        place: Place::Field("CallerReference"),
        ..Look::NEW
    }],
    code: "HostedZoneAlreadyExists",
    status: 409,
    message: "A hosted zone has already been created with the specified caller reference.",
    ..Hold::NEW
}];
