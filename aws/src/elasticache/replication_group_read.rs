//! What ElastiCache says of a replication group and of its members, as our structs.

use aws_sdk_elasticache::types::{
    AutomaticFailoverStatus, CacheCluster, DataTieringStatus, LogDeliveryConfigurationStatus,
    LogType as WireLogType, MultiAzStatus, PendingAutomaticFailoverStatus,
    ReplicationGroup as Wire, ReplicationGroupPendingModifiedValues as Pending,
};
use infra_sdk::{Arn, BlockSet, Days, Object, Value};

use super::common::{filled, list_tags, positive};
use super::replication_group::{
    AuthTokenUpdateStrategy, LogDelivery, ReplicationGroup, ReplicationGroupOutputs,
};
use super::{
    CacheMaintenanceWindow, CacheParameterGroupName, CacheSubnetGroupName, CacheUserGroupId,
    ReplicationGroupId, SnapshotWindow,
};
use crate::AnyArn;
use crate::ec2::SecurityGroupId;
use crate::kms::KeyRef;
use crate::prelude::*;

/// What ElastiCache says of a member that is not there, or not there any more.
const NO_MEMBER: &[&str] = &["CacheClusterNotFound", "CacheClusterNotFoundFault"];

/// The group as it is, and as what waits makes it.
pub(super) async fn see(aws: &Aws, group: Wire, known: Known) -> Result<Seen<ReplicationGroup>> {
    let arn = group.arn().ok_or_else(|| missing("ARN"))?.to_owned();
    let first = group.member_clusters().first().cloned();
    let (member, tags) = futures_util::try_join!(member(aws, first), list_tags(aws, &arn))?;
    let mut seen = assemble(&group, member.as_ref(), &known.recorded)?;
    seen.inputs.tags = tags;
    Ok(seen)
}

/// A member, by which a group shows what it does not say itself.
async fn member(aws: &Aws, id: Option<String>) -> Result<Option<CacheCluster>> {
    let Some(id) = id else { return Ok(None) };
    let describe = || aws.elasticache().describe_cache_clusters().cache_cluster_id(&id).send();
    let answer = absent(aws.call(describe).await.map(Some), NO_MEMBER)?;
    Ok(answer.and_then(|answer| answer.cache_clusters.unwrap_or_default().pop()))
}

fn assemble(
    group: &Wire,
    member: Option<&CacheCluster>,
    recorded: &Object,
) -> Result<Seen<ReplicationGroup>> {
    let pending = group.pending_modified_values();
    let waiting = member.and_then(|member| member.pending_modified_values());
    let version = waiting.and_then(|waiting| waiting.engine_version());
    let version = version.or_else(|| member.and_then(|member| member.engine_version()));
    let engine = group.engine().or_else(|| member.and_then(|member| member.engine()));
    let node_type = waiting.and_then(|waiting| waiting.cache_node_type());
    let node_type = node_type.or_else(|| group.cache_node_type());
    let shards = group.node_groups();
    let replicas = shards.first().map(|shard| shard.node_group_members().len());
    let count = |count: usize| u32::try_from(count).ok();
    let endpoint = group.configuration_endpoint();
    let endpoint = endpoint.or_else(|| shards.first().and_then(|shard| shard.primary_endpoint()));
    let topic = member.and_then(|member| member.notification_configuration());
    let topic = topic.filter(|topic| topic.topic_status() != Some("inactive"));
    let tls = pending.and_then(|pending| pending.transit_encryption_enabled);
    let mode = pending.and_then(|pending| pending.transit_encryption_mode());
    let mode = mode.or_else(|| group.transit_encryption_mode());
    let cluster_mode = pending.and_then(|pending| pending.cluster_mode());
    let cluster_mode = cluster_mode.or_else(|| group.cluster_mode());
    let parameters = member.and_then(|member| member.cache_parameter_group());
    let inputs = ReplicationGroup {
        replication_group_id: id_of(group)?,
        description: group.description().unwrap_or_default().to_owned(),
        node_type: node_type.ok_or_else(|| missing("CacheNodeType"))?.to_owned(),
        apply_immediately: false,
        at_rest_encryption_enabled: group.at_rest_encryption_enabled(),
        auth_token: None,
        auth_token_wo: None,
        auth_token_wo_version: None,
        auth_token_update_strategy: AuthTokenUpdateStrategy::Rotate,
        auto_minor_version_upgrade: group
            .auto_minor_version_upgrade()
            .or_else(|| member.and_then(|member| member.auto_minor_version_upgrade))
            .unwrap_or(true),
        automatic_failover_enabled: fails_over(group, pending),
        cluster_mode: word(cluster_mode.map(|mode| mode.as_str()), "ClusterMode")?,
        data_tiering_enabled: group.data_tiering().map(|t| *t == DataTieringStatus::Enabled),
        engine: parsed(engine.or(Some("redis")), "Engine")?,
        engine_version: version.map(|version| asked_version(recorded, version)),
        final_snapshot_identifier: None,
        ip_discovery: word(group.ip_discovery().map(|ip| ip.as_str()), "IpDiscovery")?,
        kms_key_id: filled(group.kms_key_id.clone()).map(KeyRef::new),
        log_delivery_configuration: BlockSet(logs(group, pending)?),
        maintenance_window: member
            .and_then(|member| filled(member.preferred_maintenance_window.clone()))
            .map(CacheMaintenanceWindow::new),
        multi_az_enabled: group.multi_az() == Some(&MultiAzStatus::Enabled),
        network_type: word(group.network_type().map(|kind| kind.as_str()), "NetworkType")?,
        node_group_configuration: Vec::new(),
        notification_topic_arn: topic
            .and_then(|topic| filled(topic.topic_arn.clone()))
            .map(AnyArn::new),
        num_cache_clusters: count(group.member_clusters().len()).filter(|count| *count > 0),
        num_node_groups: count(shards.len()).filter(|count| *count > 0),
        parameter_group_name: parameters
            .and_then(|group| filled(group.cache_parameter_group_name.clone()))
            .map(CacheParameterGroupName::new),
        port: endpoint.and_then(|endpoint| endpoint.port).and_then(positive),
        preferred_cache_cluster_azs: Vec::new(),
        replicas_per_node_group: replicas.and_then(|members| count(members.saturating_sub(1))),
        security_group_ids: member
            .map(|member| member.security_groups())
            .unwrap_or_default()
            .iter()
            .filter_map(|group| group.security_group_id().map(SecurityGroupId::new))
            .collect(),
        snapshot_arns: Vec::new(),
        snapshot_name: None,
        snapshot_retention_limit: Days(
            group.snapshot_retention_limit().and_then(positive).unwrap_or_default(),
        ),
        snapshot_window: filled(group.snapshot_window.clone()).map(SnapshotWindow::new),
        subnet_group_name: member
            .and_then(|member| filled(member.cache_subnet_group_name.clone()))
            .map(CacheSubnetGroupName::new),
        transit_encryption_enabled: tls.or(group.transit_encryption_enabled()),
        transit_encryption_mode: word(mode.map(|mode| mode.as_str()), "TransitEncryptionMode")?,
        user_group_ids: group.user_group_ids().iter().map(CacheUserGroupId::new).collect(),
        tags: infra_sdk::Tags::default(),
    };
    Ok(Seen::new(inputs, outputs(group, member)?))
}

fn outputs(group: &Wire, member: Option<&CacheCluster>) -> Result<ReplicationGroupOutputs> {
    let shard = group.node_groups().first().filter(|_| group.cluster_enabled() != Some(true));
    let primary = shard.and_then(|shard| shard.primary_endpoint());
    let reader = shard.and_then(|shard| shard.reader_endpoint());
    let all = group.configuration_endpoint();
    Ok(ReplicationGroupOutputs {
        id: id_of(group)?,
        arn: Arn::new(group.arn().ok_or_else(|| missing("ARN"))?),
        primary_endpoint_address: primary.and_then(|endpoint| filled(endpoint.address.clone())),
        reader_endpoint_address: reader.and_then(|endpoint| filled(endpoint.address.clone())),
        configuration_endpoint_address: all.and_then(|endpoint| filled(endpoint.address.clone())),
        cluster_enabled: group.cluster_enabled().unwrap_or(false),
        member_clusters: group.member_clusters().to_vec(),
        engine_version_actual: member.and_then(|member| filled(member.engine_version.clone())),
        auth_token_enabled: group.auth_token_enabled().unwrap_or(false),
        status: group.status().ok_or_else(|| missing("Status"))?.to_owned(),
    })
}

fn id_of(group: &Wire) -> Result<ReplicationGroupId> {
    group
        .replication_group_id()
        .map(ReplicationGroupId::new)
        .ok_or_else(|| missing("ReplicationGroupId"))
}

fn fails_over(group: &Wire, pending: Option<&Pending>) -> bool {
    match pending.and_then(|pending| pending.automatic_failover_status()) {
        Some(status) => *status == PendingAutomaticFailoverStatus::Enabled,
        None => matches!(
            group.automatic_failover(),
            Some(AutomaticFailoverStatus::Enabled | AutomaticFailoverStatus::Enabling)
        ),
    }
}

/// Logs that are delivered, and those that will be.
fn logs(group: &Wire, pending: Option<&Pending>) -> Result<Vec<LogDelivery>> {
    let mut found = Vec::new();
    let destination = |details: Option<&aws_sdk_elasticache::types::DestinationDetails>| {
        let details = details?;
        let logs = details.cloud_watch_logs_details().and_then(|logs| logs.log_group());
        let stream = details.kinesis_firehose_details();
        logs.or_else(|| stream.and_then(|stream| stream.delivery_stream())).map(str::to_owned)
    };
    let waiting = pending.map(|pending| pending.log_delivery_configurations()).unwrap_or_default();
    for log in waiting {
        let Some(destination) = destination(log.destination_details()) else { continue };
        found.push(LogDelivery {
            destination,
            destination_type: parsed(
                log.destination_type().map(|t| t.as_str()),
                "DestinationType",
            )?,
            log_format: parsed(log.log_format().map(|f| f.as_str()), "LogFormat")?,
            log_type: parsed(log.log_type().map(WireLogType::as_str), "LogType")?,
        });
    }
    for log in group.log_delivery_configurations() {
        let going = log.status() == Some(&LogDeliveryConfigurationStatus::Disabling);
        let Some(destination) = destination(log.destination_details()).filter(|_| !going) else {
            continue;
        };
        let log = LogDelivery {
            destination,
            destination_type: parsed(
                log.destination_type().map(|t| t.as_str()),
                "DestinationType",
            )?,
            log_format: parsed(log.log_format().map(|f| f.as_str()), "LogFormat")?,
            log_type: parsed(log.log_type().map(WireLogType::as_str), "LogType")?,
        };
        if !found.iter().any(|other| other.log_type == log.log_type) {
            found.push(log);
        }
    }
    Ok(found)
}

/// The version as it was asked for, if what runs is one of those; else as it can be asked for: from
/// 6 on without the patch. Source: ElastiCache user guide, engine versions.
fn asked_version(recorded: &Object, version: &str) -> String {
    let asked = recorded.get("engine_version").and_then(Value::as_str);
    let fits = |asked: &&str| {
        let start = asked.strip_suffix(".x").unwrap_or(asked);
        version.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if let Some(asked) = asked.filter(fits) {
        return asked.to_owned();
    }
    let parts: Vec<_> = version.split('.').collect();
    let major = parts[0].parse::<u32>().unwrap_or_default();
    if major >= 6 && parts.len() > 2 { parts[..2].join(".") } else { version.to_owned() }
}

/// A word of a closed list, which is left out where there is none.
fn word<T: std::str::FromStr>(text: Option<&str>, field: &str) -> Result<Option<T>> {
    text.filter(|text| !text.is_empty()).map(|text| parsed(Some(text), field)).transpose()
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticache::types::PendingModifiedValues;

    use super::*;

    #[test]
    fn the_beginning_of_a_version_is_no_difference() {
        let version = |asked: Option<&str>, runs: &str| {
            let recorded = asked.map(|asked| ("engine_version".to_owned(), Value::from(asked)));
            asked_version(&recorded.into_iter().collect(), runs)
        };
        assert_eq!(version(Some("7.1"), "7.1.0"), "7.1");
        assert_eq!(version(Some("6.x"), "6.2.6"), "6.x");
        assert_eq!(version(Some("7"), "7.1.0"), "7");
        assert_eq!(version(Some("7.0"), "7.1.0"), "7.1");
        assert_eq!(version(None, "7.1.0"), "7.1");
        assert_eq!(version(None, "5.0.6"), "5.0.6");
    }

    #[test]
    fn what_waits_is_shown_as_it_will_be() {
        let group = Wire::builder()
            .replication_group_id("main")
            .arn("arn:aws:elasticache:us-west-2:123456789012:replicationgroup:main")
            .status("available")
            .cache_node_type("cache.t4g.medium")
            .automatic_failover(AutomaticFailoverStatus::Disabled)
            .transit_encryption_enabled(false);
        let pending = Pending::builder()
            .automatic_failover_status(PendingAutomaticFailoverStatus::Enabled)
            .transit_encryption_enabled(true)
            .build();
        let waiting = PendingModifiedValues::builder().cache_node_type("cache.r6g.large");
        let member = CacheCluster::builder().engine_version("7.1.0");
        let member = member.pending_modified_values(waiting.engine_version("7.2.0").build());
        let group = group.pending_modified_values(pending).build();
        let seen = assemble(&group, Some(&member.build()), &Object::new()).expect("a group");
        assert_eq!(seen.inputs.node_type, "cache.r6g.large");
        assert_eq!(seen.inputs.engine_version.as_deref(), Some("7.2"));
        assert!(seen.inputs.automatic_failover_enabled);
        assert_eq!(seen.inputs.transit_encryption_enabled, Some(true));
        assert_eq!(seen.outputs.engine_version_actual.as_deref(), Some("7.1.0"));
    }
}
