//! Damaged, cut and missing files: the answer is the right state or an error, never a wrong or an
//! empty state, and never a panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use infra_sdk::Value;
use infra_sdk::store::{Edit, RunRecord, State, Store, StoreError};
use infra_state::{Config, FORMAT, Paths, RestoreChecks, SledStore, Snapshot, read_export};
use infra_testkit::store_suite::{intent, record, run, run_record};
use tempfile::TempDir;

use crate::place::{SledPlace, owner};
use crate::proof::{Dice, figure, rounds};

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// A state with some of everything, closed.
fn filled() -> (SledPlace, State, Vec<RunRecord>) {
    let place = SledPlace::new();
    let mut known = None;
    run(async {
        let store = place.open().expect("open");
        for index in 0..60 {
            let name = format!("a.n{index}");
            let number = store.begin(&intent(&name)).await.expect("begun");
            let edits = [Edit::Put(Box::new(record(&name)))];
            store.commit(Some(number), &edits).await.expect("committed");
        }
        store.begin(&intent("b.open")).await.expect("begun");
        let outputs = [("endpoint".to_owned(), Value::from("db.example"))];
        store.commit(None, &[Edit::Outputs(outputs.into())]).await.expect("committed");
        store.start(&run_record("run-1")).await.expect("started");
        store.finish(&run_record("run-1")).await.expect("finished");
        known = Some((store.load().await.expect("load"), store.history().await.expect("history")));
    });
    let (state, history) = known.expect("loaded");
    (place, state, history)
}

/// Copies of one state, each to be damaged in its own way.
struct Patient {
    source: SledPlace,
    state: State,
    history: Vec<RunRecord>,
}

impl Patient {
    fn new() -> Self {
        let (source, state, history) = filled();
        Self { source, state, history }
    }

    fn copy(&self) -> (TempDir, Paths) {
        // In memory where that is possible: thousands of copies need no disk.
        let memory = Path::new("/dev/shm");
        let memory = memory.is_dir().then(|| tempfile::tempdir_in(memory).ok()).flatten();
        let folder = memory.unwrap_or_else(|| tempfile::tempdir().expect("a folder"));
        let paths = self.source.paths();
        copy_folder(paths.directory(), &folder.path().join("shop"));
        let key = folder.path().join("state.key");
        fs::copy(self.source.key(), &key).expect("copied");
        let paths = Paths::new(&folder.path().join("shop"), &key);
        (folder, paths)
    }

    /// Damages a copy and opens it: whether it gave the right state; anything else must be an
    /// error.
    fn survives(&self, what: &str, damage: impl FnOnce(&Path)) -> Result<(), StoreError> {
        let (_folder, paths) = self.copy();
        damage(paths.directory());
        // What readers without a lock see is right as well, or an error.
        if let Ok(Some(snapshot)) = Snapshot::read_at(&paths) {
            assert_eq!(snapshot.state.records, self.state.records, "{what}: a wrong snapshot");
            assert_eq!(snapshot.state.outputs, self.state.outputs, "{what}: a wrong snapshot");
        }
        let (state, history) = in_time(what, move || {
            let mut read = None;
            run(async { read = Some(read_all(&paths).await) });
            read.expect("it ran")
        })?;
        assert_eq!(state, self.state, "{what} gave a wrong state");
        assert_eq!(history, self.history, "{what} gave a wrong history");
        Ok(())
    }
}

async fn restore(
    place: &SledPlace,
    export: &Path,
    checks: RestoreChecks,
) -> Result<Box<dyn Store>, StoreError> {
    infra_state::restore(&place.config(), &owner(), export, checks).await
}

async fn read_all(paths: &Paths) -> Result<(State, Vec<RunRecord>), StoreError> {
    let store = SledStore::open(paths, &owner())?;
    let (state, history) = (store.load().await?, store.history().await?);
    // A state that reads well must also take the next change.
    let number = store.begin(&intent("c.next")).await?;
    store.commit(Some(number), &[]).await?;
    Ok((state, history))
}

/// A database that hangs is as bad as one that lies.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    match receiver.recv_timeout(Duration::from_secs(60)) {
        Ok(done) => done,
        Err(error) => panic!("{what}: it hung or panicked: {error}"),
    }
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

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("listed") {
        let path = entry.expect("listed").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// What became of damaged copies.
#[derive(Debug, Default)]
struct Outcomes {
    cuts: usize,
    harmless: usize,
    refused: usize,
    other: usize,
}

impl Outcomes {
    fn add(&mut self, one: &Self) {
        self.cuts += one.cuts;
        self.harmless += one.harmless;
        self.refused += one.refused;
        self.other += one.other;
    }
}

/// Flips a bit or cuts a file, in a way that depends on nothing but the number.
fn damage(number: usize, folder: &Path) {
    let mut dice = Dice::new(SEED.wrapping_mul(2 * number as u64 + 1));
    dice.below(2);
    let all = files(folder.parent().expect("it has one"));
    let log = folder.join("sled/db");
    // Most of the state is in the log: every other damage goes there.
    let name = if number.is_multiple_of(2) { &log } else { &all[dice.below(all.len())] };
    let mut bytes = fs::read(name).expect("read");
    // The log is mostly empty: aim at what is written.
    let written: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    if written.is_empty() {
        return;
    }
    let at = written[dice.below(written.len())];
    if is_cut(number) {
        bytes.truncate(at);
    } else {
        bytes[at] ^= 1 << dice.below(8);
    }
    fs::write(name, bytes).expect("written");
}

fn is_cut(number: usize) -> bool {
    number % 10 >= 8
}

#[test]
fn a_flipped_bit_or_a_cut_file_is_harmless_or_an_error() {
    let patient = Patient::new();
    let damages = rounds(400, 10_000);
    // Ten thousand copies are opened by as many threads as there are processors.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let worker = |first: usize| {
        let mut done = Outcomes::default();
        for number in (first..damages).step_by(threads) {
            let what = format!("damage {number}");
            done.cuts += usize::from(is_cut(number));
            match patient.survives(&what, |folder| damage(number, folder)) {
                Ok(()) => done.harmless += 1,
                Err(StoreError::Damaged { .. }) => done.refused += 1,
                // The key file, whose checksum fits, and the number of a format.
                Err(StoreError::Key { .. } | StoreError::Newer { .. }) => done.other += 1,
                Err(error) => panic!("{what} was taken for something else: {error}"),
            }
        }
        done
    };
    let mut all = Outcomes::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || worker(first))).collect();
        for worker in workers {
            all.add(&worker.join().expect("a damage was not survived"));
        }
    });
    let Outcomes { cuts, harmless, refused, other } = all;
    assert!(refused > damages / 10, "{harmless} harmless, {refused} refused: the aim was bad");
    figure(
        "14",
        &format!(
            "damages {damages} ({cuts} cuts, else single bits) of every file of a state, seed \
             {SEED:#x}: refused as damaged {refused}, otherwise {other}, the right state all the \
             same {harmless}, accepted in silence 0, panics 0"
        ),
    );
}

#[test]
fn a_file_that_is_cut_emptied_or_gone_is_never_an_empty_state() {
    let patient = Patient::new();
    let (_folder, paths) = patient.copy();
    let names: Vec<PathBuf> = files(paths.directory())
        .into_iter()
        .map(|path| path.strip_prefix(paths.directory()).expect("below").to_owned())
        .collect();
    assert!(names.contains(&PathBuf::from("sled/db")), "{names:?}");
    for name in &names {
        for (how, keep) in [("emptied", 0.0), ("cut in half", 0.5), ("cut short", 0.95)] {
            let done = patient.survives(&format!("{} {how}", name.display()), |folder| {
                let path = folder.join(name);
                let bytes = fs::read(&path).expect("read");
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    clippy::cast_sign_loss,
                    reason = "about so long"
                )]
                let length = (bytes.len() as f64 * keep) as usize;
                fs::write(&path, &bytes[..length]).expect("written");
            });
            // The end of a log may be empty; its first half never is.
            if name.ends_with("db") && keep < 0.6 {
                done.expect_err("a log that was cut was accepted");
            }
        }
        let done = patient.survives(&format!("{} removed", name.display()), |folder| {
            fs::remove_file(folder.join(name)).expect("removed");
        });
        if name.ends_with("db") {
            done.expect_err("a missing log was accepted");
        }
    }
}

#[test]
fn a_database_that_is_gone_is_damage_and_names_the_export() {
    let patient = Patient::new();
    for keep_marker in [true, false] {
        let error = patient.survives("without its database", |folder| {
            fs::remove_dir_all(folder.join("sled")).expect("removed");
            if !keep_marker {
                fs::remove_file(folder.join("marker.json")).expect("removed");
            }
        });
        let error = error.expect_err("an empty state was made").to_string();
        assert!(error.contains("is damaged") && error.contains("export.json"), "{error}");
    }
}

#[test]
fn a_marker_that_is_lost_comes_back() {
    let patient = Patient::new();
    let (_folder, paths) = patient.copy();
    let marker = paths.directory().join("marker.json");
    let before = fs::read(&marker).expect("read");
    fs::remove_file(&marker).expect("removed");
    drop(SledStore::open(&paths, &owner()).expect("opens"));
    assert_eq!(fs::read(&marker).expect("back"), before);
}

#[test]
fn an_older_database_under_a_newer_mark_is_refused() {
    let place = SledPlace::new();
    run(async {
        drop(place.open().expect("made"));
        let older = tempfile::tempdir().expect("a folder");
        let database = place.paths().directory().join("sled");
        copy_folder(&database, &older.path().join("sled"));
        let store = place.open().expect("open");
        store.commit(None, &[Edit::Put(Box::new(record("a.b")))]).await.expect("committed");
        drop(store);
        fs::remove_dir_all(&database).expect("removed");
        copy_folder(&older.path().join("sled"), &database);
    });
    let error = place.refusal().to_string();
    assert!(error.contains("it has lost changes: 1 were made durable, and it knows 0"), "{error}");
}

#[test]
fn a_half_made_state_is_made_again() {
    let place = SledPlace::new();
    let paths = place.paths();
    fs::create_dir_all(paths.directory().join("sled.new/blobs")).expect("made");
    fs::write(paths.directory().join("sled.new/db"), b"half").expect("written");
    drop(place.open().expect("opens"));
    assert!(!paths.directory().join("sled.new").exists());
}

#[test]
fn a_later_format_is_refused_with_both_versions() {
    let (place, ..) = filled();
    let paths = place.paths();
    let newer = |path: &Path, old: &str, new: &str| {
        let text = fs::read_to_string(path).expect("read");
        assert!(text.contains(old), "{text}");
        fs::write(path, text.replace(old, new)).expect("written");
    };
    let ours = format!("\"format\":{FORMAT}");
    let marker = paths.directory().join("marker.json");
    newer(&marker, &ours, "\"format\":9");
    // A marker whose format was changed by accident is damaged, and not newer.
    assert!(matches!(place.refusal(), StoreError::Damaged { .. }));
    let text = fs::read_to_string(&marker).expect("read");
    let (start, _) = text.split_once(",\"check\"").expect("a check");
    let check = blake3::hash(start.as_bytes()).to_hex();
    fs::write(&marker, format!("{start},\"check\":\"{}\"}}\n", &check[..16])).expect("written");
    newer(&paths.export(), &ours.replace(':', ": "), "\"format\": 9");
    let expected = StoreError::Newer { found: 9, supported: FORMAT.into() };
    assert_eq!(place.refusal(), expected);
    assert_eq!(read_export(&paths.export()), Err(expected));
}

#[test]
fn an_export_that_was_edited_is_refused_and_one_that_was_reformatted_is_not() {
    let (place, state, _) = filled();
    let paths = place.paths();
    let text = fs::read_to_string(paths.export()).expect("read");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    fs::write(paths.export(), json.to_string()).expect("written");
    let snapshot = Snapshot::read_at(&paths).expect("reads").expect("there");
    assert_eq!(snapshot.state.records, state.records);
    fs::write(paths.export(), text.replace("db-a.n7", "db-a.n8")).expect("written");
    let error = read_export(&paths.export()).expect_err("accepted").to_string();
    assert!(error.ends_with("its digest does not match what it holds"), "{error}");
}

#[test]
fn a_damaged_state_is_restored_from_its_export() {
    let (place, state, _) = filled();
    let paths = place.paths();
    fs::write(paths.directory().join("sled/db"), b"rubbish").expect("written");
    assert!(matches!(place.refusal(), StoreError::Damaged { .. }));
    run(async {
        let restored = restore(&place, &paths.export(), RestoreChecks::default()).await;
        let store = restored.expect("restored");
        let found = store.load().await.expect("loaded");
        assert_eq!((&found.lineage, found.serial), (&state.lineage, state.serial));
        assert_eq!((&found.records, &found.outputs), (&state.records, &state.outputs));
        let number = store.begin(&intent("c.next")).await.expect("begun");
        let given_out = state.open.iter().map(|(number, _)| *number).max().expect("one is open");
        assert!(number > given_out, "{number} was given out before");
    });
    assert!(place.open().is_ok(), "what was restored does not open again");
    let kept = fs::read_dir(paths.directory()).expect("listed").any(|entry| {
        fs::read(entry.expect("listed").path().join("db")).is_ok_and(|bytes| bytes == b"rubbish")
    });
    assert!(kept, "the damaged database was thrown away");
}

#[test]
fn an_older_export_or_one_of_another_state_is_refused_unless_it_is_accepted() {
    let (place, before, _) = filled();
    let older = place.root().join("older.json");
    fs::copy(place.paths().export(), &older).expect("copied");
    run(async {
        let store = place.open().expect("open");
        store.start(&run_record("run-2")).await.expect("started");
        store.commit(None, &[Edit::Remove(record("a.n1").address)]).await.expect("committed");
    });
    // Even when nothing but the marker is left to tell.
    for file in ["sled/db", "export.json"] {
        fs::write(place.paths().directory().join(file), b"rubbish").expect("written");
    }
    run(async {
        let checks = RestoreChecks { other_lineage: true, older: false };
        let refused = restore(&place, &older, checks).await.err().expect("an older one was taken");
        let shown = refused.to_string();
        assert!(shown.contains("its serial is 1, and the one here is 2"), "{shown}");
        let checks = RestoreChecks { older: true, other_lineage: false };
        let restored = restore(&place, &older, checks).await.expect("accepted");
        let found = restored.load().await.expect("loads");
        assert_eq!((found.records, found.serial), (before.records, 2));
        drop(restored);
        // The same key and another history.
        let elsewhere = Config { stack: "blog".to_owned(), ..place.config() };
        let other = infra_state::open(&elsewhere, &owner()).await.expect("open");
        other.start(&run_record("run-1")).await.expect("started");
        other.finish(&run_record("run-1")).await.expect("finished");
        drop(other);
        let foreign = elsewhere.paths().expect("names").export();
        let checks = RestoreChecks { older: true, other_lineage: false };
        let refused = restore(&place, &foreign, checks).await.err().expect("another was taken");
        let (shown, lineage) = (refused.to_string(), found.lineage);
        let theirs = read_export(&foreign).expect("reads").lineage().to_owned();
        assert!(shown.contains(&lineage) && shown.contains(&theirs), "{shown}");
        let checks = RestoreChecks { older: false, other_lineage: true };
        let restored = restore(&place, &foreign, checks).await.expect("accepted");
        assert_eq!(restored.load().await.expect("loads").lineage, theirs);
        drop(restored);
        drop(place.open().expect("opens again"));
    });
}

#[test]
fn a_state_without_any_run_takes_the_export_of_another() {
    let (place, before, _) = filled();
    let backup = place.root().join("backup.json");
    fs::copy(place.paths().export(), &backup).expect("copied");
    fs::remove_dir_all(place.paths().directory()).expect("lost");
    run(async {
        // A plan that is refused, because there are objects and no state, leaves one of its own.
        let fresh = place.open().expect("open").load().await.expect("loads");
        assert!(fresh.lineage != before.lineage && fresh.serial == 0);
        let checks = RestoreChecks { older: false, other_lineage: false };
        let restored = restore(&place, &backup, checks).await.expect("taken");
        let found = restored.load().await.expect("loads");
        assert_eq!((found.lineage, found.records), (before.lineage, before.records));
    });
}

#[test]
fn what_cannot_be_read_replaces_nothing() {
    let (place, state, _) = filled();
    let (other, ..) = filled();
    run(async {
        let foreign = other.paths().export();
        let refused =
            restore(&place, &foreign, RestoreChecks { other_lineage: true, older: true }).await;
        let error = refused.err().expect("an export of another key was taken").to_string();
        assert!(error.contains("was sealed with the key"), "{error}");
        let store = place.open().expect("opens as before");
        assert_eq!(store.load().await.expect("loads"), state);
    });
}
