//! A plan as text, stack by stack, with one summary line for all.
//!
//! Start reading at [`render`].

use std::collections::BTreeMap;
use std::fmt::Write;

use infra_engine::{Action, Counts, Drift, Forecast, Mode, OutputChange, Plan};
use infra_sdk::{Schema, Value};

use super::change;
use super::time;
use super::values::{difference, inline};
use crate::view::text::{ADD, CHANGE, FAINT, REMOVE, STRONG, paint, plain};

/// Finds the schema of a type.
pub(crate) type Schemas<'a> = &'a dyn Fn(&str) -> Option<&'static Schema>;

/// The text of the plans of some stacks of one environment, and of how long they will take.
pub(crate) fn render(
    environment: &str,
    plans: &[(&str, &Plan)],
    schemas: Schemas<'_>,
    forecast: &Forecast,
) -> String {
    let mut text = String::new();
    let total: Counts = plans.iter().map(|(_, plan)| plan.counts()).sum();
    for (stack, plan) in plans {
        stack_plan(&mut text, environment, stack, plan, schemas);
    }
    if plans.iter().all(|(_, plan)| plan.is_empty()) {
        text.push_str("No changes.\n");
    } else if plans.iter().all(|(_, plan)| plan.mode == Mode::Refresh) {
        let drifted = plans.iter().map(|(_, plan)| plan.drift.len()).sum();
        let _ = writeln!(
            text,
            "{} {} changed outside of infra; only the state is brought up to date.",
            paint(STRONG, "Refresh:"),
            resources(drifted)
        );
    } else {
        let _ = writeln!(text, "{} {}.", paint(STRONG, "Plan:"), counted(total));
        text.push_str(&time::forecast(forecast));
    }
    text
}

/// How much there is to do of each sort.
pub(crate) fn counted(counts: Counts) -> String {
    let Counts { import, add, change, destroy, forget } = counts;
    let some = |count: usize, text: String| if count == 0 { String::new() } else { text };
    format!(
        "{}{add} to add, {change} to change, {destroy} to destroy{}",
        some(import, format!("{import} to import, ")),
        some(forget, format!(", {forget} to forget"))
    )
}

fn stack_plan(
    text: &mut String,
    environment: &str,
    stack: &str,
    plan: &Plan,
    schemas: Schemas<'_>,
) {
    let title = format!("{} in {}", plain(stack), plain(environment));
    if plan.is_empty() && plan.drift.is_empty() {
        let count = plan.changes.len();
        let known = if plan.mode == Mode::Refresh { "recorded" } else { "declared" };
        let kept = format!("as {known}, {} unchanged", resources(count));
        let _ = writeln!(text, "{}: {kept}\n", paint(STRONG, &title));
        return;
    }
    let _ = writeln!(text, "{}\n", paint(STRONG, &title));
    for drift in &plan.drift {
        text.push_str(&drifted(drift, schemas));
    }
    for change in &plan.changes {
        text.push_str(&change::render(change, schemas(&change.type_name)));
    }
    let still = |change: &&infra_engine::Change| {
        change.action == Action::NoOp && change.moved_from.is_none()
    };
    let unchanged = plan.changes.iter().filter(still).count();
    if unchanged > 0 {
        let words = format!("({} unchanged)", resources(unchanged));
        let _ = writeln!(text, "    {}\n", paint(FAINT, &words));
    }
    text.push_str(&outputs(&plan.outputs));
}

fn resources(count: usize) -> String {
    if count == 1 { "1 resource".to_owned() } else { format!("{count} resources") }
}

/// What somebody else changed.
pub(crate) fn drifted(drift: &Drift, schemas: Schemas<'_>) -> String {
    let mut text = String::new();
    let what = if drift.after.is_some() { "was changed" } else { "was deleted" };
    let _ = writeln!(
        text,
        "{} {} ({}) {what} outside of infra ({})",
        paint(CHANGE, "  !"),
        paint(STRONG, drift.address.as_str()),
        plain(&drift.type_name),
        plain(&drift.id)
    );
    let shown: BTreeMap<_, _> =
        drift.attributes.iter().map(|a| (a.name.as_str(), a.clone())).collect();
    change::changed_attributes(&mut text, &shown, schemas(&drift.type_name));
    text.push('\n');
    text
}

/// The outputs that change; empty when none does.
pub(crate) fn outputs(outputs: &[OutputChange]) -> String {
    let mut text = String::new();
    let changed: Vec<_> = outputs.iter().filter(|output| output.is_changed()).collect();
    if changed.is_empty() {
        return text;
    }
    let _ = writeln!(text, "  {}", paint(STRONG, "Outputs"));
    let width = changed.iter().map(|output| output.name.chars().count()).max().unwrap_or(0);
    for output in changed {
        let name = plain(&output.name);
        let null = Value::Null;
        let before = output.before.as_ref().unwrap_or(&null);
        let after = output.after.as_ref().unwrap_or(&null);
        let sign = match (&output.before, &output.after) {
            (None, _) => paint(ADD, "+"),
            (_, None) => paint(REMOVE, "-"),
            _ => paint(CHANGE, "~"),
        };
        match (&output.before, inline(before), inline(after)) {
            (None, _, Some(new)) => {
                let _ = writeln!(text, "      {sign} {name:width$} = {new}");
            }
            (_, Some(old), Some(new)) => {
                let _ = writeln!(text, "      {sign} {name:width$} = {old} -> {new}");
            }
            _ => {
                let _ = writeln!(text, "      {sign} {name:width$} =");
                for line in difference(before, after, None) {
                    let _ = writeln!(text, "          {line}");
                }
            }
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use infra_engine::{AttributeChange, Change, Reason};

    use super::*;
    use crate::view::sample::{change, object};

    fn shown(plan: &Plan) -> String {
        let text = render("staging", &[("web", plan)], &|_| None, &Forecast::default());
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn every_sort_of_change_is_told_apart() {
        let mut plan = Plan::default();
        plan.changes = vec![
            Change {
                after: Some(object(&[
                    ("cidr_block", Value::from("10.0.0.0/16")),
                    ("id", Value::Unknown),
                    ("tags", Value::Map(object(&[("team", Value::from("web"))]))),
                    ("ipv6_cidr_block", Value::Null),
                ])),
                reasons: vec![Reason::NotThereYet],
                ..change("network.vpc", "aws_vpc", Action::Create)
            },
            Change {
                id: Some("db-1".to_owned()),
                before: Some(object(&[
                    ("engine", Value::from("mysql")),
                    ("password", Value::from("old").sensitive()),
                    ("port", Value::Int(1)),
                    ("id", Value::from("db-1")),
                ])),
                after: Some(object(&[
                    ("engine", Value::from("postgres")),
                    ("password", Value::from("new").sensitive()),
                    ("port", Value::Int(1)),
                    ("id", Value::Unknown),
                ])),
                attributes: vec![
                    AttributeChange {
                        name: "engine".to_owned(),
                        before: Value::from("mysql"),
                        after: Value::from("postgres"),
                        forces_replacement: true,
                    },
                    AttributeChange {
                        name: "password".to_owned(),
                        before: Value::from("old").sensitive(),
                        after: Value::from("new").sensitive(),
                        forces_replacement: false,
                    },
                ],
                reasons: vec![Reason::CannotUpdate(vec!["engine".to_owned()])],
                ..change("database", "aws_db_instance", Action::Replace { create_first: false })
            },
            change("untouched", "aws_vpc", Action::NoOp),
            Change {
                id: Some("q-9".to_owned()),
                reasons: vec![Reason::NoLongerDeclared],
                ..change("queue", "aws_sqs_queue", Action::Delete)
            },
        ];
        plan.outputs = vec![OutputChange {
            name: "endpoint".to_owned(),
            before: Some(Value::from("a")),
            after: Some(Value::Unknown),
        }];
        insta::assert_snapshot!(shown(&plan), @r#"
        web in staging

          + network.vpc (aws_vpc) will be created
              + cidr_block = "10.0.0.0/16"
              + id         = (known after apply)
              + tags       = {
                    team = "web"
                  }

        -/+ database (aws_db_instance) must be replaced (db-1)
              # `engine` cannot be changed in place
              ~ engine   = "mysql" -> "postgres"  # forces replacement
              ~ id       = "db-1" -> (known after apply)
              ~ password = (sensitive value) -> (sensitive value)
                # (1 unchanged attribute)

          - queue (aws_sqs_queue) will be destroyed (q-9)
              # it is no longer declared

            (1 resource unchanged)

          Outputs
              ~ endpoint = "a" -> (known after apply)

        Plan: 2 to add, 0 to change, 2 to destroy.
        "#);
    }

    #[test]
    fn an_empty_plan_says_so() {
        let mut plan = Plan::default();
        plan.changes = vec![change("vpc", "aws_vpc", Action::NoOp)];
        insta::assert_snapshot!(shown(&plan), @r"
        web in staging: as declared, 1 resource unchanged

        No changes.
        ");
    }
}
