//! The store port: what is known between runs, and the journal that makes losing it impossible.
//!
//! The main type is [`Store`]. Its rules, which the testkit's suite holds every backend to:
//! a `begin` is durable before it returns; a `commit` applies its edits all or none, is durable
//! before it returns, and closes its intent in the same step; both cost the same whatever the size
//! of the stack; what cannot be read is an error and never an empty state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::durations::{Durations, Sort};
use crate::provider::{BoxFuture, Place};
use crate::{Address, Location, Object, Value};

/// What is known of a stack in an environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Random id of this history: two stores with one lineage are one state at two times.
    pub lineage: String,
    /// Counts the runs that wrote something.
    pub serial: u64,
    /// Resources by address.
    pub records: BTreeMap<Address, Record>,
    /// Outputs of the stack after its latest apply.
    pub outputs: BTreeMap<String, Value>,
    /// What its resources were made of that belongs to other stacks.
    pub reads: Reads,
    /// Answers to lookups, by [`lookup_key`], for `validate` without a cloud.
    pub lookups: BTreeMap<String, Value>,
    /// How long operations took, for estimates.
    pub durations: Durations,
    /// Operations that were begun and not ended, oldest first.
    pub open: Vec<(u64, Intent)>,
}

/// Outputs that are read of other stacks: their names, by the name of the stack.
pub type Reads = BTreeMap<String, BTreeSet<String>>;

/// The key under which the answer to a lookup is kept.
#[must_use]
pub fn lookup_key(name: &str, arguments: &BTreeMap<String, Value>, place: &Place) -> String {
    let arguments = serde_json::Value::Object(
        arguments
            .iter()
            .map(|(k, v)| (k.clone(), crate::protocol::wire::value_to_json(v)))
            .collect(),
    );
    let region = place.region.as_deref().unwrap_or_default();
    let provider = place.provider.as_deref().unwrap_or_default();
    format!("{name} {arguments} {region} {provider}")
}

/// A resource as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it stands in the stack.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// Where it is.
    pub place: Place,
    /// What the cloud calls it.
    pub id: String,
    /// Inputs as last applied, with digests in place of write-only secrets.
    pub inputs: Object,
    /// Outputs as last seen; always with `id`.
    pub outputs: Object,
    /// Resources that must outlive it.
    pub dependencies: Vec<Address>,
    /// How far its making has come.
    pub status: Status,
    /// Refuses destruction, also after the declaration is gone.
    pub prevent_destroy: bool,
    /// The way it is replaced, also when the declaration is gone.
    pub create_before_destroy: bool,
    /// Where it was declared.
    pub location: Option<Location>,
    /// Objects that it replaced and that are still to be deleted.
    pub deposed: Vec<Deposed>,
}

/// How far the making of a resource has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The cloud has it and it may not be usable yet.
    Created(Waiting),
    /// It is as it was asked for.
    Ready,
}

/// A wait for an object that is on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The last word about it: the cloud's, or `created`.
    pub last: String,
    /// Until when a run waits before it gives up for now, RFC 3339. The next run waits anew.
    pub until: Option<String>,
}

/// An object that was replaced and is still to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Deposed {
    /// What the cloud calls it.
    pub id: String,
    /// Its inputs as last applied.
    pub inputs: Object,
}

/// What an operation does to the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Makes an object.
    Create,
    /// Changes an object.
    Update,
    /// Deletes an object.
    Delete,
}

/// What is about to be done: durable before the call that does it.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Id of the run.
    pub run: String,
    /// The resource.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// Where the object is or goes.
    pub place: Place,
    /// What is done.
    pub operation: Operation,
    /// Idempotency token: the same for every try.
    pub token: String,
    /// Digest of the inputs that go into the call.
    pub digest: String,
    /// The object's id, for updates and deletes; for creates the id of the one that is replaced.
    pub id: Option<String>,
    /// Inputs that go into the call, with digests in place of write-only secrets: a replay takes
    /// those from the declaration.
    pub inputs: Object,
    /// Resources that must outlive the object.
    pub dependencies: Vec<Address>,
    /// When, RFC 3339.
    pub started: String,
}

/// A change of what is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Writes a record.
    Put(Box<Record>),
    /// Removes a record.
    Remove(Address),
    /// Replaces all outputs.
    Outputs(BTreeMap<String, Value>),
    /// Replaces what is read of other stacks.
    Reads(Reads),
    /// Keeps the answer to a lookup, by [`lookup_key`].
    Lookup(String, Value),
    /// Replaces how long operations of one sort took.
    Durations(Sort, Vec<Duration>),
    /// Appends to the history of a run.
    Note(Box<RunChange>),
}

/// A run, for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Random id.
    pub id: String,
    /// `apply`, `destroy`, `state mv`, …
    pub command: String,
    /// Who ran it: user and host, and the caller's ARN where it is known.
    pub by: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339; `None` while it goes on, and for one that was killed.
    pub ended: Option<String>,
    /// Whether everything was done.
    pub complete: bool,
}

/// What a run did to one resource: enough to undo it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChange {
    /// Id of the run.
    pub run: String,
    /// When it was done, RFC 3339.
    pub at: String,
    /// The resource.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// What was done.
    pub operation: Operation,
    /// What the cloud calls the object.
    pub id: String,
    /// The record as it was before; `None` where there was none.
    pub before: Option<Record>,
}

/// Why the store cannot do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another run holds the state.
    #[error("the state is locked: {holder}")]
    Locked {
        /// Who, and since when, as far as it is known.
        holder: String,
        /// The id of the lock, where it can be freed by it.
        id: Option<String>,
    },
    /// Another run took the lock over while this one held it. What this run wrote until then counts.
    #[error("the lock of the state was lost: {holder}")]
    Lost {
        /// Who has it now, and since when, as far as it is known.
        holder: String,
    },
    /// The disk or the service refuses.
    #[error("{action}: {reason}")]
    Unavailable {
        /// What was tried, with the path.
        action: String,
        /// What the system said.
        reason: String,
    },
    /// What was asked for is against the rules of the store: nothing was changed, and trying again
    /// changes nothing.
    #[error("{action}: {reason}")]
    Refused {
        /// What was asked for, with the place.
        action: String,
        /// Which rule.
        reason: String,
    },
    /// The state lives elsewhere.
    #[error("open the state in {from}: it was moved to {to}; it lives there now")]
    Moved {
        /// Where it was looked for.
        from: String,
        /// Where it is.
        to: String,
    },
    /// What wraps the key of the state is missing, is another one, or refuses.
    #[error("{action}: {reason}")]
    Key {
        /// What was tried.
        action: String,
        /// What does not fit.
        reason: String,
    },
    /// What is there is damaged.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// The record, or the whole store.
        what: String,
        /// What does not fit.
        reason: String,
    },
    /// What is there was written by a later release.
    #[error("the state is of format {found}, and this release reads up to {supported}")]
    Newer {
        /// Format that was found.
        found: u32,
        /// Newest format that this release reads.
        supported: u32,
    },
}

/// What is known between runs, held by one run at a time.
pub trait Store: Send + Sync {
    /// Everything that is known. A store that was never written is an empty state with a fresh
    /// lineage; one that was and cannot be read is an error.
    fn load(&self) -> BoxFuture<'_, Result<State, StoreError>>;

    /// Writes an intent and returns its number. Durable when it returns.
    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Applies edits, all or none, and closes the intent, if one is named. Durable when it returns.
    fn commit<'a>(
        &'a self,
        intent: Option<u64>,
        edits: &'a [Edit],
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Begins a run that changes something: counts the serial up and appends to the history. Durable
    /// when it returns.
    fn start<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends the run that was started last: writes it again, as it ended, and the canonical export.
    fn finish<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Seals bytes with the key of the state, for files that go with it. They open with the same key
    /// and the same `place` only, which names what they are and what they belong to.
    ///
    /// # Errors
    /// `Refused` by a store that has no key, `Unavailable` when they cannot be sealed.
    fn seal(&self, _place: &str, _bytes: &[u8]) -> Result<String, StoreError> {
        Err(keyless("seal a file"))
    }

    /// Opens what [`Store::seal`] sealed for the same place.
    ///
    /// # Errors
    /// `Refused` by a store that has no key, `Damaged` when it was changed, belongs elsewhere or was
    /// sealed with another key.
    fn unseal(&self, _place: &str, _sealed: &str) -> Result<Vec<u8>, StoreError> {
        Err(keyless("open a sealed file"))
    }

    /// Returns, and says why, when the state is not held for certain any more; never where the lock
    /// ends with the process. Whoever calls a cloud waits for it beside every call: a call that is
    /// sent again later must not meet what another run has done by then.
    fn lost(&self) -> BoxFuture<'_, StoreError> {
        Box::pin(std::future::pending())
    }

    /// All runs, oldest first, those that were killed included.
    fn history(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, StoreError>>;

    /// What a run did, in the order in which it was done.
    fn changes<'a>(&'a self, run: &'a str) -> BoxFuture<'a, Result<Vec<RunChange>, StoreError>>;
}

fn keyless(action: &str) -> StoreError {
    StoreError::Refused { action: action.to_owned(), reason: "the store has no key".to_owned() }
}
