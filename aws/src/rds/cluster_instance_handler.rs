//! The AWS calls of [`ClusterInstance`].

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_rds::types::{DbInstance as Wire, Filter, PendingModifiedValues};
use infra_sdk::provider::Readiness;
use infra_sdk::{Arn, Days, Seconds};

use super::cluster_instance::{ClusterInstance, ClusterInstanceOutputs};
use super::common::{filled, filter, retag, tags_of, wire_tags};
use super::instance_create::key;
use super::instance_handler::{GONE, readiness};
use super::instance_read::{asked_version, positive, progress};
use super::{
    BackupWindow, ClusterIdentifier, InstanceIdentifier, MaintenanceWindow, ParameterGroupName,
    SubnetGroupName,
};
use crate::frame::calls::Patience;
use crate::frame::names::prefix_of;
use crate::frame::tags::is_ours;
use crate::kms::KeyRef;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "rds:AddTagsToResource",
    "rds:CreateDBInstance",
    "rds:DeleteDBInstance",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:ModifyDBInstance",
    "rds:RemoveTagsFromResource",
];
/// The operations, and the roles that RDS takes on.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    ["iam:CreateServiceLinkedRole", "iam:PassRole", "kms:CreateGrant", "kms:DescribeKey"]
);
/// Instances that are asked for at once, and the most of a page. Source: DescribeDBInstances.
const PAGE: usize = 100;

impl Handler for ClusterInstance {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("identifier"),
        create: "rds:CreateDBInstance",
        operations: OPERATIONS,
        actions: ACTIONS,
        naming: Some(Naming { name: "identifier", prefix: "identifier_prefix", start: "infra-" }),
        gone: GONE,
        not_yet: &[
            ("InvalidParameterValue", "IAM role ARN value is invalid or does not include"),
            ("InvalidDBClusterStateFault", ""),
            ("InvalidDBInstanceState", ""),
        ],
        lingering: &[("InvalidDBInstanceState", ""), ("InvalidDBClusterStateFault", "")],
        patience: Patience {
            create: Duration::from_secs(90 * 60),
            update: Duration::from_secs(90 * 60),
            delete: Duration::from_secs(90 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let made = aws
            .call(|| {
                aws.rds()
                    .create_db_instance()
                    .db_cluster_identifier(want.cluster_identifier.as_str())
                    .set_db_instance_identifier(text(&want.identifier))
                    .db_instance_class(&want.instance_class)
                    .engine(want.engine.as_str())
                    .set_engine_version(want.engine_version.clone())
                    .auto_minor_version_upgrade(want.auto_minor_version_upgrade)
                    .set_availability_zone(want.availability_zone.clone())
                    .set_ca_certificate_identifier(want.ca_cert_identifier.clone())
                    .copy_tags_to_snapshot(want.copy_tags_to_snapshot)
                    .set_db_parameter_group_name(text(&want.db_parameter_group_name))
                    .set_db_subnet_group_name(text(&want.db_subnet_group_name))
                    .set_enable_performance_insights(want.performance_insights_enabled)
                    .set_monitoring_interval(want.monitoring_interval.map(|s| number(s.0)))
                    .set_monitoring_role_arn(text(&want.monitoring_role_arn))
                    .set_performance_insights_kms_key_id(key(&want.performance_insights_kms_key_id))
                    .set_performance_insights_retention_period(
                        want.performance_insights_retention_period.map(|days| number(days.0)),
                    )
                    .set_preferred_backup_window(text(&want.preferred_backup_window))
                    .set_preferred_maintenance_window(text(&want.preferred_maintenance_window))
                    .promotion_tier(number(want.promotion_tier))
                    .set_publicly_accessible(want.publicly_accessible)
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let name = made.db_instance.and_then(|instance| instance.db_instance_identifier);
        name.ok_or_else(|| missing("DBInstanceIdentifier"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, PAGE, |chunk| read_chunk(aws, chunk)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let names = [
            "monitoring_interval",
            "monitoring_role_arn",
            "performance_insights_enabled",
            "performance_insights_kms_key_id",
            "performance_insights_retention_period",
        ];
        let monitored = changed.any(&names[..2]);
        let insights = changed.any(&names[2..]);
        let enabled = want.performance_insights_enabled == Some(true);
        let class = changed.has("instance_class").then(|| want.instance_class.clone());
        let if_changed = |name: &str, value: bool| changed.has(name).then_some(value);
        let days = want.performance_insights_retention_period.filter(|_| insights && enabled);
        let secret_key = key(&want.performance_insights_kms_key_id);
        let certificate = want.ca_cert_identifier.clone();
        aws.call(|| {
            aws.rds()
                .modify_db_instance()
                .db_instance_identifier(id)
                .apply_immediately(want.apply_immediately)
                .set_auto_minor_version_upgrade(if_changed(
                    "auto_minor_version_upgrade",
                    want.auto_minor_version_upgrade,
                ))
                .set_ca_certificate_identifier(
                    certificate.clone().filter(|_| changed.has("ca_cert_identifier")),
                )
                .set_copy_tags_to_snapshot(if_changed(
                    "copy_tags_to_snapshot",
                    want.copy_tags_to_snapshot,
                ))
                .set_db_instance_class(class.clone())
                .set_db_parameter_group_name(
                    text(&want.db_parameter_group_name)
                        .filter(|_| changed.has("db_parameter_group_name")),
                )
                .set_enable_performance_insights(
                    want.performance_insights_enabled.filter(|_| insights),
                )
                .set_monitoring_interval(
                    want.monitoring_interval.filter(|_| monitored).map(|s| number(s.0)),
                )
                .set_monitoring_role_arn(text(&want.monitoring_role_arn).filter(|_| monitored))
                .set_performance_insights_kms_key_id(
                    secret_key.clone().filter(|_| insights && enabled),
                )
                .set_performance_insights_retention_period(days.map(|days| number(days.0)))
                .set_preferred_maintenance_window(
                    text(&want.preferred_maintenance_window)
                        .filter(|_| changed.has("preferred_maintenance_window")),
                )
                .set_promotion_tier(
                    changed.has("promotion_tier").then(|| number(want.promotion_tier)),
                )
                .set_publicly_accessible(
                    want.publicly_accessible.filter(|_| changed.has("publicly_accessible")),
                )
                .send()
        })
        .await
        .map(drop)
    }

    /// Instances of Aurora have no snapshots of their own. Source: RDS API Reference,
    /// DeleteDBInstance.
    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let found = list(aws, filter("db-instance-id", [id])).await?;
        if found.iter().any(|instance| instance.db_instance_status() == Some("deleting")) {
            return Ok(());
        }
        aws.call(|| {
            let call = aws.rds().delete_db_instance().db_instance_identifier(id);
            call.skip_final_snapshot(true).send()
        })
        .await
        .map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        readiness(&seen.outputs.status)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(name) = &want.identifier else { return Ok(Vec::new()) };
        let found = list(aws, filter("db-instance-id", [name.as_str()])).await?;
        let ours = found.into_iter().filter(|instance| {
            let id = instance.db_instance_identifier();
            id.is_some_and(|id| id.eq_ignore_ascii_case(name.as_str()))
                && instance.db_instance_status() != Some("deleting")
                && is_ours(&want.tags.0, &tags_of(instance.tag_list.clone()).0)
        });
        Ok(ours.filter_map(|instance| instance.db_instance_identifier).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, &super::common::arn_of(aws, "db", id).await?, change).await
    }
}

async fn list(aws: &Aws, filter: Filter) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.rds().describe_db_instances().set_marker(marker);
                call.filters(filter.clone()).send()
            },
            |page| page.marker(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.db_instances.unwrap_or_default()).collect())
}

/// The writers of clusters, by identifier.
async fn writers(aws: &Aws, clusters: BTreeSet<String>) -> Result<BTreeSet<String>> {
    if clusters.is_empty() {
        return Ok(BTreeSet::new());
    }
    let filter = filter("db-cluster-id", clusters);
    let pages = aws
        .pages(
            |marker| {
                let call = aws.rds().describe_db_clusters().set_marker(marker);
                call.filters(filter.clone()).send()
            },
            |page| page.marker(),
        )
        .await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.db_clusters.unwrap_or_default())
        .flat_map(|cluster| cluster.db_cluster_members.unwrap_or_default())
        .filter(|member| member.is_cluster_writer == Some(true))
        .filter_map(|member| member.db_instance_identifier)
        .collect())
}

async fn read_chunk(
    aws: &Aws,
    chunk: Vec<Known>,
) -> Result<HashMap<String, Seen<ClusterInstance>>> {
    let ids = chunk.iter().map(|item| item.id.clone());
    let found = list(aws, filter("db-instance-id", ids)).await?;
    let clusters = found.iter().filter_map(|i| filled(i.db_cluster_identifier.clone())).collect();
    let writers = writers(aws, clusters).await?;
    let mut seen = HashMap::new();
    for item in &chunk {
        let is_it = |instance: &&Wire| {
            let id = instance.db_instance_identifier();
            id.is_some_and(|id| id.eq_ignore_ascii_case(&item.id))
        };
        if let Some(instance) = found.iter().find(is_it) {
            seen.insert(item.id.clone(), see(instance.clone(), item, &writers)?);
        }
    }
    Ok(seen)
}

fn see(instance: Wire, known: &Known, writers: &BTreeSet<String>) -> Result<Seen<ClusterInstance>> {
    let recorded = &known.recorded;
    let told = progress(&instance);
    let name = instance.db_instance_identifier.clone();
    let name = name.ok_or_else(|| missing("DBInstanceIdentifier"))?;
    let pending = instance.pending_modified_values.clone();
    let pending = pending.unwrap_or_else(|| PendingModifiedValues::builder().build());
    let version = instance.engine_version.clone().ok_or_else(|| missing("EngineVersion"))?;
    let status = instance.db_instance_status.clone();
    let status = status.ok_or_else(|| missing("DBInstanceStatus"))?;
    let hurried = recorded_flag(recorded, "apply_immediately") == Some(true);
    // A change that is made at once begins a moment after the call, and shows as waiting till then.
    let begins =
        status == "available" && hurried && pending != PendingModifiedValues::builder().build();
    let endpoint = instance.endpoint.as_ref();
    let insights = instance.performance_insights_enabled;
    let group = instance.db_parameter_groups().first();
    let inputs = ClusterInstance {
        cluster_identifier: ClusterIdentifier::new(
            filled(instance.db_cluster_identifier.clone())
                .ok_or_else(|| missing("DBClusterIdentifier"))?,
        ),
        engine: parsed(instance.engine(), "Engine")?,
        instance_class: pending
            .db_instance_class
            .clone()
            .or(instance.db_instance_class.clone())
            .ok_or_else(|| missing("DBInstanceClass"))?,
        apply_immediately: false,
        auto_minor_version_upgrade: instance.auto_minor_version_upgrade.unwrap_or(true),
        availability_zone: filled(instance.availability_zone.clone()),
        ca_cert_identifier: filled(
            pending
                .ca_certificate_identifier
                .clone()
                .or(instance.ca_certificate_identifier.clone()),
        ),
        copy_tags_to_snapshot: instance.copy_tags_to_snapshot.unwrap_or(false),
        db_parameter_group_name: group
            .and_then(|group| group.db_parameter_group_name())
            .map(ParameterGroupName::new),
        db_subnet_group_name: instance
            .db_subnet_group
            .clone()
            .and_then(|group| group.db_subnet_group_name)
            .map(SubnetGroupName::new),
        engine_version: Some(asked_version(recorded, &version)),
        identifier_prefix: prefix_of(&name),
        identifier: Some(InstanceIdentifier::new(&name)),
        monitoring_interval: instance
            .monitoring_interval
            .and_then(|seconds| u32::try_from(seconds).ok())
            .map(Seconds),
        monitoring_role_arn: filled(instance.monitoring_role_arn.clone()).map(Arn::new),
        performance_insights_enabled: insights,
        performance_insights_kms_key_id: filled(instance.performance_insights_kms_key_id.clone())
            .map(KeyRef::new),
        performance_insights_retention_period: instance
            .performance_insights_retention_period
            .and_then(positive)
            .filter(|_| insights == Some(true))
            .map(Days),
        preferred_backup_window: filled(instance.preferred_backup_window.clone())
            .map(BackupWindow::new),
        preferred_maintenance_window: filled(instance.preferred_maintenance_window.clone())
            .map(MaintenanceWindow::new),
        promotion_tier: instance
            .promotion_tier
            .and_then(|tier| u32::try_from(tier).ok())
            .unwrap_or_default(),
        publicly_accessible: instance.publicly_accessible,
        tags: tags_of(instance.tag_list.clone()),
    };
    let outputs = ClusterInstanceOutputs {
        arn: Arn::new(instance.db_instance_arn.clone().ok_or_else(|| missing("DBInstanceArn"))?),
        dbi_resource_id: instance
            .dbi_resource_id
            .clone()
            .ok_or_else(|| missing("DbiResourceId"))?,
        endpoint: endpoint.and_then(|endpoint| filled(endpoint.address.clone())),
        port: endpoint.and_then(|endpoint| endpoint.port).and_then(positive),
        engine_version_actual: version,
        writer: writers.contains(&name),
        status: if begins { "modifying".to_owned() } else { status },
        id: InstanceIdentifier::new(name),
    };
    Ok(Seen::new(inputs, outputs).telling(told))
}
