//! Objects that earlier releases wrote, byte for byte. Every later release reads each of them.
//!
//! `INFRA_WRITE_GOLDEN=DIR` makes those of this release in an empty folder; a new format gets a new
//! folder and the old ones stay as they are. The key of an object is a part of it, so they are always
//! read from where they were written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use infra_sdk::store::{Edit, StoreError};
use infra_state::{Config, FORMAT, KeySource, S3Location, Snapshot};
use infra_testkit::golden;
use infra_testkit::store_suite::run;
use tokio::sync::Mutex;

use crate::place::{Objects, config, endpoint, lease, owner};

/// The place of the golden objects is one, and two tests use it.
static ALONE: Mutex<()> = Mutex::const_new(());

const STACK: &str = "golden";

/// More entries than a journal holds before there is a snapshot.
const MANY: usize = 130;

fn kept(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/s3").join(version)
}

async fn at(key: &Path) -> Config {
    let mut config = config(STACK, key.to_owned(), &endpoint().await);
    lease(&mut config, S3Location::LEASE);
    config
}

/// Objects as files: a folder of a key is a folder.
async fn save(config: &Config, folder: &Path) {
    let objects = Objects::of(config);
    for name in objects.names("").await {
        let path = folder.join(&name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, objects.get(&name).await).expect("written");
    }
}

async fn put(config: &Config, folder: &Path) {
    let objects = Objects::of(config);
    for name in objects.names("").await {
        objects.delete(&name).await;
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).expect("listed") {
            let path = entry.expect("listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "state.key") {
                let name = path.strip_prefix(folder).expect("below").to_str().expect("plain");
                objects.put(name, fs::read(&path).expect("read")).await;
            }
        }
    }
}

/// Opens the objects in a folder and compares them and their export with what they are to hold.
async fn read(folder: &Path, format: u16) {
    let temporary = tempfile::tempdir().expect("a folder");
    let key = temporary.path().join("state.key");
    fs::copy(folder.join("state.key"), &key).expect("copied");
    let config = at(&key).await;
    put(&config, folder).await;
    let seen = infra_state::look(&config).await.expect("readable").expect("there");
    assert_eq!(seen.holder(), None);
    let store = infra_state::open(&config, &owner()).await.expect("opens");
    let state = golden::check(&*store, format).await;
    assert_eq!(seen.state().expect("loads"), state);
    let snapshot = Snapshot::read(&config).await.expect("readable").expect("there").state;
    assert_eq!((&snapshot.records, &snapshot.outputs), (&state.records, &state.outputs));
    assert_eq!((snapshot.lineage, snapshot.serial), (state.lineage, state.serial));
}

#[test]
fn this_release_writes_the_objects_that_it_reads() {
    run(async {
        let _alone = ALONE.lock().await;
        let asked = std::env::var_os("INFRA_WRITE_GOLDEN").map(PathBuf::from);
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = asked.unwrap_or_else(|| temporary.path().to_owned());
        let config = at(&folder.join("state.key")).await;
        assert!(matches!(&config.key, None | Some(KeySource::File(_))));
        put(&config, temporary.path()).await;
        // One that was dispossessed leaves a fence, and many changes leave a snapshot.
        let first = infra_state::open(&config, &owner()).await.expect("opens");
        let refused = infra_state::open(&config, &owner()).await.err();
        let Some(StoreError::Locked { id: Some(id), .. }) = refused else { panic!("not locked") };
        infra_state::unlock(&config, &id).await.expect("freed");
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        drop(first);
        let many = (0..MANY).map(|index| (format!("gone-{index}"), "x".into())).collect();
        store.commit(None, &[Edit::Outputs(many)]).await.expect("committed");
        store.commit(None, &[Edit::Outputs(BTreeMap::new())]).await.expect("committed");
        golden::write(&*store, FORMAT).await;
        drop(store);
        save(&config, &folder).await;
        let objects = Objects::of(&config);
        assert!(objects.names("snapshot/").await.len() > 1, "there is no snapshot of it");
        assert!(objects.names("journal/").await.len() > 3, "there is no journal of it");
        read(&folder, FORMAT).await;
    });
}

#[test]
fn objects_of_format_2_are_read() {
    run(async {
        let _alone = ALONE.lock().await;
        read(&kept("v2"), 2).await;
    });
}

#[test]
fn objects_of_format_3_are_read() {
    run(async {
        let _alone = ALONE.lock().await;
        read(&kept("v3"), 3).await;
    });
}
