//! Stacks of which most is gone: more often the wrong account, region or endpoint than the truth.

use infra_engine::{Change, Mode, Plan, Reason, is_built_in};
use infra_sdk::Diagnostic;

use crate::config::Environment;
use crate::error::{CommandError, Result};

/// Fewer objects than this that are gone say nothing.
const LEAST: usize = 5;
/// How many of them are named.
const NAMED: usize = 5;

/// Refuses plans of stacks of which more than half is gone, unless that is `accepted`.
///
/// # Errors
/// With each such stack.
pub(crate) fn mostly_there<'p>(
    environment: &Environment,
    account: &str,
    plans: impl Iterator<Item = (&'p str, &'p Plan)>,
    accepted: bool,
) -> Result<()> {
    if accepted {
        return Ok(());
    }
    let place = format!("account {account}, region {}", environment.region);
    let problems: Vec<_> = plans.filter_map(|(stack, plan)| refuse(stack, plan, &place)).collect();
    if problems.is_empty() { Ok(()) } else { Err(CommandError::from(problems)) }
}

fn refuse(stack: &str, plan: &Plan, place: &str) -> Option<Diagnostic> {
    let recorded = plan.changes.iter().filter(|change| is_recorded(change));
    let gone: Vec<_> = plan.changes.iter().filter(|change| is_gone(change)).collect();
    let recorded = recorded.count();
    if gone.len() < LEAST || gone.len() * 2 <= recorded {
        return None;
    }
    let named: Vec<_> =
        gone.iter().take(NAMED).map(|change| format!("`{}`", change.address)).collect();
    let more = match gone.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!(" and {more} more"),
        _ => String::new(),
    };
    let become_of_it = match plan.mode {
        Mode::Apply => "made anew",
        Mode::Destroy | Mode::Refresh => "forgotten",
    };
    Some(
        Diagnostic::error("plan::gone", "most of the stack is gone")
            .detail(format!(
                "of {recorded} recorded objects of {stack} {} are not there: {}{more}",
                gone.len(),
                named.join(", ")
            ))
            .hint(format!("check that they are to be in {place}, and which endpoint is asked"))
            .hint(format!("if they were deleted, `--accept-gone` has them {become_of_it}")),
    )
}

fn is_gone(change: &Change) -> bool {
    change.reasons.iter().any(|reason| matches!(reason, Reason::GoneOutside { .. }))
}

/// Whether an object of the cloud is recorded; what is built in stands in the record alone and can
/// never be gone.
fn is_recorded(change: &Change) -> bool {
    let there = change.before.is_some() && !change.imported && !change.deposed;
    is_gone(change) || (there && !is_built_in(&change.type_name))
}
