//! The folder of a local state: what stands in it, and how one database takes the place of another.
//!
//! A database gets its name when it is whole and on the disk. The one that it replaces has another
//! name for a moment; whoever opens the folder after a crash in that moment puts it back.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use infra_sdk::store::StoreError;

use crate::config::Paths;
use crate::files;
use crate::keeper::{self, Change, Entry, Keeper, Table as _};
use crate::lock::{Lock, LockOwner};
use crate::marker::{Mark, Marker};
use crate::record::MetaWire;
use crate::seal::random_id;
use crate::site::LocalFiles;
use crate::sled_table::SledTable;

/// What becomes of a database whose place another takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// It stays beside the new one under a name of its own.
    Kept,
    /// It is removed when the new one is on the disk.
    Removed,
}

impl Replaced {
    /// Its name for the moment in which the other one takes its place.
    fn name(self, paths: &Paths) -> PathBuf {
        paths.database().with_extension(match self {
            Self::Kept => "kept",
            Self::Removed => "old",
        })
    }

    /// Does with it what is to be done when the new one is in place.
    fn settle(self, paths: &Paths) -> io::Result<()> {
        let old = self.name(paths);
        match self {
            Self::Kept => {
                let name = format!("replaced-{}", random_id()?);
                std::fs::rename(&old, paths.database().with_extension(name))?;
            }
            Self::Removed => std::fs::remove_dir_all(&old)?,
        }
        files::sync_directory(paths.directory())
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
            marker.lineage(),
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
    if !paths.allows_network_disk() {
        refuse_network_disk(paths)?;
    }
    let lock = Lock::acquire(&paths.lock(), owner)?;
    files::probe(paths.directory())
        .map_err(|error| files::unavailable("write to", paths.directory(), &error))?;
    settle(paths).map_err(|error| files::unavailable("clean up", paths.directory(), &error))?;
    Ok(lock)
}

/// Makes a database with these bodies, which goes on counting after so many writes.
pub(crate) fn found(
    paths: &Paths,
    meta: &MetaWire,
    writes: u64,
    bodies: Vec<Entry>,
    replaced: Replaced,
) -> Result<(), StoreError> {
    let mut entries = BTreeMap::new();
    keeper::found(&mut entries, meta, writes, bodies)?;
    fill(paths, meta, writes, entries, replaced)
}

/// Makes a database with these entries, which know so many writes. It gets its name when it is
/// whole, so a crash leaves all of it or nothing.
pub(crate) fn fill(
    paths: &Paths,
    meta: &MetaWire,
    writes: u64,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    replaced: Replaced,
) -> Result<(), StoreError> {
    make(paths, entries)?;
    let refuse = |error: io::Error| files::unavailable("write", &paths.mark(), &error);
    Mark::create(&paths.mark(), writes).map_err(refuse)?;
    if let Some(marker) = Marker::read_any(paths)?
        && marker.lineage() != meta.lineage
    {
        // Without one it gets a new one at the next opening; with this one it would be refused.
        std::fs::remove_file(paths.marker()).map_err(refuse)?;
        files::sync_directory(paths.directory()).map_err(refuse)?;
    }
    replace(paths, replaced)?;
    Marker::new(&meta.lineage, meta.serial).write(&paths.marker())
}

/// Copies the entries of a database, as they are, into a fresh one that takes its place.
pub(crate) fn rewrite(paths: &Paths, entries: Vec<Entry>) -> Result<(), StoreError> {
    make(paths, entries)?;
    replace(paths, Replaced::Removed)
}

/// Makes a database with these entries under another name.
fn make(paths: &Paths, entries: impl IntoIterator<Item = Entry>) -> Result<(), StoreError> {
    let unfinished = paths.unfinished_database();
    remove(&unfinished)
        .map_err(|error| files::unavailable("make the database", &unfinished, &error))?;
    let mut table =
        SledTable::open(&unfinished, Arc::default()).map_err(|error| on_database(paths, error))?;
    let changes = entries.into_iter().map(|(key, bytes)| (key, Some(bytes)));
    let changes: Vec<Change> = changes.collect();
    table.apply(&changes)?;
    table.sync()
}

/// Gives the database that was made its name.
fn replace(paths: &Paths, replaced: Replaced) -> Result<(), StoreError> {
    let (unfinished, database) = (paths.unfinished_database(), paths.database());
    let replace = || {
        let there = files::exists(&database)?;
        if there {
            std::fs::rename(&database, replaced.name(paths))?;
        }
        std::fs::rename(&unfinished, &database)?;
        files::sync_directory(paths.directory())?;
        if there { replaced.settle(paths) } else { Ok(()) }
    };
    replace().map_err(|error| files::unavailable("make the database", &database, &error))
}

/// Ends what a run that died while one database took the place of another has left.
fn settle(paths: &Paths) -> io::Result<()> {
    for replaced in [Replaced::Kept, Replaced::Removed] {
        let old = replaced.name(paths);
        if !files::exists(&old)? {
            continue;
        }
        if files::exists(&paths.database())? {
            replaced.settle(paths)?;
        } else {
            std::fs::rename(&old, paths.database())?;
            files::sync_directory(paths.directory())?;
        }
    }
    remove(&paths.unfinished_database())?;
    remove(&paths.database().with_extension("copy"))
}

fn remove(directory: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The database, with every entry of it checked.
pub(crate) fn checked(
    paths: &Paths,
    syncs: &Arc<AtomicU64>,
) -> Result<Keeper<SledTable, LocalFiles>, StoreError> {
    let table = SledTable::open(&paths.database(), Arc::clone(syncs))
        .map_err(|error| on_database(paths, error))?;
    let (beside, marked) = LocalFiles::open(paths)?;
    let keeper = Keeper::open(table, beside, marked)?;
    check_marker(paths, keeper.meta())?;
    Ok(keeper)
}

/// All entries of a state whose lock is held, after checking them. Those of an earlier format are
/// given as this one would have them; the database stays as it is.
#[cfg(feature = "s3")]
pub(crate) fn entries_of(paths: &Paths) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
    let keeper = checked(paths, &Arc::default())?;
    let entries = keeper.table().scan(b"")?.into_iter().collect();
    let Some(format) = keeper.earlier_format()? else { return Ok(entries) };
    let meta = keeper.meta().clone();
    drop(keeper);
    let (beside, marked) = LocalFiles::open(paths)?;
    let mut copy = Keeper::open(entries, beside, marked)?;
    let key = paths.key().open(&meta)?;
    let context = paths.key_context(&meta.lineage);
    copy.upgrade(format, paths.key().complete(meta, &key, context)?);
    copy.writable()?;
    copy.flush()?;
    Ok(copy.table().clone())
}

/// Refuses a disk that other machines share: its locks may not exclude them, and its syncs may not
/// reach a disk.
fn refuse_network_disk(paths: &Paths) -> Result<(), StoreError> {
    let directory = paths.directory();
    let kind = files::network_disk(directory)
        .map_err(|error| files::unavailable("look at the file system of", directory, &error))?;
    let Some(kind) = kind else { return Ok(()) };
    Err(StoreError::Refused {
        action: format!("keep a local state in {}", directory.display()),
        reason: format!(
            "it is on {kind}, where locks and syncs may not hold what they promise; keep it on a \
             disk of this machine, or share it with `state = \"s3://BUCKET/PREFIX\"`, or allow \
             network disks for this environment"
        ),
    })
}

/// The marker must speak of this state; a state that lost its marker gets it back.
fn check_marker(paths: &Paths, meta: &MetaWire) -> Result<(), StoreError> {
    match Marker::read(paths)? {
        Some(marker) if marker.lineage() == meta.lineage => Ok(()),
        Some(marker) => {
            let what = format!("the state in {}", paths.directory().display());
            let reason = format!(
                "its marker is of lineage {}, and its database of lineage {}",
                marker.lineage(),
                meta.lineage
            );
            Err(paths.damaged(&what, &reason))
        }
        None => Marker::new(&meta.lineage, meta.serial).write(&paths.marker()),
    }
}

/// Adds the way out to what sled says.
fn on_database(paths: &Paths, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged { what, reason } => paths.damaged(&what, &reason),
        other => other,
    }
}
