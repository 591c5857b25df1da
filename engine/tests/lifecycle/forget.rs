//! Forgetting: a record goes and its object stays.

use infra_engine::{Action, Goal, Mode};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, show};

fn network() -> Sheet {
    Sheet::new().add("network", "test_network", json!({"cidr": "c"}))
}

fn stack(prevent: bool) -> Sheet {
    let inputs = json!({"network_id": "$network.id"});
    network().add_with("machine", "test_machine", inputs, |options| {
        options.prevent_destroy = prevent;
    })
}

#[tokio::test]
async fn what_is_forgotten_stays_and_is_no_longer_recorded() {
    let bench = Bench::new();
    bench.apply(&stack(false)).await;
    let sheet = network().forget("machine");
    let plan = bench.plan(&sheet).await;
    insta::assert_snapshot!(show(&plan), @"forget machine machine-2: forget requested");
    assert!(!plan.is_empty());
    assert_eq!((plan.counts().destroy, plan.counts().forget), (0, 1));
    let ran = bench.run(plan).await;
    assert!(ran.summary.is_complete() && ran.summary.destroyed.is_empty());
    assert_eq!(ran.log, "");
    assert!(!bench.state().records.contains_key(&at("machine")));
    assert!(bench.fake.id_of("machine").is_some());
    // The line may stay for ever.
    assert!(bench.plan(&sheet).await.is_empty());
}

#[tokio::test]
async fn what_is_protected_may_be_forgotten_because_nothing_is_destroyed() {
    let bench = Bench::new();
    bench.apply(&stack(true)).await;
    bench.refused(&network()).await;
    let plan = bench.plan(&network().forget("machine")).await;
    assert_eq!(bench.run(plan).await.log, "");
    assert!(bench.fake.id_of("machine").is_some());
}

#[tokio::test]
async fn a_destruction_forgets_what_is_to_stay() {
    let bench = Bench::new();
    bench.apply(&Sheet::new().add("note", "test_note", json!({"text": "t"}))).await;
    let sheet = Sheet::new().forget("note");
    let goal = Goal { mode: Mode::Destroy, ..Bench::goal(&sheet) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    assert_eq!(plan.changes[0].action, Action::Forget);
    bench.run(plan).await;
    assert!(bench.state().records.is_empty());
    assert_eq!(bench.fake.live().len(), 1);
}

#[tokio::test]
async fn what_is_declared_is_not_forgotten() {
    let bench = Bench::new();
    bench.apply(&stack(false)).await;
    insta::assert_snapshot!(bench.refused(&stack(false).forget("machine")).await, @r"
    [plan::forget] machine at stack.rs:99: a resource cannot be forgotten
      `machine` is still declared, at stack.rs:2
      hint: remove `forget`, or that declaration
    ");
    let moved = network().add_with(
        "engine",
        "test_machine",
        json!({"network_id": "$network.id"}),
        |options| options.moved_from = Some("machine".to_owned()),
    );
    insta::assert_snapshot!(bench.refused(&moved.forget("machine")).await, @r"
    [plan::forget] machine at stack.rs:99: a resource cannot be forgotten
      `engine` moves away from `machine`
      hint: remove `forget`, or that `moved_from`
    ");
}

#[tokio::test]
async fn what_is_left_over_of_a_forgotten_resource_is_forgotten_too() {
    let bench = Bench::new();
    let sheet = |cidr: &str| {
        Sheet::new().add_with("network", "test_network", json!({"cidr": cidr}), |options| {
            options.create_before_destroy = true;
        })
    };
    bench.apply(&sheet("c")).await;
    let refuse =
        infra_sdk::provider::Failure::new(infra_sdk::provider::FailureClass::Denied, "you may not");
    use infra_testkit::fake::{Fault, Verb};
    bench.fake.inject(Verb::Delete, "network", 1, Fault::Fail(refuse));
    let plan = bench.plan(&sheet("other")).await;
    bench.run(plan).await;
    assert_eq!(bench.state().records[&at("network")].deposed.len(), 1);
    let plan = bench.plan(&Sheet::new().forget("network")).await;
    insta::assert_snapshot!(show(&plan), @r"
    forget network network-2: forget requested
    forget network network-1: forget requested
    ");
    assert_eq!(bench.run(plan).await.log, "");
    assert!(bench.state().records.is_empty());
    assert_eq!(bench.fake.live().len(), 2);
}
