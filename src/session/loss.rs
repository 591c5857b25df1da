//! What a protected environment keeps: objects that hold what cannot be made again.

use std::collections::BTreeSet;

use infra_engine::{Action, Change, Mode, Plan, named};
use infra_sdk::provider::Provider;
use infra_sdk::{Address, Diagnostic};

use crate::config::Environment;
use crate::error::{CommandError, Result};

/// Refuses plans that delete or replace such an object, but for those whose loss is `accepted`. A
/// plan to destroy everything is not carried out there, and may be looked at.
///
/// # Errors
/// With each such object, and with each accepted address that no plan is about.
pub(crate) fn kept<'p>(
    environment: &Environment,
    provider: &dyn Provider,
    plans: impl Iterator<Item = (&'p str, &'p Plan)>,
    accepted: &[Address],
) -> Result<()> {
    let mut known = BTreeSet::new();
    let mut problems = Vec::new();
    for (stack, plan) in plans {
        known.extend(plan.changes.iter().map(|change| &change.address));
        if !environment.protected || plan.mode == Mode::Destroy {
            continue;
        }
        let stateful = |change: &&Change| {
            provider.schema(&change.type_name).is_some_and(|schema| schema.stateful)
        };
        let lost = plan.changes.iter().filter(stateful).filter_map(|change| match change.action {
            Action::Replace { .. } => Some((change, "replaced")),
            Action::Delete => Some((change, "destroyed")),
            _ => None,
        });
        let refused = lost.filter(|(change, _)| !accepted.contains(&change.address));
        problems.extend(refused.map(|(change, what)| refuse(environment, stack, change, what)));
    }
    let nothing = accepted.iter().filter(|address| !known.contains(address));
    problems.extend(
        nothing.map(|address| named::nothing("--accept-loss", address, known.iter().copied())),
    );
    if problems.is_empty() { Ok(()) } else { Err(CommandError::from(problems)) }
}

fn refuse(environment: &Environment, stack: &str, change: &Change, what: &str) -> Diagnostic {
    let Change { address, type_name, .. } = change;
    Diagnostic::error("plan::stateful", "a protected environment keeps what holds data")
        .detail(format!("this {type_name} of {stack} would be {what}, and what it holds is lost"))
        .address(address)
        .location(change.location.clone())
        .hint(format!("if it may be lost, say so: `--accept-loss {address}`"))
        .hint(format!("or take `protected` off `[environments.{}]`", environment.name))
}
