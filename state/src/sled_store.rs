//! The store on this machine, in a sled database.
//!
//! The main type is [`SledStore`]: opening, restoring, a new key; the rules are the keeper's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Edit, Intent, RunChange, RunRecord, State, Store, StoreError};

use crate::config::{Paths, RestoreChecks};
use crate::envelope::KeySource;
use crate::export::{Export, read_export};
use crate::folder::{self, Replaced};
use crate::front::Front;
use crate::keeper::Table as _;
use crate::lock::{Lock, LockOwner};
use crate::marker::Mark;
use crate::record::MetaWire;
use crate::rekey::Rekey;
use crate::seal::random_id;
use crate::site::Site as _;
use crate::standing::Standing;
use crate::{files, restore};

/// The database is rewritten when its files are larger than this, in bytes, and than so many times
/// what it holds: few states ever are, and those that are become small again.
const GROWN: (u64, u64) = (4 << 20, 8);

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
        let lock = folder::enter(paths, owner)?;
        paths.standing()?.check(&paths.name())?;
        if !folder::was_there(paths)? {
            let lineage =
                random_id().map_err(|e| files::unavailable("make", paths.directory(), &e))?;
            let (key, wrapped) = paths.key().make(paths.key_context(&lineage))?;
            let key = key.id().to_owned();
            let meta = MetaWire { lineage, serial: 0, key, wrapped: Some(wrapped) };
            folder::found(paths, &meta, 0, Vec::new(), Replaced::Kept)?;
        }
        Self::take_over(paths, lock)
    }

    /// Puts what an export holds in the place of the store, and opens it. What was there is kept
    /// beside it under another name. Open intents, answers to lookups and the history of runs are
    /// not part of an export.
    ///
    /// # Errors
    /// As [`SledStore::open`], and as [`Export::open`]: nothing is replaced by what cannot be read,
    /// and `Unavailable` when the checks refuse the export.
    pub fn restore(
        paths: &Paths,
        owner: &LockOwner,
        export: &Export,
        checks: RestoreChecks,
    ) -> Result<Self, StoreError> {
        let lock = folder::enter(paths, owner)?;
        let standing = paths.standing()?;
        // A state that lives elsewhere would become two.
        if matches!(standing, Standing::MovedTo(_)) {
            standing.check(&paths.name())?;
        }
        let mut meta = export.meta();
        let key = paths.key().open(&meta)?;
        export.clone().open_with(&key)?;
        let known = restore::known(paths)?;
        restore::check(&mut meta, known.as_ref(), checks)?;
        let context = paths.key_context(&meta.lineage);
        let meta = paths.key().complete(meta, &key, context)?;
        let mark = Mark::open(&paths.mark())
            .map_err(|error| files::unavailable("open", &paths.mark(), &error))?;
        let writes = mark.map_or(0, |(_, marked)| marked);
        folder::found(paths, &meta, writes, export.bodies()?, Replaced::Kept)?;
        paths.set_standing(&Standing::Here)?;
        Self::take_over(paths, lock)
    }

    /// Wraps the data key with another source, and makes a new data key if asked. A state of
    /// format 1 has no data key of its own and always gets one.
    ///
    /// # Errors
    /// As [`SledStore::open`]; then the state is as it was.
    pub fn rekey(
        paths: &Paths,
        owner: &LockOwner,
        new: &KeySource,
        rotate: bool,
    ) -> Result<(), StoreError> {
        let _lock = folder::enter(paths, owner)?;
        paths.standing()?.check(&paths.name())?;
        if !folder::was_there(paths)? {
            return Err(StoreError::Refused {
                action: format!("change the key of the state in {}", paths.directory().display()),
                reason: "there is none yet; the first run makes it with the key that is configured"
                    .to_owned(),
            });
        }
        let keeper = folder::checked(paths, &Arc::default())?;
        let meta = keeper.meta().clone();
        let old = paths.key().open(&meta)?;
        let context = paths.key_context(&meta.lineage);
        let change = Rekey::new(&meta, &old, new, context, rotate)?;
        let writes = keeper.writes();
        let bodies = change.bodies(keeper.table().scan(b"")?)?;
        drop(keeper);
        folder::found(paths, change.meta(), writes, bodies, Replaced::Removed)?;
        if files::exists(&paths.export())
            .map_err(|error| files::unavailable("look for", &paths.export(), &error))?
        {
            change.export(&read_export(&paths.export())?)?.write(&paths.export())?;
        }
        Ok(())
    }

    /// Checks what is there and starts the keeper on it.
    fn take_over(paths: &Paths, lock: Lock) -> Result<Self, StoreError> {
        let syncs = Arc::new(AtomicU64::new(0));
        let mut keeper = folder::checked(paths, &syncs)?;
        let meta = keeper.meta().clone();
        let key = paths.key().open(&meta)?;
        let size = keeper.table().size();
        let size = size.map_err(|e| files::unavailable("measure", &paths.database(), &e))?;
        if size > GROWN.0.max(GROWN.1 * keeper.bytes()) {
            let entries = keeper.table().scan(b"")?;
            // sled lets go of its files only when it is dropped.
            drop(keeper);
            folder::rewrite(paths, entries)?;
            keeper = folder::checked(paths, &syncs)?;
        }
        if let Some(format) = keeper.earlier_format()? {
            keeper.upgrade(
                format,
                paths.key().complete(meta.clone(), &key, paths.key_context(&meta.lineage))?,
            );
        }
        keeper.catch_up()?;
        let (requests, inbox) = mpsc::channel();
        let keeper = std::thread::Builder::new()
            .name("state-keeper".to_owned())
            .spawn(move || {
                keeper.run(&inbox);
                // After the database: nobody may open it before it is closed.
                drop(lock);
            })
            .map_err(|error| files::unavailable("keep", paths.directory(), &error))?;
        Ok(Self { front: Front::new(requests, keeper, paths.name(), meta.lineage, key), syncs })
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

    fn seal(&self, place: &str, bytes: &[u8]) -> Result<String, StoreError> {
        self.front.seal(place, bytes)
    }

    fn unseal(&self, place: &str, sealed: &str) -> Result<Vec<u8>, StoreError> {
        self.front.unseal(place, sealed)
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, StoreError>> {
        self.front.history()
    }

    fn changes<'a>(&'a self, run: &'a str) -> BoxFuture<'a, Result<Vec<RunChange>, StoreError>> {
        self.front.changes(run)
    }
}
