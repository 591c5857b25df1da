//! `--adopt`: what belongs to a stack and is not recorded is recorded before anything is planned.
//!
//! The main function is [`adopt`]. It writes the state and changes no object.

use std::collections::BTreeSet;

use infra_engine::{Goal, Ports};
use infra_sdk::provider::Provider;
use infra_sdk::store::{RunRecord, State, Store};

use super::clock::{SystemClock, now};
use super::states::{run_id, who};
use crate::cli::Context;
use crate::error::Result;
use crate::interrupts::Hold;

/// Records what is declared, there, and not recorded, as a run of the history, and says each.
///
/// # Errors
/// When it cannot be told what is there. What was recorded until then stays recorded.
pub(super) async fn adopt(
    context: &Context,
    provider: &dyn Provider,
    store: &dyn Store,
    state: &mut State,
    goal: &Goal,
    command: &str,
) -> Result<()> {
    let known: BTreeSet<_> = state.records.keys().cloned().collect();
    let clock = SystemClock::new();
    // Nothing is waited for: what is searched for was not made just now.
    let ports = Ports { provider, store, clock: &clock, waits: &|_| {} };
    let run = RunRecord {
        id: run_id()?,
        command: format!("{command} --adopt"),
        by: who(),
        started: now(),
        ended: None,
        complete: false,
    };
    context.interrupts.hold(Hold::Step);
    let adopted = infra_engine::adopt(&ports, state, goal, &run).await;
    let stack = &goal.owner.stack;
    // From the state and not from the answer: an error leaves what was recorded before it.
    let new: Vec<_> =
        state.records.values().filter(|record| !known.contains(&record.address)).collect();
    for record in &new {
        let (address, type_name, id) = (&record.address, &record.type_name, &record.id);
        context.terminal.say(&format!("{stack}: {address}: {type_name} {id} is recorded now"));
    }
    context.terminal.say(&match new.len() {
        0 => format!("{stack}: nothing is there that is not recorded"),
        1 => format!("{stack}: 1 object was taken over; it was not changed"),
        several => format!("{stack}: {several} objects were taken over; none was changed"),
    });
    context.interrupts.release();
    adopted?;
    Ok(())
}
