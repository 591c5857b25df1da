//! The page: its limit, what must never be in it, and that it reads without a script.

use infra_engine::{AttributeChange, Change, Reason};
use infra_sdk::{Declarations, Value};

use super::*;
use crate::view::sample::{change, declarations, object};

fn shown(declarations: &Declarations, plan: &Plan) -> String {
    let model = Model::planned(&[("web", declarations, plan)]);
    plan_page(&PlanPage {
        environment: "staging",
        model: &model,
        plans: &[("web", plan)],
        review: None,
        digest: "0123abcd",
        forecast: &Forecast::default(),
        schemas: &|_| None,
    })
}

fn replaced() -> Change {
    Change {
        id: Some("db-<1>".to_owned()),
        after: Some(object(&[("engine", Value::from("</pre><script>alert(1)</script>"))])),
        attributes: vec![AttributeChange {
            name: "engine".to_owned(),
            before: Value::from("mysql"),
            after: Value::from("</pre><script>alert(1)</script>"),
            forces_replacement: true,
        }],
        reasons: vec![Reason::CannotUpdate(vec!["engine".to_owned()])],
        ..change("database", "aws_db_instance", Action::Replace { create_first: false })
    }
}

#[test]
fn what_goes_stands_first_and_is_open() {
    let declarations = declarations(&[("vpc", &[]), ("database", &["vpc"])]);
    let mut plan = Plan::default();
    plan.changes = vec![change("vpc", "aws_vpc", Action::Create), replaced()];
    let page = shown(&declarations, &plan);
    let (goes, comes) = (page.find("Destroyed or replaced"), page.find(">Created"));
    assert!(goes.is_some() && goes < comes, "{page}");
    assert!(page.contains("id=\"c0-1\" open"), "{page}");
    assert!(page.contains("<p class=\"about\">Needs <a href=\"#c0-0\">vpc</a></p>"), "{page}");
    assert!(page.contains("infra apply --env staging --digest 0123abcd"), "{page}");
    assert!(page.contains("<p class=\"sum\">Not available while it is replaced: database.</p>"));
}

#[test]
fn nothing_of_others_is_markup_and_no_secret_is_shown() {
    let declarations = declarations(&[("database", &[])]);
    let mut secret = replaced();
    secret.attributes.push(AttributeChange {
        name: "password".to_owned(),
        before: Value::from("old-secret").sensitive(),
        after: Value::from("new-secret").sensitive(),
        forces_replacement: false,
    });
    let mut plan = Plan::default();
    plan.changes = vec![secret];
    let page = shown(&declarations, &plan);
    assert_eq!(page.matches("<script>").count(), 1, "only its own");
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert!(!page.contains("-secret"), "{page}");
    for forbidden in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_large_plan_fits_and_says_what_it_leaves_out() {
    let names: Vec<_> = (0..4_000).map(|number| format!("r{number}")).collect();
    let all: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &[] as &[&str])).collect();
    let declarations = declarations(&all);
    let mut plan = Plan::default();
    plan.changes = names
        .iter()
        .map(|name| Change {
            after: Some(object(&[("text", Value::from("x".repeat(2_000)))])),
            ..change(name, "aws_vpc", Action::Create)
        })
        .collect();
    plan.changes[3_999] = replaced();
    let page = shown(&declarations, &plan);
    assert!(page.len() < LIMIT, "{}", page.len());
    assert!(page.contains("changes without all details"));
    assert!(page.contains("too many for a picture"));
    assert!(page.contains("cannot be changed in place"), "what matters most is whole");
}

#[test]
fn of_a_large_graph_what_changes_is_drawn() {
    let names: Vec<_> = (0..1_500).map(|number| format!("r{number}")).collect();
    let mut all: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &[] as &[&str])).collect();
    all.push(("web", &["r7"]));
    let declarations = declarations(&all);
    let mut plan = Plan::default();
    plan.changes = vec![change("web", "aws_vpc", Action::Update)];
    let page = shown(&declarations, &plan);
    assert_eq!(page.matches("class=\"node ").count(), 2);
    assert!(page.contains("Of 1501 nodes the picture shows the 2"));
}
