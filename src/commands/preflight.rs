//! The look ahead of `plan`, `apply`, `destroy` and `undo`: what will fail, before anything is done.

use infra_sdk::Diagnostic;
use infra_sdk::provider::Provider;

use crate::cli::{Context, Format};
use crate::session::Prepared;
use crate::view::{apply_json, human};

/// Asks the provider what will keep plans from being carried out, and shows all of it. Returns
/// whether nothing does.
pub(super) async fn look_ahead(
    context: &Context,
    provider: &dyn Provider,
    stacks: &[Prepared],
    format: Format,
) -> bool {
    let plans: Vec<_> = stacks.iter().map(|stack| &stack.plan).collect();
    let found = infra_engine::preflight(provider, &plans).await;
    match format {
        Format::Json => {
            for diagnostic in &found {
                context.terminal.answer(&apply_json::diagnostic(diagnostic));
            }
        }
        Format::Human => {
            context.terminal.diagnostics(&found);
            context.terminal.note(&human::preflight::render(&found));
        }
    }
    !found.iter().any(Diagnostic::is_error)
}
