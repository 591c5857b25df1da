//! A refresh alone: what somebody else changed is recorded, and nothing is touched.

use infra_engine::{Goal, Mode};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, show};

fn stack() -> Sheet {
    Sheet::new()
        .add("network", "test_network", json!({"cidr": "10.0.0.0/16"}))
        .add(
            "machine",
            "test_machine",
            json!({"network_id": "$network.id", "password": "!x", "size": "small"}),
        )
        .output("size", json!("$machine.size"))
}

fn only(sheet: &Sheet) -> Goal {
    Goal { mode: Mode::Refresh, ..Bench::goal(sheet) }
}

#[tokio::test]
async fn what_is_as_recorded_is_an_empty_plan() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let plan = bench.try_plan(only(&stack())).await.expect("a plan");
    assert!(plan.is_empty() && !plan.has_bookkeeping(), "{}", show(&plan));
    // What is declared otherwise now is for another plan.
    let other = Sheet::new().add("new", "test_note", json!({"text": "x"}));
    let other = other.output("size", json!("$new.id"));
    let plan = bench.try_plan(only(&other)).await.expect("a plan");
    assert!(plan.is_empty(), "{}", show(&plan));
}

#[tokio::test]
async fn a_change_outside_is_recorded_with_the_outputs_and_then_taken_back_by_a_plan() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "size", "huge");
    let plan = bench.try_plan(only(&stack())).await.expect("a plan");
    assert!(!plan.is_empty());
    assert_eq!(plan.drift.len(), 1);
    let ran = bench.run(plan).await;
    assert_eq!(ran.log, "");
    assert!(ran.summary.is_complete() && ran.summary.has_done(), "{:?}", ran.summary);
    assert_eq!(ran.summary.refreshed, [at("machine")]);
    let state = bench.state();
    assert_eq!(state.records[&at("machine")].inputs["size"], "huge".into());
    assert_eq!(state.outputs["size"], "huge".into());
    assert!(bench.try_plan(only(&stack())).await.expect("a plan").is_empty());
    let plan = bench.plan(&stack()).await;
    assert!(plan.drift.is_empty(), "{:?}", plan.drift);
    insta::assert_snapshot!(show(&plan), @r#"
    update machine machine-2: changed size
      size: "huge" -> "small"
    output size: Some("huge") -> Some("small")
    "#);
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn what_is_gone_is_no_longer_recorded() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.delete_outside("machine");
    // A part that is not about it leaves it.
    let goal = Goal { targets: vec![at("network")], ..only(&stack()) };
    assert!(bench.try_plan(goal).await.expect("a plan").is_empty());
    let plan = bench.try_plan(only(&stack())).await.expect("a plan");
    insta::assert_snapshot!(show(&plan), @"forget machine machine-2: machine-2 is gone");
    let ran = bench.run(plan).await;
    assert_eq!(ran.log, "");
    let state = bench.state();
    assert!(!state.records.contains_key(&at("machine")));
    // Of what is not known an output keeps its value.
    assert_eq!(state.outputs["size"], "small".into());
    bench.apply(&stack()).await;
}
