//! The store on this machine, over sled. The only file that names sled.
//!
//! The main type is [`SledStore`]. sled gives transactions and an index; it is not trusted with more.
//! Its `flush` on Linux is no fsync, so [`SledTable::sync`] syncs the files itself; it can panic on
//! damaged files, so every call into it is caught; it can come back with less than was written, so
//! the keeper counts. Its own background thread stays off: a segment that is reused before we synced
//! would be lost in a power cut.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::{DirEntry, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Edit, Intent, RunChange, RunRecord, State, Store, StoreError};

use crate::config::Paths;
use crate::export::{Export, missing_key, wrong_key};
use crate::files;
use crate::front::Front;
use crate::keeper::{self, Change, Entry, Keeper, Table};
use crate::lock::{Lock, LockOwner};
use crate::marker::{Mark, Marker};
use crate::record::MetaWire;
use crate::seal::{SealingKey, random_id};
use crate::site::{LocalFiles, Site as _};
use crate::standing::Standing;

/// Memory for pages that were read: far more than a state has.
const CACHE: u64 = 64 << 20;

/// A store that was dropped in this process may take a moment to let go of its files.
const LINGER: (u32, Duration) = (100, Duration::from_millis(20));

/// The store of one stack in one environment, in a folder on this machine.
pub struct SledStore {
    front: Front,
    syncs: Arc<AtomicU64>,
}

impl SledStore {
    /// Opens the store, making it first where there never was one, and holds its lock until it is
    /// dropped. Blocks while it checks every entry.
    ///
    /// # Errors
    /// `Locked` while another process holds it, `Damaged` when a state was there and cannot be
    /// trusted now, `Newer` when a later release wrote it, `Unavailable` when the disk or the
    /// sealing key refuses.
    pub fn open(paths: &Paths, owner: &LockOwner) -> Result<Self, StoreError> {
        let lock = enter(paths, owner)?;
        paths.standing()?.check(&paths.name())?;
        if !was_there(paths)? {
            let key = SealingKey::read_or_create(paths.key())?;
            let lineage =
                random_id().map_err(|e| files::unavailable("make", paths.directory(), &e))?;
            let meta = MetaWire { lineage, serial: 0, key: key.id().to_owned() };
            found(paths, &meta, 0, Vec::new())?;
        }
        Self::take_over(paths, lock)
    }

    /// Puts what an export holds in the place of the store, and opens it. What was there is kept
    /// beside it under another name. Open intents, answers to lookups and the history of runs are
    /// not part of an export.
    ///
    /// # Errors
    /// As [`SledStore::open`], and as [`Export::open`]: nothing is replaced by what cannot be read.
    pub fn restore(paths: &Paths, owner: &LockOwner, export: &Export) -> Result<Self, StoreError> {
        let lock = enter(paths, owner)?;
        let standing = paths.standing()?;
        // A state that lives elsewhere would become two.
        if matches!(standing, Standing::MovedTo(_)) {
            standing.check(&paths.name())?;
        }
        let meta = export.meta();
        let key =
            SealingKey::read(paths.key())?.ok_or_else(|| missing_key(&meta.key, paths.key()))?;
        export.clone().open(&key)?;
        let mark = Mark::open(&paths.mark())
            .map_err(|error| files::unavailable("open", &paths.mark(), &error))?;
        let writes = mark.map_or(0, |(_, marked)| marked);
        found(paths, &meta, writes, export.bodies()?)?;
        paths.set_standing(&Standing::Here)?;
        Self::take_over(paths, lock)
    }

    /// Checks what is there and starts the keeper on it.
    fn take_over(paths: &Paths, lock: Lock) -> Result<Self, StoreError> {
        let syncs = Arc::new(AtomicU64::new(0));
        let table = SledTable::open(&paths.database(), Arc::clone(&syncs))
            .map_err(|error| on_database(paths, error))?;
        let (mark, marked) = open_mark(paths)?;
        let beside = LocalFiles { paths: paths.clone(), mark };
        let keeper = Keeper::open(table, beside, marked)?;
        let MetaWire { lineage, key: sealed_with, .. } = keeper.meta().clone();
        let key =
            SealingKey::read(paths.key())?.ok_or_else(|| missing_key(&sealed_with, paths.key()))?;
        if key.id() != sealed_with {
            return Err(wrong_key(&sealed_with, &key));
        }
        check_marker(paths, &lineage)?;
        let (requests, inbox) = mpsc::channel();
        let keeper = std::thread::Builder::new()
            .name("state-keeper".to_owned())
            .spawn(move || {
                keeper.run(&inbox);
                // After the database: nobody may open it before it is closed.
                drop(lock);
            })
            .map_err(|error| files::unavailable("keep", paths.directory(), &error))?;
        let name = paths.directory().display().to_string();
        Ok(Self { front: Front::new(requests, keeper, name, lineage, key), syncs })
    }

    /// How often the database's files were synced since the store was opened.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::SeqCst)
    }
}

impl Store for SledStore {
    fn load(&self) -> BoxFuture<'_, Result<State, StoreError>> {
        self.front.load()
    }

    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.front.begin(intent)
    }

    fn commit<'a>(
        &'a self,
        intent: Option<u64>,
        edits: &'a [Edit],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.front.commit(intent, edits)
    }

    fn start<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        self.front.start(run)
    }

    fn finish<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        self.front.finish(run)
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, StoreError>> {
        self.front.history()
    }

    fn changes<'a>(&'a self, run: &'a str) -> BoxFuture<'a, Result<Vec<RunChange>, StoreError>> {
        self.front.changes(run)
    }
}

/// Whether there is a state. One that should be there and is not is damage, never a new beginning.
pub(crate) fn was_there(paths: &Paths) -> Result<bool, StoreError> {
    let there = |path: &Path| {
        files::exists(path).map_err(|error| files::unavailable("look for", path, &error))
    };
    if there(&paths.database())? {
        return Ok(true);
    }
    let database = paths.database();
    let what = format!("the state in {}", paths.directory().display());
    if let Some(marker) = Marker::read(paths)? {
        let reason = format!(
            "it was there (lineage {}), and its database {} is gone",
            marker.lineage,
            database.display()
        );
        return Err(paths.damaged(&what, &reason));
    }
    if there(&paths.export())? {
        let reason = format!("its database {} is gone", database.display());
        return Err(paths.damaged(&what, &reason));
    }
    Ok(false)
}

/// Makes the folders, takes the lock, and tries whether the disk takes what a run will write.
pub(crate) fn enter(paths: &Paths, owner: &LockOwner) -> Result<Lock, StoreError> {
    for folder in paths.parents().iter().map(PathBuf::as_path).chain([paths.directory()]) {
        files::private_directory(folder)
            .map_err(|error| files::unavailable("make the private folder", folder, &error))?;
    }
    let lock = Lock::acquire(&paths.lock(), owner)?;
    files::probe(paths.directory())
        .map_err(|error| files::unavailable("write to", paths.directory(), &error))?;
    Ok(lock)
}

/// Makes a new database with what the keeper founds in it.
fn found(
    paths: &Paths,
    meta: &MetaWire,
    writes: u64,
    bodies: Vec<Entry>,
) -> Result<(), StoreError> {
    let mut entries = BTreeMap::new();
    keeper::found(&mut entries, meta, writes, bodies)?;
    fill(paths, &meta.lineage, writes, entries)
}

/// Makes a new database with these entries. It gets its name when it is whole, so a crash leaves all
/// of it or nothing; one that stood there before is kept under another name.
pub(crate) fn fill(
    paths: &Paths,
    lineage: &str,
    writes: u64,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<(), StoreError> {
    let (unfinished, database) = (paths.unfinished_database(), paths.database());
    let refuse = |error: io::Error| files::unavailable("make the database", &database, &error);
    match std::fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refuse(error)),
        _ => {}
    }
    let mut table =
        SledTable::open(&unfinished, Arc::default()).map_err(|error| on_database(paths, error))?;
    let changes: Vec<Change> =
        entries.into_iter().map(|(key, framed)| (key, Some(framed))).collect();
    table.apply(&changes)?;
    table.sync()?;
    drop(table);
    if files::exists(&database).map_err(refuse)? {
        let aside = database.with_extension(format!("replaced-{}", random_id().map_err(refuse)?));
        std::fs::rename(&database, aside).map_err(refuse)?;
    }
    Mark::create(&paths.mark(), writes).map_err(refuse)?;
    std::fs::rename(&unfinished, &database).map_err(refuse)?;
    files::sync_directory(paths.directory()).map_err(refuse)?;
    Marker::new(lineage).write(&paths.marker())
}

/// All entries of a state whose lock is held, after checking them.
#[cfg(feature = "s3")]
pub(crate) fn entries_of(paths: &Paths) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
    let table = SledTable::open(&paths.database(), Arc::default())
        .map_err(|error| on_database(paths, error))?;
    let (_, marked) = open_mark(paths)?;
    keeper::check(&table, paths, marked)?;
    Ok(table.scan(b"")?.into_iter().collect())
}

fn open_mark(paths: &Paths) -> Result<(Mark, u64), StoreError> {
    let path = paths.mark();
    let mark = Mark::open(&path).map_err(|error| files::unavailable("open", &path, &error))?;
    let what = format!("{}", path.display());
    mark.ok_or_else(|| paths.damaged(&what, "it does not hold the number of the latest change"))
}

/// The marker must speak of this state; a state that lost its marker gets it back.
fn check_marker(paths: &Paths, lineage: &str) -> Result<(), StoreError> {
    match Marker::read(paths)? {
        Some(marker) if marker.lineage == lineage => Ok(()),
        Some(marker) => {
            let what = format!("the state in {}", paths.directory().display());
            let reason = format!(
                "its marker is of lineage {}, and its database of lineage {lineage}",
                marker.lineage
            );
            Err(paths.damaged(&what, &reason))
        }
        None => Marker::new(lineage).write(&paths.marker()),
    }
}

/// Adds the way out to what sled says.
fn on_database(paths: &Paths, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged { what, reason } => paths.damaged(&what, &reason),
        other => other,
    }
}

/// A sled database as the keeper's table.
struct SledTable {
    /// Taken when it is dropped.
    database: Option<sled::Db>,
    path: PathBuf,
    /// Stays open, so that a failed write-back between two syncs is reported to the second.
    log: File,
    /// Files that are private and synced.
    known: HashSet<OsString>,
    syncs: Arc<AtomicU64>,
}

impl SledTable {
    fn open(path: &Path, syncs: Arc<AtomicU64>) -> Result<Self, StoreError> {
        let refuse = |error: io::Error| files::unavailable("open the database", path, &error);
        files::private_directory(path).map_err(refuse)?;
        for entry in list(path).map_err(refuse)? {
            if entry.file_type().map_err(refuse)?.is_symlink() {
                let error = rustix::io::Errno::LOOP.into();
                return Err(files::unavailable("open", &entry.path(), &error));
            }
        }
        let database = open_sled(path)?;
        let log = files::take_over(&path.join("db")).map_err(refuse)?;
        let database = Some(database);
        let mut table = Self { database, path: path.to_owned(), log, known: HashSet::new(), syncs };
        table.sync_files().map_err(refuse)?;
        Ok(table)
    }

    fn with<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let Some(database) = &self.database else {
            return Err(damaged(&self.path, "it is closed".to_owned()));
        };
        caught(&self.path, || work(database))
    }

    /// The one place that makes things durable, after sled has written them.
    fn sync_files(&mut self) -> io::Result<()> {
        let blobs = self.path.join("blobs");
        let mut there = HashSet::new();
        let mut new = false;
        for entry in list(&self.path)?.into_iter().chain(list(&blobs)?) {
            let name = entry.path().into_os_string();
            if !self.known.contains(&name) {
                match files::take_over(&entry.path()) {
                    Ok(file) => file.sync_all()?,
                    // sled writes its snapshots under another name first.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
                new = true;
            }
            there.insert(name);
        }
        self.log.sync_data()?;
        if new || there.len() != self.known.len() {
            files::sync_directory(&blobs)?;
            files::sync_directory(&self.path)?;
        }
        self.known = there;
        self.syncs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Table for SledTable {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|database| Ok(database.get(key)?.map(|bytes| bytes.to_vec())))
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Entry>, StoreError> {
        self.with(|database| {
            let pairs = database.scan_prefix(prefix);
            pairs.map(|pair| pair.map(|(key, bytes)| (key.to_vec(), bytes.to_vec()))).collect()
        })
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.with(|database| {
            let mut batch = sled::Batch::default();
            for (key, bytes) in changes {
                match bytes {
                    Some(bytes) => batch.insert(key.as_slice(), bytes.as_slice()),
                    None => batch.remove(key.as_slice()),
                }
            }
            database.apply_batch(batch)
        })
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.with(|database| database.flush())?;
        self.sync_files().map_err(|error| files::unavailable("sync", &self.path, &error))
    }
}

impl Drop for SledTable {
    fn drop(&mut self) {
        // What was acknowledged is on the disk already; closing has nothing to add and may fail.
        let database = self.database.take();
        catch_unwind(AssertUnwindSafe(move || drop(database))).ok();
    }
}

fn open_sled(path: &Path) -> Result<sled::Db, StoreError> {
    let (tries, pause) = LINGER;
    let config = || sled::Config::new().path(path).cache_capacity(CACHE).flush_every_ms(None);
    for _ in 1..tries {
        let opened = caught(path, || match config().open() {
            Err(sled::Error::Io(error)) if is_lock(&error) => Ok(None),
            other => other.map(Some),
        })?;
        match opened {
            Some(database) => return Ok(database),
            None => std::thread::sleep(pause),
        }
    }
    caught(path, || config().open())
}

/// Our own lock is held by then, so this is an earlier store of a process that is on its way out.
fn is_lock(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other && error.to_string().starts_with("could not acquire lock")
}

fn caught<T>(path: &Path, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(sled::Error::Io(error))) if is_lock(&error) => Err(StoreError::Locked {
            holder: format!("the database {} has not been let go of: {error}", path.display()),
        }),
        Ok(Err(sled::Error::Io(error))) if !is_damage(&error) => {
            // sled passes on the debug text of what the system said; the kind reads better.
            let plain = error.raw_os_error().is_none() && error.kind() != io::ErrorKind::Other;
            let error = if plain { error.kind().into() } else { error };
            Err(files::unavailable("use the database", path, &error))
        }
        Ok(Err(error)) => Err(damaged(path, error.to_string())),
        Err(_) => Err(damaged(path, "the database engine gave up on it".to_owned())),
    }
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

fn damaged(path: &Path, reason: String) -> StoreError {
    StoreError::Damaged { what: format!("the database {}", path.display()), reason }
}

/// The entries of a folder; none where there is no folder.
fn list(path: &Path) -> io::Result<Vec<DirEntry>> {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
