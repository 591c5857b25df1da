//! The database's files over a long life, and what an operation costs in a large state.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use infra_sdk::store::{Edit, Record, Store as _};
use infra_sdk::{Object, Value};
use infra_testkit::store_suite::{in_flight, intent, record, run};

use crate::place::SledPlace;
use crate::proof::{figure, rounds};

/// A record without a secret: sealing is not what is measured here.
fn plain(address: &str, number: usize) -> Record {
    let number = i64::try_from(number).expect("small");
    let inputs = Object::from([("number".to_owned(), Value::Int(number))]);
    Record { inputs, deposed: Vec::new(), ..record(address) }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("listed"));
    let sizes = entries.map(|entry| {
        let metadata = entry.metadata().expect("there");
        if metadata.is_dir() { size(&entry.path()) } else { metadata.len() }
    });
    sizes.sum()
}

#[test]
fn many_changes_of_few_records_leave_a_small_file() {
    let place = SledPlace::new();
    let commits = rounds(100_000, 100_000);
    let database = place.paths().directory().join("sled");
    run(async {
        let store = place.open().expect("open");
        for first in (0..commits).step_by(200) {
            let edits: Vec<_> = (first..commits.min(first + 200))
                .map(|number| [Edit::Put(Box::new(plain(&format!("a.n{}", number % 10), number)))])
                .collect();
            for done in join_all(edits.iter().map(|edits| store.commit(None, edits))).await {
                done.expect("committed");
            }
        }
        let before = store.load().await.expect("loaded");
        drop(store);
        let grown = size(&database);
        let store = place.open().expect("open");
        let rewritten = size(&database);
        assert_eq!(store.load().await.expect("loaded"), before);
        assert_eq!(before.records.len(), 10);
        store.begin(&intent("a.next")).await.expect("begun");
        drop(store);
        assert!(rewritten <= 4 << 20, "it is still of {rewritten} bytes");
        figure(
            "growth",
            &format!(
                "commits {commits}, records 10, bytes {grown}, after the next open {rewritten}"
            ),
        );
    });
}

#[test]
fn a_state_that_was_large_becomes_small_again() {
    let place = SledPlace::new();
    let database = place.paths().directory().join("sled");
    let body = Object::from([("body".to_owned(), Value::from("x".repeat(10_000)))]);
    let large = |name: &str| Record { inputs: body.clone(), ..plain(name, 0) };
    let names: Vec<_> = (0..2_000).map(|number| format!("a.n{number}")).collect();
    run(async {
        let store = place.open().expect("open");
        for names in names.chunks(100) {
            let edits: Vec<_> = names.iter().map(|name| Edit::Put(Box::new(large(name)))).collect();
            store.commit(None, &edits).await.expect("committed");
        }
        for name in &names[2..] {
            let edits = [Edit::Remove(record(name).address)];
            store.commit(None, &edits).await.expect("committed");
        }
        let before = store.load().await.expect("loaded");
        drop(store);
        let grown = size(&database);
        assert!(grown > 4 << 20, "it did not grow: {grown} bytes, and nothing was tested");
        let store = place.open().expect("open");
        let rewritten = size(&database);
        assert!(rewritten < 1 << 20, "it is still of {rewritten} bytes");
        assert_eq!(store.load().await.expect("loaded"), before);
        let number = store.begin(&intent("a.next")).await.expect("begun");
        assert!(number > before.open.iter().map(|(number, _)| *number).max().unwrap_or(0));
        figure("growth", &format!("emptied: bytes before {grown}, after {rewritten}"));
    });
}

#[test]
fn a_crash_while_one_database_takes_the_place_of_another_loses_neither() {
    let place = SledPlace::new();
    let folder = place.paths().directory().to_owned();
    run(async {
        let store = place.open().expect("open");
        store.commit(None, &[Edit::Put(Box::new(record("a.b")))]).await.expect("committed");
        let before = store.load().await.expect("loaded");
        drop(store);
        for name in ["sled.old", "sled.kept"] {
            // The old one had lost its name, and the new one had not got it.
            fs::rename(folder.join("sled"), folder.join(name)).expect("renamed");
            fs::create_dir(folder.join("sled.new")).expect("made");
            fs::write(folder.join("sled.new/db"), b"half").expect("written");
            let store = place.open().expect("opens");
            assert_eq!(store.load().await.expect("loaded"), before);
            drop(store);
            assert!(!folder.join(name).exists());
            // The new one had its name already.
            fs::create_dir(folder.join(name)).expect("made");
            fs::write(folder.join(name).join("db"), b"old").expect("written");
            let store = place.open().expect("opens");
            assert_eq!(store.load().await.expect("loaded"), before);
            drop(store);
            assert!(!folder.join(name).exists());
        }
        let kept = fs::read_dir(&folder).expect("listed").filter(|entry| {
            let name = entry.as_ref().expect("listed").file_name();
            name.to_string_lossy().contains("replaced-")
        });
        assert_eq!(kept.count(), 1, "the one to be kept was not kept, or the other was");
    });
}

/// What one operation costs with so many records: milliseconds without the wait for the disk, which
/// is the same for all and varies with what else this machine does.
fn cost(place: &SledPlace, records: usize, operations: usize) -> (f64, u64) {
    let mut measured = None;
    run(async {
        let store = place.open().expect("open");
        let edits: Vec<_> = (0..records)
            .map(|number| Edit::Put(Box::new(plain(&format!("a.n{number}"), number))))
            .collect();
        for edits in edits.chunks(1000) {
            store.commit(None, edits).await.expect("committed");
        }
        let before = size(&place.paths().directory().join("sled"));
        let mut times = Vec::new();
        for operation in 0..operations {
            let name = format!("a.n{}", operation * 7 % records);
            let edits = [Edit::Put(Box::new(plain(&name, operation)))];
            let started = Instant::now();
            let number = store.begin(&intent(&name)).await.expect("begun");
            store.commit(Some(number), &edits).await.expect("committed");
            times.push(started.elapsed());
        }
        times.sort();
        let written = size(&place.paths().directory().join("sled")) - before;
        let median = times.get(times.len() / 2).copied().unwrap_or(Duration::ZERO);
        measured = Some((median.as_secs_f64() * 1000.0, written / operations as u64));
    });
    measured.expect("it ran")
}

#[test]
fn an_operation_costs_the_same_in_a_small_and_in_a_large_state() {
    let operations = rounds(100, 1000);
    let mut report = Vec::new();
    let mut times = Vec::new();
    for records in [100, 1_000, 10_000] {
        let place = SledPlace::new();
        let (median, bytes) = cost(&place, records, operations);
        report.push(format!("{records} records: {median:.2} ms, {bytes} bytes"));
        times.push(median);
    }
    figure("latency", &format!("begin and commit, median of {operations}: {}", report.join("; ")));
    assert!(times[2] < times[0] * 5.0 + 5.0, "it grows with the state: {times:?} ms");
}

#[test]
fn operations_in_flight_share_their_syncs() {
    const WRITERS: usize = 16;
    let rounds = rounds(8, 64);
    let place = SledPlace::new();
    run(async {
        let store = place.open().expect("open");
        let before = store.syncs();
        in_flight(&store, WRITERS, rounds).await;
        let syncs = store.syncs() - before;
        let operations = (WRITERS * rounds) as u64;
        assert!(syncs >= 2 * rounds as u64, "a begin or a commit was not synced: {syncs}");
        assert!(syncs < operations, "{operations} operations took {syncs} syncs");
        figure("group", &format!("{operations} operations of {WRITERS} writers: {syncs} syncs"));
    });
}

#[test]
fn a_commit_of_nothing_is_counted_like_any_other() {
    let place = SledPlace::new();
    run(async {
        for _ in 0..3 {
            let store = place.open().expect("it has lost no change");
            let before = store.syncs();
            store.commit(None, &[]).await.expect("committed");
            assert_eq!(store.syncs(), before + 1);
        }
    });
}
