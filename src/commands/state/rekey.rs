//! `infra state rekey`: another key source for the states of an environment, or another data key.

use clap::Args;

use crate::cli::{COMMAND_OPTIONS, Context, LockArgs, WhichArgs};
use crate::config::StateKey;
use crate::error::{CommandError, Result};
use crate::interrupts::Hold;
use crate::session::{Site, keys, select_recorded};

#[derive(Args)]
pub(crate) struct RekeyArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    waiting: LockArgs,
}

#[derive(Args)]
#[command(next_help_heading = COMMAND_OPTIONS)]
#[group(required = true, multiple = true)]
struct ChangeArgs {
    /// What opens the states from now on: `file:PATH`, `kms:KEY`, or `passphrase`, which is taken
    /// from INFRA_STATE_NEW_PASSPHRASE or asked for.
    #[arg(long, value_name = "KEY")]
    to: Option<StateKey>,
    /// Make a new data key too and seal every value anew; for when the old one may be known.
    #[arg(long)]
    rotate: bool,
}

/// Changes the key of every state that was selected.
pub(super) async fn run(context: &Context, args: &RekeyArgs) -> Result<()> {
    let (project, environment, stacks) = select_recorded(context, &args.which).await?;
    let new = match &args.change.to {
        Some(key) => Some(keys::new(context, &project, &environment, key).await?),
        None => None,
    };
    context.interrupts.hold(Hold::Step);
    let mut done: Vec<&str> = Vec::new();
    for stack in &stacks {
        let site = Site { project: &project, environment: &environment, stack };
        let patience = args.waiting.lock_timeout;
        if !patience.is_zero()
            && let Err(error) = site.open(context, patience).await
        {
            return Err(in_part(error, &done));
        }
        if let Err(error) = site.rekey(context, new.as_ref(), args.change.rotate).await {
            return Err(in_part(error, &done));
        }
        done.push(stack);
        context.terminal.answer_in_words(&format!("{stack}: sealed anew\n"));
    }
    if let Some(key) = &args.change.to {
        context.terminal.answer_in_words(&format!(
            "Write `state_key = \"{}\"` into `[environments.{}]` of `infra.toml`.\n",
            key.written(),
            environment.name
        ));
    }
    Ok(())
}

/// States that have another key by now need another command than those that have not.
fn in_part(mut error: CommandError, done: &[&str]) -> CommandError {
    if let (Some(first), false) = (error.diagnostics.first_mut(), done.is_empty()) {
        first.hints.push(format!(
            "{} are done: name the others with `--stack` when you run this again",
            done.join(", ")
        ));
    }
    error
}
