//! Which state is meant, where it is kept, and how it is opened.

use std::path::{Path, PathBuf};

use infra_sdk::store::{Store, StoreError};

use crate::export::read_export;
use crate::lock::LockOwner;
use crate::sled_store::SledStore;

/// Which state: of which stack, in which environment, kept where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where states are kept.
    pub location: Location,
    /// The environment.
    pub environment: String,
    /// The stack.
    pub stack: String,
}

/// Where states are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// On this machine.
    Local {
        /// The project's `.infra` folder, which must exist or have a parent that does.
        root: PathBuf,
    },
}

/// Opens the state and holds its lock until the store is dropped. Needs a Tokio runtime.
///
/// # Errors
/// `Locked` while another run holds it, `Damaged` when what is there cannot be trusted, `Newer`
/// when a later release wrote it, `Unavailable` when the disk or the sealing key refuses.
pub async fn open(config: &Config, owner: &LockOwner) -> Result<Box<dyn Store>, StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let (paths, owner) = (config.paths()?, owner.clone());
            off_the_runtime(move || SledStore::open(&paths, &owner)).await
        }
    }
}

/// Puts what an export holds in the place of the state, and opens it. What was there is kept
/// beside it. Open intents, answers to lookups and the history of runs are not part of an export.
/// Needs a Tokio runtime.
///
/// # Errors
/// As [`open`] and [`read_export`](crate::read_export).
pub async fn restore(
    config: &Config,
    owner: &LockOwner,
    export: &Path,
) -> Result<Box<dyn Store>, StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let (paths, owner, export) = (config.paths()?, owner.clone(), export.to_owned());
            off_the_runtime(move || SledStore::restore(&paths, &owner, &read_export(&export)?))
                .await
        }
    }
}

async fn off_the_runtime(
    work: impl FnOnce() -> Result<SledStore, StoreError> + Send + 'static,
) -> Result<Box<dyn Store>, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(store) => Ok(Box::new(store?)),
        Err(error) => Err(StoreError::Unavailable {
            action: "open the state".to_owned(),
            reason: error.to_string(),
        }),
    }
}

impl Config {
    /// The files of a local state.
    ///
    /// # Errors
    /// `Unavailable` when the name of the environment or the stack cannot be a folder's.
    pub fn paths(&self) -> Result<Paths, StoreError> {
        let Location::Local { root } = &self.location;
        for name in [&self.environment, &self.stack] {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
                return Err(StoreError::Unavailable {
                    action: format!("keep a state under the name `{}`", name.escape_debug()),
                    reason:
                        "only letters, digits, `-`, `_` and `.` are allowed, and no `.` in front"
                            .to_owned(),
                });
            }
        }
        let parents =
            vec![root.clone(), root.join("state"), root.join("state").join(&self.environment)];
        let directory = root.join("state").join(&self.environment).join(&self.stack);
        Ok(Paths { parents, directory, key: root.join("state.key") })
    }
}

/// The files of a local state.
#[derive(Debug, Clone)]
pub struct Paths {
    /// Folders that are made where they are missing, outermost first.
    parents: Vec<PathBuf>,
    directory: PathBuf,
    key: PathBuf,
}

impl Paths {
    /// For a state in this folder, whose parent exists, sealed with the key in this file.
    #[must_use]
    pub fn new(directory: &Path, key: &Path) -> Self {
        Self { parents: Vec::new(), directory: directory.to_owned(), key: key.to_owned() }
    }

    /// The folder of the state.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file of the sealing key.
    #[must_use]
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// The canonical JSON export of the last run.
    #[must_use]
    pub fn export(&self) -> PathBuf {
        self.directory.join("export.json")
    }

    pub(crate) fn parents(&self) -> &[PathBuf] {
        &self.parents
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join("sled")
    }

    /// Where a database is made before it gets its name.
    pub(crate) fn unfinished_database(&self) -> PathBuf {
        self.directory.join("sled.new")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.directory.join("lock.json")
    }

    pub(crate) fn marker(&self) -> PathBuf {
        self.directory.join("marker.json")
    }

    pub(crate) fn mark(&self) -> PathBuf {
        self.directory.join("mark")
    }

    /// The error for something that cannot be trusted, with the way out.
    pub(crate) fn damaged(&self, what: &str, reason: &str) -> StoreError {
        let export = self.export();
        let way_out = match export.try_exists() {
            Ok(true) => format!("the last export is {}", export.display()),
            _ => format!("there is no export at {}", export.display()),
        };
        StoreError::Damaged { what: what.to_owned(), reason: format!("{reason}; {way_out}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let config = |stack: &str| Config {
            location: Location::Local { root: PathBuf::from(".infra") },
            environment: "dev".to_owned(),
            stack: stack.to_owned(),
        };
        let paths = config("shop").paths().expect("fine");
        assert_eq!(paths.directory(), Path::new(".infra/state/dev/shop"));
        for bad in ["", "..", ".", "../x", "a/b", "a\\b", "a\0b", ".hidden", "ä"] {
            assert!(config(bad).paths().is_err(), "{bad:?} was accepted");
        }
    }
}
