//! The AWS calls of [`Instance`]: finding, waiting, deleting. Creating, changing and reading have
//! files of their own.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_rds::types::{DbInstance as Wire, Filter};
use infra_sdk::provider::Readiness;
use infra_sdk::{FieldType as _, Object};

use super::common::{filter, retag, tags_of};
use super::instance::{Instance, InstanceOutputs};
use super::last_snapshot::{self, Wanted};
use super::{InstanceId, instance_create, instance_modify, instance_read};
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "rds:AddTagsToResource",
    "rds:CreateDBInstance",
    "rds:CreateDBInstanceReadReplica",
    "rds:DeleteDBInstance",
    "rds:DescribeDBInstances",
    "rds:ModifyDBInstance",
    "rds:PromoteReadReplica",
    "rds:RemoveTagsFromResource",
    "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:RestoreDBInstanceFromS3",
    "rds:RestoreDBInstanceToPointInTime",
];
/// The operations, the roles that RDS takes on, the keys that it encrypts with, the secret that it
/// keeps a password in, and the snapshot at the end. Source: RDS user guide, managed passwords and
/// encryption; Service Authorization Reference, RDS.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    [
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "kms:CreateGrant",
        "kms:DescribeKey",
        "rds:CreateDBSnapshot",
        "secretsmanager:CreateSecret",
        "secretsmanager:RotateSecret",
        "secretsmanager:TagResource"
    ]
);

pub(super) const GONE: &[&str] = &["DBInstanceNotFound"];
/// Instances that are asked for at once, and the most of a page. Source: DescribeDBInstances.
const PAGE: usize = 100;

impl Handler for Instance {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("identifier"),
        protection: Some("deletion_protection"),
        create: "rds:CreateDBInstance",
        operations: OPERATIONS,
        actions: ACTIONS,
        // What one of the ways of making a database does not take.
        after_create: &[
            "backup_retention_period",
            "backup_window",
            "ca_cert_identifier",
            "database_insights_mode",
            "engine_lifecycle_support",
            "engine_version",
            "license_model",
            "maintenance_window",
            "max_allocated_storage",
            "monitoring_interval",
            "monitoring_role_arn",
            "performance_insights_enabled",
            "performance_insights_kms_key_id",
            "performance_insights_retention_period",
        ],
        naming: Some(Naming { name: "identifier", prefix: "identifier_prefix", start: "infra-" }),
        gone: GONE,
        not_yet: &[
            // A role may have been made a moment ago.
            ("InvalidParameterValue", "IAM role ARN value is invalid or does not include"),
            // It is busy with what was asked of it before, or the source of a replica is.
            ("InvalidDBInstanceState", ""),
            ("InvalidParameterCombination", "previous storage change is being optimized"),
        ],
        lingering: &[("InvalidDBInstanceState", "")],
        patience: Patience {
            create: Duration::from_secs(40 * 60),
            update: Duration::from_secs(80 * 60),
            delete: Duration::from_secs(60 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let made = instance_create::create(aws, want).await;
        match made {
            // A try whose answer was lost may have made it: it is ours if its tags say so.
            Err(failure) if failure.code.as_deref() == Some("DBInstanceAlreadyExists") => {
                Self::find(aws, want).await?.pop().ok_or(failure)
            }
            other => other,
        }
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, PAGE, |chunk| read_chunk(aws, chunk)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        let now = one(aws, id).await?;
        instance_modify::update(aws, &now, want, was, changed).await
    }

    fn unseen(want: &Self) -> &'static [&'static str] {
        let restored =
            want.snapshot_identifier.is_some() || want.restore_to_point_in_time.is_some();
        let given = want.password.is_some() || want.password_wo.is_some();
        if restored && given { &["password", "password_wo"] } else { &[] }
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let now = one(aws, id).await?;
        // It was told to go already.
        if now.db_instance_status() == Some("deleting") {
            return Ok(());
        }
        // Replicas have no final snapshot. Source: RDS API Reference, DeleteDBInstance.
        let is_replica = filled_source(&now).is_some();
        let skip = was.skip_final_snapshot || is_replica;
        let snapshot = was.final_snapshot_identifier.clone().filter(|_| !skip);
        let identifier = instance_read::identifier(&now)?;
        aws.call(|| {
            aws.rds()
                .delete_db_instance()
                .db_instance_identifier(identifier)
                .skip_final_snapshot(skip)
                .set_final_db_snapshot_identifier(snapshot.clone())
                .delete_automated_backups(was.delete_automated_backups)
                .send()
        })
        .await
        .map(drop)
    }

    async fn blockers(aws: &Aws, id: &str, was: &Self, _: Leaving<'_>) -> Result<Vec<Diagnostic>> {
        let now = one(aws, id).await?;
        if now.db_instance_status() == Some("deleting") || filled_source(&now).is_some() {
            return Ok(Vec::new());
        }
        let name = was.final_snapshot_identifier.as_deref();
        last_snapshot::of_instance(aws, Wanted { skip: was.skip_final_snapshot, name }).await
    }

    async fn sources(aws: &Aws, want: &Object, leaving: Leaving<'_>) -> Result<Vec<Diagnostic>> {
        last_snapshot::missing_to_instance(aws, want, leaving).await
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        readiness(&seen.outputs.status)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(name) = &want.identifier else { return Ok(Vec::new()) };
        let found = list(aws, filter("db-instance-id", [name.as_str()])).await?;
        let ours = found.into_iter().filter(|instance| {
            let tags = tags_of(instance.tag_list.clone());
            let is_it = instance.db_instance_identifier().is_some_and(|other| is_same(other, name));
            is_it
                && instance.db_instance_status() != Some("deleting")
                && is_ours(&want.tags.0, &tags.0)
        });
        Ok(ours.filter_map(|instance| instance.dbi_resource_id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let arn = one(aws, id).await?.db_instance_arn.ok_or_else(|| missing("DBInstanceArn"))?;
        retag(aws, &arn, change).await
    }
}

fn is_same(identifier: &str, name: &super::InstanceIdentifier) -> bool {
    identifier.eq_ignore_ascii_case(name.as_str())
}

/// The source of a replica.
pub(super) fn filled_source(instance: &Wire) -> Option<&str> {
    instance.read_replica_source_db_instance_identifier().filter(|source| !source.is_empty())
}

/// What a word of RDS for the state of a database means. Source: RDS user guide, viewing DB
/// instance status.
pub(super) fn readiness(status: &str) -> Readiness {
    match status {
        // One that is stopped was stopped by somebody, and storage is optimized for hours.
        "available" | "storage-optimization" | "storage-initialization" | "stopped" => {
            Readiness::Ready
        }
        "failed"
        | "inaccessible-encryption-credentials"
        | "incompatible-create"
        | "incompatible-network"
        | "incompatible-option-group"
        | "incompatible-parameters"
        | "incompatible-restore"
        | "insufficient-capacity"
        | "restore-error"
        | "storage-full" => Readiness::Failed(format!("its status is `{status}`")),
        busy => Readiness::Waiting(busy.to_owned()),
    }
}

/// Whether an id is a resource id and not an identifier, by which an instance is imported: RDS
/// keeps identifiers in lower case.
fn is_resource_id(id: &str) -> bool {
    id.strip_prefix("db-").is_some_and(|rest| {
        rest.len() >= 20 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

fn by(id: &str) -> &'static str {
    if is_resource_id(id) { "dbi-resource-id" } else { "db-instance-id" }
}

fn is_it(instance: &Wire, id: &str) -> bool {
    let name = if is_resource_id(id) {
        instance.dbi_resource_id()
    } else {
        instance.db_instance_identifier()
    };
    name.is_some_and(|name| name.eq_ignore_ascii_case(id))
}

/// The instance of an id.
async fn one(aws: &Aws, id: &str) -> Result<Wire> {
    let found = list(aws, filter(by(id), [id])).await?;
    found.into_iter().find(|instance| is_it(instance, id)).ok_or_else(|| gone(id))
}

/// What RDS says of an instance that is asked for by its identifier and is gone; a filter only
/// finds nothing.
fn gone(id: &str) -> infra_sdk::provider::Failure {
    let failure = infra_sdk::provider::Failure::new(
        infra_sdk::provider::FailureClass::Gone,
        format!("DBInstance {id} not found"),
    );
    infra_sdk::provider::Failure { code: Some(GONE[0].to_owned()), ..failure }
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

/// The id that an object is looked for by. An imported one has its identifier for an id, and once
/// it was read also its resource id, which stays when it is renamed.
fn lasting_id(known: &Known) -> String {
    let output = known.outputs.get("resource_id").and_then(|id| InstanceId::from_value(id).ok());
    output.map_or_else(|| known.id.clone(), |id| id.as_str().to_owned())
}

async fn read_chunk(aws: &Aws, chunk: Vec<Known>) -> Result<HashMap<String, Seen<Instance>>> {
    let ids: Vec<_> = chunk.iter().map(lasting_id).collect();
    let mut found = Vec::new();
    for name in ["dbi-resource-id", "db-instance-id"] {
        let named: Vec<_> = ids.iter().filter(|id| by(id) == name).cloned().collect();
        if !named.is_empty() {
            found.extend(list(aws, filter(name, named)).await?);
        }
    }
    let mut seen = HashMap::new();
    for (known, id) in chunk.iter().zip(&ids) {
        if let Some(instance) = found.iter().find(|instance| is_it(instance, id)) {
            seen.insert(known.id.clone(), instance_read::see(instance.clone(), known)?);
        }
    }
    Ok(seen)
}

impl InstanceOutputs {
    /// The word for a database that is changing and does not say so yet.
    pub(super) const MODIFYING: &'static str = "modifying";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_ids_are_told_from_identifiers() {
        assert!(is_resource_id("db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        assert!(is_resource_id("db-0123456789ABCDEFABCD"));
        for identifier in ["db-main", "main", "db-abcdefghijklmnopqrstuvwxyz", "db-1"] {
            assert!(!is_resource_id(identifier), "{identifier}");
        }
    }

    #[test]
    fn an_imported_database_is_looked_for_by_what_stays() {
        let mut known =
            Known { id: "main".to_owned(), recorded: Object::new(), outputs: Object::new() };
        assert_eq!(lasting_id(&known), "main");
        known.outputs.insert("resource_id".to_owned(), "db-ABC".into());
        assert_eq!(lasting_id(&known), "db-ABC");
    }

    #[test]
    fn states_are_ready_busy_or_broken() {
        assert_eq!(readiness("available"), Readiness::Ready);
        assert_eq!(readiness("backing-up"), Readiness::Waiting("backing-up".to_owned()));
        assert!(matches!(readiness("incompatible-parameters"), Readiness::Failed(_)));
    }
}
