//! Where the key of a state comes from, and how it is changed.

use std::fs;

use infra_sdk::Value;
use infra_sdk::store::{Edit, Operation, RunChange, State, StoreError};
use infra_state::{Config, KeySource, RestoreChecks, Snapshot};
use infra_testkit::store_suite::{intent, record, run, run_record};

use crate::place::{SledPlace, owner};

fn passphrase(text: &str) -> KeySource {
    KeySource::passphrase(text.to_owned())
}

fn with(place: &SledPlace, key: KeySource) -> Config {
    Config { key: Some(key), ..place.config() }
}

fn change() -> RunChange {
    RunChange {
        run: "run-1".to_owned(),
        at: "2026-11-22T05:00:00Z".to_owned(),
        address: record("a.b").address,
        type_name: "aws_db_instance".to_owned(),
        operation: Operation::Update,
        id: "db-1".to_owned(),
        before: Some(record("a.b")),
    }
}

/// Fills a state with some of everything and returns what it holds.
async fn fill(config: &Config) -> State {
    let store = infra_state::open(config, &owner()).await.expect("open");
    store.start(&run_record("run-1")).await.expect("started");
    store.begin(&intent("b.open")).await.expect("begun");
    let secret = Value::from("hunter2").sensitive();
    let edits = [
        Edit::Put(Box::new(record("a.b"))),
        Edit::Outputs([("password".to_owned(), secret.clone())].into()),
        Edit::Lookup("aws_secret {}".to_owned(), secret),
        Edit::Note(Box::new(change())),
    ];
    store.commit(None, &edits).await.expect("committed");
    store.finish(&run_record("run-1")).await.expect("finished");
    store.load().await.expect("loaded")
}

async fn read(config: &Config) -> Result<State, StoreError> {
    let store = infra_state::open(config, &owner()).await?;
    assert_eq!(store.history().await?, [run_record("run-1")]);
    assert_eq!(store.changes("run-1").await?, [change()]);
    store.load().await
}

#[test]
fn a_state_under_a_passphrase_needs_no_key_file_and_opens_with_nothing_else() {
    let place = SledPlace::new();
    let config = with(&place, passphrase("correct horse battery"));
    run(async {
        let state = fill(&config).await;
        assert!(!place.key().exists(), "a key file was made");
        assert_eq!(read(&config).await.expect("opens"), state);
        let snapshot = Snapshot::read(&config).await.expect("readable").expect("there");
        assert_eq!(snapshot.state.outputs, state.outputs);
        let wrong = with(&place, passphrase("correct horse batterz"));
        let shown = read(&wrong).await.expect_err("opened").to_string();
        assert!(
            shown.ends_with("the passphrase is not the one that it was sealed with"),
            "{shown}"
        );
        let shown = read(&place.config()).await.expect_err("opened").to_string();
        assert!(shown.contains("is sealed with a passphrase"), "{shown}");
        assert!(!place.key().exists(), "a key file was made");
    });
}

#[test]
fn an_export_opens_elsewhere_with_the_same_source() {
    let (here, there) = (SledPlace::new(), SledPlace::new());
    let source = || passphrase("correct horse battery");
    run(async {
        let state = fill(&with(&here, source())).await;
        let export = here.paths().export();
        let config = with(&there, source());
        let restored =
            infra_state::restore(&config, &owner(), &export, RestoreChecks::default()).await;
        let found = restored.expect("restored").load().await.expect("loaded");
        assert_eq!((found.records, found.outputs), (state.records, state.outputs));
    });
}

#[test]
fn two_states_under_one_key_file_have_keys_of_their_own() {
    let place = SledPlace::new();
    let other = Config { stack: "blog".to_owned(), ..place.config() };
    run(async {
        fill(&place.config()).await;
        fill(&other).await;
    });
    let data_key = |config: &Config| {
        let export = fs::read(config.paths().expect("names").export()).expect("read");
        let json: serde_json::Value = serde_json::from_slice(&export).expect("JSON");
        json["body"]["key"].as_str().expect("an id").to_owned()
    };
    assert_ne!(data_key(&place.config()), data_key(&other));
}

#[test]
fn a_new_source_takes_over_and_the_old_one_opens_nothing_any_more() {
    for rotate in [false, true] {
        let place = SledPlace::new();
        let (old, new) = (place.config(), with(&place, passphrase("correct horse battery")));
        run(async {
            let before = fill(&old).await;
            let export = fs::read_to_string(place.paths().export()).expect("read");
            infra_state::rekey(&old, &owner(), new.key.as_ref().expect("given"), rotate)
                .await
                .expect("changed");
            assert_eq!(read(&new).await.expect("opens with the new source"), before);
            let shown = read(&old).await.expect_err("the old source opens it").to_string();
            assert!(shown.contains("is sealed with a passphrase"), "{shown}");
            Snapshot::read(&old).await.expect_err("the old source opens the export");
            let snapshot = Snapshot::read(&new).await.expect("readable").expect("there");
            assert_eq!(snapshot.state.outputs, before.outputs);
            // What was sealed stays as it was, unless it was asked for.
            let after = fs::read_to_string(place.paths().export()).expect("read");
            let sealed = |text: &str| -> Vec<String> {
                let lines = text.lines().filter(|line| line.contains("$sealed"));
                lines.map(str::to_owned).collect()
            };
            assert!(!sealed(&export).is_empty());
            assert_eq!(sealed(&export) != sealed(&after), rotate);
            // The next number is one that was never given out.
            let store = infra_state::open(&new, &owner()).await.expect("open");
            let next = store.begin(&intent("c.next")).await.expect("begun");
            assert!(before.open.iter().all(|(number, _)| *number < next));
            drop(store);
            let names = fs::read_dir(place.paths().directory()).expect("listed");
            let names = names.map(|entry| entry.expect("listed").file_name());
            let names: Vec<_> =
                names.filter(|name| name.to_string_lossy().contains("sled")).collect();
            assert_eq!(names, ["sled"], "an old database was left behind");
        });
    }
}

#[test]
fn a_key_that_cannot_be_changed_leaves_everything_as_it_was() {
    let place = SledPlace::new();
    run(async {
        let before = fill(&place.config()).await;
        let refused = infra_state::rekey(&place.config(), &owner(), &passphrase(""), true).await;
        assert!(refused.expect_err("an empty passphrase").to_string().ends_with("it is empty"));
        let held = place.open().expect("open");
        let refused = infra_state::rekey(&place.config(), &owner(), &passphrase("x"), true).await;
        assert!(matches!(refused, Err(StoreError::Locked { .. })));
        drop(held);
        assert_eq!(read(&place.config()).await.expect("opens"), before);
        let empty = SledPlace::new();
        let refused = infra_state::rekey(&empty.config(), &owner(), &passphrase("x"), true).await;
        assert!(refused.expect_err("no state").to_string().contains("there is none yet"));
    });
}

#[test]
fn a_file_is_sealed_for_one_state_and_one_place() {
    let place = SledPlace::new();
    let config = place.config();
    run(async {
        let store = infra_state::open(&config, &owner()).await.expect("open");
        let sealed = store.seal("plan 1", b"hunter2").expect("sealed");
        assert!(!sealed.contains("hunter2"));
        assert_eq!(store.unseal("plan 1", &sealed).expect("opens"), b"hunter2");
        for (place, text) in [("plan 2", sealed.as_str()), ("plan 1", "AAAA"), ("plan 1", "")] {
            let error = store.unseal(place, text).expect_err("opened");
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        }
        // Of another stack, sealed with the same key file.
        let other = Config { stack: "other".to_owned(), ..config.clone() };
        let other = infra_state::open(&other, &owner()).await.expect("open");
        assert!(other.unseal("plan 1", &sealed).is_err());
        drop(store);
        infra_state::rekey(&config, &owner(), &KeySource::File(place.key()), true)
            .await
            .expect("rotated");
        let store = infra_state::open(&config, &owner()).await.expect("open");
        assert!(store.unseal("plan 1", &sealed).is_err(), "an old key is still known");
    });
}
