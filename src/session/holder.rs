//! The one stack that declares a resource, with its state held.
//!
//! The main function is [`hold_declaring`].

use std::sync::Arc;
use std::time::Duration;

use infra_engine::Goal;
use infra_sdk::provider::{Owner, Place};
use infra_sdk::store::{Record, State, Store};
use infra_sdk::{Address, Diagnostic};

use super::answers::Live;
use super::between::{Producers, bind};
use super::cloud::{Cloud, connect};
use super::declare::declare;
use super::prepare::hold;
use super::select::{Selection, recorded, select};
use crate::cli::{Context, StackArgs};
use crate::config::near_or;
use crate::error::Result;

/// A stack whose state is locked as long as this lives.
pub(crate) struct Held {
    /// The environment, and what else was selected.
    pub(crate) selection: Selection,
    /// The cloud of the environment.
    pub(crate) cloud: Cloud,
    /// What the stack declares, and whose its objects are.
    pub(crate) goal: Goal,
    /// Its state.
    pub(crate) store: Box<dyn Store>,
    /// What is recorded.
    pub(crate) state: State,
}

/// Declares the selected stacks and holds the state of the one that declares an address. What
/// earlier runs of it left is settled.
///
/// # Errors
/// When none declares it, or several do; and as for a plan.
pub(crate) async fn hold_declaring(
    context: &Context,
    args: &StackArgs,
    address: &Address,
    patience: Duration,
) -> Result<Held> {
    let selection = select(context, args, false).await?;
    let cloud = connect(context, &selection.project, &selection.environment).await?;
    let provider = &*cloud.provider;
    let mut all = declare(context, &selection, provider, async |_| Ok(Live::new(provider))).await?;
    let declares = |position: &usize| {
        all[*position].declarations.resources.iter().any(|known| known.address == *address)
    };
    let found: Vec<_> = (0..all.len()).filter(declares).collect();
    let stack = match found.as_slice() {
        [one] => all.swap_remove(*one),
        [] => {
            let known = all.iter().flat_map(|stack| &stack.declarations.resources);
            let known = known.map(|declaration| declaration.address.as_str());
            return Err(Diagnostic::error("import::undeclared", "the address is not declared")
                .detail(format!("`{address}`: an object is taken over for a declared resource"))
                .hint(near_or(address.as_str(), known, "the stacks declare no resource yet"))
                .hint("or declare it as it is, and import it then")
                .into());
        }
        [first, second, ..] => {
            return Err(Diagnostic::error(
                "import::ambiguous",
                "several stacks declare the address",
            )
            .detail(format!(
                "`{address}` is in `{}` and in `{}`",
                all[*first].name, all[*second].name
            ))
            .hint("name the stack with `--stack`")
            .into());
        }
    };
    let environment = selection.environment.name.clone();
    let owner = Arc::new(Owner { stack: stack.name, environment });
    let mut goal = Goal::new(owner, stack.declarations);
    // Nothing else is planned: what is read of other stacks is what they left.
    let producers = Producers::of(&selection.project, &selection.environment);
    bind(context, &producers, &mut goal, &[]).await?;
    let (store, state) = hold(context, &selection, &cloud, stack.answers, &goal, patience).await?;
    Ok(Held { selection, cloud, goal, store, state })
}

impl Held {
    /// Another stack of the environment that has an object, and its address there.
    ///
    /// # Errors
    /// When a state cannot be read.
    pub(crate) async fn owner_elsewhere(
        &self,
        context: &Context,
        type_name: &str,
        place: &Place,
        id: &str,
    ) -> Result<Option<(String, Address)>> {
        let Selection { project, environment, .. } = &self.selection;
        let same = |record: &Record| {
            record.type_name == type_name && record.place == *place && record.id == id
        };
        for stack in recorded(context, project, environment).await? {
            if stack == self.goal.owner.stack {
                continue;
            }
            let state = self.selection.site(&stack).read(context).await?.unwrap_or_default();
            let found = state.records.into_values().find(same);
            if let Some(record) = found {
                return Ok(Some((stack, record.address)));
            }
        }
        Ok(None)
    }
}
