//! sled as the keeper's table. The only file that names sled.
//!
//! The main type is [`SledTable`]. sled gives transactions and an index; it is not trusted with more.
//! Its `flush` on Linux is no fsync, so [`SledTable::sync`] syncs the files itself; it can panic on
//! damaged files, so every call into it is caught; it can come back with less than was written, so
//! the keeper counts. Its own background thread stays off: a segment that is reused before we synced
//! would be lost in a power cut. So its file only grows, and is rewritten when it is opened.
//!
//! Room on the disk is reserved at the end of its file before anything is begun, so that a disk that
//! fills up stops new operations first, and those in flight can still write how they ended.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{DirEntry, File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use infra_sdk::store::StoreError;

use crate::files;
use crate::keeper::{Change, Table, Visit};
use crate::seal::random_id;

/// Memory for pages that were read: far more than a state has.
const CACHE: u64 = 64 << 20;

/// Bytes that are reserved after the end of the file: two of sled's segments, which is room for the
/// ends of hundreds of operations.
const RESERVE: u64 = 1 << 20;

/// A store that was dropped in this process may take a moment to let go of its files.
const LINGER: (u32, Duration) = (100, Duration::from_millis(20));

/// A sled database as the keeper's table.
pub(crate) struct SledTable {
    /// Taken when it is dropped.
    database: Option<sled::Db>,
    path: PathBuf,
    /// Stays open, so that a failed write-back between two syncs is reported to the second.
    log: File,
    /// After a write that failed, which may be part of a read, sled waits for ever when it is
    /// dropped.
    failed: AtomicBool,
    /// Up to where the disk has room for the log; `None` where the file system reserves none.
    reserved: Option<u64>,
    /// Files that are private and synced.
    known: HashSet<OsString>,
    syncs: Arc<AtomicU64>,
}

impl SledTable {
    pub(crate) fn open(path: &Path, syncs: Arc<AtomicU64>) -> Result<Self, StoreError> {
        let refuse = |error: io::Error| files::unavailable("open the database", path, &error);
        files::private_directory(path).map_err(refuse)?;
        for entry in list(path).map_err(refuse)? {
            if entry.file_type().map_err(refuse)?.is_symlink() {
                let error = rustix::io::Errno::LOOP.into();
                return Err(files::unavailable("open", &entry.path(), &error));
            }
        }
        let database = open_sled(path)?;
        let log = path.join("db");
        let log = files::open(&log, OpenOptions::new().read(true).write(true)).map_err(refuse)?;
        let database = Some(database);
        let mut table = Self {
            database,
            path: path.to_owned(),
            log,
            failed: AtomicBool::new(false),
            reserved: Some(0),
            known: HashSet::new(),
            syncs,
        };
        table.sync_files().map_err(refuse)?;
        Ok(table)
    }

    /// Bytes of all its files.
    pub(crate) fn size(&self) -> io::Result<u64> {
        let mut size = 0;
        for entry in list(&self.path)?.into_iter().chain(list(&self.path.join("blobs"))?) {
            let metadata = entry.metadata()?;
            size += if metadata.is_file() { metadata.len() } else { 0 };
        }
        Ok(size)
    }

    /// Whether so many bytes are free on the disk.
    fn has_room(&self, bytes: u64) -> io::Result<()> {
        let disk = rustix::fs::fstatvfs(&self.log)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < bytes {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        Ok(())
    }

    /// Reserves room at the end of the log, after what is still to be written, and asks for as much for what sled puts elsewhere.
    fn make_room(&mut self, staged: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        self.has_room(RESERVE + staged)?;
        let Some(reserved) = self.reserved else { return Ok(()) };
        let length = self.log.metadata()?.len() + staged;
        if length + RESERVE / 2 <= reserved {
            return Ok(());
        }
        // Holes within the file are filled as well; its length does not change.
        match fallocate(&self.log, FallocateFlags::KEEP_SIZE, 0, length + RESERVE) {
            Ok(()) => self.reserved = Some(length + RESERVE),
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => self.reserved = None,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let Some(database) = &self.database else {
            return Err(damaged(&self.path, "it is closed".to_owned()));
        };
        let done = caught(&self.path, || work(database));
        let refused = matches!(done, Err(StoreError::Unavailable { .. }));
        self.failed.fetch_or(refused, Ordering::SeqCst);
        done
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

    fn each(&self, prefix: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        self.with(|database| {
            for pair in database.scan_prefix(prefix) {
                let (key, bytes) = pair?;
                if let Err(refused) = visit(&key, &bytes) {
                    return Ok(Err(refused));
                }
            }
            Ok(Ok(()))
        })?
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        // A large page has a file of its own, and sled waits for ever for one that it cannot write.
        // Half of what is reserved is there for certain; a group may be larger.
        let bytes = |change: &Change| change.0.len() + change.1.as_ref().map_or(0, Vec::len);
        let bytes = changes.iter().map(bytes).sum::<usize>() as u64;
        let room = self.has_room(RESERVE / 4 + bytes.saturating_sub(RESERVE / 2));
        let room = room.map_err(|error| files::unavailable("write to", &self.path, &error));
        let done = room.and_then(|()| {
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
        });
        self.failed.fetch_or(done.is_err(), Ordering::SeqCst);
        done
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        let flushed = self.with(|database| database.flush());
        let done = flushed.and_then(|_| {
            let synced = self.sync_files();
            synced.map_err(|error| files::unavailable("sync", &self.path, &error))
        });
        self.failed.fetch_or(done.is_err(), Ordering::SeqCst);
        done
    }

    fn reserve(&mut self, staged: u64) -> Result<(), StoreError> {
        self.make_room(staged).map_err(|error| {
            let action = "reserve room for the end of an operation in";
            files::unavailable(action, &self.path, &error)
        })
    }

    fn keep_aside(&mut self, format: u16) -> Result<(), StoreError> {
        self.sync()?;
        let keep = || {
            let name = format!("format-{format}-{}", random_id()?);
            let unfinished = self.path.with_extension("copy");
            files::copy_directory(&self.path, &unfinished)?;
            std::fs::rename(&unfinished, self.path.with_extension(name))?;
            files::sync_parent(&self.path)
        };
        keep().map_err(|error| files::unavailable("keep a copy of", &self.path, &error))
    }
}

impl Drop for SledTable {
    fn drop(&mut self) {
        // What was acknowledged is on the disk already; closing has nothing to add and may fail.
        let database = self.database.take();
        if self.failed.load(Ordering::SeqCst) {
            // The process is about to end, and its end lets go of the files.
            std::mem::forget(database);
            return;
        }
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
            id: None,
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
