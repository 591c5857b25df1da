//! Imports: an object that was not made here is taken over.

use infra_sdk::{Object, Value};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

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

#[tokio::test]
async fn what_is_imported_by_hand_is_recorded_as_it_is_and_not_written() {
    use infra_sdk::store::{Edit, Store as _};
    let (bench, id) = seeded();
    let sheet = Sheet::new().add("network", "test_network", json!({"cidr": "c", "name": "mine"}));
    let (goal, state, provider) = (Bench::goal(&sheet), bench.state(), bench.provider());
    let imported = infra_engine::import(&provider, &state, &goal, &at("network"), &id).await;
    let record = imported.expect("it is there");
    assert_eq!((record.id.as_str(), &record.address), (id.as_str(), &at("network")));
    assert_eq!(bench.state(), state);
    assert!(bench.fake.take_log().is_empty());
    bench.open().commit(None, &[Edit::Put(Box::new(record))]).await.expect("written");
    insta::assert_snapshot!(show(&bench.plan(&sheet).await), @r#"
    update network network-1: changed name
      name: null -> "mine"
    "#);
    bench.apply(&sheet).await;
}

#[tokio::test]
async fn what_cannot_be_imported_by_hand_is_refused() {
    let (bench, id) = seeded();
    let sheet = Sheet::new()
        .add("network", "test_network", json!({"cidr": "c"}))
        .add("other", "test_network", json!({"cidr": "c"}))
        .add("password", "random_password", json!({"length": 8}));
    let goal = Bench::goal(&sheet);
    let refused = async |address: &str, id: &str| {
        let (provider, state) = (bench.provider(), bench.state());
        match infra_engine::import(&provider, &state, &goal, &at(address), id).await {
            Ok(record) => panic!("it was imported: {record:?}"),
            Err(found) => problems(&found),
        }
    };
    insta::assert_snapshot!(refused("netwrok", &id).await, @r"
    [import::undeclared]: the address is not declared
      `netwrok`: an object is taken over for a resource of the program
      hint: write `network` if that is what you mean
      hint: declare it as it is, and import it then
    ");
    insta::assert_snapshot!(refused("network", "net-404").await, @r"
    [plan::import] network at stack.rs:1: an object cannot be taken over
      there is no test_network `net-404`
      hint: check the id, the account and the region
    ");
    insta::assert_snapshot!(refused("password", "none").await, @r"
    [plan::import] password at stack.rs:3: an object cannot be taken over
      no random_password can: it stands in the state alone, and there is no object of it
      hint: let infra make one, and change what uses the old one
    ");
    let plan = bench.plan(&network(&id, json!({"cidr": "c"}))).await;
    bench.run(plan).await;
    insta::assert_snapshot!(refused("network", "net-404").await, @r"
    [plan::import] network at stack.rs:1: an object cannot be taken over
      `network` is recorded already, with test_network network-1
      hint: declare another resource for it
      hint: or let go of what is recorded:
    `infra state rm network --env test --stack shop`
    ");
    insta::assert_snapshot!(refused("network", &id).await, @r"
    [plan::import] network at stack.rs:1: an object cannot be taken over
      `network` is recorded already, with test_network network-1
      hint: nothing has to be done
    ");
    insta::assert_snapshot!(refused("other", &id).await, @r"
    [plan::import] other at stack.rs:2: an object cannot be taken over
      `network-1` belongs to `network` already
      hint: move it:
    `infra state mv network other --env test --stack shop`
    ");
}

#[tokio::test]
async fn a_type_that_stands_in_the_state_alone_has_nothing_to_import() {
    let bench = Bench::new();
    let sheet = Sheet::new().add_with("it", "random_id", json!({"byte_length": 4}), |options| {
        options.import_id = Some("x".to_owned());
    });
    insta::assert_snapshot!(bench.refused(&sheet).await, @r"
    [plan::import] it at stack.rs:1: an object cannot be taken over
      no random_id can: it stands in the state alone, and there is no object of it
      hint: let infra make one, and change what uses the old one
    ");
}

#[tokio::test]
async fn what_the_code_says_is_a_secret_is_one_of_what_is_taken_over_too() {
    let bench = Bench::new();
    let inputs = [("cidr", "c"), ("name", "canary-1")];
    let inputs: Object = inputs.map(|(name, text)| (name.to_owned(), Value::from(text))).into();
    let id = bench.fake.seed("test_network", inputs);
    let sheet = network(&id, json!({"cidr": "c", "name": "!canary-2"}));
    let plan = bench.plan(&sheet).await;
    assert!(!format!("{plan:?}").contains("canary"), "{plan:?}");
    let plain = Sheet::new().add("network", "test_network", json!({"cidr": "c", "name": "!other"}));
    let (goal, state, provider) = (Bench::goal(&plain), bench.state(), bench.provider());
    let imported = infra_engine::import(&provider, &state, &goal, &at("network"), &id).await;
    let record = imported.expect("it is there");
    assert_eq!(record.inputs["name"], Value::from("canary-1").sensitive());
}
