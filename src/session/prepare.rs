//! Plans that can be carried out: what is declared against what is recorded and what is there.
//!
//! Start reading at [`plan_all`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use infra_engine::{Goal, Mode, Plan, Ports, Recovered, Wait};
use infra_sdk::Diagnostic;
use infra_sdk::provider::{Owner, Provider};
use infra_sdk::store::{Edit, State, Store};

use super::adopt::adopt;
use super::answers::Live;
use super::approve::offer;
use super::between::{bind, consumers_first, read_elsewhere, readers, reads_of, still_read};
use super::clock::SystemClock;
use super::cloud::Cloud;
use super::declare::{Declared, declare, in_order};
use super::heard::heard;
use super::part::{Part, Search, partial};
use super::select::{Selection, select_and_connect};
use crate::cli::{Context, Format, StackArgs};
use crate::error::{CommandError, Result};

/// A stack with its plan. Its state is locked as long as this lives.
pub(crate) struct Prepared {
    /// Its name.
    pub(crate) name: String,
    /// Its state; `None` where it was only looked at.
    pub(crate) store: Option<Box<dyn Store>>,
    /// What is to be reached: what it declares, and how the plan was asked for.
    pub(crate) goal: Goal,
    /// What has to change.
    pub(crate) plan: Plan,
    /// The stacks that it reads of: as declared, and for a destruction as recorded.
    pub(crate) reads_of: BTreeSet<String>,
}

/// The plans of all selected stacks of an environment.
pub(crate) struct Planned {
    /// Which stacks.
    pub(crate) selection: Selection,
    /// The cloud of the environment.
    pub(crate) cloud: Cloud,
    /// The plans, in the order in which they are applied.
    pub(crate) stacks: Vec<Prepared>,
}

/// Which way to plan.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// Towards what is declared, towards nothing, or nowhere.
    pub(crate) mode: Mode,
    /// Which part of the stacks.
    pub(crate) part: Part,
    /// Whether to ask the cloud first.
    pub(crate) refresh: bool,
    /// How the answer is written: one document is of one stack.
    pub(crate) format: Format,
    /// Whether the states are held.
    pub(crate) locking: Locking,
    /// Whether what is there and not recorded is recorded first, by this command. Needs the lock.
    pub(crate) adopt: Option<&'static str>,
    /// Whether somebody is asked about what looks renamed.
    pub(crate) offers: bool,
}

/// Whether the states are held while something is planned and done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Locking {
    /// They are; a run that holds one is waited for this long.
    Within(Duration),
    /// They are not: what the latest run left is looked at, and nothing can be carried out.
    None,
}

/// Plans every selected stack.
///
/// # Errors
/// With everything that is wrong. Nothing was written before every stack was declared without an
/// error, and nothing of the cloud was changed.
pub(crate) async fn plan_all(context: &Context, args: &StackArgs, way: &Way) -> Result<Planned> {
    let check = |selection: &Selection| {
        one_document(way.format, selection.stacks.iter().map(|stack| stack.name.as_str()))
    };
    let (selection, cloud) =
        select_and_connect(context, args, way.mode == Mode::Destroy, check).await?;
    let provider = &*cloud.provider;
    let mut declared =
        declare(context, &selection, provider, async |_| Ok(Live::new(provider))).await?;
    if way.mode == Mode::Apply {
        declared = in_order(&selection, declared)?;
    }
    let mut stacks = Vec::new();
    let mut problems = Vec::new();
    let mut search = Search::new(&way.part);
    for declared in declared {
        match prepare(context, &selection, &cloud, declared, (way, &mut search), &stacks).await {
            Ok(prepared) => stacks.extend(prepared),
            Err(error) if error.exit == crate::exit::Exit::Failed => {
                problems.extend(error.diagnostics);
            }
            Err(error) => return Err(error),
        }
    }
    problems.extend(taken_away(context, &selection, &stacks, way.mode).await?);
    if way.mode == Mode::Destroy {
        stacks = consumers_first(stacks);
    }
    if problems.is_empty() {
        problems.extend(search.nowhere());
    }
    if problems.is_empty() {
        if way.part.is_partial() {
            context.terminal.diagnostics([&partial(way.mode)]);
        }
        Ok(Planned { selection, cloud, stacks })
    } else {
        Err(CommandError::from(problems))
    }
}

/// Refuses to destroy what stacks outside of the run read, and warns of other outputs that go away.
async fn taken_away(
    context: &Context,
    selection: &Selection,
    stacks: &[Prepared],
    mode: Mode,
) -> Result<Vec<Diagnostic>> {
    let beside: BTreeSet<_> = selection.stacks.iter().map(|stack| stack.name.clone()).collect();
    let (project, environment) = (&selection.project, &selection.environment);
    let mut refused = Vec::new();
    for Prepared { name, plan, .. } in stacks {
        for reader in readers(context, project, environment, (name, plan), &beside).await? {
            match mode {
                Mode::Destroy => refused.push(still_read(environment, name, &reader)),
                Mode::Apply | Mode::Refresh => {
                    context.terminal.diagnostics([&read_elsewhere(name, &reader)]);
                }
            }
        }
    }
    Ok(refused)
}

/// The plan of a stack; `None` where the command is not about it.
async fn prepare(
    context: &Context,
    selection: &Selection,
    cloud: &Cloud,
    declared: Declared<Live<'_>>,
    (way, search): (&Way, &mut Search<'_>),
    planned: &[Prepared],
) -> Result<Option<Prepared>> {
    let Declared { name, declarations, answers } = declared;
    let owner =
        Arc::new(Owner { stack: name.clone(), environment: selection.environment.name.clone() });
    let mut goal = Goal::new(owner, declarations);
    goal.mode = way.mode;
    goal.refresh = way.refresh;
    way.part.put_into(&mut goal);
    bind(context, &selection.producers(), &mut goal, planned).await?;
    let (store, state) = match way.locking {
        Locking::Within(patience) => {
            let (store, mut state) =
                hold(context, selection, cloud, answers, &goal, patience).await?;
            if let Some(command) = way.adopt {
                adopt(context, &*cloud.provider, &*store, &mut state, &goal, command).await?;
            }
            (Some(store), state)
        }
        Locking::None => (None, look(context, selection, &name).await?),
    };
    if !search.narrow(&mut goal, &state) {
        return Ok(None);
    }
    let provider = &*cloud.provider;
    let planning = infra_engine::plan(provider, &state, goal.clone());
    let mut plan = heard(context, || reading(&name, &provider.held_up()), planning).await?;
    context.terminal.diagnostics(&plan.warnings);
    if way.offers {
        let wanted = offer(context, &plan.renames).await;
        if !wanted.is_empty() {
            wanted.into_iter().for_each(|(from, to)| goal.rename(from, to));
            let again = infra_engine::plan(provider, &state, goal.clone()).await?;
            let news = again.warnings.iter().filter(|warning| !plan.warnings.contains(warning));
            context.terminal.diagnostics(news);
            plan = again;
        }
    }
    let reads_of = reads_of(&goal, &state);
    Ok(Some(Prepared { name, store, goal, plan, reads_of }))
}

/// What a plan is waited for, and why that takes longer than it would.
fn reading(name: &str, held_up: &[String]) -> String {
    let why = if held_up.is_empty() { String::new() } else { format!(" ({})", held_up.join("; ")) };
    format!("{name}: reading what is there{why}")
}

/// Takes the lock of a state, keeps what was looked up, and settles what earlier runs left.
///
/// # Errors
/// When the state cannot be held, and with each operation that cannot be settled.
pub(super) async fn hold(
    context: &Context,
    selection: &Selection,
    cloud: &Cloud,
    mut answers: Live<'_>,
    goal: &Goal,
    patience: Duration,
) -> Result<(Box<dyn Store>, State)> {
    let site = selection.site(&goal.owner.stack);
    let fail = |error| site.refused(&error);
    let store = site.open(context, patience).await?;
    let mut state = store.load().await.map_err(fail)?;
    let mut fresh = answers.take();
    fresh.retain(|edit| match edit {
        Edit::Lookup(key, value) => state.lookups.get(key) != Some(value),
        _ => true,
    });
    if !fresh.is_empty() {
        store.commit(None, &fresh).await.map_err(fail)?;
    }
    settle(context, &*cloud.provider, &*store, &mut state, goal).await?;
    Ok((store, state))
}

/// Settles what earlier runs of a stack left, and says each. Returns whether there was anything.
///
/// # Errors
/// With each operation that cannot be settled.
pub(crate) async fn settle(
    context: &Context,
    provider: &dyn Provider,
    store: &dyn Store,
    state: &mut State,
    goal: &Goal,
) -> Result<bool> {
    let name = &goal.owner.stack;
    let clock = SystemClock::new();
    let waits = |wait: &Wait| context.terminal.say(&format!("{name}: {}", waiting(wait)));
    let ports = Ports { provider, store, clock: &clock, waits: &waits };
    let recovered = infra_engine::recover(&ports, state, goal).await?;
    for settled in &recovered {
        context.terminal.say(&format!("{name}: {}", settlement(settled)));
    }
    Ok(!recovered.is_empty())
}

/// What the latest run left of a state, without its lock.
async fn look(context: &Context, selection: &Selection, name: &str) -> Result<State> {
    let left = selection.site(name).left(context).await?;
    let what = match &left {
        Some(state) => format!("it is what run {} of the state left", state.serial),
        None => "no run of the stack has ended yet, and nothing is taken to be there".to_owned(),
    };
    context.terminal.diagnostics([&Diagnostic::warning(
        "plan::unlocked",
        "without the lock, what is recorded may be old",
    )
    .detail(format!("stack `{name}`: {what}; what a run begins meanwhile does not show"))
    .hint("leave `--lock=false` out to plan with what is recorded now")]);
    Ok(left.unwrap_or_default())
}

/// What is waited for before there is a plan.
fn waiting(wait: &Wait) -> String {
    let addresses: Vec<_> = wait.addresses.iter().map(ToString::to_string).collect();
    format!(
        "an earlier run began {}; waiting up to {} s for what it may have made to show up",
        addresses.join(", "),
        wait.at_most.as_secs().max(1)
    )
}

/// What became of an operation that an earlier run did not finish.
fn settlement(settled: &Recovered) -> String {
    let earlier = "an earlier run did not finish this";
    match settled {
        Recovered::Adopted { address, id } => {
            format!("{address}: {earlier}; {id} had been made and is recorded now")
        }
        Recovered::Pending { address } => {
            format!("{address}: {earlier}; it is sent again as it was, which makes no second one")
        }
        Recovered::NotMade { address } => format!("{address}: {earlier}; nothing had been made"),
        Recovered::Deleted { address, id } => {
            format!("{address}: {earlier}; {id} is gone and is no longer recorded")
        }
        Recovered::LeftToPlan { address, id } => {
            format!("{address}: {earlier}; {id} is there, and the plan goes on from it")
        }
    }
}

/// Refuses to write one document about several stacks.
pub(crate) fn one_document<'n>(
    format: Format,
    stacks: impl Iterator<Item = &'n str>,
) -> Result<()> {
    let stacks: Vec<_> = stacks.collect();
    if format == Format::Human || stacks.len() <= 1 {
        return Ok(());
    }
    Err(CommandError::usage(
        Diagnostic::error("cli::one-stack", "a JSON document is about one stack")
            .detail(format!("{} stacks are selected", stacks.len()))
            .hint(format!("name one with `--stack`: {}", stacks.join(", "))),
    ))
}
