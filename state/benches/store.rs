//! Benchmark d: what the store on this machine costs, next to the disk below it.
//!
//! Two parts. *In flight*: operations per second with 1, 4, 16 and 64 writers. An operation is what
//! the engine does for one resource: `begin`, and once that is durable `commit` with the record and
//! its note for the history. *Sizes*: what an operation, opening, loading and the end of a run cost
//! in states of 100 to 100,000 records, each in processes of its own ([`fill`], [`measure`]).
//!
//! **The fsync-bound rate** is what a perfect group commit reaches: with W writers in flight, each
//! of which waits for two syncs, one sync serves at most W of them, so W operations take two syncs
//! at least. It is measured, not computed from a small write: a file beside the store is appended
//! half of the bytes that W operations write (as counted by the kernel, in the same slice of time)
//! and synced with `fdatasync`, by one writer that does nothing else; the bound is W / 2 operations
//! for each such round. Store and disk take turns of a fraction of a second, and the ratio is taken
//! over the sums, because a disk that others use too is never the same for long. Beside it stands the
//! rate as a multiple of what is possible without groups, with two syncs for each operation.
//!
//! `INFRA_BENCH_SIZES` (such as `100 1000`) sets other sizes, and with it the first part is short.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use infra_sdk::Address;
use infra_sdk::store::{Edit, Operation, RunChange, RunRecord, Store as _};
use infra_state::{Config, Location, LockOwner, Paths, SledStore};
use infra_testkit::store_suite::{intent, record, run_record};

const WRITERS: [usize; 4] = [1, 4, 16, 64];
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// Records of the store that the writers share.
const PRESENT: usize = 1_000;

/// One turn of the store or of the disk.
const TURN: Duration = Duration::from_millis(500);

/// Operations that are timed one by one, and all at once, in a state of some size.
const ONE_BY_ONE: usize = 100;
const AT_ONCE: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", size, root] => fill(number(size), Path::new(root)),
        ["measure", size, root] => measure(number(size), Path::new(root)),
        _ => {
            let sizes = std::env::var("INFRA_BENCH_SIZES").ok();
            let turns = if sizes.is_some() { 1 } else { 6 };
            in_flight(turns);
            let asked = sizes.map(|text| text.split([' ', ',']).map(number).collect::<Vec<_>>());
            for size in asked.unwrap_or_else(|| SIZES.to_vec()) {
                by_size(size);
            }
        }
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("sizes are numbers")
}

/// A figure, for people and for the file of the figures.
fn figure(size: usize, measure: &str, value: f64, unit: &str) {
    writeln!(std::io::stdout(), "{size:>7}  {measure:<44} {value:>12.3} {unit}").expect("written");
    let Some(path) = std::env::var_os("INFRA_BENCH_FIGURES") else { return };
    let mut file = File::options().append(true).create(true).open(path).expect("the figures' file");
    let row = format!("store\t{size}\t{measure}\t{value:.3}\t{unit}\n");
    file.write_all(row.as_bytes()).expect("the figure is written");
}

/// On the disk of the build, which is a real one where `/tmp` may be memory.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

fn paths(root: &Path) -> Paths {
    let location = Location::Local { root: root.to_owned() };
    Config::new(location, "staging", "shop").paths().expect("good names")
}

fn open(root: &Path) -> SledStore {
    let owner = LockOwner {
        pid: std::process::id(),
        host: "bench".to_owned(),
        user: "bench".to_owned(),
        command: "cargo bench".to_owned(),
        started: "2026-11-22T04:57:00Z".to_owned(),
    };
    SledStore::open(&paths(root), &owner).expect("the store opens")
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime")
}

fn name(index: usize) -> String {
    format!("network.n{index}")
}

/// Begins and ends one operation, as the engine does.
async fn operate(store: &SledStore, index: usize) {
    let name = name(index);
    let number = store.begin(&intent(&name)).await.expect("begun");
    let change = RunChange {
        run: "run-1".to_owned(),
        at: "2026-11-22T04:57:30Z".to_owned(),
        address: Address::parse(&name).expect("an address"),
        type_name: "aws_db_instance".to_owned(),
        operation: Operation::Create,
        id: format!("db-{name}"),
        before: None,
    };
    let edits = [Edit::Put(Box::new(record(&name))), Edit::Note(Box::new(change))];
    store.commit(Some(number), &edits).await.expect("committed");
}

/// Operations of so many writers until `enough`; how many there were, and how long it took.
async fn operations(
    store: &Arc<SledStore>,
    writers: usize,
    records: usize,
    enough: impl Fn(usize) -> bool + Clone + Send + Sync + 'static,
) -> (usize, Duration) {
    let done = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks = (0..writers).map(|_| {
        let (store, done, enough) = (Arc::clone(store), Arc::clone(&done), enough.clone());
        tokio::spawn(async move {
            loop {
                let index = done.fetch_add(1, Ordering::Relaxed);
                if enough(index) {
                    break;
                }
                operate(&store, index % records).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a writer failed");
    }
    (done.load(Ordering::Relaxed) - writers, started.elapsed())
}

/// What the store and the disk did in their turns.
#[derive(Default)]
struct Sums {
    operations: f64,
    seconds: f64,
    syncs: f64,
    bytes: f64,
    rounds: f64,
    disk_seconds: f64,
}

fn in_flight(turns: usize) {
    let folder = folder();
    let root = folder.path().join(".infra");
    let store = Arc::new(open(&root));
    let mut sums = WRITERS.map(|_| Sums::default());
    runtime().block_on(async {
        write_records(&store, PRESENT).await;
        for _ in 0..turns {
            for (writers, sums) in WRITERS.into_iter().zip(&mut sums) {
                let before = (written(), store.syncs());
                let until = Instant::now() + TURN;
                let enough = move |_| Instant::now() >= until;
                let (operations, time) = operations(&store, writers, PRESENT, enough).await;
                let bytes = written() - before.0;
                sums.operations += operations as f64;
                sums.seconds += time.as_secs_f64();
                sums.syncs += (store.syncs() - before.1) as f64;
                sums.bytes += bytes as f64;
                let round = bytes as f64 / operations.max(1) as f64 * writers as f64 / 2.0;
                let (rounds, time) = appends(&folder.path().join("bound"), round as usize);
                sums.rounds += rounds as f64;
                sums.disk_seconds += time.as_secs_f64();
            }
        }
    });
    for (writers, sums) in WRITERS.into_iter().zip(sums) {
        let rate = sums.operations / sums.seconds;
        let disk = sums.rounds / sums.disk_seconds;
        let bound = disk * writers as f64 / 2.0;
        figure(writers, "in flight: operations", rate, "per second");
        figure(writers, "in flight: appends and syncs of the disk", disk, "per second");
        figure(writers, "in flight: fsync-bound operations", bound, "per second");
        figure(writers, "in flight: share of the fsync-bound rate", rate / bound, "x");
        let alone = rate / (disk / 2.0);
        figure(writers, "in flight: share of two syncs for each operation", alone, "x");
        figure(writers, "in flight: syncs of an operation", sums.syncs / sums.operations, "calls");
        let megabytes = sums.bytes / sums.operations / 1e6;
        figure(writers, "in flight: written by an operation", megabytes, "MB");
    }
}

/// Appends so many bytes and syncs, again and again, for one turn.
fn appends(path: &Path, bytes: usize) -> (usize, Duration) {
    let bytes = vec![0x5a; bytes.max(1)];
    let mut file = File::create(path).expect("made");
    let (mut rounds, started) = (0, Instant::now());
    while started.elapsed() < TURN {
        file.write_all(&bytes).expect("written");
        file.sync_data().expect("synced");
        rounds += 1;
    }
    let time = started.elapsed();
    drop(file);
    fs::remove_file(path).expect("removed");
    (rounds, time)
}

async fn write_records(store: &SledStore, records: usize) {
    let names: Vec<usize> = (0..records).collect();
    for names in names.chunks(1_000) {
        let edits: Vec<Edit> =
            names.iter().map(|index| Edit::Put(Box::new(record(&name(*index))))).collect();
        store.commit(None, &edits).await.expect("committed");
    }
}

/// Measures one size in processes of its own: the second one opens what the first one wrote.
fn by_size(size: usize) {
    let folder = folder();
    let root = folder.path().join(".infra");
    for part in ["fill", "measure"] {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args([part, &size.to_string()]).arg(&root);
        assert!(command.status().expect("started").success(), "the part `{part}` failed");
    }
}

/// A state of so many records, and a run that is under way.
fn fill(size: usize, root: &Path) {
    let store = open(root);
    runtime().block_on(async {
        store.start(&run_begun()).await.expect("started");
        write_records(&store, size).await;
    });
}

fn run_begun() -> RunRecord {
    RunRecord { ended: None, ..run_record("run-1") }
}

fn measure(size: usize, root: &Path) {
    let seconds = |started: Instant| started.elapsed().as_secs_f64();
    let started = Instant::now();
    let store = Arc::new(open(root));
    figure(size, "open", seconds(started), "s");
    figure(size, "open: peak memory", peak(), "MB");
    runtime().block_on(async {
        let started = Instant::now();
        let state = store.load().await.expect("loaded");
        assert_eq!(state.records.len(), size);
        figure(size, "load", seconds(started), "s");
        drop(state);
        let mut times = Vec::with_capacity(ONE_BY_ONE);
        for index in 0..ONE_BY_ONE {
            let started = Instant::now();
            operate(&store, index * 7 % size).await;
            times.push(seconds(started));
        }
        times.sort_by(f64::total_cmp);
        figure(size, "an operation alone, median", times[ONE_BY_ONE / 2] * 1e3, "ms");
        let before = (processor(), written());
        let (count, _) = operations(&store, 16, size, |index| index >= AT_ONCE).await;
        let each = |sum: f64| sum / count as f64;
        figure(size, "processor of an operation", each(processor() - before.0) * 1e3, "ms");
        let bytes = (written() - before.1) as f64;
        figure(size, "written by an operation", each(bytes) / 1e6, "MB");
        let started = Instant::now();
        store.finish(&run_record("run-1")).await.expect("finished");
        figure(size, "finish", seconds(started), "s");
    });
    drop(store);
    figure(size, "peak memory", peak(), "MB");
    let database: u64 = sizes(&paths(root).directory().join("sled")).into_iter().sum();
    figure(size, "files of the database", database as f64 / 1e6, "MB");
}

fn sizes(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("listed"));
    let files = entries.map(|entry| entry.metadata().expect("there"));
    files.filter(fs::Metadata::is_file).map(|metadata| metadata.len()).collect()
}

/// A number of a file of `/proc`, after this word.
fn proc(path: impl Into<PathBuf>, word: &str) -> u64 {
    let text = fs::read_to_string(path.into()).expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix(word)).expect("it is told");
    let number = line.split_whitespace().next().expect("a number");
    number.parse().expect("a number")
}

/// The most memory that this process ever had, in MB.
fn peak() -> f64 {
    proc("/proc/self/status", "VmHWM:") as f64 * 1024.0 / 1e6
}

/// Bytes that this process has given to the system to write.
fn written() -> u64 {
    proc("/proc/self/io", "wchar:")
}

/// Seconds that the threads of this process have computed.
fn processor() -> f64 {
    let threads = fs::read_dir("/proc/self/task").expect("listed");
    let times = threads.map(|thread| proc(thread.expect("listed").path().join("schedstat"), ""));
    times.sum::<u64>() as f64 / 1e9
}
