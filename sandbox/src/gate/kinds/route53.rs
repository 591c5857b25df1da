//! Route 53's changes, from the page of `ChangeInfo` of the API Reference: `PENDING`, then `INSYNC`.

use super::{Kind, Life};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "route53_change",
    service: "route53",
    id: &["Id"],
    named_by: &[&["Id"]],
    mark: "SubmittedAt",
    create: &["ChangeResourceRecordSets", "CreateHostedZone", "DeleteHostedZone"],
    describe: &["GetChange"],
    life: Some(Life { state: "Status", creating: Some("PENDING"), ..Life::NEW }),
    ..Kind::NEW
}];
