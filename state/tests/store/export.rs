//! The export is what a reader sees and what `restore` puts back: it is never left behind.

use std::fs;
use std::time::Duration;

use infra_sdk::store::{Edit, Store as _, StoreError};
use infra_state::{RestoreChecks, Snapshot};
use infra_testkit::store_suite::{record, run, run_record};

use crate::place::{SledPlace, owner};

/// Addresses and serial of the last export, and how many runs the reader was told of.
fn exported(place: &SledPlace) -> (Vec<String>, u64) {
    let state = Snapshot::read_at(&place.paths()).expect("readable").expect("there").state;
    (state.records.keys().map(ToString::to_string).collect(), state.serial)
}

/// A run that records this resource.
async fn a_run(place: &SledPlace, id: &str, address: &str) -> Result<(), StoreError> {
    let store = place.open().expect("opens");
    store.start(&run_record(id)).await.expect("started");
    store.commit(None, &[Edit::Put(Box::new(record(address)))]).await.expect("committed");
    store.finish(&run_record(id)).await
}

#[test]
fn an_export_that_could_not_be_written_is_written_by_the_next_opening() {
    let place = SledPlace::new();
    let (export, aside) = (place.paths().export(), place.root().join("aside"));
    run(async {
        a_run(&place, "run-1", "a.one").await.expect("finished");
        // A folder cannot be replaced by a file: as good as a disk that takes no more.
        fs::rename(&export, &aside).expect("moved");
        fs::create_dir(&export).expect("made");
        let refused = a_run(&place, "run-2", "a.two").await.expect_err("there is no room for it");
        assert!(refused.to_string().starts_with("write the export"), "{refused}");
        // What cannot be exported is told by whoever opens it next, and nothing is lost.
        assert!(place.refusal().to_string().starts_with("write the export"));
        fs::remove_dir(&export).expect("removed");
        fs::rename(&aside, &export).expect("moved back");
        assert_eq!(exported(&place), (vec!["a.one".to_owned()], 1));
        drop(place.open().expect("opens"));
        assert_eq!(exported(&place), (vec!["a.one".to_owned(), "a.two".to_owned()], 2));
    });
}

#[test]
fn a_run_that_was_killed_between_its_last_write_and_its_export_is_exported_by_the_next() {
    let place = SledPlace::new();
    let beside = [place.paths().export(), place.paths().directory().join("marker.json")];
    run(async {
        a_run(&place, "run-1", "a.one").await.expect("finished");
        let before = beside.each_ref().map(|path| fs::read(path).expect("read"));
        a_run(&place, "run-2", "a.two").await.expect("finished");
        for (path, bytes) in beside.iter().zip(before) {
            fs::write(path, bytes).expect("written");
        }
        assert_eq!(exported(&place).1, 1);
        drop(place.open().expect("opens"));
        assert_eq!(exported(&place), (vec!["a.one".to_owned(), "a.two".to_owned()], 2));
    });
}

#[test]
fn what_is_recorded_outside_of_a_run_is_exported_too() {
    let place = SledPlace::new();
    let export = place.paths().export();
    run(async {
        let store = place.open().expect("opens");
        store.commit(None, &[Edit::Put(Box::new(record("a.early")))]).await.expect("committed");
        drop(store);
        assert!(!export.exists(), "an export before the first run");
        a_run(&place, "run-1", "a.one").await.expect("finished");
        let written = || fs::metadata(&export).expect("there").modified().expect("a time");
        let before = written();
        drop(place.open().expect("opens"));
        assert_eq!(written(), before, "nothing had changed, and it was written anew");
        let store = place.open().expect("opens");
        store.commit(None, &[Edit::Remove(record("a.early").address)]).await.expect("committed");
        drop(store);
        assert_eq!(exported(&place), (vec!["a.one".to_owned()], 1));
    });
}

#[test]
fn a_restore_waits_for_the_run_that_holds_the_state() {
    let place = SledPlace::new();
    let export = place.root().join("export");
    run(async {
        a_run(&place, "run-1", "a.one").await.expect("finished");
        fs::copy(place.paths().export(), &export).expect("copied");
        let held = place.open().expect("opens");
        let (config, checks) = (place.config(), RestoreChecks::default());
        let refused = infra_state::restore(&config, &owner(), &export, checks).await.err();
        assert!(matches!(refused, Some(StoreError::Locked { .. })), "{refused:?}");
        let minute = Duration::from_secs(60);
        let (config, owner, export) = (&config, owner(), &export);
        let restore = infra_state::restore_within(config, &owner, export, checks, minute);
        let end = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(held);
        };
        let (restored, ()) = futures_util::future::join(restore, end).await;
        assert_eq!(restored.expect("restored").load().await.expect("loads").records.len(), 1);
    });
}
