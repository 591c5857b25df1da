//! Whether anybody is told, and what is said when that fails.

use infra_sdk::Diagnostic;

use super::message::{Report, json};
use super::webhook;
use crate::cli::Context;
use crate::config::Environment;

/// Sends the message about a run to where the environment wants it, if it wants it. What fails is a
/// warning.
pub(crate) async fn send(context: &Context, environment: &Environment, report: &Report<'_>) {
    let Some(notify) = &environment.notify else { return };
    if !notify.on.contains(&report.occasion) {
        return;
    }
    if let Err(reason) = webhook::send(&notify.variable, json(report)).await {
        let warning = Diagnostic::warning("notify::failed", "a notification was not sent")
            .detail(reason.to_string())
            .hint("the run ended as it says; nobody was told of it by `[notify]`");
        context.terminal.diagnostics([&warning]);
    }
}
