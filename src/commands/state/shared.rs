//! `infra state bootstrap`, `unlock` and `move-backend`: states that several machines share.

use clap::Args;
use infra_sdk::Diagnostic;
use infra_sdk::store::StoreError;
use infra_state::{Config, KeySource, Location};

use crate::cli::{ARGUMENTS, COMMAND_OPTIONS, Context, WhichArgs};
use crate::config::{Environment, Project, StatePlace};
use crate::error::{CommandError, Result};
use crate::interrupts::Hold;
use crate::session::{Site, find, keys, place, select_recorded, states};

#[derive(Args)]
pub(crate) struct BootstrapArgs {
    /// The environment, of `infra.toml`.
    #[arg(long, value_name = "NAME")]
    env: String,
}

#[derive(Args)]
pub(crate) struct UnlockArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The id of the lock, which whoever finds the state locked is told.
    #[arg(help_heading = ARGUMENTS)]
    id: String,
}

#[derive(Args)]
pub(crate) struct MoveBackendArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    way: WayArgs,
}

#[derive(Args)]
#[command(next_help_heading = COMMAND_OPTIONS)]
#[group(required = true, multiple = false)]
struct WayArgs {
    /// Move the states from where `infra.toml` says to this place, written as `state` is: a folder,
    /// or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "PLACE")]
    to: Option<StatePlace>,
    /// Move the states from this place to where `infra.toml` says.
    #[arg(long, value_name = "PLACE")]
    from: Option<StatePlace>,
}

/// Makes the bucket of the states, or mends it.
pub(super) async fn bootstrap(context: &Context, args: &BootstrapArgs) -> Result<()> {
    let (project, environment) = find(context, &args.env)?;
    let written = environment.state.written();
    let location = place::location(context, &project, &environment, &environment.state).await?;
    let Location::S3(location) = location else {
        return Err(Diagnostic::error("state::bootstrap", "a folder needs no preparation")
            .detail(format!("the states of `{}` are kept in `{written}`", environment.name))
            .location(Some(environment.location.clone()))
            .hint("write `state = \"s3://BUCKET/PREFIX\"` for a bucket that several machines share")
            .into());
    };
    context.interrupts.hold(Hold::Step);
    let done = infra_state::bootstrap(&location).await.map_err(|error| {
        Diagnostic::error("state::bootstrap", "the bucket of the states cannot be prepared")
            .detail(error.to_string())
            .hint("mend what it says, and run the same command again: it goes on where it was")
    })?;
    let mut text = String::new();
    for what in &done.changed {
        text.push_str(&format!("made  {what}\n"));
    }
    for what in &done.kept {
        text.push_str(&format!("kept  {what}\n"));
    }
    text.push_str(&format!("The states of `{}` can be kept in {written}.\n", environment.name));
    context.terminal.answer_in_words(&text);
    Ok(())
}

/// Frees a lock by its id.
pub(super) async fn unlock(context: &Context, args: &UnlockArgs) -> Result<()> {
    let (project, environment, stacks) = select_recorded(context, &args.which).await?;
    context.interrupts.hold(Hold::Step);
    let mut problems = Vec::new();
    for stack in &stacks {
        let site = Site { project: &project, environment: &environment, stack };
        match site.unlock(context, &args.id).await {
            Ok(()) => {
                context.terminal.answer_in_words(&format!(
                    "{stack}: the lock is free; a run that held it stops once another one has taken it\n"
                ));
                return Ok(());
            }
            Err(error) => problems.extend(error.diagnostics),
        }
    }
    if problems.is_empty() {
        problems.push(
            Diagnostic::error("state::stack", "no stack has a state in this environment")
                .detail(format!("`{}`: {}", environment.name, environment.state.written())),
        );
    }
    Err(problems.into())
}

/// Moves states from one place to another.
pub(super) async fn move_backend(context: &Context, args: &MoveBackendArgs) -> Result<()> {
    let (project, environment) = find(context, &args.which.env)?;
    let (source, target) = match (&args.way.to, &args.way.from) {
        (Some(to), _) => (&environment.state, to),
        (None, Some(from)) => (from, &environment.state),
        // The command line has one of the two.
        (None, None) => return Ok(()),
    };
    if source == target {
        return Err(CommandError::usage(
            Diagnostic::error("state::move-backend", "the states are there already")
                .detail(format!("`infra.toml` keeps them in `{}`", source.written()))
                .hint("name another place"),
        ));
    }
    let from = place::location(context, &project, &environment, source).await?;
    let to = place::location(context, &project, &environment, target).await?;
    let stacks = chosen(args, &from, &environment, source).await?;
    // Both sides have the key of the first: what is sealed is not sealed anew.
    let file = place::key_file(&project, source);
    let key = match &environment.state_key {
        Some(key) => keys::current(context, &project, &environment, key, false).await?,
        None => KeySource::File(file.clone()),
    };
    context.interrupts.hold(Hold::Step);
    for stack in &stacks {
        let config = |location: &Location| {
            let mut config = Config::new(location.clone(), &environment.name, stack);
            config.key = Some(key.clone());
            config.allow_network_disk = environment.state_options.allow_network_disk;
            config
        };
        let site = Site { project: &project, environment: &environment, stack };
        match infra_state::move_state(&config(&from), &config(&to), &states::owner()).await {
            Ok(()) => context.terminal.answer_in_words(&format!(
                "{stack}: moved from {} to {}\n",
                source.written(),
                target.written()
            )),
            // A move of several that was interrupted is gone on with.
            Err(StoreError::Moved { to, .. }) => {
                context.terminal.say(&format!("{stack}: was moved before, to {to}"));
            }
            Err(error @ StoreError::Locked { .. }) => return Err(unhurried(site.refused(&error))),
            Err(error) => return Err(site.refused(&error)),
        }
    }
    context.terminal.answer_in_words(&advice(&project, &environment, source, target));
    Ok(())
}

/// A move waits for nobody: states that move are not to be in use.
fn unhurried(mut error: CommandError) -> CommandError {
    if let Some(first) = error.diagnostics.first_mut()
        && let Some(wait) = first.hints.first_mut()
    {
        *wait = "let that run end, then run the same command again".to_owned();
    }
    error
}

/// The stacks that are moved.
async fn chosen(
    args: &MoveBackendArgs,
    from: &Location,
    environment: &Environment,
    source: &StatePlace,
) -> Result<Vec<String>> {
    if !args.which.stack.is_empty() {
        return Ok(args.which.stack.clone());
    }
    let stacks = states::names(from, &environment.name).await?;
    if stacks.is_empty() {
        return Err(Diagnostic::error("state::move-backend", "there is no state to move")
            .detail(format!("no stack of `{}` has one in `{}`", environment.name, source.written()))
            .hint("name the place where the states are, with `--from PLACE`")
            .into());
    }
    Ok(stacks.into_iter().collect())
}

/// What `infra.toml` has to say from now on.
fn advice(
    project: &Project,
    environment: &Environment,
    source: &StatePlace,
    target: &StatePlace,
) -> String {
    let mut lines = Vec::new();
    if *target != environment.state {
        lines.push(format!("state = \"{}\"", target.written()));
    }
    let file = place::key_file(project, source);
    if environment.state_key.is_none() && file != place::key_file(project, target) {
        let shown = file.strip_prefix(&project.root).unwrap_or(&file).display();
        lines.push(format!("state_key = \"file:{shown}\""));
    }
    if lines.is_empty() {
        return "`infra.toml` says so already.\n".to_owned();
    }
    format!(
        "Write into `[environments.{}]` of `infra.toml`:\n    {}\n",
        environment.name,
        lines.join("\n    ")
    )
}
