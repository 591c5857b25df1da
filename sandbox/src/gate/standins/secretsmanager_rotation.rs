//! The rotation of secrets: moto loses schedules and durations, cannot cancel a rotation without a
//! function, and wants to run functions. No function runs here, so no secret gets another value.
//!
//! API: RotateSecret, CancelRotateSecret, DescribeSecret (`RotationEnabled`, `RotationLambdaARN`,
//! `RotationRules`).

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::{Answer, ServiceError};
use crate::gate::document::Document;

const ROTATIONS: &str = "secret rotations";

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let operation = desk.call.operation.as_str();
    if !matches!(operation, "CancelRotateSecret" | "RotateSecret") {
        return Ok(None);
    }
    let question = json!({ "SecretId": desk.text("SecretId") });
    let secret = match desk.ask("secretsmanager", "DescribeSecret", question).await? {
        Ok(Document::Json(secret)) => secret,
        Ok(Document::Xml(_)) => return Ok(None),
        Err(error) => return Ok(Some(Err(error))),
    };
    let refuse = |message: &str| {
        let error = ServiceError::new(400, "InvalidRequestException", message.to_owned());
        Ok(Some(Err(error)))
    };
    if secret.get("DeletedDate").is_some_and(|date| !date.is_null()) {
        return refuse(
            "You can't perform this operation on the secret because it was marked for deletion.",
        );
    }
    let arn = secret["ARN"].as_str().unwrap_or_default();
    let mut rotation = desk.get(ROTATIONS, arn).unwrap_or_else(|| json!({}));
    if operation == "CancelRotateSecret" {
        rotation["RotationEnabled"] = json!(false);
    } else {
        for field in ["RotationLambdaARN", "RotationRules"] {
            if let Some(value) = desk.value(field) {
                rotation[field] = value.clone();
            }
        }
        if rotation.get("RotationLambdaARN").is_none() {
            return refuse("No Lambda rotation function ARN is associated with this secret.");
        }
        rotation["RotationEnabled"] = json!(true);
    }
    desk.put(ROTATIONS, arn, rotation);
    Ok(Some(Ok(Document::Json(json!({ "ARN": arn, "Name": secret["Name"] })))))
}

/// Shows the rotation of a secret.
pub(super) fn fill(desk: &Desk<'_>, answer: &mut Answer) {
    if desk.call.service != "secretsmanager" || desk.call.operation != "DescribeSecret" {
        return;
    }
    let Some(Document::Json(mut secret)) = Document::of(desk.call, answer) else { return };
    let arn = secret["ARN"].as_str().unwrap_or_default();
    if let Some(Value::Object(rotation)) = desk.get(ROTATIONS, arn) {
        for (field, value) in rotation {
            secret[field] = value;
        }
        Document::Json(secret).store(answer);
    }
}
