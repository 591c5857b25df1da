//! Values as AWS's calls take them, and as records keep them.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{Object, Value};

use super::error::Result;

/// An id, a name or an ARN.
pub fn text<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// A time, from RFC 3339.
///
/// # Errors
/// When it is none.
pub fn time(value: &Option<String>) -> Result<Option<DateTime>> {
    let parsed = value.as_deref().map(|text| {
        DateTime::from_str(text, Format::DateTime).map_err(|error| {
            Failure::new(FailureClass::Invalid, format!("`{text}` is not a time: {error}"))
        })
    });
    parsed.transpose()
}

/// A number. What is wanted is far below the largest.
#[must_use]
pub fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// A truth value that was recorded and that AWS never returns.
#[must_use]
pub fn recorded_flag(recorded: &Object, name: &str) -> Option<bool> {
    recorded.get(name).and_then(Value::as_bool)
}
