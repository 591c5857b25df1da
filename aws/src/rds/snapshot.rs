//! A snapshot of a DB instance. A lookup: answered while the program runs.
//!
//! API: DescribeDBSnapshots.

use std::collections::BTreeMap;

use infra_sdk::{Choice, Lookup, LookupAnswer, Value};

use super::InstanceIdentifier;

/// Asks for a snapshot of a DB instance: by its name, or the latest of an instance.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    identifier: Option<String>,
    instance: Option<String>,
    kind: Option<SnapshotType>,
    most_recent: bool,
    shared: bool,
    public: bool,
    tags: BTreeMap<String, String>,
}

/// Who makes snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SnapshotType {
    /// RDS, every day.
    Automated,
    /// AWS Backup.
    #[choice("awsbackup")]
    AwsBackup,
    /// Whoever wants to.
    Manual,
    /// Other accounts, for everybody.
    Public,
    /// Other accounts, for this one.
    Shared,
}

impl Snapshot {
    /// The snapshot of that name, or ARN where it is another account's.
    #[must_use]
    pub fn named(identifier: impl Into<String>) -> Self {
        Self { identifier: Some(identifier.into()), ..Self::default() }
    }

    /// The latest snapshot of an instance.
    #[must_use]
    pub fn latest_of(instance: InstanceIdentifier) -> Self {
        let instance = Some(instance.as_str().to_owned());
        Self { instance, most_recent: true, ..Self::default() }
    }

    /// The latest, where there are several.
    #[must_use]
    pub fn most_recent(mut self) -> Self {
        self.most_recent = true;
        self
    }

    /// Of this type alone.
    #[must_use]
    pub fn snapshot_type(mut self, kind: SnapshotType) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Also those that other accounts share with this one.
    #[must_use]
    pub fn include_shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Also those that other accounts share with everybody.
    #[must_use]
    pub fn include_public(mut self) -> Self {
        self.public = true;
        self
    }

    /// With this tag alone.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }
}

impl Lookup for Snapshot {
    type Answer = SnapshotFound;

    const NAME: &'static str = "aws_db_snapshot";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let tags = self.tags.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect();
        BTreeMap::from([
            ("db_snapshot_identifier".to_owned(), text(&self.identifier)),
            ("db_instance_identifier".to_owned(), text(&self.instance)),
            (
                "snapshot_type".to_owned(),
                self.kind.map_or(Value::Null, |kind| Value::from(kind.as_str())),
            ),
            ("most_recent".to_owned(), Value::Bool(self.most_recent)),
            ("include_shared".to_owned(), Value::Bool(self.shared)),
            ("include_public".to_owned(), Value::Bool(self.public)),
            ("tags".to_owned(), Value::Map(tags)),
        ])
    }
}

/// The snapshot found.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct SnapshotFound {
    /// Its name, which `snapshot_identifier` of an instance takes.
    pub db_snapshot_identifier: String,
    /// Its ARN.
    pub db_snapshot_arn: String,
    /// The instance that it is of.
    pub db_instance_identifier: String,
    /// Engine.
    pub engine: String,
    /// Version of the engine.
    pub engine_version: String,
    /// Storage, in gibibytes.
    pub allocated_storage: u32,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Key that encrypts it.
    pub kms_key_id: Option<String>,
    /// When it was made, in RFC 3339.
    pub snapshot_create_time: String,
    /// Who made it.
    pub snapshot_type: String,
    /// `available`, and nothing else: others cannot be restored yet.
    pub status: String,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_rds::types::DbSnapshot;
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;
    use crate::rds::common::tags_of;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: Snapshot::NAME,
            doc: "A snapshot of a DB instance, by its name or the latest of an instance.",
            answer: SnapshotFound::KIND,
            placeholder,
        },
        operations: &["rds:DescribeDBSnapshots"],
        actions: &["rds:DescribeDBSnapshots"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        SnapshotFound {
            db_snapshot_identifier: "snapshot".to_owned(),
            db_snapshot_arn: format!("arn:aws:rds:{region}:123456789012:snapshot:snapshot"),
            db_instance_identifier: "database".to_owned(),
            engine: "postgres".to_owned(),
            engine_version: "16.3".to_owned(),
            allocated_storage: 20,
            encrypted: false,
            kms_key_id: None,
            snapshot_create_time: "2026-01-01T00:00:00Z".to_owned(),
            snapshot_type: "manual".to_owned(),
            status: "available".to_owned(),
        }
        .to_value()
    }

    fn flag(arguments: &Arguments, name: &str) -> bool {
        arguments.get(name).and_then(Value::as_bool) == Some(true)
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let given = |name: &str| text(arguments, name).map(str::to_owned);
        let pages = aws
            .pages(
                |marker| {
                    aws.rds()
                        .describe_db_snapshots()
                        .set_db_snapshot_identifier(given("db_snapshot_identifier"))
                        .set_db_instance_identifier(given("db_instance_identifier"))
                        .set_snapshot_type(given("snapshot_type"))
                        .include_shared(flag(arguments, "include_shared"))
                        .include_public(flag(arguments, "include_public"))
                        .set_marker(marker)
                        .send()
                },
                |page| page.marker(),
            )
            .await?;
        let all = pages.into_iter().flat_map(|page| page.db_snapshots.unwrap_or_default());
        see(choose(all.collect(), arguments)?).map(|found| found.to_value())
    }

    /// The one that is asked for, or the latest of them.
    fn choose(snapshots: Vec<DbSnapshot>, arguments: &Arguments) -> Result<DbSnapshot> {
        let asked = arguments.get("tags").and_then(Value::as_map);
        let tagged = |snapshot: &DbSnapshot| {
            let tags = tags_of(snapshot.tag_list.clone()).0;
            asked
                .into_iter()
                .flatten()
                .all(|(key, value)| tags.get(key).map(String::as_str) == value.as_str())
        };
        let mut found: Vec<_> = snapshots
            .into_iter()
            .filter(|snapshot| snapshot.status() == Some("available") && tagged(snapshot))
            .collect();
        found
            .sort_by_key(|s| s.snapshot_create_time.map(|time| (time.secs(), time.subsec_nanos())));
        if found.len() > 1 && !flag(arguments, "most_recent") {
            let message = format!("{} snapshots fit: ask for the latest", found.len());
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        let message = "no snapshot fits that can be restored";
        found.pop().ok_or_else(|| Failure::new(FailureClass::Gone, message))
    }

    fn see(snapshot: DbSnapshot) -> Result<SnapshotFound> {
        let time = snapshot.snapshot_create_time.ok_or_else(|| missing("SnapshotCreateTime"))?;
        let time = time.fmt(aws_smithy_types::date_time::Format::DateTime);
        let size = snapshot.allocated_storage.and_then(|size| u32::try_from(size).ok());
        Ok(SnapshotFound {
            db_snapshot_identifier: snapshot
                .db_snapshot_identifier
                .ok_or_else(|| missing("DBSnapshotIdentifier"))?,
            db_snapshot_arn: snapshot.db_snapshot_arn.ok_or_else(|| missing("DBSnapshotArn"))?,
            db_instance_identifier: snapshot
                .db_instance_identifier
                .ok_or_else(|| missing("DBInstanceIdentifier"))?,
            engine: snapshot.engine.ok_or_else(|| missing("Engine"))?,
            engine_version: snapshot.engine_version.ok_or_else(|| missing("EngineVersion"))?,
            allocated_storage: size.ok_or_else(|| missing("AllocatedStorage"))?,
            encrypted: snapshot.encrypted.unwrap_or(false),
            kms_key_id: crate::rds::common::filled(snapshot.kms_key_id),
            snapshot_create_time: time.map_err(|_| missing("SnapshotCreateTime"))?,
            snapshot_type: snapshot.snapshot_type.unwrap_or_default(),
            status: snapshot.status.unwrap_or_default(),
        })
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_rds::types::Tag;
        use aws_smithy_types::DateTime;

        use super::*;

        fn snapshot(name: &str, seconds: i64, status: &str) -> DbSnapshot {
            let tag = Tag::builder().key("env").value(name).build();
            DbSnapshot::builder()
                .db_snapshot_identifier(name)
                .snapshot_create_time(DateTime::from_secs(seconds))
                .status(status)
                .tag_list(tag)
                .build()
        }

        fn chosen(lookup: &Snapshot) -> Option<String> {
            let all = vec![
                snapshot("new", 2, "available"),
                snapshot("old", 1, "available"),
                snapshot("next", 3, "creating"),
            ];
            choose(all, &lookup.arguments()).ok().and_then(|found| found.db_snapshot_identifier)
        }

        #[test]
        fn the_latest_that_can_be_restored_is_found() {
            let lookup = Snapshot::latest_of(InstanceIdentifier::new("main"));
            assert_eq!(chosen(&lookup).as_deref(), Some("new"));
            assert_eq!(chosen(&lookup.clone().tag("env", "old")).as_deref(), Some("old"));
            assert_eq!(chosen(&lookup.tag("env", "next")), None);
            assert_eq!(chosen(&Snapshot::default()), None, "several fit");
        }
    }
}
