//! Why a saved plan is not carried out: a diagnostic for each reason, with the way out.

use std::path::Path;

use infra_sdk::store::RunRecord;
use infra_sdk::{Diagnostic, Location};
use infra_state::plan_file::PlanFileError;

/// This release of `infra`.
pub(super) const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// How many of the things that moved are named.
const NAMED: usize = 20;

/// A file, as far as it is known what it is.
#[derive(Clone, Copy)]
pub(super) struct Refused<'a>(pub(super) &'a Path);

impl Refused<'_> {
    fn because(self, code: &str, summary: &str, why: &str) -> Diagnostic {
        Diagnostic::error(code, summary).detail(format!("`{}`: {why}", self.0.display()))
    }

    /// It cannot be read as a plan.
    pub(super) fn unreadable(self, error: &PlanFileError) -> Diagnostic {
        let why = error.to_string();
        match error {
            PlanFileError::Missing => self
                .because("plan-file::missing", "there is no such plan", &why)
                .hint("save one with `infra plan --out FILE`"),
            PlanFileError::Unreadable(_) => {
                self.because("plan-file::unreadable", "the plan cannot be read", &why)
            }
            PlanFileError::NoPlan => self
                .because("plan-file::no-plan", "the file is not a saved plan", &why)
                .hint("name a file of `infra plan --out FILE`"),
            PlanFileError::Format { .. } => self.again(self.because(
                "plan-file::release",
                "the plan was made by another release of infra",
                &why,
            )),
            PlanFileError::Damaged(_) => self.damaged(&why),
        }
    }

    /// It was cut or changed.
    pub(super) fn damaged(self, why: &str) -> Diagnostic {
        self.again(self.because("plan-file::damaged", "the plan is damaged", why))
    }

    /// Another release made it.
    pub(super) fn release(self, made_by: &str) -> Diagnostic {
        self.again(self.because(
            "plan-file::release",
            "the plan was made by another release of infra",
            &format!("it was made by {}, and this is {RELEASE}", made_by.escape_debug()),
        ))
    }

    /// It is for another environment than the one of `--env`.
    pub(super) fn environment(self, planned: &str, asked: &str) -> Diagnostic {
        self.because(
            "plan-file::environment",
            "the plan is for another environment",
            &format!("it is for `{}`, and not for `{asked}`", planned.escape_debug()),
        )
        .hint("leave `--env` out, or plan for that environment")
    }

    /// The state of a stack is another one, or none.
    pub(super) fn lineage(self, stack: &str, is_there: bool) -> Diagnostic {
        let why = if is_there { "belongs to another history" } else { "is not there" };
        self.again(self.because(
            "plan-file::state",
            "the plan was made from another state",
            &format!("the state of `{}` {why}", stack.escape_debug()),
        ))
    }

    /// A run has written the state since.
    pub(super) fn stale(self, stack: &str, made: &str, run: Option<&RunRecord>) -> Diagnostic {
        let by = run.map_or_else(
            || "it was written since".to_owned(),
            |run| {
                format!(
                    "run `{}` wrote it: {}, {}, at {}",
                    run.id, run.command, run.by, run.started
                )
            },
        );
        self.again(self.because(
            "plan-file::stale",
            "the state has moved on since the plan was made",
            &format!("made at {made}; the state of `{stack}` is a later one: {by}"),
        ))
    }

    /// The environment of `infra.toml` is in another region.
    pub(super) fn region(self, then: &str, now: &str, location: &Location) -> Diagnostic {
        self.again(self.because(
            "plan-file::region",
            "the plan is for another region",
            &format!("it was made in {then}, and the environment is in {now}"),
        ))
        .location(Some(location.clone()))
    }

    /// The environment of `infra.toml` says something else.
    pub(super) fn configuration(self, location: &Location) -> Diagnostic {
        self.again(self.because(
            "plan-file::configuration",
            "the environment is not as it was when the plan was made",
            "its default tags or its other accounts are others",
        ))
        .location(Some(location.clone()))
    }

    /// The credentials are of another account.
    pub(super) fn account(self, then: &str, now: &str) -> Diagnostic {
        self.because(
            "plan-file::account",
            "the plan is for another account",
            &format!("it was made in {then}, and the credentials are of {now}"),
        )
        .hint("use credentials of that account, or plan again")
    }

    /// The credentials are of the same account and of another user or role: no reason to refuse, as
    /// a job that plans often may do less than the one that applies.
    pub(super) fn caller(self, then: &str, now: &str) -> Diagnostic {
        let why = format!(
            "made as {}, and it is carried out as {}",
            then.escape_debug(),
            now.escape_debug()
        );
        Diagnostic::warning("plan-file::caller", "somebody else made the plan")
            .detail(format!("`{}`: {why}", self.0.display()))
            .hint("what one may see or do, the other may not; plan again if that is not meant")
    }

    /// The same goal comes to another plan now.
    pub(super) fn moved(self, stack: &str, lines: &[String]) -> Diagnostic {
        let mut why = format!("in `{stack}`, since then:");
        for line in lines.iter().take(NAMED) {
            why.push_str("\n  ");
            why.push_str(line);
        }
        if let Some(more @ 1..) = lines.len().checked_sub(NAMED) {
            why.push_str(&format!("\n  and {more} more"));
        }
        self.again(self.because(
            "plan-file::moved",
            "what is there has changed since the plan was made",
            &why,
        ))
    }

    fn again(self, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.hint("nothing was changed; plan again: `infra plan --out FILE`")
    }
}
