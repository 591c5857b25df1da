//! What is said when the store refuses a write.

use infra_sdk::Diagnostic;
use infra_sdk::store::StoreError;

/// A write that was refused: the code where another run has the state, and the one for the rest.
pub(crate) fn unwritable([lost, store]: [&str; 2], error: &StoreError) -> Diagnostic {
    match error {
        StoreError::Lost { holder } => Diagnostic::error(lost, "another run took the state over")
            .detail(holder)
            .hint(
                "this run stopped at once and wrote nothing more; the other settles what it began",
            )
            .hint("run the command again when the other run is done"),
        _ => Diagnostic::error(store, "the state cannot be written").detail(error.to_string()),
    }
}
