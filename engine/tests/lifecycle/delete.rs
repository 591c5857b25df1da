//! Deleting: what is no longer declared, and everything.

use infra_engine::{Goal, Mode};
use serde_json::json;

use crate::harness::{Bench, Sheet, show};

fn stack() -> Sheet {
    Sheet::new()
        .add("network", "test_network", json!({"cidr": "10.0.0.0/16"}))
        .add("machine", "test_machine", json!({"network_id": "$network.id"}))
        .add("note", "test_note", json!({"links": ["$machine.id"]}))
        .output("id", json!("$machine.id"))
}

#[tokio::test]
async fn what_is_no_longer_declared_goes_in_reverse_order() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let rest = Sheet::new().add("note", "test_note", json!({"links": []}));
    insta::assert_snapshot!(show(&bench.plan(&rest).await), @r#"
    update note note-4: changed links
      links: ["machine-2"] -> []
    delete machine machine-2: no longer declared
    delete network network-1: no longer declared
    output id: Some("machine-2") -> None
    "#);
    let ran = bench.apply(&rest).await;
    insta::assert_snapshot!(ran.log, @"
    update note [links]
    delete machine (machine-2)
    delete network (network-1)
    ");
    assert!(bench.fake.out_of_order().is_empty());
}

#[tokio::test]
async fn a_destruction_needs_no_declarations_and_leaves_nothing() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let goal = Goal { mode: Mode::Destroy, ..Bench::goal(&Sheet::new()) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    insta::assert_snapshot!(show(&plan), @r#"
    delete note note-4: destruction requested
    delete machine machine-2: destruction requested
    delete network network-1: destruction requested
    output id: Some("machine-2") -> None
    "#);
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(ran.log, @"
    delete note (note-4)
    delete machine (machine-2)
    delete network (network-1)
    ");
    assert!(ran.summary.is_complete());
    assert!(bench.fake.live().is_empty());
    let state = bench.state();
    assert!(state.records.is_empty() && state.outputs.is_empty() && state.open.is_empty());
    assert_eq!(bench.disk.history().last().expect("a run").command, "destroy");
}

#[tokio::test]
async fn what_is_gone_already_is_forgotten_without_a_call() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.delete_outside("machine");
    let rest = Sheet::new().add("network", "test_network", json!({"cidr": "10.0.0.0/16"}));
    insta::assert_snapshot!(show(&bench.plan(&rest).await), @r#"
    delete note note-4: no longer declared
    forget machine machine-2: machine-2 is gone
    output id: Some("machine-2") -> None
    "#);
    let ran = bench.apply(&rest).await;
    insta::assert_snapshot!(ran.log, @"delete note (note-4)");
}

#[tokio::test]
async fn records_that_contradict_one_another_do_not_stop_a_destruction() {
    let bench = Bench::new();
    let pair = |first: serde_json::Value, second: serde_json::Value| {
        Sheet::new().add("a", "test_note", first).add("b", "test_note", second)
    };
    bench.apply(&pair(json!({"links": ["$b.id"]}), json!({}))).await;
    // The other way round, broken off between the two.
    let plan = bench.plan(&pair(json!({}), json!({"links": ["$a.id"]}))).await;
    let ran = bench
        .run_with(plan, |event, stop| {
            if matches!(event, infra_engine::Event::Completed { .. }) {
                stop.send_replace(infra_engine::Stop::Stopping);
            }
        })
        .await;
    assert!(ran.summary.interrupted);
    let goal = Goal { mode: Mode::Destroy, ..Bench::goal(&Sheet::new()) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    let ran = bench.run(plan).await;
    assert!(ran.summary.is_complete());
    assert!(bench.fake.live().is_empty());
}
