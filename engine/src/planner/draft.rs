//! The draft of a plan: changes with what applying them needs, before the steps are put in order.
//!
//! The main function is [`plan`].

use std::collections::{BTreeSet, HashMap};

use infra_sdk::provider::Provider;
use infra_sdk::store::{Edit, Intent, Reads, State};
use infra_sdk::{Address, Diagnostic, Object, ReadDeclaration};

use super::deletions::orphans;
use super::refreshed::refreshed;
use super::renames::renamed;
use super::resources::{Planner, create_first};
use super::sight::{Imports, look};
use crate::adopt::{is_unwritten, refuse_lost};
use crate::check::{self, Checked};
use crate::ground::Ground;
use crate::pace::Pace;
use crate::plan::{Action, Change, Drift, Goal, Mode, OutputChange, Plan, Reason, Rename};
use crate::recover::may_be_sent_again;
use crate::work::{Part, Readings, Work};
use crate::{compare, named, steps};

/// The code of the error for what is still open.
pub(crate) const UNSETTLED: &str = "plan::unsettled";

/// What has to change to reach the goal.
pub(crate) async fn plan(
    provider: &dyn Provider,
    state: &State,
    goal: Goal,
) -> Result<Plan, Vec<Diagnostic>> {
    // Planning past an unfinished create would make its object a second time, unless the create is
    // sent again as it was.
    let sent_again = |intent: &Intent| may_be_sent_again(provider, state, &goal, intent);
    settled(state, sent_again)?;
    let draft = match goal.mode {
        Mode::Apply => {
            let checked = check::check(provider, &goal.declarations)?;
            refuse_lost(provider, &checked, state, &goal).await?;
            declared(provider, &checked, state, &goal).await?
        }
        Mode::Destroy | Mode::Refresh => {
            if is_unwritten(state) && !goal.declarations.resources.is_empty() {
                let checked = check::check(provider, &goal.declarations)?;
                refuse_lost(provider, &checked, state, &goal).await?;
            }
            match goal.mode {
                Mode::Refresh => refreshed(provider, state, &goal).await?,
                _ => destruction(provider, state, &goal).await?,
            }
        }
    };
    settled(state, |intent| draft.sends_again(provider, intent))?;
    Ok(draft.finish(provider, state, goal))
}

/// Refuses what earlier runs left open, but for what is `sent_again`.
fn settled(state: &State, sent_again: impl Fn(&Intent) -> bool) -> Result<(), Vec<Diagnostic>> {
    let open = state.open.iter().map(|(_, intent)| intent).filter(|intent| !sent_again(intent));
    let unsettled = open.map(|intent| {
        Diagnostic::error(UNSETTLED, "an operation of an earlier run is not settled")
            .detail(format!(
                "{:?} of a {}, begun at {}",
                intent.operation, intent.type_name, intent.started
            ))
            .address(&intent.address)
            .hint("run the command again: it settles what is open before it plans")
    });
    let unsettled: Vec<_> = unsettled.collect();
    if unsettled.is_empty() { Ok(()) } else { Err(unsettled) }
}

/// One change with what applying it needs, before everything is put in order.
pub(super) struct Entry {
    pub(super) change: Change,
    pub(super) part: Part,
    /// Position of its declaration.
    pub(super) declared: Option<usize>,
    pub(super) outlived_by: Vec<Address>,
}

/// A plan whose steps have no order yet.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) entries: Vec<Entry>,
    /// For each declaration those it waits for.
    pub(super) waits: Vec<Vec<usize>>,
    pub(super) outputs: Vec<OutputChange>,
    pub(super) bookkeeping: Vec<Edit>,
    pub(super) drift: Vec<Drift>,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) renames: Vec<Rename>,
}

impl Draft {
    /// Whether a create that was lost is planned as it was sent, with nothing that may still become
    /// another value.
    fn sends_again(&self, provider: &dyn Provider, intent: &Intent) -> bool {
        let change = self.entries.iter().map(|entry| &entry.change).find(|change| {
            change.address == intent.address
                && matches!(change.action, Action::Create | Action::Replace { .. })
        });
        let after = change.and_then(|change| change.after.as_ref());
        let (Some(after), Some(schema)) = (after, provider.schema(&intent.type_name)) else {
            return false;
        };
        let sent = compare::planned(schema.inputs, &intent.inputs, None);
        schema.inputs.iter().all(|field| sent.get(field.name) == after.get(field.name))
    }

    fn finish(mut self, provider: &dyn Provider, state: &State, goal: Goal) -> Plan {
        let reads = readings(state, &goal);
        if reads.during != state.reads || reads.after != state.reads {
            self.bookkeeping.push(Edit::Reads(reads.during.clone()));
        }
        let mut positions = HashMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some(declared) = entry.declared {
                positions.insert(declared, index);
            }
        }
        let waits: Vec<Vec<usize>> = self
            .entries
            .iter()
            .map(|entry| {
                let waits = entry.declared.map(|declared| self.waits[declared].as_slice());
                let waits = waits.unwrap_or_default().iter();
                waits.filter_map(|other| positions.get(other).copied()).collect()
            })
            .collect();
        let mut changes = Vec::with_capacity(self.entries.len());
        let mut parts = Vec::with_capacity(self.entries.len());
        let mut outlived_by = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            changes.push(entry.change);
            parts.push(entry.part);
            outlived_by.push(entry.outlived_by);
        }
        for (position, declaration) in goal.declarations.resources.into_iter().enumerate() {
            if let Some(&index) = positions.get(&position) {
                parts[index].declaration = Some(declaration);
            }
        }
        let (steps, followers) = steps::steps(&changes, &waits, &outlived_by);
        let pace = Pace::new(provider, &state.durations, (&changes, &parts), &steps);
        let index = changes
            .iter()
            .enumerate()
            .filter(|(_, change)| !change.deposed)
            .map(|(index, change)| (change.address.clone(), index))
            .collect();
        let warnings = goal.declarations.diagnostics.into_iter().filter(|d| !d.is_error());
        let work = Work {
            owner: Some(goal.owner),
            parts,
            index,
            bookkeeping: self.bookkeeping,
            steps,
            followers,
            pace,
            outputs: goal.declarations.outputs,
            recorded_outputs: state.outputs.clone(),
            reads,
            open: state.open.iter().map(|(n, i)| (i.address.clone(), (*n, i.clone()))).collect(),
        };
        Plan {
            changes,
            outputs: self.outputs,
            drift: self.drift,
            warnings: warnings.chain(self.warnings).collect(),
            renames: self.renames,
            lineage: state.lineage.clone(),
            serial: state.serial,
            mode: goal.mode,
            work,
        }
    }
}

/// What is recorded of reading other stacks: what was read and what will be while the run goes on,
/// and what is declared once all of it is done. A run over a part, and a refresh alone, keep both.
fn readings(state: &State, goal: &Goal) -> Readings {
    let declared = goal.declarations.reads.clone();
    let mut wanted = Reads::new();
    if goal.mode == Mode::Apply {
        for ReadDeclaration { external, .. } in &declared {
            wanted.entry(external.stack.clone()).or_default().insert(external.output.clone());
        }
    }
    let mut during = state.reads.clone();
    for (stack, outputs) in &wanted {
        during.entry(stack.clone()).or_default().extend(outputs.iter().cloned());
    }
    let whole = goal.targets.is_empty() && goal.excludes.is_empty();
    let after = if whole && goal.mode != Mode::Refresh { wanted } else { during.clone() };
    Readings { declared, values: goal.external.clone(), during, after }
}

async fn destruction(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
) -> Result<Draft, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let ground = Ground::of_records(state, goal, &mut problems);
    let forgotten = forgotten(goal);
    let mut draft = Draft::default();
    let seen = look(provider, &ground, &Imports::default(), goal, &mut problems).await;
    let declared: HashMap<_, _> =
        goal.declarations.resources.iter().map(|d| (&d.address, d)).collect();
    orphans(provider, &ground, &seen.orphans, &mut draft, &mut problems, |record| {
        // What is declared now counts more than what was recorded then.
        let prevent = declared
            .get(&record.address)
            .map_or(record.prevent_destroy, |d| d.arguments.options.prevent_destroy);
        let forget = forgotten.contains(&record.address);
        (prevent, if forget { Reason::ForgetRequested } else { Reason::DestroyRequested })
    });
    let partly = ground.selected_orphans.contains(&false);
    draft.outputs = state
        .outputs
        .iter()
        .map(|(name, value)| OutputChange {
            name: name.clone(),
            before: Some(value.clone()),
            after: partly.then(|| value.clone()),
        })
        .collect();
    if problems.is_empty() { Ok(draft) } else { Err(problems) }
}

async fn declared(
    provider: &dyn Provider,
    checked: &Checked<'_>,
    state: &State,
    goal: &Goal,
) -> Result<Draft, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let ground = Ground::new(checked, state, goal, &mut problems);
    wrong_replacements(checked, &ground, goal, &mut problems);
    let imports = Imports::find(provider, checked, &ground, state, goal, &mut problems).await;
    let seen = look(provider, &ground, &imports, goal, &mut problems).await;
    let mut draft = Draft { waits: checked.waits.clone(), ..Draft::default() };
    let planner = Planner {
        goal,
        checked,
        ground: &ground,
        imports: &imports,
        create_first: create_first(checked, &ground, goal),
    };
    let resolved = planner.resources(seen.declared, &mut draft, &mut problems);
    planner.outputs(state, &resolved, &mut draft, &mut problems);
    let forgotten = forgotten(goal);
    orphans(provider, &ground, &seen.orphans, &mut draft, &mut problems, |record| {
        let forget = forgotten.contains(&record.address);
        let reason = if forget { Reason::ForgetRequested } else { Reason::NoLongerDeclared };
        (record.prevent_destroy, reason)
    });
    if problems.is_empty() {
        renamed(provider, goal, &mut draft);
        Ok(draft)
    } else {
        Err(problems)
    }
}

/// What the program says is to be forgotten and not destroyed.
fn forgotten(goal: &Goal) -> BTreeSet<&Address> {
    goal.declarations.forgotten.iter().map(|forgotten| &forgotten.address).collect()
}

/// Refuses to replace what is not declared, and what the other options leave out.
fn wrong_replacements(
    checked: &Checked<'_>,
    ground: &Ground<'_>,
    goal: &Goal,
    problems: &mut Vec<Diagnostic>,
) {
    for address in &goal.replace {
        match checked.index.get(address) {
            None => {
                problems.push(named::nothing("--replace", address, checked.index.keys().copied()));
            }
            Some(&position) if !ground.selected[position] => problems.push(
                Diagnostic::error("plan::target", "an option names what another leaves out")
                    .detail(format!("`--replace {address}`: the plan is not about it"))
                    .hint("leave out `--replace`, or the `--target` or `--exclude` against it"),
            ),
            Some(_) => {}
        }
    }
}

/// Inputs and outputs together, as a change shows them.
pub(super) fn all_attributes(inputs: &Object, outputs: &Object) -> Object {
    inputs.clone().into_iter().chain(outputs.clone()).collect()
}
