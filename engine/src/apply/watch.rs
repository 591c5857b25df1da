//! The span of an operation on a resource, for whoever watches a run. It never holds a value of one.

use tracing::Span;

use super::live::Trouble;
use super::operation::Outcome;
use crate::event::Operation;
use crate::plan::Change;

/// The span of an operation: what is done, to what.
pub(super) fn resource(change: &Change, operation: Operation) -> Span {
    tracing::info_span!(
        "resource",
        otel.name = format!("{} {}", operation.verb(), change.type_name),
        infra.address = %change.address,
        infra.type = change.type_name,
        infra.operation = operation.verb(),
        infra.id = change.id.as_deref(),
        error.type = tracing::field::Empty,
    )
}

/// Notes how it ended.
pub(super) fn ended(span: &Span, result: &Result<Outcome, Trouble>) {
    match result {
        Ok(Outcome::Done { id, .. } | Outcome::OnItsWay { id, .. }) => {
            span.record("infra.id", id.as_str());
        }
        Err(trouble) => {
            span.record("error.type", trouble.diagnostic.code.as_str());
        }
    }
}
