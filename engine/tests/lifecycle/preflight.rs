//! Preflight: what the provider is told of a plan before anything is done.

use std::time::Duration;

use infra_engine::{Goal, Mode};
use infra_sdk::Value;
use infra_sdk::preflight::PlannedAction;
use infra_testkit::fake::Verb;
use serde_json::json;

use crate::harness::{Bench, Sheet, at};

fn stack(cidr: &str) -> Sheet {
    Sheet::new()
        .add("network", "test_network", json!({"cidr": cidr}))
        .add("machine", "test_machine", json!({"network_id": "$network.id"}))
        .add("note", "test_note", json!({"links": ["$machine.id"]}))
}

#[tokio::test]
async fn the_provider_is_told_the_exact_operations_and_how_long_they_will_take() {
    let bench = Bench::new();
    let plan = bench.plan(&stack("10.0.0.0/16")).await;
    assert!(infra_engine::preflight(&bench.fake, &[&plan]).await.is_empty());
    bench.run(plan).await;
    let plan = bench.plan(&stack("10.1.0.0/16")).await;
    infra_engine::preflight(&bench.fake, &[&plan]).await;
    let [first, second] = &bench.fake.preflights()[..] else { panic!("two were asked for") };

    let shown = |index: usize| {
        let operation = &first.operations[index];
        (operation.address.to_string(), operation.action)
    };
    assert_eq!(shown(0), ("network".to_owned(), PlannedAction::Create));
    assert_eq!(shown(2), ("note".to_owned(), PlannedAction::Create));
    assert_eq!(first.operations[1].after["network_id"], Value::Unknown);
    assert_eq!(first.operations[0].after["cidr"], Value::from("10.0.0.0/16"));
    assert!(first.operations[0].before.is_empty() && first.operations[0].id.is_none());
    assert_eq!(first.expected, Duration::from_secs(3 * 60), "one waits for the other");

    let network = &second.operations[0];
    assert_eq!(network.action, PlannedAction::Replace { create_first: false });
    assert_eq!(network.before["cidr"], Value::from("10.0.0.0/16"));
    assert_eq!(network.id.as_deref(), Some("network-1"));
    assert!(!network.sent && network.makes() && network.deletes());
}

#[tokio::test(start_paused = true)]
async fn how_long_a_run_will_take_is_what_earlier_ones_took() {
    let bench = Bench::new();
    bench.fake.delay(Verb::Create, "network", Duration::from_secs(700));
    bench.apply(&stack("10.0.0.0/16")).await;
    bench.apply(&Sheet::new()).await;
    let plan = bench.plan(&stack("10.0.0.0/16")).await;
    infra_engine::preflight(&bench.fake, &[&plan]).await;
    let flight = bench.fake.preflights().pop().expect("asked");
    assert_eq!(flight.expected, Duration::from_secs(700));
}

#[tokio::test]
async fn a_plan_that_changes_nothing_asks_nothing() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16")).await;
    let plan = bench.plan(&stack("10.0.0.0/16")).await;
    assert!(infra_engine::preflight(&bench.fake, &[&plan]).await.is_empty());
    assert!(bench.fake.preflights().is_empty());
}

#[tokio::test]
async fn what_stops_a_destruction_is_told_and_nothing_is_done() {
    let bench = Bench::new();
    bench.apply(&stack("10.0.0.0/16")).await;
    bench.fake.hold(&at("machine"));
    let goal = Goal { mode: Mode::Destroy, ..Bench::goal(&Sheet::new()) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    let found = infra_engine::preflight(&bench.fake, &[&plan]).await;
    let [error] = &found[..] else { panic!("{found:?}") };
    assert!(error.is_error() && error.address == Some(at("machine")), "{error:?}");
    assert_eq!(error.location.as_ref().map(|place| place.line), Some(2));
    assert_eq!(bench.fake.live().len(), 3);
    let flight = bench.fake.preflights().pop().expect("asked");
    assert!(flight.operations.iter().all(|o| o.action == PlannedAction::Delete && o.deletes()));
    assert_eq!(flight.expected, Duration::from_secs(3 * 15));
}
