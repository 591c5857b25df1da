//! What an expression comes to, as text.

use infra_sdk::Value;

use super::values::lines;

/// The value on as many lines as it needs; a sensitive one is never shown.
pub(crate) fn value(value: &Value) -> String {
    format!("{}\n", lines(value).join("\n"))
}
