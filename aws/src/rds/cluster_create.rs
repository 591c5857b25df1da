//! Making a DB cluster: new, of a snapshot, of a point in time.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{
    DatabaseInsightsMode as WireMode, DbCluster as Wire,
    ServerlessV2ScalingConfiguration as WireScaling,
};

use super::cluster::{Cluster, ClusterRestoreToPointInTime};
use super::common::wire_tags;
use super::instance_create::key;
use crate::prelude::*;

/// Makes the cluster.
pub(super) async fn create(aws: &Aws, want: &Cluster) -> Made {
    if let Some(snapshot) = &want.snapshot_identifier {
        of_snapshot(aws, want, snapshot).await
    } else if let Some(point) = &want.restore_to_point_in_time {
        of_point_in_time(aws, want, point).await
    } else {
        new(aws, want).await
    }
}

/// What every call takes that makes a cluster.
macro_rules! everywhere {
    ($call:expr, $want:expr) => {{
        let want: &Cluster = $want;
        $call
            .set_backtrack_window(backtrack(want))
            .copy_tags_to_snapshot(want.copy_tags_to_snapshot)
            .set_db_cluster_identifier(text(&want.cluster_identifier))
            .set_db_cluster_instance_class(want.db_cluster_instance_class.clone())
            .set_db_cluster_parameter_group_name(text(&want.db_cluster_parameter_group_name))
            .set_db_subnet_group_name(text(&want.db_subnet_group_name))
            .set_deletion_protection(yes(want.deletion_protection))
            .set_domain(want.domain.clone())
            .set_domain_iam_role_name(want.domain_iam_role_name.clone())
            .set_enable_cloudwatch_logs_exports(all(&want.enabled_cloudwatch_logs_exports))
            .set_enable_iam_database_authentication(yes(want.iam_database_authentication_enabled))
            .set_enable_performance_insights(yes(want.performance_insights_enabled))
            .set_engine_lifecycle_support(
                want.engine_lifecycle_support.map(|support| support.as_str().to_owned()),
            )
            .set_iops(want.iops.map(number))
            .set_kms_key_id(key(&want.kms_key_id))
            .set_monitoring_interval(interval(want))
            .set_monitoring_role_arn(text(&want.monitoring_role_arn))
            .set_network_type(want.network_type.map(|network| network.as_str().to_owned()))
            .set_performance_insights_kms_key_id(key(&want.performance_insights_kms_key_id))
            .set_performance_insights_retention_period(
                want.performance_insights_retention_period.map(|days| number(days.0)),
            )
            .set_port(want.port.map(number))
            .set_serverless_v2_scaling_configuration(scaling(want))
            .set_storage_type(want.storage_type.map(|kind| kind.as_str().to_owned()))
            .set_tags(wire_tags(&want.tags.0))
            .set_vpc_security_group_ids(all(&want.vpc_security_group_ids))
            .backup_retention_period(number(want.backup_retention_period.0))
            .set_preferred_backup_window(text(&want.preferred_backup_window))
    }};
}

pub(super) type Made = Result<Option<Wire>>;

async fn new(aws: &Aws, want: &Cluster) -> Made {
    let mode = want.database_insights_mode.map(|mode| WireMode::from(mode.as_str()));
    let answer = aws
        .call(|| {
            everywhere!(aws.rds().create_db_cluster(), want)
                .set_allocated_storage(want.allocated_storage.map(|size| number(size.0)))
                .set_availability_zones(all(&want.availability_zones))
                .set_ca_certificate_identifier(want.ca_certificate_identifier.clone())
                .set_database_insights_mode(mode.clone())
                .set_database_name(want.database_name.clone())
                .set_enable_global_write_forwarding(yes(want.enable_global_write_forwarding))
                .set_enable_http_endpoint(yes(want.enable_http_endpoint))
                .set_enable_local_write_forwarding(yes(want.enable_local_write_forwarding))
                .engine(want.engine.as_str())
                .set_engine_version(want.engine_version.clone())
                .set_global_cluster_identifier(want.global_cluster_identifier.clone())
                .set_manage_master_user_password(yes(want.manage_master_user_password))
                .set_master_user_password(password(want))
                .set_master_user_secret_kms_key_id(key(&want.master_user_secret_kms_key_id))
                .set_master_username(want.master_username.clone())
                .set_preferred_maintenance_window(text(&want.preferred_maintenance_window))
                .set_replication_source_identifier(text(&want.replication_source_identifier))
                .set_storage_encrypted(want.storage_encrypted)
                .send()
        })
        .await?;
    Ok(answer.db_cluster)
}

async fn of_snapshot(aws: &Aws, want: &Cluster, snapshot: &str) -> Made {
    let answer = aws
        .call(|| {
            everywhere!(aws.rds().restore_db_cluster_from_snapshot(), want)
                .set_availability_zones(all(&want.availability_zones))
                .set_database_name(want.database_name.clone())
                .engine(want.engine.as_str())
                .set_engine_version(want.engine_version.clone())
                .snapshot_identifier(snapshot)
                .send()
        })
        .await?;
    Ok(answer.db_cluster)
}

async fn of_point_in_time(aws: &Aws, want: &Cluster, point: &ClusterRestoreToPointInTime) -> Made {
    let time = time(&point.restore_to_time)?;
    let answer = aws
        .call(|| {
            everywhere!(aws.rds().restore_db_cluster_to_point_in_time(), want)
                .set_restore_to_time(time)
                .restore_type(point.restore_type.as_str())
                .set_source_db_cluster_identifier(point.source_cluster_identifier.clone())
                .set_source_db_cluster_resource_id(point.source_cluster_resource_id.clone())
                .set_use_latest_restorable_time(yes(point.use_latest_restorable_time))
                .send()
        })
        .await?;
    Ok(answer.db_cluster)
}

/// A password that is not managed.
pub(super) fn password(want: &Cluster) -> Option<String> {
    let given = want.master_password.clone().or_else(|| want.master_password_wo.clone());
    given.filter(|_| !want.manage_master_user_password)
}

pub(super) fn scaling(want: &Cluster) -> Option<WireScaling> {
    want.serverlessv2_scaling_configuration.as_ref().map(|scaling| {
        WireScaling::builder()
            .min_capacity(scaling.min_capacity)
            .max_capacity(scaling.max_capacity)
            .set_seconds_until_auto_pause(
                scaling.seconds_until_auto_pause.map(|seconds| number(seconds.0)),
            )
            .build()
    })
}

fn backtrack(want: &Cluster) -> Option<i64> {
    (want.backtrack_window.0 > 0).then(|| i64::from(want.backtrack_window.0))
}

fn interval(want: &Cluster) -> Option<i32> {
    (want.monitoring_interval.0 > 0).then(|| number(want.monitoring_interval.0))
}

/// A feature that is asked for only where it is wanted: not every engine knows the argument.
fn yes(wanted: bool) -> Option<bool> {
    wanted.then_some(true)
}

fn all<T: ToString>(members: &BTreeSet<T>) -> Option<Vec<String>> {
    (!members.is_empty()).then(|| members.iter().map(ToString::to_string).collect())
}
