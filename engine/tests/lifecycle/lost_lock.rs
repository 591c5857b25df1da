//! Another run takes the state over: this one stops before its next call and writes nothing more.

use std::time::Duration;

use infra_sdk::store::StoreError;
use infra_testkit::fake::Verb;
use infra_testkit::memory_store::Call;
use serde_json::json;

use crate::harness::{Bench, Sheet, problems};

fn lost() -> StoreError {
    StoreError::Lost { holder: "bob on build-4, since 2026-01-02T03:04:00Z".to_owned() }
}

fn stack() -> Sheet {
    let names = ["a", "b", "c", "d"];
    names.iter().fold(Sheet::new(), |sheet, name| sheet.add(name, "test_note", json!({})))
}

#[tokio::test(start_paused = true)]
async fn a_begin_that_is_refused_stops_everything_at_once() {
    let bench = Bench { parallelism: 2, ..Bench::new() };
    // In flight for long when the lock is lost; its record must not be written either.
    bench.fake.delay(Verb::Create, "a", Duration::from_secs(300));
    let plan = bench.plan(&stack()).await;
    let store = bench.open();
    store.fail(Call::Begin, 3, lost());
    let begun = tokio::time::Instant::now();
    let ran = bench.run_on(&store, plan, |_, _| {}).await;
    drop(store);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut calls: Vec<_> = ran.log.lines().collect();
    calls.sort_unstable();
    assert_eq!(calls, ["create a", "create b"]);
    assert_eq!(ran.summary.failed.len(), 1);
    insta::assert_snapshot!(problems(&[ran.summary.failed[0].1.clone()]), @"
    [apply::lost] c at stack.rs:3: another run took the state over
      bob on build-4, since 2026-01-02T03:04:00Z (before the call)
      hint: this run stopped at once and wrote nothing more; the other settles what it began
      hint: run the command again when the other run is done
    ");
    assert!(!ran.summary.is_complete());
    assert!(bench.disk.history()[0].ended.is_none(), "the run is not ended by one that lost it");
    bench.assert_nothing_lost();
    bench.recover().await.expect("settled by the next");
    bench.fake.delay(Verb::Create, "a", Duration::ZERO);
    bench.apply(&stack()).await;
    assert_eq!(bench.fake.live().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn after_a_commit_that_is_refused_nothing_is_called_or_written() {
    for parallelism in [1, 3] {
        for nth in 1..8 {
            let bench = Bench { parallelism, ..Bench::new() };
            let plan = bench.plan(&stack()).await;
            let store = bench.open();
            store.fail(Call::Commit, nth, lost());
            let writes = std::sync::Mutex::new(None);
            let ran = bench
                .run_on(&store, plan, |event, _| {
                    if matches!(event, infra_engine::Event::Failed { .. }) {
                        let seen = (bench.disk.writes().len(), bench.fake.log().len());
                        writes.lock().expect("no panic").get_or_insert(seen);
                    }
                })
                .await;
            drop(store);
            let after = (bench.disk.writes().len(), ran.log.lines().count());
            assert_eq!(*writes.lock().expect("no panic"), Some(after), "{}", ran.log);
            bench.assert_nothing_lost();
            bench.recover().await.expect("settled by the next");
            bench.apply(&stack()).await;
            assert_eq!(bench.fake.live().len(), 4);
        }
    }
}

/// The lock goes while a call is on its way, which the provider may be sending again and again.
#[tokio::test(start_paused = true)]
async fn a_lock_that_goes_in_the_middle_of_a_call_cuts_it() {
    let bench = Bench { parallelism: 1, ..Bench::new() };
    bench.fake.delay(Verb::Create, "b", Duration::from_secs(300));
    let plan = bench.plan(&stack()).await;
    let store = bench.open();
    let begun = tokio::time::Instant::now();
    let told = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        store.lose(lost());
        bench.disk.writes().len()
    };
    let (ran, writes) = tokio::join!(bench.run_on(&store, plan, |_, _| {}), told);
    assert_eq!(begun.elapsed(), Duration::from_secs(40), "it waited for the call");
    assert_eq!(bench.disk.writes().len(), writes, "it wrote after that");
    assert_eq!(ran.log.lines().collect::<Vec<_>>(), ["create a", "create b"]);
    insta::assert_snapshot!(problems(&ran.summary.diagnostics), @"
    [apply::lost]: another run took the state over
      bob on build-4, since 2026-01-02T03:04:00Z
      hint: this run stopped at once and wrote nothing more; the other settles what it began
      hint: run the command again when the other run is done
      hint: what was begun stays in the journal; the next run finds out what became of it
    ");
    assert!(!ran.summary.is_complete());
    drop(store);
    bench.assert_nothing_lost();
    bench.recover().await.expect("settled by the next");
    bench.fake.delay(Verb::Create, "b", Duration::ZERO);
    bench.apply(&stack()).await;
    assert_eq!(bench.fake.live().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_lost_at_the_start_begins_nothing() {
    let bench = Bench::new();
    let plan = bench.plan(&stack()).await;
    let store = bench.open();
    store.fail(Call::Start, 1, lost());
    let ran = bench.run_on(&store, plan, |_, _| {}).await;
    assert_eq!(ran.log, "");
    assert!(bench.fake.live().is_empty() && bench.disk.writes().is_empty());
    assert_eq!(ran.summary.failed[0].1.code, "apply::lost");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_lost_over_records_alone_writes_nothing_more() {
    let note = |text: &str| {
        Sheet::new()
            .add("a", "test_note", json!({"text": text}))
            .output("id", json!("$a.id"))
            .output("text", json!("$a.text"))
    };
    let bench = Bench::new();
    bench.apply(&note("one")).await;
    // Somebody did already what the program asks for now: only the record is behind.
    bench.fake.change_outside("a", "text", "two");
    let plan = bench.plan(&note("two")).await;
    assert!(plan.has_bookkeeping());
    let store = bench.open();
    let writes = bench.disk.writes().len();
    store.fail(Call::Commit, 1, lost());
    let ran = bench.run_on(&store, plan, |_, _| {}).await;
    // The run was begun, and that is the last that it wrote.
    assert_eq!(bench.disk.writes().len(), writes + 1);
    assert_eq!(ran.summary.diagnostics[0].code, "apply::lost");
    assert_eq!(ran.summary.outputs["text"], infra_sdk::Value::from("one"));
}
