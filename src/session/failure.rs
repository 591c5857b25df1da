//! Failures of calls as diagnostics.

use infra_sdk::Diagnostic;
use infra_sdk::provider::Failure;

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
