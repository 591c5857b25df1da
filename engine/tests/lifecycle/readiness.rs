//! What names an object only in text that nobody looks into does not wait until that object is ready.

use std::time::Duration;

use infra_sdk::store::Status;
use serde_json::{Value, json};

use crate::harness::{Bench, Sheet, at, show, tell};

/// A resource that takes 25 seconds to become ready, and one that names it.
fn stack(user: Value) -> Sheet {
    Sheet::new().add("slow", "test_note", json!({"label": "a"})).add("user", "test_note", user)
}

fn bench() -> Bench {
    Bench { parallelism: 4, ..Bench::new() }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_only_named_need_not_be_ready() {
    let bench = bench();
    bench.fake.slow("slow", 25);
    let sheet = stack(json!({"text": "$slow.id"})).add(
        "both",
        "test_note",
        json!({"parent_ids": ["$user.id", "$slow.id"]}),
    );
    let ran = bench.apply(&sheet).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start create slow
    start create user
    done create user note-3
    still create slow after 10s: pending
    still create slow after 20s: pending
    done create slow note-1
    start create both
    done create both note-5
    ");
    bench.assert_settled(&sheet).await;
    let plan = bench.plan(&Sheet::new()).await;
    let ran = bench.run(plan).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start delete both note-5
    done delete both note-5
    start delete user note-3
    done delete user note-3
    start delete slow note-1
    done delete slow note-1
    ");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_used_otherwise_or_not_known_whole_is_waited_for() {
    for user in [
        json!({"text": "$slow.id", "links": ["$slow.id"]}),
        json!({"text": "$slow.shade"}),
        json!({"label": "$slow.id"}),
    ] {
        let bench = bench();
        bench.fake.slow("slow", 25);
        let ran = bench.apply(&stack(user.clone())).await;
        assert_eq!(ran.summary.created, [at("slow"), at("user")], "{user}");
    }
    let bench = bench();
    bench.fake.slow("slow", 25);
    let sheet = Sheet::new().add("slow", "test_note", json!({"label": "a"})).add_with(
        "user",
        "test_note",
        json!({"text": "$slow.id"}),
        |options| options.depends_on = vec![at("slow")],
    );
    let ran = bench.apply(&sheet).await;
    assert_eq!(ran.summary.created, [at("slow"), at("user")], "as `depends_on` says");
}

#[tokio::test(start_paused = true)]
async fn what_named_an_object_stays_when_that_does_not_become_ready() {
    let bench = bench();
    bench.fake.slow("slow", 25);
    let sheet = Sheet::new()
        .add_with("slow", "test_note", json!({"label": "a"}), |options| {
            options.timeouts.create = Some(Duration::from_secs(5));
        })
        .add("user", "test_note", json!({"text": "$slow.id"}))
        .output("slow", json!("$slow.id"));
    let plan = bench.plan(&sheet).await;
    let ran = bench.run(plan).await;
    assert_eq!(
        (ran.summary.created.as_slice(), ran.summary.failed.len()),
        ([at("user")].as_slice(), 1)
    );
    assert!(ran.summary.outputs.is_empty(), "of what is not ready: {:?}", ran.summary.outputs);
    let state = bench.state();
    assert_eq!(state.records[&at("user")].status, Status::Ready);
    assert!(matches!(state.records[&at("slow")].status, Status::Created(_)));
    let plan = bench.plan(&sheet).await;
    insta::assert_snapshot!(show(&plan), @r#"
    await slow note-1: unfinished (pending)
    output slow: None -> Some("note-1")
    "#);
    bench.fake.slow("slow", 0);
    bench.run(plan).await;
}

#[tokio::test(start_paused = true)]
async fn the_new_half_of_a_replacement_is_named_once_it_is_ready() {
    let bench = bench();
    let sheet = |label: &str| {
        Sheet::new()
            .add_with("slow", "test_note", json!({"label": label}), |options| {
                options.create_before_destroy = true;
            })
            .add("user", "test_note", json!({"text": "$slow.id"}))
    };
    bench.apply(&sheet("a")).await;
    bench.fake.slow("slow", 25);
    let ran = bench.apply(&sheet("b")).await;
    insta::assert_snapshot!(tell(&ran.events), @"
    start create slow
    still create slow after 10s: pending
    still create slow after 20s: pending
    done create slow note-5
    start update user note-3
    done update user note-3
    start delete slow note-1
    done delete slow note-1
    ");
}

#[tokio::test(start_paused = true)]
async fn what_is_replaced_goes_once_those_that_used_it_are_ready() {
    let bench = bench();
    let sheet = |label: &str| {
        Sheet::new()
            .add_with("base", "test_note", json!({"label": label}), |options| {
                options.create_before_destroy = true;
            })
            .add("slow", "test_note", json!({"links": ["$base.id"]}))
    };
    bench.apply(&sheet("a")).await;
    bench.fake.delete_outside("slow");
    bench.fake.slow("slow", 25);
    let ran = bench.apply(&sheet("b")).await;
    let told = tell(&ran.events);
    let at = |line: &str| told.find(line).unwrap_or_else(|| panic!("{line}: {told}"));
    assert!(at("done create slow") < at("start delete base"), "{told}");
}
