//! A plan as text, stack by stack, with one summary line for all.
//!
//! Start reading at [`render`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use infra_engine::{Change, Counts, Drift, Forecast, Mode, OutputChange, Plan};
use infra_sdk::{Schema, Value};

use super::look::{Detail, Look};
use super::semantic::{difference, on_one_line};
use super::values::lines;
use super::{change, gist, time};
use crate::view::risk::{Risk, sign};
use crate::view::text::{self, ADD, CHANGE, FAINT, REMOVE, STRONG, paint, plain};

/// More changes alike than this share a line where little is told.
const ALIKE: usize = 5;

/// Finds the schema of a type.
pub(crate) type Schemas<'a> = &'a dyn Fn(&str) -> Option<&'static Schema>;

/// The text of the plans of some stacks of one environment, and of how long they will take.
pub(crate) fn render(
    environment: &str,
    plans: &[(&str, &Plan)],
    schemas: Schemas<'_>,
    forecast: &Forecast,
    look: Look,
) -> String {
    let mut text = String::new();
    let total: Counts = plans.iter().map(|(_, plan)| plan.counts()).sum();
    for (stack, plan) in plans {
        stack_plan(&mut text, &format!("{stack} in {environment}"), plan, schemas, look);
    }
    if plans.iter().all(|(_, plan)| plan.is_empty()) {
        text.push_str(none(plans));
        text.push('\n');
    } else if plans.iter().all(|(_, plan)| plan.mode == Mode::Refresh) {
        let drifted = plans.iter().map(|(_, plan)| plan.drift.len()).sum();
        let _ = writeln!(
            text,
            "{} {} changed outside of infra; only the state is brought up to date.",
            paint(STRONG, "Refresh:"),
            text::count(drifted, "resource")
        );
    } else {
        let _ = writeln!(text, "{} {}.", paint(STRONG, "Plan:"), counted(total));
        for line in gist::lines(plans, schemas) {
            let (words, names) = line.split_at(line.find(':').map_or(0, |end| end + 1));
            let _ = writeln!(text, "{}{names}", paint(STRONG, words));
        }
        text.push_str(&time::forecast(forecast));
    }
    text
}

/// That there is nothing to do.
pub(crate) fn none(plans: &[(&str, &Plan)]) -> &'static str {
    let destroys = plans.iter().any(|(_, plan)| plan.mode == Mode::Destroy);
    if destroys { "Nothing to destroy." } else { "No changes." }
}

/// How many resources stay as they are, those aside that somebody else changed.
pub(crate) fn unchanged(plan: &Plan) -> usize {
    let drift: BTreeSet<_> = plan.drift.iter().map(|drift| &drift.address).collect();
    let still = |change: &&Change| Risk::of(change).is_none() && !drift.contains(&change.address);
    plan.changes.iter().filter(still).count()
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

fn stack_plan(text: &mut String, title: &str, plan: &Plan, schemas: Schemas<'_>, look: Look) {
    let title = plain(title);
    if plan.is_empty() && plan.drift.is_empty() {
        let count = text::count(plan.changes.len(), "resource");
        let kept = match plan.mode {
            Mode::Destroy if plan.changes.is_empty() => "nothing is recorded".to_owned(),
            Mode::Destroy | Mode::Refresh => format!("as recorded, {count} unchanged"),
            Mode::Apply => format!("as declared, {count} unchanged"),
        };
        let _ = writeln!(text, "{}: {kept}\n", paint(STRONG, &title));
        return;
    }
    let _ = writeln!(text, "{}\n", paint(STRONG, &title));
    for risk in Risk::ALL {
        let changes: Vec<_> =
            plan.changes.iter().filter(|change| Risk::of(change) == Some(risk)).collect();
        let drift = if risk == Risk::Drift { plan.drift.as_slice() } else { &[] };
        let count = changes.len() + drift.len();
        if count == 0 {
            continue;
        }
        let _ = writeln!(text, "  {} ({count})\n", paint(STRONG, &risk.heading(&plan.changes)));
        if look.detail == Detail::Concise {
            drift.iter().for_each(|drift| text.push_str(&drift_headline(drift)));
            text.push_str(&in_brief(risk, &changes));
            text.push('\n');
            continue;
        }
        for drift in drift {
            text.push_str(&drifted(drift, schemas, look));
        }
        for change in changes {
            text.push_str(&change::render(change, &plan.changes, schemas, look));
        }
    }
    let unchanged = unchanged(plan);
    if unchanged > 0 {
        let words = format!("({} unchanged)", text::count(unchanged, "resource"));
        let _ = writeln!(text, "    {}\n", paint(FAINT, &words));
    }
    text.push_str(&outputs(&plan.outputs, look));
}

/// A line for each change; many alike share one, unless something goes.
fn in_brief(risk: Risk, changes: &[&Change]) -> String {
    let mut sorts: BTreeMap<(&str, &str), Vec<&Change>> = BTreeMap::new();
    for change in changes {
        sorts.entry((&change.type_name, sign(change.action))).or_default().push(change);
    }
    let many = |sort: &Vec<&Change>| sort.len() > ALIKE && risk != Risk::Destroy;
    let mut text = String::new();
    for change in changes {
        let sort = &sorts[&(change.type_name.as_str(), sign(change.action))];
        let line = match sort.first() {
            Some(first) if many(sort) && std::ptr::eq(*first, *change) => change::alike(sort),
            Some(_) if many(sort) => None,
            _ => change::brief(change),
        };
        if let Some(line) = line {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn drift_headline(drift: &Drift) -> String {
    let what = if drift.after.is_some() { "was changed" } else { "was deleted" };
    format!(
        "{} {} ({}) {what} outside of infra ({})\n",
        paint(CHANGE, "  !"),
        paint(STRONG, drift.address.as_str()),
        plain(&drift.type_name),
        plain(&drift.id)
    )
}

/// What somebody else changed.
pub(crate) fn drifted(drift: &Drift, schemas: Schemas<'_>, look: Look) -> String {
    let mut text = drift_headline(drift);
    let shown: BTreeMap<_, _> =
        drift.attributes.iter().map(|a| (a.name.as_str(), a.clone())).collect();
    change::changed_attributes(&mut text, &shown, schemas(&drift.type_name), look);
    text.push('\n');
    text
}

/// The outputs that change; empty when none does.
pub(crate) fn outputs(outputs: &[OutputChange], look: Look) -> String {
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
        match (&output.before, lines(after).as_slice(), on_one_line(before, after, look)) {
            (None, [new], _) => {
                let _ = writeln!(text, "      {sign} {name:width$} = {new}");
            }
            (_, _, Some(change)) => {
                let _ = writeln!(text, "      {sign} {name:width$} = {change}");
            }
            _ => {
                let _ = writeln!(text, "      {sign} {name:width$} =");
                for line in difference(before, after, None, look) {
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
    use infra_engine::{Action, AttributeChange, Change, Reason};

    use super::*;
    use crate::view::sample::{change, object};

    fn shown(plan: &Plan) -> String {
        told(plan, Detail::Usual)
    }

    fn told(plan: &Plan, detail: Detail) -> String {
        let (look, forecast) = (Look { detail, unicode: false }, Forecast::default());
        let text = render("staging", &[("web", plan)], &|_| None, &forecast, look);
        anstream::adapter::strip_str(&text).to_string()
    }

    /// One of each sort, in the order of a plan.
    fn every_sort() -> Plan {
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
        plan
    }

    #[test]
    fn what_goes_is_told_first() {
        insta::assert_snapshot!(shown(&every_sort()), @r#"
        web in staging

          Destroyed or replaced (2)

        -/+ database (aws_db_instance) must be replaced (db-1)
              # `engine` cannot be changed in place
              ~ engine   = "mysql" -> "postgres"  # forces replacement
              ~ id       = "db-1" -> (known after apply)
              ~ password = (sensitive value) -> (sensitive value)
                # (1 unchanged attribute)

          - queue (aws_sqs_queue) will be destroyed (q-9)
              # it is no longer declared

          Created (1)

          + network.vpc (aws_vpc) will be created
              + cidr_block = "10.0.0.0/16"
              + id         = (known after apply)
              + tags       = {
                    team = "web"
                  }

            (1 resource unchanged)

          Outputs
              ~ endpoint = "a" -> (known after apply)

        Plan: 2 to add, 0 to change, 2 to destroy.
        Not available while it is replaced: database.
        "#);
    }

    #[test]
    fn in_brief_each_change_has_a_line_and_many_alike_share_one() {
        let mut plan = every_sort();
        let many = (0..300).map(|n| change(&format!("rule-{n}"), "aws_rule", Action::Create));
        plan.changes.extend(many);
        // What goes is told one by one.
        let many = (0..6).map(|n| change(&format!("old-{n}"), "aws_rule", Action::Delete));
        plan.changes.extend(many);
        insta::assert_snapshot!(told(&plan, Detail::Concise), @r#"
        web in staging

          Destroyed or replaced (8)

        -/+ database (aws_db_instance) must be replaced (db-1): engine
          - queue (aws_sqs_queue) will be destroyed (q-9): it is no longer declared
          - old-0 (aws_rule) will be destroyed
          - old-1 (aws_rule) will be destroyed
          - old-2 (aws_rule) will be destroyed
          - old-3 (aws_rule) will be destroyed
          - old-4 (aws_rule) will be destroyed
          - old-5 (aws_rule) will be destroyed

          Created (301)

          + network.vpc (aws_vpc) will be created
          + 300 aws_rule will be created: rule-0, rule-1 and 298 more

            (1 resource unchanged)

          Outputs
              ~ endpoint = "a" -> (known after apply)

        Plan: 302 to add, 0 to change, 8 to destroy.
        Not available while it is replaced: database.
        "#);
    }

    #[test]
    fn all_of_it_is_told_where_that_is_wanted() {
        let mut plan = every_sort();
        plan.changes.retain(|change| change.address.as_str() == "database");
        insta::assert_snapshot!(told(&plan, Detail::Verbose), @r#"
        web in staging

          Destroyed or replaced (1)

        -/+ database (aws_db_instance) must be replaced (db-1)
              # `engine` cannot be changed in place
              ~ engine   = "mysql" -> "postgres"  # forces replacement
              ~ id       = "db-1" -> (known after apply)
              ~ password = (sensitive value) -> (sensitive value)
                port = 1

          Outputs
              ~ endpoint = "a" -> (known after apply)

        Plan: 1 to add, 0 to change, 1 to destroy.
        Not available while it is replaced: database.
        "#);
    }

    #[test]
    fn a_destruction_of_nothing_says_so() {
        let mut plan = Plan::default();
        plan.mode = Mode::Destroy;
        insta::assert_snapshot!(shown(&plan), @r"
        web in staging: nothing is recorded

        Nothing to destroy.
        ");
    }

    #[test]
    fn what_somebody_else_changed_is_not_unchanged() {
        let mut plan = Plan::default();
        plan.changes = ["vpc", "queue"].map(|name| change(name, "aws_vpc", Action::NoOp)).to_vec();
        assert_eq!(unchanged(&plan), 2);
        plan.drift = vec![Drift {
            address: plan.changes[0].address.clone(),
            type_name: "aws_vpc".to_owned(),
            id: "vpc-1".to_owned(),
            before: object(&[]),
            after: None,
            attributes: Vec::new(),
        }];
        assert_eq!(unchanged(&plan), 1);
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
