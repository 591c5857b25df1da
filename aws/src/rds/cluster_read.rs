//! What RDS says of a DB cluster, as our structs. What waits to be applied is shown as it will be.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{ClusterPendingModifiedValues, DbCluster as Wire};
use infra_sdk::{Arn, Days, Gibibytes, Object, Seconds, Value};

use super::cluster::{Cluster, ClusterOutputs, ServerlessV2ScalingConfiguration};
use super::common::{filled, tags_of};
use super::instance_read::{asked_version, percent, positive, word};
use super::{
    BackupWindow, ClusterIdentifier, ClusterParameterGroupName, MaintenanceWindow, SubnetGroupName,
};
use crate::AnyArn;
use crate::ec2::SecurityGroupId;
use crate::frame::names::prefix_of;
use crate::kms::KeyRef;
use crate::prelude::*;

pub(super) fn see(cluster: Wire, known: &Known) -> Result<Seen<Cluster>> {
    let told = cluster.percent_progress().filter(|text| !text.is_empty()).map(percent);
    let recorded = &known.recorded;
    let name = cluster.db_cluster_identifier.clone();
    let name = name.ok_or_else(|| missing("DBClusterIdentifier"))?;
    let pending = cluster.pending_modified_values.clone();
    let pending = pending.unwrap_or_else(|| ClusterPendingModifiedValues::builder().build());
    let secret = cluster.master_user_secret.clone().filter(|secret| secret.secret_arn.is_some());
    let version = cluster.engine_version.clone().ok_or_else(|| missing("EngineVersion"))?;
    let status = cluster.status.clone().ok_or_else(|| missing("Status"))?;
    let hurried = recorded_flag(recorded, "apply_immediately") == Some(true);
    // A change that is made at once begins a moment after the call, and shows as waiting till then.
    let begins = status == "available"
        && hurried
        && pending != ClusterPendingModifiedValues::builder().build();
    let outputs = ClusterOutputs {
        id: ClusterIdentifier::new(&name),
        arn: Arn::new(cluster.db_cluster_arn.clone().ok_or_else(|| missing("DBClusterArn"))?),
        cluster_resource_id: cluster.db_cluster_resource_id.clone(),
        endpoint: filled(cluster.endpoint.clone()),
        reader_endpoint: filled(cluster.reader_endpoint.clone()),
        hosted_zone_id: filled(cluster.hosted_zone_id.clone()),
        engine_version_actual: version.clone(),
        cluster_members: members(&cluster),
        master_user_secret_arn: secret
            .as_ref()
            .and_then(|secret| secret.secret_arn.clone())
            .map(AnyArn::new),
        status: if begins { "modifying".to_owned() } else { status },
    };
    let engine_version = pending.engine_version.clone().unwrap_or(version);
    let insights = cluster.performance_insights_enabled.unwrap_or(false);
    let joined = cluster.domain_memberships().iter().find(|domain| {
        !matches!(domain.status(), Some("removed" | "failed" | "pending-removed" | "removing"))
    });
    // Of Aurora the storage has no size: RDS shows 1 and the like.
    let is_aurora = cluster.engine().is_some_and(|engine| engine.starts_with("aurora"));
    let stored = pending.allocated_storage.or(cluster.allocated_storage).filter(|_| !is_aurora);
    let inputs = Cluster {
        engine: parsed(cluster.engine(), "Engine")?,
        allocated_storage: stored.and_then(positive).map(Gibibytes),
        allow_major_version_upgrade: false,
        apply_immediately: false,
        availability_zones: zones(&cluster, recorded),
        backtrack_window: Seconds(
            cluster.backtrack_window.and_then(|s| u32::try_from(s).ok()).unwrap_or_default(),
        ),
        backup_retention_period: Days(
            pending
                .backup_retention_period
                .or(cluster.backup_retention_period)
                .and_then(positive)
                .unwrap_or(1),
        ),
        ca_certificate_identifier: cluster
            .certificate_details
            .clone()
            .and_then(|details| filled(details.ca_identifier)),
        cluster_identifier_prefix: prefix_of(&name),
        cluster_identifier: Some(ClusterIdentifier::new(name)),
        copy_tags_to_snapshot: cluster.copy_tags_to_snapshot.unwrap_or(false),
        database_insights_mode: word(
            cluster.database_insights_mode.as_ref().map(|mode| mode.as_str()),
            "DatabaseInsightsMode",
        )?,
        database_name: filled(cluster.database_name.clone()),
        db_cluster_instance_class: filled(cluster.db_cluster_instance_class.clone()),
        db_cluster_parameter_group_name: filled(cluster.db_cluster_parameter_group.clone())
            .map(ClusterParameterGroupName::new),
        db_instance_parameter_group_name: None,
        db_subnet_group_name: filled(cluster.db_subnet_group.clone()).map(SubnetGroupName::new),
        delete_automated_backups: true,
        deletion_protection: cluster.deletion_protection.unwrap_or(false),
        domain: joined.and_then(|domain| filled(domain.domain.clone())),
        domain_iam_role_name: joined.and_then(|domain| filled(domain.iam_role_name.clone())),
        enable_global_write_forwarding: cluster.global_write_forwarding_requested.unwrap_or(false),
        enable_http_endpoint: cluster.http_endpoint_enabled.unwrap_or(false),
        enable_local_write_forwarding: cluster
            .local_write_forwarding_status
            .as_ref()
            .is_some_and(|status| matches!(status.as_str(), "enabled" | "enabling" | "requested")),
        enabled_cloudwatch_logs_exports: cluster
            .enabled_cloudwatch_logs_exports()
            .iter()
            .cloned()
            .collect(),
        engine_lifecycle_support: word(
            cluster.engine_lifecycle_support(),
            "EngineLifecycleSupport",
        )?,
        engine_version: Some(asked_version(recorded, &engine_version)),
        final_snapshot_identifier: None,
        global_cluster_identifier: filled(cluster.global_cluster_identifier.clone()),
        iam_database_authentication_enabled: pending
            .iam_database_authentication_enabled
            .or(cluster.iam_database_authentication_enabled)
            .unwrap_or(false),
        iops: pending.iops.or(cluster.iops).and_then(positive),
        kms_key_id: filled(cluster.kms_key_id.clone()).map(KeyRef::new),
        manage_master_user_password: secret.is_some(),
        master_password: None,
        master_password_wo: None,
        master_password_wo_version: None,
        master_user_secret_kms_key_id: secret
            .and_then(|secret| filled(secret.kms_key_id))
            .map(KeyRef::new),
        master_username: filled(cluster.master_username.clone()),
        monitoring_interval: Seconds(
            cluster.monitoring_interval.and_then(positive).unwrap_or_default(),
        ),
        monitoring_role_arn: filled(cluster.monitoring_role_arn.clone()).map(Arn::new),
        network_type: word(cluster.network_type(), "NetworkType")?,
        performance_insights_enabled: insights,
        performance_insights_kms_key_id: filled(cluster.performance_insights_kms_key_id.clone())
            .map(KeyRef::new),
        performance_insights_retention_period: cluster
            .performance_insights_retention_period
            .and_then(positive)
            .filter(|_| insights)
            .map(Days),
        port: cluster.port.and_then(positive),
        preferred_backup_window: filled(cluster.preferred_backup_window.clone())
            .map(BackupWindow::new),
        preferred_maintenance_window: filled(cluster.preferred_maintenance_window.clone())
            .map(MaintenanceWindow::new),
        replication_source_identifier: filled(cluster.replication_source_identifier.clone())
            .map(AnyArn::new),
        restore_to_point_in_time: None,
        serverlessv2_scaling_configuration: cluster
            .serverless_v2_scaling_configuration
            .as_ref()
            .and_then(|scaling| {
                Some(ServerlessV2ScalingConfiguration {
                    max_capacity: scaling.max_capacity?,
                    min_capacity: scaling.min_capacity?,
                    seconds_until_auto_pause: scaling
                        .seconds_until_auto_pause
                        .and_then(positive)
                        .map(Seconds),
                })
            }),
        skip_final_snapshot: false,
        snapshot_identifier: None,
        storage_encrypted: cluster.storage_encrypted,
        storage_type: word(pending.storage_type().or(cluster.storage_type()), "StorageType")?,
        vpc_security_group_ids: cluster
            .vpc_security_groups()
            .iter()
            .filter(|group| group.status() != Some("removing"))
            .filter_map(|group| group.vpc_security_group_id().map(SecurityGroupId::new))
            .collect(),
        tags: tags_of(cluster.tag_list),
    };
    Ok(Seen::new(inputs, outputs).telling(told))
}

/// Availability zones as they were asked for, if they are among those that are there: AWS adds some.
fn zones(cluster: &Wire, recorded: &Object) -> BTreeSet<String> {
    let there: BTreeSet<_> = cluster.availability_zones().iter().cloned().collect();
    let asked = recorded.get("availability_zones").and_then(Value::as_list).unwrap_or_default();
    let asked: BTreeSet<_> = asked.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if !asked.is_empty() && asked.is_subset(&there) { asked } else { there }
}

fn members(cluster: &Wire) -> Vec<String> {
    let members = cluster.db_cluster_members().iter();
    let mut names: Vec<_> =
        members.filter_map(|member| member.db_instance_identifier.clone()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_that_aws_adds_are_no_difference() {
        let cluster = Wire::builder().availability_zones("a").availability_zones("b").build();
        let recorded = |zones: &[&str]| {
            let zones = zones.iter().map(|zone| Value::from(*zone)).collect();
            Object::from([("availability_zones".to_owned(), Value::List(zones))])
        };
        let seen =
            |asked: &[&str]| zones(&cluster, &recorded(asked)).into_iter().collect::<Vec<_>>();
        assert_eq!(seen(&["a"]), ["a"]);
        assert_eq!(seen(&[]), ["a", "b"]);
        assert_eq!(seen(&["c"]), ["a", "b"]);
    }
}
