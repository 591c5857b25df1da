//! `infra state restore`: the way out of a state that is lost or damaged.

use std::path::PathBuf;

use clap::Args;
use infra_sdk::store::StoreError;
use infra_sdk::{Address, Diagnostic};
use infra_state::{Export, RestoreChecks, read_export};

use crate::cli::{ARGUMENTS, COMMAND_OPTIONS, Context, LockArgs};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::interrupts::Hold;
use crate::session::{Site, confirm, find, recorded};
use crate::view::count;

#[derive(Args)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct RestoreArgs {
    /// The environment, of `infra.toml`.
    #[arg(long, value_name = "NAME")]
    env: String,
    /// The stack that the export is of.
    #[arg(long, value_name = "NAME")]
    stack: String,
    #[command(flatten)]
    waiting: LockArgs,
    /// Do not ask before something is replaced.
    #[arg(long)]
    auto_approve: bool,
    /// Take an export that is older than what this state has seen.
    #[arg(long)]
    accept_older: bool,
    /// Take an export of another state.
    #[arg(long)]
    accept_other_lineage: bool,
    /// The export, as `infra state export` wrote it.
    #[arg(help_heading = ARGUMENTS)]
    file: PathBuf,
}

/// Restores a state. What was there is kept.
pub(super) async fn run(context: &Context, args: &RestoreArgs) -> Result<Exit> {
    let (project, environment) = find(context, &args.env)?;
    let stack = args.stack.as_str();
    if stack.contains('.') || Address::parse(stack).is_err() {
        return Err(CommandError::usage(
            Diagnostic::error("state::stack", "a stack cannot have this name")
                .detail(format!("`{}`", stack.escape_debug())),
        ));
    }
    let site = Site { project: &project, environment: &environment, stack };
    let file = context.folder.join(&args.file);
    let export = read_export(&file).map_err(|error| unreadable(&site, &error))?;
    if !args.accept_other_lineage {
        refuse_of_another(context, &site, &export).await?;
    }
    let place = site.shown();
    let there = match site.read(context).await {
        Ok(state) => state.filter(|state| state.serial > 0).map(|state| {
            format!("{} of run {}", count(state.records.len(), "resource"), state.serial)
        }),
        Err(error) if error.exit == Exit::Locked => return Err(error),
        // What cannot be read is what this command is for.
        Err(_) => Some("a state that cannot be read".to_owned()),
    };
    if let Some(there) = &there {
        context.terminal.say(&format!("{stack}: {place} holds {there}, which will be kept aside"));
        let from = format!("the state of run {}", export.serial());
        if !args.auto_approve && !confirm(context, &format!("put {from} in its place")).await? {
            return Ok(Exit::Failed);
        }
    }
    context.interrupts.hold(Hold::Step);
    let patience = args.waiting.lock_timeout;
    let checks =
        RestoreChecks { other_lineage: args.accept_other_lineage, older: args.accept_older };
    let restored = site.restore(context, &file, checks, patience).await;
    let store = restored.map_err(|error| explained(error, args))?;
    let state = store.load().await.map_err(|error| site.refused(&error))?;
    let command = format!("state restore {}", args.file.display());
    site.record(&*store, command, |_, _| Vec::new()).await?;
    let mut text = format!(
        "{stack}: restored {} of run {}\n",
        count(state.records.len(), "resource"),
        export.serial()
    );
    if there.is_some() {
        text.push_str(&format!("What was there is kept in {place}.\n"));
    }
    text.push_str(&format!(
        "`infra plan --env {} --stack {stack}` shows what has changed since.\n",
        environment.name
    ));
    context.terminal.answer_in_words(&text);
    Ok(Exit::Done)
}

/// Why an export cannot be taken. The state that it was to replace is not what is wrong.
fn unreadable(site: &Site<'_>, error: &StoreError) -> CommandError {
    match error {
        StoreError::Damaged { .. } | StoreError::Unavailable { .. } => {
            Diagnostic::error("state::export", "the export cannot be read")
                .detail(error.to_string())
                .hint("name another file; nothing was changed")
                .into()
        }
        other => site.refused(other),
    }
}

/// Refuses the export of another stack of this environment: two states of the same objects would
/// each destroy what the other one keeps.
async fn refuse_of_another(context: &Context, site: &Site<'_>, export: &Export) -> Result<()> {
    let Site { project, environment, stack } = *site;
    for other in recorded(context, project, environment).await? {
        if other == stack {
            continue;
        }
        let its = Site { project, environment, stack: &other };
        let lineage = match its.lineage(context).await {
            Ok(lineage) => lineage,
            // Its state may be lost too, and this one is to be mended all the same.
            Err(error) => {
                let warning =
                    Diagnostic::warning("state::export", "an export cannot be compared with")
                        .detail(unread(&other, &error))
                        .hint(format!("make sure that the export is of `{stack}`"));
                context.terminal.diagnostics([&warning]);
                continue;
            }
        };
        if lineage.as_deref() == Some(export.lineage()) {
            let name = &environment.name;
            return Err(Diagnostic::error("state::refused", "the export is of another stack")
                .detail(format!("it is of `{other}` in `{name}`, and `--stack` says `{stack}`"))
                .hint(format!("write `--stack {other}`"))
                .hint("or `--accept-other-lineage`, if that one is given up")
                .into());
        }
    }
    Ok(())
}

/// Why the export of a stack says nothing.
fn unread(stack: &str, error: &CommandError) -> String {
    let why: Vec<_> = error.diagnostics.iter().map(|cause| cause.detail.as_str()).collect();
    format!("whether the export is of `{stack}` cannot be told: {}", why.join("; "))
}

/// Names the ways past the checks to whoever was refused.
fn explained(mut error: CommandError, args: &RestoreArgs) -> CommandError {
    let flags = [
        ("--accept-older", "older than this state", args.accept_older),
        ("--accept-other-lineage", "of another state", args.accept_other_lineage),
    ];
    if let Some(first) = error.diagnostics.first_mut()
        && first.code == "state::refused"
    {
        let ways = flags.into_iter().filter(|(_, _, given)| !given);
        first.hints =
            ways.map(|(flag, what, _)| format!("`{flag}` takes an export {what}")).collect();
    }
    error
}
