//! Moves: a record goes to another address without a call.

use serde_json::json;

use crate::harness::{Bench, Sheet, at, show};

fn stack(name: &str, from: Option<&str>) -> Sheet {
    Sheet::new()
        .add_with(name, "test_network", json!({"cidr": "c"}), |options| {
            options.moved_from = from.map(str::to_owned);
        })
        .add("machine", "test_machine", json!({"network_id": format!("${name}.id")}))
}

#[tokio::test]
async fn a_renamed_resource_keeps_its_object() {
    let bench = Bench::new();
    bench.apply(&stack("old", None)).await;
    let moved = stack("network.new", Some("old"));
    let plan = bench.plan(&moved).await;
    insta::assert_snapshot!(show(&plan), @"keep network.new network-1 (was old):");
    let ran = bench.run(plan).await;
    assert_eq!(ran.log, "");
    bench.assert_settled(&moved).await;
    let records = bench.state().records;
    assert_eq!(records[&at("machine")].dependencies, [at("network.new")]);
    assert!(!records.contains_key(&at("old")));
    // The option may stay for ever, and may be taken out.
    bench.apply(&stack("network.new", None)).await;
}

#[tokio::test]
async fn a_move_and_a_change_go_together() {
    let bench = Bench::new();
    bench.apply(&stack("old", None)).await;
    let sheet = Sheet::new().add_with(
        "new",
        "test_network",
        json!({"cidr": "other", "name": "n"}),
        |options| options.moved_from = Some("old".to_owned()),
    );
    insta::assert_snapshot!(show(&bench.plan(&sheet).await), @r#"
    replace new network-1 (was old): cannot update cidr; changed name
      cidr: "c" -> "other" (forces replacement)
      name: null -> "n"
    delete machine machine-2: no longer declared
    "#);
    let ran = bench.apply(&sheet).await;
    insta::assert_snapshot!(ran.log, @"
    delete machine (machine-2)
    delete new (network-1)
    create new
    ");
}

#[tokio::test]
async fn a_move_onto_what_exists_is_refused() {
    let bench = Bench::new();
    let both = Sheet::new().add("old", "test_network", json!({"cidr": "c"})).add(
        "new",
        "test_network",
        json!({"cidr": "c"}),
    );
    bench.apply(&both).await;
    let moved = Sheet::new().add_with("new", "test_network", json!({"cidr": "c"}), |options| {
        options.moved_from = Some("old".to_owned());
    });
    insta::assert_snapshot!(bench.refused(&moved).await, @"
    [plan::move] new at stack.rs:1: a resource cannot be moved
      both `old` and `new` are recorded, each with its object
      hint: declare `old` again to have it destroyed or kept, or remove `moved_from`
    ");
    let kept = both.add_with("third", "test_network", json!({"cidr": "c"}), |options| {
        options.moved_from = Some("old".to_owned());
    });
    insta::assert_snapshot!(bench.refused(&kept).await, @"
    [plan::move] third at stack.rs:3: a resource cannot be moved
      `old`, which it moves away from, is still declared
      hint: remove `moved_from`, or that declaration
    ");
}
