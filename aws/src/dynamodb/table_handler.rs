//! The AWS calls of [`Table`]: creating, finding, waiting, deleting. Changing and reading have files
//! of their own.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    BillingMode as WireBilling, GlobalSecondaryIndex as WireGlobal,
    LocalSecondaryIndex as WireLocal, PointInTimeRecoverySpecification, TableClass as WireClass,
    TableStatus, Tag, TimeToLiveSpecification,
};
use infra_sdk::provider::Readiness;
use infra_sdk::{Object, Tags};

use super::table::{
    BillingMode, GlobalSecondaryIndex, LocalSecondaryIndex, PointInTimeRecovery, Table, TimeToLive,
};
use super::table_read::{Answers, describe, list_tags, read, see};
use super::table_steps::{
    attributes, index_throughput, key_schema, projection, request, some, sse, steps, stream,
    throughput, wire_limits,
};
use crate::frame::calls::Patience;
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "dynamodb:CreateTable",
    "dynamodb:DeleteTable",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:ListTagsOfResource",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
];
/// The operations, and the key that encrypts. Source: DynamoDB developer guide, encryption at rest,
/// usage notes.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    ["iam:CreateServiceLinkedRole", "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey"]
);

const GONE: &[&str] = &["ResourceNotFoundException", "TableNotFoundException"];
/// It is busy with what was asked of it before. A name that is taken has the same code.
const BUSY: (&str, &str) =
    ("ResourceInUseException", "Attempt to change a resource which is still in use");

impl Handler for Table {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        protection: Some("deletion_protection_enabled"),
        create: "dynamodb:CreateTable",
        operations: OPERATIONS,
        actions: ACTIONS,
        after_create: &["point_in_time_recovery", "ttl"],
        gone: GONE,
        not_yet: &[
            BUSY,
            // Only one index at a time, and so many tables.
            ("LimitExceededException", "simultaneous"),
            ("ContinuousBackupsUnavailableException", ""),
        ],
        lingering: &[BUSY],
        patience: Patience {
            create: Duration::from_secs(30 * 60),
            update: Duration::from_secs(60 * 60),
            delete: Duration::from_secs(10 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        create(aws, want).await?;
        Ok(want.name.to_string())
    }

    /// DynamoDB has no call that describes many tables.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |known| read(aws, known)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        if changed.has("point_in_time_recovery") {
            set_recovery(aws, id, want.point_in_time_recovery.as_ref()).await?;
        }
        if changed.has("ttl") {
            set_time_to_live(aws, id, want.ttl.as_ref()).await?;
        }
        loop {
            let table = describe(aws, id).await?;
            let answers = Answers { table, ttl: None, recovery: None, tags: Tags::default() };
            let now = see(answers, &Object::new())?.inputs;
            let left = steps(&now, want, changed);
            let Some(step) = left.first() else { return Ok(()) };
            let call = request(aws, step, &now, want)?;
            aws.call(|| call.clone().send()).await?;
            // A table that does not show the last step yet would have it done once more.
            if left.len() == 1 {
                return Ok(());
            }
        }
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.dynamodb().delete_table().table_name(id).send()).await.map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match seen.outputs.status.as_str() {
            "ACTIVE" => Readiness::Ready,
            "INACCESSIBLE_ENCRYPTION_CREDENTIALS" => {
                Readiness::Failed("its key of KMS cannot be used".to_owned())
            }
            busy => Readiness::Waiting(busy.to_owned()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = absent(describe(aws, want.name.as_str()).await.map(Some), GONE)?;
        let Some(table) = found.filter(|t| t.table_status() != Some(&TableStatus::Deleting)) else {
            return Ok(Vec::new());
        };
        let arn = table.table_arn.ok_or_else(|| missing("TableArn"))?;
        let ours = is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0);
        Ok(table.table_name.filter(|_| ours).into_iter().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let arn = describe(aws, id).await?.table_arn.ok_or_else(|| missing("TableArn"))?;
        if !change.remove.is_empty() {
            aws.call(|| {
                let call = aws.dynamodb().untag_resource().resource_arn(&arn);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        if let Some(tags) = wire_tags(&Tags(change.set.clone()))? {
            aws.call(|| {
                let call = aws.dynamodb().tag_resource().resource_arn(&arn);
                call.set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

fn wire_tags(tags: &Tags) -> Result<Option<Vec<Tag>>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().map_err(incomplete);
    tags.0.iter().map(tag).collect::<Result<Vec<_>>>().map(some)
}

async fn create(aws: &Aws, want: &Table) -> Result<()> {
    let keys = key_schema(&want.hash_key, want.range_key.as_deref())?;
    let attributes = attributes(want)?;
    let throughput = match want.billing_mode {
        BillingMode::Provisioned => throughput(want.read_capacity, want.write_capacity)?,
        BillingMode::PayPerRequest => None,
    };
    let global = want.global_secondary_index.0.iter().map(|index| global_index(index, want));
    let global = some(global.collect::<Result<Vec<_>>>()?);
    let local = want.local_secondary_index.0.iter().map(|index| local_index(index, want));
    let local = some(local.collect::<Result<Vec<_>>>()?);
    let view = want.stream_view_type.filter(|_| want.stream_enabled);
    let stream = view.map(stream).transpose()?;
    let encryption = want.server_side_encryption.as_ref().filter(|block| block.enabled);
    let encryption = encryption.map(|block| sse(Some(block)));
    let limits = want.on_demand_throughput.as_ref().map(|limits| wire_limits(Some(limits)));
    let tags = wire_tags(&want.tags)?;
    aws.call(|| {
        aws.dynamodb()
            .create_table()
            .table_name(want.name.as_str())
            .set_attribute_definitions(Some(attributes.clone()))
            .set_key_schema(Some(keys.clone()))
            .billing_mode(WireBilling::from(want.billing_mode.as_str()))
            .set_provisioned_throughput(throughput.clone())
            .set_on_demand_throughput(limits.clone())
            .set_global_secondary_indexes(global.clone())
            .set_local_secondary_indexes(local.clone())
            .set_stream_specification(stream.clone())
            .set_sse_specification(encryption.clone())
            .table_class(WireClass::from(want.table_class.as_str()))
            .deletion_protection_enabled(want.deletion_protection_enabled)
            .set_tags(tags.clone())
            .send()
    })
    .await
    .map(drop)
}

fn global_index(index: &GlobalSecondaryIndex, want: &Table) -> Result<WireGlobal> {
    WireGlobal::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_schema(&index.hash_key, index.range_key.as_deref())?))
        .projection(projection(index.projection_type, &index.non_key_attributes))
        .set_provisioned_throughput(index_throughput(index, want)?)
        .set_on_demand_throughput(index.on_demand_throughput.as_ref().map(|l| wire_limits(Some(l))))
        .build()
        .map_err(incomplete)
}

fn local_index(index: &LocalSecondaryIndex, want: &Table) -> Result<WireLocal> {
    WireLocal::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_schema(&want.hash_key, Some(&index.range_key))?))
        .projection(projection(index.projection_type, &index.non_key_attributes))
        .build()
        .map_err(incomplete)
}

async fn set_recovery(aws: &Aws, id: &str, want: Option<&PointInTimeRecovery>) -> Result<()> {
    let want = want.filter(|block| block.enabled);
    let days = want.and_then(|block| block.recovery_period_in_days);
    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(want.is_some())
        .set_recovery_period_in_days(days.and_then(|days| i32::try_from(days).ok()))
        .build()
        .map_err(incomplete)?;
    aws.call(|| {
        let call = aws.dynamodb().update_continuous_backups().table_name(id);
        call.point_in_time_recovery_specification(recovery.clone()).send()
    })
    .await
    .map(drop)
}

/// Sets the attribute with the time. To have another one the one before is let go first.
async fn set_time_to_live(aws: &Aws, id: &str, want: Option<&TimeToLive>) -> Result<()> {
    let answer = aws.call(|| aws.dynamodb().describe_time_to_live().table_name(id).send()).await?;
    let now = answer.time_to_live_description.and_then(|ttl| ttl.attribute_name);
    let want = want.filter(|block| block.enabled).map(|block| block.attribute_name.as_str());
    let changes = match (now.as_deref(), want) {
        (now, want) if now == want => Vec::new(),
        (now, want) => now.map(|n| (n, false)).into_iter().chain(want.map(|n| (n, true))).collect(),
    };
    for (name, enabled) in changes {
        let ttl = TimeToLiveSpecification::builder().attribute_name(name).enabled(enabled);
        let ttl = ttl.build().map_err(incomplete)?;
        aws.call(|| {
            let call = aws.dynamodb().update_time_to_live().table_name(id);
            call.time_to_live_specification(ttl.clone()).send()
        })
        .await?;
    }
    Ok(())
}
