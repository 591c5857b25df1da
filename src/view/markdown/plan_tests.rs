//! The comment: its order, its limit, and what must never be in it.

use infra_engine::{Action, AttributeChange, Change, OutputChange, Reason};
use infra_sdk::checks::Severity;
use infra_sdk::{Diagnostic, Object, Value};

use super::*;
use crate::session::Found;
use crate::view::checks::sample::review;
use crate::view::sample::change;

/// What GitHub takes.
const GITHUB: usize = 65_536;

fn created(address: &str, attributes: &[(&str, Value)]) -> Change {
    let after: Object =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Change {
        after: Some(after),
        reasons: vec![Reason::NotThereYet],
        ..change(address, "aws_vpc", Action::Create)
    }
}

fn deleted(address: &str) -> Change {
    Change {
        id: Some("q-9".to_owned()),
        reasons: vec![Reason::NoLongerDeclared],
        ..change(address, "aws_sqs_queue", Action::Delete)
    }
}

fn plan(changes: Vec<Change>) -> Plan {
    let mut plan = Plan::default();
    plan.changes = changes;
    plan
}

fn shown(plans: &[(&str, &Plan)]) -> String {
    render("staging", plans, None, &|_| None)
}

#[test]
fn what_is_destroyed_stands_first() {
    let secret = |text: &str| Value::from(text).sensitive();
    let mut web = plan(vec![
        created(
            "network.vpc",
            &[("cidr_block", Value::from("10.0.0.0/16")), ("id", Value::Unknown)],
        ),
        Change {
            id: Some("db-1".to_owned()),
            before: Some(Object::from([("password".to_owned(), secret("hunter1"))])),
            after: Some(Object::from([("password".to_owned(), secret("hunter2"))])),
            attributes: vec![AttributeChange {
                name: "password".to_owned(),
                before: secret("hunter1"),
                after: secret("hunter2"),
                forces_replacement: false,
            }],
            reasons: vec![Reason::Changed(vec!["password".to_owned()])],
            ..change("database", "aws_db_instance", Action::Update)
        },
        change("untouched", "aws_vpc", Action::NoOp),
        deleted("queue"),
    ]);
    web.warnings = vec![Diagnostic::warning("plan::odd", "something is odd").detail("```\n# a")];
    web.outputs = vec![OutputChange {
        name: "endpoint".to_owned(),
        before: Some(Value::from("a")),
        after: Some(Value::Unknown),
    }];
    let quiet = plan(vec![change("vpc", "aws_vpc", Action::NoOp)]);
    let text = shown(&[("web", &web), ("quiet", &quiet)]);
    assert!(!text.contains("hunter"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_interrupted_is_told_below_the_numbers() {
    let action = Action::Replace { create_first: false };
    let web = plan(vec![change("database", "aws_db_instance", action)]);
    let text = shown(&[("web", &web)]);
    let told = "**1 to add, 0 to change, 1 to destroy.**\n\
                - Not available while it is replaced: database.\n\n| stack |";
    assert!(text.contains(told), "{text}");
}

#[test]
fn nothing_to_do_is_said_in_few_words() {
    let quiet = plan(vec![change("vpc", "aws_vpc", Action::NoOp)]);
    insta::assert_snapshot!(shown(&[("web", &quiet)]), @r"
    <!-- infra-plan staging -->
    ### Plan for `staging`

    **No changes.**

    | stack | import | add | change | destroy | forget | unchanged |
    | --- | ---: | ---: | ---: | ---: | ---: | ---: |
    | `web` | 0 | 0 | 0 | 0 | 0 | 1 |
    ");
}

#[test]
fn every_plan_fits_and_what_is_left_out_is_said() {
    let wide = [("policy", Value::from("x".repeat(900)))];
    let mut changes: Vec<_> =
        (0..4_000).map(|number| created(&format!("many-{number}"), &wide)).collect();
    changes.push(deleted("the-last-one"));
    let text = shown(&[("web", &plan(changes))]);
    assert!(text.len() <= GITHUB, "{}", text.len());
    assert!(text.len() > LIMIT - FRAME - 2_000, "room is wasted: {}", text.len());
    assert!(text.contains("the-last-one (aws_sqs_queue) will be destroyed"));
    assert!(text.contains("# it is no longer declared"), "details of what is destroyed are kept");
    assert!(text.contains("This is not all: the details of"), "{}", &text[text.len() - 200..]);
    assert!(text.contains("`infra plan --env staging` shows everything."));
}

#[test]
fn not_even_text_that_is_made_for_it_breaks_the_limit_or_its_block() {
    let hostile = format!("{}\n</details>\n<script>", "`".repeat(2_000));
    let changes = |count: usize| {
        (0..count).map(|n| created(&format!("h{n}"), &[("a", Value::from(hostile.as_str()))]))
    };
    let text = shown(&[("web", &plan(changes(1).collect()))]);
    assert!(text.contains(&"`".repeat(2_001)), "the fence is longer than what it holds");
    let text = shown(&[("web", &plan(changes(200).collect()))]);
    assert!(text.len() <= GITHUB, "{}", text.len());
    // Values are cut, so that one of them fits; many do not.
    let huge = Value::from("y".repeat(300_000));
    let names: Vec<_> = (0..100).map(|number| format!("a{number}")).collect();
    let values: Vec<_> = names.iter().map(|name| (name.as_str(), huge.clone())).collect();
    let one = created("huge", &values);
    let text = shown(&[("web", &plan(vec![one]))]);
    assert!(text.len() <= GITHUB, "{}", text.len());
    assert!(text.contains("This is not all: the details of 1 entry did not fit"), "{text}");
    let names: Vec<_> = (0..3_000).map(|number| format!("stack-{number}")).collect();
    let one = plan(vec![deleted("queue")]);
    let stacks: Vec<_> = names.iter().map(|name| (name.as_str(), &one)).collect();
    let text = shown(&stacks);
    assert!(text.len() <= GITHUB, "{}", text.len());
    assert!(text.contains("| and 2950 more |"));
}

#[test]
fn what_the_checks_found_is_told_and_what_is_waived_is_counted() {
    let web = plan(vec![created("network.group", &[]), deleted("queue")]);
    let text = render("staging", &[("web", &web)], Some(&review()), &|_| None);
    insta::assert_snapshot!(text);
    // Nothing is refused, nothing is found.
    let mut quiet = review();
    quiet.stacks[0].findings[0].finding.severity = Severity::High;
    let text = render("staging", &[("web", &web)], Some(&quiet), &|_| None);
    assert!(text.contains("<details><summary><b>Found by the checks</b>: 2"), "{text}");
    assert!(!text.contains("Too much"), "{text}");
    quiet.stacks[0].findings.clear();
    let text = render("staging", &[("web", &web)], Some(&quiet), &|_| None);
    assert!(text.contains("Checks: 0 critical, 0 high, 0 medium, 0 low (4 rules"), "{text}");
    assert!(!text.contains("Found by"), "{text}");
    quiet.stacks[0].rules.clear();
    let text = render("staging", &[("web", &web)], Some(&quiet), &|_| None);
    assert!(!text.contains("Checks"), "{text}");
}

#[test]
fn many_findings_keep_the_limit_and_stand_before_what_is_made() {
    let mut many = review();
    let worst = many.stacks[0].findings.remove(0);
    many.stacks[0].findings = (0..3_000)
        .map(|number| {
            let mut found = copy(&worst);
            found.finding.message = format!("`````\n</details>\n@everyone {number}");
            found
        })
        .collect();
    let web = plan((0..3_000).map(|n| created(&format!("many-{n}"), &[])).collect());
    let text = render("staging", &[("web", &web)], Some(&many), &|_| None);
    assert!(text.len() <= GITHUB, "{}", text.len());
    assert!(text.contains("Checks: 3000 critical, 0 high"), "{}", &text[..600]);
    assert!(text.contains("<b>Found by the checks</b>: 3000"));
    assert!(text.contains("critical[team::open]: web/network.group `````"), "{}", &text[..2_000]);
    assert!(!text.contains("\n</details>\n@everyone"));
    assert!(text.contains("This is not all: "));
}

fn copy(of: &Found) -> Found {
    Found {
        finding: of.finding.clone(),
        type_name: of.type_name.clone(),
        location: of.location.clone(),
        waived: None,
    }
}
