//! Planning and applying: what is declared against what is recorded and what is there.
//!
//! Start reading at [`plan()`], then [`apply()`]; [`recover()`] comes before both, and [`adopt()`]
//! where a state was lost. The engine is pure: it asks the cloud and the store through the ports of
//! the vocabulary crate, tells the time by a [`Clock`], talks in [`Event`]s, and never prints, reads
//! the environment or knows a backend.

mod adopt;
mod apply;
mod builtin;
mod check;
mod compare;
mod decide;
mod digest;
pub mod event;
mod graph;
mod ground;
mod import;
mod imprint;
pub mod named;
mod pace;
pub mod plan;
mod planner;
mod preflight;
pub mod recover;
mod refresh;
pub mod rollback;
pub mod run;
mod search;
mod steps;
pub mod undo;
mod unwritable;
mod work;

use infra_sdk::provider::Provider;
use infra_sdk::store::{Record, RunRecord, State};
use infra_sdk::{Address, Declarations, Diagnostic};

pub use adopt::Adopted;
pub use builtin::{Builtin, is_built_in};
pub use digest::is_digest;
pub use event::{Estimate, Event, Operation, Remaining, Summary};
pub use imprint::{ChangeImprint, Imprint, plans_digest};
pub use pace::Forecast;
pub use plan::{
    Action, AttributeChange, Change, Counts, Drift, Goal, Mode, OutputChange, Plan, Reason, Rename,
};
pub use planner::drift::{DriftReport, Drifted, DriftedAttribute, Unrecorded, Writer};
pub use recover::Recovered;
pub use rollback::{Rollback, rollback};
pub use run::{Clock, Ports, Run, Stop, Wait};
pub use undo::{Undo, undo};

/// Everything wrong with the declarations that can be told without a cloud: types, attributes,
/// kinds, ranges, references, cycles. What the program itself reported is among it.
#[must_use]
pub fn validate(provider: &dyn Provider, declarations: &Declarations) -> Vec<Diagnostic> {
    let warnings = declarations.diagnostics.iter().filter(|d| !d.is_error()).cloned();
    warnings.chain(check::check(provider, declarations).err().unwrap_or_default()).collect()
}

/// Settles what earlier runs began and did not end, in the store and in `state`. Runs before
/// [`plan()`], with the goal that will be planned.
///
/// # Errors
/// With a diagnostic for each operation that cannot be settled; the others are.
pub async fn recover(
    ports: &Ports<'_>,
    state: &mut State,
    goal: &Goal,
) -> Result<Vec<Recovered>, Vec<Diagnostic>> {
    recover::recover(ports, state, goal).await
}

/// Records what is declared, is there, belongs to the stack by its ownership tags or by what it is
/// attached to, and is not recorded: the way out when a state was lost, as a whole or in part. Runs
/// after [`recover()`] and before [`plan()`], which then shows what differs from the declarations,
/// and nothing if nothing does. Changes nothing in the cloud. `run` goes into the history if
/// anything is recorded.
///
/// # Errors
/// With what is wrong with the declarations; with each resource to which several objects belong, and
/// each that cannot be looked for or read. The others are recorded.
pub async fn adopt(
    ports: &Ports<'_>,
    state: &mut State,
    goal: &Goal,
    run: &RunRecord,
) -> Result<Vec<Adopted>, Vec<Diagnostic>> {
    adopt::adopt(ports, state, goal, run).await
}

/// What would be recorded to take over an object that exists, by its id, for a declared resource
/// that nothing is recorded of. Writes nothing and changes nothing: put the record into the store,
/// and [`plan()`] shows what differs from the declaration.
///
/// # Errors
/// With what is wrong with the declarations; when the address is not declared or is recorded already;
/// when the type cannot be imported; when the object does not exist, cannot be read, or belongs to
/// another address of the stack.
pub async fn import(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
    address: &Address,
    id: &str,
) -> Result<Record, Vec<Diagnostic>> {
    import::import(provider, state, goal, address, id).await
}

/// What somebody else changed since the last run, attribute by attribute, with what the program says
/// and whose each is. Needs no lock, writes nothing and changes nothing.
///
/// # Errors
/// With everything that is wrong: with the declarations, and with reading the cloud.
pub async fn drift(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
) -> Result<DriftReport, Vec<Diagnostic>> {
    planner::drift(provider, state, goal).await
}

/// What has to change to reach the goal. Changes nothing.
///
/// # Errors
/// With everything that is wrong: with the declarations, with reading the cloud, with what must not
/// be destroyed; when [`recover()`] has not settled what earlier runs left open; and when the state
/// was never written and objects of the stack are there all the same, see [`adopt()`].
pub async fn plan(
    provider: &dyn Provider,
    state: &State,
    goal: Goal,
) -> Result<Plan, Vec<Diagnostic>> {
    planner::plan(provider, state, goal).await
}

/// What will keep plans from being carried out, one after another, and what is worth knowing before
/// that: errors first. Changes nothing; a plan that changes nothing asks nothing.
pub async fn preflight(provider: &dyn Provider, plans: &[&Plan]) -> Vec<Diagnostic> {
    preflight::preflight(provider, plans).await
}

/// Carries a plan out. What fails stops what depends on it and nothing else; whatever happens, the
/// store knows every object that was made.
pub async fn apply(plan: Plan, run: &Run<'_>) -> Summary {
    apply::apply(plan, run).await
}
