//! Keys of states in a bucket: where they come from, how they change, and what `restore` checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra_sdk::Value;
use infra_sdk::store::{Edit, State, StoreError};
use infra_state::{Config, KeySource, KmsWrapper, Location, RestoreChecks, S3Location, Snapshot};
use infra_testkit::store_suite::{intent, record, run, run_record};

use crate::place::{Objects, S3Place, owner};

fn passphrase(text: &str) -> KeySource {
    KeySource::passphrase(text.to_owned())
}

fn with(config: &Config, key: KeySource) -> Config {
    Config { key: Some(key), ..config.clone() }
}

/// Fills a state with some of everything and returns what it holds.
async fn fill(config: &Config, name: &str) -> State {
    let store = infra_state::open(config, &owner()).await.expect("open");
    store.start(&run_record(name)).await.expect("started");
    let secret = Value::from("hunter2").sensitive();
    let edits = [
        Edit::Put(Box::new(record("a.b"))),
        Edit::Outputs([("password".to_owned(), secret.clone())].into()),
        Edit::Lookup("aws_secret {}".to_owned(), secret),
    ];
    store.commit(None, &edits).await.expect("committed");
    store.begin(&intent("b.open")).await.expect("begun");
    store.finish(&run_record(name)).await.expect("finished");
    store.load().await.expect("loaded")
}

async fn read(config: &Config) -> Result<State, StoreError> {
    infra_state::open(config, &owner()).await?.load().await
}

/// The sealed values of the export, and the id of the key that seals them.
async fn sealed(objects: &Objects) -> (Vec<String>, String) {
    let export = objects.get("export.json").await;
    let text = String::from_utf8(export).expect("text");
    let lines = text.lines().filter(|line| line.contains("$sealed"));
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let key = json["body"]["key"].as_str().expect("an id").to_owned();
    (lines.map(str::to_owned).collect(), key)
}

#[test]
fn a_new_source_takes_over_in_a_bucket_and_the_old_one_opens_nothing_any_more() {
    for rotate in [false, true] {
        run(async {
            let place = S3Place::new();
            let old = place.calm().await;
            let new = with(&old, passphrase("correct horse battery"));
            let objects = Objects::of(&old);
            let before = fill(&old, "run-1").await;
            let was = sealed(&objects).await;
            assert!(!was.0.is_empty());
            let source = new.key.as_ref().expect("given");
            infra_state::rekey(&old, &owner(), source, rotate).await.expect("changed");
            // What the old key opens is deleted: one snapshot is left, and it is the new one.
            assert_eq!(objects.names("snapshot/").await.len(), 1);
            assert_eq!(read(&new).await.expect("opens with the new source"), before);
            let shown = read(&old).await.expect_err("the old source opens it").to_string();
            assert!(shown.contains("is sealed with a passphrase"), "{shown}");
            Snapshot::read(&old).await.expect_err("the old source opens the export");
            let snapshot = Snapshot::read(&new).await.expect("readable").expect("there");
            assert_eq!(snapshot.state.outputs, before.outputs);
            let now = sealed(&objects).await;
            assert_eq!((was.0 != now.0, was.1 != now.1), (rotate, rotate));
            let store = infra_state::open(&new, &owner()).await.expect("open");
            assert_eq!(store.history().await.expect("history"), [run_record("run-1")]);
            let next = store.begin(&intent("c.next")).await.expect("begun");
            assert!(before.open.iter().all(|(number, _)| *number < next));
        });
    }
}

#[test]
fn a_key_in_a_bucket_that_cannot_be_changed_leaves_everything_as_it_was() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        let refused = infra_state::rekey(&config, &owner(), &passphrase("x"), true).await;
        assert!(refused.expect_err("no state").to_string().contains("there is none yet"));
        let before = fill(&config, "run-1").await;
        let names = Objects::of(&config).names("").await;
        let refused = infra_state::rekey(&config, &owner(), &passphrase(""), true).await;
        assert!(refused.expect_err("an empty passphrase").to_string().ends_with("it is empty"));
        assert_eq!(Objects::of(&config).names("").await, names);
        assert_eq!(read(&config).await.expect("opens"), before);
        let config = place.config().await;
        let held = infra_state::open(&config, &owner()).await.expect("open");
        let refused = infra_state::rekey(&config, &owner(), &passphrase("x"), true).await;
        assert!(matches!(refused, Err(StoreError::Locked { .. })), "{refused:?}");
        drop(held);
        assert_eq!(read(&config).await.expect("opens"), before);
    });
}

/// Saves the export that stands in the bucket.
async fn save(config: &Config, path: PathBuf) -> PathBuf {
    fs::write(&path, Objects::of(config).get("export.json").await).expect("saved");
    path
}

async fn restore(config: &Config, export: &Path, checks: RestoreChecks) -> Result<(), StoreError> {
    infra_state::restore(config, &owner(), export, checks).await.map(drop)
}

#[test]
fn an_older_export_or_one_of_another_state_is_restored_only_when_that_is_accepted() {
    run(async {
        let (place, other) = (S3Place::new(), S3Place::new());
        let config = place.calm().await;
        let foreign = Config { stack: other.calm().await.stack, ..config.clone() };
        fill(&config, "run-1").await;
        let older = save(&config, place.folder().join("older.json")).await;
        fill(&config, "run-2").await;
        fill(&foreign, "run-1").await;
        let foreign = save(&foreign, place.folder().join("foreign.json")).await;
        let none = RestoreChecks::default();
        let objects = Objects::of(&config);
        // What the journal and the export say is gone: the lock knows the serial as well.
        for damaged in [false, true] {
            if damaged {
                objects.delete("export.json").await;
                let names = objects.names("snapshot/").await;
                let newest = names.last().expect("there is one");
                objects.put(newest, b"damaged".to_vec()).await;
            }
            let refused = restore(&config, &older, none).await.expect_err("older").to_string();
            let both = "its serial is 1, and the one here is 2";
            assert!(refused.contains(both), "{refused}");
            let refused = restore(&config, &foreign, none).await.expect_err("foreign").to_string();
            assert!(refused.contains("the export is of another state"), "{refused}");
        }
        restore(&config, &older, RestoreChecks { older: true, ..none }).await.expect("accepted");
        // A number that a run has had is never given to another one.
        assert_eq!(read(&config).await.expect("opens").serial, 2);
        let accepted = RestoreChecks { other_lineage: true, ..none };
        restore(&config, &foreign, accepted).await.expect("accepted");
        assert_eq!(read(&config).await.expect("opens").serial, 1);
        // And it is the state of this place from then on.
        restore(&config, &foreign, none).await.expect("the same state");
    });
}

async fn kms_key(location: &S3Location) -> KmsWrapper {
    let (key, secret) = location.credentials.clone().expect("credentials");
    let wrapper = KmsWrapper {
        key_id: String::new(),
        region: location.region.clone(),
        endpoint_url: location.endpoint_url.clone(),
        credentials: location.credentials.clone(),
    };
    let credentials = aws_credential_types::Credentials::new(key, secret, None, None, "test");
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
        .region(aws_sdk_kms::config::Region::new(location.region.clone()))
        .endpoint_url(location.endpoint_url.clone().expect("an endpoint"))
        .credentials_provider(credentials)
        .build();
    let made = aws_sdk_kms::Client::from_conf(config).create_key().send().await.expect("made");
    let key_id = made.key_metadata.expect("described").key_id;
    KmsWrapper { key_id, ..wrapper }
}

#[test]
fn a_key_of_kms_wraps_the_key_of_a_state_and_opens_only_what_it_wrapped() {
    run(async {
        let place = S3Place::new();
        let plain = place.calm().await;
        let Location::S3(location) = &plain.location else { panic!("not in a bucket") };
        let (one, two) = (kms_key(location).await, kms_key(location).await);
        let source = |wrapper: &KmsWrapper| KeySource::Service(Arc::new(wrapper.clone()));
        let config = with(&plain, source(&one));
        let before = fill(&config, "run-1").await;
        assert!(!place.folder().join("state.key").exists(), "a key file was made");
        assert_eq!(read(&config).await.expect("opens"), before);
        let snapshot = Snapshot::read(&config).await.expect("readable").expect("there");
        assert_eq!(snapshot.state.outputs, before.outputs);
        let shown = read(&with(&plain, source(&two))).await.expect_err("another key").to_string();
        assert!(shown.contains(&two.key_id) && !shown.contains("hunter2"), "{shown}");
        let shown = read(&plain).await.expect_err("a key file").to_string();
        assert!(shown.contains("is sealed with `kms`"), "{shown}");
        let lineage = before.lineage.as_bytes();
        // The context is part of what was wrapped, so a wrapped key opens for its state alone.
        let export = Objects::of(&config).get("export.json").await;
        let json: serde_json::Value = serde_json::from_slice(&export).expect("JSON");
        let wrapped = &json["body"]["wrapped"];
        let text = wrapped["sealed"].as_str().expect("wrapped").to_owned();
        let context = infra_state::KeyContext {
            lineage: String::from_utf8_lossy(lineage).into_owned(),
            stack: config.stack.clone(),
        };
        let unwrap = async |context: infra_state::KeyContext| {
            let (one, text) = (one.clone(), text.clone());
            let unwrap = move || infra_state::KeyWrapper::unwrap(&one, &text, &context);
            tokio::task::spawn_blocking(unwrap).await.expect("ran")
        };
        unwrap(context.clone()).await.expect("opens");
        let elsewhere = infra_state::KeyContext { stack: "blog".to_owned(), ..context };
        unwrap(elsewhere).await.expect_err("it opens in another context");
        // From one key of KMS to the other, and to a file.
        infra_state::rekey(&config, &owner(), &source(&two), false).await.expect("changed");
        let config = with(&plain, source(&two));
        assert_eq!(read(&config).await.expect("opens"), before);
        let file = KeySource::File(place.folder().join("state.key"));
        infra_state::rekey(&config, &owner(), &file, true).await.expect("changed");
        assert_eq!(read(&plain).await.expect("opens"), before);
        assert!(!format!("{one:?}").contains("\"test\""), "{one:?}");
    });
}

#[test]
fn a_state_moves_with_its_wrapped_key_and_only_to_where_that_opens() {
    run(async {
        let place = S3Place::new();
        let file = place.calm().await;
        let shared = with(&file, passphrase("correct horse battery"));
        let root = place.folder().join(".infra");
        let local = Config { location: Location::Local { root }, ..shared.clone() };
        let before = fill(&local, "run-1").await;
        let refused = infra_state::move_state(&local, &file, &owner()).await;
        let shown = refused.expect_err("the wrong source").to_string();
        assert!(shown.contains("is sealed with a passphrase"), "{shown}");
        assert_eq!(read(&local).await.expect("it still lives there"), before);
        infra_state::move_state(&local, &shared, &owner()).await.expect("moved");
        assert_eq!(read(&shared).await.expect("opens"), before);
        assert!(!place.folder().join("state.key").exists(), "a key file was made");
        infra_state::move_state(&shared, &local, &owner()).await.expect("moved back");
        assert_eq!(read(&local).await.expect("opens"), before);
    });
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn a_state_of_the_first_format_becomes_one_of_this_format_when_it_moves() {
    run(async {
        let place = S3Place::new();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
        let root = place.folder().join(".infra");
        let mut shared = place.calm().await;
        let key = root.join("state.key");
        if let Location::S3(location) = &mut shared.location {
            location.key.clone_from(&key);
        }
        let local = Location::Local { root: root.clone() };
        let local = Config { location: local, ..shared.clone() };
        copy_folder(&golden.join("state"), local.paths().expect("named").directory());
        fs::copy(golden.join("state.key"), &key).expect("copied");
        let before = read(&local).await.expect("opens");
        infra_state::move_state(&local, &shared, &owner()).await.expect("moved");
        assert_eq!(read(&shared).await.expect("opens"), before);
        let export = Objects::of(&shared).get("export.json").await;
        let json: serde_json::Value = serde_json::from_slice(&export).expect("JSON");
        assert!(json["body"]["wrapped"].is_object(), "its key is not wrapped");
    });
}
