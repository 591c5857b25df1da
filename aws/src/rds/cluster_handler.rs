//! The AWS calls of [`Cluster`].

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder as Modify;
use aws_sdk_rds::types::{
    CloudwatchLogsExportConfiguration, DatabaseInsightsMode as WireMode, DbCluster as Wire, Filter,
    ServerlessV2ScalingConfiguration as WireScaling,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::provider::{Failure, FailureClass, Readiness};

use super::cluster::{Cluster, ClusterRestoreToPointInTime};
use super::cluster_read;
use super::common::{filter, number, retag, tags_of, text, wire_tags};
use super::instance_create::key;
use super::instance_modify::is_version;
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "rds:AddTagsToResource",
    "rds:CreateDBCluster",
    "rds:DeleteDBCluster",
    "rds:DescribeDBClusters",
    "rds:DisableHttpEndpoint",
    "rds:EnableHttpEndpoint",
    "rds:ModifyDBCluster",
    "rds:PromoteReadReplicaDBCluster",
    "rds:RemoveTagsFromResource",
    "rds:RestoreDBClusterFromSnapshot",
    "rds:RestoreDBClusterToPointInTime",
];
/// The operations, the roles that RDS takes on, the keys that it encrypts with, the secret that it
/// keeps a password in, and the snapshot at the end. Source: Aurora user guide, managed passwords
/// and encryption; Service Authorization Reference, RDS.
const ACTIONS: &[&str] = &[
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:DescribeKey",
    "rds:AddTagsToResource",
    "rds:CreateDBCluster",
    "rds:CreateDBClusterSnapshot",
    "rds:CreateDBInstance",
    "rds:DeleteDBCluster",
    "rds:DescribeDBClusters",
    "rds:DisableHttpEndpoint",
    "rds:EnableHttpEndpoint",
    "rds:ModifyDBCluster",
    "rds:PromoteReadReplicaDBCluster",
    "rds:RemoveTagsFromResource",
    "rds:RestoreDBClusterFromSnapshot",
    "rds:RestoreDBClusterToPointInTime",
    "secretsmanager:CreateSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
];
const GONE: &[&str] = &["DBClusterNotFoundFault"];
/// Clusters that are asked for at once, and the most of a page. Source: DescribeDBClusters.
const PAGE: usize = 100;

impl Handler for Cluster {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        create: "rds:CreateDBCluster",
        operations: OPERATIONS,
        actions: ACTIONS,
        // What one of the ways of making a cluster does not take.
        after_create: &[
            "allocated_storage",
            "backup_retention_period",
            "ca_certificate_identifier",
            "database_insights_mode",
            "enable_global_write_forwarding",
            "enable_http_endpoint",
            "enable_local_write_forwarding",
            "engine_version",
            "manage_master_user_password",
            "preferred_backup_window",
            "preferred_maintenance_window",
        ],
        naming: Some(Naming {
            name: "cluster_identifier",
            prefix: "cluster_identifier_prefix",
            start: "infra-",
        }),
        gone: GONE,
        not_yet: &[
            ("InvalidParameterValue", "IAM role ARN value is invalid or does not include"),
            ("InvalidDBClusterStateFault", ""),
            ("InvalidDBInstanceState", ""),
        ],
        // Instances have to go first.
        lingering: &[("InvalidDBClusterStateFault", "")],
        patience: Patience {
            create: Duration::from_secs(120 * 60),
            update: Duration::from_secs(120 * 60),
            delete: Duration::from_secs(120 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let made = if let Some(snapshot) = &want.snapshot_identifier {
            of_snapshot(aws, want, snapshot).await
        } else if let Some(point) = &want.restore_to_point_in_time {
            of_point_in_time(aws, want, point).await
        } else {
            new(aws, want).await
        };
        match made {
            Ok(cluster) => cluster
                .and_then(|cluster| cluster.db_cluster_identifier)
                .ok_or_else(|| missing("DBClusterIdentifier")),
            // A try whose answer was lost may have made it: it is ours if its tags say so.
            Err(failure) if failure.code.as_deref() == Some("DBClusterAlreadyExistsFault") => {
                Self::find(aws, want).await?.pop().ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, PAGE, |chunk| async move {
            let ids = chunk.iter().map(|item| item.id.clone());
            let found = list(aws, filter("db-cluster-id", ids)).await?;
            let mut seen = HashMap::new();
            for item in &chunk {
                let is_it = |cluster: &&Wire| {
                    let id = cluster.db_cluster_identifier();
                    id.is_some_and(|id| id.eq_ignore_ascii_case(&item.id))
                };
                if let Some(cluster) = found.iter().find(is_it) {
                    seen.insert(item.id.clone(), cluster_read::see(cluster.clone(), item)?);
                }
            }
            Ok(seen)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        let now = one(aws, id).await?;
        if changed.has("replication_source_identifier") {
            promote(aws, &now, want, id).await?;
        }
        let arn = now.db_cluster_arn().ok_or_else(|| missing("DBClusterArn"))?;
        if changed.has("enable_http_endpoint") {
            http_endpoint(aws, arn, want.enable_http_endpoint).await?;
        }
        if !differs(want, was, changed) {
            return Ok(());
        }
        // What a restoring call did not take belongs to making the cluster: it is not put off.
        let restored = |cluster: &Self| {
            cluster.snapshot_identifier.is_some() || cluster.restore_to_point_in_time.is_some()
        };
        let at_once = want.apply_immediately || restored(want) && !restored(was);
        aws.call(|| {
            let call = aws.rds().modify_db_cluster().db_cluster_identifier(id);
            let call = call.apply_immediately(at_once);
            let call = settings(call, want, changed);
            let call = engine(call, &now, want, changed);
            let call = insights(call, want, changed);
            credentials(call, want, changed)
                .set_cloudwatch_logs_export_configuration(exports(want, was, changed))
                .send()
        })
        .await
        .map(drop)
    }

    fn unseen(want: &Self) -> &'static [&'static str] {
        let restored =
            want.snapshot_identifier.is_some() || want.restore_to_point_in_time.is_some();
        let given = want.master_password.is_some() || want.master_password_wo.is_some();
        if restored && given { &["master_password", "master_password_wo"] } else { &[] }
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        // It was told to go already.
        if one(aws, id).await?.status() == Some("deleting") {
            return Ok(());
        }
        let skip = was.skip_final_snapshot;
        let snapshot = was.final_snapshot_identifier.clone().filter(|_| !skip);
        aws.call(|| {
            aws.rds()
                .delete_db_cluster()
                .db_cluster_identifier(id)
                .skip_final_snapshot(skip)
                .set_final_db_snapshot_identifier(snapshot.clone())
                .delete_automated_backups(was.delete_automated_backups)
                .send()
        })
        .await
        .map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match seen.outputs.status.as_str() {
            "available" | "stopped" | "storage-optimization" => Readiness::Ready,
            "cloning-failed" | "inaccessible-encryption-credentials" | "migration-failed" => {
                Readiness::Failed(format!("its status is `{}`", seen.outputs.status))
            }
            busy => Readiness::Waiting(busy.to_owned()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(name) = &want.cluster_identifier else { return Ok(Vec::new()) };
        let found = list(aws, filter("db-cluster-id", [name.as_str()])).await?;
        let ours = found.into_iter().filter(|cluster| {
            let id = cluster.db_cluster_identifier();
            id.is_some_and(|id| id.eq_ignore_ascii_case(name.as_str()))
                && cluster.status() != Some("deleting")
                && is_ours(&want.tags.0, &tags_of(cluster.tag_list.clone()).0)
        });
        Ok(ours.filter_map(|cluster| cluster.db_cluster_identifier).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let arn = one(aws, id).await?.db_cluster_arn.ok_or_else(|| missing("DBClusterArn"))?;
        retag(aws, &arn, change).await
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

type Made = Result<Option<Wire>>;

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
    let time = point.restore_to_time.as_deref().map(|text| {
        DateTime::from_str(text, Format::DateTime).map_err(|error| {
            Failure::new(FailureClass::Invalid, format!("`{text}` is not a time: {error}"))
        })
    });
    let time = time.transpose()?;
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

/// A password that is not managed.
fn password(want: &Cluster) -> Option<String> {
    let given = want.master_password.clone().or_else(|| want.master_password_wo.clone());
    given.filter(|_| !want.manage_master_user_password)
}

fn scaling(want: &Cluster) -> Option<WireScaling> {
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

/// The cluster of an id.
async fn one(aws: &Aws, id: &str) -> Result<Wire> {
    let answer =
        aws.call(|| aws.rds().describe_db_clusters().db_cluster_identifier(id).send()).await?;
    answer.db_clusters.into_iter().flatten().next().ok_or_else(|| missing("DBClusters"))
}

async fn list(aws: &Aws, filter: Filter) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.rds().describe_db_clusters().set_marker(marker);
                call.filters(filter.clone()).send()
            },
            |page| page.marker(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.db_clusters.unwrap_or_default()).collect())
}
