//! Creates whose answer was lost, in a cloud that shows what it made only after a while.

use std::time::Duration;

use infra_engine::{Goal, Mode, Recovered};
use infra_sdk::provider::{Effect, Failure, FailureClass, Settling};
use infra_sdk::store::Operation;
use infra_testkit::fake::{Fault, Verb};
use infra_testkit::memory_store::Crash;
use serde_json::json;

use crate::harness::{Bench, Sheet, at, problems, show};

const WITHIN: Duration = Duration::from_secs(30);

fn unknown() -> Failure {
    let failure = Failure::new(FailureClass::Network, "connection reset");
    Failure { effect: Effect::Unknown, ..failure }
}

fn stack(cidr: &str) -> Sheet {
    Sheet::new().add("network", "test_network", json!({"cidr": cidr})).add(
        "machine",
        "test_machine",
        json!({"network_id": "$network.id"}),
    )
}

/// A cloud in which the first create of the network comes to `fault`, and what it makes shows up
/// after `hidden`.
async fn broken(settling: Settling, fault: Fault, hidden: u64) -> Bench {
    let bench = Bench::new();
    bench.fake.settle_by(settling);
    bench.fake.hide("network", Duration::from_secs(hidden));
    bench.fake.inject(Verb::Create, "network", 1, fault);
    let plan = bench.plan(&stack("c")).await;
    bench.run(plan).await;
    assert_eq!(bench.state().open.len(), 1);
    bench
}

#[tokio::test(start_paused = true)]
async fn what_shows_up_late_is_waited_for_and_adopted() {
    let bench = broken(Settling::Search(WITHIN), Fault::Lost(unknown()), 20).await;
    let begun = tokio::time::Instant::now();
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [Recovered::Adopted { address: at("network"), id: "network-1".into() }]);
    assert!(begun.elapsed() >= Duration::from_secs(20) && begun.elapsed() < WITHIN);
    let waits = std::mem::take(&mut *bench.waits.lock().expect("no panic"));
    let [wait] = waits.try_into().expect("told once");
    assert_eq!(wait.addresses, [at("network")]);
    assert!(wait.at_most <= WITHIN);
    bench.apply(&stack("c")).await;
    assert_eq!(bench.fake.live().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_use_without_what_was_told_is_deleted_and_made_anew() {
    let bench = broken(Settling::Discard(WITHIN), Fault::Lost(unknown()), 20).await;
    assert_eq!(bench.fake.live().len(), 1);
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [Recovered::NotMade { address: at("network") }]);
    assert_eq!(bench.fake.live().len(), 0);
    assert_eq!(bench.state().open.len(), 0);
    bench.apply(&stack("c")).await;
    assert_eq!(bench.fake.live().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_use_and_cannot_be_deleted_keeps_its_intent_open() {
    let bench = broken(Settling::Discard(WITHIN), Fault::Lost(unknown()), 0).await;
    let denied = Failure::new(FailureClass::Denied, "not allowed");
    bench.fake.inject(Verb::Delete, "network", 1, Fault::Fail(denied));
    let found = bench.recover().await.expect_err("it cannot be deleted");
    assert!(found.iter().any(|problem| problem.code == "recover::discard"), "{found:?}");
    assert_eq!(bench.state().open.len(), 1);
    bench.recover().await.expect("settled");
    assert_eq!((bench.fake.live().len(), bench.state().open.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_counts_as_not_made_before_it_is_old_enough() {
    let bench = broken(Settling::Search(WITHIN), Fault::Fail(unknown()), 0).await;
    let begun = tokio::time::Instant::now();
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [Recovered::NotMade { address: at("network") }]);
    assert!(begun.elapsed() >= WITHIN - Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < WITHIN + Duration::from_secs(5), "{:?}", begun.elapsed());
    bench.apply(&stack("c")).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_not_waited_for_and_looked_at_twice() {
    let bench = broken(Settling::Search(WITHIN), Fault::Fail(unknown()), 0).await;
    tokio::time::sleep(Duration::from_secs(25 * 60 * 60)).await;
    let begun = tokio::time::Instant::now();
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [Recovered::NotMade { address: at("network") }]);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(bench.fake.calls(Verb::Find, "network"), 2 + 1, "two looks, and the first plan's");
    assert!(bench.waits.lock().expect("no panic").is_empty());
}

/// The last try of a create may be sent long after the first: after retries, or when a network is
/// back.
#[tokio::test(start_paused = true)]
async fn what_was_sent_long_after_it_was_begun_is_waited_for() {
    let bench = Bench::new();
    bench.fake.settle_by(Settling::Search(WITHIN));
    bench.fake.delay(Verb::Create, "network", Duration::from_secs(170));
    bench.fake.hide("network", Duration::from_secs(20));
    bench.fake.inject(Verb::Create, "network", 1, Fault::Lost(unknown()));
    let plan = bench.plan(&stack("c")).await;
    bench.run(plan).await;
    bench.fake.clear_delays();
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [Recovered::Adopted { address: at("network"), id: "network-1".into() }]);
    bench.apply(&stack("c")).await;
    assert_eq!(bench.fake.live().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_intent_of_a_clock_ahead_of_ours_is_waited_for_no_longer_than_once() {
    let bench = broken(Settling::Search(WITHIN), Fault::Fail(unknown()), 0).await;
    use infra_sdk::store::Store as _;
    let store = bench.open();
    let (sequence, mut intent) = store.load().await.expect("readable").open.remove(0);
    intent.started = "2026-01-02T09:00:00Z".to_owned();
    store.commit(Some(sequence), &[]).await.expect("closed");
    store.begin(&intent).await.expect("begun");
    drop(store);
    let begun = tokio::time::Instant::now();
    bench.recover().await.expect("settled");
    assert!(begun.elapsed() < WITHIN + Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(begun.elapsed() >= WITHIN);
}

#[tokio::test(start_paused = true)]
async fn many_lost_creates_are_waited_for_together() {
    let bench = Bench { parallelism: 8, ..Bench::new() };
    bench.fake.settle_by(Settling::Search(WITHIN));
    let mut sheet = Sheet::new();
    for number in 0..8 {
        let address = format!("n{number}");
        sheet = sheet.add(&address, "test_network", json!({"cidr": "c"}));
        bench.fake.hide(&address, Duration::from_secs(10 + number));
        let fault = if number % 2 == 0 { Fault::Lost(unknown()) } else { Fault::Fail(unknown()) };
        bench.fake.inject(Verb::Create, &address, 1, fault);
    }
    let plan = bench.plan(&sheet).await;
    bench.run(plan).await;
    assert_eq!(bench.state().open.len(), 8);
    let begun = tokio::time::Instant::now();
    let recovered = bench.recover().await.expect("settled");
    let adopted = recovered.iter().filter(|r| matches!(r, Recovered::Adopted { .. })).count();
    assert_eq!((adopted, recovered.len()), (4, 8));
    assert!(begun.elapsed() < WITHIN + Duration::from_secs(5), "{:?}", begun.elapsed());
    for number in 0..8 {
        bench.fake.hide(&format!("n{number}"), Duration::ZERO);
    }
    bench.apply(&sheet).await;
    assert_eq!(bench.fake.live().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_a_token_makes_once_is_sent_again_with_it_and_not_waited_for() {
    let bench = broken(Settling::Replay(WITHIN), Fault::Lost(unknown()), 20).await;
    let begun = tokio::time::Instant::now();
    let goal = Bench::goal(&stack("c"));
    let recovered = bench.recover_for(&goal).await.expect("settled");
    assert_eq!(recovered, [Recovered::Pending { address: at("network") }]);
    let (_, intent) = bench.state().open.remove(0);
    let plan = bench.plan(&stack("c")).await;
    insta::assert_snapshot!(show(&plan), @"
    create network: not there yet
    create machine: not there yet
    ");
    // What the create made is still hidden; waiting for it to be ready is another matter.
    let ran = bench.run(plan).await;
    assert_eq!(ran.log, "create network\ncreate machine");
    assert!(begun.elapsed() >= Duration::from_secs(15));
    assert_eq!(bench.fake.tokens()["network-1"], intent.token);
    assert_eq!(bench.fake.live().len(), 2);
    bench.assert_settled(&stack("c")).await;
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_fails_proves_nothing_about_the_first_try() {
    let bench = broken(Settling::Replay(WITHIN), Fault::Lost(unknown()), 20).await;
    bench.recover_for(&Bench::goal(&stack("c"))).await.expect("pending");
    let mismatch = Failure {
        code: Some("IdempotentParameterMismatch".to_owned()),
        ..Failure::new(FailureClass::Invalid, "the token is of other parameters")
    };
    bench.fake.inject(Verb::Create, "network", 1, Fault::Fail(mismatch));
    let plan = bench.plan(&stack("c")).await;
    let ran = bench.run(plan).await;
    assert_eq!(ran.summary.failed.len(), 1);
    assert_eq!(bench.state().open.len(), 1, "the first try may have made it");
    bench.assert_nothing_lost();
    tokio::time::sleep(WITHIN).await;
    bench.recover_for(&Bench::goal(&stack("c"))).await.expect("adopted");
    bench.apply(&stack("c")).await;
    assert_eq!(bench.fake.live().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_declared_otherwise_by_now_is_waited_for_adopted_and_replaced() {
    let bench = broken(Settling::Replay(WITHIN), Fault::Lost(unknown()), 20).await;
    let recovered = bench.recover_for(&Bench::goal(&stack("d"))).await.expect("settled");
    assert_eq!(recovered, [Recovered::Adopted { address: at("network"), id: "network-1".into() }]);
    let ran = bench.apply(&stack("d")).await;
    assert_eq!(ran.log, "delete network (network-1)\ncreate network\ncreate machine");
    assert_eq!(bench.fake.live().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_declared_is_waited_for_and_deleted() {
    for goal in
        [Bench::goal(&Sheet::new()), Goal { mode: Mode::Destroy, ..Bench::goal(&stack("c")) }]
    {
        let bench = broken(Settling::Replay(WITHIN), Fault::Lost(unknown()), 20).await;
        bench.recover_for(&goal).await.expect("settled");
        let plan = bench.try_plan(goal).await.expect("a plan");
        let ran = bench.run(plan).await;
        assert_eq!(ran.log, "delete network (network-1)");
        assert!(bench.fake.live().is_empty() && bench.state().open.is_empty());
    }
}

/// A stack whose machine was made, or not, with the answer lost; and its network is another by now.
async fn moved(fault: Fault) -> Bench {
    let bench = Bench::new();
    bench.fake.settle_by(Settling::Replay(WITHIN));
    bench.fake.hide("machine", Duration::from_secs(20));
    bench.fake.inject(Verb::Create, "machine", 1, fault);
    let plan = bench.plan(&stack("c")).await;
    bench.run(plan).await;
    assert_eq!(bench.state().open.len(), 1);
    bench
}

#[tokio::test(start_paused = true)]
async fn what_the_plan_would_send_otherwise_is_waited_for_before_the_plan() {
    for (fault, made) in [(Fault::Lost(unknown()), true), (Fault::Fail(unknown()), false)] {
        let bench = moved(fault).await;
        // The network is replaced, so that what the machine names is not known before the apply.
        let goal = Bench::goal(&stack("d"));
        let begun = tokio::time::Instant::now();
        let recovered = bench.recover_for(&goal).await.expect("settled");
        assert_eq!(matches!(recovered[..], [Recovered::Adopted { .. }]), made, "{recovered:?}");
        assert!(begun.elapsed() >= Duration::from_secs(19), "{:?}", begun.elapsed());
        bench.apply(&stack("d")).await;
        assert_eq!(bench.fake.live().len(), 2);
        assert!(bench.fake.out_of_order().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_grew_too_old_to_be_sent_again_since_the_plan_is_searched_for() {
    for (fault, made) in [(Fault::Lost(unknown()), true), (Fault::Fail(unknown()), false)] {
        let bench = moved(fault).await;
        let recovered = bench.recover_for(&Bench::goal(&stack("c"))).await.expect("settled");
        assert_eq!(recovered, [Recovered::Pending { address: at("machine") }]);
        let plan = bench.plan(&stack("c")).await;
        // Somebody thinks before he approves.
        tokio::time::sleep(WITHIN * 2).await;
        let ran = bench.run(plan).await;
        if made {
            insta::assert_snapshot!(problems(&[ran.summary.failed[0].1.clone()]), @"
            [apply::moved] machine at stack.rs:2: the plan does not fit any more
              an earlier run turns out to have made `machine-2`
              hint: run the command again: it takes the object over and goes on from it
            ");
            bench.recover_for(&Bench::goal(&stack("c"))).await.expect("adopted");
        }
        bench.apply(&stack("c")).await;
        assert_eq!(bench.fake.live().len(), 2);
        assert!(bench.state().open.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_reads_do_not_see_yet_is_not_gone() {
    let bench = Bench::new();
    bench.fake.settle_by(Settling::Search(WITHIN));
    bench.fake.hide("network", Duration::from_secs(20));
    let plan = bench.plan(&stack("c")).await;
    let store = bench.open();
    // Start, begin, commit: made and recorded, and then the process dies.
    store.crash_at(3, Crash::AfterWrite);
    tokio::select! {
        biased;
        () = store.crashed() => {}
        _ = bench.run_on(&store, plan, |_, _| {}) => panic!("it lived"),
    }
    drop(store);
    assert!(bench.state().records.contains_key(&at("network")));
    bench.recover().await.expect("nothing is open");
    insta::assert_snapshot!(show(&bench.plan(&stack("c")).await), @"create machine: not there yet");
    bench.apply(&stack("c")).await;
    assert_eq!(bench.fake.live().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_object_is_never_adopted() {
    let bench = broken(Settling::Search(WITHIN), Fault::Fail(unknown()), 0).await;
    // As it would be made: but nobody's, and somebody else's.
    let inputs = infra_sdk::Object::from([("cidr".to_owned(), infra_sdk::Value::from("c"))]);
    bench.fake.seed("test_network", inputs);
    let recovered = bench.recover().await.expect("settled");
    assert_eq!(recovered, [Recovered::NotMade { address: at("network") }]);
}

#[tokio::test(start_paused = true)]
async fn what_was_recovered_is_in_the_history_of_the_run_that_began_it() {
    let bench = broken(Settling::Search(WITHIN), Fault::Lost(unknown()), 0).await;
    bench.recover().await.expect("settled");
    let [made] = bench.disk.changes("run-1").try_into().expect("one change");
    assert_eq!((made.operation, made.id.as_str()), (Operation::Create, "network-1"));
    assert!(made.before.is_none());
    bench.apply(&stack("c")).await;
    let before = bench.state().records[&at("network")].clone();

    let renamed = Sheet::new().add("network", "test_network", json!({"cidr": "c", "name": "n"}));
    bench.fake.inject(Verb::Update, "network", 1, Fault::Lost(unknown()));
    let plan = bench.plan(&renamed).await;
    bench.run(plan).await;
    bench.recover().await.expect("settled");
    let changed = bench.disk.changes("run-3").pop().expect("noted");
    assert_eq!((changed.operation, changed.before), (Operation::Update, Some(before)));
    // What the update changed is nobody else's doing.
    assert!(bench.plan(&renamed).await.drift.is_empty());
    bench.apply(&renamed).await;

    let before = bench.state().records[&at("network")].clone();
    bench.fake.inject(Verb::Delete, "network", 1, Fault::Lost(unknown()));
    let plan = bench.plan(&Sheet::new()).await;
    bench.run(plan).await;
    bench.recover().await.expect("settled");
    let deleted = bench.disk.changes("run-5").pop().expect("noted");
    assert_eq!((deleted.operation, deleted.before), (Operation::Delete, Some(before)));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_did_not_happen_is_not_in_the_history() {
    let bench = Bench::new();
    bench.apply(&stack("c")).await;
    let noted = bench.disk.changes("run-1").len();
    let renamed = Sheet::new().add("network", "test_network", json!({"cidr": "c", "name": "n"}));
    bench.fake.inject(Verb::Update, "network", 1, Fault::Fail(unknown()));
    let plan = bench.plan(&renamed).await;
    bench.run(plan).await;
    let noted_by_the_run = bench.disk.changes("run-1").len() - noted;
    bench.recover().await.expect("settled");
    assert_eq!(bench.disk.changes("run-1").len() - noted, noted_by_the_run);
    bench.apply(&renamed).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_lock_ends_the_recovery() {
    let bench = Bench { parallelism: 2, ..Bench::new() };
    let sheet = Sheet::new().add("a", "test_note", json!({})).add("b", "test_note", json!({}));
    bench.fake.inject(Verb::Create, "a", 1, Fault::Lost(unknown()));
    bench.fake.inject(Verb::Create, "b", 1, Fault::Lost(unknown()));
    let plan = bench.plan(&sheet).await;
    bench.run(plan).await;
    let store = bench.open();
    let lost = infra_sdk::store::StoreError::Lost { holder: "bob on build-4".to_owned() };
    store.fail(infra_testkit::memory_store::Call::Commit, 1, lost);
    let refused = bench.recover_on(&store, &Bench::goal(&sheet)).await.expect_err("lost");
    insta::assert_snapshot!(problems(&refused), @"
    [recover::lost] b: another run took the state over
      bob on build-4
      hint: this run stopped at once and wrote nothing more; the other settles what it began
      hint: run the command again when the other run is done
    ");
    assert_eq!(bench.state().open.len(), 2);
}
