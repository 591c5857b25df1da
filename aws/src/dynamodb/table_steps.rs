//! How a [`Table`] is changed: one step after the other, each of which DynamoDB takes as a whole.
//!
//! While a step is under way the next is refused, and the frame calls again: what is left to do is
//! found out anew from what the table is by then.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode as WireBilling, CreateGlobalSecondaryIndexAction,
    DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType,
    OnDemandThroughput as WireLimits, Projection, ProjectionType as WireProjection,
    ProvisionedThroughput, ScalarAttributeType, SseSpecification, SseType, StreamSpecification,
    StreamViewType as WireView, TableClass as WireClass, UpdateGlobalSecondaryIndexAction,
};

use super::table::{
    BillingMode, GlobalSecondaryIndex, OnDemandThroughput, ProjectionType, ServerSideEncryption,
    StreamViewType, Table, TableAttribute,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// A change that one call makes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Whether the table can be deleted.
    Protection,
    /// Takes a global index away.
    DeleteIndex(String),
    /// What is paid for, and how much is set aside.
    Capacity,
    /// The limits of what is used.
    Limits,
    /// How storage and use are paid for.
    Class,
    /// Makes a global index.
    CreateIndex(String),
    /// Switches the stream off.
    StopStream,
    /// Switches the stream on.
    StartStream(StreamViewType),
    /// The key.
    Encryption,
}

/// What is left to do to get from `now` to `want` in what is to be changed, in order.
pub(super) fn steps(now: &Table, want: &Table, changed: &Changed) -> Vec<Step> {
    let mut steps = Vec::new();
    if changed.has("deletion_protection_enabled")
        && now.deletion_protection_enabled != want.deletion_protection_enabled
    {
        steps.push(Step::Protection);
    }
    let indexes = changed.has("global_secondary_index");
    let stays = |index: &&GlobalSecondaryIndex| {
        index_of(want, &index.name).is_some_and(|wanted| is_same(index, wanted))
    };
    if indexes {
        let gone = now.global_secondary_index.0.iter().filter(|index| !stays(index));
        steps.extend(gone.map(|index| Step::DeleteIndex(index.name.clone())));
    }
    if changed.any(&["billing_mode", "read_capacity", "write_capacity", "global_secondary_index"])
        && capacity_differs(now, want)
    {
        steps.push(Step::Capacity);
    }
    if changed.any(&["on_demand_throughput", "global_secondary_index"]) && limits_differ(now, want)
    {
        steps.push(Step::Limits);
    }
    if changed.has("table_class") && now.table_class != want.table_class {
        steps.push(Step::Class);
    }
    if indexes {
        let there =
            |name: &str| now.global_secondary_index.0.iter().filter(stays).any(|i| i.name == name);
        let new = want.global_secondary_index.0.iter().filter(|index| !there(&index.name));
        steps.extend(new.map(|index| Step::CreateIndex(index.name.clone())));
    }
    if changed.any(&["stream_enabled", "stream_view_type"]) {
        let wanted = want.stream_view_type.filter(|_| want.stream_enabled);
        // What a stream shows is said when it is switched on.
        if now.stream_enabled && now.stream_view_type != wanted {
            steps.push(Step::StopStream);
        }
        if let Some(view) = wanted.filter(|_| now.stream_view_type != wanted) {
            steps.push(Step::StartStream(view));
        }
    }
    if changed.has("server_side_encryption") && key(now) != key(want) {
        steps.push(Step::Encryption);
    }
    steps
}

fn index_of<'a>(table: &'a Table, name: &str) -> Option<&'a GlobalSecondaryIndex> {
    table.global_secondary_index.0.iter().find(|index| index.name == name)
}

/// Whether an index can become another in place.
fn is_same(one: &GlobalSecondaryIndex, other: &GlobalSecondaryIndex) -> bool {
    (&one.hash_key, &one.range_key, one.projection_type, &one.non_key_attributes)
        == (&other.hash_key, &other.range_key, other.projection_type, &other.non_key_attributes)
}

/// Whether what was asked for is not there; what was left out is.
fn differs(now: Option<u32>, want: Option<u32>) -> bool {
    want.is_some() && now != want
}

fn capacity_differs(now: &Table, want: &Table) -> bool {
    if now.billing_mode != want.billing_mode {
        return true;
    }
    want.billing_mode == BillingMode::Provisioned
        && (differs(now.read_capacity, want.read_capacity)
            || differs(now.write_capacity, want.write_capacity)
            || pairs(now, want).any(|(now, want)| index_capacity_differs(now, want)))
}

fn index_capacity_differs(now: &GlobalSecondaryIndex, want: &GlobalSecondaryIndex) -> bool {
    differs(now.read_capacity, want.read_capacity)
        || differs(now.write_capacity, want.write_capacity)
}

fn limits_differ(now: &Table, want: &Table) -> bool {
    want.billing_mode == BillingMode::PayPerRequest
        && (now.on_demand_throughput != want.on_demand_throughput
            || pairs(now, want)
                .any(|(now, want)| now.on_demand_throughput != want.on_demand_throughput))
}

/// Indexes that are there and stay.
fn pairs<'a>(
    now: &'a Table,
    want: &'a Table,
) -> impl Iterator<Item = (&'a GlobalSecondaryIndex, &'a GlobalSecondaryIndex)> {
    let there = now.global_secondary_index.0.iter();
    there.filter_map(|index| Some((index, index_of(want, &index.name)?)))
}

/// The key that encrypts, by its id: `None` where AWS owns it.
fn key(table: &Table) -> Option<Option<String>> {
    let encryption = table.server_side_encryption.as_ref().filter(|block| block.enabled)?;
    Some(encryption.kms_key_arn.as_ref().map(|key| key.id().to_owned()))
}

/// The call of a step.
pub(super) fn request(
    aws: &Aws,
    step: &Step,
    now: &Table,
    want: &Table,
) -> Result<UpdateTableFluentBuilder> {
    let call = aws.dynamodb().update_table().table_name(want.name.as_str());
    Ok(match step {
        Step::Protection => call.deletion_protection_enabled(want.deletion_protection_enabled),
        Step::DeleteIndex(name) => {
            let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(name);
            let delete = delete.build().map_err(incomplete)?;
            call.global_secondary_index_updates(
                GlobalSecondaryIndexUpdate::builder().delete(delete).build(),
            )
        }
        Step::CreateIndex(name) => {
            let index = index_of(want, name).ok_or_else(|| missing("index"))?;
            let create = GlobalSecondaryIndexUpdate::builder().create(create_index(index, want)?);
            call.set_attribute_definitions(Some(attributes(want)?))
                .global_secondary_index_updates(create.build())
        }
        Step::Capacity => capacity(call, now, want)?,
        Step::Limits => limits(call, now, want)?,
        Step::Class => call.table_class(WireClass::from(want.table_class.as_str())),
        Step::StopStream => {
            let stream = StreamSpecification::builder().stream_enabled(false);
            call.stream_specification(stream.build().map_err(incomplete)?)
        }
        Step::StartStream(view) => call.stream_specification(stream(*view)?),
        Step::Encryption => call.sse_specification(sse(want.server_side_encryption.as_ref())),
    })
}

fn capacity(
    call: UpdateTableFluentBuilder,
    now: &Table,
    want: &Table,
) -> Result<UpdateTableFluentBuilder> {
    let moved = now.billing_mode != want.billing_mode;
    let call =
        if moved { call.billing_mode(WireBilling::from(want.billing_mode.as_str())) } else { call };
    if want.billing_mode == BillingMode::PayPerRequest {
        return Ok(call);
    }
    let own = differs(now.read_capacity, want.read_capacity)
        || differs(now.write_capacity, want.write_capacity);
    let call = if moved || own {
        let read = want.read_capacity.or(now.read_capacity);
        let write = want.write_capacity.or(now.write_capacity);
        call.set_provisioned_throughput(throughput(read, write)?)
    } else {
        call
    };
    // Who begins to set aside has to say it for every index.
    let updates = pairs(now, want)
        .filter(|(now, want)| moved || index_capacity_differs(now, want))
        .map(|(now, want)| {
            let read = want.read_capacity.or(now.read_capacity);
            let write = want.write_capacity.or(now.write_capacity);
            update_index(&want.name, throughput(read, write)?, None)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(call.set_global_secondary_index_updates(some(updates)))
}

fn limits(
    call: UpdateTableFluentBuilder,
    now: &Table,
    want: &Table,
) -> Result<UpdateTableFluentBuilder> {
    let own = (now.on_demand_throughput != want.on_demand_throughput)
        .then(|| wire_limits(want.on_demand_throughput.as_ref()));
    let updates = pairs(now, want)
        .filter(|(now, want)| now.on_demand_throughput != want.on_demand_throughput)
        .map(|(_, want)| {
            let limits = wire_limits(want.on_demand_throughput.as_ref());
            update_index(&want.name, None, Some(limits))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(call.set_on_demand_throughput(own).set_global_secondary_index_updates(some(updates)))
}

fn update_index(
    name: &str,
    throughput: Option<ProvisionedThroughput>,
    limits: Option<WireLimits>,
) -> Result<GlobalSecondaryIndexUpdate> {
    let update = UpdateGlobalSecondaryIndexAction::builder()
        .index_name(name)
        .set_provisioned_throughput(throughput)
        .set_on_demand_throughput(limits)
        .build()
        .map_err(incomplete)?;
    Ok(GlobalSecondaryIndexUpdate::builder().update(update).build())
}

fn create_index(
    index: &GlobalSecondaryIndex,
    want: &Table,
) -> Result<CreateGlobalSecondaryIndexAction> {
    CreateGlobalSecondaryIndexAction::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_schema(&index.hash_key, index.range_key.as_deref())?))
        .projection(projection(index.projection_type, &index.non_key_attributes))
        .set_provisioned_throughput(index_throughput(index, want)?)
        .set_on_demand_throughput(index.on_demand_throughput.as_ref().map(|l| wire_limits(Some(l))))
        .build()
        .map_err(incomplete)
}

/// What is set aside for an index, where that is paid for.
pub(super) fn index_throughput(
    index: &GlobalSecondaryIndex,
    want: &Table,
) -> Result<Option<ProvisionedThroughput>> {
    match want.billing_mode {
        BillingMode::Provisioned => throughput(index.read_capacity, index.write_capacity),
        BillingMode::PayPerRequest => Ok(None),
    }
}

/// What is set aside.
pub(super) fn throughput(
    read: Option<u32>,
    write: Option<u32>,
) -> Result<Option<ProvisionedThroughput>> {
    let (Some(read), Some(write)) = (read, write) else { return Ok(None) };
    let throughput = ProvisionedThroughput::builder()
        .read_capacity_units(i64::from(read))
        .write_capacity_units(i64::from(write));
    throughput.build().map(Some).map_err(incomplete)
}

/// Limits; no limit is -1. Source: API Reference, OnDemandThroughput.
pub(super) fn wire_limits(limits: Option<&OnDemandThroughput>) -> WireLimits {
    let units = |units: Option<u32>| units.map_or(-1, i64::from);
    WireLimits::builder()
        .max_read_request_units(units(limits.and_then(|limits| limits.max_read_request_units)))
        .max_write_request_units(units(limits.and_then(|limits| limits.max_write_request_units)))
        .build()
}

/// The keys of a table or an index.
pub(super) fn key_schema(hash: &str, range: Option<&str>) -> Result<Vec<KeySchemaElement>> {
    let keys = [(Some(hash), KeyType::Hash), (range, KeyType::Range)];
    keys.into_iter()
        .filter_map(|(name, kind)| Some((name?, kind)))
        .map(|(name, kind)| {
            let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            element.build().map_err(incomplete)
        })
        .collect()
}

/// The attributes of keys.
pub(super) fn attributes(want: &Table) -> Result<Vec<AttributeDefinition>> {
    let wire = |attribute: &TableAttribute| {
        AttributeDefinition::builder()
            .attribute_name(&attribute.name)
            .attribute_type(ScalarAttributeType::from(attribute.r#type.as_str()))
            .build()
            .map_err(incomplete)
    };
    want.attribute.0.iter().map(wire).collect()
}

/// Which attributes an entry of an index has.
pub(super) fn projection(kind: ProjectionType, others: &BTreeSet<String>) -> Projection {
    Projection::builder()
        .projection_type(WireProjection::from(kind.as_str()))
        .set_non_key_attributes(some(others.iter().cloned().collect()))
        .build()
}

/// A stream that is on.
pub(super) fn stream(view: StreamViewType) -> Result<StreamSpecification> {
    StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(WireView::from(view.as_str()))
        .build()
        .map_err(incomplete)
}

/// The key that encrypts; without it, or where it is off, one that AWS owns.
pub(super) fn sse(encryption: Option<&ServerSideEncryption>) -> SseSpecification {
    match encryption.filter(|block| block.enabled) {
        Some(block) => SseSpecification::builder()
            .enabled(true)
            .sse_type(SseType::Kms)
            .set_kms_master_key_id(block.kms_key_arn.as_ref().map(|key| key.as_str().to_owned()))
            .build(),
        None => SseSpecification::builder().enabled(false).build(),
    }
}

/// A list as DynamoDB takes it: not at all where it is empty.
pub(super) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
