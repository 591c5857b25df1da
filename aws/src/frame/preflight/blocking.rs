//! What handlers say about a delete: what stops it, and what is worth knowing before it.
//!
//! The main type is [`Leaving`], what else the plan deletes; the functions word the findings, so
//! that the same thing reads the same whatever the type.

use infra_sdk::preflight::PlannedOperation;
use infra_sdk::{Diagnostic, Object};

/// What a plan deletes in an account: what holds on to an object and goes with it stops nothing.
#[derive(Debug, Clone, Copy)]
pub struct Leaving<'a> {
    operations: &'a [&'a PlannedOperation],
}

impl<'a> Leaving<'a> {
    /// What these operations delete.
    pub(super) fn new(operations: &'a [&'a PlannedOperation]) -> Self {
        Self { operations }
    }

    /// The attributes of what is deleted of a type.
    pub fn of(&self, type_name: &str) -> impl Iterator<Item = &'a Object> {
        self.operations
            .iter()
            .filter(move |operation| operation.deletes() && operation.type_name == type_name)
            .map(|operation| &operation.before)
    }

    /// Whether something of a type leaves a last snapshot of this name when it is deleted.
    #[must_use]
    pub fn leaves_snapshot(&self, type_name: &str, name: &str) -> bool {
        self.has(type_name, &[("final_snapshot_identifier", name)])
    }

    /// Whether something of a type is deleted whose attributes have these texts.
    #[must_use]
    pub fn has(&self, type_name: &str, attributes: &[(&str, &str)]) -> bool {
        self.of(type_name).any(|object| {
            attributes.iter().all(|(name, wanted)| text(object, name) == Some(*wanted))
        })
    }
}

/// The text of an attribute, where it is known.
pub(crate) fn text<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    object.get(name).and_then(|value| value.reveal().as_str())
}

/// An argument keeps the object from being deleted.
#[must_use]
pub fn protected(argument: &str) -> Diagnostic {
    Diagnostic::error("preflight::protected", "it is protected against deletion")
        .detail(format!("AWS has `{argument}` switched on"))
        .hint(format!("apply it with `{argument}` switched off first; that is a run of its own"))
}

/// The object has `contents`, and is deleted with them only where `argument` was applied before.
#[must_use]
pub fn not_empty(contents: &str, argument: &str) -> Diagnostic {
    Diagnostic::error("preflight::not-empty", "it is not empty, and AWS keeps it")
        .detail(contents)
        .hint(format!("apply it with `{argument}` switched on first, which deletes what is in it"))
        .hint("or empty it yourself")
}

/// The object is to be made of something that is not there.
#[must_use]
pub fn source_missing(what: &str) -> Diagnostic {
    Diagnostic::error("preflight::source", "what it is to be made of is not there")
        .detail(format!("there is no {what}"))
        .hint("check its name, the account and the region")
}

/// Something that the plan does not delete holds on to the object.
#[must_use]
pub fn in_use(what: &str, way_out: &str) -> Diagnostic {
    Diagnostic::error("preflight::in-use", "something that stays holds on to it")
        .detail(what)
        .hint(way_out)
}

/// A database that is deleted needs a name for its last snapshot.
#[must_use]
pub fn final_snapshot_missing() -> Diagnostic {
    Diagnostic::error("preflight::final-snapshot", "AWS wants a name for its final snapshot")
        .detail("neither `skip_final_snapshot` nor `final_snapshot_identifier` is applied")
        .hint("apply it with `final_snapshot_identifier` first, or with `skip_final_snapshot`")
}

/// The name of the last snapshot is taken.
#[must_use]
pub fn final_snapshot_taken(name: &str) -> Diagnostic {
    Diagnostic::error("preflight::final-snapshot", "the name of its final snapshot is taken")
        .detail(format!("a snapshot `{name}` is there already"))
        .hint("apply it with another `final_snapshot_identifier` first, or delete that snapshot")
}

/// AWS deletes the object only later; until then it can be brought back.
#[must_use]
pub fn later(what: &str) -> Diagnostic {
    Diagnostic::warning("preflight::later", "AWS deletes some things only later").detail(what)
}
