//! An apply as JSON lines with Terraform's event types.
//!
//! Start reading at [`event`].

use std::collections::BTreeMap;
use std::time::Duration;

use infra_engine::{
    Action, Change, Estimate, Event, Forecast, Mode, Operation, Plan, Reason, Summary,
};
use infra_sdk::{Address, Diagnostic, Value};
use serde_json::{Value as Json, json};

use super::outputs_json;
use super::{ci, json};
use crate::view::text::count;

/// Types of the resources of a plan, which events do not carry.
pub(crate) type Types = BTreeMap<Address, String>;

/// The types of the resources of a plan.
pub(crate) fn types(plan: &Plan) -> Types {
    plan.changes.iter().map(|change| (change.address.clone(), change.type_name.clone())).collect()
}

/// The first line.
fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let body = json!({ "infra": version, "terraform": "1.9.0", "ui": "1.2" });
    line("info", &format!("infra {version}"), "version", body)
}

/// All lines of a run that came to no plan: the version, and why.
pub(crate) fn unplanned(diagnostics: &[Diagnostic]) -> String {
    version() + &diagnostics.iter().map(diagnostic).collect::<String>()
}

/// The lines before anything is done: the version, what is planned, the numbers, and how long it will
/// take.
pub(crate) fn planned(plan: &Plan, mode: Mode, forecast: &Forecast) -> String {
    let mut text = version();
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
    let mut expected = seconds(forecast.estimate);
    expected["unknown_types"] = json!(forecast.unknown);
    let body = json!({ "changes": changes, "expected": expected });
    text.push_str(&line("info", &message, "change_summary", body));
    text + &planned_outputs(plan)
}

/// What becomes of the outputs; nothing where there are none.
fn planned_outputs(plan: &Plan) -> String {
    if plan.outputs.is_empty() {
        return String::new();
    }
    let planned = plan.outputs.iter().map(|output| {
        let action = match (&output.before, &output.after) {
            (None, _) => "create",
            (_, None) => "delete",
            _ if output.is_changed() => "update",
            _ => "noop",
        };
        let sides = [&output.before, &output.after].into_iter().flatten();
        let sensitive = sides.into_iter().any(Value::has_sensitive);
        (output.name.clone(), json!({ "action": action, "sensitive": sensitive }))
    });
    let planned: serde_json::Map<_, _> = planned.collect();
    let message = format!("Outputs: {}", planned.len());
    line("info", &message, "outputs", json!({ "outputs": planned }))
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
        Reason::Triggered(_) | Reason::DependencyReplaced { .. } => Some("replace_triggered_by"),
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
        Event::Started { address, operation, id, expected } => {
            let message = format!("{address}: {}...", operation.verb());
            let mut body = hook(address, *operation, None, id.as_deref());
            body["hook"]["expected"] = json!(expected.map(seconds));
            line("info", &message, "apply_start", body)
        }
        Event::Progress { address, operation, elapsed, id, expected, last } => {
            let mut message =
                format!("{address}: {}... [{}s elapsed]", operation.verb(), elapsed.as_secs());
            let mut body = hook(address, *operation, Some(*elapsed), id.as_deref());
            body["hook"]["expected"] = json!(expected.map(seconds));
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
        Event::Slow { address, operation, elapsed, expected } => diagnostic(
            &Diagnostic::warning("apply::slow", "an operation takes longer than usual")
                .detail(format!(
                    "{}: {}s so far; nine of ten take at most {}s",
                    operation.verb(),
                    elapsed.as_secs(),
                    expected.p90.as_secs()
                ))
                .address(address),
        ),
        Event::Remaining(left) => {
            let mut remaining = seconds(left.estimate);
            remaining["operations"] = json!(left.operations);
            remaining["unknown"] = json!(left.unknown);
            let message = format!(
                "{} left, about {}s to {}s",
                count(left.operations, "operation"),
                left.estimate.p50.as_secs(),
                left.estimate.p90.as_secs()
            );
            line("info", &message, "apply_remaining", json!({ "remaining": remaining }))
        }
        Event::HeldUp(why) => why
            .iter()
            .map(|why| {
                diagnostic(
                    &Diagnostic::warning("apply::held-up", "calls wait to be sent again")
                        .detail(why),
                )
            })
            .collect(),
        Event::Stopping { in_flight, left } => {
            let what = if mode == Mode::Destroy { "destroy" } else { "apply" };
            diagnostic(
                &Diagnostic::warning("apply::interrupted", "the run was asked to stop").detail(
                    format!(
                        "the {what} waits for {} and begins none of {left}",
                        count(in_flight.len(), "operation")
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

/// An estimate in whole seconds.
fn seconds(estimate: Estimate) -> Json {
    json!({ "seconds": estimate.p50.as_secs(), "seconds_p90": estimate.p90.as_secs() })
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
    ci::json(format!("{line}\n"))
}

#[cfg(test)]
mod tests {
    use infra_engine::{Drift, OutputChange, Remaining};
    use infra_sdk::Object;
    use infra_sdk::provider::Place;

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

    fn change(action: Action, reasons: Vec<Reason>) -> Change {
        Change {
            address: Address::parse("network.vpc").expect("valid"),
            type_name: "aws_vpc".to_owned(),
            place: Place::default(),
            action,
            id: None,
            before: None,
            after: None,
            attributes: Vec::new(),
            reasons,
            dependencies: Vec::new(),
            location: None,
            moved_from: None,
            imported: false,
            deposed: false,
        }
    }

    #[test]
    fn an_operation_is_followed_from_its_start_to_its_end() {
        let address = Address::parse("network.vpc").expect("valid");
        let types = Types::from([(address.clone(), "aws_vpc".to_owned())]);
        let (operation, seconds) = (Operation::Create, Duration::from_secs);
        let expected = Estimate { p50: seconds(11), p90: seconds(20) };
        let events = [
            Event::Started {
                address: address.clone(),
                operation,
                id: None,
                expected: Some(expected),
            },
            Event::Progress {
                address: address.clone(),
                operation,
                id: None,
                elapsed: seconds(10),
                expected: None,
                last: None,
            },
            Event::Completed {
                address,
                operation,
                id: "vpc-1".to_owned(),
                elapsed: seconds(12),
                unchanged: false,
            },
        ];
        let text: String = events.iter().map(|e| event(e, &types, Mode::Apply)).collect();
        let lines = parsed(&text);
        let types: Vec<_> = lines.iter().map(|line| line["type"].as_str()).collect();
        assert_eq!(types, [Some("apply_start"), Some("apply_progress"), Some("apply_complete")]);
        for line in &lines {
            assert_eq!(line["hook"]["action"], "create");
            assert_eq!(line["hook"]["resource"]["addr"], "network.vpc");
            assert_eq!(line["hook"]["resource"]["resource_type"], "aws_vpc");
        }
        assert_eq!(lines[0]["hook"]["elapsed_seconds"], Json::Null);
        assert_eq!(lines[0]["hook"]["expected"], json!({ "seconds": 11, "seconds_p90": 20 }));
        assert_eq!(lines[1]["hook"]["expected"], Json::Null);
        assert_eq!(lines[1]["hook"]["elapsed_seconds"], 10);
        assert_eq!(lines[2]["hook"]["elapsed_seconds"], 12);
        assert_eq!(lines[2]["hook"]["id_key"], "id");
        assert_eq!(lines[2]["hook"]["id_value"], "vpc-1");
    }

    #[test]
    fn a_plan_says_what_drifted_what_changes_and_what_becomes_of_outputs() {
        let mut plan = Plan::default();
        let actions = [
            (Action::Create, vec![Reason::NotThereYet]),
            (Action::Update, vec![Reason::Changed(Vec::new())]),
            (Action::Replace { create_first: true }, vec![Reason::CannotUpdate(Vec::new())]),
            (Action::Delete, vec![Reason::NoLongerDeclared]),
            (Action::Forget, vec![Reason::NoLongerDeclared]),
            (Action::Import, vec![Reason::ImportRequested { id: "vpc-1".to_owned() }]),
            (Action::NoOp, Vec::new()),
        ];
        plan.changes =
            actions.into_iter().map(|(action, reasons)| change(action, reasons)).collect();
        plan.drift = vec![Drift {
            address: Address::parse("db").expect("valid"),
            type_name: "aws_db_instance".to_owned(),
            id: "db-1".to_owned(),
            before: Object::new(),
            after: None,
            attributes: Vec::new(),
        }];
        plan.outputs = vec![OutputChange {
            name: "secret".to_owned(),
            before: None,
            after: Some(Value::from("hunter2").sensitive()),
        }];
        plan.warnings = vec![Diagnostic::warning("plan::odd", "odd")];
        let text = planned(&plan, Mode::Apply, &Forecast::default());
        assert!(!text.contains("hunter2"), "{text}");
        let lines = parsed(&text);
        let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
        assert_eq!(of("diagnostic")[0]["diagnostic"]["severity"], "warning");
        assert_eq!(of("resource_drift")[0]["change"]["action"], "delete");
        assert_eq!(of("resource_drift")[0]["change"]["resource"]["addr"], "db");
        let changes = of("planned_change");
        let actions: Vec<_> = changes.iter().map(|line| &line["change"]["action"]).collect();
        assert_eq!(actions, ["create", "update", "replace", "delete", "remove", "import"]);
        assert_eq!(changes[2]["change"]["reason"], "cannot_update");
        assert_eq!(changes[3]["change"]["reason"], "delete_because_no_resource_config");
        let outputs = &of("outputs")[0]["outputs"];
        assert_eq!(*outputs, json!({ "secret": { "action": "create", "sensitive": true } }));
    }

    #[test]
    fn what_is_left_and_what_is_slow_are_lines_of_their_own() {
        let address = Address::parse("network.vpc").expect("valid");
        let seconds = Duration::from_secs;
        let estimate = Estimate { p50: seconds(60), p90: seconds(90) };
        let left = Remaining { estimate, operations: 3, unknown: 1 };
        let operation = Operation::Create;
        let slow = Event::Slow { address, operation, elapsed: seconds(100), expected: estimate };
        let shown = |event_: &Event| parsed(&event(event_, &Types::new(), Mode::Apply)).remove(0);
        let remaining = shown(&Event::Remaining(left));
        assert_eq!(remaining["type"], "apply_remaining");
        let told = json!({ "seconds": 60, "seconds_p90": 90, "operations": 3, "unknown": 1 });
        assert_eq!(remaining["remaining"], told);
        let slow = shown(&slow);
        assert_eq!(slow["type"], "diagnostic");
        assert_eq!(slow["diagnostic"]["code"], "apply::slow");
        assert_eq!(slow["diagnostic"]["address"], "network.vpc");
        let held_up = shown(&Event::HeldUp(vec!["ec2 throttles".to_owned()]));
        assert_eq!(held_up["diagnostic"]["code"], "apply::held-up");
        assert_eq!(held_up["diagnostic"]["detail"], "ec2 throttles");
        assert_eq!(event(&Event::HeldUp(Vec::new()), &Types::new(), Mode::Apply), "");
    }

    #[test]
    fn a_run_without_a_plan_says_why() {
        let lines = parsed(&unplanned(&[Diagnostic::error("plan::cycle", "a cycle")]));
        assert_eq!(lines[0]["type"], "version");
        assert_eq!(lines[1]["type"], "diagnostic");
        assert_eq!(lines[1]["diagnostic"]["code"], "plan::cycle");
    }

    #[test]
    fn a_plan_begins_with_the_version_and_ends_with_the_numbers() {
        let expected = Duration::from_secs(600);
        let estimate = Estimate { p50: expected, p90: expected * 2 };
        let unknown = ["aws_ecs_service".to_owned()].into();
        let forecast = Forecast { estimate, unknown };
        let lines = parsed(&planned(&Plan::default(), Mode::Apply, &forecast));
        let types: Vec<_> = lines.iter().map(|line| line["type"].as_str()).collect();
        assert_eq!(types, [Some("version"), Some("change_summary")]);
        assert_eq!(lines[1]["changes"]["operation"], "plan");
        let told = json!({
            "seconds": 600, "seconds_p90": 1200, "unknown_types": ["aws_ecs_service"],
        });
        assert_eq!(lines[1]["expected"], told);
    }
}
