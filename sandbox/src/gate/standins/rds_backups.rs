//! Automated backups that RDS replicates to another region, which neither emulator has.
//!
//! A replication is kept in the region that it goes to; the instance shows it in its own.
//!
//! API: StartDBInstanceAutomatedBackupsReplication, StopDBInstanceAutomatedBackupsReplication,
//! DescribeDBInstanceAutomatedBackups; AddTagsToResource, RemoveTagsFromResource and
//! ListTagsForResource for their ARNs; `DBInstanceAutomatedBackup`,
//! `DBInstanceAutomatedBackupsReplication`.

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use super::tags;
use crate::gate::answer::{Answer, ServiceError};
use crate::gate::document::{Document, Fields};
use crate::gate::services::Question;
use crate::gate::xml::Element;

/// The backups by the ARN of their instance, in the region that they go to.
const BACKUPS: &str = "rds automated backups";

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    match desk.call.operation.as_str() {
        "StartDBInstanceAutomatedBackupsReplication" => start(desk).await,
        "StopDBInstanceAutomatedBackupsReplication" => {
            let source = desk.text("SourceDBInstanceArn");
            Ok(Some(match desk.take(BACKUPS, source) {
                Some(mut backup) => {
                    backup["Status"] = "deleting".into();
                    Ok(desk.result(element(&backup)))
                }
                None => Err(missing(source)),
            }))
        }
        "DescribeDBInstanceAutomatedBackups" => Ok(Some(describe(desk))),
        _ => {
            let name = desk.text("ResourceName");
            let shown = |backup: &Value| backup["DBInstanceAutomatedBackupsArn"] == name;
            Ok(tags::serve(desk, BACKUPS, ":auto-backup:", shown))
        }
    }
}

fn missing(what: &str) -> ServiceError {
    let message = format!("The automated backup of {what} was not found.");
    ServiceError::new(404, "DBInstanceAutomatedBackupNotFound", message)
}

fn element(backup: &Value) -> Element {
    let mut element = Element::new("DBInstanceAutomatedBackup");
    let mut plain = backup.clone();
    let tags = plain.as_object_mut().and_then(|fields| fields.remove("Tags"));
    element.put("", &plain, "member");
    if let Some(tags) = tags {
        element.put("TagList", &tags, "Tag");
    }
    element
}

async fn start(desk: &Desk<'_>) -> Reply {
    let source = desk.text("SourceDBInstanceArn");
    let mut parts = source.split(':').skip(3);
    let (region, name) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    if region == desk.call.region || name.is_empty() {
        let message = "The source DB instance has to be in another region.";
        return Ok(Some(Err(ServiceError::invalid("InvalidParameterValue", message))));
    }
    let mut there = desk.call.clone();
    region.clone_into(&mut there.region);
    let which = json!({ "DBInstanceIdentifier": name });
    let question = Question::new("rds", "DescribeDBInstances", which).call(&there);
    let answer = desk.core.forward(&question).await?;
    let found = Document::of(&question, &answer);
    let list = "DescribeDBInstancesResult/DBInstances";
    let Some(instance) = found.and_then(|found| found.list(list).into_iter().next()) else {
        let message = format!("DBInstance {name} not found.");
        return Ok(Some(Err(ServiceError::new(404, "DBInstanceNotFound", message))));
    };
    let field = |name: &str| instance.text(name).unwrap_or_default();
    if field("BackupRetentionPeriod") == "0" {
        let message = "Automated backups are not enabled for the source DB instance.";
        return Ok(Some(Err(ServiceError::invalid("InvalidDBInstanceState", message))));
    }
    let days = desk.value("BackupRetentionPeriod").cloned().unwrap_or_else(|| json!("7"));
    let mut backup = json!({
        "DBInstanceArn": source,
        "DBInstanceAutomatedBackupsArn": desk.arn("rds", &format!("auto-backup:ab-{}", desk.uuid())),
        "DBInstanceIdentifier": name,
        "DbiResourceId": field("DbiResourceId"),
        "Region": region,
        "Status": "replicating",
        "Engine": field("Engine"),
        "EngineVersion": field("EngineVersion"),
        "AllocatedStorage": field("AllocatedStorage"),
        "BackupRetentionPeriod": days,
        "Encrypted": field("StorageEncrypted"),
    });
    if let Some(key) = desk.value("KmsKeyId") {
        backup["KmsKeyId"] = key.clone();
    }
    if let Some(tags) = desk.value("Tags") {
        backup["Tags"] = tags.clone();
    }
    desk.put(BACKUPS, source, backup.clone());
    Ok(Some(Ok(desk.result(element(&backup)))))
}

fn describe(desk: &Desk<'_>) -> Result<Document, ServiceError> {
    let asked = ["DBInstanceAutomatedBackupsArn", "DBInstanceIdentifier", "DbiResourceId"];
    let fits = |backup: &Value| {
        asked.iter().all(|field| {
            let wanted = desk.text(field);
            wanted.is_empty() || backup[*field] == wanted
        })
    };
    let mut list = Element::new("DBInstanceAutomatedBackups");
    for (_, backup) in desk.list(BACKUPS, "").into_iter().filter(|(_, backup)| fits(backup)) {
        list.push(element(&backup));
    }
    let arn = desk.text("DBInstanceAutomatedBackupsArn");
    if list.elements().next().is_none() && !arn.is_empty() {
        return Err(missing(arn));
    }
    Ok(desk.result(list))
}

/// Shows the replications of instances.
pub(super) fn fill(desk: &Desk<'_>, answer: &mut Answer) {
    if desk.call.service != "rds" || !desk.call.operation.contains("DBInstance") {
        return;
    }
    let Some(mut document) = Document::of(desk.call, answer) else { return };
    let all = desk.core.store.everywhere(BACKUPS);
    let mut filled = false;
    document.visit(&mut |object| {
        let Some(arn) = object.text("DBInstanceArn") else { return };
        if !object.has("DBInstanceStatus") {
            return;
        }
        let replications: Vec<Value> = all
            .iter()
            .filter(|(name, _)| *name == arn)
            .map(|(_, backup)| {
                let arn = &backup["DBInstanceAutomatedBackupsArn"];
                json!({ "DBInstanceAutomatedBackupsArn": arn })
            })
            .collect();
        if !replications.is_empty() {
            let item = "DBInstanceAutomatedBackupsReplication";
            object.put("DBInstanceAutomatedBackupsReplications", &json!(replications), item);
            filled = true;
        }
    });
    if filled {
        document.store(answer);
    }
}
