//! What was run, as JSON: runs with their changes, and no values.

use infra_sdk::store::{Operation, RunChange, RunRecord};
use serde_json::{Value as Json, json};

use super::human::history::{Ending, counts};
use super::outputs_json::document;

/// All runs of a stack, oldest first.
pub(crate) fn all(runs: &[(RunRecord, Vec<RunChange>)]) -> String {
    document(&runs.iter().map(|(run, changes)| head(run, changes)).collect())
}

/// A run with everything that it changed.
pub(crate) fn one((run, changes): &(RunRecord, Vec<RunChange>)) -> String {
    let mut json = head(run, changes);
    json["changes"] = changes.iter().map(change).collect();
    document(&json)
}

fn head(run: &RunRecord, changes: &[RunChange]) -> Json {
    let [added, changed, destroyed] = counts(changes);
    json!({
        "id": run.id,
        "command": run.command,
        "by": run.by,
        "started": run.started,
        "ended": run.ended,
        "result": Ending::of(run).word(),
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
