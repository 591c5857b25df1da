//! Recovery: what a run began and did not end is settled before the next plan.

use infra_engine::Recovered;
use infra_sdk::Value;
use infra_sdk::provider::{Effect, Failure, FailureClass};
use infra_testkit::fake::{Fault, Verb};
use infra_testkit::memory_store::Crash;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

fn lost() -> Fault {
    let failure = Failure::new(FailureClass::Network, "connection reset");
    Fault::Lost(Failure { effect: Effect::Unknown, ..failure })
}

fn stack(cidr: &str) -> Sheet {
    Sheet::new()
        .add_with("network", "test_network", json!({"cidr": cidr}), |options| {
            options.create_before_destroy = true;
        })
        .add("machine", "test_machine", json!({"network_id": "$network.id", "password": "!one"}))
}

#[tokio::test]
async fn what_was_made_is_adopted() {
    let bench = Bench::new();
    bench.fake.inject(Verb::Create, "machine", 1, lost());
    let plan = bench.plan(&stack("c")).await;
    bench.run(plan).await;
    let id = bench.fake.id_of("machine").expect("made");
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [Recovered::Adopted { address: at("machine"), id }]);
    let record = &bench.state().records[&at("machine")];
    assert_eq!(record.dependencies, [at("network")]);
    assert!(infra_engine::is_digest(&record.inputs["password"]));
    // Only what no read can tell is brought up to date.
    let plan = bench.plan(&stack("c")).await;
    assert!(plan.is_empty());
    bench.apply(&stack("c")).await;
}

#[tokio::test]
async fn a_replacement_that_broke_off_after_the_create_keeps_both_objects() {
    let bench = Bench::new();
    bench.apply(&stack("c")).await;
    bench.fake.inject(Verb::Create, "network", 1, lost());
    let plan = bench.plan(&stack("d")).await;
    bench.run(plan).await;
    bench.recover().await.expect("settled");
    let record = bench.state().records[&at("network")].clone();
    assert_eq!(record.deposed.len(), 1);
    assert_eq!(Some(record.id), bench.fake.id_of("network"));
    insta::assert_snapshot!(show(&bench.plan(&stack("d")).await), @"
    create machine: not there yet
    delete network network-1: left over
    ");
    bench.apply(&stack("d")).await;
    assert_eq!(bench.fake.live().len(), 2);
    assert!(bench.fake.out_of_order().is_empty());
}

#[tokio::test]
async fn a_secret_that_may_have_been_changed_is_sent_again() {
    let bench = Bench::new();
    bench.apply(&stack("c")).await;
    let mut changed = stack("c");
    changed.0.resources[1]
        .arguments
        .set("password", infra_sdk::Expr::Value(Value::from("two").sensitive()));
    bench.fake.inject(Verb::Update, "machine", 1, lost());
    let plan = bench.plan(&changed).await;
    bench.run(plan).await;
    assert_eq!(bench.state().open.len(), 1);
    bench.recover().await.expect("settled");
    // Back to the old one: the record alone would say that it is there still.
    insta::assert_snapshot!(show(&bench.plan(&stack("c")).await), @"
    update machine machine-2: changed password
      password: null -> (sensitive value)
    ");
    bench.apply(&stack("c")).await;
    assert_eq!(bench.fake.inputs_of("machine-2").expect("there")["password"], Value::from("one"));
}

#[tokio::test]
async fn what_is_gone_is_recorded_as_gone() {
    let bench = Bench::new();
    bench.apply(&stack("c")).await;
    bench.fake.inject(Verb::Delete, "machine", 1, lost());
    let plan = bench.plan(&Sheet::new()).await;
    bench.run(plan).await;
    let recovered = bench.recover().await.expect("settled");
    let id = "machine-2".to_owned();
    assert_eq!(recovered, [Recovered::Deleted { address: at("machine"), id }]);
    bench.apply(&Sheet::new()).await;
    assert!(bench.fake.live().is_empty());
}

#[tokio::test]
async fn several_candidates_are_shown_and_none_is_taken() {
    let bench = Bench::new();
    // The first try is found by its token, another object by its tags.
    bench.fake.inject(Verb::Create, "network", 1, lost());
    let plan = bench.plan(&stack("c")).await;
    bench.run(plan).await;
    let elsewhere = Bench { disk: infra_testkit::MemoryDisk::new(), ..bench };
    // A state that was never written would be refused.
    let plan = elsewhere.plan(&Sheet::new().add("other", "test_note", json!({}))).await;
    elsewhere.run(plan).await;
    let plan = elsewhere.plan(&stack("other")).await;
    elsewhere.run(plan).await;
    let mut state = elsewhere.state();
    let mut forged = state.records.remove(&at("network")).expect("made");
    let store = elsewhere.open();
    let intent = infra_sdk::store::Intent {
        run: "run-0".to_owned(),
        address: at("network"),
        type_name: forged.type_name.clone(),
        place: forged.place.clone(),
        operation: infra_sdk::store::Operation::Create,
        token: "t".to_owned(),
        digest: "d".to_owned(),
        id: None,
        inputs: std::mem::take(&mut forged.inputs),
        dependencies: Vec::new(),
        started: "2026-01-01T00:00:00Z".to_owned(),
    };
    use infra_sdk::store::{Edit, Store as _};
    store.begin(&intent).await.expect("begun");
    store.commit(None, &[Edit::Remove(at("network"))]).await.expect("removed");
    drop(store);
    let refused = elsewhere.recover().await.expect_err("ambiguous");
    insta::assert_snapshot!(problems(&refused), @r"
    [recover::ambiguous] network: an unfinished create has several results
      each of these may be the test_network that was begun at 2026-01-01T00:00:00Z: network-1, network-4
      hint: keep one: delete the others, or take the tag `infra:address` off them,
    and run the command again
    ");
    assert_eq!(elsewhere.state().open.len(), 1);
}

#[tokio::test]
async fn a_lookup_that_fails_leaves_the_intent_open() {
    let bench = Bench::new();
    bench.fake.inject(Verb::Create, "network", 1, lost());
    let plan = bench.plan(&stack("c")).await;
    bench.run(plan).await;
    let refuse = Failure::new(FailureClass::Denied, "you may not");
    bench.fake.inject(Verb::Find, "network", 1, Fault::Fail(refuse));
    let refused = bench.recover().await.expect_err("not settled");
    assert_eq!(refused[0].code, "recover::find");
    assert_eq!(bench.state().open.len(), 1);
    bench.recover().await.expect("settled");
    bench.apply(&stack("c")).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_planned_past_what_is_not_settled() {
    let bench = Bench::new();
    bench.fake.inject(Verb::Create, "network", 1, lost());
    let plan = bench.plan(&stack("c")).await;
    bench.run(plan).await;
    insta::assert_snapshot!(bench.refused(&stack("c")).await, @"
    [plan::unsettled] network: an operation of an earlier run is not settled
      Create of a test_network, begun at 2026-01-02T03:04:05Z
      hint: run the command again: it settles what is open before it plans
    ");
}

/// Kills the process at every write of a create, a replacement and a destruction.
#[tokio::test]
async fn a_process_that_dies_at_any_write_loses_nothing() {
    let changed = {
        let mut sheet = stack("d");
        sheet = sheet.add("note", "test_note", json!({"links": ["$machine.id"]}));
        sheet
    };
    for side in [Crash::BeforeWrite, Crash::AfterWrite] {
        for nth in 1.. {
            let bench = Bench::new();
            let mut died = false;
            for sheet in [stack("c"), changed.clone(), Sheet::new()] {
                died |= die_at(&bench, &sheet, nth, side).await;
                bench.assert_nothing_lost();
                bench.recover().await.expect("settled");
                bench.assert_nothing_lost();
                bench.apply(&sheet).await;
            }
            assert!(bench.fake.live().is_empty());
            if !died {
                break;
            }
            assert!(nth < 100, "it dies for ever");
        }
    }
}

async fn die_at(bench: &Bench, sheet: &Sheet, nth: usize, side: Crash) -> bool {
    let plan = bench.plan(sheet).await;
    let store = bench.open();
    store.crash_at(nth, side);
    tokio::select! {
        biased;
        () = store.crashed() => true,
        _ = bench.run_on(&store, plan, |_, _| {}) => false,
    }
}

#[tokio::test]
async fn an_old_object_given_for_a_new_one_is_not_recorded_as_both() {
    let bench = Bench::new();
    bench.apply(&stack("c")).await;
    let old = bench.state().records[&at("network")].id.clone();
    bench.fake.inject(Verb::Create, "network", 1, Fault::Mistaken(old.clone()));
    let plan = bench.plan(&stack("d")).await;
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.failed[0].1.code, "apply::same");
    let record = bench.state().records[&at("network")].clone();
    assert_eq!((record.id, record.deposed.len()), (old, 0));
    assert!(!ran.log.contains("delete network"), "{}", ran.log);
    bench.recover().await.expect("settled");
    bench.apply(&stack("d")).await;
    assert_eq!(bench.fake.live().len(), 2);
}
