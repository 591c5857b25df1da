//! States that earlier releases wrote, byte for byte. Every later release reads each of them.
//!
//! `INFRA_WRITE_GOLDEN=DIR` makes the one of this release in an empty folder; a new format gets a
//! new folder and the old ones stay as they are.

use std::fs;
use std::path::{Path, PathBuf};

use infra_sdk::store::Store as _;
use infra_state::{FORMAT, Paths, SledStore, read_export};
use infra_testkit::golden;
use infra_testkit::store_suite::{intent, run};

use crate::place::owner;

fn of_release(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version)
}

#[test]
fn this_release_writes_what_it_reads() {
    let asked = std::env::var_os("INFRA_WRITE_GOLDEN").map(PathBuf::from);
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = asked.unwrap_or_else(|| temporary.path().to_owned());
    let paths = Paths::new(&folder.join("state"), &folder.join("state.key"));
    run(async {
        let store = SledStore::open(&paths, &owner()).expect("open");
        golden::write(&store, FORMAT).await;
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
    copy_folder(&of_release("v1"), &copy);
    read(&copy, 1);
}

#[test]
fn format_2_is_read() {
    let temporary = tempfile::tempdir().expect("a folder");
    let copy = temporary.path().join("v2");
    copy_folder(&of_release("v2"), &copy);
    read(&copy, 2);
}

#[test]
fn format_3_is_read() {
    let temporary = tempfile::tempdir().expect("a folder");
    let copy = temporary.path().join("v3");
    copy_folder(&of_release("v3"), &copy);
    read(&copy, 3);
}

#[test]
fn a_state_of_format_1_is_upgraded_by_the_first_change_and_kept_as_it_was() {
    let temporary = tempfile::tempdir().expect("a folder");
    let copy = temporary.path().join("v1");
    copy_folder(&of_release("v1"), &copy);
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
        fs::copy(of_release("v1").join("state/mark"), copy.join("state/mark")).expect("copied");
        let back = SledStore::open(&paths, &owner()).expect("opens").load().await.expect("loads");
        assert_eq!(back, before);
    });
}

/// Opens the state in a folder and compares it and its export with what it is to hold.
fn read(folder: &Path, format: u16) {
    let paths = Paths::new(&folder.join("state"), &folder.join("state.key"));
    let (expected, _) = golden::content(format);
    run(async {
        let store = SledStore::open(&paths, &owner()).expect("opens");
        let state = golden::check(&store, format).await;
        let export = read_export(&paths.export()).expect("reads");
        assert_eq!((export.lineage(), export.serial()), (state.lineage.as_str(), 2));
        let exported = export.open(paths.key()).expect("opens");
        assert_eq!(exported.records, expected.records);
        assert_eq!(exported.outputs, expected.outputs);
        assert_eq!(exported.reads, expected.reads);
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
