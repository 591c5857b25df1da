//! Changing a DB cluster: one call with what differs, after what has calls of its own.

use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder as Modify;
use aws_sdk_rds::types::{
    CloudwatchLogsExportConfiguration, DatabaseInsightsMode as WireMode, DbCluster as Wire,
};
use infra_sdk::provider::{Failure, FailureClass};

use super::cluster::Cluster;
use super::cluster_create::{password, scaling};
use super::instance_create::key;
use super::instance_modify::is_version;
use crate::prelude::*;

/// Inputs that only say how to do other things, or that have calls of their own.
const NOTHING: &[&str] = &[
    "allow_major_version_upgrade",
    "db_instance_parameter_group_name",
    "delete_automated_backups",
    "enable_http_endpoint",
    "final_snapshot_identifier",
    "replication_source_identifier",
    "restore_to_point_in_time",
    "skip_final_snapshot",
    "snapshot_identifier",
];

pub(super) async fn update(
    aws: &Aws,
    now: &Wire,
    want: &Cluster,
    was: &Cluster,
    changed: &Changed,
) -> Result<()> {
    let id = now.db_cluster_identifier().ok_or_else(|| missing("DBClusterIdentifier"))?;
    if changed.has("replication_source_identifier") {
        promote(aws, now, want, id).await?;
    }
    let arn = now.db_cluster_arn().ok_or_else(|| missing("DBClusterArn"))?;
    if changed.has("enable_http_endpoint") {
        http_endpoint(aws, arn, want.enable_http_endpoint).await?;
    }
    if !differs(want, was, changed) {
        return Ok(());
    }
    // What a restoring call did not take belongs to making the cluster: it is not put off.
    let restored = |cluster: &Cluster| {
        cluster.snapshot_identifier.is_some() || cluster.restore_to_point_in_time.is_some()
    };
    let at_once = want.apply_immediately || restored(want) && !restored(was);
    aws.call(|| {
        let call = aws.rds().modify_db_cluster().db_cluster_identifier(id);
        let call = call.apply_immediately(at_once);
        let call = settings(call, want, changed);
        let call = engine(call, now, want, changed);
        let call = insights(call, want, changed);
        credentials(call, want, changed)
            .set_cloudwatch_logs_export_configuration(exports(want, was, changed))
            .send()
    })
    .await
    .map(drop)
}

/// Whether there is anything to ask RDS for.
fn differs(want: &Cluster, was: &Cluster, changed: &Changed) -> bool {
    let mut fields = <Cluster as infra_sdk::ResourceType>::SCHEMA.inputs.iter();
    let passwords = ["master_password", "master_password_wo", "master_password_wo_version"];
    let silent = |name: &str| {
        NOTHING.contains(&name)
            || name == "apply_immediately" && !want.apply_immediately
            || passwords.contains(&name) && password(want).is_none()
            || name == "engine_version" && is_beginning(want, was.engine_version.as_deref())
    };
    fields.any(|field| changed.has(field.name) && !silent(field.name))
}

fn is_beginning(want: &Cluster, version: Option<&str>) -> bool {
    let (Some(want), Some(version)) = (&want.engine_version, version) else { return true };
    is_version(want, version)
}

/// Makes a replica a cluster of its own, unless an earlier try has done so.
async fn promote(aws: &Aws, now: &Wire, want: &Cluster, id: &str) -> Result<()> {
    if want.replication_source_identifier.is_some() {
        let message = "RDS cannot make a cluster the replica of another: take the resource away \
                       and add one with another address";
        return Err(Failure::new(FailureClass::Invalid, message));
    }
    if now.replication_source_identifier().is_none_or(str::is_empty) {
        return Ok(());
    }
    let promote = || aws.rds().promote_read_replica_db_cluster().db_cluster_identifier(id).send();
    aws.call(promote).await.map(drop)
}

/// The Data API has calls of its own, which work for every kind of Aurora cluster.
async fn http_endpoint(aws: &Aws, arn: &str, enabled: bool) -> Result<()> {
    if enabled {
        aws.call(|| aws.rds().enable_http_endpoint().resource_arn(arn).send()).await.map(drop)
    } else {
        aws.call(|| aws.rds().disable_http_endpoint().resource_arn(arn).send()).await.map(drop)
    }
}

/// Single settings.
fn settings(call: Modify, want: &Cluster, changed: &Changed) -> Modify {
    let if_changed = |name: &str, value: bool| changed.has(name).then_some(value);
    let groups = || want.vpc_security_group_ids.iter().map(ToString::to_string).collect();
    let period = changed.has("backup_retention_period");
    let class = want.db_cluster_instance_class.clone();
    let network = want.network_type.filter(|_| changed.has("network_type"));
    let parameters = text(&want.db_cluster_parameter_group_name);
    let stored = changed.any(&["allocated_storage", "iops", "storage_type"]);
    let kind = want.storage_type.filter(|_| changed.has("storage_type"));
    let window = || i64::from(want.backtrack_window.0);
    let domain = changed.any(&["domain", "domain_iam_role_name"]);
    // RDS leaves a directory by this word. Source: RDS API Reference, ModifyDBCluster.
    let directory = || want.domain.clone().unwrap_or_else(|| "none".to_owned());
    call.set_allocated_storage(want.allocated_storage.filter(|_| stored).map(|size| number(size.0)))
        .set_iops(want.iops.filter(|_| stored).map(number))
        .set_storage_type(kind.map(|kind| kind.as_str().to_owned()))
        .set_backtrack_window(changed.has("backtrack_window").then(window))
        .set_backup_retention_period(period.then(|| number(want.backup_retention_period.0)))
        .set_ca_certificate_identifier(
            want.ca_certificate_identifier
                .clone()
                .filter(|_| changed.has("ca_certificate_identifier")),
        )
        .set_copy_tags_to_snapshot(if_changed("copy_tags_to_snapshot", want.copy_tags_to_snapshot))
        .set_db_cluster_instance_class(class.filter(|_| changed.has("db_cluster_instance_class")))
        .set_db_cluster_parameter_group_name(
            parameters.filter(|_| changed.has("db_cluster_parameter_group_name")),
        )
        .set_deletion_protection(if_changed("deletion_protection", want.deletion_protection))
        .set_domain(domain.then(directory))
        .set_domain_iam_role_name(want.domain_iam_role_name.clone().filter(|_| domain))
        .set_enable_global_write_forwarding(if_changed(
            "enable_global_write_forwarding",
            want.enable_global_write_forwarding,
        ))
        .set_enable_iam_database_authentication(if_changed(
            "iam_database_authentication_enabled",
            want.iam_database_authentication_enabled,
        ))
        .set_enable_local_write_forwarding(if_changed(
            "enable_local_write_forwarding",
            want.enable_local_write_forwarding,
        ))
        .set_network_type(network.map(|network| network.as_str().to_owned()))
        .set_port(want.port.filter(|_| changed.has("port")).map(number))
        .set_preferred_backup_window(
            text(&want.preferred_backup_window).filter(|_| changed.has("preferred_backup_window")),
        )
        .set_preferred_maintenance_window(
            text(&want.preferred_maintenance_window)
                .filter(|_| changed.has("preferred_maintenance_window")),
        )
        .set_serverless_v2_scaling_configuration(
            scaling(want).filter(|_| changed.has("serverlessv2_scaling_configuration")),
        )
        .set_vpc_security_group_ids(changed.has("vpc_security_group_ids").then(groups))
}

/// Version.
fn engine(call: Modify, now: &Wire, want: &Cluster, changed: &Changed) -> Modify {
    let version = want
        .engine_version
        .clone()
        .filter(|_| changed.has("engine_version") && !is_beginning(want, now.engine_version()));
    let support = want.engine_lifecycle_support.filter(|_| changed.has("engine_lifecycle_support"));
    // The group of instances is for a new major version alone.
    let major = version.is_some() && want.allow_major_version_upgrade;
    call.set_allow_major_version_upgrade(version.as_ref().map(|_| want.allow_major_version_upgrade))
        .set_db_instance_parameter_group_name(
            text(&want.db_instance_parameter_group_name).filter(|_| major),
        )
        .set_engine_version(version)
        .set_engine_lifecycle_support(support.map(|support| support.as_str().to_owned()))
}

/// Enhanced Monitoring, Performance Insights and Database Insights.
fn insights(call: Modify, want: &Cluster, changed: &Changed) -> Modify {
    let mut call = call;
    if changed.any(&["monitoring_interval", "monitoring_role_arn"]) {
        call = call
            .monitoring_interval(number(want.monitoring_interval.0))
            .set_monitoring_role_arn(text(&want.monitoring_role_arn));
    }
    let names = [
        "database_insights_mode",
        "performance_insights_enabled",
        "performance_insights_kms_key_id",
        "performance_insights_retention_period",
    ];
    if changed.any(&names) {
        let mode = want.database_insights_mode.filter(|_| changed.has("database_insights_mode"));
        let enabled = want.performance_insights_enabled;
        let days = want.performance_insights_retention_period.filter(|_| enabled);
        let given = key(&want.performance_insights_kms_key_id).filter(|_| enabled);
        call = call
            .set_database_insights_mode(mode.map(|mode| WireMode::from(mode.as_str())))
            .enable_performance_insights(enabled)
            .set_performance_insights_kms_key_id(given)
            .set_performance_insights_retention_period(days.map(|days| number(days.0)));
    }
    call
}

/// The password, given or managed. Who stops managing it has to give one.
fn credentials(call: Modify, want: &Cluster, changed: &Changed) -> Modify {
    let managed = changed.any(&["manage_master_user_password", "master_user_secret_kms_key_id"]);
    let given = changed.any(&[
        "manage_master_user_password",
        "master_password",
        "master_password_wo",
        "master_password_wo_version",
    ]);
    let secret_key = key(&want.master_user_secret_kms_key_id);
    call.set_manage_master_user_password(managed.then_some(want.manage_master_user_password))
        .set_master_user_secret_kms_key_id(
            secret_key.filter(|_| managed && want.manage_master_user_password),
        )
        .set_master_user_password(password(want).filter(|_| given))
}

/// Log exports come and go one by one.
fn exports(
    want: &Cluster,
    was: &Cluster,
    changed: &Changed,
) -> Option<CloudwatchLogsExportConfiguration> {
    let (now, wanted) =
        (&was.enabled_cloudwatch_logs_exports, &want.enabled_cloudwatch_logs_exports);
    changed.has("enabled_cloudwatch_logs_exports").then(|| {
        CloudwatchLogsExportConfiguration::builder()
            .set_enable_log_types(Some(wanted.difference(now).cloned().collect()))
            .set_disable_log_types(Some(now.difference(wanted).cloned().collect()))
            .build()
    })
}
