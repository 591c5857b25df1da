//! `infra output`.

use clap::Args;
use infra_sdk::Diagnostic;

use crate::cli::{ARGUMENTS, Context, Format, FormatArgs, WhichArgs};
use crate::config::near_or;
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{Site, one_document, select_recorded};
use crate::view::{human, outputs_json};

/// Show the outputs of the stacks, as the latest apply left them
#[derive(Args)]
pub(crate) struct OutputArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// Only this output, and nothing but its value.
    #[arg(help_heading = ARGUMENTS)]
    name: Option<String>,
    /// Show sensitive values in clear.
    #[arg(long)]
    reveal: bool,
}

pub(crate) async fn run(context: &Context, args: &OutputArgs) -> Result<Exit> {
    let (project, environment, stacks) = select_recorded(context, &args.which).await?;
    let format = args.format.format;
    one_document(format, stacks.iter().map(String::as_str))?;
    let mut all = Vec::new();
    for stack in stacks {
        let site = Site { project: &project, environment: &environment, stack: &stack };
        if let Some(state) = site.read(context).await? {
            all.push((stack, state.outputs));
        }
    }
    if args.reveal {
        for (_, outputs) in &mut all {
            outputs.values_mut().for_each(|value| *value = value.revealed());
        }
    }
    let Some(name) = &args.name else {
        match (format, all.as_slice()) {
            (Format::Json, stacks) => {
                let outputs = stacks.first().map(|(_, outputs)| outputs.clone());
                context.terminal.answer(&outputs_json::render(&outputs.unwrap_or_default()));
            }
            (Format::Human, stacks) => context.terminal.answer(&human::outputs::of_all(stacks)),
        }
        return Ok(Exit::Done);
    };
    let mut found = all.iter().filter_map(|(stack, outputs)| Some((stack, outputs.get(name)?)));
    let Some((first, value)) = found.next() else {
        let known = all.iter().flat_map(|(_, outputs)| outputs.keys().map(String::as_str));
        let apply = format!("`infra apply --env {}`", environment.name);
        let make = match all.is_empty() {
            true => format!("nothing is recorded yet: {apply} makes and records it"),
            false => format!("no outputs are recorded: declare one in the stack, then {apply}"),
        };
        return Err(Diagnostic::error("output::unknown", "there is no such output")
            .detail(format!("`{name}`"))
            .hint(near_or(name, known, &make))
            .into());
    };
    if let Some((second, _)) = found.next() {
        return Err(Diagnostic::error("output::ambiguous", "several stacks have this output")
            .detail(format!("`{name}` is an output of `{first}` and of `{second}`"))
            .hint("name the stack with `--stack`")
            .into());
    }
    // A script would take what stands for the secret as the secret.
    if value.has_sensitive() {
        return Err(Diagnostic::error("output::sensitive", "the output is sensitive")
            .detail(format!("`{name}`"))
            .hint("add `--reveal` to show it in clear")
            .into());
    }
    context.terminal.answer(&match format {
        Format::Human => human::outputs::bare(value),
        Format::Json => outputs_json::bare(value),
    });
    Ok(Exit::Done)
}
