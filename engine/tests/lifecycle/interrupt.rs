//! Interrupts: the first waits for what is in flight, the second returns at once.

use std::time::Duration;

use infra_engine::{Event, Operation, Stop};
use infra_testkit::fake::Verb;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, tell};

fn stack() -> Sheet {
    Sheet::new().add("a", "test_note", json!({})).add("b", "test_note", json!({})).add(
        "c",
        "test_note",
        json!({"links": ["$a.id", "$b.id"]}),
    )
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_what_is_in_flight_and_begins_nothing() {
    let bench = Bench { parallelism: 2, ..Bench::new() };
    bench.fake.delay(Verb::Create, "a", Duration::from_secs(3));
    bench.fake.delay(Verb::Create, "b", Duration::from_secs(5));
    let plan = bench.plan(&stack()).await;
    let ran = bench
        .run_with(plan, |event, stop| {
            if matches!(event, Event::Completed { .. }) {
                stop.send_replace(Stop::Stopping);
            }
        })
        .await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start create a
    start create b
    done create a note-1
    stopping [b], 1 left
    done create b note-3
    ");
    assert!(ran.summary.interrupted && !ran.summary.is_complete());
    assert_eq!(ran.summary.left, [at("c")]);
    assert_eq!(ran.summary.created, [at("a"), at("b")]);
    assert!(bench.state().open.is_empty());
    bench.apply(&stack()).await;
}

#[tokio::test(start_paused = true)]
async fn aborting_returns_at_once_and_the_journal_knows() {
    let bench = Bench { parallelism: 2, ..Bench::new() };
    bench.fake.delay(Verb::AwaitReady, "b", Duration::from_secs(500));
    bench.fake.delay(Verb::Create, "a", Duration::from_secs(500));
    let plan = bench.plan(&stack()).await;
    let begun = tokio::time::Instant::now();
    let (sender, receiver) = std::sync::mpsc::channel();
    let ran = bench.run_with(plan, move |event, stop| {
        if matches!(event, Event::Progress { operation: Operation::Create, .. }) {
            let _ = sender.send(());
            stop.send_replace(Stop::Abort);
        }
    });
    let ran = ran.await;
    assert!(receiver.try_recv().is_ok());
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(ran.summary.interrupted);
    assert_eq!(bench.state().open.len(), 1, "the create of `a` is not settled");
    bench.assert_nothing_lost();
    bench.recover().await.expect("settled");
    bench.fake.delay(Verb::AwaitReady, "b", Duration::ZERO);
    bench.fake.delay(Verb::Create, "a", Duration::ZERO);
    bench.apply(&stack()).await;
    assert_eq!(bench.fake.live().len(), 3);
}

#[tokio::test]
async fn a_run_that_is_stopped_when_everything_is_done_was_not_interrupted() {
    let bench = Bench::new();
    let sheet = Sheet::new().add("a", "test_note", json!({}));
    let plan = bench.plan(&sheet).await;
    let ran = bench
        .run_with(plan, |event, stop| {
            if matches!(event, Event::Completed { .. }) {
                stop.send_replace(Stop::Stopping);
            }
        })
        .await;
    assert!(ran.summary.is_complete());
}
