//! The verbs that are measured: each as a command does it, from what the program said and what the
//! store has to the last durable write.
//!
//! The main function is [`Verb::run`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use infra_engine::{Builtin, Clock, Event, Goal, Mode, Ports, Run, Stop, Summary, Wait};
use infra_sdk::Declarations;
use infra_sdk::provider::Owner;
use infra_sdk::store::Store;
use infra_testkit::fake::FakeProvider;
use jiff::{SignedDuration, Timestamp, Unit};
use tokio::sync::watch;

/// How many operations are in flight: what `infra` and Terraform take if nothing is said.
const PARALLELISM: usize = 10;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// A plan where nothing is recorded.
    Plan,
    /// A plan where nothing is recorded, and its apply.
    Apply,
    /// A plan where everything is as declared.
    Unchanged,
    /// A plan to destroy everything, and its apply.
    Destroy,
}

/// What a verb did and how long the engine took for it.
#[derive(Debug, Default)]
pub(crate) struct Did {
    /// Changes that the plan has.
    pub(crate) planned: usize,
    /// Resources that were made or destroyed.
    pub(crate) done: usize,
    /// Events that were sent.
    pub(crate) events: usize,
    /// Reading the state.
    pub(crate) loading: Duration,
    /// Settling and planning.
    pub(crate) planning: Duration,
    /// Applying, up to the last durable write.
    pub(crate) applying: Duration,
    /// Processor time of all of it on this thread: the engine's own, whatever else the machine does.
    pub(crate) processor: Duration,
}

impl Verb {
    /// In the order in which they follow one another.
    pub(crate) const ALL: [Self; 4] = [Self::Plan, Self::Apply, Self::Unchanged, Self::Destroy];

    /// Its name in tables and on command lines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Unchanged => "no-op plan",
            Self::Destroy => "destroy",
        }
    }

    /// Does it once.
    pub(crate) async fn run(self, store: &dyn Store, declarations: Declarations) -> Did {
        let mut did = Did::default();
        let fake = FakeProvider::new();
        let provider = Builtin::new(&fake);
        let clock = BenchClock(Instant::now());
        let (begun, cpu) = (Instant::now(), thread_cpu());
        let mut state = store.load().await.expect("the state can be read");
        did.loading = begun.elapsed();

        let begun = Instant::now();
        let mut goal = Goal::new(Arc::new(owner()), declarations);
        if self == Self::Destroy {
            goal.mode = Mode::Destroy;
        }
        let waits = |_: &Wait| {};
        let ports = Ports { provider: &provider, store, clock: &clock, waits: &waits };
        infra_engine::recover(&ports, &mut state, &goal).await.expect("nothing is open");
        let plan = infra_engine::plan(&provider, &state, goal).await.expect("a plan");
        did.planning = begun.elapsed();
        did.processor = thread_cpu().saturating_sub(cpu);
        let counts = plan.counts();
        did.planned = counts.add + counts.change + counts.destroy;
        drop(state);
        if matches!(self, Self::Plan | Self::Unchanged) {
            assert_eq!(plan.is_empty(), self == Self::Unchanged, "{self:?}");
            return did;
        }

        let begun = Instant::now();
        let problems = infra_engine::preflight(&provider, &[&plan]).await;
        assert!(problems.is_empty(), "{problems:?}");
        let events = AtomicUsize::new(0);
        let count = |_: Event| {
            events.fetch_add(1, Ordering::Relaxed);
        };
        let (_stops, stop) = watch::channel(Stop::Running);
        let run = Run {
            provider: &provider,
            store,
            clock: &clock,
            events: &count,
            parallelism: PARALLELISM,
            stop,
            id: format!("bench-{}", self.name()),
            command: self.name().to_owned(),
            by: "bench".to_owned(),
        };
        let summary = infra_engine::apply(plan, &run).await;
        did.applying = begun.elapsed();
        did.processor = thread_cpu().saturating_sub(cpu);
        did.events = events.load(Ordering::Relaxed);
        did.done = done(&summary);
        did
    }
}

fn done(summary: &Summary) -> usize {
    assert!(summary.is_complete(), "{:?} {:?}", summary.failed, summary.diagnostics);
    summary.created.len() + summary.destroyed.len()
}

fn owner() -> Owner {
    Owner { stack: "bench".to_owned(), environment: "bench".to_owned() }
}

/// Processor time of this thread, on which the engine runs alone.
fn thread_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// The clock of this machine, as `infra` has it.
struct BenchClock(Instant);

impl Clock for BenchClock {
    fn now(&self) -> String {
        self.after(Duration::ZERO)
    }

    fn after(&self, time: Duration) -> String {
        let time = SignedDuration::try_from(time).expect("short");
        let time = Timestamp::now().checked_add(time).expect("soon");
        time.round(Unit::Second).expect("a time").to_string()
    }

    fn since(&self, instant: &str) -> Option<Duration> {
        let instant: Timestamp = instant.parse().ok()?;
        Timestamp::now().duration_since(instant).try_into().ok()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}
