//! Disks that lose power, fill up, fail or refuse.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use infra_sdk::store::{Edit, Record, State, Store as _, StoreError};
use infra_sdk::{Object, Value};
use infra_state::{SledStore, Snapshot};
use infra_testkit::store_suite::{intent, record, run, run_record};
use infra_testkit::writer::{self, Acknowledged, Writer, acknowledge};
use tempfile::TempDir;

use crate::crash::start;
use crate::place::{config, owner};
use crate::proof::{Dice, figure, rounds, skipped};

const GIVES_UP: &str = "disk::the_process_whose_disk_gives_up";
const SEED: u64 = 0x9e6c_63d0_876a_68ee;

/// Runs a command; what went wrong, if it did.
fn tool(name: &str, arguments: &[&str]) -> Result<String, String> {
    let done = Command::new(name).args(arguments).output();
    let done = done.map_err(|error| format!("`{name}`: {error}"))?;
    if !done.status.success() {
        let error = String::from_utf8_lossy(&done.stderr);
        return Err(format!("`{name} {}`: {}", arguments.join(" "), error.trim()));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// A mounted file system, unmounted when it is dropped.
struct Mounted {
    folder: TempDir,
    device: Option<String>,
}

impl Mounted {
    fn image(image: &Path) -> Result<Self, String> {
        let device = tool("losetup", &["-f", "--show", text(image)])?;
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = tool("mount", &[&device, text(folder.path())]);
        let this = Self { folder, device: Some(device) };
        mounted.map(|_| this)
    }

    fn memory(bytes: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={bytes}");
        tool("mount", &["-t", "tmpfs", "-o", &size, "none", text(folder.path())])?;
        Ok(Self { folder, device: None })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        tool("umount", &[text(self.folder.path())]).ok();
        if let Some(device) = &self.device {
            tool("losetup", &["-d", device]).ok();
        }
    }
}

/// An empty file system in a file.
fn new_image(folder: &Path) -> Result<PathBuf, String> {
    let image = folder.join("image");
    let file = fs::File::create(&image).expect("made");
    file.set_len(32 << 20).expect("sized");
    tool("mkfs.ext4", &["-q", "-F", text(&image)])?;
    Ok(image)
}

fn open(root: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(&config(root).paths().expect("good names"), &owner())
}

/// The disk is copied while the writer stands still: what the kernel had not written yet is gone.
#[test]
fn nothing_that_was_acknowledged_is_lost_to_a_power_cut() {
    let cuts = rounds(4, 220);
    let folder = tempfile::tempdir().expect("a folder");
    if let Err(reason) = new_image(folder.path()).and_then(|image| Mounted::image(&image)) {
        skipped("8", &reason);
        return;
    }
    let mut dice = Dice::new(SEED);
    let (mut begun, mut committed, mut young) = (0, 0, 0);
    for cut in 0..cuts {
        let image = new_image(folder.path()).expect("made");
        let mut acknowledged = Acknowledged::default();
        let copy = folder.path().join("copy");
        {
            let disk = Mounted::image(&image).expect("mounted");
            let root = disk.path().join(".infra");
            // A database that has just been made, and one that has seen a run.
            if cut % 2 == 0 {
                young += 1;
            } else {
                let writer = start(&root);
                writer.wait_for_a_word();
                std::thread::sleep(Duration::from_millis(600));
                acknowledged.add(&writer.kill());
            }
            let writer = start(&root);
            if cut % 5 > 0 {
                writer.wait_for_a_word();
            }
            std::thread::sleep(Duration::from_millis(dice.below(1500) as u64));
            writer.freeze();
            fs::copy(&image, &copy).expect("copied");
            acknowledged.add(&writer.kill());
        }
        let disk = Mounted::image(&copy).expect("the file system itself survives");
        let root = disk.path().join(".infra");
        if acknowledged.begun.is_empty() && !root.exists() {
            continue;
        }
        run(async {
            let store = open(&root).unwrap_or_else(|error| panic!("cut {cut}: refused: {error}"));
            acknowledged.check(store.load().await.expect("loads after a power cut"));
        });
        begun += acknowledged.begun.len();
        committed += acknowledged.committed.len();
    }
    assert!(committed > 2 * cuts, "only {committed} in {cuts} cuts: no test at all");
    figure(
        "8",
        &format!(
            "power cuts {cuts} ({young} of a new database), seed {SEED:#x}, begun {begun}, \
             committed {committed}, lost 0, refused 0, panics 0"
        ),
    );
}

fn large(name: &str) -> Record {
    let body = Object::from([("body".to_owned(), Value::from("x".repeat(20_000)))]);
    Record { inputs: body, ..record(name) }
}

/// Not a test of its own: the process whose disk fills up or fails. It begins and ends operations,
/// four at a time, until something is refused, and tries a few more.
#[test]
fn the_process_whose_disk_gives_up() {
    let Some(root) = writer::place().map(PathBuf::from) else { return };
    run(async move {
        let store = match open(&root) {
            Ok(store) => store,
            Err(StoreError::Unavailable { .. }) => return acknowledge("closed", 0, "-"),
            Err(error) => panic!("it was taken for something else: {error}"),
        };
        let mut refused = false;
        for round in 0..100 {
            let mut flying = Vec::new();
            for task in 0..4 {
                let name = format!("b.r{round}.t{task}");
                match store.begin(&intent(&name)).await {
                    Ok(number) if refused => acknowledge("late", number, &name),
                    Ok(number) => {
                        acknowledge("begun", number, &name);
                        flying.push((number, name));
                    }
                    Err(StoreError::Unavailable { .. }) => {
                        acknowledge("refused", 0, &name);
                        refused = true;
                    }
                    Err(error) => panic!("it was taken for something else: {error}"),
                }
            }
            for (number, name) in flying {
                let edits = [Edit::Put(Box::new(large(&name)))];
                match store.commit(Some(number), &edits).await {
                    Ok(()) => acknowledge("committed", number, &name),
                    Err(_) => acknowledge("unrecorded", number, &name),
                }
            }
            if refused {
                break;
            }
        }
    });
}

/// Fills the disk up to so many free bytes.
fn leave(disk: &Path, free: u64) {
    let status = rustix::fs::statvfs(disk).expect("asked");
    let there = status.f_bavail * status.f_frsize;
    let file = fs::File::create(disk.join("filler")).expect("made");
    if there > free {
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, there - free)
            .expect("filled");
    }
}

#[test]
fn a_disk_that_fills_up_loses_nothing_and_stops_new_operations_first() {
    const STEPS: usize = 1024;
    let every = rounds(48, 1);
    if let Err(reason) = Mounted::memory(1 << 20) {
        skipped("12", &reason);
        return;
    }
    let (mut steps, mut closed, mut filled, mut committed, mut unrecorded) = (0, 0, 0, 0, 0);
    for step in (0..STEPS).step_by(every) {
        let disk = Mounted::memory(16 << 20).expect("mounted");
        let root = disk.path().join(".infra");
        let mut before = State::default();
        run(async {
            let store = open(&root).expect("open");
            let edits: Vec<_> =
                (0..8).map(|n| Edit::Put(Box::new(record(&format!("a.n{n}"))))).collect();
            store.start(&run_record("run-1")).await.expect("started");
            store.commit(None, &edits).await.expect("committed");
            store.finish(&run_record("run-1")).await.expect("finished");
            before = store.load().await.expect("loaded");
        });
        leave(disk.path(), step as u64 * 4096);
        let program = std::env::current_exe().expect("this program");
        let child = Writer::run(Command::new(program), GIVES_UP, &root);
        let said = child.end();
        let count = |what: &str| said.iter().filter(|line| line.starts_with(what)).count();
        assert_eq!(count("late"), 0, "step {step}: begun after one was refused");
        // Full as it is, the state can be read.
        let snapshot = Snapshot::read_at(&config(&root).paths().expect("named"))
            .expect("readable")
            .expect("there");
        let mut exported = snapshot.state.records;
        for (address, record) in &before.records {
            assert_eq!(exported.remove(address).as_ref(), Some(record), "step {step}");
        }
        // What was recorded since is exported too, as long as there is room for it.
        for record in exported.values() {
            let name = record.address.as_str();
            let told = |line: &String| !line.starts_with("begun") && line.ends_with(name);
            assert!(*record == large(name) && said.iter().any(told), "step {step}: {name}");
        }
        fs::remove_file(disk.path().join("filler")).expect("removed");
        run(async {
            let store = open(&root).unwrap_or_else(|error| panic!("step {step}: {error}"));
            let after = store.load().await.expect("loaded");
            assert!(before.records.keys().all(|address| after.records.contains_key(address)));
            for line in &said {
                let words: Vec<_> = line.split(' ').collect();
                let [what, number, name] = words[..] else { panic!("the child said {line:?}") };
                let open = after.open.iter().any(|(open, _)| open.to_string() == number);
                let found = after.records.values().find(|record| record.address.as_str() == name);
                match what {
                    "committed" => assert_eq!(found, Some(&large(name)), "step {step}: {name}"),
                    "begun" => assert!(open || found.is_some(), "step {step}: {number} is gone"),
                    _ => {}
                }
            }
        });
        steps += 1;
        closed += count("closed");
        filled += usize::from(count("refused") > 0);
        committed += count("committed");
        unrecorded += count("unrecorded");
    }
    assert!(filled > 5 && closed > 0, "{filled} filled, {closed} closed: no test at all");
    figure(
        "12",
        &format!(
            "disk full at {steps} sizes from 0 in steps of {} KiB: refused at open {closed}, \
             filled up later {filled}, committed {committed}, lost 0, begun after the first \
             refusal 0, ends that did not fit {unrecorded}, old state readable {steps}",
            4 * every
        ),
    );
    assert_eq!(unrecorded, 0, "ends of operations did not fit");
}

/// The system may have dropped what it could not write, and a second try may succeed all the same.
#[test]
fn after_a_sync_that_failed_the_file_is_never_synced_again() {
    if let Err(reason) = tool("strace", &["-V"]) {
        skipped("24", &reason);
        return;
    }
    let tries = rounds(3, 12);
    for nth in 0..tries {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join(".infra");
        drop(open(&root).expect("made"));
        let log = folder.path().join("log");
        let inject = format!("inject=fdatasync:error=EIO:when={}", 2 + nth * 3);
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-o", text(&log), "-e", "trace=fdatasync", "-e", &inject]);
        command.arg(std::env::current_exe().expect("this program"));
        let said = Writer::run(command, GIVES_UP, &root).end();
        let count = |what: &str| said.iter().filter(|line| line.starts_with(what)).count();
        let calls = fs::read_to_string(&log).expect("read");
        let calls: Vec<_> = calls.lines().filter(|line| line.contains("/sled/db>")).collect();
        let failed = calls.iter().position(|line| line.contains("EIO"));
        let failed = failed.unwrap_or_else(|| panic!("no sync failed: {calls:?} {said:?}"));
        assert_eq!(failed + 1, calls.len(), "it was tried again: {calls:?}");
        assert_eq!(count("late"), 0, "begun after a failure");
        assert!(count("refused") + count("unrecorded") > 0, "nobody was told: {said:?}");
        run(async {
            let state = open(&root).expect("opens").load().await.expect("loads");
            for line in said.iter().filter(|line| line.starts_with("committed")) {
                let name = line.rsplit(' ').next().expect("a name");
                assert!(state.records.keys().any(|address| address.as_str() == name), "{line}");
            }
        });
    }
    figure("24", &format!("syncs that fail with EIO {tries}: syncs after it 0, begun after it 0"));
}
