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

    /// The heading over what these changes have of it: it names only what is there.
    pub(crate) fn heading<'c>(self, changes: impl IntoIterator<Item = &'c Change>) -> String {
        if self != Self::Record {
            return self.title().to_owned();
        }
        let changes = changes.into_iter().filter(|change| Self::of(change) == Some(self));
        let there: Vec<_> = changes.map(|change| recorded(change.action)).collect();
        let words = ["taken over", "moved", "waited for", "forgotten"];
        let words: Vec<_> = words.into_iter().filter(|word| there.contains(word)).collect();
        let text = match words.as_slice() {
            [] => return self.title().to_owned(),
            [one] => (*one).to_owned(),
            [others @ .., last] => format!("{} or {last}", others.join(", ")),
        };
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
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

/// What happens to what changes in the state alone.
fn recorded(action: Action) -> &'static str {
    match action {
        Action::Import => "taken over",
        Action::Await => "waited for",
        Action::Forget => "forgotten",
        _ => "moved",
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

#[cfg(test)]
mod tests {
    use infra_sdk::Address;

    use super::*;
    use crate::view::sample::change;

    #[test]
    fn a_heading_names_only_what_is_there() {
        let moved = Change {
            moved_from: Address::parse("old").ok(),
            ..change("a", "aws_vpc", Action::NoOp)
        };
        let still = change("b", "aws_vpc", Action::NoOp);
        let forgotten = change("c", "aws_vpc", Action::Forget);
        let imported = change("d", "aws_vpc", Action::Import);
        let heading = |changes: &[&Change]| Risk::Record.heading(changes.iter().copied());
        assert_eq!(heading(&[&still, &forgotten]), "Forgotten");
        assert_eq!(heading(&[&forgotten, &moved]), "Moved or forgotten");
        assert_eq!(heading(&[&moved, &forgotten, &imported]), "Taken over, moved or forgotten");
        assert_eq!(Risk::Create.heading([&moved]), "Created");
    }
}
