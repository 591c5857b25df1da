//! What DynamoDB says of a [`Table`], as our structs.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode as WireBilling, GlobalSecondaryIndexDescription, IndexStatus,
    KeySchemaElement, KeyType, LocalSecondaryIndexDescription, OnDemandThroughput as WireLimits,
    PointInTimeRecoveryStatus, Projection, ProvisionedThroughputDescription, SseDescription,
    SseStatus, TableClass as WireClass, TableDescription, TableStatus, Tag, TimeToLiveStatus,
};
use infra_sdk::{Arn, BlockSet, FieldType, Object, Tags};

use super::TableName;
use super::table::{
    BillingMode, GlobalSecondaryIndex, LocalSecondaryIndex, OnDemandThroughput,
    PointInTimeRecovery, ProjectionType, ServerSideEncryption, Table, TableAttribute, TableClass,
    TableOutputs, TimeToLive,
};
use crate::AnyArn;
use crate::kms::KeyRef;
use crate::prelude::*;

/// What AWS says of a table, from the calls that it takes.
pub(super) struct Answers {
    pub(super) table: TableDescription,
    pub(super) ttl: Option<TimeToLive>,
    pub(super) recovery: Option<PointInTimeRecovery>,
    pub(super) tags: Tags,
}

/// The table of that name.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<TableDescription> {
    let answer = aws.call(|| aws.dynamodb().describe_table().table_name(name).send()).await?;
    answer.table.ok_or_else(|| missing("Table"))
}

pub(super) async fn read(aws: &Aws, known: Known) -> Result<Option<Seen<Table>>> {
    let table = describe(aws, &known.id).await?;
    // The other calls are for tables that are there.
    let there = !matches!(
        table.table_status,
        Some(TableStatus::Creating | TableStatus::Deleting | TableStatus::Archiving)
    );
    let answers = if there {
        let arn = table.table_arn.clone().ok_or_else(|| missing("TableArn"))?;
        let (ttl, recovery, tags) = futures_util::try_join!(
            time_to_live(aws, &known.id),
            recovery(aws, &known.id),
            list_tags(aws, &arn),
        )?;
        Answers { table, ttl, recovery, tags }
    } else {
        Answers { table, ttl: None, recovery: None, tags: Tags::default() }
    };
    see(answers, &known.recorded).map(Some)
}

/// The tags of a table.
pub(super) async fn list_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.dynamodb().list_tags_of_resource().resource_arn(arn);
                call.set_next_token(token).send()
            },
            |page| page.next_token(),
        )
        .await?;
    let tags = pages.into_iter().flat_map(|page| page.tags.unwrap_or_default());
    Ok(Tags(tags.map(|Tag { key, value, .. }| (key, value)).collect()))
}

/// The attribute with the time, where items are removed or soon will be.
async fn time_to_live(aws: &Aws, name: &str) -> Result<Option<TimeToLive>> {
    let answer =
        aws.call(|| aws.dynamodb().describe_time_to_live().table_name(name).send()).await?;
    let on = answer.time_to_live_description.filter(|ttl| {
        let status = ttl.time_to_live_status();
        matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
    });
    let name = on.and_then(|ttl| ttl.attribute_name);
    Ok(name.map(|attribute_name| TimeToLive { attribute_name, enabled: true }))
}

async fn recovery(aws: &Aws, name: &str) -> Result<Option<PointInTimeRecovery>> {
    let describe = || aws.dynamodb().describe_continuous_backups().table_name(name);
    let answer = aws.call(|| describe().send()).await?;
    let recovery = answer
        .continuous_backups_description
        .and_then(|backups| backups.point_in_time_recovery_description)
        .filter(|recovery| {
            let status = recovery.point_in_time_recovery_status();
            status == Some(&PointInTimeRecoveryStatus::Enabled)
        });
    Ok(recovery.map(|recovery| PointInTimeRecovery {
        enabled: true,
        recovery_period_in_days: recovery
            .recovery_period_in_days
            .and_then(|days| u32::try_from(days).ok()),
    }))
}

/// What is switched off and recorded as such; AWS says nothing of it.
fn off<T: FieldType>(recorded: &Object, name: &str, is_on: fn(&T) -> bool) -> Option<T> {
    let recorded = recorded.get(name).filter(|value| !value.is_null())?;
    T::from_value(recorded).ok().filter(|block| !is_on(block))
}

pub(super) fn see(answers: Answers, recorded: &Object) -> Result<Seen<Table>> {
    let Answers { table, ttl, recovery, tags } = answers;
    let status = status(&table);
    let name = table.table_name.ok_or_else(|| missing("TableName"))?;
    let (hash_key, range_key) = keys(table.key_schema.unwrap_or_default());
    let mode = table.billing_mode_summary.and_then(|summary| summary.billing_mode);
    // The summary is left out of tables that always were of this mode. Source: API Reference.
    let mode = mode.unwrap_or(WireBilling::Provisioned);
    let class = table.table_class_summary.and_then(|summary| summary.table_class);
    let class = class.unwrap_or(WireClass::Standard);
    let capacity = table.provisioned_throughput.as_ref();
    let stream = table.stream_specification.filter(|stream| stream.stream_enabled);
    let view = stream.as_ref().and_then(|stream| stream.stream_view_type.as_ref());
    let global = table.global_secondary_indexes.unwrap_or_default().into_iter();
    let global = global.filter(|index| index.index_status() != Some(&IndexStatus::Deleting));
    let local = table.local_secondary_indexes.unwrap_or_default().into_iter();
    let encryption = table.sse_description.and_then(encryption);
    let inputs = Table {
        name: TableName::new(&name),
        attribute: BlockSet(
            table
                .attribute_definitions
                .unwrap_or_default()
                .into_iter()
                .map(attribute)
                .collect::<Result<_>>()?,
        ),
        hash_key: hash_key.ok_or_else(|| missing("KeySchema"))?,
        range_key,
        billing_mode: parsed::<BillingMode>(Some(mode.as_str()), "BillingMode")?,
        read_capacity: capacity.and_then(|c| units(c.read_capacity_units)),
        write_capacity: capacity.and_then(|c| units(c.write_capacity_units)),
        on_demand_throughput: table.on_demand_throughput.as_ref().and_then(limits),
        global_secondary_index: BlockSet(global.map(global_index).collect::<Result<_>>()?),
        local_secondary_index: BlockSet(local.map(local_index).collect::<Result<_>>()?),
        point_in_time_recovery: recovery.or_else(|| {
            off(recorded, "point_in_time_recovery", |block: &PointInTimeRecovery| block.enabled)
        }),
        server_side_encryption: encryption.or_else(|| {
            off(recorded, "server_side_encryption", |block: &ServerSideEncryption| block.enabled)
        }),
        stream_enabled: stream.is_some(),
        stream_view_type: view
            .map(|view| parsed(Some(view.as_str()), "StreamViewType"))
            .transpose()?,
        table_class: parsed::<TableClass>(Some(class.as_str()), "TableClass")?,
        ttl: ttl.or_else(|| off(recorded, "ttl", |block: &TimeToLive| block.enabled)),
        deletion_protection_enabled: table.deletion_protection_enabled.unwrap_or(false),
        tags,
    };
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let outputs = TableOutputs {
        id: TableName::new(name),
        arn: Arn::new(table.table_arn.ok_or_else(|| missing("TableArn"))?),
        stream_arn: filled(table.latest_stream_arn).map(AnyArn::new),
        stream_label: filled(table.latest_stream_label),
        status,
    };
    Ok(Seen::new(inputs, outputs))
}

/// What the table waits for: itself, an index, or its key.
fn status(table: &TableDescription) -> String {
    let own = table.table_status().map_or("UNKNOWN", TableStatus::as_str);
    let index = table.global_secondary_indexes().iter().find_map(|index| {
        let status = index.index_status().filter(|status| **status != IndexStatus::Active)?;
        Some(format!("index {} {}", index.index_name().unwrap_or_default(), status.as_str()))
    });
    let sse = table.sse_description().and_then(SseDescription::status).filter(|status| {
        matches!(status, SseStatus::Enabling | SseStatus::Disabling | SseStatus::Updating)
    });
    let sse = sse.map(|status| format!("encryption {}", status.as_str()));
    if own == TableStatus::Active.as_str() {
        index.or(sse).unwrap_or_else(|| own.to_owned())
    } else {
        own.to_owned()
    }
}

fn attribute(wire: AttributeDefinition) -> Result<TableAttribute> {
    let kind = parsed(Some(wire.attribute_type.as_str()), "AttributeType")?;
    Ok(TableAttribute { name: wire.attribute_name, r#type: kind })
}

/// The hash key and the range key.
fn keys(schema: Vec<KeySchemaElement>) -> (Option<String>, Option<String>) {
    let mut keys = (None, None);
    for element in schema {
        match element.key_type {
            KeyType::Hash => keys.0 = Some(element.attribute_name),
            _ => keys.1 = Some(element.attribute_name),
        }
    }
    keys
}

/// A capacity; where use is paid for AWS says 0.
fn units(number: Option<i64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
}

/// Limits; for none AWS says nothing or -1.
fn limits(wire: &WireLimits) -> Option<OnDemandThroughput> {
    let limits = OnDemandThroughput {
        max_read_request_units: units(wire.max_read_request_units),
        max_write_request_units: units(wire.max_write_request_units),
    };
    let any = limits.max_read_request_units.is_some() || limits.max_write_request_units.is_some();
    any.then_some(limits)
}

fn projection(wire: Option<Projection>) -> Result<(ProjectionType, Vec<String>)> {
    let wire = wire.ok_or_else(|| missing("Projection"))?;
    let kind = wire.projection_type.as_ref().map(|kind| kind.as_str());
    Ok((parsed(kind, "ProjectionType")?, wire.non_key_attributes.unwrap_or_default()))
}

fn global_index(wire: GlobalSecondaryIndexDescription) -> Result<GlobalSecondaryIndex> {
    let (hash_key, range_key) = keys(wire.key_schema.unwrap_or_default());
    let (projection_type, others) = projection(wire.projection)?;
    let capacity = wire.provisioned_throughput.as_ref();
    let of = |pick: fn(&ProvisionedThroughputDescription) -> Option<i64>| {
        capacity.and_then(pick).and_then(|number| units(Some(number)))
    };
    Ok(GlobalSecondaryIndex {
        name: wire.index_name.ok_or_else(|| missing("IndexName"))?,
        hash_key: hash_key.ok_or_else(|| missing("KeySchema"))?,
        range_key,
        projection_type,
        non_key_attributes: others.into_iter().collect(),
        read_capacity: of(|capacity| capacity.read_capacity_units),
        write_capacity: of(|capacity| capacity.write_capacity_units),
        on_demand_throughput: wire.on_demand_throughput.as_ref().and_then(limits),
    })
}

fn local_index(wire: LocalSecondaryIndexDescription) -> Result<LocalSecondaryIndex> {
    let (_, range_key) = keys(wire.key_schema.unwrap_or_default());
    let (projection_type, others) = projection(wire.projection)?;
    Ok(LocalSecondaryIndex {
        name: wire.index_name.ok_or_else(|| missing("IndexName"))?,
        range_key: range_key.ok_or_else(|| missing("KeySchema"))?,
        projection_type,
        non_key_attributes: others.into_iter().collect(),
    })
}

/// Encryption with a key of KMS; `None` with a key that AWS owns.
fn encryption(wire: SseDescription) -> Option<ServerSideEncryption> {
    let off = matches!(wire.status, Some(SseStatus::Disabled | SseStatus::Disabling));
    (!off).then(|| ServerSideEncryption {
        enabled: true,
        kms_key_arn: wire.kms_master_key_arn.map(KeyRef::new),
    })
}
