//! One suite for every backend of the store port: a backend is what passes it.
//!
//! Start at [`store_suite!`](crate::store_suite!), which makes a test of every function here. Each
//! works on a [`StorePlace`] of its own: a place where a store can be opened again and again, as
//! one process after another would.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "these functions are tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use infra_sdk::durations::Sort;
use infra_sdk::provider::{BoxFuture, Place};
use infra_sdk::store::{
    Deposed, Edit, Intent, Operation, Record, RunChange, RunRecord, State, Status, Store,
    StoreError, Waiting,
};
use infra_sdk::{Address, Location, Object, Value};

use crate::MemoryDisk;

/// A place where a store can be opened, and opened again after it was dropped.
pub trait StorePlace: Send + Sync {
    /// Opens the store that is kept here.
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Store>, StoreError>>;

    /// A new, empty place of the same kind.
    fn another(&self) -> Box<dyn StorePlace>;
}

impl StorePlace for MemoryDisk {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Store>, StoreError>> {
        Box::pin(async move { Ok(Box::new(Self::open(self)?) as Box<dyn Store>) })
    }

    fn another(&self) -> Box<dyn StorePlace> {
        Box::new(Self::new())
    }
}

/// Makes a test of every function of the suite. Takes an expression that makes a new, empty
/// [`StorePlace`](crate::store_suite::StorePlace); it is evaluated once for each test.
#[macro_export]
macro_rules! store_suite {
    ($place:expr) => {
        $crate::store_suite! { @tests $place;
            an_empty_store_has_a_lineage_and_keeps_it,
            two_places_are_two_lineages,
            an_intent_is_open_until_it_is_committed,
            an_intent_is_aborted_without_edits,
            a_commit_may_close_nothing,
            edits_are_applied_all_or_none,
            an_intent_is_closed_once,
            open_intents_survive_in_order,
            numbers_are_never_reused,
            a_record_is_replaced_as_a_whole,
            the_later_of_two_edits_wins,
            outputs_are_replaced_all_at_once,
            lookups_are_kept_by_key,
            durations_are_kept_by_sort,
            every_kind_of_value_comes_back,
            a_run_counts_and_is_remembered,
            what_a_run_did_is_remembered,
            a_thousand_records_come_back,
            many_tasks_write_at_once,
            a_call_that_is_dropped_harms_nothing,
            a_second_open_is_refused_while_the_first_holds,
        }
    };
    (@tests $place:expr; $($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                let place = $place;
                $crate::store_suite::run($crate::store_suite::$name(&place));
            }
        )*
    };
}

/// Runs one test to its end.
pub fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test);
}

/// Operations of so many writers at once, `rounds` of each one after another: begun, and then
/// committed with a record.
pub async fn in_flight(store: &dyn Store, writers: usize, rounds: usize) {
    let write = |writer| async move {
        for round in 0..rounds {
            let name = format!("w{writer}.n{round}");
            let number = store.begin(&intent(&name)).await.expect("begun");
            let edits = [Edit::Put(Box::new(record(&name)))];
            store.commit(Some(number), &edits).await.expect("committed");
        }
    };
    join_all((0..writers).map(write)).await;
}

/// A record with one of everything.
#[must_use]
pub fn record(address: &str) -> Record {
    Record {
        address: self::address(address),
        type_name: "aws_db_instance".to_owned(),
        place: Place { region: Some("eu-central-1".to_owned()), provider: None },
        id: format!("db-{address}"),
        inputs: Object::from([
            ("password".to_owned(), Value::from("hunter2").sensitive()),
            ("ports".to_owned(), Value::List(vec![Value::Int(5432), Value::Null])),
        ]),
        outputs: Object::from([("id".to_owned(), Value::from(format!("db-{address}")))]),
        dependencies: vec![self::address("network.vpc")],
        status: Status::Created(Waiting {
            last: "creating".to_owned(),
            until: Some("2026-11-22T05:27:00Z".to_owned()),
        }),
        prevent_destroy: true,
        create_before_destroy: false,
        location: Some(Location { file: "src/shop.rs".to_owned(), line: 41, column: 5 }),
        deposed: vec![Deposed {
            id: "db-old".to_owned(),
            inputs: Object::from([("password".to_owned(), Value::from("old").sensitive())]),
        }],
    }
}

/// An intent to create what [`record`] describes.
#[must_use]
pub fn intent(address: &str) -> Intent {
    Intent {
        run: "run-1".to_owned(),
        address: self::address(address),
        type_name: "aws_db_instance".to_owned(),
        place: Place { region: None, provider: Some("audit".to_owned()) },
        operation: Operation::Create,
        token: format!("token-{address}"),
        digest: "d1".to_owned(),
        id: None,
        inputs: record(address).inputs,
        dependencies: vec![self::address("network.vpc")],
        started: "2026-11-22T04:57:00Z".to_owned(),
    }
}

/// A run that has ended, with something left.
#[must_use]
pub fn run_record(id: &str) -> RunRecord {
    RunRecord {
        id: id.to_owned(),
        command: "apply".to_owned(),
        started: "2026-11-22T04:57:00Z".to_owned(),
        ended: Some("2026-11-22T04:58:00Z".to_owned()),
        by: "ann on build-3".to_owned(),
        complete: false,
    }
}

/// The first open has a fresh lineage and nothing else; later ones have the same.
pub async fn an_empty_store_has_a_lineage_and_keeps_it(place: &dyn StorePlace) {
    let first = load(place).await;
    assert!(!first.lineage.is_empty());
    assert_eq!(first, State { lineage: first.lineage.clone(), ..State::default() });
    assert_eq!(load(place).await, first);
}

/// A lineage is random.
pub async fn two_places_are_two_lineages(place: &dyn StorePlace) {
    let other = place.another();
    assert_ne!(load(place).await.lineage, load(&*other).await.lineage);
}

/// `begin` is seen by the next process, and so is the `commit` that closes it.
pub async fn an_intent_is_open_until_it_is_committed(place: &dyn StorePlace) {
    let store = open(place).await;
    let number = store.begin(&intent("a.b")).await.expect("begun");
    drop(store);
    let state = load(place).await;
    assert_eq!(state.open, [(number, intent("a.b"))]);
    assert!(state.records.is_empty());
    let store = open(place).await;
    store.commit(Some(number), &[put("a.b")]).await.expect("committed");
    let seen = store.load().await.expect("loaded");
    drop(store);
    let state = load(place).await;
    assert_eq!(state, seen);
    assert!(state.open.is_empty());
    assert_eq!(state.records, BTreeMap::from([(address("a.b"), record("a.b"))]));
}

/// A commit without edits just closes the intent.
pub async fn an_intent_is_aborted_without_edits(place: &dyn StorePlace) {
    let store = open(place).await;
    let number = store.begin(&intent("a.b")).await.expect("begun");
    store.commit(Some(number), &[]).await.expect("aborted");
    drop(store);
    let state = load(place).await;
    assert_eq!((state.open.len(), state.records.len()), (0, 0));
}

/// A commit without an intent leaves those alone that are open.
pub async fn a_commit_may_close_nothing(place: &dyn StorePlace) {
    let store = open(place).await;
    let number = store.begin(&intent("a.b")).await.expect("begun");
    store.commit(None, &[put("c.d")]).await.expect("committed");
    drop(store);
    let state = load(place).await;
    assert_eq!(state.open, [(number, intent("a.b"))]);
    assert!(state.records.contains_key(&address("c.d")));
}

/// A commit that is refused has changed nothing, now and after a reopen.
pub async fn edits_are_applied_all_or_none(place: &dyn StorePlace) {
    let store = open(place).await;
    store.commit(None, &[put("a.b"), put("a.c")]).await.expect("committed");
    let before = store.load().await.expect("loaded");
    let edits = [put("a.d"), Edit::Remove(address("a.b")), Edit::Outputs(BTreeMap::new())];
    store.commit(Some(77), &edits).await.expect_err("no such intent");
    assert_eq!(store.load().await.expect("loaded"), before);
    store.commit(None, &edits).await.expect("committed");
    drop(store);
    let state = load(place).await;
    let addresses: Vec<_> = state.records.keys().map(Address::as_str).collect();
    assert_eq!(addresses, ["a.c", "a.d"]);
}

/// Closing an intent twice is a mistake that is told.
pub async fn an_intent_is_closed_once(place: &dyn StorePlace) {
    let store = open(place).await;
    let number = store.begin(&intent("a.b")).await.expect("begun");
    store.commit(Some(number), &[]).await.expect("closed");
    let error = store.commit(Some(number), &[put("a.b")]).await.expect_err("closed already");
    assert!(error.to_string().contains(&number.to_string()), "{error}");
    drop(store);
    assert!(load(place).await.records.is_empty());
}

/// Open intents come back oldest first, also past the numbers where text would sort differently.
pub async fn open_intents_survive_in_order(place: &dyn StorePlace) {
    let store = open(place).await;
    let mut expected = Vec::new();
    for index in 0..300 {
        let intent = intent(&format!("a.n{index}"));
        expected.push((store.begin(&intent).await.expect("begun"), intent));
    }
    let (closed, _) = expected.remove(150);
    store.commit(Some(closed), &[]).await.expect("closed");
    drop(store);
    let open = load(place).await.open;
    assert!(open.iter().map(|(number, _)| number).is_sorted());
    assert_eq!(open, expected);
}

/// A number that was given out is never given out again, whatever became of its intent.
pub async fn numbers_are_never_reused(place: &dyn StorePlace) {
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let store = open(place).await;
        for close in [true, false, true] {
            let number = store.begin(&intent("a.b")).await.expect("begun");
            assert!(seen.insert(number), "{number} was given out twice");
            if close {
                store.commit(Some(number), &[]).await.expect("closed");
            }
        }
    }
    assert_eq!(load(place).await.open.len(), 3);
}

/// Writing a record leaves nothing of the one before it.
pub async fn a_record_is_replaced_as_a_whole(place: &dyn StorePlace) {
    let store = open(place).await;
    store.commit(None, &[put("a.b")]).await.expect("committed");
    let bare = Record {
        inputs: Object::new(),
        dependencies: Vec::new(),
        deposed: Vec::new(),
        status: Status::Ready,
        location: None,
        prevent_destroy: false,
        create_before_destroy: true,
        ..record("a.b")
    };
    store.commit(None, &[Edit::Put(Box::new(bare.clone()))]).await.expect("committed");
    drop(store);
    assert_eq!(load(place).await.records[&address("a.b")], bare);
    let store = open(place).await;
    store.commit(None, &[Edit::Remove(address("a.b"))]).await.expect("removed");
    store.commit(None, &[Edit::Remove(address("a.b"))]).await.expect("removed again");
    drop(store);
    assert!(load(place).await.records.is_empty());
}

/// Edits of one commit work in their order.
pub async fn the_later_of_two_edits_wins(place: &dyn StorePlace) {
    let store = open(place).await;
    let output = |value: &str| {
        Edit::Outputs(BTreeMap::from([("name".to_owned(), Value::from(value).sensitive())]))
    };
    let edits = [
        put("a.b"),
        Edit::Remove(address("a.b")),
        Edit::Remove(address("a.c")),
        put("a.c"),
        output("first"),
        output("second"),
    ];
    store.commit(None, &edits).await.expect("committed");
    drop(store);
    let state = load(place).await;
    assert_eq!(state.records.into_values().collect::<Vec<_>>(), [record("a.c")]);
    let second = Value::from("second").sensitive();
    assert_eq!(state.outputs, BTreeMap::from([("name".to_owned(), second)]));
}

/// Outputs that are no longer there are gone.
pub async fn outputs_are_replaced_all_at_once(place: &dyn StorePlace) {
    let outputs = |names: &[&str]| -> BTreeMap<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), Value::from(*name))).collect()
    };
    let store = open(place).await;
    store.commit(None, &[Edit::Outputs(outputs(&["a", "b"]))]).await.expect("committed");
    store.commit(None, &[Edit::Outputs(outputs(&["b", "c"]))]).await.expect("committed");
    drop(store);
    assert_eq!(load(place).await.outputs, outputs(&["b", "c"]));
}

/// A lookup's key is any text, also one that is too long or too strange for a file name.
pub async fn lookups_are_kept_by_key(place: &dyn StorePlace) {
    let long = "x".repeat(5000);
    let expected: BTreeMap<String, Value> = ["", "a/../b", "ä \u{0} {\"k\":1}", &long]
        .into_iter()
        .map(|key| (key.to_owned(), Value::from(format!("answer to {key}"))))
        .collect();
    let store = open(place).await;
    for (key, answer) in &expected {
        let stale = Edit::Lookup(key.clone(), Value::Unknown);
        store.commit(None, &[stale]).await.expect("committed");
        let edit = Edit::Lookup(key.clone(), answer.clone());
        store.commit(None, &[edit]).await.expect("committed");
    }
    drop(store);
    assert_eq!(load(place).await.lookups, expected);
}

/// How long operations took is replaced sort by sort, and a place is part of a sort.
pub async fn durations_are_kept_by_sort(place: &dyn StorePlace) {
    let sort = |operation, region: Option<&str>| Sort {
        type_name: "aws_nat_gateway".to_owned(),
        operation,
        place: Place { region: region.map(str::to_owned), provider: None },
    };
    let seconds =
        |times: &[u64]| times.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
    let expected = BTreeMap::from([
        (sort(Operation::Create, None), seconds(&[90, 95])),
        (sort(Operation::Create, Some("eu-west-1")), seconds(&[80])),
        (sort(Operation::Delete, None), seconds(&[])),
    ]);
    let store = open(place).await;
    let stale = Edit::Durations(sort(Operation::Create, None), seconds(&[1, 2, 3]));
    store.commit(None, &[stale]).await.expect("committed");
    let edits: Vec<_> =
        expected.iter().map(|(sort, times)| Edit::Durations(sort.clone(), times.clone())).collect();
    store.commit(None, &edits).await.expect("committed");
    drop(store);
    assert_eq!(load(place).await.durations, expected);
}

/// Marks, numbers and names that JSON has not, or that a store could take for its own.
pub async fn every_kind_of_value_comes_back(place: &dyn StorePlace) {
    let map = |name: &str, value: Value| Value::Map(Object::from([(name.to_owned(), value)]));
    let values = [
        Value::Null,
        Value::Unknown,
        Value::Bool(false),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        Value::Float(1.0),
        Value::Float(0.1 + 0.2),
        Value::Float(f64::MIN_POSITIVE),
        Value::Float(f64::INFINITY),
        Value::from("line\nend\u{0}\u{202e}\"\\ä"),
        Value::List(vec![Value::Unknown, Value::from("x").sensitive(), Value::List(vec![])]),
        map("$sealed", Value::from("not sealed")),
        map("$unknown", Value::Bool(true)),
        map("$map", map("$sensitive", Value::Null)),
        map("", Value::Null),
        Value::Null.sensitive(),
        Value::Unknown.sensitive(),
        map("inner", Value::List(vec![Value::from("deep").sensitive()])).sensitive(),
        map("$sensitive", Value::from("x")).sensitive(),
    ];
    let object: Object =
        values.iter().enumerate().map(|(i, v)| (format!("value_{i}"), v.clone())).collect();
    let written = Record {
        inputs: object.clone(),
        outputs: object.clone(),
        deposed: vec![Deposed { id: "old".to_owned(), inputs: object.clone() }],
        ..record("a.b")
    };
    let begun = Intent { inputs: object.clone(), ..intent("a.b") };
    let edits = [
        Edit::Put(Box::new(written.clone())),
        Edit::Outputs(object.clone()),
        Edit::Lookup("key".to_owned(), Value::Map(object.clone())),
    ];
    let store = open(place).await;
    let number = store.begin(&begun).await.expect("begun");
    store.commit(None, &edits).await.expect("committed");
    drop(store);
    let state = load(place).await;
    assert_eq!(state.records[&address("a.b")], written);
    assert_eq!(state.open, [(number, begun)]);
    assert_eq!(state.outputs, object);
    assert_eq!(state.lookups["key"], Value::Map(object));
}

/// `start` counts the serial up and appends to the history; `finish` writes the run as it ended.
/// A run that was killed stays in the history without an end.
pub async fn a_run_counts_and_is_remembered(place: &dyn StorePlace) {
    let mut expected = Vec::new();
    for index in 0..12 {
        let store = open(place).await;
        let begun = RunRecord { ended: None, ..run_record(&format!("run-{index}")) };
        store.start(&begun).await.expect("started");
        store.commit(None, &[put("a.b")]).await.expect("committed");
        if index % 3 == 0 {
            expected.push(begun);
        } else {
            let ended = run_record(&begun.id);
            store.finish(&ended).await.expect("finished");
            expected.push(ended);
        }
    }
    assert_eq!(load(place).await.serial, 12);
    assert_eq!(open(place).await.history().await.expect("history"), expected);
}

/// What a run did comes back in its order, whoever wrote it, and of no other run.
pub async fn what_a_run_did_is_remembered(place: &dyn StorePlace) {
    let change = |run: &str, at: &str, before: bool| RunChange {
        run: run.to_owned(),
        at: "2026-11-22T04:57:30Z".to_owned(),
        address: address(at),
        type_name: "aws_db_instance".to_owned(),
        operation: if before { Operation::Update } else { Operation::Create },
        id: format!("db-{at}"),
        before: before.then(|| record(at)),
    };
    let first = [change("run-1", "a.c", false), change("run-1", "a.b", true)];
    let store = open(place).await;
    let notes = |changes: &[RunChange]| -> Vec<Edit> {
        changes.iter().map(|change| Edit::Note(Box::new(change.clone()))).collect()
    };
    store.commit(None, &notes(&first)).await.expect("committed");
    store.commit(None, &notes(&[change("run-10", "a.d", false)])).await.expect("committed");
    drop(store);
    let store = open(place).await;
    let late = change("run-1", "a.a", true);
    store.commit(None, &[put("a.a"), Edit::Note(Box::new(late.clone()))]).await.expect("committed");
    drop(store);
    let store = open(place).await;
    let [one, two] = first;
    assert_eq!(store.changes("run-1").await.expect("changes"), [one, two, late]);
    assert_eq!(store.changes("run-10").await.expect("changes").len(), 1);
    assert_eq!(store.changes("run-2").await.expect("changes"), []);
}

/// A state of a size that people have, written in one commit and changed in others.
pub async fn a_thousand_records_come_back(place: &dyn StorePlace) {
    let mut expected: BTreeMap<Address, Record> = (0..1000)
        .map(|index| {
            let mut record = record(&format!("many.n{index}"));
            let text = "policy ".repeat(index % 50);
            record.inputs.insert("policy".to_owned(), Value::from(text));
            (record.address.clone(), record)
        })
        .collect();
    let store = open(place).await;
    let edits: Vec<_> = expected.values().cloned().map(Box::new).map(Edit::Put).collect();
    store.commit(None, &edits).await.expect("committed");
    for index in (0..1000).step_by(100) {
        let changed = address(&format!("many.n{index}"));
        let record = expected.get_mut(&changed).expect("there");
        record.status = Status::Ready;
        store.commit(None, &[Edit::Put(Box::new(record.clone()))]).await.expect("committed");
        let removed = address(&format!("many.n{}", index + 1));
        expected.remove(&removed);
        store.commit(None, &[Edit::Remove(removed)]).await.expect("committed");
    }
    store.finish(&run_record("run-1")).await.expect("finished");
    drop(store);
    assert_eq!(load(place).await.records, expected);
}

/// Begins and commits of many tasks neither mix nor lose each other.
pub async fn many_tasks_write_at_once(place: &dyn StorePlace) {
    let store: Arc<dyn Store> = Arc::from(open(place).await);
    let tasks = (0..32).map(|task| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            for step in 0..8 {
                let name = format!("t{task}.s{step}");
                let number = store.begin(&intent(&name)).await.expect("begun");
                numbers.push(number);
                if step < 7 {
                    store.commit(Some(number), &[put(&name)]).await.expect("committed");
                }
            }
            numbers
        })
    });
    let numbers: Vec<u64> =
        join_all(tasks).await.into_iter().flat_map(|done| done.expect("a task failed")).collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 256, "a number came twice");
    drop(store);
    let state = load(place).await;
    assert_eq!((state.records.len(), state.open.len()), (32 * 7, 32));
    for (address, found) in &state.records {
        assert_eq!(found, &record(address.as_str()));
    }
    for (number, open) in &state.open {
        assert!(numbers.contains(number));
        assert_eq!(open.address.name(), "s7");
    }
}

/// A caller that gives up leaves an open intent at most, and everyone else undisturbed.
pub async fn a_call_that_is_dropped_harms_nothing(place: &dyn StorePlace) {
    let store = open(place).await;
    for index in 0..20 {
        let intent = intent(&format!("gone.n{index}"));
        let mut call = store.begin(&intent);
        let first_poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
        });
        first_poll.await;
        drop(call);
        let name = format!("kept.n{index}");
        store.commit(None, &[put(&name)]).await.expect("committed");
    }
    drop(store);
    let state = load(place).await;
    assert_eq!(state.records.len(), 20);
    assert!(state.open.iter().all(|(_, open)| open.address.scope() == Some("gone")));
}

/// One holder at a time, and the next as soon as he is gone.
pub async fn a_second_open_is_refused_while_the_first_holds(place: &dyn StorePlace) {
    let store = open(place).await;
    for _ in 0..2 {
        match place.open().await {
            Err(StoreError::Locked { holder, .. }) => assert!(!holder.is_empty()),
            Err(other) => panic!("not the lock: {other}"),
            Ok(_) => panic!("two hold one state"),
        }
    }
    store.commit(None, &[put("a.b")]).await.expect("the holder goes on");
    drop(store);
    assert_eq!(load(place).await.records.len(), 1);
}

async fn open(place: &dyn StorePlace) -> Box<dyn Store> {
    place.open().await.expect("the store opens")
}

async fn load(place: &dyn StorePlace) -> State {
    open(place).await.load().await.expect("the state loads")
}

fn put(name: &str) -> Edit {
    Edit::Put(Box::new(record(name)))
}

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}
