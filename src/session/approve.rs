//! The questions before anything is changed.

use infra_engine::Rename;
use infra_sdk::{Address, Diagnostic};

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

/// Asks of what looks renamed whether it is: only `yes` is yes. Where nobody is there to answer, the
/// plan stays as it is. Returns what is to be moved.
pub(crate) async fn offer<'r>(
    context: &Context,
    renames: &'r [Rename],
) -> Vec<&'r (Address, Address)> {
    let mut wanted = Vec::new();
    if !context.terminal.can_ask() {
        return wanted;
    }
    for Rename { moves } in renames {
        let what = match moves.as_slice() {
            [(from, to)] => format!("record `{from}` as `{to}` and keep the object"),
            _ => format!("record these {} as they are named now and keep the objects", moves.len()),
        };
        let question = format!("Type `yes` to {what}, anything else to go on without: ");
        match context.terminal.ask(&question).await.as_deref() {
            Some("yes") => wanted.extend(moves),
            Some(_) => {}
            None => context.terminal.note("\n"),
        }
    }
    wanted
}

async fn ask(context: &Context, question: &str, wanted: &str) -> Result<bool> {
    if !context.terminal.can_ask() {
        return Err(CommandError::usage(
            Diagnostic::error("cli::approval", "nobody is there to approve")
                .detail("standard input or standard error is not a terminal")
                .hint("look at what is shown first, and add `--auto-approve`"),
        ));
    }
    let answer = context.terminal.ask(question).await;
    let approved = answer.as_deref() == Some(wanted);
    if !approved {
        context.terminal.note(&not_approved(answer.as_deref(), wanted));
    }
    Ok(approved)
}

/// What is said after an answer that does not approve.
fn not_approved(answer: Option<&str>, wanted: &str) -> String {
    let meant = answer.is_some_and(|text| ["y", "yes"].contains(&&*text.to_ascii_lowercase()));
    match answer {
        Some(_) if meant => {
            format!("Not approved: only `{wanted}` approves. Nothing was changed.\n")
        }
        Some(_) => "Not approved: nothing was changed.\n".to_owned(),
        // The input has ended beside the question.
        None => "\nNot approved: nothing was changed.\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_in_other_words_is_told_what_approves() {
        let only = |wanted: &str| {
            format!("Not approved: only `{wanted}` approves. Nothing was changed.\n")
        };
        for answer in ["y", "Y", "YES"] {
            assert_eq!(not_approved(Some(answer), "yes"), only("yes"));
        }
        assert_eq!(not_approved(Some("yes"), "dev"), only("dev"));
        let plainly = "Not approved: nothing was changed.\n";
        assert_eq!(not_approved(Some("no"), "yes"), plainly);
        assert_eq!(not_approved(None, "yes"), format!("\n{plainly}"));
    }
}
