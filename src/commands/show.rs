//! `infra show`: one resource as it is recorded, with what it has to do with others.

use clap::Args;
use infra_sdk::store::{Operation, Record, State};
use infra_sdk::{Address, Diagnostic};

use super::state::{address, holder, read, unknown};
use crate::cli::{ARGUMENTS, Context, Format, FormatArgs, WhichArgs};
use crate::completion;
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{Site, find};
use crate::view::{human, show_json};

/// Show a resource as it is recorded
///
/// Its attributes, what it refers to, what refers to it, where it is declared, and the run that
/// changed it last. Sensitive values are masked, and AWS is not asked: `infra drift` says what was
/// changed outside.
#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// The resource, such as `network.vpc`.
    #[arg(add = completion::addresses(), help_heading = ARGUMENTS)]
    address: String,
}

/// A resource as it is shown.
pub(crate) struct Shown<'s> {
    /// The stack that has it.
    pub(crate) stack: &'s str,
    /// What is recorded of it.
    pub(crate) record: &'s Record,
    /// What it refers to; a record that is gone has no type.
    pub(crate) needs: Vec<(&'s Address, Option<&'s str>)>,
    /// What refers to it.
    pub(crate) needed_by: Vec<(&'s Address, Option<&'s str>)>,
    /// The run that changed it last, as far as that can be told.
    pub(crate) changed: Option<Changed>,
}

/// When something was changed last.
pub(crate) struct Changed {
    /// When, RFC 3339.
    pub(crate) at: String,
    /// What was done.
    pub(crate) operation: Operation,
    /// The run.
    pub(crate) run: String,
    /// Its command.
    pub(crate) command: String,
    /// Who ran it.
    pub(crate) by: String,
}

pub(crate) async fn run(context: &Context, args: &ShowArgs) -> Result<Exit> {
    let address = address(&args.address)?;
    let states = read(context, &args.which).await?;
    if states.iter().all(|(_, state)| state.records.is_empty()) {
        return Err(Diagnostic::error("state::unknown", "nothing is recorded there")
            .detail(format!("`{address}`: no selected stack has a resource that is recorded"))
            .hint(format!("`infra apply --env {}` makes and records them", args.which.env))
            .into());
    }
    let (stack, state) = holder(&states, &address)?;
    let Some(record) = state.records.get(&address) else {
        return Err(unknown(&address, std::iter::once(state)).into());
    };
    let type_of =
        |address: &Address| state.records.get(address).map(|record| record.type_name.as_str());
    let shown = Shown {
        stack,
        record,
        needs: record.dependencies.iter().map(|needed| (needed, type_of(needed))).collect(),
        needed_by: needed_by(state, &address),
        changed: changed(context, &args.which, stack, &address).await?,
    };
    context.terminal.answer(&match args.format.format {
        Format::Human => human::show::render(&shown),
        Format::Json => show_json::render(&shown),
    });
    Ok(Exit::Done)
}

fn needed_by<'s>(state: &'s State, address: &Address) -> Vec<(&'s Address, Option<&'s str>)> {
    let refer = state.records.values().filter(|other| other.dependencies.contains(address));
    refer.map(|other| (&other.address, Some(other.type_name.as_str()))).collect()
}

/// The latest change in the history. While a run holds a state on this machine its history cannot be
/// read, which was said already.
async fn changed(
    context: &Context,
    which: &WhichArgs,
    stack: &str,
    address: &Address,
) -> Result<Option<Changed>> {
    let (project, environment) = find(context, &which.env)?;
    let site = Site { project: &project, environment: &environment, stack };
    let runs = match site.history(context, std::time::Duration::ZERO).await {
        Ok(runs) => runs,
        Err(error) if error.exit == Exit::Locked => return Ok(None),
        Err(error) => return Err(error),
    };
    let changes = runs.iter().flat_map(|told| told.changes.iter().map(move |c| (&told.run, c)));
    let last = changes.rev().find(|(_, change)| change.address == *address);
    Ok(last.map(|(run, change)| Changed {
        at: change.at.clone(),
        operation: change.operation,
        run: run.id.clone(),
        command: run.command.clone(),
        by: run.by.clone(),
    }))
}
