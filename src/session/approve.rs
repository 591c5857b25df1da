//! The question before anything is changed.

use infra_sdk::Diagnostic;

use crate::cli::Context;
use crate::config::Environment;
use crate::error::{CommandError, Result};

/// Asks whether to go on. A protected environment wants its name, any other `yes`.
///
/// # Errors
/// When nobody is there to answer.
pub(crate) async fn approve(
    context: &Context,
    environment: &Environment,
    verb: &str,
) -> Result<bool> {
    if !context.terminal.can_ask() {
        return Err(CommandError::usage(
            Diagnostic::error("cli::approval", "nobody is there to approve the plan")
                .detail("standard input or standard error is not a terminal")
                .hint("look at the plan first, and add `--auto-approve`"),
        ));
    }
    let (question, wanted) = if environment.protected {
        let name = environment.name.as_str();
        (format!("`{name}` is protected. Type its name to {verb}: "), name)
    } else {
        (format!("Type `yes` to {verb}: "), "yes")
    };
    let approved = context.terminal.ask(&question).await.is_some_and(|answer| answer == wanted);
    if !approved {
        context.terminal.note("Not approved: nothing was changed.\n");
    }
    Ok(approved)
}
