//! What Route 53's types share: ids, and the records of a zone.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use aws_smithy_types::error::operation::BuildError;
use infra_sdk::provider::{Failure, FailureClass};

use crate::prelude::*;

/// An id without the word before it: `/hostedzone/Z1` is `Z1`.
pub(super) fn bare_id(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// A part of a request. Our types always have what it must have.
pub(super) fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))
}

/// Where a list of records begins.
#[derive(Clone, Default)]
struct Start {
    name: Option<String>,
    kind: Option<RrType>,
    set: Option<String>,
}

/// All records of a zone. Route 53 has three markers in place of a token.
pub(super) async fn records_of(aws: &Aws, zone: &str) -> Result<Vec<ResourceRecordSet>> {
    let mut all = Vec::new();
    let mut from = Start::default();
    loop {
        let page = aws
            .call(|| {
                aws.route53()
                    .list_resource_record_sets()
                    .hosted_zone_id(zone)
                    .set_start_record_name(from.name.clone())
                    .set_start_record_type(from.kind.clone())
                    .set_start_record_identifier(from.set.clone())
                    .send()
            })
            .await?;
        all.extend(page.resource_record_sets);
        if !page.is_truncated || page.next_record_name.is_none() {
            return Ok(all);
        }
        from = Start {
            name: page.next_record_name,
            kind: page.next_record_type,
            set: page.next_record_identifier,
        };
    }
}
