//! Choices: enums that are one of several texts. What `#[derive(Choice)]` calls.

use std::str::FromStr;

use crate::{DecodeError, FieldType, Value};

/// A text that is none of the choices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {}", one_of(allowed))]
pub struct InvalidChoice {
    /// The text.
    pub given: String,
    /// The choices.
    pub allowed: &'static [&'static str],
}

impl InvalidChoice {
    /// The text and the choices.
    #[must_use]
    pub fn new(given: &str, allowed: &'static [&'static str]) -> Self {
        Self { given: given.to_owned(), allowed }
    }
}

/// The choices in a sentence: "one of `a`, `b` or `c`".
#[must_use]
pub fn one_of(allowed: &[&str]) -> String {
    match allowed {
        [] => "anything".to_owned(),
        [only] => format!("`{only}`"),
        [most @ .., last] => {
            let most = most.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>();
            format!("one of {} or `{last}`", most.join(", "))
        }
    }
}

/// Whether a text is one of the choices.
///
/// # Errors
/// With the choices, as a fragment, when it is not.
pub fn check(text: &str, allowed: &[&str]) -> Result<(), String> {
    if allowed.contains(&text) {
        return Ok(());
    }
    Err(format!("must be {}, not `{text}`", one_of(allowed)))
}

/// Reads a choice from a value.
///
/// # Errors
/// When the value is not text or none of the choices.
pub fn decode<T: FromStr<Err = InvalidChoice>>(value: &Value) -> Result<T, DecodeError> {
    let text = String::from_value(value)?;
    text.parse().map_err(|error: InvalidChoice| DecodeError::new(error.to_string()))
}
