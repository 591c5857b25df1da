//! What an apply says while it runs: the only channel out of the engine.
//!
//! The main type is [`Event`]; [`Summary`] is the last word.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_sdk::{Address, Diagnostic, Value};

/// Something that happened during an apply.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An operation began.
    Started {
        /// The resource.
        address: Address,
        /// What is done.
        operation: Operation,
        /// What the cloud calls it, if it is there already.
        id: Option<String>,
        /// How long it usually takes; `None` where nobody knows.
        expected: Option<Estimate>,
    },
    /// An operation is still going on; said every ten seconds.
    Progress {
        /// The resource.
        address: Address,
        /// What is done.
        operation: Operation,
        /// What the cloud calls it, if it was there when the operation began.
        id: Option<String>,
        /// Time since it began.
        elapsed: Duration,
        /// How long it usually takes; `None` where nobody knows.
        expected: Option<Estimate>,
        /// The cloud's last word about what is waited for, where it said one.
        last: Option<String>,
    },
    /// An operation ended well.
    Completed {
        /// The resource.
        address: Address,
        /// What was done.
        operation: Operation,
        /// What the cloud calls it, or called it.
        id: String,
        /// Time that it took.
        elapsed: Duration,
        /// Whether a call turned out to be unnecessary and was not made: the values that became
        /// known were those that are there.
        unchanged: bool,
    },
    /// The run was asked to stop while it waited for an object: the call is made, and the next run
    /// goes on waiting.
    OnItsWay {
        /// The resource.
        address: Address,
        /// What was done.
        operation: Operation,
        /// What the cloud calls it.
        id: String,
        /// Time since it began.
        elapsed: Duration,
        /// The last word about it: the cloud's, where it said one.
        last: String,
    },
    /// An operation failed.
    Failed {
        /// The resource.
        address: Address,
        /// What was tried.
        operation: Operation,
        /// What the cloud calls it, if that is known.
        id: Option<String>,
        /// Time until it failed.
        elapsed: Duration,
        /// Why, and what is left of it.
        diagnostic: Diagnostic,
    },
    /// An operation will not be tried, because one that it needs failed.
    Blocked {
        /// The resource.
        address: Address,
        /// What was to be done.
        operation: Operation,
        /// The resource that failed.
        by: Address,
    },
    /// An operation takes longer than nine of ten like it; said once, and never in its first half
    /// minute.
    Slow {
        /// The resource.
        address: Address,
        /// What is done.
        operation: Operation,
        /// Time since it began.
        elapsed: Duration,
        /// How long it usually takes.
        expected: Estimate,
    },
    /// How long the run will go on; said every ten seconds.
    Remaining(Remaining),
    /// Why calls wait to be sent again, a sentence for each reason; said when that changes. None: they
    /// go through again.
    HeldUp(Vec<String>),
    /// The run was asked to stop: calls in flight are waited for, and nothing is begun.
    Stopping {
        /// The resources in flight.
        in_flight: Vec<Address>,
        /// How many operations will not be begun.
        left: usize,
    },
}

/// How long something takes, by what it took before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Half of them take at most this.
    pub p50: Duration,
    /// Nine of ten take at most this.
    pub p90: Duration,
}

impl Estimate {
    /// This, and then another.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        Self { p50: self.p50 + other.p50, p90: self.p90 + other.p90 }
    }

    /// What is left of it after some time.
    #[must_use]
    pub fn after(self, elapsed: Duration) -> Self {
        let left = |time: Duration| time.saturating_sub(elapsed);
        Self { p50: left(self.p50), p90: left(self.p90) }
    }

    /// The longer of two, of each side.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { p50: self.p50.max(other.p50), p90: self.p90.max(other.p90) }
    }
}

/// What is left of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remaining {
    /// How long it will go on: the longest path over what is left.
    pub estimate: Estimate,
    /// How many operations are not done, those in flight included.
    pub operations: usize,
    /// Of how many of them nobody knows how long they take. They are not in the estimate.
    pub unknown: usize,
}

/// An operation on one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Makes it and waits until it is ready.
    Create,
    /// Changes it and waits until it is ready.
    Update,
    /// Deletes it and waits until it is gone.
    Delete,
    /// Waits until it is ready.
    Await,
}

impl Operation {
    /// The verb, for messages: `create`.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Await => "wait for",
        }
    }
}

/// What an apply did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Made, in order of completion; without replacements.
    pub created: Vec<Address>,
    /// Changed in place.
    pub updated: Vec<Address>,
    /// Made anew, and the old object is gone.
    pub replaced: Vec<Address>,
    /// Deleted; without replacements. What was left over by an earlier replacement counts here.
    pub destroyed: Vec<Address>,
    /// Taken over.
    pub imported: Vec<Address>,
    /// Recorded as somebody else left them, by a run that only records.
    pub refreshed: Vec<Address>,
    /// Failed, each with why.
    pub failed: Vec<(Address, Diagnostic)>,
    /// Not tried, each with the resource whose failure stopped it.
    pub blocked: Vec<(Address, Address)>,
    /// On their way when the run was stopped, each with the last word about it: the calls are made, or
    /// in flight, and the next run goes on from there. Not failures.
    pub waiting: Vec<(Address, String)>,
    /// Not begun because the run was stopped, or because the store failed.
    pub left: Vec<Address>,
    /// Whether the run was asked to stop before it was done.
    pub interrupted: bool,
    /// What went wrong with the run as a whole: the store, the history.
    pub diagnostics: Vec<Diagnostic>,
    /// Outputs of the stack as they are now.
    pub outputs: BTreeMap<String, Value>,
}

impl Summary {
    /// Whether everything was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.interrupted
            && self.failed.is_empty()
            && self.blocked.is_empty()
            && self.waiting.is_empty()
            && self.left.is_empty()
            && !self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether anything was done: with `!is_complete()`, an apply in part.
    #[must_use]
    pub fn has_done(&self) -> bool {
        let done = [&self.created, &self.updated, &self.replaced, &self.destroyed];
        let recorded = [&self.imported, &self.refreshed];
        done.iter().chain(&recorded).any(|done| !done.is_empty()) || !self.waiting.is_empty()
    }
}
