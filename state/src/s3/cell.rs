//! The one object that is the lock: in the bucket, or in a DynamoDB table.
//!
//! The main type is [`Cell`]. Every write of it is conditional on what was read before.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt as _;
use infra_sdk::store::StoreError;
use tokio::time::Instant;

use super::bucket::{Bucket, Condition, Pause, Put, Trouble, judge, timed};
use super::location::{Place, S3Location};
use super::wire::{self, LockWire};
use crate::site::Site as _;

/// The key attribute of the table, by the name that Terraform's lock tables have.
pub(super) const KEY: &str = "LockID";
const TAG: &str = "Tag";
const BODY: &str = "Body";

/// Where the lock of a state is.
pub(super) enum Cell {
    /// An object of the state.
    Object { bucket: Arc<Bucket>, place: Place },
    /// An item of a table.
    Item { client: Client, table: String, place: Place },
}

/// What became of a write.
#[expect(clippy::large_enum_variant, reason = "it is looked at where it is returned")]
pub(super) enum Wrote {
    /// It is there, with this tag.
    Done(String),
    /// Something else is there, or nothing.
    Refused(Option<(LockWire, String)>),
}

impl Cell {
    pub(super) fn new(
        config: &SdkConfig,
        location: &S3Location,
        bucket: &Arc<Bucket>,
        place: &Place,
    ) -> Self {
        let place = place.clone();
        match &location.lock_table {
            None => Self::Object { bucket: Arc::clone(bucket), place },
            Some(table) => Self::Item { client: Client::new(config), table: table.clone(), place },
        }
    }

    pub(super) fn place(&self) -> &Place {
        match self {
            Self::Object { place, .. } | Self::Item { place, .. } => place,
        }
    }

    /// The lock and its tag; `None` where there never was one.
    pub(super) async fn read(
        &self,
        until: Instant,
    ) -> Result<Option<(LockWire, String)>, StoreError> {
        let there = match self {
            Self::Object { bucket, place } => {
                bucket.get(&place.lock(), until).await?.map(|object| (object.bytes, object.tag))
            }
            Self::Item { client, table, place } => {
                let mut pause = Pause::until(until);
                loop {
                    match timed(until, get_item(client, table, place)).await {
                        Ok(there) => break there,
                        Err(Trouble::Unsure(reason)) => pause.wait(&reason).await,
                        Err(other) => Err(other.text()),
                    }
                    .map_err(|reason| self.unavailable("read", reason))?;
                }
            }
        };
        there.map(|(bytes, tag)| Ok((self.decode(&bytes)?, tag))).transpose()
    }

    /// Writes the lock if it still has the tag that was seen; `None` if nothing was there.
    pub(super) async fn write(
        &self,
        lock: &LockWire,
        seen: Option<&str>,
        until: Instant,
    ) -> Result<Wrote, StoreError> {
        let body = wire::encode(&self.place().lock(), lock)?;
        match self {
            Self::Object { bucket, place } => {
                let condition = seen.map_or(Condition::New, Condition::Over);
                match bucket.put(&place.lock(), &body, condition, until).await? {
                    Put::Written(tag) => Ok(Wrote::Done(tag)),
                    Put::Refused(None) => Ok(Wrote::Refused(None)),
                    Put::Refused(Some(object)) => {
                        Ok(Wrote::Refused(Some((self.decode(&object.bytes)?, object.tag))))
                    }
                }
            }
            Self::Item { client, table, place } => {
                let mut pause = Pause::until(until);
                let tag = blake3::hash(&body).to_hex().to_string();
                loop {
                    match timed(until, put_item(client, table, place, &tag, &body, seen)).await {
                        Ok(()) => return Ok(Wrote::Done(tag)),
                        Err(Trouble::Refused) => {
                            let there = self.read(until).await?;
                            // Ours: the reply to an earlier try was lost.
                            if there.as_ref().is_some_and(|(_, found)| *found == tag) {
                                return Ok(Wrote::Done(tag));
                            }
                            return Ok(Wrote::Refused(there));
                        }
                        Err(Trouble::Unsure(reason)) => pause.wait(&reason).await,
                        Err(other) => Err(other.text()),
                    }
                    .map_err(|reason| self.unavailable("write", reason))?;
                }
            }
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<LockWire, StoreError> {
        let place = self.place();
        let what = format!("the lock of {}", place.name());
        wire::read(&place.lock(), bytes, |reason| place.damaged(&what, reason))
    }

    fn unavailable(&self, verb: &str, reason: String) -> StoreError {
        let table = match self {
            Self::Object { .. } => String::new(),
            Self::Item { table, .. } => format!(" in the DynamoDB table {table}"),
        };
        let action = format!("{verb} the lock of {}{table}", self.place().name());
        StoreError::Unavailable { action, reason }
    }
}

async fn get_item(
    client: &Client,
    table: &str,
    place: &Place,
) -> Result<Option<(Vec<u8>, String)>, Trouble> {
    let request = client.get_item().table_name(table).consistent_read(true);
    let sent = request.key(KEY, AttributeValue::S(place.name())).send().boxed().await;
    let Some(mut item) = sent.map_err(|error| judge(&error))?.item else { return Ok(None) };
    match (item.remove(BODY), item.remove(TAG)) {
        (Some(AttributeValue::B(body)), Some(AttributeValue::S(tag))) => {
            Ok(Some((body.into_inner(), tag)))
        }
        _ => Err(Trouble::Final(format!("its item has no `{BODY}` and `{TAG}` of ours"))),
    }
}

async fn put_item(
    client: &Client,
    table: &str,
    place: &Place,
    tag: &str,
    body: &[u8],
    seen: Option<&str>,
) -> Result<(), Trouble> {
    let item = HashMap::from([
        (KEY.to_owned(), AttributeValue::S(place.name())),
        (TAG.to_owned(), AttributeValue::S(tag.to_owned())),
        (BODY.to_owned(), AttributeValue::B(Blob::new(body))),
    ]);
    let request = client.put_item().table_name(table).set_item(Some(item));
    let request = match seen {
        None => {
            let request = request.condition_expression("attribute_not_exists(#key)");
            request.expression_attribute_names("#key", KEY)
        }
        Some(seen) => request
            .condition_expression("#tag = :seen")
            .expression_attribute_names("#tag", TAG)
            .expression_attribute_values(":seen", AttributeValue::S(seen.to_owned())),
    };
    request.send().boxed().await.map(drop).map_err(|error| judge(&error))
}
