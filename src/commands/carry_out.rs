//! What `apply`, `destroy` and `undo` have in common: plan, show, ask, carry out, sum up.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use clap::Args;
use infra_engine::{Event, Mode, Plan, Run, Stop, Summary};
use infra_sdk::Diagnostic;
use infra_sdk::provider::Provider;
use tokio::sync::watch;

use super::plan::show;
use crate::cli::{
    AdoptArgs, COMMAND_OPTIONS, Context, Format, FormatArgs, LockArgs, RefreshArgs, StackArgs,
};
use crate::config::{Environment, Occasion};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::interrupts::Hold;
use crate::notify::{self, Report, StackReport};
use crate::session::{
    Locking, Planned, Prepared, SystemClock, Way, approve, confirm, plan_all, states,
};
use crate::view::{Terminal, apply_json, human};

/// Arguments of the commands that carry a plan out.
#[derive(Args)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct ApplyingArgs {
    #[command(flatten)]
    pub(super) refresh: RefreshArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    pub(super) waiting: LockArgs,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
    /// How many operations may be in flight.
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..=512))]
    parallelism: u16,
}

impl ApplyingArgs {
    /// Refuses what cannot be asked.
    pub(super) fn check(&self) -> Result<()> {
        if self.format.format == Format::Json && !self.auto_approve {
            return Err(CommandError::usage(
                Diagnostic::error("cli::approval", "a stream of JSON asks no questions")
                    .hint("add `--auto-approve`"),
            ));
        }
        Ok(())
    }
}

/// What is carried out, and how it is called.
pub(super) struct Work<'a> {
    /// The environment.
    pub(super) environment: &'a Environment,
    /// Its cloud.
    pub(super) provider: &'a dyn Provider,
    /// The plans, in the order in which they are applied.
    pub(super) stacks: Vec<Prepared>,
    /// Which way the plans go.
    pub(super) mode: Mode,
    /// What is asked for, and what the end says: `apply`.
    pub(super) verb: &'static str,
    /// The command, for the history, and without its environment: `apply`.
    pub(super) command: String,
}

/// Plans, shows, asks, carries out and sums up.
pub(super) async fn carry_out(
    context: &Context,
    stacks: &StackArgs,
    args: &ApplyingArgs,
    adopt: AdoptArgs,
    mode: Mode,
) -> Result<Exit> {
    args.check()?;
    let verb = if mode == Mode::Destroy { "destroy" } else { "apply" };
    let takeover = "record what belongs to the stacks and is not recorded";
    if adopt.adopt && !args.auto_approve && !confirm(context, takeover).await? {
        return Ok(Exit::Failed);
    }
    let way = Way {
        mode,
        refresh: args.refresh.refresh,
        format: args.format.format,
        locking: Locking::Within(args.waiting.lock_timeout),
        adopt: adopt.adopt.then_some(verb),
    };
    let planned = plan_all(context, stacks, way).await;
    if let (Format::Json, Err(error)) = (args.format.format, &planned) {
        context.terminal.answer(&apply_json::unplanned(&error.diagnostics));
    }
    let Planned { selection, cloud, stacks } = planned?;
    let work = Work {
        environment: &selection.environment,
        provider: &*cloud.provider,
        stacks,
        mode,
        verb,
        command: verb.to_owned(),
    };
    finish(context, work, args).await
}

/// Shows plans, asks, carries them out and sums up.
pub(super) async fn finish(context: &Context, work: Work<'_>, args: &ApplyingArgs) -> Result<Exit> {
    let (mode, verb) = (work.mode, work.verb);
    match (args.format.format, work.stacks.as_slice()) {
        (Format::Json, [stack]) => {
            context.terminal.answer(&apply_json::planned(&stack.plan, mode));
        }
        _ => show(context, &work.environment.name, work.provider, &work.stacks),
    }
    let empty = work.stacks.iter().all(|stack| stack.plan.is_empty());
    if !empty && !args.auto_approve && !approve(context, work.environment, verb).await? {
        return Ok(Exit::Failed);
    }
    let (environment, command) = (work.environment, work.command.clone());
    let (started, mut runs) = (Instant::now(), Vec::new());
    let done = apply_all(context, work, args, &mut runs).await?;
    sum_up(context, &done, args, (mode, verb), empty);
    let complete = done.iter().all(|(_, summary)| summary.is_complete());
    if !empty || !complete {
        let stacks = done.iter().zip(runs);
        let report = Report {
            occasion: if complete { Occasion::Applied } else { Occasion::Failed },
            environment: &environment.name,
            command: &command,
            stacks: stacks.map(|((name, done), run)| StackReport::of(name, run, done)).collect(),
            took: started.elapsed(),
            by: states::who(),
        };
        notify::send(context, environment, &report).await;
    }
    // Whoever has read only a part must not take it for all.
    let unread = context.terminal.is_reader_gone();
    Ok(match exit(&done) {
        Exit::Done if unread => Exit::Failed,
        exit => exit,
    })
}

/// Applies every plan in order. An interrupt stops them all. The run of each goes into `runs`.
async fn apply_all(
    context: &Context,
    work: Work<'_>,
    args: &ApplyingArgs,
    runs: &mut Vec<Option<String>>,
) -> Result<Vec<(String, Summary)>> {
    let goes_on = format!("infra {} --env {}", work.command, work.environment.name);
    let stop = context.interrupts.hold(Hold::Run { goes_on });
    let mut done = Vec::new();
    for stack in work.stacks {
        let Prepared { name, store, plan, .. } = stack;
        let Some(store) = store else {
            return Err(Diagnostic::error("apply::unlocked", "the state is not held")
                .hint("plan with the lock")
                .into());
        };
        if plan.is_empty() && !plan.has_bookkeeping() {
            runs.push(None);
            done.push((name, Summary { outputs: outputs(&plan), ..Summary::default() }));
            continue;
        }
        let id = states::run_id()?;
        runs.push(Some(id.clone()));
        let (sender, receiver) = mpsc::channel();
        let viewer = view(context, args.format.format, receiver, &plan, work.mode);
        let clock = SystemClock::new();
        // A viewer that is gone has panicked, which is told below.
        let events = move |event| drop(sender.send(event));
        let run = Run {
            provider: work.provider,
            store: &*store,
            clock: &clock,
            events: &events,
            parallelism: usize::from(args.parallelism),
            stop: stop.clone(),
            id,
            command: work.command.clone(),
            by: states::who(),
        };
        let summary = apply(plan, run, &stop).await;
        // The viewer ends when nobody is left to send events.
        drop(events);
        if let Err(panic) = viewer.await
            && panic.is_panic()
        {
            std::panic::resume_unwind(panic.into_panic());
        }
        done.push((name, summary));
    }
    Ok(done)
}

/// Carries one plan out; after an interrupt, what is left of it is not begun.
async fn apply(plan: Plan, run: Run<'_>, stop: &watch::Receiver<Stop>) -> Summary {
    if *stop.borrow() == Stop::Running {
        return infra_engine::apply(plan, &run).await;
    }
    let left = plan.changes.iter().filter(|change| !change.reasons.is_empty());
    Summary {
        left: left.map(|change| change.address.clone()).collect(),
        interrupted: true,
        ..Summary::default()
    }
}

/// Shows events in a thread of its own: a slow reader must not slow the run.
fn view(
    context: &Context,
    format: Format,
    events: mpsc::Receiver<Event>,
    plan: &Plan,
    mode: Mode,
) -> tokio::task::JoinHandle<()> {
    let terminal: Arc<Terminal> = Arc::clone(&context.terminal);
    let types = apply_json::types(plan);
    tokio::task::spawn_blocking(move || match format {
        Format::Human => {
            let mut progress = human::progress::Progress::new(&terminal);
            events.iter().for_each(|event| progress.show(&event));
        }
        Format::Json => {
            let render = |event: Event| terminal.answer(&apply_json::event(&event, &types, mode));
            events.iter().for_each(render);
        }
    })
}

/// The outputs of a stack in which nothing is done.
fn outputs(plan: &Plan) -> std::collections::BTreeMap<String, infra_sdk::Value> {
    plan.outputs
        .iter()
        .filter_map(|output| Some((output.name.clone(), output.after.clone()?)))
        .collect()
}

fn sum_up(
    context: &Context,
    done: &[(String, Summary)],
    args: &ApplyingArgs,
    (mode, verb): (Mode, &str),
    empty: bool,
) {
    let terminal = &context.terminal;
    if args.format.format == Format::Json {
        for (_, summary) in done {
            terminal.answer(&apply_json::summary(summary, mode));
        }
    } else {
        for (_, summary) in done {
            terminal.diagnostics(&summary.diagnostics);
        }
        let complete = done.iter().all(|(_, summary)| summary.is_complete());
        if !empty || !complete {
            let done: Vec<_> =
                done.iter().map(|(name, summary)| (name.as_str(), summary)).collect();
            terminal.answer(&human::summary::render(&done, verb));
        }
    }
}

fn exit(done: &[(String, Summary)]) -> Exit {
    if done.iter().all(|(_, summary)| summary.is_complete()) {
        Exit::Done
    } else if done.iter().any(|(_, summary)| summary.has_done()) {
        Exit::Partial
    } else {
        Exit::Failed
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Address;

    use super::*;

    #[test]
    fn in_part_means_that_something_was_done_and_something_was_not() {
        let address = || Address::parse("a").expect("valid");
        let done = Summary { created: vec![address()], ..Summary::default() };
        let failed = Summary {
            failed: vec![(address(), Diagnostic::error("apply::create", "no"))],
            ..Summary::default()
        };
        let stacks = |summaries: &[&Summary]| -> Vec<(String, Summary)> {
            summaries.iter().map(|summary| (String::new(), (*summary).clone())).collect()
        };
        assert_eq!(exit(&stacks(&[&done, &done])), Exit::Done);
        assert_eq!(exit(&stacks(&[])), Exit::Done);
        assert_eq!(exit(&stacks(&[&failed])), Exit::Failed);
        assert_eq!(exit(&stacks(&[&done, &failed])), Exit::Partial);
    }
}
