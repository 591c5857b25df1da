//! Refresh: one question to the cloud about everything that is recorded or to be taken over.

use std::sync::Arc;

use infra_sdk::provider::{
    Effect, Failure, FailureClass, Observed, Owner, Place, Provider, Readiness, Target,
};
use infra_sdk::store::{Record, Status};
use infra_sdk::{Address, Diagnostic, Object, Value};

use crate::digest;

/// What is known of an object before deciding about it.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// It was not asked for, because nothing is recorded.
    Nothing,
    /// It is recorded, and the cloud says that it is gone.
    Gone,
    /// It is there.
    There(Observed),
}

/// The target of a record, at the address where it will stand.
pub(crate) fn target(record: &Record, address: &Address, owner: &Arc<Owner>) -> Target {
    Target {
        address: address.clone(),
        type_name: record.type_name.clone(),
        place: record.place.clone(),
        id: record.id.clone(),
        recorded: revealed(&record.inputs),
        outputs: revealed(&record.outputs),
        owner: Arc::clone(owner),
    }
}

/// The target of an object that is to be taken over.
pub(crate) fn import_target(
    address: &Address,
    type_name: &str,
    place: &Place,
    id: &str,
    owner: &Arc<Owner>,
) -> Target {
    Target {
        address: address.clone(),
        type_name: type_name.to_owned(),
        place: place.clone(),
        id: id.to_owned(),
        recorded: Object::new(),
        outputs: Object::new(),
        owner: Arc::clone(owner),
    }
}

/// Reads all targets at once. The answers stand in the order of the targets; a read that failed is
/// an error and never "gone".
pub(crate) async fn read(
    provider: &dyn Provider,
    targets: &[Target],
) -> Vec<Result<Option<Observed>, Diagnostic>> {
    if targets.is_empty() {
        return Vec::new();
    }
    let answers = complete(provider.read(targets).await, targets.len());
    let explain = |(answer, target): (Result<_, Failure>, &Target)| {
        answer.map_err(|failure| {
            explain(&failure, "plan::read", "a resource cannot be read")
                .address(&target.address)
                .hint("nothing was changed; run the command again once the cause is gone")
        })
    };
    answers.into_iter().zip(targets).map(explain).collect()
}

/// A provider that answers less than it was asked must not make objects look gone.
fn complete(
    mut answers: Vec<Result<Option<Observed>, Failure>>,
    asked: usize,
) -> Vec<Result<Option<Observed>, Failure>> {
    let silent = || Failure::new(FailureClass::Other, "the provider gave no answer");
    answers.resize_with(asked, || Err(silent()));
    answers
}

/// What the record itself says, for a plan without a refresh.
pub(crate) fn believe(record: &Record) -> Observed {
    Observed {
        inputs: record.inputs.clone(),
        outputs: record.outputs.clone(),
        readiness: match &record.status {
            Status::Ready => Readiness::Ready,
            Status::Created(waiting) => Readiness::Waiting(waiting.last.clone()),
        },
    }
}

/// An object without sensitivity marks and without digests, for the port.
pub(crate) fn revealed(object: &Object) -> Object {
    digest::without(object)
        .iter()
        .map(|(name, value)| (name.clone(), Value::revealed(value)))
        .collect()
}

/// A diagnostic with every fact of a failed call.
pub(crate) fn explain(failure: &Failure, code: &str, summary: &str) -> Diagnostic {
    let mut facts = Vec::new();
    facts.extend(failure.code.clone());
    facts.extend(failure.status.map(|status| format!("status {status}")));
    facts.extend(failure.request_id.as_ref().map(|id| format!("request {id}")));
    let mut detail = match (&failure.operation, facts.is_empty()) {
        (Some(operation), false) => format!("{operation} answered {}: ", facts.join(", ")),
        (Some(operation), true) => format!("{operation}: "),
        (None, _) => String::new(),
    };
    detail.push_str(&failure.message);
    let mut diagnostic = Diagnostic::error(code, summary).detail(detail);
    diagnostic.hints.extend(failure.hints.iter().cloned());
    diagnostic
}

/// Whether a failed call is sure to have changed nothing.
pub(crate) fn harmless(failure: &Failure) -> bool {
    failure.effect == Effect::None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_an_error_and_never_gone() {
        let answers = complete(vec![Ok(None)], 2);
        assert_eq!(answers[0], Ok(None));
        assert!(answers[1].is_err());
    }
}
