//! `infra graph`.

use clap::{Args, ValueEnum};

use crate::cli::{COMMAND_OPTIONS, Context, StackArgs};
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{declare_recorded, definitions, select};
use crate::view::picture::{self, Model};

/// Draw what refers to what, without a cloud
#[derive(Args)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    stacks: StackArgs,
    /// How the picture is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = GraphFormat::Dot,
        help_heading = COMMAND_OPTIONS)]
    format: GraphFormat,
}

/// How a graph is written.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum GraphFormat {
    /// The language of Graphviz.
    Dot,
    /// For Markdown, as GitHub and GitLab draw it.
    Mermaid,
    /// A picture. What other arrows imply is left out.
    Svg,
    /// A page of its own, with a search.
    Html,
}

pub(crate) async fn run(context: &Context, args: &GraphArgs) -> Result<Exit> {
    let selection = select(context, &args.stacks, false).await?;
    let provider = definitions(&selection.environment).await;
    let declared = declare_recorded(context, &selection, &*provider).await?;
    let stacks: Vec<_> =
        declared.iter().map(|stack| (stack.name.as_str(), &stack.declarations)).collect();
    let model = Model::declared(&stacks);
    context.terminal.answer(&match args.format {
        GraphFormat::Dot => picture::dot(&model),
        GraphFormat::Mermaid => picture::mermaid(&model),
        GraphFormat::Svg => picture::svg(&model),
        GraphFormat::Html => picture::graph_page(&model),
    });
    Ok(Exit::Done)
}
