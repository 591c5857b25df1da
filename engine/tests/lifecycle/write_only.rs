//! Write-only secrets: recorded as digests and nothing else, and compared all the same.

use infra_engine::is_digest;
use infra_sdk::provider::{Effect, Failure, FailureClass};
use infra_sdk::store::{Edit, Store as _};
use infra_sdk::{Object, Value};
use infra_testkit::fake::{Fault, Verb};
use infra_testkit::memory_store::Write;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

/// A machine with a secret of its own and one inside of a rule.
fn stack(password: &str, inner: &str, size: &str) -> Sheet {
    image(password, inner, size, "one", false)
}

fn image(password: &str, inner: &str, size: &str, image: &str, ignored: bool) -> Sheet {
    let inputs = json!({
        "network_id": "$network.id",
        "image": image,
        "password": format!("!{password}"),
        "rule": [
            {"cidr": "a", "port": 1, "secret": format!("!{inner}")},
            {"cidr": "b", "port": 2, "secret": "!hunter-of-b"},
        ],
        "size": size,
    });
    Sheet::new().add("network", "test_network", json!({"cidr": "c"})).add_with(
        "machine",
        "test_machine",
        inputs,
        |options| {
            if ignored {
                options.ignore_changes = vec!["password".to_owned()];
            }
        },
    )
}

/// All values of objects, secrets too, as one text.
fn clear<'a>(objects: impl IntoIterator<Item = &'a Object>) -> String {
    let json = |value: &Value| value.revealed().to_json(&|_| serde_json::Value::Null);
    let objects = objects.into_iter();
    objects.flat_map(|object| object.values()).map(|value| format!("{} ", json(value))).collect()
}

/// Everything that was ever written to the disk about inputs.
fn written(bench: &Bench) -> String {
    let writes = bench.disk.writes();
    let mut objects = Vec::new();
    for write in &writes {
        match write {
            Write::Begin(_, intent) => objects.push(&intent.inputs),
            Write::Commit(_, edits) => {
                let records = edits.iter().filter_map(|edit| match edit {
                    Edit::Put(record) => Some(&**record),
                    Edit::Note(change) => change.before.as_ref(),
                    _ => None,
                });
                for record in records {
                    objects.push(&record.inputs);
                    objects.extend(record.deposed.iter().map(|deposed| &deposed.inputs));
                }
            }
            Write::Start(_) | Write::Finish(_) => {}
        }
    }
    clear(objects)
}

fn given(bench: &Bench) -> Object {
    let id = bench.fake.id_of("machine").expect("made");
    bench.fake.inputs_of(&id).expect("there")
}

#[tokio::test]
async fn no_write_of_a_whole_life_has_a_write_only_secret() {
    let bench = Bench::new();
    bench.apply(&stack("hunter2", "hunter3", "small")).await;
    bench.apply(&stack("hunter4", "hunter3", "large")).await;
    bench.apply(&image("hunter4", "hunter5", "large", "two", false)).await;
    let unknown = Failure::new(FailureClass::Network, "reset");
    let lost = Fault::Lost(Failure { effect: Effect::Unknown, ..unknown });
    bench.fake.inject(Verb::Update, "machine", 1, lost);
    let plan = bench.plan(&image("hunter6", "hunter5", "large", "two", false)).await;
    bench.run(plan).await;
    bench.recover().await.expect("settled");
    bench.apply(&image("hunter6", "hunter5", "large", "two", false)).await;
    assert_eq!(given(&bench)["password"], Value::from("hunter6"));
    let record = bench.state().records[&at("machine")].clone();
    assert!(is_digest(&record.inputs["password"]));
    bench.apply(&Sheet::new()).await;
    let written = written(&bench);
    assert!(written.contains("$digest"), "nothing was looked at");
    assert!(!written.contains("hunter"), "{written}");
}

#[tokio::test]
async fn another_secret_is_a_difference_and_the_same_is_none() {
    let bench = Bench::new();
    bench.apply(&stack("hunter2", "hunter3", "small")).await;
    insta::assert_snapshot!(show(&bench.plan(&stack("hunter4", "hunter3", "small")).await), @"
    update machine machine-2: changed password
      password: (sensitive value) -> (sensitive value)
    ");
    let ran = bench.apply(&stack("hunter4", "hunter3", "small")).await;
    assert_eq!(ran.log, "update machine [password]");
    let ran = bench.apply(&stack("hunter4", "hunter3", "large")).await;
    assert_eq!(ran.log, "update machine [size]");
    let ran = bench.apply(&stack("hunter4", "hunter5", "large")).await;
    assert_eq!(ran.log, "update machine [rule]");
    assert!(clear([&given(&bench)]).contains("hunter5"));
}

/// A record of format 1 has the secret itself.
#[tokio::test]
async fn a_record_with_the_secret_itself_is_compared_and_gets_a_digest_with_the_next_write() {
    let bench = Bench::new();
    bench.apply(&stack("hunter2", "hunter3", "small")).await;
    let mut old = bench.state().records[&at("machine")].clone();
    old.inputs.insert("password".to_owned(), Value::from("hunter2").sensitive());
    let store = bench.open();
    store.commit(None, &[Edit::Put(Box::new(old))]).await.expect("written");
    drop(store);
    assert!(bench.plan(&stack("hunter2", "hunter3", "small")).await.is_empty());
    let plan = show(&bench.plan(&stack("hunter4", "hunter3", "small")).await);
    assert!(plan.starts_with("update machine machine-2: changed password"), "{plan}");
    let writes = bench.disk.writes().len();
    bench.apply(&stack("hunter2", "hunter3", "large")).await;
    assert!(is_digest(&bench.state().records[&at("machine")].inputs["password"]));
    let later = &bench.disk.writes()[writes..];
    // The record as it was goes into the history, without the secret.
    assert!(format!("{later:?}").contains("before: Some"));
    let changes = bench.disk.changes("run-2");
    assert_eq!(changes.len(), 1);
    let befores = changes.iter().filter_map(|change| change.before.as_ref());
    assert!(!clear(befores.map(|record| &record.inputs)).contains("hunter"));
}

#[tokio::test]
async fn what_is_left_over_gets_its_digest_too() {
    let first = |mut sheet: Sheet| {
        sheet.0.resources[1].arguments.options.create_before_destroy = true;
        sheet
    };
    let refuse = || Fault::Fail(Failure::new(FailureClass::Other, "not now"));
    let bench = Bench::new();
    bench.apply(&first(stack("hunter2", "hunter3", "small"))).await;
    bench.fake.inject(Verb::Delete, "machine", 1, refuse());
    let sheet = first(image("hunter2", "hunter3", "small", "two", false));
    let plan = bench.plan(&sheet).await;
    bench.run(plan).await;
    let mut old = bench.state().records[&at("machine")].clone();
    assert!(is_digest(&old.deposed[0].inputs["password"]));
    old.deposed[0].inputs.insert("password".to_owned(), Value::from("hunter2").sensitive());
    let store = bench.open();
    store.commit(None, &[Edit::Put(Box::new(old))]).await.expect("written");
    drop(store);
    bench.fake.inject(Verb::Delete, "machine", 1, refuse());
    let plan = bench.plan(&first(image("hunter2", "hunter3", "large", "two", false))).await;
    bench.run(plan).await;
    let record = bench.state().records[&at("machine")].clone();
    assert!(is_digest(&record.deposed[0].inputs["password"]));
}

#[tokio::test]
async fn an_ignored_secret_is_left_alone_and_a_new_object_gets_the_declared_one() {
    let bench = Bench::new();
    bench.apply(&stack("hunter2", "hunter3", "small")).await;
    let ran = bench.apply(&image("hunter4", "hunter3", "large", "one", true)).await;
    assert_eq!(ran.log, "update machine [size]");
    assert_eq!(given(&bench)["password"], Value::from("hunter2"));
    bench.apply(&image("hunter4", "hunter3", "large", "two", true)).await;
    assert_eq!(given(&bench)["password"], Value::from("hunter4"));
}

#[tokio::test]
async fn what_refers_to_a_secret_that_is_only_known_by_digest_waits_for_its_resource() {
    let bench = Bench::new();
    bench.apply(&stack("hunter2", "hunter3", "small")).await;
    let sheet = stack("hunter2", "hunter3", "small").add(
        "note",
        "test_note",
        json!({"text": "$machine.password"}),
    );
    let goal = infra_engine::Goal { excludes: vec![at("machine")], ..Bench::goal(&sheet) };
    let plan = bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    assert_eq!(show(&plan), "nothing", "what needs the excluded one is excluded too");
    let ran = bench.apply(&sheet).await;
    assert_eq!(ran.log, "create note");
    let id = bench.fake.id_of("note").expect("made");
    assert_eq!(bench.fake.inputs_of(&id).expect("there")["text"], Value::from("hunter2"));
    let sheet = sheet.output("password", json!("$machine.password"));
    bench.apply(&sheet).await;
    let goal = infra_engine::Goal { excludes: vec![at("machine")], ..Bench::goal(&sheet) };
    let plan = bench.try_plan(goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    assert_eq!(show(&plan), "nothing", "the output keeps the value that it has");
    assert_eq!(bench.state().outputs["password"], Value::from("hunter2").sensitive());
}

#[tokio::test]
async fn a_secret_inside_of_a_block_that_may_have_been_changed_is_sent_again() {
    let bench = Bench::new();
    bench.apply(&stack("hunter2", "hunter3", "small")).await;
    let unknown = Failure::new(FailureClass::Network, "reset");
    let lost = Fault::Lost(Failure { effect: Effect::Unknown, ..unknown });
    bench.fake.inject(Verb::Update, "machine", 1, lost);
    let plan = bench.plan(&stack("hunter2", "hunter5", "small")).await;
    bench.run(plan).await;
    assert!(clear([&given(&bench)]).contains("hunter5"), "the update took effect");
    bench.recover().await.expect("settled");
    // Back to the old one: the record alone would say that it is there still.
    let ran = bench.apply(&stack("hunter2", "hunter3", "small")).await;
    assert_eq!(ran.log, "update machine [rule]");
    assert!(clear([&given(&bench)]).contains("hunter3"));
}
