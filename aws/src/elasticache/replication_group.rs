//! A replication group: a cache of Redis or Valkey, in one shard (cluster mode off) or in several
//! (cluster mode on). Slow: it takes minutes to be made, changed and deleted.
//!
//! - Changes that need a restart wait for the maintenance window, unless `apply_immediately` is set.
//!   What waits counts as done: it is no difference. Shards and replicas are changed at once.
//! - A token is added to the one before (`ROTATE`) or takes its place (`SET`); it is deleted when it
//!   is left out.
//! - Deleting makes a final snapshot where `final_snapshot_identifier` is set.
//! - Global datastores, Outposts and durability are not offered.
//!
//! The rules are in `replication_group_rules`, the handler in `replication_group_handler`,
//! `replication_group_modify` and `replication_group_read`.
//!
//! API: CreateReplicationGroup, DescribeReplicationGroups, DescribeCacheClusters,
//! ModifyReplicationGroup, ModifyReplicationGroupShardConfiguration, IncreaseReplicaCount,
//! DecreaseReplicaCount, DeleteReplicationGroup, ListTagsForResource, AddTagsToResource,
//! RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Block, BlockSet, Choice, Days, Outputs, Resource, Tags};

use super::replication_group_rules::validate;
use super::{
    CacheMaintenanceWindow, CacheParameterGroupName, CacheSubnetGroupName, CacheUserGroupId,
    ReplicationGroupId, SnapshotWindow,
};
use crate::AnyArn;
use crate::ec2::SecurityGroupId;
use crate::kms::KeyRef;

/// A cache of Redis or Valkey.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_elasticache_replication_group",
    outputs = ReplicationGroupOutputs,
    stateful,
    validate = validate
)]
pub struct ReplicationGroup {
    /// Name, unique in the region, at most 40 characters.
    #[field(force_new)]
    pub replication_group_id: ReplicationGroupId,
    /// What it is for.
    pub description: String,
    /// Size of the machines: `cache.t4g.medium`.
    pub node_type: String,
    /// Make changes at once and not in the next maintenance window.
    #[field(default = false, write_only)]
    pub apply_immediately: bool,
    /// Encrypt what is stored. Left out, AWS's choice for the engine.
    #[field(force_new, computed)]
    pub at_rest_encryption_enabled: Option<bool>,
    /// Password of the cache, 16 to 128 characters. AWS never returns it, and it is never recorded
    /// in clear.
    #[field(sensitive, write_only)]
    pub auth_token: Option<String>,
    /// The same, under the name that Terraform has for tokens that are not in its state.
    #[field(sensitive, write_only)]
    pub auth_token_wo: Option<String>,
    /// Change it to have `auth_token_wo` set once more.
    #[field(write_only)]
    pub auth_token_wo_version: Option<u32>,
    /// What a new token does to the one before.
    #[field(default = AuthTokenUpdateStrategy::Rotate, write_only)]
    pub auth_token_update_strategy: AuthTokenUpdateStrategy,
    /// Let AWS upgrade the minor version in the maintenance window.
    #[field(default = true)]
    pub auto_minor_version_upgrade: bool,
    /// Let a replica take the place of a primary that fails.
    #[field(default = false)]
    pub automatic_failover_enabled: bool,
    /// Whether there can be several shards. Left out, as the parameter group says.
    #[field(computed)]
    pub cluster_mode: Option<ClusterMode>,
    /// Keep what is seldom used on disk; of `r6gd` machines.
    #[field(force_new, computed)]
    pub data_tiering_enabled: Option<bool>,
    /// Engine. From Redis one can go over to Valkey, and not back.
    #[field(default = CacheEngine::Redis)]
    pub engine: CacheEngine,
    /// Version, or the beginning of one: `7.1`. Left out, AWS's choice.
    #[field(computed)]
    pub engine_version: Option<String>,
    /// Name of the snapshot that is made before the cache is deleted.
    #[field(write_only)]
    pub final_snapshot_identifier: Option<String>,
    /// What addresses are told to clients.
    #[field(computed)]
    pub ip_discovery: Option<IpDiscovery>,
    /// Key that encrypts what is stored. Left out, AWS's own.
    #[field(force_new, computed)]
    pub kms_key_id: Option<KeyRef>,
    /// Where logs go.
    pub log_delivery_configuration: BlockSet<LogDelivery>,
    /// When maintenance may be done, in UTC. Left out, AWS's choice.
    #[field(computed)]
    pub maintenance_window: Option<CacheMaintenanceWindow>,
    /// Keep the members in several availability zones.
    #[field(default = false)]
    pub multi_az_enabled: bool,
    /// What addresses it has.
    #[field(force_new, computed)]
    pub network_type: Option<CacheNetworkType>,
    /// Zones and slots of each shard when the cache is made.
    #[field(force_new, computed, write_only)]
    pub node_group_configuration: Vec<NodeGroupConfiguration>,
    /// Topic that is told what happens.
    pub notification_topic_arn: Option<AnyArn>,
    /// Members, the primary among them, of a cache with one shard.
    #[field(computed, range = 1..=6)]
    pub num_cache_clusters: Option<u32>,
    /// Shards.
    #[field(computed, range = 1..=500)]
    pub num_node_groups: Option<u32>,
    /// Parameter group. Left out, the engine's default.
    #[field(computed)]
    pub parameter_group_name: Option<CacheParameterGroupName>,
    /// Port. Left out, 6379.
    #[field(force_new, computed, range = 1..=65535)]
    pub port: Option<u32>,
    /// Zones of the members when the cache is made, the primary's first.
    #[field(write_only)]
    pub preferred_cache_cluster_azs: Vec<String>,
    /// Replicas of each shard.
    #[field(computed, range = 0..=5)]
    pub replicas_per_node_group: Option<u32>,
    /// Security groups. Left out, the VPC's default group.
    #[field(computed)]
    pub security_group_ids: BTreeSet<SecurityGroupId>,
    /// Make it of these backups in S3. Once it is there, this may be left out.
    #[field(force_new, computed, write_only)]
    pub snapshot_arns: Vec<AnyArn>,
    /// Make it of this snapshot. Once it is there, this may be left out.
    #[field(force_new, computed, write_only)]
    pub snapshot_name: Option<String>,
    /// How long daily snapshots are kept, in days; 0 makes none.
    #[field(default = Days(0), range = 0..=35)]
    pub snapshot_retention_limit: Days,
    /// When daily snapshots are made, in UTC. Left out, AWS's choice.
    #[field(computed)]
    pub snapshot_window: Option<SnapshotWindow>,
    /// Subnets that it may be in. Left out, the default VPC's.
    #[field(force_new, computed)]
    pub subnet_group_name: Option<CacheSubnetGroupName>,
    /// Encrypt what goes over the network. Left out, AWS's choice.
    #[field(computed)]
    pub transit_encryption_enabled: Option<bool>,
    /// Whether clients have to encrypt.
    #[field(computed)]
    pub transit_encryption_mode: Option<TransitEncryptionMode>,
    /// User group that may use it; one at most.
    pub user_group_ids: BTreeSet<CacheUserGroupId>,
    /// Tags.
    pub tags: Tags,
}

/// Where a log goes.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LogDelivery {
    /// Name of the log group or of the delivery stream.
    pub destination: String,
    /// What that is.
    pub destination_type: LogDestinationType,
    /// How it is written.
    pub log_format: LogFormat,
    /// Which log.
    pub log_type: LogType,
}

/// A shard when the cache is made.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NodeGroupConfiguration {
    /// Four digits.
    pub node_group_id: Option<String>,
    /// Zone of the primary.
    pub primary_availability_zone: Option<String>,
    /// Zones of the replicas.
    pub replica_availability_zones: Vec<String>,
    /// Replicas.
    pub replica_count: Option<u32>,
    /// Slots of keys: `0-5460`.
    pub slots: Option<String>,
}

/// What AWS assigns to a [`ReplicationGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ReplicationGroupOutputs {
    /// The cache's name.
    pub id: ReplicationGroupId,
    /// ARN.
    pub arn: Arn<ReplicationGroup>,
    /// Host name of the primary, of a cache with cluster mode off.
    pub primary_endpoint_address: Option<String>,
    /// Host name of the replicas, of a cache with cluster mode off.
    pub reader_endpoint_address: Option<String>,
    /// Host name of the shards, of a cache with cluster mode on.
    pub configuration_endpoint_address: Option<String>,
    /// Whether cluster mode is on.
    pub cluster_enabled: bool,
    /// Members, by cache cluster id.
    pub member_clusters: Vec<String>,
    /// Version that runs.
    pub engine_version_actual: Option<String>,
    /// Whether a token is asked for.
    pub auth_token_enabled: bool,
    /// `available`, or what it is busy with.
    pub status: String,
}

/// What a new token does to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AuthTokenUpdateStrategy {
    /// Both are good.
    #[choice("ROTATE")]
    Rotate,
    /// The new one alone is good.
    #[choice("SET")]
    Set,
    /// There is none any more.
    #[choice("DELETE")]
    Delete,
}

/// Engine of a replication group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CacheEngine {
    /// Redis OSS.
    Redis,
    /// Valkey.
    Valkey,
}

/// Whether there can be several shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ClusterMode {
    /// There can, and clients of either kind are served; on the way from off to on.
    Compatible,
    /// There is one.
    Disabled,
    /// There can.
    Enabled,
}

/// What addresses are told to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum IpDiscovery {
    /// IPv4.
    #[choice("ipv4")]
    Ipv4,
    /// IPv6.
    #[choice("ipv6")]
    Ipv6,
}

/// What addresses a cache has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CacheNetworkType {
    /// IPv4.
    #[choice("ipv4")]
    Ipv4,
    /// IPv6.
    #[choice("ipv6")]
    Ipv6,
    /// Both.
    #[choice("dual_stack")]
    DualStack,
}

/// What logs go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogDestinationType {
    /// A log group.
    #[choice("cloudwatch-logs")]
    CloudWatchLogs,
    /// A delivery stream.
    KinesisFirehose,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogFormat {
    /// JSON.
    Json,
    /// Text.
    Text,
}

/// A log of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogType {
    /// Commands that took long.
    SlowLog,
    /// What the engine says.
    EngineLog,
}

/// Whether clients have to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TransitEncryptionMode {
    /// They may.
    Preferred,
    /// They have to.
    Required,
}
