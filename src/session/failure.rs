//! Failures of the ports as diagnostics.

use infra_sdk::Diagnostic;
use infra_sdk::provider::Failure;
use infra_sdk::store::StoreError;

use crate::error::CommandError;

/// What a failed call is to a user, with every fact that a support ticket needs.
pub(super) fn call_failure(code: &str, summary: &str, failure: &Failure) -> Diagnostic {
    let mut detail = String::new();
    if let Some(operation) = &failure.operation {
        let facts: Vec<_> = failure
            .status
            .map(|status| status.to_string())
            .into_iter()
            .chain(failure.request_id.as_ref().map(|id| format!("request {id}")))
            .collect();
        let facts =
            if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
        detail = match &failure.code {
            Some(code) => format!("{operation} answered {code}{facts}: "),
            None => format!("{operation} failed{facts}: "),
        };
    }
    detail.push_str(&failure.message);
    let mut diagnostic = Diagnostic::error(code, summary).detail(detail);
    diagnostic.hints.extend(failure.hints.iter().cloned());
    diagnostic
}

/// Why a state cannot be used, with how the command ends for it.
pub(crate) fn store_error(stack: &str, error: &StoreError) -> CommandError {
    let (code, summary, hint) = match error {
        StoreError::Locked { .. } => (
            "state::locked",
            "another run holds the state",
            "wait until it has ended; a run that died holds nothing",
        ),
        StoreError::Lost { .. } => (
            "state::lost",
            "another run took the lock of the state over",
            "let that run end, then run again: it finds what this one left",
        ),
        StoreError::Unavailable { .. } => (
            "state::unavailable",
            "the state cannot be used",
            "make the folder of the state writable and leave room on its disk, then run again",
        ),
        StoreError::Damaged { .. } => (
            "state::damaged",
            "the state is damaged",
            "put back a copy of the state's folder; nothing was changed",
        ),
        StoreError::Newer { .. } => (
            "state::newer",
            "the state was written by a later release of infra",
            "use that release or a later one",
        ),
    };
    let diagnostic =
        Diagnostic::error(code, summary).detail(format!("stack `{stack}`: {error}")).hint(hint);
    match error {
        StoreError::Locked { .. } | StoreError::Lost { .. } => CommandError::locked(diagnostic),
        _ => diagnostic.into(),
    }
}
