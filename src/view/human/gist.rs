//! What a plan comes to, for somebody who reads nothing else: what is lost, what is interrupted.
//!
//! Start reading at [`lines`].

use infra_engine::{Action, Change, Mode, Plan};

use super::plan::Schemas;
use crate::view::risk::{Risk, can_lose_data};

/// As many resources are named.
const NAMED: usize = 5;

/// Sentences about what goes, a line each and without colour; none where nothing does.
pub(crate) fn lines(plans: &[(&str, &Plan)], schemas: Schemas<'_>) -> Vec<String> {
    let several = plans.len() > 1;
    let name = |stack: &str, change: &Change| {
        if several { format!("{stack}/{}", change.address) } else { change.address.to_string() }
    };
    let found = |wanted: &dyn Fn(&Plan, &Change) -> bool| -> Vec<String> {
        let changes = plans.iter().flat_map(|(stack, plan)| {
            let changes = plan.changes.iter().filter(|change| wanted(plan, change));
            changes.map(|change| name(stack, change))
        });
        changes.collect()
    };
    let replaced = |first: bool| {
        found(&|plan, change| {
            plan.mode == Mode::Apply && change.action == Action::Replace { create_first: first }
        })
    };
    let lost = found(&|_, change| can_lose_data(change, schemas(&change.type_name)));
    let goes = |change: &Change| Risk::of(change) == Some(Risk::Destroy);
    let unknown = found(&|_, change| goes(change) && schemas(&change.type_name).is_none());
    let mut lines = Vec::new();
    let mut tell = |words: &str, names: &[String]| {
        if !names.is_empty() {
            lines.push(format!("{words} {}.", listed(names)));
        }
    };
    let interrupted = replaced(false);
    let they = if interrupted.len() == 1 { "it is" } else { "they are" };
    tell(&format!("Not available while {they} replaced:"), &interrupted);
    tell("Replaced, the new one first:", &replaced(true));
    tell("Can lose data:", &lost);
    // What is not known of a type is not said of it.
    let all_known = lost.is_empty() && unknown.is_empty();
    if all_known && !found(&|_, change| goes(change)).is_empty() {
        lines.push("Nothing that holds data is destroyed or replaced.".to_owned());
    }
    lines
}

/// `a, b, c and 4 more`.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Schema;

    use super::*;
    use crate::view::sample::change;

    const fn schema(type_name: &'static str, stateful: bool) -> Schema {
        let validate = infra_sdk::schema::no_rules;
        Schema { type_name, doc: "", inputs: &[], outputs: &[], validate, stateful }
    }

    static KNOWN: [Schema; 3] = [
        schema("aws_db_instance", true),
        schema("aws_ecs_service", false),
        schema("aws_vpc", false),
    ];

    fn shown(plans: &[(&str, &Plan)]) -> String {
        let schemas = |name: &str| KNOWN.iter().find(|schema| schema.type_name == name);
        lines(plans, &schemas).join("\n")
    }

    fn plan(changes: Vec<Change>) -> Plan {
        let mut plan = Plan::default();
        plan.changes = changes;
        plan
    }

    #[test]
    fn what_goes_is_told_and_what_of_it_holds_data() {
        let replace = |create_first| Action::Replace { create_first };
        let web = plan(vec![
            change("database", "aws_db_instance", replace(false)),
            change("service", "aws_ecs_service", replace(true)),
            change("vpc", "aws_vpc", Action::Create),
        ]);
        insta::assert_snapshot!(shown(&[("web", &web)]), @r"
        Not available while it is replaced: database.
        Replaced, the new one first: service.
        Can lose data: database.
        ");
        let two = ["a", "b"].map(|name| change(name, "aws_ecs_service", replace(false)));
        let told = shown(&[("web", &plan(two.to_vec()))]);
        assert!(told.starts_with("Not available while they are replaced: a, b.\n"), "{told}");
        let one = |type_name: &str| plan(vec![change("one", type_name, Action::Delete)]);
        let nothing = "Nothing that holds data is destroyed or replaced.";
        assert_eq!(shown(&[("web", &one("aws_vpc"))]), nothing);
        assert_eq!(shown(&[("web", &one("not_known"))]), "");
        let many = (0..7).map(|n| change(&format!("d{n}"), "aws_db_instance", Action::Delete));
        let many = plan(many.collect());
        let told = "Can lose data: a/d0, a/d1, a/d2, a/d3, a/d4 and 2 more.";
        assert_eq!(shown(&[("a", &many), ("b", &plan(Vec::new()))]), told);
    }

    #[test]
    fn what_only_grows_needs_no_words() {
        let grows = plan(vec![
            change("vpc", "aws_vpc", Action::Create),
            change("database", "aws_db_instance", Action::Update),
        ]);
        assert_eq!(shown(&[("web", &grows)]), "");
    }
}
