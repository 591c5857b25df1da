//! The budget of destructions: how many objects plans may destroy.

use infra_engine::{Action, Change, Plan};
use infra_sdk::Diagnostic;

use crate::config::Environment;
use crate::error::Result;
use crate::view::count;

/// How many of them are named.
const NAMED: usize = 5;

/// How many objects may be destroyed, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    limit: usize,
    /// Who says so.
    by: String,
}

impl Budget {
    /// What the command line allows, and otherwise the environment.
    pub(crate) fn of(flag: Option<usize>, environment: Option<&Environment>) -> Option<Self> {
        let by_flag = flag.map(|limit| Self { limit, by: "`--max-destroy`".to_owned() });
        by_flag.or_else(|| {
            let environment = environment?;
            let by = format!("`max_destroy` of `[environments.{}]`", environment.name);
            Some(Self { limit: environment.max_destroy?, by })
        })
    }
}

/// Refuses plans that destroy more together than is allowed.
///
/// # Errors
/// With how many it would be, and the first of them.
pub(crate) fn within<'p>(
    budget: Option<&Budget>,
    plans: impl Iterator<Item = (&'p str, &'p Plan)>,
) -> Result<()> {
    let Some(budget) = budget else { return Ok(()) };
    let destroys =
        |change: &&Change| matches!(change.action, Action::Delete | Action::Replace { .. });
    let destroyed: Vec<_> = plans
        .flat_map(|(stack, plan)| {
            plan.changes.iter().filter(destroys).map(move |change| (stack, &change.address))
        })
        .collect();
    if destroyed.len() <= budget.limit {
        return Ok(());
    }
    let mut detail = format!(
        "{} would be destroyed, and {} allows {}:",
        count(destroyed.len(), "object"),
        budget.by,
        budget.limit
    );
    for (stack, address) in destroyed.iter().take(NAMED) {
        detail.push_str(&format!("\n`{address}` of {stack}"));
    }
    if let Some(more @ 1..) = destroyed.len().checked_sub(NAMED) {
        detail.push_str(&format!("\nand {more} more"));
    }
    Err(Diagnostic::error("plan::max-destroy", "the plan destroys more than is allowed")
        .detail(detail)
        .hint(format!("if that is what you want, allow it: `--max-destroy {}`", destroyed.len()))
        .into())
}
