//! Changes that wait for the maintenance window of a database: ministack leaves them waiting when a
//! later call hurries.
//!
//! From "Schedule modifications setting" of the RDS User Guide: when a change is applied immediately,
//! any changes in the pending modifications queue are applied too.

use serde_json::{Map, json};

use super::Desk;
use crate::gate::answer::Answer;
use crate::gate::upstream::UpstreamError;
use crate::gate::xml::Element;

/// What can wait, as it is shown and as it is asked for.
const WAITING: &[(&str, &str)] = &[
    ("AllocatedStorage", "AllocatedStorage"),
    ("BackupRetentionPeriod", "BackupRetentionPeriod"),
    ("CACertificateIdentifier", "CACertificateIdentifier"),
    ("DBInstanceClass", "DBInstanceClass"),
    ("EngineVersion", "EngineVersion"),
    ("Iops", "Iops"),
    ("LicenseModel", "LicenseModel"),
    ("MultiAZ", "MultiAZ"),
    ("Port", "DBPortNumber"),
    ("StorageThroughput", "StorageThroughput"),
    ("StorageType", "StorageType"),
];

/// Begins what waits, before a call that hurries.
pub(super) async fn prepare(desk: &Desk<'_>) -> Result<(), UpstreamError> {
    if desk.call.operation != "ModifyDBInstance" || desk.text("ApplyImmediately") != "true" {
        return Ok(());
    }
    let name = desk.text("DBInstanceIdentifier");
    let which = json!({ "DBInstanceIdentifier": name });
    let Ok(found) = desk.ask("rds", "DescribeDBInstances", which).await? else { return Ok(()) };
    let Some(database) = found.list("DescribeDBInstancesResult/DBInstances").into_iter().next()
    else {
        return Ok(());
    };
    let mut request = Map::new();
    for (shown, asked) in WAITING {
        let text = database.text(&format!("PendingModifiedValues/{shown}"));
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            request.insert((*asked).to_owned(), text.into());
        }
    }
    if request.is_empty() {
        return Ok(());
    }
    request.insert("DBInstanceIdentifier".to_owned(), name.into());
    request.insert("ApplyImmediately".to_owned(), "true".into());
    // What the emulator refuses of it goes on waiting, and shows.
    let _begun = desk.ask("rds", "ModifyDBInstance", request.into()).await?;
    Ok(())
}

/// Takes away what is shown as waiting and has come.
pub(super) fn fill(desk: &Desk<'_>, answer: &mut Answer) {
    if desk.call.service != "rds" {
        return;
    }
    let Some(mut document) = answer.document() else { return };
    document.visit_mut(&mut |element| {
        let is: Vec<_> =
            element.elements().map(|child| (child.name.clone(), child.text())).collect();
        let has_come = |waiting: &Element| {
            is.iter().any(|(name, text)| *name == waiting.name && *text == waiting.text())
        };
        if let Some(pending) = element.child_mut("PendingModifiedValues") {
            pending.retain(|waiting| !has_come(waiting));
        }
    });
    answer.set_document(&document);
}
