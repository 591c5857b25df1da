//! A table of DynamoDB with its indexes.
//!
//! - Indexes are compared by their names. A global index whose keys or projection change is deleted
//!   and made again, without another table; DynamoDB takes one such change at a time.
//! - A local index can be made with its table only.
//! - Replicas in other regions, imports from S3, restores, and indexes with more than two key
//!   attributes are not among the arguments.
//!
//! The handler is in `table_handler`, `table_read` and `table_steps`.
//!
//! API: CreateTable, DescribeTable, UpdateTable, DeleteTable, DescribeTimeToLive, UpdateTimeToLive,
//! DescribeContinuousBackups, UpdateContinuousBackups, ListTagsOfResource, TagResource,
//! UntagResource.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Block, BlockSet, Choice, Outputs, Resource, Tags};

use super::TableName;
use super::table_rules::validate;
use crate::AnyArn;
use crate::kms::KeyRef;

/// A table.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_dynamodb_table", outputs = TableOutputs, stateful, validate = validate)]
pub struct Table {
    /// Name, unique in the region, from 3 to 255 characters.
    #[field(force_new)]
    pub name: TableName,
    /// Attributes that keys of the table and of its indexes are made of; no others.
    #[field(required)]
    pub attribute: BlockSet<TableAttribute>,
    /// Attribute that items are spread by.
    #[field(force_new)]
    pub hash_key: String,
    /// Attribute that items of one hash key are sorted by.
    #[field(force_new)]
    pub range_key: Option<String>,
    /// What is paid for: what is set aside, or what is used.
    #[field(default = BillingMode::Provisioned)]
    pub billing_mode: BillingMode,
    /// Reads that are set aside, a second; required when what is set aside is paid for.
    #[field(computed, range = 1..=4_294_967_295)]
    pub read_capacity: Option<u32>,
    /// Writes that are set aside, a second; required when what is set aside is paid for.
    #[field(computed, range = 1..=4_294_967_295)]
    pub write_capacity: Option<u32>,
    /// Limits of what is used, when that is paid for.
    pub on_demand_throughput: Option<OnDemandThroughput>,
    /// Indexes with keys of their own, at most 20.
    pub global_secondary_index: BlockSet<GlobalSecondaryIndex>,
    /// Indexes with the table's hash key, at most 5.
    #[field(force_new)]
    pub local_secondary_index: BlockSet<LocalSecondaryIndex>,
    /// Whether the table can be restored to any second of the last days.
    pub point_in_time_recovery: Option<PointInTimeRecovery>,
    /// Encryption with a key of KMS; left out, with a key that AWS owns.
    pub server_side_encryption: Option<ServerSideEncryption>,
    /// Keep what changes for 24 hours, for those who follow the table.
    #[field(default = false)]
    pub stream_enabled: bool,
    /// What the stream says of an item that changes.
    pub stream_view_type: Option<StreamViewType>,
    /// How storage and use are paid for.
    #[field(default = TableClass::Standard)]
    pub table_class: TableClass,
    /// Attribute with the time after which an item is removed.
    pub ttl: Option<TimeToLive>,
    /// Refuse to delete the table.
    #[field(default = false)]
    pub deletion_protection_enabled: bool,
    /// Tags.
    pub tags: Tags,
}

/// An attribute that a key is made of.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TableAttribute {
    /// Name, at most 255 characters.
    pub name: String,
    /// What it holds.
    pub r#type: AttributeType,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AttributeType {
    /// Bytes.
    #[choice("B")]
    Binary,
    /// A number.
    #[choice("N")]
    Number,
    /// Text.
    #[choice("S")]
    String,
}

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum BillingMode {
    /// What is used.
    #[choice("PAY_PER_REQUEST")]
    PayPerRequest,
    /// What is set aside.
    #[choice("PROVISIONED")]
    Provisioned,
}

/// Limits of what is used. What is left out has no limit.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct OnDemandThroughput {
    /// The most reads a second.
    #[field(range = 1..=4_294_967_295)]
    pub max_read_request_units: Option<u32>,
    /// The most writes a second.
    #[field(range = 1..=4_294_967_295)]
    pub max_write_request_units: Option<u32>,
}

/// An index with keys of its own.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GlobalSecondaryIndex {
    /// Name, unique in the table, from 3 to 255 characters.
    pub name: String,
    /// Attribute that entries are spread by.
    pub hash_key: String,
    /// Attribute that entries of one hash key are sorted by.
    pub range_key: Option<String>,
    /// Which attributes an entry has.
    pub projection_type: ProjectionType,
    /// Attributes besides the keys, with `INCLUDE`.
    pub non_key_attributes: BTreeSet<String>,
    /// Reads that are set aside, a second; required when what is set aside is paid for.
    #[field(computed, range = 1..=4_294_967_295)]
    pub read_capacity: Option<u32>,
    /// Writes that are set aside, a second; required when what is set aside is paid for.
    #[field(computed, range = 1..=4_294_967_295)]
    pub write_capacity: Option<u32>,
    /// Limits of what is used, when that is paid for.
    pub on_demand_throughput: Option<OnDemandThroughput>,
}

/// An index with the table's hash key.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LocalSecondaryIndex {
    /// Name, unique in the table, from 3 to 255 characters.
    pub name: String,
    /// Attribute that entries of one hash key are sorted by.
    pub range_key: String,
    /// Which attributes an entry has.
    pub projection_type: ProjectionType,
    /// Attributes besides the keys, with `INCLUDE`.
    pub non_key_attributes: BTreeSet<String>,
}

/// Which attributes an entry of an index has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ProjectionType {
    /// Every one.
    #[choice("ALL")]
    All,
    /// The keys, and those that are named.
    #[choice("INCLUDE")]
    Include,
    /// The keys of the table and of the index.
    #[choice("KEYS_ONLY")]
    KeysOnly,
}

/// Whether the table can be restored to any second of the last days.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PointInTimeRecovery {
    /// Whether it can.
    pub enabled: bool,
    /// How many days back. Left out, 35.
    #[field(computed, range = 1..=35)]
    pub recovery_period_in_days: Option<u32>,
}

/// Encryption with a key of KMS.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServerSideEncryption {
    /// Whether a key of KMS encrypts; otherwise one that AWS owns does.
    pub enabled: bool,
    /// Key. Left out, the one that AWS has for DynamoDB in the account.
    #[field(computed)]
    pub kms_key_arn: Option<KeyRef>,
}

/// What the stream says of an item that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum StreamViewType {
    /// Its keys.
    #[choice("KEYS_ONLY")]
    KeysOnly,
    /// The item before and after.
    #[choice("NEW_AND_OLD_IMAGES")]
    NewAndOldImages,
    /// The item after.
    #[choice("NEW_IMAGE")]
    NewImage,
    /// The item before.
    #[choice("OLD_IMAGE")]
    OldImage,
}

/// How storage and use are paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TableClass {
    /// Use is cheap.
    #[choice("STANDARD")]
    Standard,
    /// Storage is cheap.
    #[choice("STANDARD_INFREQUENT_ACCESS")]
    StandardInfrequentAccess,
}

/// Attribute with the time after which an item is removed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TimeToLive {
    /// Its name. It holds seconds since 1970.
    pub attribute_name: String,
    /// Whether items are removed.
    #[field(default = true)]
    pub enabled: bool,
}

/// What AWS assigns to a [`Table`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TableOutputs {
    /// The table's name.
    pub id: TableName,
    /// The table's ARN.
    pub arn: Arn<Table>,
    /// ARN of the newest stream, also of one that was switched off.
    pub stream_arn: Option<AnyArn>,
    /// Label of the newest stream: the time when it was made.
    pub stream_label: Option<String>,
    /// What the table or an index waits for; `ACTIVE` when it is ready.
    pub status: String,
}
