//! `infra state`: what is recorded.

use clap::{Args, Subcommand};
use infra_sdk::store::State;
use infra_sdk::{Address, Diagnostic};

use crate::cli::{Context, WhichArgs};
use crate::config::near;
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::session::{select_recorded, states};
use crate::view::human;

/// Look at what is recorded
#[derive(Subcommand)]
pub(crate) enum StateCommand {
    /// List the resources that are recorded
    List(ListArgs),
    /// Show everything that is recorded of a resource
    Show(ShowArgs),
    /// Write the canonical export of the latest run; sensitive values stand in it sealed
    Export(ExportArgs),
}

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The resource, such as `network.vpc`.
    address: String,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    which: WhichArgs,
}

pub(crate) async fn run(context: &Context, command: &StateCommand) -> Result<Exit> {
    match command {
        StateCommand::List(args) => {
            let states = read(context, &args.which).await?;
            let several = states.len() > 1;
            for (stack, state) in &states {
                let stack = several.then_some(stack.as_str());
                context.terminal.answer(&human::state::list(stack, state));
            }
        }
        StateCommand::Show(args) => show(context, args).await?,
        StateCommand::Export(args) => export(context, args)?,
    }
    Ok(Exit::Done)
}

async fn read(context: &Context, which: &WhichArgs) -> Result<Vec<(String, State)>> {
    let (project, environment, stacks) = select_recorded(context, which)?;
    let mut all = Vec::new();
    for stack in stacks {
        let state = states::read(context, &project, &environment, &stack).await?;
        all.extend(state.map(|state| (stack, state)));
    }
    Ok(all)
}

async fn show(context: &Context, args: &ShowArgs) -> Result<()> {
    let address: Address = args.address.parse().map_err(|error| {
        CommandError::usage(
            Diagnostic::error("state::address", "this is not an address")
                .detail(format!("{error}")),
        )
    })?;
    let states = read(context, &args.which).await?;
    let found: Vec<_> = states
        .iter()
        .filter_map(|(stack, state)| Some((stack, state.records.get(&address)?)))
        .collect();
    match found.as_slice() {
        [(_, record)] => context.terminal.answer(&human::state::show(record)),
        [] => {
            let known = states.iter().flat_map(|(_, s)| s.records.keys().map(Address::as_str));
            return Err(Diagnostic::error("state::unknown", "nothing is recorded there")
                .detail(format!("`{address}`"))
                .hint(near(address.as_str(), known))
                .into());
        }
        [(first, _), (second, _), ..] => {
            return Err(Diagnostic::error("state::ambiguous", "several stacks have this address")
                .detail(format!("`{address}` is in `{first}` and in `{second}`"))
                .hint("name the stack with `--stack`")
                .into());
        }
    }
    Ok(())
}

fn export(context: &Context, args: &ExportArgs) -> Result<()> {
    let (project, environment, stacks) = select_recorded(context, &args.which)?;
    let [stack] = stacks.as_slice() else {
        return Err(CommandError::usage(
            Diagnostic::error("cli::one-stack", "an export is of one stack")
                .detail(format!("{} stacks have a state here", stacks.len()))
                .hint(format!("name one with `--stack`: {}", stacks.join(", "))),
        ));
    };
    context.terminal.answer(&states::export(&project, &environment, stack)?);
    Ok(())
}
