//! Going back to a past run: from what the history says about everything after it to a goal that the
//! planner plans.
//!
//! The main function is [`rollback()`]. It puts the runs after the past one together into one, whose
//! inverse it takes as [`undo`](crate::undo()) does: of each resource that one of them changed, the
//! record as the past run left it is what the first of these changes found.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_sdk::provider::{Owner, Provider};
use infra_sdk::store::{RunChange, RunRecord, State, Store};
use infra_sdk::{Address, Diagnostic};

use crate::check::{Hints as _, near};
use crate::undo::{Inverse, Undo, is_left_over, unreadable};

/// What goes back to a past run, and what of it cannot be.
#[derive(Debug)]
pub struct Rollback {
    /// What to plan, and what does not come back.
    pub undo: Undo,
    /// The run whose end it goes back to; `None` for what was there before the first one.
    pub to: Option<RunRecord>,
    /// The runs that changed something and are taken back, oldest first.
    pub runs: Vec<RunRecord>,
}

/// The goal that goes back to what was recorded when a run ended; without a run to before the latest
/// one that changed something. It is planned and applied as any other, and can be rolled back in turn.
///
/// Moves are followed: what has another address by now keeps it. What other runs did to records only,
/// such as forgetting one, is not taken back and is named.
///
/// # Errors
/// When the history has no such run or cannot be read, when no run has changed anything, and as
/// [`undo`](crate::undo()).
pub async fn rollback(
    provider: &dyn Provider,
    store: &dyn Store,
    owner: &Arc<Owner>,
    state: &State,
    run: Option<&str>,
) -> Result<Rollback, Vec<Diagnostic>> {
    let mut history = store.history().await.map_err(|error| vec![unreadable(&error)])?;
    let mut told = Vec::new();
    for run in &history {
        let changes = store.changes(&run.id).await.map_err(|error| vec![unreadable(&error)])?;
        told.push(changes.into_iter().filter(|change| !is_left_over(change)).collect::<Vec<_>>());
    }
    let kept = match run {
        Some(id) => history.iter().position(|known| known.id == id).map(|position| position + 1),
        None => told.iter().rposition(|changes| !changes.is_empty()),
    };
    let Some(kept) = kept else { return Err(vec![no_run(run, &history)]) };
    let after = history.split_off(kept);
    let lost = after.iter().filter_map(forgotten);
    let lost: Vec<_> = lost.collect();
    let told = told.split_off(kept);
    let changed = after.into_iter().zip(&told).filter(|(_, changes)| !changes.is_empty());
    let runs = changed.map(|(run, _)| run).collect();
    let changes = moved(told.into_iter().flatten().collect(), state);
    let mut undo = Inverse::new(provider, state, &changes).goal(owner)?;
    undo.lost.extend(lost);
    Ok(Rollback { undo, to: history.pop(), runs })
}

fn no_run(run: Option<&str>, history: &[RunRecord]) -> Diagnostic {
    match run {
        Some(run) => {
            let names = history.iter().map(|known| known.id.as_str());
            Diagnostic::error("rollback::run", "there is no such run")
                .detail(format!("`{run}`"))
                .hints(near(run, names))
                .hint("`infra history` with the same `--env` lists all runs")
        }
        None => Diagnostic::error("rollback::nothing", "there is nothing to go back to")
            .detail("no run in the history changed a resource")
            .hint("`infra history` with the same `--env` lists all runs"),
    }
}

/// What of a run over records only does not come back.
fn forgotten(run: &RunRecord) -> Option<Diagnostic> {
    let words = run.command.strip_prefix("state ")?;
    if !words.starts_with("rm ") && !words.starts_with("restore") {
        return None;
    }
    Some(
        Diagnostic::warning("rollback::records", "what a run did to records is not taken back")
            .detail(format!("run `{}`: infra {}", run.id, run.command))
            .hint("record again what is declared and there: `infra plan --adopt`"),
    )
}

/// The changes at the addresses that their objects have by now.
fn moved(mut changes: Vec<RunChange>, state: &State) -> Vec<RunChange> {
    let mut latest: BTreeMap<(String, String), Address> = BTreeMap::new();
    for change in &changes {
        let before = change.before.iter();
        latest.extend(before.map(|r| ((r.type_name.clone(), r.id.clone()), r.address.clone())));
    }
    let records = state.records.values();
    latest.extend(records.map(|r| ((r.type_name.clone(), r.id.clone()), r.address.clone())));
    let mut names: BTreeMap<Address, Address> = BTreeMap::new();
    for change in &changes {
        let id = change.before.as_ref().map_or(&change.id, |record| &record.id);
        let now = latest.get(&(change.type_name.clone(), id.clone()));
        let gone = !state.records.contains_key(&change.address);
        if let Some(now) = now.filter(|now| gone && **now != change.address) {
            names.insert(change.address.clone(), now.clone());
        }
    }
    let now = |address: &Address| names.get(address).unwrap_or(address).clone();
    for change in &mut changes {
        change.address = now(&change.address);
        if let Some(record) = &mut change.before {
            record.address = now(&record.address);
            record.dependencies = record.dependencies.iter().map(now).collect();
        }
    }
    changes
}
