//! What the golden states hold, byte for byte as some release wrote it: one of everything.
//!
//! Start at [`content`]; [`write()`] makes it in an empty store, and [`check`] compares a store with it.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "these functions are tests")]

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::durations::Durations;
use infra_sdk::store::{
    Edit, Intent, Operation, Reads, Record, RunChange, RunRecord, State, Status, Store,
};
use infra_sdk::{Object, Value};

use crate::store_suite::{intent, record, run_record};

/// What a golden state of this format holds, but for its lineage.
#[must_use]
pub fn content(format: u16) -> (State, Vec<RunRecord>) {
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
        // Format 3 was the first that had them.
        reads: if format < 3 { Reads::new() } else { reads() },
        durations: Durations::new(),
        lookups: BTreeMap::from([("aws_zones {}".to_owned(), Value::Map(values))]),
        open: vec![(2, intent("shop.create")), (3, update), (4, delete)],
    };
    (state, history)
}

fn reads() -> Reads {
    let outputs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let network: BTreeSet<String> = outputs(&["subnet_ids", "vpc_id"]);
    Reads::from([("network".to_owned(), network), ("keys".to_owned(), outputs(&["data"]))])
}

/// What a run of the history did.
#[must_use]
pub fn changes(run: &str) -> Vec<RunChange> {
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

/// Writes it into an empty store.
pub async fn write(store: &dyn Store, format: u16) {
    let (state, history) = content(format);
    let closed = store.begin(&intent("shop.done")).await.expect("begun");
    assert_eq!(closed, 1);
    let mut edits: Vec<Edit> =
        state.records.values().cloned().map(Box::new).map(Edit::Put).collect();
    edits.push(Edit::Outputs(state.outputs.clone()));
    edits.push(Edit::Reads(state.reads.clone()));
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
}

/// Compares a store with it and begins one operation more. Gives what the store said.
pub async fn check(store: &dyn Store, format: u16) -> State {
    let (expected, history) = content(format);
    let state = store.load().await.expect("loads");
    assert_eq!(state.lineage.len(), 32);
    assert_eq!(state, State { lineage: state.lineage.clone(), ..expected });
    assert_eq!(store.history().await.expect("history"), history);
    for run in &history {
        // Format 1 did not know what a run did.
        let expected = if format == 1 { Vec::new() } else { changes(&run.id) };
        assert_eq!(store.changes(&run.id).await.expect("changes"), expected);
    }
    assert_eq!(store.begin(&intent("shop.next")).await.expect("begun"), 5);
    state
}
