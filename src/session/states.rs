//! Which states there are, and who uses them.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use infra_sdk::Diagnostic;
use infra_state::{Location, LockOwner};

use super::clock::now;
use crate::error::Result;

/// The stacks that have a state in an environment. One that is damaged is among them, and one that
/// was moved away: what is there has a word to say about it.
///
/// # Errors
/// When the place of the states cannot be read.
pub(crate) async fn names(location: &Location, environment: &str) -> Result<BTreeSet<String>> {
    let Location::Local { root } = location else {
        return Ok(infra_state::names(location, environment).await.map_err(|error| {
            Diagnostic::error("state::unavailable", "the states cannot be listed")
                .detail(error.to_string())
                .hint(format!(
                    "`infra state bootstrap --env {environment}` makes the bucket; credentials are \
                     the standard ones"
                ))
        })?);
    };
    in_folder(root, environment)
}

/// As [`names`], of states in a folder of this machine.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn in_folder(root: &Path, environment: &str) -> Result<BTreeSet<String>> {
    let folder = root.join("state").join(environment);
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

/// A random id of a run.
///
/// # Errors
/// When the system gives no random numbers.
pub(crate) fn run_id() -> Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        Diagnostic::error("cli::random", "the system gives no random numbers")
            .detail(error.to_string())
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
pub(crate) fn owner() -> LockOwner {
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
