//! `infra state mv --to-stack`: a record goes from one stack's state to another's. The object is not
//! touched.
//!
//! Two states are not written in one step. The new one is written first: a run that is cut off in
//! between leaves the record in both, never in neither, and the same command again sees that both are
//! about one object and takes it out of the old one.

use std::collections::BTreeSet;

use infra_sdk::store::{Edit, Operation, Record, RunChange, State, Store};
use infra_sdk::{Address, Diagnostic};

use super::edit::{EditingArgs, forgotten, unsettled};
use super::look::{holder, read, unknown};
use crate::cli::{Context, WhichArgs};
use crate::config::{Environment, Project, near, settings};
use crate::error::{CommandError, Result};
use crate::interrupts::Hold;
use crate::session::{Site, find, recorded};
use crate::view::human;

/// What goes where.
pub(super) struct HandOver<'a> {
    /// Its address in the old stack.
    pub(super) from: &'a Address,
    /// Its address in the new one.
    pub(super) to: &'a Address,
    /// The new stack.
    pub(super) stack: &'a str,
}

/// Where a move stands.
#[derive(Debug, PartialEq)]
enum Stage {
    /// Nothing of it is done.
    Begin,
    /// An earlier run was cut off: the new state has the record, and the old one still has it.
    Finish,
}

/// Moves a record to another stack.
pub(super) async fn hand_over(
    context: &Context,
    which: &WhichArgs,
    editing: &EditingArgs,
    way: &HandOver<'_>,
) -> Result<()> {
    let (project, environment) = find(context, &which.env)?;
    check_stack(context, &project, &environment, way.stack).await?;
    let mut known = read(context, which).await?;
    if which.stack.iter().any(|stack| stack == way.stack) {
        return Err(CommandError::usage(
            Diagnostic::error("state::move", "a resource cannot be moved there")
                .detail(format!("`{}` is the stack that it is to leave, too", way.stack))
                .hint("name two stacks, or leave `--to-stack` out"),
        ));
    }
    known.retain(|(stack, _)| stack != way.stack);
    let (source, state) = holder(&known, way.from)?;
    let sites = [source.as_str(), way.stack].map(|stack| Site {
        project: &project,
        environment: &environment,
        stack,
    });
    let [old, new] = sites;
    if editing.dry_run {
        let target = new.read(context).await?.unwrap_or_default();
        let (record, _) = planned(&old, (state, &target), way)?;
        context
            .terminal
            .answer_in_words(&human::state::handed_over(source, &record, way.to, way.stack, true));
        return Ok(());
    }
    let patience = editing.waiting.lock_timeout;
    // Always in the same order, so that two commands never wait for one another.
    let (old_store, new_store);
    if old.stack < new.stack {
        old_store = old.open(context, patience).await?;
        new_store = new.open(context, patience).await?;
    } else {
        new_store = new.open(context, patience).await?;
        old_store = old.open(context, patience).await?;
    }
    let source = old_store.load().await.map_err(|error| old.refused(&error))?;
    let target = new_store.load().await.map_err(|error| new.refused(&error))?;
    // Other runs may have written since.
    let (record, stage) = planned(&old, (&source, &target), way)?;
    let leaving = forgotten(&source, &BTreeSet::from([way.from.clone()]))?;
    context.interrupts.hold(Hold::Step);
    let (from, to) = (way.from, way.to);
    if stage == Stage::Begin {
        // What it depended on stands in another stack now; the next apply records what it needs here.
        let arrived = Record { address: to.clone(), dependencies: Vec::new(), ..record.clone() };
        let command = format!("state mv {from} {to} --from-stack {}", old.stack);
        let edits = [Edit::Put(Box::new(arrived))];
        write(&new, &*new_store, command, &edits, (Operation::Create, to, &record)).await?;
    }
    let command = format!("state mv {from} {to} --to-stack {}", new.stack);
    write(&old, &*old_store, command, &leaving.edits, (Operation::Delete, from, &record)).await?;
    context
        .terminal
        .answer_in_words(&human::state::handed_over(old.stack, &record, to, new.stack, false));
    Ok(())
}

async fn write(
    site: &Site<'_>,
    store: &dyn Store,
    command: String,
    edits: &[Edit],
    (operation, address, record): (Operation, &Address, &Record),
) -> Result<()> {
    let edits = |run: &str, at: &str| {
        let note = RunChange {
            run: run.to_owned(),
            at: at.to_owned(),
            address: address.clone(),
            type_name: record.type_name.clone(),
            operation,
            id: record.id.clone(),
            before: (operation == Operation::Delete).then(|| record.clone()),
        };
        edits.iter().cloned().chain([Edit::Note(Box::new(note))]).collect()
    };
    site.record(store, command, edits).await
}

/// Refuses a stack that is nowhere known: a slip of the pen would make a state that nothing declares.
async fn check_stack(
    context: &Context,
    project: &Project,
    environment: &Environment,
    stack: &str,
) -> Result<()> {
    let mut known = recorded(context, project, environment).await?;
    known.extend(settings::load(project, environment, &[])?.into_keys());
    if known.contains(stack) {
        return Ok(());
    }
    Err(CommandError::usage(
        Diagnostic::error("state::stack", "there is no such stack in this environment")
            .detail(format!("`{stack}` has neither settings nor a state in `{}`", environment.name))
            .hint(near(stack, known.iter().map(String::as_str))),
    ))
}

/// The record that moves, and what of it is left to do.
fn planned(
    site: &Site<'_>,
    (source, target): (&State, &State),
    way: &HandOver<'_>,
) -> Result<(Record, Stage), Vec<Diagnostic>> {
    let HandOver { from, to, stack } = way;
    let refuse = |detail: String, hint: String| {
        let problem = Diagnostic::error("state::move", "a resource cannot be moved there");
        Err(vec![problem.detail(detail).hint(hint)])
    };
    let Some(record) = source.records.get(*from) else {
        return Err(vec![unknown(from, std::iter::once(source))]);
    };
    let open = [unsettled(source, from), unsettled(target, to)];
    let open: Vec<_> = open.into_iter().flatten().collect();
    if !open.is_empty() {
        return Err(open);
    }
    let same = |other: &Record| {
        (&other.type_name, &other.place, &other.id)
            == (&record.type_name, &record.place, &record.id)
    };
    match target.records.get(*to) {
        Some(taken) if same(taken) => Ok((record.clone(), Stage::Finish)),
        Some(taken) => refuse(
            format!("`{to}` of `{stack}` is taken by the {} {}", taken.type_name, taken.id),
            "choose another address, or move what is there away first".to_owned(),
        ),
        None => match target.records.values().find(|other| same(other)) {
            Some(other) => refuse(
                format!("`{stack}` has {} already, as `{}`", record.id, other.address),
                format!(
                    "end that move:\n`infra state mv {from} {} --to-stack {stack} --env {} --stack {}`",
                    other.address, site.environment.name, site.stack
                ),
            ),
            None => Ok((record.clone(), Stage::Begin)),
        },
    }
}
