//! Which state is meant, where it is kept, and how it is opened.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[cfg(feature = "s3")]
use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Store, StoreError};

use crate::envelope::{KeyContext, KeySource};
use crate::export::read_export;
use crate::files;
use crate::lock::{Lock, LockOwner};
#[cfg(feature = "s3")]
use crate::s3::{self, Place, S3Location};
use crate::sled_store::SledStore;

/// How often a local lock is tried while somebody else holds it.
const POLL: Duration = Duration::from_millis(200);

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
#[cfg_attr(
    feature = "s3",
    expect(clippy::large_enum_variant, reason = "a run has one, and passes it by reference")
)]
pub enum Location {
    /// On this machine.
    Local {
        /// The project's `.infra` folder, which must exist or have a parent that does.
        root: PathBuf,
    },
    /// In a bucket that several machines share.
    #[cfg(feature = "s3")]
    S3(S3Location),
}

/// Opens the state and holds its lock until the store is dropped. Needs a Tokio runtime.
///
/// # Errors
/// `Locked` while another run holds it, `Damaged` when what is there cannot be trusted, `Newer`
/// when a later release wrote it, `Unavailable` when the disk or the service
/// refuses, `Key` when what wraps its key does not fit, `Moved` when it lives elsewhere.
pub async fn open(config: &Config, owner: &LockOwner) -> Result<Box<dyn Store>, StoreError> {
    open_within(config, owner, Duration::ZERO).await
}

/// As [`open`], and waits so long for a run that holds the lock.
///
/// # Errors
/// As [`open`].
pub async fn open_within(
    config: &Config,
    owner: &LockOwner,
    lock_timeout: Duration,
) -> Result<Box<dyn Store>, StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let (paths, owner) = (config.paths()?, owner.clone());
            patiently("open the state", lock_timeout, move || SledStore::open(&paths, &owner)).await
        }
        #[cfg(feature = "s3")]
        Location::S3(_) => s3::open(config.target()?, owner, lock_timeout).await,
    }
}

/// Puts what an export holds in the place of the state, and opens it. What was there is kept
/// beside it. Open intents, answers to lookups and the history of runs are not part of an export.
/// Needs a Tokio runtime.
///
/// # Errors
/// As [`open`] and [`read_export`](crate::read_export), and `Refused` when the checks refuse it.
pub async fn restore(
    config: &Config,
    owner: &LockOwner,
    export: &Path,
    checks: RestoreChecks,
) -> Result<Box<dyn Store>, StoreError> {
    restore_within(config, owner, export, checks, Duration::ZERO).await
}

/// As [`restore`], and waits so long for a run that holds the lock.
///
/// # Errors
/// As [`restore`].
pub async fn restore_within(
    config: &Config,
    owner: &LockOwner,
    export: &Path,
    checks: RestoreChecks,
    lock_timeout: Duration,
) -> Result<Box<dyn Store>, StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let (paths, owner, export) = (config.paths()?, owner.clone(), export.to_owned());
            let restore =
                move || SledStore::restore(&paths, &owner, &read_export(&export)?, checks);
            patiently("restore the state", lock_timeout, restore).await
        }
        #[cfg(feature = "s3")]
        Location::S3(_) => {
            let name = format!("the export {}", export.display());
            let path = export.to_owned();
            let export = off_the_runtime("read the export", move || read_export(&path)).await?;
            s3::restore(config.target()?, owner, export, (name, checks), lock_timeout).await
        }
    }
}

/// Tries to get a local store again and again while another run holds it, for so long.
async fn patiently(
    action: &str,
    lock_timeout: Duration,
    work: impl Fn() -> Result<SledStore, StoreError> + Clone + Send + 'static,
) -> Result<Box<dyn Store>, StoreError> {
    let began = Instant::now();
    loop {
        match off_the_runtime(action, work.clone()).await {
            Err(StoreError::Locked { .. }) if began.elapsed() < lock_timeout => {
                let left = lock_timeout.saturating_sub(began.elapsed());
                tokio::time::sleep(POLL.min(left)).await;
            }
            done => return done.map(|store| Box::new(store) as Box<dyn Store>),
        }
    }
}

/// Wraps the state's data key with another source, in the state and in its export. With `rotate` the
/// state gets a new data key as well, and every value is sealed anew: needed when somebody who must
/// not read it any more may have had the old one. Exports and databases that were kept aside
/// elsewhere, and the earlier versions of objects that a bucket keeps, stay as they were. Needs a
/// Tokio runtime.
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
            let rekey = move || SledStore::rekey(&paths, &owner, &new, rotate);
            off_the_runtime("change the key of the state", rekey).await
        }
        #[cfg(feature = "s3")]
        Location::S3(_) => deep(s3::rekey(&config.target()?, owner, new, rotate)).await,
    }
}

/// The stacks that have a state in an environment. One that was moved away is among them: whoever
/// opens it is told where it went. Needs a Tokio runtime.
///
/// # Errors
/// `Unavailable` when the place cannot be read.
pub async fn names(location: &Location, environment: &str) -> Result<BTreeSet<String>, StoreError> {
    match location {
        Location::Local { root } => {
            let folder = root.join("state").join(environment);
            off_the_runtime("list the states", move || local_names(&folder)).await
        }
        #[cfg(feature = "s3")]
        Location::S3(location) => {
            check_name(environment)?;
            deep(s3::names(location, environment)).await
        }
    }
}

/// Looks at a shared state as it is now, without its lock: a run that holds it goes on, and what it
/// has recorded by now is seen. `None` where there never was a state. Needs a Tokio runtime.
///
/// # Errors
/// As [`open`], but never `Locked`; `Refused` for a local state, whose database only one process can
/// read.
#[cfg(feature = "s3")]
pub async fn look(config: &Config) -> Result<Option<s3::View>, StoreError> {
    deep(s3::look(&config.target()?)).await
}

/// Frees the lock of a shared state that has this id, whoever holds it. He stops at his next write.
/// Needs a Tokio runtime.
///
/// # Errors
/// `Refused` when no lock of that id is held; always for a local state, whose lock ends with
/// the process that holds it.
pub async fn unlock(config: &Config, id: &str) -> Result<(), StoreError> {
    match &config.location {
        Location::Local { .. } => {
            let paths = config.paths()?;
            let reason = match Lock::holder_of(&paths.lock()) {
                Some(holder) => format!(
                    "the lock of a local state ends with the process that holds it, and needs no \
                     unlocking: {holder}"
                ),
                None => "nobody holds it; the lock of a local state ends with its process".into(),
            };
            let action =
                format!("free the lock `{}` of {}", id.escape_debug(), paths.directory().display());
            Err(StoreError::Refused { action, reason })
        }
        #[cfg(feature = "s3")]
        Location::S3(_) => deep(s3::unlock(&config.target()?, id)).await,
    }
}

/// Folders with a state in them, or with one that was moved away.
fn local_names(folder: &Path) -> Result<BTreeSet<String>, StoreError> {
    let refuse = |error: std::io::Error| files::unavailable("list the states in", folder, &error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(refuse(error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(refuse)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let paths = Paths::new(&entry.path(), Path::new(""));
        if is_name(&name) && files::exists(&paths.marker()).map_err(refuse)? {
            names.insert(name);
        }
    }
    Ok(names)
}

/// A future of the SDK behind a pointer: they are large, and nested so deeply that the compiler gives
/// up on callers that hold them in their own.
#[cfg(feature = "s3")]
pub(crate) fn deep<'a, T>(future: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(future)
}

/// Work that waits for the disk.
pub(crate) async fn off_the_runtime<T: Send + 'static>(
    action: &str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        let (action, reason) = (action.to_owned(), error.to_string());
        Err(StoreError::Unavailable { action, reason })
    })
}

/// Whether a name can be that of a folder on every system, and of nothing else.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed)
}

fn check_name(name: &str) -> Result<(), StoreError> {
    if is_name(name) {
        return Ok(());
    }
    let reason = "only letters, digits, `-`, `_` and `.` are allowed, and no `.` in front";
    Err(StoreError::Refused {
        action: format!("keep a state under the name `{}`", name.escape_debug()),
        reason: reason.to_owned(),
    })
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
    /// `Unavailable` when the name of the environment or the stack cannot be a folder's, and for a
    /// state that is not local.
    pub fn paths(&self) -> Result<Paths, StoreError> {
        check_name(&self.environment)?;
        check_name(&self.stack)?;
        let root = match &self.location {
            Location::Local { root } => root,
            #[cfg(feature = "s3")]
            Location::S3(location) => {
                return Err(StoreError::Refused {
                    action: "find the files of the state".to_owned(),
                    reason: format!("it is in the bucket {}, and has none", location.bucket),
                });
            }
        };
        let parents =
            vec![root.clone(), root.join("state"), root.join("state").join(&self.environment)];
        let directory = root.join("state").join(&self.environment).join(&self.stack);
        let key = self.key.clone().unwrap_or_else(|| KeySource::File(root.join("state.key")));
        Ok(Paths { parents, directory, key, allow_network_disk: self.allow_network_disk })
    }

    /// The place of a shared state.
    #[cfg(feature = "s3")]
    pub(crate) fn target(&self) -> Result<s3::Target, StoreError> {
        check_name(&self.environment)?;
        check_name(&self.stack)?;
        match &self.location {
            Location::S3(location) => {
                let place = Place::new(location, &self.environment, &self.stack)?;
                let place = match &self.key {
                    Some(key) => place.with_key(key.clone()),
                    None => place,
                };
                Ok(s3::Target { location: location.clone(), place })
            }
            Location::Local { root } => Err(StoreError::Refused {
                action: "find the bucket of the state".to_owned(),
                reason: format!("it is kept in {}", root.display()),
            }),
        }
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

    pub(crate) fn moved(&self) -> PathBuf {
        self.directory.join("moved.json")
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
