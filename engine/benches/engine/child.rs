//! One verb at one size in a process of its own: this program again, with other arguments.
//!
//! The main functions are [`measure`], in the process that waits, and [`run`], in the one that works.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use infra_sdk::Declarations;
use infra_sdk::protocol::messages::FromProgram;
use infra_state::{Config, Location, LockOwner};
use infra_testkit::MemoryDisk;

use crate::graph;
use crate::verbs::{Did, Verb};

/// The first argument of a process that works.
pub(crate) const WORD: &str = "measure";

/// What the program declared, as it says it to `infra`.
const DECLARED: &str = "declared.json";

/// Where the state is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// In a store that costs nothing, for the engine alone.
    InMemory,
    /// In the real one.
    OnDisk,
}

impl Kept {
    fn name(self) -> &'static str {
        match self {
            Self::InMemory => "memory",
            Self::OnDisk => "disk",
        }
    }

    /// The one of that name.
    pub(crate) fn of(name: &str) -> Self {
        if name == Self::InMemory.name() { Self::InMemory } else { Self::OnDisk }
    }
}

/// What a process that worked said, and how long it took from its start to its end.
pub(crate) struct Ran {
    pub(crate) took: Duration,
    pub(crate) told: Vec<(String, f64, String)>,
}

/// Writes what the program declares, for the processes that follow.
pub(crate) fn prepare(folder: &Path, size: usize) {
    fs::create_dir_all(folder).expect("a folder");
    let said = FromProgram::desired(&graph::declarations(size));
    let said = serde_json::to_vec(&said).expect("JSON");
    fs::write(folder.join(DECLARED), said).expect("a file");
}

/// Runs a verb, or all of them, in a process of its own.
pub(crate) fn measure(verbs: &str, kept: Kept, folder: &Path, size: usize) -> Ran {
    let program = std::env::current_exe().expect("the path of this program");
    let begun = Instant::now();
    let output = Command::new(program)
        .args([WORD, verbs, kept.name()])
        .arg(folder)
        .arg(size.to_string())
        .stderr(std::process::Stdio::inherit())
        .output()
        .expect("this program again");
    let took = begun.elapsed();
    assert!(output.status.success(), "{verbs} of {size}: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("text");
    let told = text.lines().map(|line| {
        let mut parts = line.split('\t');
        let mut part = || parts.next().expect("three parts").to_owned();
        (part(), part().parse().expect("a number"), part())
    });
    Ran { took, told: told.collect() }
}

/// Works, and tells what it measured.
pub(crate) fn run(verbs: &str, kept: Kept, folder: &Path, size: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        match kept {
            Kept::InMemory => in_memory(verbs, folder, size).await,
            Kept::OnDisk => on_disk(verbs, folder, size).await,
        }
    });
}

/// Resources that are planned for one figure: the system counts processor time in pieces of some
/// milliseconds, so a small stack is planned often, and the mean is told.
const PLANNED: usize = 40_000;

async fn in_memory(verbs: &str, folder: &Path, size: usize) {
    let rounds = u32::try_from((PLANNED / size).clamp(1, 40)).expect("a small number");
    let verbs: Vec<_> =
        Verb::ALL.into_iter().filter(|verb| verbs == "all" || verbs == verb.name()).collect();
    let mut processor = vec![Duration::ZERO; verbs.len()];
    for _ in 0..rounds {
        let disk = MemoryDisk::new();
        for (verb, processor) in verbs.iter().zip(&mut processor) {
            let store = disk.open().expect("nobody holds the disk");
            let did = verb.run(&store, declared(folder)).await;
            check(*verb, &did, size);
            *processor += did.processor;
        }
    }
    for (verb, processor) in verbs.iter().zip(processor) {
        let engine = (processor / rounds).as_secs_f64() * 1000.0;
        println!("{}, processor time of the engine alone\t{engine}\tms", verb.name());
    }
}

async fn on_disk(verb: &str, folder: &Path, size: usize) {
    let verb = Verb::ALL.into_iter().find(|known| known.name() == verb).expect("a verb");
    let declared = declared(folder);
    let location = Location::Local { root: folder.join(".infra") };
    let config = Config::new(location, "bench", "bench");
    let owner = LockOwner {
        pid: std::process::id(),
        host: "bench".to_owned(),
        user: "bench".to_owned(),
        command: verb.name().to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
    };
    let begun = Instant::now();
    let store = infra_state::open(&config, &owner).await.expect("the state opens");
    let opening = begun.elapsed();
    let did = verb.run(&*store, declared).await;
    check(verb, &did, size);
    // Not until the store is let go of is everything done.
    drop(store);
    let name = verb.name();
    let parts = [
        ("opening the store", opening),
        ("reading the state", did.loading),
        ("planning", did.planning),
        ("applying", did.applying),
    ];
    for (part, took) in parts.iter().filter(|(_, took)| !took.is_zero()) {
        println!("{name}, of that {part}\t{}\ts", took.as_secs_f64());
    }
    println!("{name}, peak memory\t{}\tMB", peak("self").expect("the system tells"));
}

fn declared(folder: &Path) -> Declarations {
    let said = fs::read_to_string(folder.join(DECLARED)).expect("a file");
    match serde_json::from_str(&said) {
        Ok(FromProgram::Desired(desired)) => desired.read().expect("declarations"),
        other => panic!("{other:?}"),
    }
}

fn check(verb: Verb, did: &Did, size: usize) {
    let (planned, done) = match verb {
        Verb::Plan => (size, 0),
        Verb::Apply | Verb::Destroy => (size, size),
        Verb::Unchanged => (0, 0),
    };
    assert_eq!((did.planned, did.done), (planned, done), "{verb:?}");
}

/// The most memory that a process has had so far, in megabytes.
pub(crate) fn peak(process: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}
