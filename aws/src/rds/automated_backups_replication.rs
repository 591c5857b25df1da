//! The replication of a database's automated backups into this region, from another. It is declared
//! in the region that the backups go to. Stopping it leaves the backups that are there until they
//! expire; what is left counts as deleted.
//!
//! API: StartDBInstanceAutomatedBackupsReplication, DescribeDBInstanceAutomatedBackups,
//! StopDBInstanceAutomatedBackupsReplication, AddTagsToResource, RemoveTagsFromResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Days, Object, Outputs, Resource, Tags};

use super::Instance;
use crate::AnyArn;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// Keeps a database's automated backups in this region too.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_db_instance_automated_backups_replication",
    outputs = InstanceAutomatedBackupsReplicationOutputs,
    stateful,
    validate = validate
)]
pub struct InstanceAutomatedBackupsReplication {
    /// The database, in another region.
    #[field(force_new, any_region)]
    pub source_db_instance_arn: Arn<Instance>,
    /// Key of this region that encrypts the backups; needed where the database is encrypted.
    #[field(force_new, computed)]
    pub kms_key_id: Option<KeyRef>,
    /// How long they are kept here, in days.
    #[field(force_new, default = Days(7), range = 1..=35)]
    pub retention_period: Days,
    /// Signed request to the source's region, which AWS GovCloud (US) asks for.
    #[field(sensitive, write_only)]
    pub pre_signed_url: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to an [`InstanceAutomatedBackupsReplication`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct InstanceAutomatedBackupsReplicationOutputs {
    /// ARN of the backups in this region.
    pub id: AnyArn,
    /// `replicating`, or what it is busy with.
    pub status: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let source = rules.text("source_db_instance_arn");
    if source.is_some_and(|arn| arn.split(':').nth(2) != Some("rds") || !arn.contains(":db:")) {
        rules.refuse("source_db_instance_arn", "must be the ARN of a DB instance");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::time::Duration;

    use aws_sdk_rds::types::DbInstanceAutomatedBackup as Wire;
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::frame::calls::Patience;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;
    use crate::rds::common::{filled, retag, tags_of, wire_tags};
    use crate::rds::instance_create::key;

    const OPERATIONS: &[&str] = &[
        "rds:AddTagsToResource",
        "rds:DescribeDBInstanceAutomatedBackups",
        "rds:RemoveTagsFromResource",
        "rds:StartDBInstanceAutomatedBackupsReplication",
        "rds:StopDBInstanceAutomatedBackupsReplication",
    ];
    /// The operations, and what starting needs of the key.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["kms:CreateGrant", "kms:DescribeKey"]);
    const GONE: &[&str] = &["DBInstanceAutomatedBackupNotFound"];

    impl Handler for InstanceAutomatedBackupsReplication {
        const CALLS: Calls = Calls {
            class: CreateClass::Tags,
            create: "rds:StartDBInstanceAutomatedBackupsReplication",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            // The database is busy, or has no backup yet.
            not_yet: &[
                ("InvalidDBInstanceState", ""),
                ("InvalidDBInstanceAutomatedBackupState", ""),
            ],
            lingering: &[("InvalidDBInstanceState", "")],
            patience: Patience {
                create: Duration::from_secs(75 * 60),
                update: Duration::from_secs(300),
                delete: Duration::from_secs(75 * 60),
            },
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.rds()
                        .start_db_instance_automated_backups_replication()
                        .source_db_instance_arn(want.source_db_instance_arn.as_str())
                        .backup_retention_period(number(want.retention_period.0))
                        .set_kms_key_id(key(&want.kms_key_id))
                        .set_pre_signed_url(want.pre_signed_url.clone())
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let backup = answer.db_instance_automated_backup;
            let arn = backup.and_then(|backup| backup.db_instance_automated_backups_arn);
            arn.ok_or_else(|| missing("DBInstanceAutomatedBackupsArn"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, _: Known| std::future::ready(see(wire));
            let arn = Wire::db_instance_automated_backups_arn;
            read_named(known, GONE, arn, |arn| list(aws, arn), see).await
        }

        /// A signed request is for starting alone, and nothing else can be changed.
        async fn update(_: &Aws, _: &str, _: &Self, _: &Self, _: &Changed) -> Result<()> {
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            let found = list(aws, Some(id.to_owned())).await?;
            // RDS refuses to stop what was stopped, by hand or with its source.
            if found.iter().all(|backup| !is_kept_up(backup)) {
                return Ok(());
            }
            aws.call(|| {
                let call = aws.rds().stop_db_instance_automated_backups_replication();
                call.source_db_instance_arn(was.source_db_instance_arn.as_str()).send()
            })
            .await
            .map(drop)
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            match seen.outputs.status.as_str() {
                "active" | "replicating" => Readiness::Ready,
                busy => Readiness::Waiting(busy.to_owned()),
            }
        }

        /// What was replicated stays until it expires.
        fn is_deleted(seen: &Seen<Self>) -> bool {
            seen.outputs.status == "retained"
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let ours = list(aws, None).await?.into_iter().filter(|backup| {
                backup.db_instance_arn() == Some(want.source_db_instance_arn.as_str())
                    && is_kept_up(backup)
                    && is_ours(&want.tags.0, &tags_of(backup.tag_list.clone()).0)
            });
            Ok(ours.filter_map(|backup| backup.db_instance_automated_backups_arn).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    fn is_kept_up(backup: &Wire) -> bool {
        !backup.status().is_some_and(|status| status.eq_ignore_ascii_case("retained"))
    }

    async fn list(aws: &Aws, arn: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.rds().describe_db_instance_automated_backups();
                    call.set_marker(marker)
                        .set_db_instance_automated_backups_arn(arn.clone())
                        .send()
                },
                |page| page.marker(),
            )
            .await?;
        let lists = pages.into_iter().map(|page| page.db_instance_automated_backups);
        Ok(lists.flat_map(Option::unwrap_or_default).collect())
    }

    fn see(backup: Wire) -> Result<Seen<InstanceAutomatedBackupsReplication>> {
        let arn = backup.db_instance_automated_backups_arn;
        let days = backup.backup_retention_period.and_then(|days| u32::try_from(days).ok());
        let inputs = InstanceAutomatedBackupsReplication {
            source_db_instance_arn: Arn::new(
                backup.db_instance_arn.ok_or_else(|| missing("DBInstanceArn"))?,
            ),
            kms_key_id: filled(backup.kms_key_id).map(KeyRef::new),
            retention_period: Days(days.ok_or_else(|| missing("BackupRetentionPeriod"))?),
            pre_signed_url: None,
            tags: tags_of(backup.tag_list),
        };
        let outputs = InstanceAutomatedBackupsReplicationOutputs {
            id: AnyArn::new(arn.ok_or_else(|| missing("DBInstanceAutomatedBackupsArn"))?),
            // The API Reference writes states with capitals, answers do not.
            status: backup.status.ok_or_else(|| missing("Status"))?.to_ascii_lowercase(),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn the_source_is_an_instance() {
        let check = |arn: &str| {
            validate(&Object::from([("source_db_instance_arn".to_owned(), Value::from(arn))])).len()
        };
        assert_eq!(check("arn:aws:rds:us-east-1:123456789012:db:main"), 0);
        assert_eq!(check("arn:aws:rds:us-east-1:123456789012:cluster:main"), 1);
        assert_eq!(check("arn:aws:s3:us-east-1:123456789012:db:main"), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Gibibytes, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::rds::Engine;

    infra_sdk::region!(
        /// Where the database is.
        East
    );

    fn replication(stack: &mut Stack, name: &str) -> InstanceAutomatedBackupsReplicationArguments {
        let source = Instance::new("db.t4g.medium")
            .identifier(format!("{name}-source"))
            .engine(Engine::MySql)
            .allocated_storage(Gibibytes(20))
            .username("app")
            .password("correct horse battery")
            .backup_retention_period(Days(7))
            .skip_final_snapshot(true);
        let source = stack.in_region::<East>("us-east-1").add("source", source);
        InstanceAutomatedBackupsReplication::new(source.arn())
            .kms_key_id(KeyRef::new("arn:aws:kms:us-west-2:123456789012:key/1"))
    }

    conforms!(
        aws_db_instance_automated_backups_replication,
        Fixture {
            base: |stack, name| {
                let it = replication(stack, name).retention_period(Days(14));
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let it = replication(stack, name).retention_period(Days(14));
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let it = replication(stack, name).retention_period(Days(30));
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
