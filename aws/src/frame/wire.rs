//! Values as AWS's calls take them, and as records keep them.

use infra_sdk::{Object, Value};

/// An id, a name or an ARN.
pub fn text<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
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
