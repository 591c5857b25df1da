//! An apply as JSON lines with Terraform's event types.
//!
//! Start reading at [`event`].

use std::collections::BTreeMap;
use std::time::Duration;

use infra_engine::{Action, Change, Event, Mode, Operation, Plan, Reason, Summary};
use infra_sdk::{Address, Diagnostic};
use serde_json::{Value as Json, json};

use super::json;
use super::outputs_json;

/// Types of the resources of a plan, which events do not carry.
pub(crate) type Types = BTreeMap<Address, String>;

/// The types of the resources of a plan.
pub(crate) fn types(plan: &Plan) -> Types {
    plan.changes.iter().map(|change| (change.address.clone(), change.type_name.clone())).collect()
}

/// The lines before anything is done: the version, what is planned, and the numbers.
pub(crate) fn planned(plan: &Plan, mode: Mode) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut text = line(
        "info",
        &format!("infra {version}"),
        "version",
        json!({ "infra": version, "terraform": "1.9.0", "ui": "1.2" }),
    );
    for warning in &plan.warnings {
        text.push_str(&diagnostic(warning));
    }
    for drift in &plan.drift {
        let action = if drift.after.is_some() { "update" } else { "delete" };
        let change = json!({
            "resource": resource(&drift.address, &drift.type_name),
            "action": action,
        });
        let message = format!("{}: Drift detected ({action})", drift.address);
        text.push_str(&line("info", &message, "resource_drift", json!({ "change": change })));
    }
    for change in plan.changes.iter().filter(|change| !change.reasons.is_empty()) {
        text.push_str(&planned_change(change));
    }
    let counts = plan.counts();
    let message = format!(
        "Plan: {} to add, {} to change, {} to destroy.",
        counts.add, counts.change, counts.destroy
    );
    // Terraform names a plan's operation so, whichever way it goes.
    let operation = if mode == Mode::Destroy { "destroy" } else { "plan" };
    let changes = json!({
        "add": counts.add, "change": counts.change, "import": counts.import,
        "remove": counts.destroy, "operation": operation,
    });
    text.push_str(&line("info", &message, "change_summary", json!({ "changes": changes })));
    text
}

fn planned_change(change: &Change) -> String {
    let action = match change.action {
        Action::NoOp | Action::Await => "noop",
        Action::Import => "import",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { .. } => "replace",
        Action::Delete => "delete",
        Action::Forget => "remove",
    };
    let reason = change.reasons.iter().find_map(|reason| match reason {
        Reason::CannotUpdate(_) => Some("cannot_update"),
        Reason::Triggered(_) | Reason::DependencyReplaced(_) => Some("replace_triggered_by"),
        Reason::ReplaceRequested => Some("requested"),
        Reason::NoLongerDeclared => Some("delete_because_no_resource_config"),
        _ => None,
    });
    let mut body = json!({
        "resource": resource(&change.address, &change.type_name),
        "action": action,
    });
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    if let Some(from) = &change.moved_from {
        body["previous_resource"] = resource(from, &change.type_name);
    }
    let message = format!("{}: Plan to {action}", change.address);
    line("info", &message, "planned_change", json!({ "change": body }))
}

/// The line of an event. A failure is two: the event, and its diagnostic.
pub(crate) fn event(event: &Event, types: &Types, mode: Mode) -> String {
    let at = |address: &Address| resource(address, types.get(address).map_or("", String::as_str));
    let hook =
        |address: &Address, operation: Operation, elapsed: Option<Duration>, id: Option<&str>| {
            let mut hook = json!({ "resource": at(address), "action": action(operation) });
            if let Some(elapsed) = elapsed {
                hook["elapsed_seconds"] = json!(elapsed.as_secs());
            }
            if let Some(id) = id {
                hook["id_key"] = json!("id");
                hook["id_value"] = json!(id);
            }
            json!({ "hook": hook })
        };
    match event {
        Event::Started { address, operation, id } => {
            let message = format!("{address}: {}...", operation.verb());
            let body = hook(address, *operation, None, id.as_deref());
            line("info", &message, "apply_start", body)
        }
        Event::Progress { address, operation, elapsed, id, last } => {
            let mut message =
                format!("{address}: {}... [{}s elapsed]", operation.verb(), elapsed.as_secs());
            let mut body = hook(address, *operation, Some(*elapsed), id.as_deref());
            if let Some(word) = last {
                message = format!("{message}: {word}");
                body["hook"]["status"] = json!(word);
            }
            line("info", &message, "apply_progress", body)
        }
        Event::Completed { address, operation, id, elapsed, .. } => {
            let message = format!(
                "{address}: {} complete after {}s [id={id}]",
                operation.verb(),
                elapsed.as_secs()
            );
            let body = hook(address, *operation, Some(*elapsed), Some(id));
            line("info", &message, "apply_complete", body)
        }
        Event::OnItsWay { address, last, .. } => diagnostic(
            &Diagnostic::warning("apply::on-its-way", "a resource is not waited for any longer")
                .detail(last)
                .address(address)
                .hint("the next run goes on waiting"),
        ),
        Event::Failed { address, operation, elapsed, diagnostic: why, id } => {
            let message =
                format!("{address}: {} errored after {}s", operation.verb(), elapsed.as_secs());
            let body = hook(address, *operation, Some(*elapsed), id.as_deref());
            line("error", &message, "apply_errored", body) + &diagnostic(why)
        }
        Event::Blocked { address, by, .. } => diagnostic(
            &Diagnostic::warning("apply::blocked", "a resource was not tried")
                .detail(format!("it needs `{by}`, which failed"))
                .address(address),
        ),
        Event::Stopping { in_flight, left } => {
            let what = if mode == Mode::Destroy { "destroy" } else { "apply" };
            diagnostic(
                &Diagnostic::warning("apply::interrupted", "the run was asked to stop").detail(
                    format!(
                        "the {what} waits for {} operations and begins none of {left}",
                        in_flight.len()
                    ),
                ),
            )
        }
    }
}

/// The last lines: what went wrong with the run as a whole, the numbers, and the outputs.
pub(crate) fn summary(summary: &Summary, mode: Mode) -> String {
    let mut text: String = summary.diagnostics.iter().map(diagnostic).collect();
    for address in &summary.left {
        text.push_str(&diagnostic(
            &Diagnostic::warning("apply::left", "a resource was not begun").address(address),
        ));
    }
    let (add, change) = (summary.created.len() + summary.replaced.len(), summary.updated.len());
    let remove = summary.destroyed.len() + summary.replaced.len();
    let (what, operation) = match mode {
        Mode::Apply | Mode::Refresh => ("Apply", "apply"),
        Mode::Destroy => ("Destroy", "destroy"),
    };
    let end = if summary.is_complete() { "complete" } else { "incomplete" };
    let message = format!("{what} {end}: {add} added, {change} changed, {remove} destroyed.");
    let changes = json!({
        "add": add, "change": change, "import": summary.imported.len(), "remove": remove,
        "operation": operation,
    });
    let level = if summary.is_complete() { "info" } else { "error" };
    text.push_str(&line(level, &message, "change_summary", json!({ "changes": changes })));
    let outputs = outputs_json::entries(&summary.outputs);
    let message = format!("Outputs: {}", outputs.len());
    text.push_str(&line("info", &message, "outputs", json!({ "outputs": outputs })));
    text
}

/// A diagnostic as a line.
pub(crate) fn diagnostic(diagnostic: &Diagnostic) -> String {
    let (level, word) =
        if diagnostic.is_error() { ("error", "Error") } else { ("warn", "Warning") };
    let message = format!("{word}: {}", diagnostic.summary);
    let body = json!({ "diagnostic": json::diagnostic(diagnostic) });
    line(level, &message, "diagnostic", body)
}

/// Terraform's word for an operation. Waiting ends a creation that an earlier run began.
fn action(operation: Operation) -> &'static str {
    match operation {
        Operation::Create | Operation::Await => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    }
}

fn resource(address: &Address, type_name: &str) -> Json {
    json!({
        "addr": address.as_str(),
        "module": "",
        "resource": address.as_str(),
        "implied_provider": "aws",
        "resource_type": type_name,
        "resource_name": address.name(),
        "resource_key": null,
    })
}

/// One line: what every line has, and the body of its type.
fn line(level: &str, message: &str, kind: &str, body: Json) -> String {
    let mut line = json!({
        "@level": level,
        "@message": message,
        "@module": "infra.ui",
        "@timestamp": jiff::Timestamp::now().to_string(),
        "type": kind,
    });
    if let (Json::Object(line), Json::Object(body)) = (&mut line, body) {
        line.extend(body);
    }
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use infra_sdk::Value;

    use super::*;

    fn parsed(text: &str) -> Vec<Json> {
        text.lines()
            .map(|line| {
                let mut json: Json = serde_json::from_str(line).expect("a JSON line");
                let time = json["@timestamp"].take();
                let time: jiff::Timestamp =
                    time.as_str().expect("a text").parse().expect("RFC 3339");
                assert!(time > jiff::Timestamp::UNIX_EPOCH);
                json
            })
            .collect()
    }

    #[test]
    fn a_failure_is_an_event_and_a_diagnostic() {
        let address = Address::parse("network.vpc").expect("valid");
        let types = Types::from([(address.clone(), "aws_vpc".to_owned())]);
        let failed = Event::Failed {
            address: address.clone(),
            operation: Operation::Create,
            id: None,
            elapsed: Duration::from_secs(3),
            diagnostic: Diagnostic::error("apply::create", "could not create resource")
                .address(&address),
        };
        let lines = parsed(&event(&failed, &types, Mode::Apply));
        assert_eq!(lines[0]["type"], "apply_errored");
        assert_eq!(lines[0]["hook"]["resource"]["resource_type"], "aws_vpc");
        assert_eq!(lines[0]["hook"]["elapsed_seconds"], 3);
        assert_eq!(lines[1]["type"], "diagnostic");
        assert_eq!(lines[1]["diagnostic"]["address"], "network.vpc");
    }

    #[test]
    fn the_last_lines_have_the_numbers_and_the_outputs() {
        let done = Summary {
            created: vec![Address::parse("a").expect("valid")],
            outputs: [("secret".to_owned(), Value::from("hunter2").sensitive())].into(),
            ..Summary::default()
        };
        let text = summary(&done, Mode::Apply);
        assert!(!text.contains("hunter2"));
        let lines = parsed(&text);
        assert_eq!(lines[0]["changes"]["add"], 1);
        assert_eq!(lines[0]["changes"]["operation"], "apply");
        assert_eq!(lines[1]["type"], "outputs");
        assert_eq!(lines[1]["outputs"]["secret"]["sensitive"], true);
    }

    #[test]
    fn a_plan_begins_with_the_version_and_ends_with_the_numbers() {
        let lines = parsed(&planned(&Plan::default(), Mode::Apply));
        let types: Vec<_> = lines.iter().map(|line| line["type"].as_str()).collect();
        assert_eq!(types, [Some("version"), Some("change_summary")]);
        assert_eq!(lines[1]["changes"]["operation"], "plan");
    }
}
