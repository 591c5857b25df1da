//! What `validate` found, in the form of `terraform validate -json`.

use infra_sdk::Diagnostic;
use serde_json::json;

use super::json::diagnostic;
use super::outputs_json::document;

/// The document; valid without an error.
pub(crate) fn render(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    document(&json!({
        "format_version": "1.0",
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": diagnostics.len() - errors,
        "diagnostics": diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
    }))
}
