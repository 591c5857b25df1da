//! Which state is meant, where it is kept, and how it is opened.

use std::path::{Path, PathBuf};

use infra_sdk::store::{Store, StoreError};

use crate::envelope::{KeyContext, KeySource};
use crate::export::read_export;
use crate::lock::LockOwner;
use crate::sled_store::SledStore;

/// Which state: of which stack, in which environment, kept where.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where states are kept.
    pub location: Location,
    /// The environment.
    pub environment: String,
    /// The stack.
    pub stack: String,
    /// What wraps its data key; `None` for the key file of the location.
    pub key: Option<KeySource>,
    /// Whether a local state may be on a disk that other machines share, where locks and syncs may
    /// not hold what they promise.
    pub allow_network_disk: bool,
}

/// What may be replaced by an export, though it is not simply the latest of this state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoreChecks {
    /// Accepts an export of another state.
    pub other_lineage: bool,
    /// Accepts an export that is older than what this place has seen: what was done since is then
    /// known to the cloud alone, and the next plan finds it by its tags.
    pub older: bool,
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
            off_the_runtime(move || SledStore::open(&paths, &owner)).await.map(boxed)
        }
    }
}

/// Puts what an export holds in the place of the state, and opens it. What was there is kept
/// beside it. Open intents, answers to lookups and the history of runs are not part of an export.
/// Needs a Tokio runtime.
///
/// # Errors
/// As [`open`] and [`read_export`](crate::read_export), and `Unavailable` when the checks refuse it.
pub async fn restore(
    config: &Config,
    owner: &LockOwner,
    export: &Path,
    checks: RestoreChecks,
) -> Result<Box<dyn Store>, StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let (paths, owner, export) = (config.paths()?, owner.clone(), export.to_owned());
            let restore =
                move || SledStore::restore(&paths, &owner, &read_export(&export)?, checks);
            off_the_runtime(restore).await.map(boxed)
        }
    }
}

/// Wraps the state's data key with another source, in the state and in its export. With `rotate` the
/// state gets a new data key as well, and every value is sealed anew: needed when somebody who must
/// not read it any more may have had the old one. Exports and databases that were kept aside
/// elsewhere stay as they were. Needs a Tokio runtime.
///
/// # Errors
/// As [`open`]; then the state is as it was.
pub async fn rekey(
    config: &Config,
    owner: &LockOwner,
    new: &KeySource,
    rotate: bool,
) -> Result<(), StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let (paths, owner, new) = (config.paths()?, owner.clone(), new.clone());
            off_the_runtime(move || SledStore::rekey(&paths, &owner, &new, rotate)).await
        }
    }
}

fn boxed(store: SledStore) -> Box<dyn Store> {
    Box::new(store)
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Unavailable {
            action: "open the state".to_owned(),
            reason: error.to_string(),
        }),
    }
}

impl Config {
    /// For a stack in an environment, with the key file of the location.
    #[must_use]
    pub fn new(location: Location, environment: &str, stack: &str) -> Self {
        let (environment, stack) = (environment.to_owned(), stack.to_owned());
        Self { location, environment, stack, key: None, allow_network_disk: false }
    }

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
        let key = self.key.clone().unwrap_or_else(|| KeySource::File(root.join("state.key")));
        Ok(Paths { parents, directory, key, allow_network_disk: self.allow_network_disk })
    }
}

/// The files of a local state.
#[derive(Debug, Clone)]
pub struct Paths {
    /// Folders that are made where they are missing, outermost first.
    parents: Vec<PathBuf>,
    directory: PathBuf,
    key: KeySource,
    allow_network_disk: bool,
}

impl Paths {
    /// For a state in this folder, whose parent exists, sealed with the key in this file.
    #[must_use]
    pub fn new(directory: &Path, key: &Path) -> Self {
        Self {
            parents: Vec::new(),
            directory: directory.to_owned(),
            key: KeySource::File(key.to_owned()),
            allow_network_disk: false,
        }
    }

    /// The same with another source of the key.
    #[must_use]
    pub fn with_key(self, key: KeySource) -> Self {
        Self { key, ..self }
    }

    /// The folder of the state.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What wraps the state's data key.
    #[must_use]
    pub fn key(&self) -> &KeySource {
        &self.key
    }

    /// What a newly wrapped key is bound to.
    pub(crate) fn key_context(&self, lineage: &str) -> KeyContext {
        let stack = self.directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        KeyContext { lineage: lineage.to_owned(), stack }
    }

    /// The canonical JSON export of the last run.
    #[must_use]
    pub fn export(&self) -> PathBuf {
        self.directory.join("export.json")
    }

    pub(crate) fn allows_network_disk(&self) -> bool {
        self.allow_network_disk
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
        let local = || Location::Local { root: PathBuf::from(".infra") };
        let config = |stack: &str| Config::new(local(), "dev", stack);
        let paths = config("shop").paths().expect("fine");
        assert_eq!(paths.directory(), Path::new(".infra/state/dev/shop"));
        for bad in ["", "..", ".", "../x", "a/b", "a\\b", "a\0b", ".hidden", "ä"] {
            assert!(config(bad).paths().is_err(), "{bad:?} was accepted");
        }
    }
}
