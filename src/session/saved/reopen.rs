//! Reading a saved plan, and planning again from what it holds.
//!
//! Start reading at [`reopen`]. It only returns a plan that does what the saved one was to do.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use infra_engine::{Goal, Imprint, Mode};
use infra_sdk::provider::Owner;
use infra_sdk::store::{State, Store};
use infra_sdk::{Address, Diagnostic};
use infra_state::plan_file::PlanFile;

use super::content::{Content, EnvironmentWire};
use super::refused::{RELEASE, Refused};
use crate::cli::Context;
use crate::config::{Environment, Project};
use crate::error::{CommandError, Result};
use crate::session::between::{Producers, bind, reads_of};
use crate::session::cloud::{Cloud, connect};
use crate::session::prepare::{Prepared, settle};
use crate::session::select::{find, recorded};
use crate::session::site::Site;

/// A saved plan, to be carried out. The states are locked as long as this lives.
pub(crate) struct Reopened {
    /// The environment that it is for.
    pub(crate) environment: Environment,
    /// Its cloud.
    pub(crate) cloud: Cloud,
    /// The plans, in the order in which they are applied.
    pub(crate) stacks: Vec<Prepared>,
    /// Which way they go.
    pub(crate) mode: Mode,
    /// The resources that may be lost.
    pub(crate) accepted: Vec<Address>,
}

/// A stack of the file, whose state is held and is as it was.
struct Held {
    name: String,
    store: Box<dyn Store>,
    state: State,
    goal: Goal,
    imprint: Imprint,
    account: String,
    caller: String,
    accepted: Vec<Address>,
}

/// Reads a saved plan and makes it again.
///
/// # Errors
/// When the file, the state, the environment or what is there is not as it was. Nothing of the
/// cloud was changed.
pub(crate) async fn reopen(
    context: &Context,
    path: &Path,
    asked: Option<&str>,
    patience: Duration,
) -> Result<Reopened> {
    let refused = Refused(path);
    let file = PlanFile::read(path).map_err(|error| refused.unreadable(&error))?;
    let header = &file.header;
    if header.release != RELEASE {
        return Err(refused.release(&header.release).into());
    }
    if let Some(asked) = asked.filter(|asked| *asked != header.environment) {
        return Err(refused.environment(&header.environment, asked).into());
    }
    let (project, environment) = find(context, &header.environment)?;
    let mut held = Vec::new();
    for part in 0..header.stacks.len() {
        held.push(hold(context, (&project, &environment), (&file, part), refused, patience).await?);
    }
    let cloud = connect(context, &project, &environment).await?;
    if let Some(other) = held.iter().find(|stack| stack.account != cloud.account) {
        return Err(refused.account(&other.account, &cloud.account).into());
    }
    if let Some(other) = held.iter().find(|stack| stack.caller != cloud.caller) {
        context.terminal.diagnostics([&refused.caller(&other.caller, &cloud.caller)]);
    }
    let mode = held.first().map_or(Mode::Apply, |stack| stack.goal.mode);
    let accepted = held.first().map(|stack| stack.accepted.clone()).unwrap_or_default();
    let beside = header.stacks.iter().map(|stack| stack.name.as_str()).collect();
    let producers = Producers { project: &project, environment: &environment, beside };
    let mut stacks = Vec::new();
    let mut problems: Vec<Diagnostic> = Vec::new();
    for mut stack in held {
        let (name, provider) = (stack.name, &*cloud.provider);
        settle(context, provider, &*stack.store, &mut stack.state, &stack.goal).await?;
        bind(context, &producers, &mut stack.goal, &stacks).await?;
        let plan = match infra_engine::plan(provider, &stack.state, stack.goal.clone()).await {
            Ok(plan) => plan,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        let moved = stack.imprint.moved(&Imprint::of(&plan));
        if !moved.is_empty() {
            problems.push(refused.moved(&name, &moved));
        }
        context.terminal.diagnostics(&plan.warnings);
        let reads_of = reads_of(&stack.goal, &stack.state);
        stacks.push(Prepared { name, store: Some(stack.store), goal: stack.goal, plan, reads_of });
    }
    if problems.is_empty() {
        Ok(Reopened { environment, cloud, stacks, mode, accepted })
    } else {
        Err(CommandError::from(problems))
    }
}

/// Takes the lock of a state and opens the part of the file that belongs to it.
async fn hold(
    context: &Context,
    (project, environment): (&Project, &Environment),
    (file, part): (&PlanFile, usize),
    refused: Refused<'_>,
    patience: Duration,
) -> Result<Held> {
    let planned = &file.header.stacks[part];
    // Opening a state that is not there would make one.
    if !recorded(context, project, environment).await?.contains(&planned.name) {
        return Err(refused.lineage(&planned.name, false).into());
    }
    let site = Site { project, environment, stack: &planned.name };
    let store = site.open(context, patience).await?;
    let state = store.load().await.map_err(|error| site.refused(&error))?;
    if state.lineage != planned.lineage {
        return Err(refused.lineage(&planned.name, true).into());
    }
    let bytes = file.open(part, &*store).map_err(|error| refused.damaged(&error.to_string()))?;
    // The parser's own message could quote a value.
    let content: Content = serde_json::from_slice(&bytes)
        .map_err(|_| refused.damaged("what it holds cannot be read"))?;
    if state.serial != content.serial {
        let runs = store.history().await.map_err(|error| site.refused(&error))?;
        return Err(refused.stale(&planned.name, &file.header.made, runs.last()).into());
    }
    let (then, now) = (&content.environment, EnvironmentWire::of(environment));
    if then.region != now.region {
        return Err(refused.region(&then.region, &now.region, &environment.location).into());
    }
    if *then != now {
        return Err(refused.configuration(&environment.location).into());
    }
    let owner =
        Arc::new(Owner { stack: planned.name.clone(), environment: environment.name.clone() });
    let (account, caller) = (content.account.clone(), content.caller.clone());
    let accepted = content.accepted().map_err(|why| refused.damaged(&why))?;
    let (goal, imprint) = content.read(owner).map_err(|why| refused.damaged(&why))?;
    let name = planned.name.clone();
    Ok(Held { name, store, state, goal, imprint, account, caller, accepted })
}
