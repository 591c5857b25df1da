//! The states of an environment, to read: without their program and without waiting for a run.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use infra_sdk::Diagnostic;
use infra_sdk::store::{State, Store, StoreError};
use infra_state::{Config, Location, LockOwner, Snapshot};

use super::clock::now;
use super::failure::store_error;
use crate::cli::Context;
use crate::config::{Environment, Project};
use crate::error::Result;

/// The state of a stack in an environment.
pub(super) fn config(project: &Project, environment: &Environment, stack: &str) -> Config {
    Config {
        location: Location::Local { root: project.state_root(environment) },
        environment: environment.name.clone(),
        stack: stack.to_owned(),
    }
}

/// Opens the state of a stack and holds its lock.
pub(super) async fn open(
    project: &Project,
    environment: &Environment,
    stack: &str,
) -> Result<Box<dyn Store>> {
    let config = config(project, environment, stack);
    infra_state::open(&config, &owner()).await.map_err(|error| store_error(stack, &error))
}

/// The stacks that have a state in an environment.
///
/// # Errors
/// When the folder of the states cannot be read.
pub(crate) fn names(project: &Project, environment: &Environment) -> Result<BTreeSet<String>> {
    let folder = project.state_root(environment).join("state").join(&environment.name);
    let unreadable = |error: std::io::Error| {
        Diagnostic::error("state::unavailable", "the states cannot be read")
            .detail(format!("`{}`: {error}", folder.display()))
    };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(unreadable(error).into()),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_dir() {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// What is recorded of a stack. While another run holds the state, this is what the run before it
/// left, and a note says so. `None` when the stack has no state.
///
/// # Errors
/// When there is a state and it cannot be read.
pub(crate) async fn read(
    context: &Context,
    project: &Project,
    environment: &Environment,
    stack: &str,
) -> Result<Option<State>> {
    let config = config(project, environment, stack);
    let fail = |error: StoreError| store_error(stack, &error);
    let there = config.paths().map_err(fail)?.directory().try_exists();
    if !there.map_err(|error| {
        Diagnostic::error("state::unavailable", "the states cannot be read")
            .detail(error.to_string())
    })? {
        return Ok(None);
    }
    match infra_state::open(&config, &owner()).await {
        Ok(store) => Ok(Some(store.load().await.map_err(fail)?)),
        Err(error @ StoreError::Locked { .. }) => {
            let Some(snapshot) = Snapshot::read(&config).await.map_err(fail)? else {
                return Err(fail(error));
            };
            context.terminal.diagnostics([&Diagnostic::warning(
                "state::snapshot",
                "another run holds the state, and this is what the run before it left",
            )
            .detail(format!("stack `{stack}`: {error}"))]);
            Ok(Some(snapshot.state))
        }
        Err(error) => Err(fail(error)),
    }
}

/// Who runs a command, for the history.
pub(crate) fn who() -> String {
    let (user, host) = identity();
    format!("{user} on {host}")
}

fn identity() -> (String, String) {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    (user.unwrap_or_else(|| "somebody".to_owned()), host.trim().to_owned())
}

/// Who opens a state, for whoever finds it locked.
fn owner() -> LockOwner {
    let (user, host) = identity();
    // A value of `--var` may be a secret; the words before it say enough.
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let command: Vec<_> = words.take_while(|word| !word.starts_with("--var")).collect();
    LockOwner {
        pid: std::process::id(),
        host,
        user,
        command: format!("infra {}", command.join(" ")),
        started: now(),
    }
}

/// The canonical export of a stack's latest run, whose digest has been checked.
///
/// # Errors
/// When there is none, or it cannot be trusted.
pub(crate) fn export(project: &Project, environment: &Environment, stack: &str) -> Result<String> {
    let fail = |error: StoreError| store_error(stack, &error);
    let path = config(project, environment, stack).paths().map_err(fail)?.export();
    infra_state::read_export(&path).map_err(fail)?;
    std::fs::read_to_string(&path).map_err(|error| {
        Diagnostic::error("state::unavailable", "the export cannot be read")
            .detail(format!("`{}`: {error}", path.display()))
            .into()
    })
}
