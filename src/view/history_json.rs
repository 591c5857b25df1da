//! What was run, as JSON: runs with their changes, and no values.

use infra_sdk::store::{Operation, RunChange};
use serde_json::{Value as Json, json};

use super::human::history::{Ending, counts};
use super::outputs_json::document;
use crate::session::Told;

/// All runs of a stack, oldest first.
pub(crate) fn all(runs: &[Told]) -> String {
    document(&runs.iter().map(head).collect())
}

/// A run with everything that it changed.
pub(crate) fn one(told: &Told) -> String {
    let mut json = head(told);
    json["changes"] = told.changes.iter().map(change).collect();
    document(&json)
}

fn head(told: &Told) -> Json {
    let run = &told.run;
    let [added, changed, destroyed] = counts(&told.changes);
    json!({
        "id": run.id,
        "command": run.command,
        "by": run.by,
        "started": run.started,
        "ended": run.ended,
        "result": Ending::of(told).word(),
        "add": added,
        "change": changed,
        "remove": destroyed,
    })
}

fn change(change: &RunChange) -> Json {
    let operation = match change.operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    };
    json!({
        "at": change.at,
        "address": change.address.as_str(),
        "type": change.type_name,
        "operation": operation,
        "id": change.id,
    })
}
