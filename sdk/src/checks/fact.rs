//! What is known of an attribute before it is applied.
//!
//! The main type is [`Fact`].

use crate::{FieldType, Value};

/// What is known of an attribute before it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It is not set: whatever AWS does by itself stands.
    Absent,
    /// It is this.
    Known(T),
    /// It is set, and what to is known only after apply.
    Unknown,
    /// It is set, and what to is not for checks to see.
    Sensitive,
}

impl<T> Fact<T> {
    /// The value, where it is known.
    #[must_use]
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is not set.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether it is known and has this property. Neither what is absent nor what is unknown has.
    #[must_use]
    pub fn is_known_and(self, property: impl FnOnce(T) -> bool) -> bool {
        self.known().is_some_and(property)
    }

    /// The same, with a value in the place of what is not set: what AWS does by itself.
    #[must_use]
    pub fn or(self, default: T) -> Self {
        match self {
            Self::Absent => Self::Known(default),
            other => other,
        }
    }
}

impl Fact<bool> {
    /// Whether it is known to be off: false, or not set.
    #[must_use]
    pub fn is_off(self) -> bool {
        matches!(self, Self::Known(false) | Self::Absent)
    }

    /// Whether it is known to be on.
    #[must_use]
    pub fn is_on(self) -> bool {
        matches!(self, Self::Known(true))
    }
}

impl<T: FieldType> Fact<T> {
    /// What is known of a value. One of another shape, as another release of the definitions may
    /// have it, is not known.
    pub(super) fn of(value: &Value) -> Self {
        if value.has_sensitive() {
            Self::Sensitive
        } else if value.has_unknown() {
            Self::Unknown
        } else if value.is_null() {
            Self::Absent
        } else {
            T::from_value(value).map_or(Self::Unknown, Self::Known)
        }
    }
}
