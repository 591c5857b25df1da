//! `infra history`.

use clap::Args;
use infra_sdk::Diagnostic;

use crate::cli::{ARGUMENTS, Context, Format, FormatArgs, LockArgs, WhichArgs};
use crate::config::near_or;
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{Site, Told, one_document, select_recorded};
use crate::view::{history_json, human};

/// Show what was run, when and by whom, and what it changed
#[derive(Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    waiting: LockArgs,
    /// Only this run, with everything that it changed; the first letters of its id are enough.
    #[arg(help_heading = ARGUMENTS)]
    run: Option<String>,
}

pub(crate) async fn run(context: &Context, args: &HistoryArgs) -> Result<Exit> {
    let (project, environment, stacks) = select_recorded(context, &args.which).await?;
    let format = args.format.format;
    one_document(format, stacks.iter().map(String::as_str))?;
    let mut all = Vec::new();
    for stack in stacks {
        let patience = args.waiting.lock_timeout;
        let site = Site { project: &project, environment: &environment, stack: &stack };
        let runs = site.history(context, patience).await?;
        all.push((stack, runs));
    }
    let text = match (&args.run, format) {
        (Some(id), Format::Human) => human::history::one(find(&all, id)?.1),
        (Some(id), Format::Json) => history_json::one(find(&all, id)?.1),
        (None, Format::Human) => human::history::all(&all, context.terminal.columns()),
        (None, Format::Json) => {
            history_json::all(all.first().map(|(_, runs)| runs.as_slice()).unwrap_or_default())
        }
    };
    context.terminal.answer(&text);
    Ok(Exit::Done)
}

/// The run whose id begins so, and its stack.
///
/// # Errors
/// When there is none, or several begin so.
pub(super) fn find<'r>(
    all: &'r [(String, Vec<Told>)],
    id: &str,
) -> std::result::Result<(&'r str, &'r Told), Diagnostic> {
    let runs = || all.iter().flat_map(|(stack, runs)| runs.iter().map(move |told| (stack, told)));
    let found: Vec<_> = runs().filter(|(_, told)| told.run.id.starts_with(id)).collect();
    match found.as_slice() {
        [(stack, one)] => Ok((stack.as_str(), *one)),
        [] => {
            // A stack has many runs, and the last few are those that are meant.
            let mut latest: Vec<_> = runs().map(|(_, told)| &told.run).collect();
            latest.sort_by(|one, other| other.started.cmp(&one.started));
            let latest = latest.iter().take(5).map(|run| run.id.as_str());
            Err(Diagnostic::error("history::unknown", "there is no such run")
                .detail(format!("`{}`", id.escape_debug()))
                .hint(near_or(
                    id,
                    latest,
                    "no run is recorded yet: `infra apply` with the same `--env` makes the first",
                )))
        }
        several => {
            let ids: Vec<_> = several.iter().map(|(_, told)| told.run.id.as_str()).collect();
            Err(Diagnostic::error("history::ambiguous", "several runs begin so")
                .detail(format!("`{}`: {}", id.escape_debug(), ids.join(", ")))
                .hint("write more of the id"))
        }
    }
}
