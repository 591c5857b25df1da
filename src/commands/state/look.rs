//! `infra state list`, `show` and `export`: what is recorded. Nothing is changed.

use clap::Args;
use infra_sdk::store::State;
use infra_sdk::{Address, Diagnostic};

use crate::cli::{ARGUMENTS, Context, Format, FormatArgs, WhichArgs};
use crate::completion;
use crate::config::near_or;
use crate::error::{CommandError, Result};
use crate::session::{Site, select_recorded};
use crate::view::{human, state_json};

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The resource, such as `network.vpc`.
    #[arg(help_heading = ARGUMENTS, add = completion::addresses())]
    address: String,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    which: WhichArgs,
}

/// Lists what is recorded.
pub(super) async fn list(context: &Context, args: &ListArgs) -> Result<()> {
    let states = read(context, &args.which).await?;
    if args.format.format == Format::Json {
        context.terminal.answer(&state_json::list(&states));
        return Ok(());
    }
    let several = states.len() > 1;
    for (stack, state) in &states {
        let stack = several.then_some(stack.as_str());
        context.terminal.answer(&human::state::list(stack, state, context.terminal.columns()));
    }
    Ok(())
}

/// What is recorded of the stacks.
pub(in crate::commands) async fn read(
    context: &Context,
    which: &WhichArgs,
) -> Result<Vec<(String, State)>> {
    let (project, environment, stacks) = select_recorded(context, which).await?;
    let mut all = Vec::new();
    for stack in stacks {
        let site = Site { project: &project, environment: &environment, stack: &stack };
        let state = site.read(context).await?;
        all.extend(state.map(|state| (stack, state)));
    }
    Ok(all)
}

/// Shows what is recorded of a resource.
pub(super) async fn show(context: &Context, args: &ShowArgs) -> Result<()> {
    let address = address(&args.address)?;
    let states = read(context, &args.which).await?;
    let (_, state) = holder(&states, &address)?;
    if let Some(record) = state.records.get(&address) {
        context.terminal.answer(&human::state::show(record));
    }
    Ok(())
}

/// The address that was written.
///
/// # Errors
/// When it is none.
pub(crate) fn address(text: &str) -> Result<Address> {
    text.parse().map_err(|error| {
        CommandError::usage(
            Diagnostic::error("state::address", "this is not an address")
                .detail(format!("{error}")),
        )
    })
}

/// The one stack that has a resource of this address.
///
/// # Errors
/// When none has, or several have.
pub(in crate::commands) fn holder<'s>(
    states: &'s [(String, State)],
    address: &Address,
) -> Result<&'s (String, State)> {
    one_stack(states, address, &|state| state.records.contains_key(address))
}

/// The one stack that has what an address means.
///
/// # Errors
/// When none has, or several have.
pub(super) fn one_stack<'s>(
    states: &'s [(String, State)],
    address: &Address,
    has: &dyn Fn(&State) -> bool,
) -> Result<&'s (String, State)> {
    let found: Vec<_> = states.iter().filter(|(_, state)| has(state)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(unknown(address, states.iter().map(|(_, state)| state)).into()),
        [(first, _), (second, _), ..] => {
            Err(Diagnostic::error("state::ambiguous", "several stacks have this address")
                .detail(format!("`{address}` is in `{first}` and in `{second}`"))
                .hint("name the stack with `--stack`")
                .into())
        }
    }
}

/// The error for an address at which nothing is recorded.
pub(in crate::commands) fn unknown<'s>(
    address: &Address,
    states: impl Iterator<Item = &'s State>,
) -> Diagnostic {
    let known: Vec<_> =
        states.flat_map(|state| state.records.keys().map(Address::as_str)).collect();
    let scope = format!("{address}.");
    let hint = match known.iter().find(|known| known.starts_with(&scope)) {
        Some(inside) => format!("it is a scope: name what is in it, such as `{inside}`"),
        None => near_or(
            address.as_str(),
            known.into_iter(),
            "nothing is recorded yet: `infra apply` with the same `--env` records it",
        ),
    };
    Diagnostic::error("state::unknown", "nothing is recorded there")
        .detail(format!("`{address}`"))
        .hint(hint)
}

/// Writes the export of a stack.
pub(super) async fn export(context: &Context, args: &ExportArgs) -> Result<()> {
    let (project, environment, stacks) = select_recorded(context, &args.which).await?;
    let [stack] = stacks.as_slice() else {
        return Err(CommandError::usage(
            Diagnostic::error("cli::one-stack", "an export is of one stack")
                .detail(format!("{} stacks have a state here", stacks.len()))
                .hint(format!("name one with `--stack`: {}", stacks.join(", "))),
        ));
    };
    let site = Site { project: &project, environment: &environment, stack };
    context.terminal.answer(&site.export(context).await?);
    Ok(())
}
