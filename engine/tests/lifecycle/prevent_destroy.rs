//! `prevent_destroy`: refused before anything starts.

use infra_engine::{Goal, Mode};
use serde_json::json;

use crate::harness::{Bench, Sheet, problems, show};

fn stack(cidr: &str, prevent: bool) -> Sheet {
    Sheet::new().add("network", "test_network", json!({"cidr": cidr})).add_with(
        "machine",
        "test_machine",
        json!({"network_id": "$network.id"}),
        |options| options.prevent_destroy = prevent,
    )
}

#[tokio::test]
async fn a_replacement_is_refused_and_its_cause_named() {
    let bench = Bench::new();
    bench.apply(&stack("c", true)).await;
    insta::assert_snapshot!(bench.refused(&stack("other", true)).await, @"
    [plan::prevent-destroy] machine at stack.rs:2: a resource must not be destroyed
      `machine` is marked `prevent_destroy`, and it would be replaced, because `network` is made anew
      hint: take `prevent_destroy` off and apply that first, or take the change back
    ");
    bench.apply(&stack("other", false)).await;
}

#[tokio::test]
async fn taking_the_declaration_out_does_not_take_the_protection_off() {
    let bench = Bench::new();
    bench.apply(&stack("c", true)).await;
    let rest = Sheet::new().add("network", "test_network", json!({"cidr": "c"}));
    insta::assert_snapshot!(bench.refused(&rest).await, @"
    [plan::prevent-destroy] machine at stack.rs:2: a resource must not be destroyed
      `machine` is marked `prevent_destroy`, and it is no longer declared
      hint: take `prevent_destroy` off and apply that first, or take the change back
    ");
}

#[tokio::test]
async fn a_destruction_is_refused_as_a_whole() {
    let bench = Bench::new();
    bench.apply(&stack("c", true)).await;
    let destroy = |sheet: &Sheet| Goal { mode: Mode::Destroy, ..Bench::goal(sheet) };
    let refused = bench.try_plan(destroy(&stack("c", true))).await.expect_err("refused");
    insta::assert_snapshot!(problems(&refused), @"
    [plan::prevent-destroy] machine at stack.rs:2: a resource must not be destroyed
      `machine` is marked `prevent_destroy`, and the command destroys everything
      hint: take `prevent_destroy` off and apply that first, or take the change back
    ");
    // What is declared now counts more than what was recorded.
    let plan = bench.try_plan(destroy(&stack("c", false))).await.expect("a plan");
    insta::assert_snapshot!(show(&plan), @"
    delete machine machine-2: destruction requested
    delete network network-1: destruction requested
    ");
}

#[tokio::test]
async fn what_is_gone_already_is_not_protected_from_being_forgotten_or_made_again() {
    let bench = Bench::new();
    bench.apply(&stack("c", true)).await;
    bench.fake.delete_outside("machine");
    insta::assert_snapshot!(show(&bench.plan(&stack("c", true)).await), @"create machine: machine-2 is gone");
    let rest = Sheet::new().add("network", "test_network", json!({"cidr": "c"}));
    bench.apply(&rest).await;
}

#[tokio::test]
async fn the_protection_is_recorded_without_a_call() {
    let bench = Bench::new();
    bench.apply(&stack("c", false)).await;
    let plan = bench.plan(&stack("c", true)).await;
    assert!(plan.is_empty() && plan.has_bookkeeping());
    let ran = bench.run(plan).await;
    assert_eq!(ran.log, "");
    bench.refused(&Sheet::new()).await;
}
