//! Interrupts: the first waits for what is in flight, the second returns at once.

use std::time::Duration;

use infra_engine::{Event, Operation, Recovered, Stop};
use infra_sdk::provider::{Effect, Failure, FailureClass, Settling};
use infra_sdk::store::{Status, Waiting};
use infra_testkit::fake::{Fault, Verb};
use serde_json::json;

use crate::harness::{Bench, Ran, Sheet, at, show, tell};

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

/// Runs a plan, asks it to stop at the first sign of life after ten seconds, and says how long it
/// took from there.
async fn stopped(bench: &Bench, sheet: &Sheet) -> (Ran, Duration) {
    let plan = bench.plan(sheet).await;
    let asked = std::sync::OnceLock::new();
    let ran = bench.run_with(plan, |event, stop| {
        if matches!(event, Event::Progress { .. }) {
            asked.get_or_init(tokio::time::Instant::now);
            stop.send_if_modified(|stop| std::mem::replace(stop, Stop::Stopping) == Stop::Running);
        }
    });
    let ran = ran.await;
    let asked = asked.get().expect("it was stopped").elapsed();
    (ran, asked)
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_something_to_be_ready_is_cut_and_taken_up_again() {
    let bench = Bench::new();
    bench.fake.slow("a", 900);
    let (ran, took) = stopped(&bench, &stack()).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    insta::assert_snapshot!(tell(&ran.events), @"
    start create a
    still create a after 10s: pending
    stopping [a], 2 left
    on its way create a note-1: pending
    ");
    let summary = ran.summary;
    assert!(summary.interrupted && summary.failed.is_empty() && summary.blocked.is_empty());
    assert_eq!(summary.waiting, [(at("a"), "pending".to_owned())]);
    assert_eq!(summary.left, [at("b"), at("c")]);
    assert!(!summary.is_complete() && summary.has_done());
    let (last, until) = ("pending".to_owned(), Some("2026-01-02T03:14:05Z".to_owned()));
    let record = &bench.state().records[&at("a")];
    assert_eq!(record.status, Status::Created(Waiting { last, until }));
    assert!(bench.state().open.is_empty());

    // And again: the wait that is resumed is cut like the first.
    let (ran, took) = stopped(&bench, &stack()).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(ran.summary.waiting, [(at("a"), "pending".to_owned())]);
    let Status::Created(waiting) = bench.state().records[&at("a")].status.clone() else {
        panic!("it is not ready");
    };
    // The second run waits anew.
    assert_eq!(waiting.until.as_deref(), Some("2026-01-02T03:14:16Z"));
    insta::assert_snapshot!(show(&bench.plan(&stack()).await), @"
    await a note-1: unfinished (pending)
    create b: not there yet
    create c: not there yet
    ");
    let ran = bench.apply(&stack()).await;
    assert_eq!(ran.log.lines().filter(|call| *call == "create a").count(), 0);
    assert_eq!(bench.fake.live().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_wait_after_an_update_is_cut_too() {
    let bench = Bench::new();
    let sheet = |text: &str| Sheet::new().add("a", "test_note", json!({"text": text}));
    bench.apply(&sheet("one")).await;
    bench.fake.slow("a", 900);
    let (ran, took) = stopped(&bench, &sheet("two")).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(ran.summary.waiting, [(at("a"), "pending".to_owned())]);
    insta::assert_snapshot!(show(&bench.plan(&sheet("two")).await), @"await a note-1: unfinished (pending)");
    let ran = bench.apply(&sheet("two")).await;
    assert_eq!(ran.log, "");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_something_to_be_gone_is_cut_and_settled_by_the_next_run() {
    let bench = Bench::new();
    bench.apply(&stack()).await;
    bench.fake.delay(Verb::AwaitGone, "c", Duration::from_secs(900));
    let (ran, took) = stopped(&bench, &Sheet::new()).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(ran.summary.waiting, [(at("c"), "told to go".to_owned())]);
    assert_eq!(ran.summary.left.len(), 2);
    assert!(ran.summary.failed.is_empty());
    assert_eq!(bench.state().open.len(), 1);
    let recovered = bench.recover().await.expect("settled");
    assert!(matches!(recovered[..], [Recovered::Deleted { .. }]), "{recovered:?}");
    bench.apply(&Sheet::new()).await;
    assert!(bench.fake.live().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_is_silent_does_not_keep_a_run_that_was_stopped() {
    let bench = Bench::new();
    let sheet = Sheet::new().add("a", "test_note", json!({}));
    let plan = bench.plan(&sheet).await;
    bench.fake.slow("a", 900);
    bench.fake.delay(Verb::Read, "a", Duration::from_secs(900));
    let begun = tokio::time::Instant::now();
    let ran = bench
        .run_with(plan, |event, stop| {
            if matches!(event, Event::Started { .. }) {
                stop.send_replace(Stop::Stopping);
            }
        })
        .await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(ran.summary.waiting, [(at("a"), "created".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_search_for_what_an_earlier_run_made_is_cut_and_forgets_nothing() {
    let sheet = || {
        Sheet::new().add("a", "test_note", json!({"text": "x"})).add(
            "b",
            "test_note",
            json!({"links": ["$a.id"]}),
        )
    };
    let bench = Bench::new();
    bench.fake.settle_by(Settling::Replay(Duration::from_secs(300)));
    let unknown = Failure::new(FailureClass::Network, "connection reset");
    let unknown = Failure { effect: Effect::Unknown, ..unknown };
    bench.fake.inject(Verb::Create, "b", 1, Fault::Fail(unknown));
    let plan = bench.plan(&sheet()).await;
    bench.run(plan).await;
    bench.recover_for(&Bench::goal(&sheet())).await.expect("pending");
    // Too old by now to be sent again, and looked for in vain.
    tokio::time::sleep(Duration::from_secs(300)).await;
    bench.fake.delay(Verb::Find, "b", Duration::from_secs(900));
    let (ran, took) = stopped(&bench, &sheet()).await;
    bench.fake.delay(Verb::Find, "b", Duration::ZERO);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(ran.summary.waiting.len(), 1);
    assert_eq!(bench.state().open.len(), 1);
    bench.recover_for(&Bench::goal(&sheet())).await.expect("settled");
    bench.apply(&sheet()).await;
    assert_eq!(bench.fake.live().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_in_flight_at_the_end_is_named() {
    let bench = Bench::new();
    bench.fake.delay(Verb::Create, "a", Duration::from_secs(500));
    let plan = bench.plan(&stack()).await;
    let ran = bench
        .run_with(plan, |event, stop| {
            if matches!(event, Event::Progress { .. }) {
                stop.send_replace(Stop::Abort);
            }
        })
        .await;
    assert_eq!(ran.summary.waiting, [(at("a"), "in flight when the run ended".to_owned())]);
}
