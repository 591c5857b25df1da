//! The store on this machine, in a sled database.
//!
//! The main type is [`SledStore`]: opening, restoring, a new key; the rules are the keeper's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Edit, Intent, RunChange, RunRecord, State, Store, StoreError};
use tokio::sync::oneshot;

use crate::config::{Paths, RestoreChecks};
use crate::entries::{self, Reader};
use crate::envelope::KeySource;
use crate::export::{Export, read_export};
use crate::folder::{self, Replaced};
use crate::keeper::{Answer, BodyEdit, Request, Table as _};
use crate::lock::{Lock, LockOwner};
use crate::marker::{Mark, Marker};
use crate::record::{
    ChangeWire, IntentWire, LookupWire, MetaWire, OutputWire, RecordWire, RunWire, to_body,
};
use crate::rekey::Rekey;
use crate::seal::{SealingKey, random_id};
use crate::{files, restore};

/// The database is rewritten when its files are larger than this, in bytes, and than so many times
/// what it holds: few states ever are, and those that are become small again.
const GROWN: (u64, u64) = (4 << 20, 8);

/// The store of one stack in one environment, in a folder on this machine.
pub struct SledStore {
    requests: Option<mpsc::Sender<Request>>,
    keeper: Option<JoinHandle<()>>,
    paths: Paths,
    lineage: String,
    key: Arc<SealingKey>,
    serial: AtomicU64,
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
        let mut meta = export.meta();
        let key = paths.key().open(&meta)?;
        export.clone().open_with(&key)?;
        let known = restore::known(paths)?;
        restore::check(&meta, known.as_ref(), checks)?;
        if let Some(known) = known.filter(|known| known.lineage == meta.lineage) {
            // A number that a run has had is never given to another one.
            meta.serial = meta.serial.max(known.serial);
        }
        if meta.wrapped.is_none() {
            meta.wrapped = Some(paths.key().wrap(&key, paths.key_context(&meta.lineage))?);
        }
        let mark = Mark::open(&paths.mark())
            .map_err(|error| files::unavailable("open", &paths.mark(), &error))?;
        let writes = mark.map_or(0, |(_, marked)| marked);
        folder::found(paths, &meta, writes, export.bodies()?, Replaced::Kept)?;
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
        if !folder::was_there(paths)? {
            return Err(StoreError::Unavailable {
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
        let entries = keeper.table().scan(b"")?;
        let live: usize = entries.iter().map(|(key, bytes)| key.len() + bytes.len()).sum();
        let size = keeper.table().size();
        let size = size.map_err(|e| files::unavailable("measure", &paths.database(), &e))?;
        if size > GROWN.0.max(GROWN.1 * live as u64) {
            // sled lets go of its files only when it is dropped.
            drop(keeper);
            folder::rewrite(paths, entries)?;
            keeper = folder::checked(paths, &syncs)?;
        }
        if let Some(format) = keeper.earlier_format()? {
            let wrapped = match &meta.wrapped {
                Some(wrapped) => wrapped.clone(),
                None => paths.key().wrap(&key, paths.key_context(&meta.lineage))?,
            };
            keeper.upgrade(format, MetaWire { wrapped: Some(wrapped), ..meta.clone() });
        }
        let (requests, inbox) = mpsc::channel();
        let keeper = std::thread::Builder::new()
            .name("state-keeper".to_owned())
            .spawn(move || {
                keeper.run(&inbox);
                // After the database: nobody may open it before it is closed.
                drop(lock);
            })
            .map_err(|error| files::unavailable("keep", paths.directory(), &error))?;
        Ok(Self {
            requests: Some(requests),
            keeper: Some(keeper),
            paths: paths.clone(),
            lineage: meta.lineage,
            key: Arc::new(key),
            serial: AtomicU64::new(meta.serial),
            syncs,
        })
    }

    /// Notes beside the database how many runs there were: what `restore` compares an export with.
    async fn note_serial(&self) -> Result<(), StoreError> {
        let serial = self.serial.fetch_add(1, Ordering::SeqCst) + 1;
        let (marker, path) = (Marker::new(&self.lineage, serial), self.paths.marker());
        let noted = tokio::task::spawn_blocking(move || marker.write(&path)).await;
        noted.map_err(|error| StoreError::Unavailable {
            action: format!("write {}", self.paths.marker().display()),
            reason: error.to_string(),
        })?
    }

    /// How often the database's files were synced since the store was opened.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::SeqCst)
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable {
            action: format!("use the state in {}", self.paths.directory().display()),
            reason: "its keeper has stopped".to_owned(),
        };
        let (sender, receiver) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send(request(sender)).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader<'_>, &MetaWire) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let paths = self.paths.clone();
        self.ask(|answer| {
            Request::Read(Box::new(move |table| {
                let done = table.and_then(|(table, meta)| work(&Reader::new(table, &paths), meta));
                answer.send(done).ok();
            }))
        })
        .await
    }

    fn edits(&self, edits: &[Edit]) -> Result<Vec<BodyEdit>, StoreError> {
        let (key, lineage) = (&*self.key, self.lineage.as_str());
        let mut bodies = Vec::with_capacity(edits.len());
        for edit in edits {
            match edit {
                Edit::Put(record) => {
                    let body = to_body(&RecordWire::seal(record, key, lineage)?)?;
                    bodies.push(BodyEdit::Put(entries::record(record.address.as_str()), body));
                }
                Edit::Remove(address) => {
                    bodies.push(BodyEdit::Remove(entries::record(address.as_str())));
                }
                Edit::Outputs(outputs) => {
                    bodies.push(BodyEdit::Clear(entries::OUTPUTS));
                    for (name, value) in outputs {
                        let body = to_body(&OutputWire::seal(name, value, key, lineage)?)?;
                        bodies.push(BodyEdit::Put(entries::output(name), body));
                    }
                }
                Edit::Lookup(lookup, answer) => {
                    let wire = LookupWire::seal(lookup, answer, key, lineage)?;
                    bodies.push(BodyEdit::Put(entries::lookup(wire.digest()), to_body(&wire)?));
                }
                Edit::Note(change) => {
                    let body = to_body(&ChangeWire::seal(change, key, lineage)?)?;
                    bodies.push(BodyEdit::Append(change.run.clone(), body));
                }
            }
        }
        Ok(bodies)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.requests = None;
        // A keeper that panicked has answered its callers by going away.
        self.keeper.take().map(JoinHandle::join).transpose().ok();
    }
}

impl Store for SledStore {
    fn load(&self) -> BoxFuture<'_, Result<State, StoreError>> {
        let key = Arc::clone(&self.key);
        Box::pin(self.read(move |reader, meta| reader.state(meta, &key)))
    }

    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let body = to_body(&IntentWire::seal(intent, &self.key, &self.lineage)?)?;
            self.ask(|answer| Request::Begin { body, answer }).await
        })
    }

    fn commit<'a>(
        &'a self,
        intent: Option<u64>,
        edits: &'a [Edit],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let edits = self.edits(edits)?;
            self.ask(|answer| Request::Commit { intent, edits, answer }).await
        })
    }

    fn start<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let body = to_body(&RunWire::write(run))?;
            self.ask(|answer| Request::Start { body, answer }).await?;
            self.note_serial().await
        })
    }

    fn finish<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let body = to_body(&RunWire::write(run))?;
            self.ask(|answer| Request::Finish { body, answer }).await
        })
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, StoreError>> {
        Box::pin(self.read(|reader, _| reader.history()))
    }

    fn changes<'a>(&'a self, run: &'a str) -> BoxFuture<'a, Result<Vec<RunChange>, StoreError>> {
        let (key, run) = (Arc::clone(&self.key), run.to_owned());
        Box::pin(self.read(move |reader, meta| reader.changes(&run, meta, &key)))
    }
}
