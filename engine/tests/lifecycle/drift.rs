//! Drift: what somebody else changed is listed, and put right.

use infra_engine::Plan;
use serde_json::json;

use crate::harness::{Bench, Sheet, show};

fn stack() -> Sheet {
    Sheet::new().add("network", "test_network", json!({"cidr": "10.0.0.0/16"})).add(
        "machine",
        "test_machine",
        json!({"network_id": "$network.id", "password": "!x"}),
    )
}

fn drift(plan: &Plan) -> String {
    let lines = plan.drift.iter().map(|drift| {
        let changes = drift.attributes.iter();
        let changes = changes.map(|a| format!(" {}: {:?} -> {:?}", a.name, a.before, a.after));
        let gone = if drift.after.is_none() { " gone" } else { "" };
        format!("{} {}{gone}{}", drift.address, drift.id, changes.collect::<String>())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_change_outside_is_listed_and_taken_back() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "size", "huge");
    let plan = bench.plan(&stack()).await;
    insta::assert_snapshot!(drift(&plan), @r#"machine machine-2 size: "small" -> "huge""#);
    insta::assert_snapshot!(show(&plan), @r#"
    update machine machine-2: changed size
      size: "huge" -> "small"
    "#);
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn another_choice_of_the_cloud_needs_only_the_record() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "zone", "elsewhere");
    let plan = bench.plan(&stack()).await;
    assert_eq!(drift(&plan), "");
    assert!(plan.is_empty() && plan.has_bookkeeping());
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn what_was_deleted_outside_is_made_again() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.delete_outside("machine");
    let plan = bench.plan(&stack()).await;
    insta::assert_snapshot!(drift(&plan), @"machine machine-2 gone");
    insta::assert_snapshot!(show(&plan), @"create machine: machine-2 is gone");
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn without_a_refresh_nothing_is_asked() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "size", "huge");
    let reads = bench.fake.reads();
    let goal = infra_engine::Goal { refresh: false, ..Bench::goal(&stack()) };
    let plan = bench.try_plan(goal).await.expect("a plan");
    assert!(plan.is_empty() && plan.drift.is_empty());
    assert_eq!(bench.fake.reads(), reads);
}

#[tokio::test]
async fn a_change_has_the_same_digest_while_its_ground_does_not_move() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    let mut changed = stack();
    changed.0.resources[1]
        .arguments
        .set("size", infra_sdk::Expr::Value(infra_sdk::Value::from("large")));
    let digests = |plan: &Plan| plan.changes.iter().map(|c| c.digest()).collect::<Vec<_>>();
    let saved = digests(&bench.plan(&changed).await);
    assert_eq!(digests(&bench.plan(&changed).await), saved);
    bench.fake.change_outside("machine", "size", "huge");
    let now = digests(&bench.plan(&changed).await);
    assert_eq!(now[0], saved[0]);
    assert_ne!(now[1], saved[1]);
}

#[tokio::test]
async fn what_the_cloud_chooses_is_no_change_outside_unless_it_was_asked_for() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.change_outside("machine", "zone", "elsewhere");
    assert_eq!(drift(&bench.plan(&stack()).await), "");

    let bench = Bench::new();
    let asked =
        stack().add("other", "test_machine", json!({"network_id": "$network.id", "zone": "here"}));
    bench.apply(&asked).await;
    bench.fake.change_outside("other", "zone", "elsewhere");
    let found = drift(&bench.plan(&asked).await);
    assert!(found.contains(r#"zone: "here" -> "elsewhere""#), "{found}");
}
