//! Master passwords that RDS keeps in Secrets Manager, which ministack does not.
//!
//! From "Password management with Amazon RDS and AWS Secrets Manager" of the user guide: the secret is
//! named `rds!db-…` or `rds!cluster-…`, goes with the database, and goes when the password is no more
//! managed.
//!
//! API: `ManageMasterUserPassword` and `MasterUserSecretKmsKeyId` of the calls that create, modify and
//! restore instances and clusters; `MasterUserSecret`.

use serde_json::{Value, json};

use super::Desk;
use crate::gate::answer::Answer;
use crate::gate::document::{Document, Fields};
use crate::gate::upstream::UpstreamError;

/// The secrets by the name of their database.
const SECRETS: &str = "rds master user secrets";

/// Makes, shows and deletes the secret.
pub(super) async fn fill(desk: &Desk<'_>, answer: &mut Answer) -> Result<(), UpstreamError> {
    let operation = desk.call.operation.as_str();
    if desk.call.service != "rds" || !answer.status.is_success() || !operation.contains("DB") {
        return Ok(());
    }
    let instance = desk.text("DBInstanceIdentifier").to_lowercase();
    let cluster = desk.text("DBClusterIdentifier").to_lowercase();
    let (kind, name) = if instance.is_empty() { ("cluster", cluster) } else { ("db", instance) };
    let key = format!("{kind} {name}");
    let managed = desk.text("ManageMasterUserPassword");
    let changes = ["Create", "Modify", "Restore"].iter().any(|verb| operation.starts_with(verb));
    if changes && managed == "true" && desk.get(SECRETS, &key).is_none() {
        create(desk, kind, &key).await?;
    }
    let goes = matches!(operation, "DeleteDBInstance" | "DeleteDBCluster");
    if (goes || (changes && managed == "false"))
        && let Some(secret) = desk.take(SECRETS, &key)
    {
        let which = json!({
            "SecretId": secret["SecretArn"],
            "ForceDeleteWithoutRecovery": true,
        });
        // One that somebody deleted by hand is gone already.
        let _gone = desk.ask("secretsmanager", "DeleteSecret", which).await?;
    }
    show(desk, answer);
    Ok(())
}

async fn create(desk: &Desk<'_>, kind: &str, key: &str) -> Result<(), UpstreamError> {
    let password = desk.uuid();
    let user = desk.text("MasterUsername");
    let mut request = json!({
        "Name": format!("rds!{kind}-{}", desk.uuid()),
        "SecretString": json!({ "username": user, "password": password }).to_string(),
    });
    let own = desk.value("MasterUserSecretKmsKeyId").cloned();
    if let Some(own) = &own {
        request["KmsKeyId"] = own.clone();
    }
    let made = desk.ask("secretsmanager", "CreateSecret", request).await?;
    if let Ok(made) = made {
        let secret = json!({
            "SecretArn": made.text("ARN"),
            "SecretStatus": "active",
            "KmsKeyId": own.unwrap_or_else(|| desk.arn("kms", "alias/aws/secretsmanager").into()),
        });
        desk.put(SECRETS, key, secret);
    }
    Ok(())
}

fn show(desk: &Desk<'_>, answer: &mut Answer) {
    let secrets: Vec<(String, Value)> = desk.list(SECRETS, "");
    if secrets.is_empty() {
        return;
    }
    let Some(mut document) = Document::of(desk.call, answer) else { return };
    document.visit(&mut |object: &mut dyn Fields| {
        let key = match (object.text("DBInstanceIdentifier"), object.text("DBClusterIdentifier")) {
            (Some(name), _) if object.has("DBInstanceStatus") => format!("db {name}"),
            (None, Some(name)) if object.has("Status") => format!("cluster {name}"),
            _ => return,
        };
        let key = key.to_lowercase();
        if let Some((_, secret)) = secrets.iter().find(|(of, _)| *of == key) {
            object.put("MasterUserSecret", secret, "member");
        }
    });
    document.store(answer);
}
