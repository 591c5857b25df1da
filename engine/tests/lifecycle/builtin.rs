//! Built-in types through the whole engine, beside those of a cloud: made once, kept, never shown.

use infra_engine::{Event, Goal, Recovered};
use infra_sdk::provider::{Place, Provider as _};
use infra_sdk::store::{Edit, Intent, Operation, Status, Store as _};
use infra_sdk::{Expr, Function, Object, Value};
use infra_testkit::memory_store::{Crash, Write};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, reference, show};

/// A password, a machine that gets it, and a text made from it.
fn stack(length: i64) -> Sheet {
    let url = Expr::Call(
        Function::Concat,
        vec![Expr::Value(Value::from("app:")), Expr::Reference(reference("password.result"))],
    );
    let mut sheet = Sheet::new()
        .add("network", "test_network", json!({"cidr": "c"}))
        .add("password", "random_password", json!({"length": length}))
        .add(
            "machine",
            "test_machine",
            json!({"network_id": "$network.id", "password": "$password.result"}),
        )
        .add("suffix", "random_id", json!({"byte_length": 4, "prefix": "p-"}))
        .add("url", "infra_data", json!({"triggers_replace": ["$suffix.hex"]}))
        .output("url", json!("$url.input"));
    sheet.0.resources[4].arguments.set("input", url);
    sheet
}

fn password(bench: &Bench) -> String {
    let record = &bench.state().records[&at("password")];
    record.outputs["result"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_password_is_made_once_and_reaches_what_needs_it() {
    let bench = Bench::new();
    bench.apply(&stack(24)).await;
    let first = password(&bench);
    assert_eq!(first.len(), 24);
    let machine = bench.fake.id_of("machine").expect("made");
    assert_eq!(bench.fake.inputs_of(&machine).expect("there")["password"], first.as_str().into());
    let state = bench.state();
    assert_eq!(state.records[&at("password")].id, "none");
    assert_eq!(
        state.records[&at("url")].inputs["input"],
        Value::String(format!("app:{first}")).sensitive()
    );
    let suffix = &state.records[&at("suffix")];
    assert_eq!(suffix.outputs["b64_url"], Value::String(format!("p-{}", suffix.id)));
    // Nothing of the cloud has to change for it to stay.
    bench.apply(&stack(24)).await;
    assert_eq!(password(&bench), first);
}

#[tokio::test]
async fn another_length_makes_another_password_and_changes_what_needs_it() {
    let bench = Bench::new();
    bench.apply(&stack(24)).await;
    let first = password(&bench);
    let data = bench.state().records[&at("url")].id.clone();
    let plan = show(&bench.plan(&stack(30)).await).replace(&data, "DATA");
    insta::assert_snapshot!(plan, @"
    replace password none: cannot update length
      length: 24 -> 30 (forces replacement)
    update machine machine-2: changed password
      password: (sensitive value) -> (sensitive value)
    update url DATA: changed input
      input: (sensitive value) -> (sensitive value)
    output url: Some((sensitive value)) -> Some((sensitive value))
    ");
    bench.apply(&stack(30)).await;
    assert_ne!(password(&bench), first);
    assert_eq!(password(&bench).len(), 30);
}

#[tokio::test]
async fn no_form_of_the_state_or_of_a_plan_shows_a_password() {
    let bench = Bench::new();
    let created = bench.plan(&stack(24)).await;
    let ran = bench.run(created).await;
    let secret = password(&bench);
    let mut shown = format!("{:?} {:?} {:?}", ran.events, bench.state(), bench.disk.writes());
    for sheet in [stack(24), stack(30), Sheet::new()] {
        let plan = bench.plan(&sheet).await;
        shown.push_str(&format!("{plan:?}\n{}\n", show(&plan)));
        let goal = Goal { refresh: false, ..Bench::goal(&sheet) };
        shown.push_str(&format!("{:?}", bench.try_plan(goal).await.expect("a plan")));
    }
    assert!(shown.contains("(sensitive value)"));
    assert!(!shown.contains(&secret), "{}", shown.replace(&secret, "<<<SECRET>>>"));
}

#[tokio::test]
async fn what_was_cut_before_its_record_is_made_anew() {
    let sheet = Sheet::new().add("password", "random_password", json!({"length": 24}));
    for side in [Crash::BeforeWrite, Crash::AfterWrite] {
        // The run begins, the record, the run ends.
        for nth in 1..=3 {
            let bench = Bench::new();
            let plan = bench.plan(&sheet).await;
            let store = bench.open();
            store.crash_at(nth, side);
            tokio::select! {
                biased;
                () = store.crashed() => {}
                _ = bench.run_on(&store, plan, |_, _| {}) => panic!("it did not die at {nth}"),
            }
            let recorded = bench.state().records.get(&at("password")).cloned();
            let written = nth > 2 || (nth, side) == (2, Crash::AfterWrite);
            assert_eq!(recorded.is_some(), written, "{nth} {side:?}");
            assert_eq!(bench.recover().await, Ok(Vec::new()));
            bench.apply(&sheet).await;
            // One that was recorded is kept; one that was not was never told to anybody.
            if let Some(record) = recorded {
                assert_eq!(record.outputs["result"].as_str(), Some(password(&bench).as_str()));
            }
        }
    }
}

#[tokio::test]
async fn what_lives_in_the_record_alone_is_written_once_and_without_an_intent() {
    let bench = Bench::new();
    let data = |text: &str| Sheet::new().add("data", "infra_data", json!({"input": text}));
    for sheet in [data("a"), data("b"), Sheet::new()] {
        let before = bench.disk.writes().len();
        bench.apply(&sheet).await;
        let writes = &bench.disk.writes()[before..];
        let [Write::Start(_), Write::Commit(None, edits), Write::Finish(_)] = writes else {
            panic!("{writes:?}");
        };
        let [Edit::Note(_), record] = edits.as_slice() else { panic!("{edits:?}") };
        match record {
            Edit::Put(record) => assert_eq!(record.status, Status::Ready),
            Edit::Remove(address) => assert_eq!(*address, at("data")),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_lives_in_the_record_alone_waits_for_no_call() {
    let mut sheet = Sheet::new();
    for name in ["a", "b", "c"] {
        sheet = sheet.add(name, "infra_data", json!({"input": name}));
        sheet = sheet.add(&format!("{name}-cloud"), "test_note", json!({}));
    }
    let bench = Bench { parallelism: 1, ..Bench::new() };
    let ran = bench.apply(&sheet).await;
    let started = |event: &&Event| matches!(event, Event::Started { .. });
    let ended = ran.events.iter().position(|event| matches!(event, Event::Completed { .. }));
    let together = ran.events[..ended.expect("it ends")].iter().filter(started).count();
    assert_eq!(together, 4, "one call, and all three records");
}

#[tokio::test]
async fn a_delete_that_was_cut_is_over() {
    let sheet = Sheet::new().add("password", "random_password", json!({"length": 24}));
    let bench = Bench::new();
    bench.apply(&sheet).await;
    let plan = bench.plan(&Sheet::new()).await;
    let store = bench.open();
    // The run begins: the record does not go.
    store.crash_at(2, Crash::BeforeWrite);
    tokio::select! {
        biased;
        () = store.crashed() => {}
        _ = bench.run_on(&store, plan, |_, _| {}) => panic!("it did not die"),
    }
    assert!(bench.state().open.is_empty());
    bench.apply(&Sheet::new()).await;
    assert!(bench.state().records.is_empty());
}

#[tokio::test]
async fn what_an_earlier_release_began_is_settled() {
    let sheet = Sheet::new().add("password", "random_password", json!({"length": 24}));
    let begun = |operation, id: Option<&str>| Intent {
        run: "run-0".to_owned(),
        address: at("password"),
        type_name: "random_password".to_owned(),
        place: Place::default(),
        operation,
        token: "token".to_owned(),
        digest: "digest".to_owned(),
        id: id.map(str::to_owned),
        inputs: Object::new(),
        dependencies: Vec::new(),
        started: "2026-01-02T03:04:05Z".to_owned(),
    };
    let bench = Bench::new();
    bench.open().begin(&begun(Operation::Create, None)).await.expect("written");
    let recovered = bench.recover().await;
    assert_eq!(recovered, Ok(vec![Recovered::NotMade { address: at("password") }]));
    bench.apply(&sheet).await;
    bench.open().begin(&begun(Operation::Delete, Some("none"))).await.expect("written");
    bench.recover().await.expect("settled");
    bench.apply(&Sheet::new()).await;
    assert!(bench.state().records.is_empty() && bench.state().open.is_empty());
}

#[tokio::test]
async fn what_is_not_recorded_cannot_be_taken_over() {
    let bench = Bench::new();
    let sheet =
        Sheet::new().add_with("password", "random_password", json!({"length": 9}), |options| {
            options.import_id = Some("none".to_owned());
        });
    assert!(bench.refused(&sheet).await.contains("no random_password can"));
}

#[tokio::test]
async fn the_types_stand_beside_those_of_the_cloud_and_reads_keep_their_order() {
    let bench = Bench::new();
    let provider = bench.provider();
    let names = provider.type_names();
    assert!(names.is_sorted());
    for name in ["infra_data", "random_id", "random_password", "test_machine"] {
        assert!(names.contains(&name), "{names:?}");
        assert_eq!(provider.schema(name).map(|schema| schema.type_name), Some(name));
        assert!(provider.patience(name, Operation::Create).is_some());
    }
    bench.apply(&stack(24)).await;
    let reads = bench.fake.reads();
    let plan = bench.plan(&stack(24)).await;
    assert!(plan.is_empty());
    assert_eq!(bench.fake.reads(), reads + 1, "one question for all");
    bench.fake.delete_outside("machine");
    let plan = bench.plan(&stack(24)).await;
    assert_eq!(show(&plan), "create machine: machine-2 is gone");
}
