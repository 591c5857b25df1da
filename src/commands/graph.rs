//! `infra graph`.

use clap::Args;

use crate::cli::{Context, StackArgs};
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{declare_recorded, definitions, select};
use crate::view::graph;

/// Draw what refers to what, in the DOT language, without a cloud
#[derive(Args)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    stacks: StackArgs,
}

pub(crate) async fn run(context: &Context, args: &GraphArgs) -> Result<Exit> {
    let selection = select(context, &args.stacks, false).await?;
    let provider = definitions(&selection.environment).await;
    let declared = declare_recorded(context, &selection, &*provider).await?;
    let stacks: Vec<_> =
        declared.iter().map(|stack| (stack.name.as_str(), &stack.declarations)).collect();
    context.terminal.answer(&graph::dot(&stacks));
    Ok(Exit::Done)
}
