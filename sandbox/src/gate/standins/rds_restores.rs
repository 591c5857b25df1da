//! Restores and promotions that ministack lacks.
//!
//! A restore makes a new database with what its source had and the call says otherwise. A replica that
//! was promoted shows its source no more.
//!
//! API: RestoreDBInstanceFromDBSnapshot, which ministack has without most arguments,
//! RestoreDBInstanceToPointInTime, RestoreDBClusterFromSnapshot, RestoreDBClusterToPointInTime,
//! PromoteReadReplica.

use serde_json::{Map, Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::Answer;
use crate::gate::document::Document;
use crate::gate::xml::Element;

/// The replicas that were promoted.
const PROMOTED: &str = "rds promoted replicas";

/// A restore: where it looks, and what it makes.
struct Restore {
    operation: &'static str,
    /// The parameter with the source, and the describe operation that shows it.
    source: (&'static str, &'static str, &'static str),
    list: &'static str,
    /// The parameter with the new name, and the create operation with its own.
    target: (&'static str, &'static str, &'static str),
    shown: &'static str,
    /// What the new one has from its source.
    keeps: &'static [&'static str],
}

const RESTORES: &[Restore] = &[
    Restore {
        operation: "RestoreDBInstanceFromDBSnapshot",
        source: ("DBSnapshotIdentifier", "DescribeDBSnapshots", "DBSnapshotIdentifier"),
        list: "DescribeDBSnapshotsResult/DBSnapshots",
        target: ("DBInstanceIdentifier", "CreateDBInstance", "DBInstanceIdentifier"),
        shown: "DBInstance",
        // AWS's snapshots do not show the name of the database in them; ministack's do.
        keeps: &[
            "AllocatedStorage",
            "DBName",
            "Engine",
            "EngineVersion",
            "KmsKeyId",
            "MasterUsername",
            "StorageType",
        ],
    },
    Restore {
        operation: "RestoreDBInstanceToPointInTime",
        source: ("SourceDBInstanceIdentifier", "DescribeDBInstances", "DBInstanceIdentifier"),
        list: "DescribeDBInstancesResult/DBInstances",
        target: ("TargetDBInstanceIdentifier", "CreateDBInstance", "DBInstanceIdentifier"),
        shown: "DBInstance",
        keeps: &[
            "AllocatedStorage",
            "DBInstanceClass",
            "DBName",
            "Engine",
            "EngineVersion",
            "KmsKeyId",
            "MasterUsername",
            "StorageEncrypted",
            "StorageType",
        ],
    },
    Restore {
        operation: "RestoreDBClusterFromSnapshot",
        source: ("SnapshotIdentifier", "DescribeDBClusterSnapshots", "DBClusterSnapshotIdentifier"),
        list: "DescribeDBClusterSnapshotsResult/DBClusterSnapshots",
        target: ("DBClusterIdentifier", "CreateDBCluster", "DBClusterIdentifier"),
        shown: "DBCluster",
        keeps: &["Engine", "EngineVersion", "KmsKeyId", "MasterUsername", "StorageEncrypted"],
    },
    Restore {
        operation: "RestoreDBClusterToPointInTime",
        source: ("SourceDBClusterIdentifier", "DescribeDBClusters", "DBClusterIdentifier"),
        list: "DescribeDBClustersResult/DBClusters",
        target: ("DBClusterIdentifier", "CreateDBCluster", "DBClusterIdentifier"),
        shown: "DBCluster",
        keeps: &["Engine", "EngineVersion", "KmsKeyId", "MasterUsername", "StorageEncrypted"],
    },
];

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    if desk.call.operation == "PromoteReadReplica" {
        return promote(desk).await;
    }
    match RESTORES.iter().find(|restore| restore.operation == desk.call.operation) {
        Some(restore) => restore.serve(desk).await,
        None => Ok(None),
    }
}

impl Restore {
    async fn serve(&self, desk: &Desk<'_>) -> Reply {
        let (parameter, describe, name) = self.source;
        let which = json!({ name: desk.text(parameter) });
        let source = match desk.ask("rds", describe, which).await? {
            Ok(found) => found.list(self.list).into_iter().next(),
            Err(error) => return Ok(Some(Err(error))),
        };
        let mut request = Map::new();
        for field in self.keeps {
            let text = source.as_ref().and_then(|source| source.text(field));
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                request.insert((*field).to_owned(), text.into());
            }
        }
        // Snapshots have another name for it than databases.
        if let Some(encrypted) = source.as_ref().and_then(|source| source.text("Encrypted")) {
            request.insert("StorageEncrypted".to_owned(), encrypted.into());
        }
        // The source's password goes with its data; the emulator wants to be told one.
        request.insert("MasterUserPassword".to_owned(), desk.uuid().into());
        let (target, create, own) = self.target;
        let said = desk.tree.as_object().cloned().unwrap_or_default();
        let about = [parameter, target, "Action", "Version"];
        request.extend(said.into_iter().filter(|(name, _)| !about.contains(&name.as_str())));
        request.insert(own.to_owned(), desk.text(target).to_lowercase().into());
        let made = desk.ask("rds", create, Value::Object(request)).await?;
        Ok(Some(made.map(|made| renamed(desk, &made, create, self.shown))))
    }
}

/// The answer of another operation as this one's.
fn renamed(desk: &Desk<'_>, document: &Document, operation: &str, shown: &str) -> Document {
    let content = match document {
        Document::Xml(root) => root
            .child(&format!("{operation}Result"))
            .and_then(|result| result.child(shown))
            .cloned(),
        Document::Json(_) => None,
    };
    desk.result(content.unwrap_or_else(|| Element::new(shown)))
}

async fn promote(desk: &Desk<'_>) -> Reply {
    let name = desk.text("DBInstanceIdentifier");
    let mut request = json!({ "DBInstanceIdentifier": name, "ApplyImmediately": true });
    for parameter in ["BackupRetentionPeriod", "PreferredBackupWindow"] {
        if let Some(value) = desk.value(parameter) {
            request[parameter] = value.clone();
        }
    }
    let made = desk.ask("rds", "ModifyDBInstance", request).await?;
    if made.is_ok() {
        desk.put(PROMOTED, name, json!(true));
    }
    Ok(Some(made.map(|made| renamed(desk, &made, "ModifyDBInstance", "DBInstance"))))
}

/// Shows promoted replicas as what they are, and their sources without them.
pub(super) fn fill(desk: &Desk<'_>, answer: &mut Answer) {
    if desk.call.service != "rds" {
        return;
    }
    if desk.call.operation == "DeleteDBInstance" && answer.status.is_success() {
        desk.take(PROMOTED, desk.text("DBInstanceIdentifier"));
    }
    let promoted: Vec<String> = desk.list(PROMOTED, "").into_iter().map(|(name, _)| name).collect();
    if promoted.is_empty() {
        return;
    }
    let Some(mut document) = answer.document() else { return };
    document.visit_mut(&mut |element| {
        if promoted.contains(&element.child_text("DBInstanceIdentifier")) {
            element.retain(|child| child.name != "ReadReplicaSourceDBInstanceIdentifier");
        }
        if element.name == "ReadReplicaDBInstanceIdentifiers" {
            element.retain(|child| !promoted.contains(&child.text()));
        }
    });
    answer.set_document(&document);
}
