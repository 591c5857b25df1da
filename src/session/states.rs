//! The states of an environment: where they are, how they are opened, read and restored.
//!
//! Start reading at [`open`] and [`read`], which waits for no run.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use infra_sdk::Diagnostic;
use infra_sdk::store::{Edit, RunRecord, State, Store, StoreError};
use infra_state::{Config, Location, LockOwner, RestoreChecks, Snapshot};

use super::clock::now;
use super::failure::store_error;
use crate::cli::Context;
use crate::config::{Environment, Project};
use crate::error::Result;

/// The state of a stack in an environment.
pub(super) fn config(project: &Project, environment: &Environment, stack: &str) -> Config {
    let location = Location::Local { root: project.state_root(environment) };
    Config::new(location, &environment.name, stack)
}

/// How often a lock that another run holds is tried.
const RETRY: Duration = Duration::from_millis(200);

/// Opens the state of a stack and holds its lock. A run that holds it is waited for this long.
///
/// # Errors
/// When another run holds it for longer, and when the state cannot be used.
pub(crate) async fn open(
    context: &Context,
    project: &Project,
    environment: &Environment,
    stack: &str,
    patience: Duration,
) -> Result<Box<dyn Store>> {
    let config = config(project, environment, stack);
    patiently(context, stack, patience, async || infra_state::open(&config, &owner()).await).await
}

/// Puts what an export holds in the place of a state and holds its lock. What was there is kept.
///
/// # Errors
/// As [`open`], and when the export cannot be trusted.
pub(crate) async fn restore(
    context: &Context,
    project: &Project,
    environment: &Environment,
    stack: &str,
    (export, checks): (&Path, RestoreChecks),
    patience: Duration,
) -> Result<Box<dyn Store>> {
    let config = config(project, environment, stack);
    let restore = async || infra_state::restore(&config, &owner(), export, checks).await;
    patiently(context, stack, patience, restore).await
}

async fn patiently(
    context: &Context,
    stack: &str,
    patience: Duration,
    mut open: impl AsyncFnMut() -> Result<Box<dyn Store>, StoreError>,
) -> Result<Box<dyn Store>> {
    let deadline = Instant::now() + patience;
    let mut told = false;
    loop {
        match open().await {
            Err(StoreError::Locked { holder }) if Instant::now() < deadline => {
                if !told {
                    told = true;
                    context.terminal.say(&format!("{stack}: waiting for the state: {holder}"));
                }
                tokio::time::sleep(RETRY).await;
            }
            opened => return opened.map_err(|error| store_error(stack, &error)),
        }
    }
}

/// Changes records and nothing of the cloud, as a run of the history, all or none.
///
/// # Errors
/// When the state cannot be written.
pub(crate) async fn record(
    store: &dyn Store,
    stack: &str,
    command: String,
    edits: impl FnOnce(&str, &str) -> Vec<Edit>,
) -> Result<()> {
    let started = now();
    let mut run = RunRecord {
        id: run_id()?,
        command,
        by: who(),
        started: started.clone(),
        ended: None,
        complete: false,
    };
    let edits = edits(&run.id, &started);
    let written = async {
        store.start(&run).await?;
        store.commit(None, &edits).await?;
        run.ended = Some(now());
        run.complete = true;
        store.finish(&run).await
    };
    written.await.map_err(|error| store_error(stack, &error))
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

/// Where a state is kept, as it is shown.
///
/// # Errors
/// When the name of the stack is none of a folder.
pub(crate) fn place(project: &Project, environment: &Environment, stack: &str) -> Result<String> {
    let paths = config(project, environment, stack).paths();
    let paths = paths.map_err(|error| store_error(stack, &error))?;
    let shown = paths.directory().strip_prefix(&project.root).unwrap_or(paths.directory());
    Ok(shown.display().to_string())
}

/// What the latest run of a stack left, without the lock. `None` before one has ended.
///
/// # Errors
/// When it cannot be trusted.
pub(super) fn left(
    project: &Project,
    environment: &Environment,
    stack: &str,
) -> Result<Option<State>> {
    let config = config(project, environment, stack);
    let snapshot = Snapshot::read(&config).map_err(|error| store_error(stack, &error))?;
    Ok(snapshot.map(|snapshot| snapshot.state))
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
        Err(StoreError::Locked { holder }) => {
            let snapshot = Snapshot::read(&config).map_err(fail)?;
            let what = match &snapshot {
                Some(_) => "a run is in progress, and this is what the run before it left",
                None => "the first run is in progress, and nothing is recorded before it ends",
            };
            let warning = Diagnostic::warning("state::in-progress", what);
            context.terminal.diagnostics([&warning.detail(format!("stack `{stack}`: {holder}"))]);
            Ok(snapshot.map(|snapshot| snapshot.state))
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
