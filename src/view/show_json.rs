//! One resource with what it has to do with others, as JSON.

use infra_sdk::store::{Operation, Status};
use infra_sdk::{Address, Value};
use serde_json::{Value as Json, json};

use super::json::value;
use super::outputs_json::document;
use crate::commands::show::Shown;

/// Everything that is shown; sensitive values are masked.
pub(crate) fn render(shown: &Shown<'_>) -> String {
    let record = shown.record;
    let attributes = record.outputs.iter().chain(&record.inputs);
    let attributes: serde_json::Map<_, _> = attributes
        .filter(|(_, value): &(_, &Value)| !value.is_null())
        .map(|(name, attribute)| (name.clone(), value(attribute)))
        .collect();
    let names = |all: &[(&Address, Option<&str>)]| -> Json {
        all.iter().map(|(address, _)| Json::from(address.as_str())).collect()
    };
    let changed = shown.changed.as_ref().map(|changed| {
        let operation = match changed.operation {
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
        };
        json!({
            "at": changed.at,
            "operation": operation,
            "run": changed.run,
            "command": changed.command,
            "by": changed.by,
        })
    });
    let place = record.location.as_ref();
    document(&json!({
        "stack": shown.stack,
        "address": record.address.as_str(),
        "type": record.type_name,
        "id": record.id,
        "ready": record.status == Status::Ready,
        "attributes": attributes,
        "refers_to": names(&shown.needs),
        "referred_to_by": names(&shown.needed_by),
        "declared": place.map(|place| json!({ "file": place.file, "line": place.line })),
        "last_changed": changed,
    }))
}
