//! What a run is given: ports, clock, the way to stop it.

use std::time::Duration;

use infra_sdk::Address;
use infra_sdk::provider::Provider;
use infra_sdk::store::Store;
use tokio::sync::watch;

use crate::event::Event;

/// Everything that an apply needs beside the plan.
pub struct Run<'a> {
    /// The cloud.
    pub provider: &'a dyn Provider,
    /// The store, which this run holds alone.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Takes events as they happen. Must not block.
    pub events: &'a (dyn Fn(Event) + Send + Sync),
    /// How many operations may be in flight; at least one is.
    pub parallelism: usize,
    /// Whether to go on.
    pub stop: watch::Receiver<Stop>,
    /// Random id of the run.
    pub id: String,
    /// What is run, for the history: `apply`, `destroy`, `undo 30c1…`.
    pub command: String,
    /// Who runs it, for the history.
    pub by: String,
}

/// What settling and adopting are given, before there is a plan.
pub struct Ports<'a> {
    /// The cloud.
    pub provider: &'a dyn Provider,
    /// The store, which the caller holds alone.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Is told once what is waited for, before the wait. Must not block.
    pub waits: &'a (dyn Fn(&Wait) + Send + Sync),
}

/// A wait for what lost creates may have made to show up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The resources.
    pub addresses: Vec<Address>,
    /// How long it takes at most.
    pub at_most: Duration,
}

/// Tells the time. The engine never looks at the machine's own clock.
pub trait Clock: Send + Sync {
    /// Now, RFC 3339.
    fn now(&self) -> String;

    /// This long from now, RFC 3339.
    fn after(&self, time: Duration) -> String;

    /// How long ago an instant was, RFC 3339; zero for one that is yet to come, and `None` for what
    /// is no instant.
    fn since(&self, instant: &str) -> Option<Duration>;

    /// Time since some fixed instant, never going backwards.
    fn monotonic(&self) -> Duration;
}

/// Whether a run is to go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// It is.
    #[default]
    Running,
    /// Begin nothing, wait for the calls in flight but not for objects to become ready or gone, save,
    /// say what is left.
    Stopping,
    /// Return at once. What is in flight stays in the journal for the next run.
    Abort,
}
