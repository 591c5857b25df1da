//! Making a DB instance: new, as a replica, of a snapshot, of a point in time, of a backup in S3.

use aws_sdk_rds::types::DatabaseInsightsMode as WireMode;

use super::common::wire_tags;
use super::instance::{Instance, RestoreToPointInTime, S3Import};
use super::{Engine, InstanceRef};
use crate::prelude::*;

/// Makes the database and returns its resource id.
pub(super) async fn create(aws: &Aws, want: &Instance) -> Result<String> {
    let made = if let Some(source) = &want.replicate_source_db {
        replicate(aws, want, source).await?
    } else if let Some(snapshot) = &want.snapshot_identifier {
        of_snapshot(aws, want, snapshot).await?
    } else if let Some(point) = &want.restore_to_point_in_time {
        of_point_in_time(aws, want, point).await?
    } else if let Some(import) = &want.s3_import {
        of_s3(aws, want, import).await?
    } else {
        new(aws, want).await?
    };
    made.and_then(|instance| instance.dbi_resource_id).ok_or_else(|| missing("DbiResourceId"))
}

type Made = Result<Option<aws_sdk_rds::types::DbInstance>>;

/// What every call takes that makes a database.
macro_rules! everywhere {
    ($call:expr, $want:expr) => {{
        let want: &Instance = $want;
        $call
            .db_instance_class(&want.instance_class)
            .auto_minor_version_upgrade(want.auto_minor_version_upgrade)
            .set_availability_zone(want.availability_zone.clone())
            .set_ca_certificate_identifier(want.ca_cert_identifier.clone())
            .copy_tags_to_snapshot(want.copy_tags_to_snapshot)
            .set_db_parameter_group_name(text(&want.parameter_group_name))
            .set_db_subnet_group_name(text(&want.db_subnet_group_name))
            .set_dedicated_log_volume(yes(want.dedicated_log_volume))
            .set_deletion_protection(yes(want.deletion_protection))
            .set_enable_cloudwatch_logs_exports(all(&want.enabled_cloudwatch_logs_exports))
            .set_enable_iam_database_authentication(yes(want.iam_database_authentication_enabled))
            .set_iops(want.iops.map(number))
            .set_multi_az(want.multi_az)
            .set_network_type(want.network_type.map(|network| network.as_str().to_owned()))
            .set_option_group_name(text(&want.option_group_name))
            .set_port(want.port.map(number))
            .publicly_accessible(want.publicly_accessible)
            .set_storage_throughput(want.storage_throughput.map(number))
            .set_storage_type(want.storage_type.map(|kind| kind.as_str().to_owned()))
            .set_tags(wire_tags(&want.tags.0))
            .set_vpc_security_group_ids(all(&want.vpc_security_group_ids))
            .set_allocated_storage(want.allocated_storage.map(|size| number(size.0)))
    }};
}

/// What all of them take but the one for S3.
macro_rules! elsewhere {
    ($call:expr, $want:expr) => {{
        let want: &Instance = $want;
        everywhere!($call, want)
            .set_backup_target(want.backup_target.map(|target| target.as_str().to_owned()))
            .set_custom_iam_instance_profile(want.custom_iam_instance_profile.clone())
            .set_domain(want.domain.clone())
            .set_domain_auth_secret_arn(text(&want.domain_auth_secret_arn))
            .set_domain_dns_ips(
                (!want.domain_dns_ips.is_empty()).then(|| want.domain_dns_ips.clone()),
            )
            .set_domain_fqdn(want.domain_fqdn.clone())
            .set_domain_iam_role_name(want.domain_iam_role_name.clone())
            .set_domain_ou(want.domain_ou.clone())
            .set_enable_customer_owned_ip(want.customer_owned_ip_enabled)
    }};
}

/// What the calls take that make a database of its own.
macro_rules! of_its_own {
    ($call:expr, $want:expr) => {{
        let want: &Instance = $want;
        $call
            .set_backup_retention_period(want.backup_retention_period.map(|days| number(days.0)))
            .set_db_name(want.db_name.clone())
            .set_engine(want.engine.map(|engine| engine.as_str().to_owned()))
            .set_engine_lifecycle_support(
                want.engine_lifecycle_support.map(|support| support.as_str().to_owned()),
            )
            .set_license_model(want.license_model.map(|license| license.as_str().to_owned()))
            .set_manage_master_user_password(yes(want.manage_master_user_password))
            .set_master_user_secret_kms_key_id(key(&want.master_user_secret_kms_key_id))
            .set_preferred_backup_window(text(&want.backup_window))
    }};
}

/// What the calls take that make no copy of what was.
macro_rules! monitored {
    ($call:expr, $want:expr) => {{
        let want: &Instance = $want;
        let mode = want.database_insights_mode.map(|mode| WireMode::from(mode.as_str()));
        $call
            .set_database_insights_mode(mode)
            .set_enable_performance_insights(yes(want.performance_insights_enabled))
            .set_kms_key_id(key(&want.kms_key_id))
            .set_max_allocated_storage(want.max_allocated_storage.map(|size| number(size.0)))
            .set_monitoring_interval(interval(want))
            .set_monitoring_role_arn(text(&want.monitoring_role_arn))
            .set_performance_insights_kms_key_id(key(&want.performance_insights_kms_key_id))
            .set_performance_insights_retention_period(
                want.performance_insights_retention_period.map(|days| number(days.0)),
            )
    }};
}

async fn new(aws: &Aws, want: &Instance) -> Made {
    let answer = aws
        .call(|| {
            let call = aws.rds().create_db_instance();
            monitored!(of_its_own!(elsewhere!(call, want), want), want)
                .set_character_set_name(want.character_set_name.clone())
                .set_db_instance_identifier(text(&want.identifier))
                .set_engine_version(want.engine_version.clone())
                .set_master_username(want.username.clone())
                .set_master_user_password(password(want))
                .set_nchar_character_set_name(want.nchar_character_set_name.clone())
                .set_preferred_maintenance_window(text(&want.maintenance_window))
                .set_storage_encrypted(want.storage_encrypted)
                .set_timezone(want.timezone.clone())
                .send()
        })
        .await?;
    Ok(answer.db_instance)
}

async fn replicate(aws: &Aws, want: &Instance, source: &InstanceRef) -> Made {
    let mode = want.replica_mode.map(|mode| mode.as_str().into());
    let answer = aws
        .call(|| {
            let call = aws.rds().create_db_instance_read_replica();
            monitored!(elsewhere!(call, want), want)
                .set_db_instance_identifier(text(&want.identifier))
                .source_db_instance_identifier(source.as_str())
                .set_replica_mode(mode.clone())
                .set_upgrade_storage_config(yes(want.upgrade_storage_config))
                .send()
        })
        .await?;
    Ok(answer.db_instance)
}

async fn of_snapshot(aws: &Aws, want: &Instance, snapshot: &str) -> Made {
    // A Multi-AZ DB cluster's snapshot has an argument of its own.
    let is_cluster = snapshot.contains(":cluster-snapshot:");
    let (instance, cluster) =
        if is_cluster { (None, Some(snapshot)) } else { (Some(snapshot), None) };
    let answer = aws
        .call(|| {
            let call = aws.rds().restore_db_instance_from_db_snapshot();
            of_its_own!(elsewhere!(call, want), want)
                .set_db_name(restored_name(want))
                .set_db_instance_identifier(text(&want.identifier))
                .set_db_snapshot_identifier(instance.map(str::to_owned))
                .set_db_cluster_snapshot_identifier(cluster.map(str::to_owned))
                .send()
        })
        .await?;
    Ok(answer.db_instance)
}

async fn of_point_in_time(aws: &Aws, want: &Instance, point: &RestoreToPointInTime) -> Made {
    let time = time(&point.restore_time)?;
    let latest = yes(point.use_latest_restorable_time);
    let answer = aws
        .call(|| {
            let call = aws.rds().restore_db_instance_to_point_in_time();
            of_its_own!(elsewhere!(call, want), want)
                .set_db_name(restored_name(want))
                .set_target_db_instance_identifier(text(&want.identifier))
                .set_max_allocated_storage(want.max_allocated_storage.map(|size| number(size.0)))
                .set_restore_time(time)
                .set_source_db_instance_automated_backups_arn(text(
                    &point.source_db_instance_automated_backups_arn,
                ))
                .set_source_db_instance_identifier(text(&point.source_db_instance_identifier))
                .set_source_dbi_resource_id(text(&point.source_dbi_resource_id))
                .set_use_latest_restorable_time(latest)
                .send()
        })
        .await?;
    Ok(answer.db_instance)
}

async fn of_s3(aws: &Aws, want: &Instance, import: &S3Import) -> Made {
    let answer = aws
        .call(|| {
            let call = aws.rds().restore_db_instance_from_s3();
            monitored!(of_its_own!(everywhere!(call, want), want), want)
                .set_db_instance_identifier(text(&want.identifier))
                .set_engine_version(want.engine_version.clone())
                .set_master_username(want.username.clone())
                .set_master_user_password(password(want))
                .set_preferred_maintenance_window(text(&want.maintenance_window))
                .s3_bucket_name(&import.bucket_name)
                .s3_ingestion_role_arn(import.ingestion_role.as_str())
                .set_s3_prefix(import.bucket_prefix.clone())
                .source_engine(&import.source_engine)
                .source_engine_version(&import.source_engine_version)
                .set_storage_encrypted(want.storage_encrypted)
                .send()
        })
        .await?;
    Ok(answer.db_instance)
}

/// The name of the first database where a restoring call takes it: not of MariaDB, MySQL and
/// PostgreSQL, whose databases come with the snapshot. Source: RestoreDBInstanceFromDBSnapshot.
fn restored_name(want: &Instance) -> Option<String> {
    let comes_along = want
        .engine
        .is_some_and(|engine| matches!(engine, Engine::MariaDb | Engine::MySql | Engine::Postgres));
    want.db_name.clone().filter(|_| !comes_along)
}

/// A password that is not managed.
pub(super) fn password(want: &Instance) -> Option<String> {
    let given = want.password.clone().or_else(|| want.password_wo.clone());
    given.filter(|_| !want.manage_master_user_password)
}

/// A feature that is asked for only where it is wanted: not every engine knows the argument.
fn yes(wanted: bool) -> Option<bool> {
    wanted.then_some(true)
}

fn interval(want: &Instance) -> Option<i32> {
    (want.monitoring_interval.0 > 0).then(|| number(want.monitoring_interval.0))
}

pub(super) fn key(key: &Option<crate::kms::KeyRef>) -> Option<String> {
    key.as_ref().map(|key| key.as_str().to_owned())
}

fn all<T: ToString>(members: &std::collections::BTreeSet<T>) -> Option<Vec<String>> {
    (!members.is_empty()).then(|| members.iter().map(ToString::to_string).collect())
}
