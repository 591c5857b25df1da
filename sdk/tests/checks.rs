//! What rules see of a plan: typed attributes, what is unknown and what is sensitive, what belongs
//! together, and nothing secret.

use std::collections::BTreeMap;

use infra_sdk::checks::{Action, Fact, Pack, PlanView, PlannedResource, Rule, Severity, run};
use infra_sdk::protocol::checks::{CheckRequest, WireRule};
use infra_sdk::{Address, Environment, Object, Outputs, Reference, Resource, Value};
use serde_json::json;

/// A bucket.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_bucket", outputs = BucketOutputs)]
pub struct Bucket {
    /// Its name.
    pub bucket: String,
    /// Whether it is kept.
    pub kept: Option<bool>,
    /// Whether somebody may read it; AWS chooses otherwise.
    #[field(computed)]
    pub public: Option<bool>,
    /// A secret.
    #[field(sensitive)]
    pub secret: Option<String>,
}

/// What AWS assigns to a bucket.
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct BucketOutputs {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// The policy of a bucket.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_bucket_policy", outputs = PolicyOutputs)]
pub struct Policy {
    /// The bucket.
    pub bucket: String,
    /// The document.
    pub policy: String,
}

/// What AWS assigns to a policy.
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct PolicyOutputs {
    /// Its id.
    pub id: String,
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A resource that is created, with these attributes, declared ones first.
fn resource(at: &str, type_name: &str, declared: Object, other: Object) -> PlannedResource {
    PlannedResource {
        address: address(at),
        type_name: type_name.to_owned(),
        action: Action::Create,
        region: "us-west-2".to_owned(),
        location: None,
        before: None,
        inputs: declared.keys().map(|name| (name.clone(), Vec::new())).collect(),
        after: Some(declared.into_iter().chain(other).collect()),
        documents: BTreeMap::new(),
    }
}

fn object(entries: &[(&str, Value)]) -> Object {
    entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn bucket(at: &str, declared: &[(&str, Value)]) -> PlannedResource {
    let name = [("bucket", Value::from(at))];
    let declared = object(&name).into_iter().chain(object(declared)).collect();
    let outputs = [("id", Value::Unknown), ("arn", Value::Unknown), ("public", Value::Unknown)];
    let mut resource = resource(at, "aws_bucket", Object::new(), object(&outputs));
    let declared: Object = declared;
    resource.inputs = declared.keys().map(|name| (name.clone(), Vec::new())).collect();
    resource.after.get_or_insert_default().extend(declared);
    resource
}

fn policy(at: &str, of: &str, mentions: &str) -> PlannedResource {
    let inputs = [("bucket", Value::Unknown), ("policy", Value::Unknown)];
    let mut policy = resource(at, "aws_bucket_policy", object(&inputs), Object::new());
    let refer = |to: &str, name: &str| Reference { address: address(to), attribute: name.into() };
    policy.inputs.insert("bucket".to_owned(), vec![refer(of, "id")]);
    policy.inputs.insert("policy".to_owned(), vec![refer(of, "arn"), refer(mentions, "arn")]);
    let document = object(&[("Version", Value::from("2012-10-17")), ("Resource", Value::Unknown)]);
    policy.documents.insert("policy".to_owned(), Value::Map(document));
    policy
}

fn plan(all: Vec<PlannedResource>) -> PlanView {
    let environment = Environment {
        name: "staging".to_owned(),
        region: "us-west-2".to_owned(),
        protected: false,
    };
    PlanView { stack: "web".to_owned(), environment, all }
}

#[test]
fn a_rule_can_tell_absent_known_unknown_and_sensitive() {
    let plan = plan(vec![bucket(
        "logs",
        &[("secret", Value::from("hunter2").sensitive()), ("kept", Value::Bool(true))],
    )]);
    let [bucket] = plan.resources::<Bucket>()[..] else { panic!("one bucket") };
    assert_eq!(bucket.get(|b| b.kept()), Fact::Known(true));
    assert_eq!(bucket.get(|b| b.secret()), Fact::Sensitive);
    assert_eq!(bucket.get(|b| b.public()), Fact::Absent, "it is left to AWS");
    assert_eq!(bucket.get(|b| b.arn()), Fact::Unknown, "AWS assigns it");
    assert_eq!(bucket.after(), None, "a secret is not decoded");
    assert!(plan.resources::<Policy>().is_empty());
}

#[test]
fn the_inputs_are_typed_where_all_of_them_are_known() {
    let mut logs = bucket("logs", &[("public", Value::Bool(false))]);
    logs.before = Some(object(&[("bucket", Value::from("old")), ("id", Value::from("old"))]));
    let plan = plan(vec![logs]);
    let [bucket] = plan.resources::<Bucket>()[..] else { panic!("one bucket") };
    let after = bucket.after().unwrap_or_else(|| panic!("everything is known"));
    assert_eq!((after.bucket.as_str(), after.public, after.kept), ("logs", Some(false), None));
    assert_eq!(bucket.before().map(|b| b.bucket).as_deref(), Some("old"));
}

#[test]
fn what_belongs_together_is_told_by_the_attribute_that_refers() {
    let plan =
        plan(vec![bucket("logs", &[]), bucket("data", &[]), policy("logs-policy", "logs", "data")]);
    let [logs, data] = plan.resources::<Bucket>()[..] else { panic!("two buckets") };
    assert_eq!(plan.referring::<Policy>(&logs).len(), 1);
    assert_eq!(plan.referring::<Policy>(&data).len(), 1, "its document mentions it");
    let of = |to| plan.attached::<Policy, _, _>(to, |p| p.bucket());
    assert_eq!((of(&logs).len(), of(&data).len()), (1, 0));
    let policy = of(&logs)[0];
    let target = plan.target::<Bucket, _, _, _>(&policy, |p| p.bucket());
    assert_eq!(target.map(|t| t.address.clone()), Some(address("logs")));
    let document = policy.json(|p| p.policy()).unwrap_or_default();
    let document = document.as_map().unwrap_or_else(|| panic!("a document"));
    assert_eq!(document["Version"], Value::from("2012-10-17"));
    assert_eq!(document["Resource"], Value::Unknown);
}

#[test]
fn a_plan_survives_the_pipe_without_what_is_secret() {
    let mut logs = bucket("logs", &[("secret", Value::from("hunter2").sensitive())]);
    logs.before = Some(object(&[("secret", Value::from("hunter1").sensitive())]));
    let nested = Value::List(vec![Value::from("hunter3").sensitive(), Value::from("plain")]);
    logs.documents.insert("policy".to_owned(), nested);
    let sent = plan(vec![logs, policy("p", "logs", "logs")]);
    let wire = serde_json::to_string(&CheckRequest::from(&sent)).unwrap_or_default();
    assert!(!wire.contains("hunter"), "{wire}");
    let request: CheckRequest =
        serde_json::from_str(&wire).unwrap_or_else(|error| panic!("{error}"));
    let heard = request.read().unwrap_or_else(|error| panic!("{error}"));
    let [bucket] = heard.resources::<Bucket>()[..] else { panic!("one bucket") };
    assert_eq!(bucket.get(|b| b.secret()), Fact::Sensitive);
    assert_eq!(bucket.value("bucket"), &Value::from("logs"));
    assert_eq!(heard.all[1], sent.all[1]);
    let wrong = json!({ "protocol": 2, "stack": "web", "environment": "e", "region": "r",
        "protected": false, "resources": [{ "address": "Not One", "resource_type": "t",
        "action": "keep", "region": "r", "location": null, "before": null, "after": null }] });
    let request: CheckRequest =
        serde_json::from_value(wrong).unwrap_or_else(|error| panic!("{error}"));
    assert!(request.read().is_err());
}

fn rule(code: &'static str) -> Rule {
    Rule::new(code, Severity::High, "buckets are kept", |plan, report| {
        for bucket in plan.resources::<Bucket>() {
            if bucket.get(|b| b.kept()).is_off() {
                report.finding(&bucket, "is not kept").hint("call `.kept(true)`");
            }
        }
    })
}

#[test]
fn rules_report_where_they_are_broken_and_only_for_their_stacks() {
    let plan = plan(vec![bucket("kept", &[("kept", Value::Bool(true))]), bucket("lost", &[])]);
    let packs = [
        Pack::new([rule("team::kept")]),
        Pack::new([rule("team::other")]).for_stacks(["elsewhere"]),
    ];
    let outcome = run(&packs, &["elsewhere", "web"], &plan);
    let codes: Vec<_> = outcome.rules.iter().map(|rule| WireRule::from(*rule).code).collect();
    assert_eq!(codes, ["team::kept"]);
    assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
    let found: Vec<_> =
        outcome.findings.iter().map(|f| (f.address.clone(), f.message.as_str())).collect();
    assert_eq!(found, [(Some(address("lost")), "is not kept")]);
    assert_eq!(outcome.findings[0].hints, ["call `.kept(true)`"]);
}

#[test]
fn a_rule_that_panics_is_reported_and_the_others_look() {
    let panics = Rule::new("team::panics", Severity::Low, "nothing", |plan, _| {
        assert!(plan.all.is_empty(), "out of luck");
    });
    let packs = [Pack::new([panics, rule("team::kept")])];
    let outcome = run(&packs, &["web"], &plan(vec![bucket("lost", &[])]));
    assert_eq!(outcome.findings.len(), 1);
    let [diagnostic] = &outcome.diagnostics[..] else { panic!("one diagnostic") };
    assert_eq!(diagnostic.code, "checks::panic");
    assert_eq!(diagnostic.detail, "`team::panics`: out of luck");
    assert!(diagnostic.location.as_ref().is_some_and(|at| at.file.ends_with("checks.rs")));
}

#[test]
fn rules_that_cannot_be_told_apart_or_are_for_nobody_are_mistakes() {
    let packs = [
        Pack::new([rule("team::kept"), rule("team::kept"), rule("kept"), rule("Team::kept")]),
        Pack::new([]).for_stacks(["wbe"]),
    ];
    let outcome = run(&packs, &["web"], &plan(Vec::new()));
    let codes: Vec<_> = outcome.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["checks::stack", "checks::code", "checks::code", "checks::code"]);
    assert_eq!(outcome.rules.len(), 1);
}
