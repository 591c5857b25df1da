//! The AWS calls of [`ReplicationGroup`]: creating, finding, waiting, deleting. Changing and reading
//! have files of their own.

use std::time::Duration;

use aws_sdk_elasticache::types::{
    ClusterMode as WireClusterMode, IpDiscovery as WireDiscovery, NetworkType as WireNetwork,
    NodeGroupConfiguration as WireShard, ReplicationGroup as Wire,
    TransitEncryptionMode as WireMode,
};
use infra_sdk::Object;
use infra_sdk::provider::Readiness;

use super::common::{arn_of, list_tags, retag, wire_tags};
use super::replication_group::{NodeGroupConfiguration, ReplicationGroup};
use super::{replication_group_modify as modify, replication_group_read as read};
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "elasticache:AddTagsToResource",
    "elasticache:CreateReplicationGroup",
    "elasticache:DecreaseReplicaCount",
    "elasticache:DeleteReplicationGroup",
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeReplicationGroups",
    "elasticache:IncreaseReplicaCount",
    "elasticache:ListTagsForResource",
    "elasticache:ModifyReplicationGroup",
    "elasticache:ModifyReplicationGroupShardConfiguration",
    "elasticache:RemoveTagsFromResource",
];
/// The operations, the role that ElastiCache takes on, the key that it encrypts with, the snapshot
/// at the end, and what its logs and backups need. Source: ElastiCache user guide, identity-based
/// policies, encryption at rest, log delivery.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "elasticache:CreateSnapshot",
        "firehose:TagDeliveryStream",
        "iam:CreateServiceLinkedRole",
        "kms:CreateGrant",
        "kms:DescribeKey",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "s3:GetObject"
    ]
);

pub(super) const GONE: &[&str] = &["ReplicationGroupNotFoundFault"];
/// It is busy with what was asked of it before.
const BUSY: &str = "InvalidReplicationGroupState";

impl Handler for ReplicationGroup {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("replication_group_id"),
        create: "elasticache:CreateReplicationGroup",
        operations: OPERATIONS,
        actions: ACTIONS,
        gone: GONE,
        not_yet: &[(BUSY, "")],
        lingering: &[(BUSY, "")],
        patience: Patience {
            create: Duration::from_secs(60 * 60),
            update: Duration::from_secs(40 * 60),
            delete: Duration::from_secs(45 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let made = create(aws, want).await;
        match made {
            // A try whose answer was lost may have made it: it is ours if its tags say so.
            Err(failure) if failure.code.as_deref() == Some("ReplicationGroupAlreadyExists") => {
                Self::find(aws, want).await?.pop().ok_or(failure)
            }
            other => other,
        }
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let see = |wire, known| read::see(aws, wire, known);
        let name = Wire::replication_group_id;
        read_named(known, GONE, name, |name| list(aws, name), see).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        modify::update(aws, id, want, changed).await
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let now = list(aws, Some(id.to_owned())).await?;
        // It was told to go already.
        if now.iter().all(|group| group.status() == Some("deleting")) {
            return Ok(());
        }
        let snapshot = was.final_snapshot_identifier.clone();
        aws.call(|| {
            let call = aws.elasticache().delete_replication_group().replication_group_id(id);
            call.set_final_snapshot_identifier(snapshot.clone()).send()
        })
        .await
        .map(drop)
    }

    async fn blockers(aws: &Aws, _: &str, was: &Self, _: Leaving<'_>) -> Result<Vec<Diagnostic>> {
        let Some(name) = &was.final_snapshot_identifier else { return Ok(Vec::new()) };
        let taken = has_snapshot(aws, name).await?;
        Ok(taken.then(|| preflight::final_snapshot_taken(name)).into_iter().collect())
    }

    async fn sources(aws: &Aws, want: &Object, leaving: Leaving<'_>) -> Result<Vec<Diagnostic>> {
        let name = preflight::known_text(want, "snapshot_name")
            .filter(|name| !leaving.leaves_snapshot(Self::SCHEMA.type_name, name));
        let Some(name) = name else { return Ok(Vec::new()) };
        let there = has_snapshot(aws, name).await?;
        let told = || preflight::source_missing(&format!("snapshot `{name}`"));
        Ok((!there).then(told).into_iter().collect())
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match seen.outputs.status.as_str() {
            // A snapshot is made while it serves.
            "available" | "snapshotting" => Readiness::Ready,
            "create-failed" => Readiness::Failed("its status is `create-failed`".to_owned()),
            busy => Readiness::Waiting(busy.to_owned()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let name = Some(want.replication_group_id.to_string());
        let found = absent(list(aws, name).await.map(Some), GONE)?.unwrap_or_default();
        let mut ours = Vec::new();
        for group in found.into_iter().filter(|group| group.status() != Some("deleting")) {
            let arn = group.arn.ok_or_else(|| missing("ARN"))?;
            if is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0) {
                ours.extend(group.replication_group_id);
            }
        }
        Ok(ours)
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, &arn_of(aws, "replicationgroup", id).await?, change).await
    }
}

/// The group of that name, or all.
pub(super) async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.elasticache().describe_replication_groups().set_marker(marker);
                call.set_replication_group_id(name.clone()).send()
            },
            |page| page.marker(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.replication_groups.unwrap_or_default()).collect())
}

async fn create(aws: &Aws, want: &ReplicationGroup) -> Result<String> {
    let texts = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    let groups = some(want.security_group_ids.iter().map(ToString::to_string).collect());
    let users = some(want.user_group_ids.iter().map(ToString::to_string).collect());
    let backups = some(want.snapshot_arns.iter().map(ToString::to_string).collect());
    let shards: Vec<_> = want.node_group_configuration.iter().map(shard).collect();
    let shards = (!shards.is_empty()).then_some(shards);
    let logs = modify::logs(&[], &want.log_delivery_configuration.0);
    let logs = (!logs.is_empty()).then_some(logs);
    let token = want.auth_token.clone().or_else(|| want.auth_token_wo.clone());
    let answer = aws
        .call(|| {
            aws.elasticache()
                .create_replication_group()
                .replication_group_id(want.replication_group_id.as_str())
                .replication_group_description(&want.description)
                .cache_node_type(&want.node_type)
                .set_at_rest_encryption_enabled(want.at_rest_encryption_enabled)
                .set_auth_token(token.clone())
                .auto_minor_version_upgrade(want.auto_minor_version_upgrade)
                .automatic_failover_enabled(want.automatic_failover_enabled)
                .set_cluster_mode(want.cluster_mode.map(|m| WireClusterMode::from(m.as_str())))
                .set_data_tiering_enabled(want.data_tiering_enabled)
                .engine(want.engine.as_str())
                .set_engine_version(want.engine_version.clone())
                .set_ip_discovery(want.ip_discovery.map(|ip| WireDiscovery::from(ip.as_str())))
                .set_kms_key_id(want.kms_key_id.as_ref().map(|key| key.as_str().to_owned()))
                .set_log_delivery_configurations(logs.clone())
                .set_preferred_maintenance_window(text(&want.maintenance_window))
                .multi_az_enabled(want.multi_az_enabled)
                .set_network_type(want.network_type.map(|n| WireNetwork::from(n.as_str())))
                .set_node_group_configuration(shards.clone())
                .set_notification_topic_arn(text(&want.notification_topic_arn))
                .set_num_cache_clusters(want.num_cache_clusters.map(number))
                .set_num_node_groups(want.num_node_groups.map(number))
                .set_cache_parameter_group_name(text(&want.parameter_group_name))
                .set_port(want.port.map(number))
                .set_preferred_cache_cluster_azs(texts(&want.preferred_cache_cluster_azs))
                .set_replicas_per_node_group(want.replicas_per_node_group.map(number))
                .set_security_group_ids(groups.clone())
                .set_snapshot_arns(backups.clone())
                .set_snapshot_name(want.snapshot_name.clone())
                .snapshot_retention_limit(number(want.snapshot_retention_limit.0))
                .set_snapshot_window(text(&want.snapshot_window))
                .set_cache_subnet_group_name(text(&want.subnet_group_name))
                .set_transit_encryption_enabled(want.transit_encryption_enabled)
                .set_transit_encryption_mode(
                    want.transit_encryption_mode.map(|mode| WireMode::from(mode.as_str())),
                )
                .set_user_group_ids(users.clone())
                .set_tags(wire_tags(&want.tags.0))
                .send()
        })
        .await?;
    let id = answer.replication_group.and_then(|group| group.replication_group_id);
    id.ok_or_else(|| missing("ReplicationGroupId"))
}

async fn has_snapshot(aws: &Aws, name: &str) -> Result<bool> {
    let call = || aws.elasticache().describe_snapshots().snapshot_name(name).send();
    let found = absent(aws.call(call).await.map(Some), &["SnapshotNotFoundFault"])?;
    Ok(found.is_some_and(|found| !found.snapshots().is_empty()))
}

fn shard(shard: &NodeGroupConfiguration) -> WireShard {
    let zones = &shard.replica_availability_zones;
    WireShard::builder()
        .set_node_group_id(shard.node_group_id.clone())
        .set_primary_availability_zone(shard.primary_availability_zone.clone())
        .set_replica_availability_zones((!zones.is_empty()).then(|| zones.clone()))
        .set_replica_count(shard.replica_count.map(number))
        .set_slots(shard.slots.clone())
        .build()
}
