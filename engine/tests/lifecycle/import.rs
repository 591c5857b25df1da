//! Imports: an object that was not made here is taken over.

use infra_sdk::{Object, Value};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, show};

fn network(id: &str, inputs: serde_json::Value) -> Sheet {
    Sheet::new().add_with("network", "test_network", inputs, |options| {
        options.import_id = Some(id.to_owned());
    })
}

fn seeded() -> (Bench, String) {
    let bench = Bench::new();
    let inputs = Object::from([("cidr".to_owned(), Value::from("c"))]);
    let id = bench.fake.seed("test_network", inputs);
    (bench, id)
}

#[tokio::test]
async fn an_object_as_declared_is_only_recorded() {
    let (bench, id) = seeded();
    let sheet = network(&id, json!({"cidr": "c"})).add(
        "machine",
        "test_machine",
        json!({"network_id": "$network.id"}),
    );
    let plan = bench.plan(&sheet).await;
    insta::assert_snapshot!(show(&plan), @"
    import network network-1: import of network-1
    create machine: not there yet
    ");
    assert_eq!(plan.counts().import, 1);
    let ran = bench.apply(&sheet).await;
    insta::assert_snapshot!(ran.log, @"create machine");
    assert_eq!(ran.summary.imported, [at("network")]);
    // The option may stay for ever.
    bench.apply(&sheet).await;
}

#[tokio::test]
async fn an_object_that_differs_is_recorded_and_changed() {
    let (bench, id) = seeded();
    let sheet = network(&id, json!({"cidr": "c", "name": "mine"}));
    insta::assert_snapshot!(show(&bench.plan(&sheet).await), @r#"
    update network network-1: import of network-1; changed name
      name: null -> "mine"
    "#);
    let ran = bench.apply(&sheet).await;
    insta::assert_snapshot!(ran.log, @"update network [name]");
}

#[tokio::test]
async fn an_import_never_replaces_and_never_guesses() {
    let (bench, id) = seeded();
    insta::assert_snapshot!(bench.refused(&network(&id, json!({"cidr": "other"}))).await, @"
    [plan::import] network at stack.rs:1: an object cannot be taken over
      it would be replaced, because cidr cannot be changed in place
      hint: declare it as it is, take it over, and change it afterwards
    ");
    insta::assert_snapshot!(bench.refused(&network("net-404", json!({"cidr": "c"}))).await, @"
    [plan::import] network at stack.rs:1: an object cannot be taken over
      there is no test_network `net-404`
      hint: check the id, the account and the region
    ");
    let sheet = network(&id, json!({"cidr": "c"}));
    bench.apply(&sheet).await;
    let twice = sheet.add_with("second", "test_network", json!({"cidr": "c"}), |options| {
        options.import_id = Some(id.clone());
    });
    insta::assert_snapshot!(bench.refused(&twice).await, @r#"
    [plan::import] second at stack.rs:2: an object cannot be taken over
      `network-1` belongs to `network` already
      hint: use `moved_from("network")` instead of `import_id`
    "#);
}
