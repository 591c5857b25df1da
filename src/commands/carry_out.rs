//! What `apply`, `destroy` and `undo` have in common: plan, show, ask, carry out, sum up.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use clap::{ArgAction, Args};
use infra_engine::{Event, Mode, Plan, Run, Stop, Summary, plans_digest};
use infra_sdk::provider::Provider;
use infra_sdk::{Address, Diagnostic};
use tokio::sync::watch;

use super::plan::{DetailArgs, show};
use super::preflight::look_ahead;
use crate::cli::{
    BudgetArgs, COMMAND_OPTIONS, Context, Format, FormatArgs, LockArgs, PARALLELISM, RefreshArgs,
    StackArgs,
};
use crate::config::{Environment, Occasion};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::interrupts::Hold;
use crate::notify::{self, Report, StackReport};
use crate::session::again::again;
use crate::session::between::Between;
use crate::session::{
    Budget, Locking, Part, Planned, Prepared, Review, SystemClock, Verb, Way, approve, confirm,
    kept, mostly_there, one_document, plan_all, review, states, within,
};
use crate::view::human::progress::{self, Progress, Took};
use crate::view::human::summary::Closing;
use crate::view::{Terminal, apply_json, checks as checks_view, human};

/// Arguments of the commands that carry a plan out.
#[derive(Args)]
#[command(next_help_heading = COMMAND_OPTIONS)]
pub(crate) struct ApplyingArgs {
    #[command(flatten)]
    pub(super) refresh: RefreshArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    budget: BudgetArgs,
    #[command(flatten)]
    pub(super) waiting: LockArgs,
    #[command(flatten)]
    detail: DetailArgs,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
    /// Whether to look for what will fail before anything is changed: names that are taken,
    /// protection against deletion, contents that would be lost, missing permissions, quotas,
    /// credentials that end too early. What is found stops the run.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true,
        default_missing_value = "true", num_args = 0..=1, require_equals = true)]
    preflight: bool,
    /// How many operations may be in flight.
    #[arg(long, value_name = "N", default_value_t = PARALLELISM,
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
        self.check_detail()
    }

    /// Refuses to tell more or less where there is one form only.
    pub(super) fn check_detail(&self) -> Result<()> {
        self.detail.check(self.format.format == Format::Human)
    }
}

/// Refuses a stream of JSON about several stacks.
pub(super) fn one_stream(args: &ApplyingArgs, stacks: &[Prepared]) -> Result<()> {
    one_document(args.format.format, stacks.iter().map(|stack| stack.name.as_str()))
}

/// Whether the plans are held against the checks of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checks {
    /// They are.
    Hold,
    /// They would be, and the command says that they are not.
    Skip,
    /// Nobody asks: the plans take things away.
    None,
}

/// What is carried out, and how it is called.
pub(super) struct Work<'a> {
    /// The environment.
    pub(super) environment: &'a Environment,
    /// Its cloud.
    pub(super) provider: &'a dyn Provider,
    /// The plans, in the order in which they are applied.
    pub(super) stacks: Vec<Prepared>,
    /// What the checks found, where the plans were held against them.
    pub(super) review: Option<Review>,
    /// What is done with them.
    pub(super) verb: Verb,
    /// The command, for the history, and without its environment: `apply`.
    pub(super) command: String,
    /// The whole command that goes on with what is not done.
    pub(super) goes_on: String,
    /// Whether somebody has looked at the plans before, and only what is protected is asked for.
    pub(super) reviewed: bool,
    /// The resources that may be lost, where that was said before.
    pub(super) accepted: Option<Vec<Address>>,
    /// The digest of the plans that were shown before, where only those may be carried out.
    pub(super) digest: Option<String>,
}

/// What a command that plans by itself asks for.
pub(super) struct Asked {
    /// What is done.
    pub(super) verb: Verb,
    /// Which part of the stacks.
    pub(super) part: Part,
    /// Whether what is there and not recorded is recorded first.
    pub(super) adopt: bool,
    /// Whether the plans are held against the checks.
    pub(super) checks: Checks,
    /// The digest of the plans that were shown before, where only those may be carried out.
    pub(super) digest: Option<String>,
}

/// Plans, shows, asks, carries out and sums up.
pub(super) async fn carry_out(
    context: &Context,
    which: &StackArgs,
    args: &ApplyingArgs,
    Asked { verb, part, adopt, checks, digest }: Asked,
) -> Result<Exit> {
    args.check()?;
    let mode = verb.mode();
    let takeover = "record what belongs to the stacks and is not recorded";
    if adopt && !args.auto_approve && !confirm(context, takeover).await? {
        return Ok(Exit::Failed);
    }
    let mut command = format!("{}{}", verb.command(), part.words());
    let way = Way {
        mode,
        part,
        refresh: args.refresh.refresh,
        format: args.format.format,
        locking: Locking::Within(args.waiting.lock_timeout),
        adopt: adopt.then_some(verb.command()),
        offers: mode == Mode::Apply && args.format.format == Format::Human && !args.auto_approve,
    };
    let planned = plan_all(context, which, &way).await.and_then(|planned| {
        let plans = planned.stacks.iter().map(|stack| (stack.name.as_str(), &stack.plan));
        let environment = &planned.selection.environment;
        mostly_there(environment, &planned.cloud.account, plans, args.budget.accept_gone)?;
        Ok(planned)
    });
    if let (Format::Json, Err(error)) = (args.format.format, &planned) {
        context.terminal.answer(&apply_json::unplanned(&error.diagnostics));
    }
    let Planned { selection, cloud, stacks } = planned?;
    let provider = &*cloud.provider;
    let review = match checks {
        Checks::Hold => Some(review(context, &selection, provider, &stacks).await?),
        Checks::Skip => {
            command.push_str(" --skip-checks");
            context.terminal.diagnostics([&skipped()]);
            None
        }
        Checks::None => None,
    };
    let environment = &selection.environment;
    let goes_on = again(&command, which);
    let work = Work {
        environment,
        provider,
        stacks,
        review,
        verb,
        command,
        goes_on,
        reviewed: false,
        accepted: None,
        digest,
    };
    finish(context, work, args).await
}

/// Shows plans, asks, carries them out and sums up.
pub(super) async fn finish(context: &Context, work: Work<'_>, args: &ApplyingArgs) -> Result<Exit> {
    let (verb, mode) = (work.verb, work.verb.mode());
    match (args.format.format, work.stacks.as_slice()) {
        (Format::Json, [stack]) => {
            let forecast = stack.plan.forecast(usize::from(args.parallelism));
            context.terminal.answer(&apply_json::planned(&stack.plan, mode, &forecast));
        }
        _ => {
            let name = &work.environment.name;
            let how = (args.parallelism, args.detail);
            show(context, name, work.provider, &work.stacks, how);
        }
    }
    let plans = || work.stacks.iter().map(|stack| (stack.name.as_str(), &stack.plan));
    as_shown(work.digest.as_deref(), &plans_digest(&work.environment.name, plans()))?;
    let accepted = work.accepted.as_ref().unwrap_or(&args.budget.accept_loss);
    kept(work.environment, work.provider, plans(), accepted)?;
    let of_environment = (mode != Mode::Destroy).then_some(work.environment);
    within(Budget::of(args.budget.max_destroy, of_environment).as_ref(), plans())?;
    if args.preflight && !look_ahead(context, work.provider, &work.stacks, args.format.format).await
    {
        return Ok(Exit::Failed);
    }
    let empty = work.stacks.iter().all(|stack| stack.plan.is_empty());
    if !empty && !is_let_through(context, work.review.as_ref()) {
        return Ok(Exit::Findings);
    }
    let asks = !work.reviewed || work.environment.protected;
    let asked = verb.question();
    if !empty && asks && !args.auto_approve && !approve(context, work.environment, asked).await? {
        return Ok(Exit::Failed);
    }
    let (environment, command) = (work.environment, work.command.clone());
    let goes_on = work.goes_on.clone();
    let (started, mut ran) = (Instant::now(), Ran::default());
    let done = apply_all(context, work, args, &mut ran).await?;
    let closing = Closing {
        verb,
        goes_on: &goes_on,
        environment: &environment.name,
        took: started.elapsed(),
        times: &ran.times,
    };
    sum_up(context, &done, args, mode, (&closing, empty));
    let complete = done.iter().all(|(_, summary)| summary.is_complete());
    if !empty || !complete {
        let stacks = done.iter().zip(ran.runs);
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

/// Refuses plans that are not those that were shown.
fn as_shown(shown: Option<&str>, now: &str) -> Result<()> {
    let Some(shown) = shown.filter(|shown| *shown != now) else { return Ok(()) };
    Err(Diagnostic::error("apply::digest", "the plan is not the one that was shown")
        .detail(format!("`--digest {shown}` was given, and this plan is {now}"))
        .hint("nothing was changed; look at this plan, or make a new page of it")
        .into())
}

/// Says what the checks found, and whether it is let through.
fn is_let_through(context: &Context, review: Option<&Review>) -> bool {
    let Some(review) = review.filter(|review| review.has_rules()) else { return true };
    let terminal = &context.terminal;
    let refusal = review.refusal();
    if refusal.is_some() {
        terminal.note(&checks_view::human::exceeding(review, &terminal.frame()));
    }
    terminal.note(&format!("{}\n", checks_view::human::summary(review)));
    terminal.diagnostics(&refusal);
    refusal.is_none()
}

fn skipped() -> Diagnostic {
    Diagnostic::warning("checks::skipped", "the plan is not held against the checks")
        .detail("`--skip-checks` was given; the history of the run will tell")
}

/// What is known of the runs over some stacks, beside what they did.
#[derive(Default)]
struct Ran {
    /// The run of each stack, where there was one.
    runs: Vec<Option<String>>,
    /// What its operations took.
    times: Vec<(String, Vec<Took>)>,
}

/// Applies every plan in order. An interrupt stops them all. What is known of each goes into `ran`.
async fn apply_all(
    context: &Context,
    work: Work<'_>,
    args: &ApplyingArgs,
    ran: &mut Ran,
) -> Result<Vec<(String, Summary)>> {
    let mode = work.verb.mode();
    let stop = context.interrupts.hold(Hold::Run { goes_on: work.goes_on });
    let mut done = Vec::new();
    let mut progress = Between::new(mode);
    for stack in work.stacks {
        let refused = progress.refusal(&stack);
        let values = progress.values();
        let Prepared { name, store, mut plan, reads_of, .. } = stack;
        let Some(store) = store else {
            return Err(Diagnostic::error("apply::unlocked", "the state is not held")
                .hint("plan with the lock")
                .into());
        };
        if plan.is_empty() && !plan.has_bookkeeping() {
            ran.runs.push(None);
            let summary = Summary { outputs: outputs(&plan), ..Summary::default() };
            progress.note(&name, reads_of, &summary);
            done.push((name, summary));
            continue;
        }
        let fits = refused.map_or_else(|| plan.bind(values), |refused| Err(vec![refused]));
        if let Err(diagnostics) = fits {
            ran.runs.push(None);
            let summary = Summary { diagnostics, ..not_begun(&plan) };
            progress.note(&name, reads_of, &summary);
            done.push((name, summary));
            continue;
        }
        let id = states::run_id()?;
        ran.runs.push(Some(id.clone()));
        let (sender, receiver) = mpsc::channel();
        let viewer = view(context, args, receiver, &plan, mode);
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
        match viewer.await {
            Ok(times) => ran.times.push((name.clone(), times)),
            Err(panic) if panic.is_panic() => std::panic::resume_unwind(panic.into_panic()),
            // Only the end of the process takes a viewer away.
            Err(_) => {}
        }
        progress.note(&name, reads_of, &summary);
        done.push((name, summary));
    }
    Ok(done)
}

/// Carries one plan out; after an interrupt, what is left of it is not begun.
async fn apply(plan: Plan, run: Run<'_>, stop: &watch::Receiver<Stop>) -> Summary {
    if *stop.borrow() == Stop::Running {
        return infra_engine::apply(plan, &run).await;
    }
    Summary { interrupted: true, ..not_begun(&plan) }
}

/// The summary of a plan of which nothing is begun.
fn not_begun(plan: &Plan) -> Summary {
    let left = plan.changes.iter().filter(|change| !change.reasons.is_empty());
    Summary { left: left.map(|change| change.address.clone()).collect(), ..Summary::default() }
}

/// Shows events in a thread of its own: a slow reader must not slow the run. It ends with what the
/// operations took.
fn view(
    context: &Context,
    args: &ApplyingArgs,
    events: mpsc::Receiver<Event>,
    plan: &Plan,
    mode: Mode,
) -> tokio::task::JoinHandle<Vec<Took>> {
    let terminal: Arc<Terminal> = Arc::clone(&context.terminal);
    let types = apply_json::types(plan);
    let whole = progress::whole(plan, args.parallelism);
    let format = args.format.format;
    tokio::task::spawn_blocking(move || match format {
        Format::Human => {
            let mut progress = Progress::new(&terminal, whole);
            loop {
                match events.recv_timeout(progress::REDRAWN) {
                    Ok(event) => progress.show(&event),
                    Err(mpsc::RecvTimeoutError::Timeout) => progress.redraw(),
                    Err(mpsc::RecvTimeoutError::Disconnected) => return progress.took(),
                }
            }
        }
        Format::Json => {
            let render = |event: Event| terminal.answer(&apply_json::event(&event, &types, mode));
            events.iter().for_each(render);
            Vec::new()
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
    mode: Mode,
    (closing, empty): (&Closing<'_>, bool),
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
            terminal.answer_in_words(&human::summary::render(&done, closing));
            terminal.answer(&human::summary::outputs(&done, closing));
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
