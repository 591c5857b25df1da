//! `infra undo`, and what it has in common with `infra rollback`.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use infra_engine::Undo;
use infra_sdk::Diagnostic;
use infra_sdk::provider::{Owner, Provider};
use infra_sdk::store::{State, Store};

use super::carry_out::{ApplyingArgs, Work, finish};
use super::history::find;
use super::state::address;
use crate::cli::{ARGUMENTS, COMMAND_OPTIONS, Context, WhichArgs};
use crate::error::Result;
use crate::exit::Exit;
use crate::session::again::of_stacks;
use crate::session::between::{read_elsewhere, readers};
use crate::session::{Prepared, Site, Told, Verb, connect, select_recorded, settle};

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
    #[arg(help_heading = ARGUMENTS)]
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
        all.push((stack.clone(), runs.into_iter().map(Told::alone).collect()));
        stores.push((site, store));
    }
    let (stack, Told { run, .. }) = find(&all, &args.run)?;
    // The others are let go before anything takes time.
    stores.retain(|(site, _)| site.stack == stack);
    let Some((site, store)) = stores.pop() else { return Ok(Exit::Failed) };
    let command = format!("undo {}", run.id);
    let goes_on = of_stacks(&command, &environment.name, &[site.stack]);
    let back = Back { site, store, verb: Verb::Undo, command };
    back.carry_out(context, &args.applying, async |past| {
        let Past { provider, store, owner, state } = past;
        let undo = infra_engine::undo(provider, store, owner, state, &run.id, &accepted).await?;
        Ok((undo, goes_on.clone()))
    })
    .await
}

/// A way back in the history of a stack, which is held.
pub(super) struct Back<'a> {
    /// The state of the stack.
    pub(super) site: Site<'a>,
    /// The same, held.
    pub(super) store: Box<dyn Store>,
    /// Which way.
    pub(super) verb: Verb,
    /// The command, for the history.
    pub(super) command: String,
}

/// From what a way back is made.
pub(super) struct Past<'a> {
    /// The cloud.
    pub(super) provider: &'a dyn Provider,
    /// The store, with the history.
    pub(super) store: &'a dyn Store,
    /// Whose the objects are.
    pub(super) owner: &'a Arc<Owner>,
    /// What is recorded now.
    pub(super) state: &'a State,
}

impl Back<'_> {
    /// Plans the way, shows it with what cannot come back, asks, and carries it out. With the way comes
    /// the command that goes on with what is left of it.
    pub(super) async fn carry_out(
        self,
        context: &Context,
        args: &ApplyingArgs,
        way: impl AsyncFn(Past<'_>) -> Result<(Undo, String), Vec<Diagnostic>>,
    ) -> Result<Exit> {
        let Self { site, store, verb, command } = self;
        let Site { project, environment, stack } = site;
        let cloud = connect(context, project, environment).await?;
        let provider = &*cloud.provider;
        let owner =
            Arc::new(Owner { stack: stack.to_owned(), environment: environment.name.clone() });
        let mut state = store.load().await.map_err(|error| site.refused(&error))?;
        let (held, owner) = (&*store, &owner);
        let (mut undo, mut goes_on) =
            way(Past { provider, store: held, owner, state: &state }).await?;
        if settle(context, provider, held, &mut state, &undo.goal).await? {
            (undo, goes_on) = way(Past { provider, store: held, owner, state: &state }).await?;
        }
        let Undo { mut goal, lost } = undo;
        goal.refresh = args.refresh.refresh;
        let mut plan = infra_engine::plan(provider, &state, goal.clone()).await?;
        // What goes and what comes are told by the history: there is no code to say otherwise in.
        plan.warnings.retain(|warning| warning.code != "plan::renamed");
        plan.warnings.extend(lost);
        let alone = BTreeSet::new();
        let readers = readers(context, project, environment, (stack, &plan), &alone).await?;
        plan.warnings.extend(readers.iter().map(|reader| read_elsewhere(stack, reader)));
        context.terminal.diagnostics(&plan.warnings);
        let name = stack.to_owned();
        let reads_of = BTreeSet::new();
        let work = Work {
            environment,
            provider,
            stacks: vec![Prepared { name, store: Some(store), goal, plan, reads_of }],
            verb,
            command,
            goes_on,
            reviewed: false,
            review: None,
            accepted: None,
            digest: None,
        };
        finish(context, work, args).await
    }
}
