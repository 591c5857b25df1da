//! The questions before anything is changed.

use infra_sdk::Diagnostic;

use crate::cli::Context;
use crate::config::Environment;
use crate::error::{CommandError, Result};

/// Asks whether to carry a plan out. A protected environment wants its name, any other `yes`.
///
/// # Errors
/// When nobody is there to answer.
pub(crate) async fn approve(
    context: &Context,
    environment: &Environment,
    verb: &str,
) -> Result<bool> {
    if environment.protected {
        let name = environment.name.as_str();
        let question = format!("`{name}` is protected. Type its name to {verb}: ");
        ask(context, &question, name).await
    } else {
        confirm(context, verb).await
    }
}

/// Asks whether to do something: only `yes` is yes.
///
/// # Errors
/// When nobody is there to answer.
pub(crate) async fn confirm(context: &Context, what: &str) -> Result<bool> {
    ask(context, &format!("Type `yes` to {what}: "), "yes").await
}

async fn ask(context: &Context, question: &str, wanted: &str) -> Result<bool> {
    if !context.terminal.can_ask() {
        return Err(CommandError::usage(
            Diagnostic::error("cli::approval", "nobody is there to approve")
                .detail("standard input or standard error is not a terminal")
                .hint("look at what is shown first, and add `--auto-approve`"),
        ));
    }
    let approved = context.terminal.ask(question).await.is_some_and(|answer| answer == wanted);
    if !approved {
        context.terminal.note("Not approved: nothing was changed.\n");
    }
    Ok(approved)
}
