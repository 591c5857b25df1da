//! What a run is given: ports, clock, the way to stop it.

use std::time::Duration;

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
    /// Who runs it, for the history.
    pub by: String,
}

/// Tells the time. The engine never looks at the machine's own clock.
pub trait Clock: Send + Sync {
    /// Now, RFC 3339.
    fn now(&self) -> String;

    /// Time since some fixed instant, never going backwards.
    fn monotonic(&self) -> Duration;
}

/// Whether a run is to go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// It is.
    #[default]
    Running,
    /// Begin nothing, wait for what is in flight, save, say what is left.
    Stopping,
    /// Return at once. What is in flight stays in the journal for the next run.
    Abort,
}
