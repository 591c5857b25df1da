//! Stacks of which most is gone: more often the wrong account, region or endpoint than the truth.

use infra_engine::{Change, Mode, Plan, Reason, is_built_in};
use infra_sdk::Diagnostic;

use super::Verb;
use crate::config::{Endpoint, Environment};
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
    let sandbox = environment.endpoint == Endpoint::Sandbox;
    let sandbox = sandbox.then_some(environment.name.as_str());
    let problems: Vec<_> =
        plans.filter_map(|(stack, plan)| refuse(stack, plan, &place, sandbox)).collect();
    if problems.is_empty() { Ok(()) } else { Err(CommandError::from(problems)) }
}

/// `sandbox` is the name of the environment where the sandbox answers for AWS.
fn refuse(stack: &str, plan: &Plan, place: &str, sandbox: Option<&str>) -> Option<Diagnostic> {
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
    let named = format!("{}{more}", named.join(", "));
    let diagnostic = if gone.len() == recorded {
        Diagnostic::error("plan::gone", "the whole stack is gone")
            .detail(format!("all {recorded} recorded objects of {stack} are gone: {named}"))
    } else {
        let count = gone.len();
        Diagnostic::error("plan::gone", "most of the stack is gone")
            .detail(format!("{count} of {recorded} recorded objects of {stack} are gone: {named}"))
    };
    let command = Verb::of(plan.mode).command();
    let (becomes, become_of_it) = match plan.mode {
        Mode::Apply => ("makes them anew", "made anew"),
        Mode::Destroy | Mode::Refresh => ("forgets them", "forgotten"),
    };
    Some(match sandbox {
        Some(name) => diagnostic.hint(format!(
            "if the sandbox was stopped or reset, its objects went with it: \
             `infra {command} --env {name} --accept-gone` {becomes}"
        )),
        None => diagnostic
            .hint(format!("check that they are to be in {place}, and which endpoint is asked"))
            .hint(format!("if they were deleted, `--accept-gone` has them {become_of_it}")),
    })
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

#[cfg(test)]
mod tests {
    use infra_engine::Action;

    use super::*;
    use crate::view::sample::change;

    fn gone(count: usize, there: usize) -> Plan {
        let gone = (0..count).map(|number| Change {
            reasons: vec![Reason::GoneOutside { id: format!("id-{number}") }],
            ..change(&format!("gone-{number}"), "aws_vpc", Action::Create)
        });
        let there = (0..there).map(|number| Change {
            before: Some(infra_sdk::Object::default()),
            ..change(&format!("there-{number}"), "aws_vpc", Action::NoOp)
        });
        let mut plan = Plan::default();
        plan.changes = gone.chain(there).collect();
        plan
    }

    #[test]
    fn all_is_told_as_all_and_a_sandbox_names_the_way_on() {
        let place = "account 1, region eu-west-1";
        let all = refuse("shop", &gone(7, 0), place, Some("dev")).expect("refused");
        let detail = "all 7 recorded objects of shop are gone: \
                      `gone-0`, `gone-1`, `gone-2`, `gone-3`, `gone-4` and 2 more";
        let hint = "if the sandbox was stopped or reset, its objects went with it: \
                    `infra apply --env dev --accept-gone` makes them anew";
        assert_eq!((all.detail.as_str(), all.hints.as_slice()), (detail, &[hint.to_owned()][..]));
        let most = refuse("shop", &gone(5, 2), place, None).expect("refused");
        assert!(most.detail.starts_with("5 of 7 recorded objects of shop are gone"));
        assert_eq!(most.hints.len(), 2);
        assert_eq!(refuse("shop", &gone(5, 5), place, None), None);
    }
}
