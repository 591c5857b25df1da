//! Benchmark c: how long an apply takes against its critical path, where objects take minutes to
//! become ready, at a thousandth of the time that AWS takes.
//!
//! Each of the four systems is created three times, with ten operations in flight: by the simulated
//! clock of tokio, which shows the order alone; the same without any idea of how long things take;
//! and in real time. Prints a table, and appends to the file of `INFRA_BENCH_FIGURES`.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "this is a benchmark")]

mod cloud;
mod systems;

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use infra_engine::{Clock, Goal, Run, Stop};
use infra_sdk::provider::Owner;
use infra_testkit::MemoryDisk;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::systems::System;

/// As many as the command lets be in flight where nobody says otherwise.
const PARALLELISM: usize = 10;

/// The time since it was made.
struct Elapsed(Instant);

impl Clock for Elapsed {
    fn now(&self) -> String {
        "2026-01-02T03:04:05Z".to_owned()
    }

    fn after(&self, _time: Duration) -> String {
        self.now()
    }

    fn since(&self, _instant: &str) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// How long an apply of a system takes that finds nothing there.
async fn apply(system: &System, cloud: &Cloud) -> Duration {
    let disk = MemoryDisk::new();
    let owner = Owner { stack: system.name.to_owned(), environment: "bench".to_owned() };
    let goal = Goal::new(Arc::new(owner), system.declarations());
    let plan = infra_engine::plan(cloud, &disk.state(), goal).await;
    let plan = plan.unwrap_or_else(|problems| panic!("{problems:?}"));
    let store = disk.open().expect("nobody holds it");
    let (_stops, stop) = watch::channel(Stop::Running);
    let clock = Elapsed(Instant::now());
    let run = Run {
        provider: cloud,
        store: &store,
        clock: &clock,
        events: &|_| {},
        parallelism: PARALLELISM,
        stop,
        id: "run".to_owned(),
        command: "apply".to_owned(),
        by: "bench".to_owned(),
    };
    let summary = infra_engine::apply(plan, &run).await;
    let took = clock.monotonic();
    assert!(summary.is_complete(), "{summary:?}");
    took
}

fn measure(system: &System, cloud: &Cloud, simulated: bool) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(simulated)
        .build()
        .expect("a runtime");
    runtime.block_on(apply(system, cloud))
}

fn main() {
    println!(
        "{:12} {:>9} {:>8} {:>10} {:>12} {:>10}",
        "system", "resources", "path, ms", "simulated", "no durations", "real time"
    );
    let mut rows = Vec::new();
    for system in systems::all() {
        let path = system.critical_path();
        let ratio = |took: Duration| took.as_secs_f64() / path.as_secs_f64();
        let simulated = ratio(measure(&system, &Cloud::new(true), true));
        let blind = ratio(measure(&system, &Cloud::new(false), true));
        let real = ratio(measure(&system, &Cloud::new(true), false));
        println!(
            "{:12} {:>9} {:>8} {simulated:>9.3}x {blind:>11.3}x {real:>9.3}x",
            system.name,
            system.resources(),
            path.as_millis()
        );
        let mut row = |measure: &str, value: String, unit: &str| {
            let (name, size) = (system.name, system.resources());
            rows.push(format!("waits\t{size}\t{name}: {measure}\t{value}\t{unit}\n"));
        };
        row("critical path", format!("{:.3}", path.as_secs_f64()), "s");
        row("apply over critical path, simulated clock", format!("{simulated:.3}"), "x");
        row("the same without durations", format!("{blind:.3}"), "x");
        row("apply over critical path, real time", format!("{real:.3}"), "x");
    }
    if let Some(path) = std::env::var_os("INFRA_BENCH_FIGURES") {
        let mut file = File::options().append(true).create(true).open(path).expect("opens");
        file.write_all(rows.concat().as_bytes()).expect("the figures are written");
    }
}
