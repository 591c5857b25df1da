//! Slow resources: made and ready are two records, and a wait can be taken up again.

use std::time::Duration;

use infra_sdk::store::{Status, Waiting};
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show, tell};

fn stack(patience: u64) -> Sheet {
    Sheet::new()
        .add_with("slow", "test_note", json!({"text": "x"}), |options| {
            options.timeouts.create = Some(Duration::from_secs(patience));
        })
        .add("after", "test_note", json!({"parent_ids": ["$slow.id"], "text": "$slow.shade"}))
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_while_something_takes_long() {
    let bench = Bench::new();
    bench.fake.slow("slow", 25);
    let ran = bench.apply(&stack(60)).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start create slow
    still create slow after 10s: pending
    still create slow after 20s: pending
    done create slow note-1
    start create after
    done create after note-3
    ");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_took_too_long_is_taken_up_again() {
    let bench = Bench::new();
    bench.fake.slow("slow", 25);
    let plan = bench.plan(&stack(5)).await;
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.blocked, [(at("after"), at("slow"))]);
    insta::assert_snapshot!(problems(&[ran.summary.failed[0].1.clone()]), @"
    [apply::await] slow at stack.rs:1: a resource did not become ready
      still pending
      hint: run the command again: it goes on waiting
      hint: `note-1` is recorded and is kept
    ");
    let record = &bench.state().records[&at("slow")];
    let (last, until) = ("still pending".to_owned(), Some("2026-01-02T03:04:10Z".to_owned()));
    assert_eq!(record.status, Status::Created(Waiting { last, until }));
    let plan = bench.plan(&stack(60)).await;
    insta::assert_snapshot!(show(&plan), @"
    await slow note-1: unfinished (pending)
    create after: not there yet
    ");
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start wait for slow note-1
    still wait for slow after 10s: pending
    done wait for slow note-1
    start create after
    done create after note-3
    ");
    bench.assert_settled(&stack(60)).await;
}

#[tokio::test(start_paused = true)]
async fn what_became_ready_meanwhile_needs_only_its_record() {
    let bench = Bench::new();
    bench.fake.slow("slow", 6);
    let plan = bench.plan(&stack(5)).await;
    bench.run(plan).await;
    let plan = bench.plan(&stack(5)).await;
    assert!(plan.has_bookkeeping());
    insta::assert_snapshot!(show(&plan), @"create after: not there yet");
    bench.run(plan).await;
    bench.assert_settled(&stack(5)).await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_to_become_ready_is_kept_and_said() {
    let bench = Bench::new();
    bench.fake.break_next("slow", "no capacity");
    let plan = bench.plan(&stack(5)).await;
    bench.run(plan).await;
    let id = bench.fake.id_of("slow").expect("kept");
    let plan = bench.plan(&stack(5)).await;
    insta::assert_snapshot!(show(&plan), @"
    await slow note-1: unfinished (no capacity)
    create after: not there yet
    ");
    insta::assert_snapshot!(problems(&plan.warnings), @"
    [plan::not-ready] slow at stack.rs:1: a resource failed to become ready
      no capacity
      hint: it is not destroyed for it: change what it fails for, or ask for its replacement
    ");
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.failed.len(), 1);
    bench.fake.repair("slow");
    bench.apply(&stack(5)).await;
    assert_eq!(bench.fake.id_of("slow"), Some(id));
}

#[tokio::test(start_paused = true)]
async fn a_fresh_object_that_reads_do_not_see_yet_is_waited_for() {
    let bench = Bench::new();
    bench.fake.lag("slow", 3);
    let ran = bench.apply(&stack(60)).await;
    assert_eq!(ran.summary.created.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_ready_once_is_not_waited_for_again() {
    let bench = Bench::new();
    bench.apply(&stack(5)).await;
    bench.fake.occupy("slow", 100);
    bench.assert_settled(&stack(5)).await;
}
