//! Failures: what stops, what goes on, what is remembered.

use infra_sdk::provider::{Effect, Failure, FailureClass};
use infra_sdk::store::{Operation, StoreError};
use infra_testkit::fake::{Fault, Verb};
use infra_testkit::memory_store::Call;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, tell};

fn stack() -> Sheet {
    Sheet::new()
        .add("network", "test_network", json!({"cidr": "10.0.0.0/16"}))
        .add("machine", "test_machine", json!({"network_id": "$network.id"}))
        .add("after", "test_note", json!({"links": ["$machine.id"]}))
        .add("alone", "test_note", json!({"text": "x"}))
        .output("machine", json!("$machine.id"))
        .output("alone", json!("$alone.id"))
}

fn denied() -> Failure {
    Failure {
        operation: Some("ec2:CreateVpc".to_owned()),
        code: Some("UnauthorizedOperation".to_owned()),
        status: Some(403),
        request_id: Some("4f1c".to_owned()),
        ..Failure::new(FailureClass::Denied, "you may not")
    }
}

fn unknown() -> Failure {
    Failure { effect: Effect::Unknown, ..Failure::new(FailureClass::Network, "connection reset") }
}

#[tokio::test]
async fn credentials_that_end_in_the_middle_stop_the_run_and_are_named_once() {
    let bench = Bench::new();
    let expired = Failure {
        operation: Some("ec2:CreateVpc".to_owned()),
        code: Some("ExpiredToken".to_owned()),
        status: Some(400),
        ..Failure::new(FailureClass::Credentials, "the token is expired")
    };
    bench.fake.inject(Verb::Create, "machine", 1, Fault::Fail(expired));
    let mut sheet = stack();
    for number in 0..5 {
        sheet = sheet.add(&format!("later-{number}"), "test_note", json!({"text": "x"}));
    }
    let plan = bench.plan(&sheet).await;
    let ran = bench.run(plan).await;
    let [(address, diagnostic)] = &ran.summary.failed[..] else { panic!("{:?}", ran.summary) };
    assert_eq!(*address, at("machine"));
    assert!(diagnostic.detail.contains("ExpiredToken"), "{diagnostic:?}");
    assert!(diagnostic.hints.concat().contains("get new credentials"), "{diagnostic:?}");
    assert!(ran.summary.left.contains(&at("later-4")), "{:?}", ran.summary.left);
    assert!(!ran.log.contains("later"), "others were tried too:\n{}", ran.log);
    bench.assert_nothing_lost();
    bench.apply(&sheet).await;
}

#[tokio::test]
async fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let bench = Bench::new();
    bench.fake.inject(Verb::Create, "network", 1, Fault::Fail(denied()));
    let plan = bench.plan(&stack()).await;
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start create network
    fail create network: ec2:CreateVpc answered UnauthorizedOperation, status 403, request 4f1c: you may not
    blocked create machine by network
    blocked create after by network
    start create alone
    done create alone note-1
    ");
    assert_eq!(ran.summary.created, [at("alone")]);
    assert_eq!(ran.summary.blocked, [(at("machine"), at("network")), (at("after"), at("network"))]);
    assert!(!ran.summary.is_complete() && ran.summary.has_done());
    assert_eq!(ran.summary.outputs.keys().collect::<Vec<_>>(), ["alone"]);
    insta::assert_snapshot!(problems(&[ran.summary.failed[0].1.clone()]), @"
    [apply::create] network at stack.rs:1: a resource could not be created
      ec2:CreateVpc answered UnauthorizedOperation, status 403, request 4f1c: you may not
    ");
    assert!(bench.state().open.is_empty(), "it is sure that nothing happened");
    assert!(!bench.disk.history()[0].complete);
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn a_cloud_that_repeats_a_secret_is_not_quoted() {
    let bench = Bench::new();
    let repeat = |secret: &str| Failure {
        code: Some("ValidationException".to_owned()),
        ..Failure::new(FailureClass::Invalid, format!("value '{secret}' at 'text' is not taken"))
    };
    let note = |text: &str| Sheet::new().add("note", "test_note", json!({ "text": text }));
    bench.fake.inject(Verb::Create, "note", 1, Fault::Fail(repeat("hunter1")));
    let plan = bench.plan(&note("!hunter1")).await;
    let created = bench.run(plan).await;
    bench.apply(&note("!hunter1")).await;
    bench.fake.inject(Verb::Update, "note", 1, Fault::Fail(repeat("hunter1, not hunter2")));
    let plan = bench.plan(&note("!hunter2")).await;
    let updated = bench.run(plan).await;
    for ran in [created, updated] {
        let said = tell(&ran.events) + &problems(&[ran.summary.failed[0].1.clone()]);
        assert!(said.contains("value '(sensitive value)"), "{said}");
        assert!(!said.contains("hunter"), "{said}");
    }
}

#[tokio::test]
async fn an_intent_stays_open_while_nobody_knows_what_happened() {
    for (fault, recovered) in [(Fault::Lost(unknown()), 1), (Fault::Fail(unknown()), 0)] {
        let bench = Bench::new();
        bench.fake.inject(Verb::Create, "network", 1, fault);
        let plan = bench.plan(&stack()).await;
        let ran = bench.run(plan).await;
        assert_eq!(bench.state().open.len(), 1);
        assert_eq!(bench.state().open[0].1.operation, Operation::Create);
        let hints = ran.summary.failed[0].1.hints.join("\n");
        assert!(hints.contains("may have happened"), "{hints}");
        bench.assert_nothing_lost();
        bench.recover().await.expect("settled");
        assert_eq!(bench.state().records.contains_key(&at("network")), recovered == 1);
        bench.apply(&stack()).await;
        let networks = bench.fake.live().values().filter(|a| *a == "network").count();
        assert_eq!(networks, 1, "it was made twice");
    }
}

#[tokio::test]
async fn a_panic_of_the_provider_is_one_failed_resource() {
    let bench = Bench::new();
    bench.fake.inject(Verb::Create, "machine", 1, Fault::Panic);
    let plan = bench.plan(&stack()).await;
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.failed.len(), 1);
    // What a panic says may hold a secret: only that it panicked is shown, here and in the events.
    insta::assert_snapshot!(problems(&[ran.summary.failed[0].1.clone()]), @r"
    [apply::panic] machine at stack.rs:2: the provider stopped in the middle
      it panicked
      hint: this is a bug in infra; the next run finds out what was done
    ");
    assert!(!format!("{:?}", ran.events).contains("a fault that the test"), "{:?}", ran.events);
    assert_eq!(ran.summary.created, [at("network"), at("alone")]);
    assert_eq!(bench.state().open.len(), 1);
    bench.assert_nothing_lost();
    bench.recover().await.expect("settled");
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn a_store_that_cannot_begin_stops_the_run_before_the_call() {
    let bench = Bench::new();
    let plan = bench.plan(&stack()).await;
    let store = bench.open();
    store.fail(Call::Begin, 2, full());
    let ran = bench.run_on(&store, plan, |_, _| {}).await;
    drop(store);
    insta::assert_snapshot!(ran.log, @"create network");
    assert_eq!(ran.summary.failed[0].1.code, "apply::store");
    assert_eq!(ran.summary.left.len(), 1);
    bench.assert_nothing_lost();
    bench.apply(&stack()).await;
}

#[tokio::test]
async fn a_store_that_cannot_commit_stops_the_run_and_loses_nothing() {
    let bench = Bench::new();
    let plan = bench.plan(&stack()).await;
    let store = bench.open();
    store.fail(Call::Commit, 1, full());
    let ran = bench.run_on(&store, plan, |_, _| {}).await;
    drop(store);
    insta::assert_snapshot!(ran.log, @"create network");
    assert_eq!(bench.state().open.len(), 1);
    bench.assert_nothing_lost();
    bench.recover().await.expect("settled");
    bench.apply(&stack()).await;
}

fn full() -> StoreError {
    StoreError::Unavailable { action: "write".to_owned(), reason: "disk full".to_owned() }
}

#[tokio::test]
async fn a_failed_read_is_an_error_and_never_gone() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.inject(Verb::Read, "network", 1, Fault::Fail(denied()));
    insta::assert_snapshot!(bench.refused(&stack()).await, @"
    [plan::read] network at stack.rs:1: a resource cannot be read
      ec2:CreateVpc answered UnauthorizedOperation, status 403, request 4f1c: you may not
      hint: nothing was changed; run the command again once the cause is gone
    ");
}

#[tokio::test]
async fn a_name_that_is_taken_leads_to_an_import() {
    let bench = Bench::new();
    bench.fake.seed(
        "test_bucket",
        infra_sdk::Object::from([("name".to_owned(), infra_sdk::Value::from("shop"))]),
    );
    let sheet = Sheet::new().add("bucket", "test_bucket", json!({"name": "shop"}));
    let plan = bench.plan(&sheet).await;
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(problems(&[ran.summary.failed[0].1.clone()]), @"
    [apply::create] bucket at stack.rs:1: a resource could not be created
      `shop` exists
      hint: take the existing one over with `import_id`, or give this one another name
    ");
}
