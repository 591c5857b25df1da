//! Rollback: several runs are taken back as one, moves are followed, and what cannot be is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_engine::Rollback;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::store::{Edit, RunRecord, Store as _};
use infra_sdk::{Diagnostic, Object};
use infra_testkit::fake::{Fault, Verb};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, owner, problems, show};

async fn rollback(bench: &Bench, run: Option<&str>) -> Result<Rollback, Vec<Diagnostic>> {
    let store = bench.open();
    let (provider, owner) = (bench.provider(), Arc::new(owner()));
    infra_engine::rollback(&provider, &store, &owner, &bench.state(), run).await
}

/// Rolls back, is sure that everything was done, and returns what was said and planned.
async fn back(bench: &Bench, run: Option<&str>) -> (Rollback, String) {
    let rollback = rollback(bench, run).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    let goal = rollback.undo.goal.clone();
    let plan = bench.try_plan(goal.clone()).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    let shown = show(&plan);
    let ran = bench.run(plan).await;
    assert!(ran.summary.is_complete(), "{:#?}", ran.summary);
    bench.assert_nothing_lost();
    (rollback, shown)
}

/// What is in the cloud, by address, without what links one to another.
fn world(bench: &Bench) -> BTreeMap<String, Object> {
    let live = bench.fake.live();
    let inputs = |id: &String| {
        let mut inputs = bench.fake.inputs_of(id).expect("there");
        inputs.remove("network_id");
        inputs
    };
    live.iter().map(|(id, address)| (address.clone(), inputs(id))).collect()
}

fn release(number: u32) -> Sheet {
    let sheet = Sheet::new()
        .add("network", "test_network", json!({"cidr": "one", "name": "n"}))
        .add(
            "machine",
            "test_machine",
            json!({"network_id": "$network.id", "size": format!("size-{number}"), "zone": "z"}),
        )
        .output("network", json!("$network.id"));
    match number {
        1 => sheet.add("old", "test_note", json!({"text": "of the first"})),
        2 => sheet.add("old", "test_note", json!({"text": "of the second"})).add(
            "short",
            "test_note",
            json!({"text": "x"}),
        ),
        _ => sheet.add("new", "test_note", json!({"text": "of the third"})),
    }
}

#[tokio::test(start_paused = true)]
async fn several_runs_are_taken_back_as_one_and_the_rollback_too() {
    let bench = Bench::new();
    bench.apply(&release(1)).await;
    let first = world(&bench);
    bench.apply(&release(2)).await;
    bench.apply(&release(3)).await;
    let third = world(&bench);
    let (Rollback { undo, to, runs }, plan) = back(&bench, Some("run-1")).await;
    assert_eq!(world(&bench), first);
    bench.assert_settled(&release(1)).await;
    assert_eq!(to.map(|run| run.id).as_deref(), Some("run-1"));
    assert_eq!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["run-2", "run-3"]);
    insta::assert_snapshot!(plan, @r#"
    update machine machine-2: changed size
      size: "size-3" -> "size-1"
    create old: not there yet
    delete new note-7: no longer declared
    "#);
    insta::assert_snapshot!(problems(&undo.lost), @r#"
    [undo::new-object] old: an object does not come back, a new one does
      the test_note `note-3` is made anew: it gets another id, and what it held is not in it
      hint: restore its data from a backup, if there is any
    "#);
    // Without a run, the latest one is taken back: the rollback.
    let (Rollback { to, .. }, _) = back(&bench, None).await;
    assert_eq!(to.map(|run| run.id).as_deref(), Some("run-3"));
    assert_eq!(world(&bench), third);
    bench.assert_settled(&release(3)).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_run_is_taken_back_to_nothing() {
    let bench = Bench::new();
    bench.apply(&release(1)).await;
    let (Rollback { to, .. }, _) = back(&bench, None).await;
    assert_eq!(to, None);
    assert_eq!(world(&bench), BTreeMap::new());
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_run_did_is_taken_back() {
    let bench = Bench::new();
    bench.apply(&release(1)).await;
    let no = Failure::new(FailureClass::Invalid, "no");
    bench.fake.inject(Verb::Update, "machine", 1, Fault::Fail(no));
    let ran = bench.run(bench.plan(&release(2)).await).await;
    assert!(!ran.summary.is_complete() && ran.summary.has_done(), "{:#?}", ran.summary);
    back(&bench, None).await;
    bench.assert_settled(&release(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_was_moved_keeps_its_new_address() {
    let sheet = |address: &str, text: &str, from: Option<&str>| {
        let declared = json!({"text": text});
        let sheet = Sheet::new().add_with(address, "test_note", declared, |options| {
            options.moved_from = from.map(str::to_owned);
        });
        sheet.add("after", "test_note", json!({"links": [format!("${address}.id")]}))
    };
    let bench = Bench::new();
    bench.apply(&sheet("a", "one", None)).await;
    let id = bench.fake.id_of("a");
    bench.apply(&sheet("a", "two", None)).await;
    bench.apply(&sheet("b", "three", Some("a"))).await;
    let (_, plan) = back(&bench, Some("run-1")).await;
    insta::assert_snapshot!(plan, @r#"
    update b note-1: changed text
      text: "three" -> "one"
    "#);
    assert_eq!(Some(&bench.state().records[&at("b")].id), id.as_ref());
    bench.assert_settled(&sheet("b", "one", None)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_made_and_moved_goes() {
    let bench = Bench::new();
    bench.apply(&Sheet::new().add("kept", "test_note", json!({}))).await;
    let made = |address: &str, from: Option<&str>| {
        let sheet = Sheet::new().add("kept", "test_note", json!({}));
        sheet.add_with(address, "test_note", json!({"text": "x"}), |options| {
            options.moved_from = from.map(str::to_owned);
        })
    };
    bench.apply(&made("a", None)).await;
    bench.apply(&made("b", Some("a"))).await;
    back(&bench, Some("run-1")).await;
    assert_eq!(world(&bench).into_keys().collect::<Vec<_>>(), ["kept"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_forgotten_meanwhile_is_named() {
    let bench = Bench::new();
    bench.apply(&release(2)).await;
    {
        let store = bench.open();
        let run = RunRecord {
            id: "run-rm".to_owned(),
            command: "state rm short".to_owned(),
            by: "ann on build-3".to_owned(),
            started: "2026-01-02T03:04:05Z".to_owned(),
            ended: None,
            complete: true,
        };
        store.start(&run).await.expect("begun");
        store.commit(None, &[Edit::Remove(at("short"))]).await.expect("forgotten");
        store.finish(&run).await.expect("ended");
    }
    let undo = rollback(&bench, Some("run-1")).await.expect("a way back").undo;
    insta::assert_snapshot!(problems(&undo.lost), @r#"
    [rollback::records]: what a run did to records is not taken back
      run `run-rm`: infra state rm short
      hint: record again what is declared and there: `infra plan --adopt`
    "#);
    let plan = bench.try_plan(undo.goal).await.unwrap_or_else(|d| panic!("{}", problems(&d)));
    assert!(plan.is_empty(), "{}", show(&plan));
}

#[tokio::test(start_paused = true)]
async fn a_history_without_the_run_is_refused() {
    let bench = Bench::new();
    let refused = rollback(&bench, None).await.expect_err("nothing was run");
    assert_eq!(refused[0].code, "rollback::nothing");
    bench.apply(&release(1)).await;
    let refused = rollback(&bench, Some("run-11")).await.expect_err("no such run");
    insta::assert_snapshot!(problems(&refused), @r#"
    [rollback::run]: there is no such run
      `run-11`
      hint: write `run-1` if that is what you mean
      hint: `infra history` with the same `--env` lists all runs
    "#);
    let rollback = rollback(&bench, Some("run-1")).await.expect("nothing to do");
    assert!(rollback.runs.is_empty());
}
