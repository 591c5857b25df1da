//! `infra undo`.

use std::sync::Arc;

use clap::Args;
use infra_engine::{Mode, Undo};
use infra_sdk::provider::Owner;
use infra_sdk::store::State;

use super::carry_out::{ApplyingArgs, Work, finish};
use super::history::find;
use super::state::address;
use crate::cli::{COMMAND_OPTIONS, Context, WhichArgs};
use crate::error::Result;
use crate::exit::Exit;
use crate::session::{Prepared, Site, connect, select_recorded, settle};

/// Take a run back
///
/// Plans the inverse of what a run did, from what the history recorded, names what cannot come back,
/// asks, and carries it out. The stack program is not needed; change it too, or the next apply does
/// again what was taken back.
#[derive(Args)]
pub(crate) struct UndoArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    applying: ApplyingArgs,
    /// Take this resource back although a later run changed it again: what that did to it is lost.
    /// May be given several times.
    #[arg(long, value_name = "ADDRESS", help_heading = COMMAND_OPTIONS)]
    accept_conflict: Vec<String>,
    /// The run, of `infra history`; the first letters of its id are enough.
    run: String,
}

pub(crate) async fn run(context: &Context, args: &UndoArgs) -> Result<Exit> {
    args.applying.check()?;
    let accepted: Vec<_> =
        args.accept_conflict.iter().map(|text| address(text)).collect::<Result<_>>()?;
    let (project, environment, stacks) = select_recorded(context, &args.which).await?;
    let mut stores = Vec::new();
    let mut all = Vec::new();
    for stack in &stacks {
        let site = Site { project: &project, environment: &environment, stack };
        let store = site.open(context, args.applying.waiting.lock_timeout).await?;
        let runs = store.history().await.map_err(|error| site.refused(&error))?;
        all.push((stack.clone(), runs.into_iter().map(|run| (run, Vec::new())).collect()));
        stores.push((site, store));
    }
    let (stack, (run, _)) = find(&all, &args.run)?;
    // The others are let go before anything takes time.
    stores.retain(|(site, _)| site.stack == stack);
    let Some((site, store)) = stores.pop() else { return Ok(Exit::Failed) };
    let cloud = connect(context, &project, &environment).await?;
    let owner = Arc::new(Owner { stack: stack.to_owned(), environment: environment.name.clone() });
    let mut state = store.load().await.map_err(|error| site.refused(&error))?;
    let inverse = async |state: &State| {
        infra_engine::undo(&*cloud.provider, &*store, &owner, state, &run.id, &accepted).await
    };
    let mut undo = inverse(&state).await?;
    if settle(context, &*cloud.provider, &*store, &mut state, &undo.goal).await? {
        undo = inverse(&state).await?;
    }
    let Undo { mut goal, lost } = undo;
    goal.refresh = args.applying.refresh.refresh;
    let declarations = goal.declarations.clone();
    let mut plan = infra_engine::plan(&*cloud.provider, &state, goal).await?;
    // What goes and what comes are told by the history: there is no code to say otherwise in.
    plan.warnings.retain(|warning| warning.code != "plan::renamed");
    plan.warnings.extend(lost);
    context.terminal.diagnostics(&plan.warnings);
    let command = format!("undo {}", run.id);
    let name = stack.to_owned();
    let work = Work {
        environment: &environment,
        provider: &*cloud.provider,
        stacks: vec![Prepared { name, store: Some(store), declarations, plan }],
        mode: Mode::Apply,
        verb: "undo",
        command,
    };
    finish(context, work, &args.applying).await
}
