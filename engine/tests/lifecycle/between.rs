//! Values between stacks: what another stack publishes, before and after it is applied.

use std::collections::BTreeSet;

use infra_engine::{Mode, Plan};
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::store::Reads;
use infra_sdk::{Externals, Value};
use infra_testkit::fake::{Fault, Verb};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, external, problems, show};

fn consumer() -> Sheet {
    Sheet::new()
        .add("vm", "test_note", json!({"label": "@network.id"}))
        .output("where", json!("@network.id"))
        .reading(&["network.id"])
}

fn values(value: Value) -> Externals {
    [(external("network.id"), value)].into()
}

async fn planned(bench: &Bench, sheet: &Sheet, value: Value) -> Plan {
    let mut goal = Bench::goal(sheet);
    goal.bind(values(value));
    bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)))
}

fn reads(stacks: &[(&str, &[&str])]) -> Reads {
    let outputs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    stacks.iter().map(|(stack, names)| ((*stack).to_owned(), outputs(names))).collect()
}

async fn applied(bench: &Bench) {
    let ran = bench.run(planned(bench, &consumer(), Value::from("net-9")).await).await;
    assert!(ran.summary.is_complete(), "{:#?}", ran.summary);
}

#[tokio::test(start_paused = true)]
async fn a_known_value_is_used_and_what_is_read_is_recorded() {
    let bench = Bench::new();
    applied(&bench).await;
    let id = bench.state().records[&at("vm")].id.clone();
    assert_eq!(bench.fake.inputs_of(&id).expect("there")["label"], Value::from("net-9"));
    assert_eq!(bench.state().outputs["where"], Value::from("net-9"));
    assert_eq!(bench.state().reads, reads(&[("network", &["id"])]));
    let plan = planned(&bench, &consumer(), Value::from("net-9")).await;
    assert!(plan.is_empty() && !plan.has_bookkeeping(), "{}", show(&plan));
    let plan = planned(&bench, &consumer(), Value::from("net-10")).await;
    assert!(show(&plan).contains("cannot update label"), "{}", show(&plan));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_value_is_known_when_the_other_stack_was_applied() {
    let bench = Bench::new();
    let mut plan = planned(&bench, &consumer(), Value::Unknown).await;
    let after = plan.changes[0].after.clone().expect("made");
    assert_eq!(after["label"], Value::Unknown);
    plan.bind(&values(Value::from("net-7"))).expect("nothing else was shown");
    let ran = bench.run(plan).await;
    assert!(ran.summary.is_complete(), "{:#?}", ran.summary);
    assert_eq!(ran.summary.outputs["where"], Value::from("net-7"));
    let plan = planned(&bench, &consumer(), Value::from("net-7")).await;
    assert!(plan.is_empty(), "{}", show(&plan));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_still_unknown_makes_no_call() {
    let bench = Bench::new();
    let ran = bench.run(planned(&bench, &consumer(), Value::Unknown).await).await;
    let (_, why) = &ran.summary.failed[0];
    assert_eq!(why.code, "apply::unknown");
    assert_eq!(ran.log, "");
}

#[tokio::test(start_paused = true)]
async fn another_value_than_was_shown_is_refused() {
    let bench = Bench::new();
    let mut plan = planned(&bench, &consumer(), Value::from("net-1")).await;
    let refused = plan.bind(&values(Value::from("net-2"))).expect_err("it was shown as another");
    assert_eq!(refused[0].code, "apply::moved");
    assert_eq!(refused[0].location.as_ref().map(|at| at.line), Some(99));
    plan.bind(&values(Value::from("net-1"))).expect("as it was shown");
}

#[tokio::test(start_paused = true)]
async fn a_sensitive_value_stays_sensitive() {
    let bench = Bench::new();
    let secret = Value::from("hunter2").sensitive();
    let ran = bench.run(planned(&bench, &consumer(), secret.clone()).await).await;
    assert!(ran.summary.is_complete(), "{:#?}", ran.summary);
    let state = bench.state();
    assert_eq!(state.outputs["where"], secret);
    assert!(state.records[&at("vm")].inputs["label"].has_sensitive());
    assert!(!format!("{:?} {:?}", ran.events, ran.summary).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_counts_until_everything_is_as_declared() {
    let bench = Bench::new();
    applied(&bench).await;
    let other = Sheet::new()
        .add("vm", "test_note", json!({"label": "@core.id"}))
        .reading(&["core.id", "core.name"]);
    let mut goal = Bench::goal(&other);
    goal.bind([(external("core.id"), Value::from("net-1"))].into());
    let no = Failure::new(FailureClass::Invalid, "no");
    bench.fake.inject(Verb::Create, "vm", 1, Fault::Fail(no));
    let plan = bench.try_plan(goal.clone()).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    let ran = bench.run(plan).await;
    assert!(!ran.summary.is_complete());
    let both = reads(&[("core", &["id", "name"]), ("network", &["id"])]);
    assert_eq!(bench.state().reads, both);
    let plan = bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    assert!(bench.run(plan).await.summary.is_complete());
    assert_eq!(bench.state().reads, reads(&[("core", &["id", "name"])]));
    // A read that goes away alone is worth a run without a call.
    let only_read = Sheet::new().reading(&["core.id"]);
    let plan = bench.plan(&only_read).await;
    assert!(bench.run(plan).await.summary.is_complete());
    let without = bench.plan(&Sheet::new()).await;
    assert!(without.is_empty() && without.has_bookkeeping(), "{}", show(&without));
    assert!(bench.run(without).await.summary.is_complete());
    assert_eq!(bench.state().reads, Reads::new());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_once_everything_is_destroyed() {
    let bench = Bench::new();
    applied(&bench).await;
    let mut goal = Bench::goal(&consumer());
    goal.mode = Mode::Destroy;
    let plan = bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    assert!(bench.run(plan).await.summary.is_complete());
    assert_eq!(bench.state().reads, Reads::new());
}

#[tokio::test(start_paused = true)]
async fn an_undo_keeps_what_is_read() {
    let bench = Bench::new();
    applied(&bench).await;
    let more = consumer().add("more", "test_network", json!({"cidr": "c"}));
    let ran = bench.run(planned(&bench, &more, Value::from("net-9")).await).await;
    assert!(ran.summary.is_complete());
    let (store, provider) = (bench.open(), bench.provider());
    let owner = std::sync::Arc::new(crate::harness::owner());
    let undo = infra_engine::undo(&provider, &store, &owner, &bench.state(), "run-2", &[]).await;
    drop(store);
    let goal = undo.unwrap_or_else(|d| panic!("{}", problems(&d))).goal;
    let plan = bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    assert!(bench.run(plan).await.summary.is_complete());
    let outputs: BTreeSet<_> = bench.state().reads["network"].clone();
    assert_eq!(outputs, BTreeSet::from(["id".to_owned()]));
}
