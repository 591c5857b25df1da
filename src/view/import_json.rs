//! An object that was taken over, as JSON.

use infra_engine::{Action, AttributeChange, Change};
use infra_sdk::Object;
use serde_json::{Value as Json, json};

use super::human::import::Shown;
use super::json::{known, sensitive_marks, value};
use super::outputs_json::document;

/// What is recorded, and what a plan does then; null where a plan is refused.
pub(crate) fn render(shown: &Shown<'_>) -> String {
    let Shown { stack, environment, record, change } = shown;
    let attributes: Object =
        record.inputs.clone().into_iter().chain(record.outputs.clone()).collect();
    document(&json!({
        "format_version": "1.0",
        "environment": environment,
        "stack": stack,
        "address": record.address.as_str(),
        "type": record.type_name,
        "id": record.id,
        "imported": true,
        "attributes": known(&attributes),
        "sensitive_attributes": sensitive_marks(&attributes),
        "plan": change.map_or(Json::Null, planned),
    }))
}

fn planned(change: &Change) -> Json {
    let action = match change.action {
        Action::NoOp | Action::Import | Action::Await => "no-op",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { .. } => "replace",
        Action::Delete => "delete",
        Action::Forget => "forget",
    };
    let attribute = |attribute: &AttributeChange| {
        json!({
            "name": attribute.name,
            "before": value(&attribute.before),
            "after": value(&attribute.after),
            "forces_replacement": attribute.forces_replacement,
        })
    };
    json!({
        "action": action,
        "attributes": change.attributes.iter().map(attribute).collect::<Vec<_>>(),
    })
}
