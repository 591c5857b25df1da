//! The AWS calls of [`Cluster`]: finding, waiting, deleting. Creating, changing and reading have
//! files of their own.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_rds::types::{DbCluster as Wire, Filter};
use infra_sdk::Object;
use infra_sdk::provider::Readiness;

use super::cluster::Cluster;
use super::common::{filter, retag, tags_of};
use super::last_snapshot::{self, Wanted};
use super::{cluster_create, cluster_modify, cluster_read};
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
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    [
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "kms:CreateGrant",
        "kms:DescribeKey",
        "rds:CreateDBClusterSnapshot",
        "rds:CreateDBInstance",
        "secretsmanager:CreateSecret",
        "secretsmanager:RotateSecret",
        "secretsmanager:TagResource"
    ]
);
const GONE: &[&str] = &["DBClusterNotFoundFault"];
/// Clusters that are asked for at once, and the most of a page. Source: DescribeDBClusters.
const PAGE: usize = 100;

impl Handler for Cluster {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("cluster_identifier"),
        protection: Some("deletion_protection"),
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
        let made = cluster_create::create(aws, want).await;
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
        cluster_modify::update(aws, &now, want, was, changed).await
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

    async fn blockers(
        aws: &Aws,
        id: &str,
        was: &Self,
        leaving: Leaving<'_>,
    ) -> Result<Vec<Diagnostic>> {
        let now = one(aws, id).await?;
        if now.status() == Some("deleting") {
            return Ok(Vec::new());
        }
        let name = was.final_snapshot_identifier.as_deref();
        let wanted = Wanted { skip: was.skip_final_snapshot, name };
        let mut told = last_snapshot::of_cluster(aws, wanted).await?;
        let members = now.db_cluster_members().iter();
        let staying: Vec<_> = members
            .filter_map(|member| member.db_instance_identifier())
            .filter(|name| !leaving.has("aws_rds_cluster_instance", &[("identifier", name)]))
            .map(|name| format!("instance `{name}`"))
            .collect();
        if !staying.is_empty() {
            let what = staying.join(", ");
            told.push(preflight::in_use(&what, "delete the instances that others made in it"));
        }
        Ok(told)
    }

    async fn sources(aws: &Aws, want: &Object, leaving: Leaving<'_>) -> Result<Vec<Diagnostic>> {
        last_snapshot::missing_to_cluster(aws, want, leaving).await
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
