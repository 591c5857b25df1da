//! What applying a plan needs and no view shows: expressions, records, the graph of steps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use infra_sdk::provider::Owner;
use infra_sdk::store::{Edit, Intent, Reads, Record};
use infra_sdk::{
    Address, Declaration, Externals, Object, OutputDeclaration, ReadDeclaration, Value,
};

use crate::event::Operation;
use crate::pace::Pace;

/// The private half of a plan.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Whose the objects are.
    pub(crate) owner: Option<Arc<Owner>>,
    /// By index of the plan's changes.
    pub(crate) parts: Vec<Part>,
    /// Index of the change that gives an address its values.
    pub(crate) index: HashMap<Address, usize>,
    /// Edits of records that need no call: moves, adoptions, what was seen. Written first, at once.
    pub(crate) bookkeeping: Vec<Edit>,
    /// Operations in no order.
    pub(crate) steps: Vec<Step>,
    /// For each step those that wait for it.
    pub(crate) followers: Vec<Vec<usize>>,
    /// How long the steps will take.
    pub(crate) pace: Pace,
    /// Outputs to evaluate at the end.
    pub(crate) outputs: Vec<OutputDeclaration>,
    /// Creates of earlier runs that are to be sent again, with the numbers of their intents.
    pub(crate) open: HashMap<Address, (u64, Intent)>,
    /// Outputs as recorded.
    pub(crate) recorded_outputs: BTreeMap<String, Value>,
    /// What is read of other stacks.
    pub(crate) reads: Readings,
}

/// What is read of other stacks: where, with which values, and how it is recorded.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    /// As declared.
    pub(crate) declared: Vec<ReadDeclaration>,
    /// The values that the plan was made with.
    pub(crate) values: Externals,
    /// As it is recorded while the run goes on.
    pub(crate) during: Reads,
    /// As it is recorded once everything is done.
    pub(crate) after: Reads,
}

/// What applying needs of one change.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The declaration, if there is one.
    pub(crate) declaration: Option<Declaration>,
    /// The record as it is after the bookkeeping, if there is one.
    pub(crate) record: Option<Record>,
    /// Inputs as they are.
    pub(crate) current: Object,
    /// The way it will be recorded to be replaced.
    pub(crate) create_before_destroy: bool,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Index of the change.
    pub(crate) change: usize,
    /// What is done; `None` where others wait for a resource that stays as it is.
    pub(crate) operation: Option<Operation>,
}
