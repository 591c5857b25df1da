//! What a reader of a plan must not miss, and in which order.
//!
//! The main type is [`Risk`].

use infra_engine::{Action, Change};
use infra_sdk::Schema;

/// What is told under one heading, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Risk {
    /// Objects that go.
    Destroy,
    /// What the checks found.
    Finding,
    /// What is worth knowing and stops nothing.
    Warning,
    /// What somebody else changed.
    Drift,
    /// Objects that are changed in place.
    Update,
    /// What changes in the state alone.
    Record,
    /// New objects.
    Create,
    /// Outputs.
    Output,
}

impl Risk {
    pub(crate) const ALL: [Self; 8] = [
        Self::Destroy,
        Self::Finding,
        Self::Warning,
        Self::Drift,
        Self::Update,
        Self::Record,
        Self::Create,
        Self::Output,
    ];

    /// The heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Destroy => "Destroyed or replaced",
            Self::Finding => "Found by the checks",
            Self::Warning => "Warnings",
            Self::Drift => "Changed outside of infra",
            Self::Update => "Changed in place",
            Self::Record => "Taken over, moved, waited for or forgotten",
            Self::Create => "Created",
            Self::Output => "Outputs",
        }
    }

    /// `None` for a resource that stays as it is.
    pub(crate) fn of(change: &Change) -> Option<Self> {
        match change.action {
            Action::NoOp if change.moved_from.is_none() => None,
            Action::NoOp | Action::Import | Action::Await | Action::Forget => Some(Self::Record),
            Action::Create => Some(Self::Create),
            Action::Update => Some(Self::Update),
            Action::Replace { .. } | Action::Delete => Some(Self::Destroy),
        }
    }
}

/// Whether an object goes that can hold what cannot be made again.
pub(crate) fn can_lose_data(change: &Change, schema: Option<&Schema>) -> bool {
    Risk::of(change) == Some(Risk::Destroy) && schema.is_some_and(|schema| schema.stateful)
}

/// The sign before a change.
pub(crate) fn sign(action: Action) -> &'static str {
    match action {
        Action::NoOp => "",
        Action::Import => "=",
        Action::Await => ">",
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace { create_first: false } => "-/+",
        Action::Replace { create_first: true } => "+/-",
        Action::Delete => "-",
        Action::Forget => ".",
    }
}

/// What happens, as the end of a sentence.
pub(crate) fn what_happens(action: Action) -> &'static str {
    match action {
        Action::NoOp => "stays as it is",
        Action::Import => "will be imported",
        Action::Await => "will be waited for",
        Action::Create => "will be created",
        Action::Update => "will be updated in place",
        Action::Replace { create_first: false } => "must be replaced",
        Action::Replace { create_first: true } => "must be replaced, the new one first",
        Action::Delete => "will be destroyed",
        Action::Forget => "is gone already, and will be forgotten",
    }
}
