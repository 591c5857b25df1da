//! The store in memory passes the suite of every store, and fails the way it is told to.

use infra_sdk::store::{Edit, Store as _, StoreError};
use infra_testkit::MemoryDisk;
use infra_testkit::memory_store::{Call, Crash, Write};
use infra_testkit::store_suite::{intent, record, run};

infra_testkit::store_suite!(MemoryDisk::new());

fn full() -> StoreError {
    StoreError::Unavailable { action: "write".to_owned(), reason: "the disk is full".to_owned() }
}

#[test]
fn the_named_call_fails_and_writes_nothing() {
    run(async {
        let disk = MemoryDisk::new();
        let store = disk.open().expect("open");
        store.fail(Call::Begin, 2, full());
        let first = store.begin(&intent("a.b")).await.expect("the first works");
        store.begin(&intent("a.c")).await.expect_err("the second is refused");
        let third = store.begin(&intent("a.d")).await.expect("the third works");
        assert_eq!(disk.writes().len(), 2);
        let open: Vec<u64> = disk.state().open.into_iter().map(|(number, _)| number).collect();
        assert_eq!(open, [first, third]);
    });
}

#[test]
fn a_crash_loses_the_write_or_only_its_answer() {
    for (side, records) in [(Crash::BeforeWrite, 0), (Crash::AfterWrite, 1)] {
        run(async {
            let disk = MemoryDisk::new();
            let store = disk.open().expect("open");
            store.crash_at(2, side);
            let work = async {
                let number = store.begin(&intent("a.b")).await.expect("begun");
                let edits = [Edit::Put(Box::new(record("a.b")))];
                store.commit(Some(number), &edits).await.expect("committed");
            };
            tokio::select! {
                () = work => panic!("a dead store answered"),
                () = store.crashed() => {}
            }
            let state = disk.open().expect("open while the dead one lies there").load().await;
            let state = state.expect("loaded");
            assert_eq!((state.records.len(), state.open.len()), (records, 1 - records));
            assert!(matches!(disk.writes()[0], Write::Begin(1, _)));
        });
    }
}
