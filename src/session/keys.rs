//! What wraps the keys of states: a key file, a key of KMS, or a passphrase that comes from the environment or is
//! asked for, and never from the command line, which every user of the machine may read.

use infra_sdk::Diagnostic;
use infra_state::KeySource;

use super::place;
use crate::cli::Context;
use crate::config::{Environment, Project, StateKey};
use crate::error::{CommandError, Result};

/// Holds the passphrase of the states.
const PASSPHRASE: &str = "INFRA_STATE_PASSPHRASE";

/// Holds the passphrase that the states get.
const NEW_PASSPHRASE: &str = "INFRA_STATE_NEW_PASSPHRASE";

/// What the states of an environment are wrapped with. A passphrase is asked for once; twice where a
/// mistake in it would only be noticed when it is too late.
///
/// # Errors
/// When there is no passphrase and nobody to ask.
pub(crate) async fn current(
    context: &Context,
    project: &Project,
    environment: &Environment,
    key: &StateKey,
    first: bool,
) -> Result<KeySource> {
    match key {
        StateKey::File(path) => Ok(KeySource::File(project.root.join(path))),
        StateKey::Passphrase => {
            let ask = || passphrase(context, PASSPHRASE, "Passphrase of the states: ", first);
            context.passphrase.get_or_try_init(ask).await.cloned()
        }
        StateKey::Kms(key) => place::kms(context, project, environment, key).await,
    }
}

/// What states are to be wrapped with from now on.
///
/// # Errors
/// As [`current`].
pub(crate) async fn new(
    context: &Context,
    project: &Project,
    environment: &Environment,
    key: &StateKey,
) -> Result<KeySource> {
    match key {
        StateKey::File(path) => Ok(KeySource::File(project.root.join(path))),
        StateKey::Passphrase => {
            passphrase(context, NEW_PASSPHRASE, "New passphrase of the states: ", true).await
        }
        StateKey::Kms(key) => place::kms(context, project, environment, key).await,
    }
}

async fn passphrase(
    context: &Context,
    variable: &str,
    question: &str,
    twice: bool,
) -> Result<KeySource> {
    let wrong = |what: &str| {
        Diagnostic::error("state::passphrase", "there is no passphrase for the states")
            .detail(what.to_owned())
            .hint(format!("put it into the variable {variable}, or run on a terminal"))
    };
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => return Ok(KeySource::passphrase(text)),
        Ok(_) => return Err(wrong(&format!("{variable} is empty")).into()),
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(wrong(&format!("{variable} is not UTF-8")).into());
        }
        Err(std::env::VarError::NotPresent) => {}
    }
    if !context.terminal.can_ask() {
        return Err(CommandError::usage(wrong("nobody is there to be asked for it")));
    }
    let typed = context.terminal.ask_hidden(question).await;
    let Some(typed) = typed.filter(|typed| !typed.is_empty()) else {
        return Err(wrong("nothing was typed").into());
    };
    if twice && context.terminal.ask_hidden("Once more: ").await.as_ref() != Some(&typed) {
        return Err(wrong("what was typed differs").into());
    }
    Ok(KeySource::passphrase(typed))
}
