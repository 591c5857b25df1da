//! How a replication group is changed: replicas and shards by calls of their own, one after another,
//! since the group is busy with each. A call that finds it busy is repeated by the frame from the
//! beginning, so each looks first at what is left to do. What no read shows, the token, comes last.

use std::collections::BTreeSet;

use aws_sdk_elasticache::types::{
    AuthTokenUpdateStrategyType, CloudWatchLogsDestinationDetails, ClusterMode as WireClusterMode,
    DestinationDetails, DestinationType as WireDestination, IpDiscovery as WireDiscovery,
    KinesisFirehoseDestinationDetails, LogDeliveryConfigurationRequest, LogFormat as WireFormat,
    LogType as WireLogType, ReplicationGroup as Wire, TransitEncryptionMode as WireMode,
};
use infra_sdk::Value;

use super::CacheUserGroupId;
use super::replication_group::{
    AuthTokenUpdateStrategy, LogDelivery, LogDestinationType, ReplicationGroup,
};
use super::replication_group_handler::{GONE, list};
use super::replication_group_read as read;
use crate::prelude::*;

/// Inputs that one call changes.
const SETTINGS: &[&str] = &[
    "auto_minor_version_upgrade",
    "automatic_failover_enabled",
    "cluster_mode",
    "description",
    "engine",
    "engine_version",
    "ip_discovery",
    "log_delivery_configuration",
    "maintenance_window",
    "multi_az_enabled",
    "node_type",
    "notification_topic_arn",
    "parameter_group_name",
    "security_group_ids",
    "snapshot_retention_limit",
    "snapshot_window",
    "transit_encryption_enabled",
    "transit_encryption_mode",
];
const TOKEN: &[&str] =
    &["auth_token", "auth_token_update_strategy", "auth_token_wo", "auth_token_wo_version"];

pub(super) async fn update(
    aws: &Aws,
    id: &str,
    want: &ReplicationGroup,
    changed: &Changed,
) -> Result<()> {
    let group = list(aws, Some(id.to_owned())).await?.pop().ok_or_else(|| gone(id))?;
    let known =
        Known { id: id.to_owned(), recorded: want.to_object(), outputs: infra_sdk::Object::new() };
    let now = read::see(aws, group.clone(), known).await?;
    let left = left(want, &now.inputs, changed);
    let replicas = replicas(&left, want, &now.inputs);
    if let Some(count) = replicas.filter(|count| Some(*count) > now.inputs.replicas_per_node_group)
    {
        let call = || aws.elasticache().increase_replica_count().replication_group_id(id);
        let call = || call().new_replica_count(number(count)).apply_immediately(true);
        aws.call(|| call().send()).await?;
    }
    if let Some(count) = want.num_node_groups.filter(|_| left.has("num_node_groups")) {
        reshard(aws, id, &group, count).await?;
    }
    if left.any(SETTINGS) {
        settings(aws, id, want, &now.inputs, &left).await?;
    }
    if let Some(count) = replicas.filter(|count| Some(*count) < now.inputs.replicas_per_node_group)
    {
        let call = || aws.elasticache().decrease_replica_count().replication_group_id(id);
        let call = || call().new_replica_count(number(count)).apply_immediately(true);
        aws.call(|| call().send()).await?;
    }
    if left.has("user_group_ids") || left.any(TOKEN) {
        access(aws, id, want, &now, &left).await?;
    }
    Ok(())
}

/// What is to be changed and is not as wanted yet. What no read shows is always left.
fn left(want: &ReplicationGroup, now: &ReplicationGroup, changed: &Changed) -> Changed {
    let (want, now) = (want.to_object(), now.to_object());
    let fields = ReplicationGroup::SCHEMA.inputs.iter().filter(|field| {
        let null = Value::Null;
        let asked = want.get(field.name).unwrap_or(&null);
        let there = now.get(field.name).unwrap_or(&null);
        changed.has(field.name) && (field.write_only || !field.kind.same(asked, there))
    });
    Changed::new(fields.map(|field| field.name.to_owned()))
}

/// Replicas that each shard should have, where they are to be changed.
fn replicas(left: &Changed, want: &ReplicationGroup, now: &ReplicationGroup) -> Option<u32> {
    let members = want.num_cache_clusters.filter(|_| left.has("num_cache_clusters"));
    let members = members.map(|count| count.saturating_sub(1));
    let each = want.replicas_per_node_group.filter(|_| left.has("replicas_per_node_group"));
    members.or(each).filter(|count| Some(*count) != now.replicas_per_node_group)
}

/// Changes the number of shards; the last ones go first.
async fn reshard(aws: &Aws, id: &str, group: &Wire, count: u32) -> Result<()> {
    let mut ids: Vec<_> =
        group.node_groups().iter().filter_map(|shard| shard.node_group_id.clone()).collect();
    ids.sort();
    let remove: Vec<_> =
        ids.into_iter().skip(usize::try_from(count).unwrap_or(usize::MAX)).collect();
    let remove = (!remove.is_empty()).then_some(remove);
    aws.call(|| {
        aws.elasticache()
            .modify_replication_group_shard_configuration()
            .replication_group_id(id)
            .node_group_count(number(count))
            .apply_immediately(true)
            .set_node_groups_to_remove(remove.clone())
            .send()
    })
    .await
    .map(drop)
}

async fn settings(
    aws: &Aws,
    id: &str,
    want: &ReplicationGroup,
    now: &ReplicationGroup,
    left: &Changed,
) -> Result<()> {
    let groups: Vec<_> = want.security_group_ids.iter().map(ToString::to_string).collect();
    let groups = (left.has("security_group_ids") && !groups.is_empty()).then_some(groups);
    let logs = left
        .has("log_delivery_configuration")
        .then(|| logs(&now.log_delivery_configuration.0, &want.log_delivery_configuration.0));
    let topic = left.has("notification_topic_arn");
    let quiet = (topic && want.notification_topic_arn.is_none()).then(|| "inactive".to_owned());
    let loud = (topic && want.notification_topic_arn.is_some()).then(|| "active".to_owned());
    let given = |name: &str, text: Option<String>| text.filter(|_| left.has(name));
    let flag = |name: &str, flag: bool| left.has(name).then_some(flag);
    let days = number(want.snapshot_retention_limit.0);
    let mode = want.transit_encryption_mode.filter(|_| left.has("transit_encryption_mode"));
    let cluster = want.cluster_mode.filter(|_| left.has("cluster_mode"));
    let discovery = want.ip_discovery.filter(|_| left.has("ip_discovery"));
    let tls = want.transit_encryption_enabled.filter(|_| left.has("transit_encryption_enabled"));
    let failover = flag("automatic_failover_enabled", want.automatic_failover_enabled);
    aws.call(|| {
        aws.elasticache()
            .modify_replication_group()
            .replication_group_id(id)
            .apply_immediately(want.apply_immediately)
            .set_replication_group_description(given("description", Some(want.description.clone())))
            .set_cache_node_type(given("node_type", Some(want.node_type.clone())))
            .set_engine(given("engine", Some(want.engine.as_str().to_owned())))
            .set_engine_version(given(
                // Another engine is another version.
                if left.has("engine") { "engine" } else { "engine_version" },
                want.engine_version.clone(),
            ))
            .set_cache_parameter_group_name(given(
                "parameter_group_name",
                text(&want.parameter_group_name),
            ))
            .set_auto_minor_version_upgrade(flag(
                "auto_minor_version_upgrade",
                want.auto_minor_version_upgrade,
            ))
            .set_automatic_failover_enabled(failover)
            .set_multi_az_enabled(flag("multi_az_enabled", want.multi_az_enabled))
            .set_cluster_mode(cluster.map(|mode| WireClusterMode::from(mode.as_str())))
            .set_ip_discovery(discovery.map(|ip| WireDiscovery::from(ip.as_str())))
            .set_log_delivery_configurations(logs.clone())
            .set_preferred_maintenance_window(given(
                "maintenance_window",
                text(&want.maintenance_window),
            ))
            .set_notification_topic_arn(given(
                "notification_topic_arn",
                text(&want.notification_topic_arn),
            ))
            .set_notification_topic_status(quiet.clone().or_else(|| loud.clone()))
            .set_security_group_ids(groups.clone())
            .set_snapshot_retention_limit(left.has("snapshot_retention_limit").then_some(days))
            .set_snapshot_window(given("snapshot_window", text(&want.snapshot_window)))
            .set_transit_encryption_enabled(tls)
            .set_transit_encryption_mode(mode.map(|mode| WireMode::from(mode.as_str())))
            .send()
    })
    .await
    .map(drop)
}

/// Changes who may use the cache: the token and the user group in one call, so that one can take
/// the other's place. Source: ElastiCache user guide, migrating from AUTH to RBAC.
async fn access(
    aws: &Aws,
    id: &str,
    want: &ReplicationGroup,
    now: &Seen<ReplicationGroup>,
    left: &Changed,
) -> Result<()> {
    let token = want.auth_token.clone().or_else(|| want.auth_token_wo.clone());
    let token = token.filter(|_| left.any(TOKEN));
    let strategy = match &token {
        Some(_) => Some(want.auth_token_update_strategy),
        None if left.any(TOKEN) && now.outputs.auth_token_enabled => {
            Some(AuthTokenUpdateStrategy::Delete)
        }
        None => None,
    };
    let users = |one: &BTreeSet<CacheUserGroupId>, other: &BTreeSet<CacheUserGroupId>| {
        let users: Vec<_> = one.difference(other).map(ToString::to_string).collect();
        (left.has("user_group_ids") && !users.is_empty()).then_some(users)
    };
    let add = users(&want.user_group_ids, &now.inputs.user_group_ids);
    let remove = users(&now.inputs.user_group_ids, &want.user_group_ids);
    if strategy.is_none() && add.is_none() && remove.is_none() {
        return Ok(());
    }
    aws.call(|| {
        aws.elasticache()
            .modify_replication_group()
            .replication_group_id(id)
            // Tokens are changed at once or not at all. Source: API Reference.
            .apply_immediately(true)
            .set_auth_token(token.clone())
            .set_auth_token_update_strategy(
                strategy.map(|strategy| AuthTokenUpdateStrategyType::from(strategy.as_str())),
            )
            .set_user_group_ids_to_add(add.clone())
            .set_user_group_ids_to_remove(remove.clone())
            .send()
    })
    .await
    .map(drop)
}

/// Log deliveries to ask for to get from `was` to `want`.
pub(super) fn logs(
    was: &[LogDelivery],
    want: &[LogDelivery],
) -> Vec<LogDeliveryConfigurationRequest> {
    let on = want.iter().filter(|log| !was.contains(log)).map(|log| {
        let details = match log.destination_type {
            LogDestinationType::CloudWatchLogs => DestinationDetails::builder()
                .cloud_watch_logs_details(
                    CloudWatchLogsDestinationDetails::builder().log_group(&log.destination).build(),
                ),
            LogDestinationType::KinesisFirehose => DestinationDetails::builder()
                .kinesis_firehose_details(
                    KinesisFirehoseDestinationDetails::builder()
                        .delivery_stream(&log.destination)
                        .build(),
                ),
        };
        LogDeliveryConfigurationRequest::builder()
            .log_type(WireLogType::from(log.log_type.as_str()))
            .destination_type(WireDestination::from(log.destination_type.as_str()))
            .destination_details(details.build())
            .log_format(WireFormat::from(log.log_format.as_str()))
            .enabled(true)
            .build()
    });
    let off = was.iter().filter(|old| !want.iter().any(|new| new.log_type == old.log_type));
    let off = off.map(|log| {
        let kind = WireLogType::from(log.log_type.as_str());
        LogDeliveryConfigurationRequest::builder().log_type(kind).enabled(false).build()
    });
    on.chain(off).collect()
}

/// What ElastiCache says of a group that is gone.
fn gone(id: &str) -> infra_sdk::provider::Failure {
    let failure = infra_sdk::provider::Failure::new(
        infra_sdk::provider::FailureClass::Gone,
        format!("replication group {id} not found"),
    );
    infra_sdk::provider::Failure { code: Some(GONE[0].to_owned()), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::{LogFormat, LogType};

    #[test]
    fn a_log_that_is_left_out_is_switched_off() {
        let log = |log_type, destination: &str| LogDelivery {
            destination: destination.to_owned(),
            destination_type: LogDestinationType::CloudWatchLogs,
            log_format: LogFormat::Json,
            log_type,
        };
        let was = [log(LogType::SlowLog, "a"), log(LogType::EngineLog, "b")];
        let requests = logs(&was, &[log(LogType::SlowLog, "c")]);
        let said: Vec<_> = requests
            .iter()
            .map(|request| (request.log_type().map(WireLogType::as_str), request.enabled()))
            .collect();
        assert_eq!(said, [(Some("slow-log"), Some(true)), (Some("engine-log"), Some(false))]);
        assert_eq!(logs(&was, &was).len(), 0);
    }
}
