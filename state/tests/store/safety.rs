//! Who may read what, and what is told: secrets, keys, modes, links, locks, syncs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use infra_sdk::provider::Place;
use infra_sdk::store::{Deposed, Edit, Intent, Record, Store as _, StoreError, lookup_key};
use infra_sdk::{Object, Value};
use infra_state::Snapshot;
use infra_testkit::store_suite::{intent, record, run, run_record};

use crate::place::{SledPlace, config, owner};
use crate::proof::{figure, skipped};

const SECRET: &str = "correct-horse-battery-staple-9";
const PLAIN: &str = "a-word-that-everybody-may-read";

/// A state that holds the secret wherever a value can stand.
fn with_secret(place: &SledPlace) {
    let secret = || Value::from(SECRET).sensitive();
    let object = Object::from([
        ("password".to_owned(), secret()),
        ("nested".to_owned(), Value::List(vec![Value::from(PLAIN), secret()])),
    ]);
    let record = Record {
        inputs: object.clone(),
        outputs: object.clone(),
        deposed: vec![Deposed { id: "old".to_owned(), inputs: object.clone() }],
        ..record("a.b")
    };
    let begun = Intent { inputs: object.clone(), ..intent("a.c") };
    let arguments = Object::from([("token".to_owned(), secret())]);
    let lookup = lookup_key("aws_secret", &arguments, &Place::default());
    assert!(lookup.contains(SECRET), "the key of a lookup no longer holds its arguments");
    run(async {
        let store = place.open().expect("open");
        store.begin(&begun).await.expect("begun");
        let edits =
            [Edit::Put(Box::new(record)), Edit::Outputs(object), Edit::Lookup(lookup, secret())];
        store.commit(None, &edits).await.expect("committed");
        store.start(&run_record("run-1")).await.expect("started");
        store.finish(&run_record("run-1")).await.expect("finished");
    });
}

fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).expect("listed") {
        let path = entry.expect("listed").path();
        if path.is_dir() { found.extend(everything(&path)) } else { found.push(path) }
    }
    found
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    everything(folder).iter().filter(|path| path.is_file()).any(|path| {
        fs::read(path).expect("read").windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn a_sensitive_value_is_nowhere_on_the_disk() {
    let place = SledPlace::new();
    with_secret(&place);
    assert!(holds(&place.root(), PLAIN.as_bytes()), "the search finds nothing at all");
    let mut forms = vec![SECRET.as_bytes().to_vec(), SECRET.bytes().rev().collect()];
    // Base64 looks different at each of three offsets; its ends depend on the neighbours.
    for offset in 0..3 {
        let shifted = [&b"xx"[..offset], SECRET.as_bytes()].concat();
        let text = STANDARD.encode(shifted);
        forms.push(text.as_bytes()[4..text.len() - 4].to_vec());
    }
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.push(hex.to_uppercase().into_bytes());
    forms.push(hex.into_bytes());
    for form in forms {
        let found = holds(&place.root(), &form);
        assert!(!found, "the secret is on the disk as {:?}", String::from_utf8_lossy(&form));
    }
}

#[test]
fn a_snapshot_is_read_while_the_store_is_held() {
    let place = SledPlace::new();
    let read = || {
        let mut found = None;
        run(async { found = Snapshot::read(&place.config()).await.expect("readable") });
        found
    };
    assert_eq!(read(), None);
    with_secret(&place);
    let held = place.open().expect("open");
    run(async {
        held.commit(None, &[Edit::Remove(record("a.b").address)]).await.expect("committed");
    });
    let snapshot = read().expect("there");
    let found = &snapshot.state.records[&record("a.b").address];
    assert_eq!(found.inputs["password"], Value::from(SECRET).sensitive());
    assert_eq!(snapshot.state.outputs["password"], Value::from(SECRET).sensitive());
    assert_eq!(snapshot.state.serial, 1);
}

#[test]
fn the_export_of_one_state_is_always_the_same() {
    let place = SledPlace::new();
    with_secret(&place);
    let read = || fs::read_to_string(place.paths().export()).expect("read");
    let before = read();
    run(async {
        let store = place.open().expect("open");
        store.start(&run_record("run-2")).await.expect("started");
        store.finish(&run_record("run-2")).await.expect("finished");
    });
    let after = read();
    assert_ne!(before, after, "the serial did not count");
    let without_serial = |text: &str| -> Vec<String> {
        let varies = |line: &&str| !line.contains("\"serial\"") && !line.contains("\"digest\"");
        text.lines().filter(varies).map(str::to_owned).collect()
    };
    assert_eq!(without_serial(&before), without_serial(&after));
}

#[test]
fn a_missing_or_wrong_key_is_told_and_nothing_is_made_up() {
    let place = SledPlace::new();
    with_secret(&place);
    let paths = place.paths();
    let key = fs::read(place.key()).expect("read");
    fs::remove_file(place.key()).expect("removed");
    for error in [place.refusal(), Snapshot::read_at(&paths).expect_err("no key")] {
        let shown = error.to_string();
        assert!(matches!(error, StoreError::Key { .. }), "{shown}");
        assert!(shown.contains("state.key is missing"), "{shown}");
    }
    assert!(!place.key().exists(), "a new key was made beside an old state");
    drop(SledPlace::new().open().expect("open"));
    let other = SledPlace::new();
    drop(other.open().expect("open"));
    fs::copy(other.key(), place.key()).expect("copied");
    for error in [place.refusal(), Snapshot::read_at(&paths).expect_err("wrong key")] {
        let shown = error.to_string();
        assert!(shown.contains("was sealed with the key"), "{shown}");
        assert!(shown.contains("put the right one back"), "{shown}");
    }
    fs::write(place.key(), key).expect("written");
    drop(place.open().expect("opens with its own key"));
}

#[test]
fn two_stacks_that_start_at_once_share_one_key() {
    let place = SledPlace::new();
    fs::create_dir(place.root()).expect("made");
    let key = place.root().join("state.key");
    let ids: Vec<String> = std::thread::scope(|scope| {
        let make = || infra_state::SealingKey::read_or_create(&key).expect("made").id().to_owned();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().expect("made")).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(fs::read_dir(place.root()).expect("listed").count(), 1);
}

#[test]
fn files_are_private_whatever_the_umask() {
    let place = SledPlace::new();
    // The widest there is; other tests of this program do not depend on it.
    rustix::process::umask(rustix::fs::Mode::empty());
    with_secret(&place);
    // Large values, so that there is more than one kind of database file.
    let big = Record {
        inputs: Object::from([("body".to_owned(), Value::from("x".repeat(400_000)))]),
        ..record("a.big")
    };
    run(async {
        let store = place.open().expect("open");
        store.commit(None, &[Edit::Put(Box::new(big.clone()))]).await.expect("committed");
        store.commit(None, &[Edit::Put(Box::new(record("a.after")))]).await.expect("committed");
    });
    let paths = everything(&place.root());
    assert!(paths.iter().any(|path| path.parent().is_some_and(|p| p.ends_with("blobs"))));
    for path in &paths {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        let mode = path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{} is {mode:o}", path.display());
    }
    figure("21", &format!("files and folders {}, umask 000: wider than 0600/0700 0", paths.len()));
    run(async {
        let store = place.open().expect("open");
        let state = store.load().await.expect("loaded");
        assert_eq!(state.records[&big.address], big);
    });
    // Opened up by hand, closed again by the next run.
    for path in everything(&place.root()) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("set");
    }
    drop(place.open().expect("open"));
    for path in everything(place.paths().directory()) {
        if !path.ends_with("export.json") && !path.ends_with("marker.json") {
            let mode = path.metadata().expect("there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} stayed open", path.display());
        }
    }
}

/// The superuser may write anywhere, so what is read-only for him is a disk.
#[test]
fn a_disk_that_cannot_be_written_is_refused_before_anything_is_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = |arguments: &[&str]| {
        let done = Command::new("mount").args(arguments).arg(folder.path()).output();
        done.is_ok_and(|done| done.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=8m", "none"]) {
        skipped("13", "no file system can be mounted here");
        return;
    }
    let config = config(&folder.path().join(".infra"));
    run(async {
        let made = infra_state::open(&config, &owner()).await.expect("made");
        made.start(&run_record("run-1")).await.expect("started");
        made.finish(&run_record("run-1")).await.expect("finished");
        drop(made);
        assert!(mount(&["-o", "remount,ro"]));
        let refused = infra_state::open(&config, &owner()).await.err();
        let snapshot = Snapshot::read(&config).await;
        Command::new("umount").arg(folder.path()).status().expect("unmounted");
        let refused = refused.expect("a read-only disk was opened");
        assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
        assert!(refused.to_string().contains("Read-only file system"), "{refused}");
        snapshot.expect("readable").expect("there");
        figure("13", "states that cannot be written 1: refused at open 1, readable 1");
    });
}

#[test]
fn a_place_that_cannot_be_written_is_told_with_its_path() {
    let place = SledPlace::new();
    fs::create_dir(place.root()).expect("made");
    fs::write(place.root().join("state"), b"in the way").expect("written");
    let error = place.refusal();
    let shown = error.to_string();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{shown}");
    assert!(shown.contains(&*place.root().join("state").to_string_lossy()), "{shown}");
    assert!(shown.contains("Not a directory"), "{shown}");
    // The superuser may write anywhere, so this half needs another user.
    if !rustix::process::geteuid().is_root() {
        let place = SledPlace::new();
        fs::create_dir(place.root()).expect("made");
        fs::set_permissions(place.root(), Permissions::from_mode(0o500)).expect("set");
        let shown = place.refusal().to_string();
        assert!(shown.contains("Permission denied"), "{shown}");
    }
}

#[test]
fn no_link_is_followed() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let target = elsewhere.path().join("target");
    fs::write(&target, b"mine").expect("written");
    for name in ["lock.json", "mark", "marker.json", "sled/db", "sled/conf", "sled"] {
        let place = SledPlace::new();
        drop(place.open().expect("made"));
        let path = place.paths().directory().join(name);
        if path.is_dir() {
            fs::rename(&path, elsewhere.path().join("moved")).expect("moved");
            symlink(elsewhere.path().join("moved"), &path).expect("linked");
        } else {
            fs::remove_file(&path).expect("removed");
            symlink(&target, &path).expect("linked");
        }
        let shown = place.refusal().to_string();
        assert!(shown.contains("symbolic link") || shown.contains("Not a directory"), "{shown}");
        assert_eq!(fs::read(&target).expect("read"), b"mine", "{name} was followed");
    }
}

#[test]
fn every_acknowledged_write_was_synced_and_a_crowd_shares_syncs() {
    let place = SledPlace::new();
    run(async {
        let store = place.open().expect("open");
        let mut before = store.syncs();
        let mut synced = |what: &str| {
            let now = store.syncs();
            assert!(now > before, "{what} was acknowledged without a sync");
            before = now;
        };
        let number = store.begin(&intent("a.b")).await.expect("begun");
        synced("begin");
        store.commit(Some(number), &[]).await.expect("committed");
        synced("commit");
        store.start(&run_record("run-1")).await.expect("started");
        store.finish(&run_record("run-1")).await.expect("finished");
        synced("finish");
        let intents: Vec<_> = (0..200).map(|n| intent(&format!("a.n{n}"))).collect();
        let before = store.syncs();
        for begun in join_all(intents.iter().map(|intent| store.begin(intent))).await {
            begun.expect("begun");
        }
        let shared = store.syncs() - before;
        assert!((1..100).contains(&shared), "200 begins took {shared} syncs");
        figure("group commit", &format!("intents at once 200, syncs {shared}"));
    });
}

#[test]
fn the_second_is_told_who_holds_it_and_a_dead_holder_does_not_stand_in_the_way() {
    let place = SledPlace::new();
    let held = place.open().expect("open");
    let shown = place.refusal().to_string();
    let pid = std::process::id();
    let expected = format!(
        "the state is locked: ann runs `infra apply --env staging` on build-3 (process {pid}) \
         since 2026-11-22T04:57:00Z"
    );
    assert_eq!(shown, expected);
    drop(held);
    let lock = place.paths().directory().join("lock.json");
    assert!(fs::read_to_string(&lock).expect("read").contains("ann"), "nothing was left behind");
    drop(place.open().expect("a stale owner file is no lock"));
}
