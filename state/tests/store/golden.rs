//! States that earlier releases wrote, byte for byte. Every later release reads each of them.
//!
//! `INFRA_WRITE_GOLDEN=DIR` makes the one of this release in an empty folder; a new format gets a
//! new folder and the old ones stay as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use infra_sdk::store::{
    Edit, Intent, Operation, Record, RunChange, RunRecord, State, Status, Store as _,
};
use infra_sdk::{Object, Value};
use infra_state::{FORMAT, Paths, SledStore, read_export};
use infra_testkit::store_suite::{intent, record, run, run_record};

use crate::place::owner;

fn golden(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version)
}

/// What a golden state of this format holds, but for its lineage.
fn content(format: u16) -> (State, Vec<RunRecord>) {
    let values = Object::from([
        ("bool".to_owned(), Value::Bool(true)),
        ("float".to_owned(), Value::Float(0.1)),
        ("infinite".to_owned(), Value::Float(f64::NEG_INFINITY)),
        ("int".to_owned(), Value::Int(i64::MIN)),
        ("list".to_owned(), Value::List(vec![Value::Null, Value::from("ä").sensitive()])),
        ("map".to_owned(), Value::Map([("$ref".to_owned(), Value::from("x"))].into())),
        ("unknown".to_owned(), Value::Unknown),
    ]);
    let secret = Value::Map([("inner".to_owned(), Value::from("golden").sensitive())].into());
    let ready = Record {
        inputs: values.clone(),
        status: Status::Ready,
        location: None,
        deposed: Vec::new(),
        ..record("network.vpc")
    };
    let update = Intent {
        operation: Operation::Update,
        id: Some("db-1".to_owned()),
        ..intent("shop.update")
    };
    let delete = Intent {
        operation: Operation::Delete,
        id: Some("db-2".to_owned()),
        inputs: values.clone(),
        ..intent("shop.delete")
    };
    let mut records = [record("shop.database"), ready];
    let mut history = vec![run_record("run-1"), run_record("run-2")];
    if format == 1 {
        // It knew neither until when a run waits nor who ran it.
        for record in &mut records {
            if let Status::Created(waiting) = &mut record.status {
                waiting.until = None;
            }
        }
        history.iter_mut().for_each(|run| run.by.clear());
    }
    let state = State {
        lineage: String::new(),
        serial: 2,
        records: records.map(|record| (record.address.clone(), record)).into(),
        outputs: BTreeMap::from([
            ("endpoint".to_owned(), Value::from("db.example")),
            ("secret".to_owned(), secret.sensitive()),
        ]),
        lookups: BTreeMap::from([("aws_zones {}".to_owned(), Value::Map(values))]),
        open: vec![(2, intent("shop.create")), (3, update), (4, delete)],
    };
    (state, history)
}

/// What a run of the history did.
fn changes(run: &str) -> Vec<RunChange> {
    let change = |operation, before: Option<Record>| RunChange {
        run: run.to_owned(),
        at: "2026-11-22T04:57:30Z".to_owned(),
        address: record("shop.database").address,
        type_name: "aws_db_instance".to_owned(),
        operation,
        id: "db-1".to_owned(),
        before,
    };
    vec![
        change(Operation::Create, None),
        change(Operation::Update, Some(record("shop.database"))),
        change(Operation::Delete, Some(record("shop.database"))),
    ]
}

#[test]
fn this_release_writes_what_it_reads() {
    let asked = std::env::var_os("INFRA_WRITE_GOLDEN").map(PathBuf::from);
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = asked.unwrap_or_else(|| temporary.path().to_owned());
    let paths = Paths::new(&folder.join("state"), &folder.join("state.key"));
    let (state, history) = content(FORMAT);
    run(async {
        let store = SledStore::open(&paths, &owner()).expect("open");
        let closed = store.begin(&intent("shop.done")).await.expect("begun");
        assert_eq!(closed, 1);
        let mut edits: Vec<Edit> =
            state.records.values().cloned().map(Box::new).map(Edit::Put).collect();
        edits.push(Edit::Outputs(state.outputs.clone()));
        edits.extend(state.lookups.iter().map(|(k, v)| Edit::Lookup(k.clone(), v.clone())));
        store.commit(Some(closed), &edits).await.expect("committed");
        for (number, intent) in &state.open {
            assert_eq!(store.begin(intent).await.expect("begun"), *number);
        }
        for run in &history {
            store.start(run).await.expect("started");
            let notes = changes(&run.id).into_iter().map(Box::new).map(Edit::Note);
            store.commit(None, &notes.collect::<Vec<_>>()).await.expect("noted");
            store.finish(run).await.expect("finished");
        }
    });
    let elsewhere = tempfile::tempdir().expect("a folder");
    let copy = elsewhere.path().join("copy");
    copy_folder(&folder, &copy);
    read(&copy, FORMAT);
}

#[test]
fn format_1_is_read() {
    let temporary = tempfile::tempdir().expect("a folder");
    let copy = temporary.path().join("v1");
    copy_folder(&golden("v1"), &copy);
    read(&copy, 1);
}

#[test]
fn format_2_is_read() {
    let temporary = tempfile::tempdir().expect("a folder");
    let copy = temporary.path().join("v2");
    copy_folder(&golden("v2"), &copy);
    read(&copy, 2);
}

#[test]
fn a_state_of_format_1_is_upgraded_by_the_first_change_and_kept_as_it_was() {
    let temporary = tempfile::tempdir().expect("a folder");
    let copy = temporary.path().join("v1");
    copy_folder(&golden("v1"), &copy);
    let paths = Paths::new(&copy.join("state"), &copy.join("state.key"));
    let aside = || {
        let names = fs::read_dir(copy.join("state")).expect("listed");
        let paths = names.map(|entry| entry.expect("listed").path());
        let mut kept = paths.filter(|path| path.to_string_lossy().contains("sled.format-1-"));
        let first = kept.next();
        assert!(kept.next().is_none(), "it was kept twice");
        first
    };
    run(async {
        let before = SledStore::open(&paths, &owner()).expect("opens").load().await.expect("loads");
        assert!(aside().is_none(), "reading upgraded it");
        let store = SledStore::open(&paths, &owner()).expect("opens");
        store.begin(&intent("shop.next")).await.expect("begun");
        store.begin(&intent("shop.last")).await.expect("begun");
        drop(store);
        let kept = aside().expect("the old database was not kept");
        let after = SledStore::open(&paths, &owner()).expect("opens").load().await.expect("loads");
        assert_eq!((&after.records, &after.outputs), (&before.records, &before.outputs));
        assert_eq!(after.open.len(), before.open.len() + 2);
        // Back to the earlier release: its database stands there as it was.
        fs::remove_dir_all(copy.join("state/sled")).expect("removed");
        fs::rename(kept, copy.join("state/sled")).expect("renamed");
        fs::copy(golden("v1").join("state/mark"), copy.join("state/mark")).expect("copied");
        let back = SledStore::open(&paths, &owner()).expect("opens").load().await.expect("loads");
        assert_eq!(back, before);
    });
}

/// Opens the state in a folder and compares it and its export with [`content`].
fn read(folder: &Path, format: u16) {
    let paths = Paths::new(&folder.join("state"), &folder.join("state.key"));
    let (expected, expected_history) = content(format);
    run(async {
        let store = SledStore::open(&paths, &owner()).expect("opens");
        let state = store.load().await.expect("loads");
        assert_eq!(state.lineage.len(), 32);
        let expected = State { lineage: state.lineage.clone(), ..expected.clone() };
        assert_eq!(state, expected);
        assert_eq!(store.history().await.expect("history"), expected_history);
        for run in &expected_history {
            // Format 1 did not know what a run did.
            let expected = if format == 1 { Vec::new() } else { changes(&run.id) };
            assert_eq!(store.changes(&run.id).await.expect("changes"), expected);
        }
        let next = store.begin(&intent("shop.next")).await.expect("begun");
        assert_eq!(next, 5);
        let export = read_export(&paths.export()).expect("reads");
        assert_eq!((export.lineage(), export.serial()), (state.lineage.as_str(), 2));
        let exported = export.open(paths.key()).expect("opens");
        assert_eq!(exported.records, expected.records);
        assert_eq!(exported.outputs, expected.outputs);
    });
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).expect("made");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}
