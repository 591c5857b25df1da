//! `infra rollback`.

use clap::Args;
use infra_engine::Rollback;
use infra_sdk::Diagnostic;
use infra_sdk::store::{RunRecord, Store};

use super::carry_out::ApplyingArgs;
use super::history::find;
use super::undo::{Back, Past};
use crate::cli::{ARGUMENTS, Context, WhichArgs};
use crate::config::{Environment, Project};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::session::again::of_stacks;
use crate::session::{Site, Told, Verb, recorded, select_recorded};

/// Go back to a past run
///
/// Plans the way back to what a stack was when a run ended: everything that later runs created,
/// changed or deleted is as it was then. Names what cannot come back, asks, and carries it out. It is
/// a run like any other, and can be rolled back. The stack program is not needed; change it too, or
/// the next apply does again what was taken back.
#[derive(Args)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    applying: ApplyingArgs,
    /// The run to go back to, of `infra history`; the first letters of its id are enough. Without it,
    /// the latest run that changed something is taken back.
    #[arg(help_heading = ARGUMENTS)]
    run: Option<String>,
}

pub(crate) async fn run(context: &Context, args: &RollbackArgs) -> Result<Exit> {
    args.applying.check()?;
    let (project, environment, stacks) = select_recorded(context, &args.which).await?;
    let site = |stack| Site { project: &project, environment: &environment, stack };
    let patience = args.applying.waiting.lock_timeout;
    let mut stores = Vec::new();
    let mut all: Vec<(String, Vec<Told>)> = Vec::new();
    if let (None, [_, _, ..]) = (&args.run, stacks.as_slice()) {
        return Err(CommandError::usage(
            Diagnostic::error("rollback::one-stack", "the latest run of which stack is not said")
                .detail(format!("{} stacks have a history", stacks.len()))
                .hint(format!("name one with `--stack`: {}", stacks.join(", "))),
        ));
    }
    for stack in &stacks {
        let site = site(stack);
        let store = site.open(context, patience).await?;
        let runs = store.history().await.map_err(|error| site.refused(&error))?;
        all.push((stack.clone(), runs.into_iter().map(Told::alone).collect()));
        stores.push((site, store));
    }
    let to = match &args.run {
        None => None,
        Some(id) => match find(&all, id) {
            Ok((stack, told)) => {
                stores.retain(|(site, _)| site.stack == stack);
                Some(told.run.clone())
            }
            Err(unknown) => {
                let elsewhere = elsewhere(context, &project, &environment, &stacks, id).await?;
                return Err(elsewhere.unwrap_or(unknown).into());
            }
        },
    };
    let Some((site, store)) = stores.pop() else {
        return Err(nothing_recorded(&environment).into());
    };
    if let Some(run) = &to
        && is_latest(&*store, run).await.map_err(|error| site.refused(&error))?
    {
        context.terminal.answer_in_words(&format!(
            "Nothing to do: no run of {} changed a resource after {}.\n",
            site.stack, run.id
        ));
        return Ok(Exit::Done);
    }
    let command = to.as_ref().map_or("rollback".to_owned(), |run| format!("rollback {}", run.id));
    let stack = site.stack;
    let back = Back { site, store, verb: Verb::Rollback, command };
    back.carry_out(context, &args.applying, async |past| {
        let Past { provider, store, owner, state } = past;
        let run = to.as_ref().map(|run| run.id.as_str());
        let Rollback { undo, to, runs } =
            infra_engine::rollback(provider, store, owner, state, run).await?;
        context.terminal.say(&format!("{stack}: {}", way(to.as_ref(), &runs)));
        Ok((undo, goes_on(to.as_ref(), &runs, &environment.name, stack)))
    })
    .await
}

/// The command that goes on with what is left. It names a run: after a part of the way, the latest
/// run that changed something is the rollback itself.
fn goes_on(to: Option<&RunRecord>, runs: &[RunRecord], environment: &str, stack: &str) -> String {
    let command = match (to, runs) {
        (Some(to), _) => format!("rollback {}", to.id),
        (None, [first, ..]) => format!("undo {}", first.id),
        (None, []) => "rollback".to_owned(),
    };
    of_stacks(&command, environment, &[stack])
}

/// Where it goes, and over which runs.
fn way(to: Option<&RunRecord>, runs: &[RunRecord]) -> String {
    let to = match to {
        Some(run) => {
            format!("going back to what run {} left ({}, {})", run.id, run.command, run.started)
        }
        None => "going back to before the first run".to_owned(),
    };
    let runs: Vec<_> = runs.iter().map(|run| format!("{} ({})", run.id, run.command)).collect();
    format!("{to}; taking back {}", runs.join(", "))
}

/// Whether no run changed a resource after this one.
async fn is_latest(
    store: &dyn Store,
    run: &RunRecord,
) -> Result<bool, infra_sdk::store::StoreError> {
    let history = store.history().await?;
    let after = history.iter().skip_while(|known| known.id != run.id).skip(1);
    for later in after {
        if !store.changes(&later.id).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What to say of a run that the selected stacks have not, and another one has.
async fn elsewhere(
    context: &Context,
    project: &Project,
    environment: &Environment,
    selected: &[String],
    id: &str,
) -> Result<Option<Diagnostic>> {
    let others = recorded(context, project, environment).await?;
    for stack in others.iter().filter(|stack| !selected.contains(stack)) {
        let site = Site { project, environment, stack };
        let runs = site.history(context, std::time::Duration::ZERO).await?;
        if let Some(Told { run, .. }) = runs.iter().find(|told| told.run.id.starts_with(id)) {
            let name = &environment.name;
            return Ok(Some(
                Diagnostic::error("rollback::other-stack", "the run is one of another stack")
                    .detail(format!("run `{}` is of `{stack}`", run.id))
                    .hint(format!("`infra rollback {} --env {name} --stack {stack}`", run.id)),
            ));
        }
    }
    Ok(None)
}

fn nothing_recorded(environment: &Environment) -> Diagnostic {
    Diagnostic::error("rollback::nothing", "there is nothing to go back to")
        .detail(format!("no stack was ever applied in `{}`", environment.name))
        .hint(format!("`infra apply --env {}` makes the first run", environment.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_names_a_run_because_the_latest_is_the_rollback_then() {
        let run = |id: &str| RunRecord {
            id: id.to_owned(),
            command: "apply".to_owned(),
            by: "ann".to_owned(),
            started: "2026-11-22T04:57:00Z".to_owned(),
            ended: None,
            complete: true,
        };
        let line = goes_on(Some(&run("a1")), &[run("b2")], "dev", "web");
        assert_eq!(line, "infra rollback a1 --env dev --stack web");
        let line = goes_on(None, &[run("a1")], "dev", "web");
        assert_eq!(line, "infra undo a1 --env dev --stack web");
    }
}
