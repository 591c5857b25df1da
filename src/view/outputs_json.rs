//! Outputs as JSON, in the form of `terraform output -json`.

use std::collections::BTreeMap;

use infra_sdk::Value;
use serde_json::{Map, Value as Json, json};

use super::ci;
use super::json::{type_of, value};

/// All outputs by name.
pub(crate) fn render(outputs: &BTreeMap<String, Value>) -> String {
    document(&Json::Object(entries(outputs)))
}

/// Nothing but a value.
pub(crate) fn bare(output: &Value) -> String {
    document(&value(output))
}

/// Each output with its type and whether it is sensitive.
pub(super) fn entries(outputs: &BTreeMap<String, Value>) -> Map<String, Json> {
    let entry = |(name, output): (&String, &Value)| {
        let entry = json!({
            "sensitive": output.has_sensitive(),
            "type": type_of(output),
            "value": value(output),
        });
        (name.clone(), entry)
    };
    outputs.iter().map(entry).collect()
}

/// A document on lines of its own.
pub(super) fn document(json: &Json) -> String {
    ci::json(format!("{json:#}\n"))
}
