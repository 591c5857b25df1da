//! Replies that are lost, cut or bad: nothing is written twice, and nobody locks himself out.

use futures_util::future::join_all;
use infra_sandbox::Control;
use infra_sandbox::gate::{FaultKind, FaultRule};
use infra_sdk::store::{Edit, StoreError};
use infra_state::Config;
use infra_testkit::store_suite::{in_flight, intent, record, run, run_record};

use crate::place::{LEASE, Objects, S3Place, config, figure, lease, own_gate, owner};

pub(crate) fn rule(operation: &str, nth: Vec<u64>, kind: FaultKind) -> FaultRule {
    FaultRule {
        service: Some("s3".to_owned()),
        operation: Some(operation.to_owned()),
        mutating: false,
        nth,
        probability: None,
        seed: 0,
        times: None,
        kind,
    }
}

pub(crate) fn error(status: u16, code: &str) -> FaultKind {
    let message = "spoiled by a test".to_owned();
    FaultKind::Error { code: code.to_owned(), status, message }
}

/// A run that writes a few times, over an opening, and what must be there afterwards.
async fn a_run(config: &Config) -> Result<(), StoreError> {
    let store = infra_state::open(config, &owner()).await?;
    store.start(&run_record("run-1")).await?;
    for name in ["a.b", "a.c", "a.d"] {
        let number = store.begin(&intent(name)).await?;
        store.commit(Some(number), &[Edit::Put(Box::new(record(name)))]).await?;
    }
    store.finish(&run_record("run-1")).await
}

/// Every other request of a kind goes wrong, in every way there is.
#[test]
fn every_second_reply_may_be_lost_cut_or_bad() {
    run(async {
        let (_alone, endpoint) = own_gate().await;
        let control = Control::new(&endpoint);
        let mut spoiled = 0;
        let odd: Vec<u64> = (0..400).map(|n| 2 * n + 1).collect();
        let spoil = [
            ("PutObject", FaultKind::ResetAfter),
            ("PutObject", FaultKind::ResetBefore),
            ("PutObject", FaultKind::Truncate { bytes: 0 }),
            ("PutObject", error(500, "InternalError")),
            ("PutObject", error(503, "SlowDown")),
            ("PutObject", error(409, "ConditionalRequestConflict")),
            ("GetObject", FaultKind::ResetAfter),
            ("GetObject", FaultKind::Truncate { bytes: 20 }),
            ("GetObject", error(500, "InternalError")),
            ("ListObjectsV2", error(503, "SlowDown")),
        ];
        for (index, (operation, kind)) in spoil.into_iter().enumerate() {
            let place = S3Place::new();
            let key = place.folder().join("key");
            let mut config = config(&format!("spoiled-{index}"), key, &endpoint);
            lease(&mut config, infra_state::S3Location::LEASE);
            control.set_faults(&[rule(operation, odd.clone(), kind.clone())]).await.expect("set");
            for _ in 0..2 {
                a_run(&config).await.unwrap_or_else(|e| panic!("{operation} {kind:?}: {e}"));
            }
            let hits = control.faults().await.expect("asked")[0].hits;
            assert!(hits > 2, "{operation} {kind:?} was spoiled {hits} times");
            control.set_faults(&[]).await.expect("cleared");
            let store = infra_state::open(&config, &owner()).await.expect("opens");
            let state = store.load().await.expect("loads");
            assert_eq!((state.serial, state.records.len(), state.open.len()), (2, 3, 0));
            // One object a write: none was written twice. Start, finish, and two of each of three.
            assert_eq!(Objects::of(&config).names("journal/").await.len(), 16);
            spoiled += hits;
        }
        let text = format!("S3, {spoiled} lost, cut or bad replies: 0 stuck runs, 0 written twice");
        figure("17", &text);
    });
}

/// A service that stays bad costs the run, not the state.
#[test]
fn a_storm_that_does_not_end_is_an_error_and_costs_nothing() {
    run(async {
        let (_alone, endpoint) = own_gate().await;
        let control = Control::new(&endpoint);
        let place = S3Place::new();
        let mut config = config("storm", place.folder().join("key"), &endpoint);
        lease(&mut config, LEASE);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        store.begin(&intent("a.b")).await.expect("begun");
        let all = rule("PutObject", Vec::new(), error(500, "InternalError"));
        control.set_faults(&[all]).await.expect("set");
        let error = store.begin(&intent("a.c")).await.expect_err("stormy");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        // Tried for as long as the lock was certain, and no longer.
        assert!(error.to_string().contains("it could not be renewed for 3 s: "), "{error}");
        control.set_faults(&[]).await.expect("cleared");
        // What became of the last write is unknown, so nothing is written after it.
        let again = store.commit(None, &[]).await.expect_err("failed for good");
        assert_eq!(again, error);
        drop(store);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        let open = store.load().await.expect("loads").open;
        assert_eq!(open[0].1, intent("a.b"));
    });
}

/// What is denied is told at once, with what the service said.
#[test]
fn what_is_denied_is_told_and_not_tried_again() {
    run(async {
        let (_alone, endpoint) = own_gate().await;
        let control = Control::new(&endpoint);
        let place = S3Place::new();
        let config = config("denied", place.folder().join("key"), &endpoint);
        for operation in ["GetObject", "PutObject", "ListObjectsV2"] {
            let denied = rule(operation, Vec::new(), error(403, "AccessDenied"));
            control.set_faults(&[denied]).await.expect("set");
            let error = infra_state::open(&config, &owner()).await.err().expect("denied");
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
            assert!(error.to_string().contains("AccessDenied: spoiled by a test"), "{error}");
            assert!(error.to_string().contains("s3://states/team/staging/denied"), "{error}");
            assert_eq!(control.faults().await.expect("asked")[0].hits, 1, "{operation}");
            control.set_faults(&[]).await.expect("cleared");
        }
    });
}

/// A begin and a commit are one request each, of one size, however large the state is.
#[test]
fn an_operation_costs_the_same_in_a_stack_of_any_size() {
    run(async {
        let (_alone, endpoint) = own_gate().await;
        let control = Control::new(&endpoint);
        let mut costs = Vec::new();
        for size in [100, 1_000, 10_000] {
            let place = S3Place::new();
            let mut config = config(&format!("cost-{size}"), place.folder().join("key"), &endpoint);
            lease(&mut config, infra_state::S3Location::LEASE * 4);
            let store = infra_state::open(&config, &owner()).await.expect("opens");
            let edits: Vec<_> = (0..size)
                .map(|index| Edit::Put(Box::new(record(&format!("many.n{index}")))))
                .collect();
            store.commit(None, &edits).await.expect("filled");
            let objects = Objects::of(&config);
            // From one snapshot on, so that the next does not fall into what is counted.
            while objects.names("snapshot/").await.len() < 2 {
                store.commit(None, &edits[..10]).await.expect("committed");
            }
            let before = objects.list().await;
            control.clear_log().await.expect("cleared");
            for index in 0..20 {
                let name = format!("many.n{index}");
                let number = store.begin(&intent(&name)).await.expect("begun");
                let edits = [Edit::Put(Box::new(record(&name)))];
                store.commit(Some(number), &edits).await.expect("committed");
            }
            let log = control.log(0).await.expect("read");
            let requests = log.iter().filter(|entry| entry.service == "s3").count();
            let after = objects.list().await;
            let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
            let bytes: i64 = new.map(|(_, size)| size).sum();
            costs.push((size, requests, bytes));
        }
        let text = "S3, cost of 20 begins and 20 commits (records, requests, bytes)";
        figure("cost", &format!("{text}: {costs:?}"));
        for (_, requests, bytes) in &costs {
            assert_eq!(*requests, 40);
            let (first, bytes) = (costs[0].2, *bytes);
            assert!(bytes < first + first / 10, "{costs:?}");
        }
    });
}

/// What comes while a request is on its way goes into the next one together.
#[test]
fn operations_in_flight_share_their_requests() {
    const WRITERS: usize = 16;
    const ROUNDS: usize = 4;
    run(async {
        let (_alone, endpoint) = own_gate().await;
        let control = Control::new(&endpoint);
        let place = S3Place::new();
        let mut config = config("in-flight", place.folder().join("key"), &endpoint);
        lease(&mut config, infra_state::S3Location::LEASE * 4);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        control.clear_log().await.expect("cleared");
        in_flight(&*store, WRITERS, ROUNDS).await;
        let log = control.log(0).await.expect("read");
        let requests = log.iter().filter(|entry| entry.service == "s3").count();
        let operations = WRITERS * ROUNDS;
        figure("cost", &format!("S3, {operations} operations, 16 in flight: {requests} requests"));
        assert!((2 * ROUNDS..operations).contains(&requests), "{operations} took {requests}");
        drop(store);
        let state = infra_state::open(&config, &owner()).await.expect("opens").load().await;
        assert_eq!(state.expect("loads").records.len(), operations);
    });
}

/// The number of the next object is taken, as by a run that took the lock over.
#[test]
fn a_group_whose_object_is_refused_fails_for_all_of_its_members() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        let objects = Objects::of(&config);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        store.begin(&intent("a.first")).await.expect("begun");
        objects.put("journal/00000000000000000002", b"another's".to_vec()).await;
        let intents: Vec<_> = (0..16).map(|n| intent(&format!("a.n{n}"))).collect();
        for begun in join_all(intents.iter().map(|intent| store.begin(intent))).await {
            let error = begun.expect_err("it was told that it is durable");
            assert!(matches!(error, StoreError::Lost { .. }), "{error}");
        }
        assert_eq!(objects.names("journal/").await.len(), 2, "it went on writing");
    });
}
