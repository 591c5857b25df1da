//! Opening a shared state, and what is done to one as a whole: restore, unlock, move.
//!
//! An open store has a thread of its own for its keeper and a runtime of its own for its requests
//! and its lease: a caller whose runtime is busy, or gone, does not cost the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use infra_sdk::store::{Store, StoreError};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::bucket::{Bucket, Condition, PATIENCE, Put, configure};
use super::cell::{Cell, Wrote};
use super::journal::{Access, Content, Journal};
use super::location::{Place, S3Location, environment_prefix};
use super::lock::{Lease, Taken, Wish, take};
use super::wire::LockWire;
use crate::config::{RestoreChecks, off_the_runtime};
use crate::entries::Reader;
use crate::export::{Export, parse_export};
use crate::export_writer;
use crate::front::Front;
use crate::keeper::{self, Keeper, Request, Table};
use crate::lock::LockOwner;
use crate::record::MetaWire;
use crate::seal::{SealingKey, random_id};
use crate::site::{Beside, Site};
use crate::standing::Standing;

/// A state that is meant.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) location: S3Location,
    pub(crate) place: Place,
}

/// What an opening is for.
enum Purpose {
    Open,
    Restore(Box<Export>, String, RestoreChecks),
}

/// A state whose lock is held.
pub(crate) struct Session {
    pub(super) access: Access,
    /// The lock as it was before it was taken.
    pub(super) before: LockWire,
}

/// What the keeper's thread tells the one who opens.
struct Opened {
    requests: mpsc::Sender<Request>,
    lineage: String,
    key: SealingKey,
    lease: Arc<Lease>,
}

/// Opens the state, making it first where there never was one.
///
/// # Errors
/// As [`crate::open`].
pub(crate) async fn open(
    target: Target,
    owner: &LockOwner,
    wait: Duration,
) -> Result<Box<dyn Store>, StoreError> {
    start(target, owner.clone(), wait, Purpose::Open).await
}

/// Puts an export in the place of what is there, which is copied aside, and opens it.
///
/// # Errors
/// As [`crate::restore`].
pub(crate) async fn restore(
    target: Target,
    owner: &LockOwner,
    export: Export,
    (name, checks): (String, RestoreChecks),
    wait: Duration,
) -> Result<Box<dyn Store>, StoreError> {
    let purpose = Purpose::Restore(Box::new(export), name, checks);
    start(target, owner.clone(), wait, purpose).await
}

async fn start(
    target: Target,
    owner: LockOwner,
    wait: Duration,
    purpose: Purpose,
) -> Result<Box<dyn Store>, StoreError> {
    let name = target.place.name();
    let refuse = |reason: String| StoreError::Unavailable {
        action: format!("open the state in {name}"),
        reason,
    };
    let (answer, opened) = oneshot::channel();
    let keeper = std::thread::Builder::new()
        .name("state-keeper".to_owned())
        .spawn(move || match runtime() {
            Ok(runtime) => keep(&runtime, &target, &owner, wait, purpose, answer),
            Err(error) => {
                answer.send(Err(error)).ok();
            }
        })
        .map_err(|error| refuse(error.to_string()))?;
    let opened = opened.await.map_err(|_| refuse("its keeper has stopped".to_owned()))?;
    let Opened { requests, lineage, key, lease } = opened?;
    let front = Front::new(requests, keeper, name, lineage, key);
    Ok(Box::new(front.while_held(Box::new(move || lease.check()))))
}

fn runtime() -> Result<Runtime, StoreError> {
    let built = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    built.map_err(|error| StoreError::Unavailable {
        action: "start the keeper of a state".to_owned(),
        reason: error.to_string(),
    })
}

/// The life of the keeper's thread.
fn keep(
    runtime: &Runtime,
    target: &Target,
    owner: &LockOwner,
    wait: Duration,
    purpose: Purpose,
    mut answer: oneshot::Sender<Result<Opened, StoreError>>,
) {
    let anywhere = matches!(purpose, Purpose::Restore(..));
    let entered = runtime.block_on(async {
        tokio::select! {
            // Whoever wanted it has gone, for one because he was interrupted.
            () = answer.closed() => None,
            session = Session::begin(target, owner, wait, anywhere) => Some(session),
        }
    });
    let session = match entered {
        None => return,
        Some(Err(error)) => {
            answer.send(Err(error)).ok();
            return;
        }
        Some(Ok(session)) => session,
    };
    match runtime.block_on(session.open(runtime.handle(), purpose)) {
        Ok((mut keeper, key)) => {
            if let Err(error) = keeper.catch_up() {
                runtime.block_on(session.release(false));
                answer.send(Err(error)).ok();
                return;
            }
            let (requests, inbox) = mpsc::channel();
            let lineage = keeper.meta().lineage.clone();
            // When nobody waits for it any more, the inbox has no sender, and the keeper lets go.
            let lease = Arc::clone(&session.access.lease);
            answer.send(Ok(Opened { requests, lineage, key, lease })).ok();
            keeper.run(&inbox);
        }
        Err(error) => {
            runtime.block_on(session.release(false));
            answer.send(Err(error)).ok();
        }
    }
}

impl Session {
    /// Takes the lock. `anywhere`: also where no state lives.
    pub(crate) async fn begin(
        target: &Target,
        owner: &LockOwner,
        wait: Duration,
        anywhere: bool,
    ) -> Result<Self, StoreError> {
        let Target { location, place } = target;
        let config = configure(location).await;
        let bucket = Arc::new(Bucket::new(&config, location));
        let cell = Cell::new(&config, location, &bucket, place);
        let wish = Wish { owner, lease: location.lease, wait, anywhere };
        let Taken { lease, before } = take(cell, &wish).await?;
        let access = Access { bucket, place: place.clone(), lease: Arc::new(lease) };
        Ok(Self { access, before })
    }

    /// Gives the lock back. `settled`: no write of this session is on its way any more.
    pub(crate) async fn release(&self, settled: bool) {
        self.access.lease.release(settled).await;
    }

    /// Whether a state lives here.
    pub(crate) fn standing(&self) -> &Standing {
        &self.before.standing
    }

    /// Whether there ever was a state here.
    pub(crate) fn lineage(&self) -> Option<&str> {
        self.before.lineage.as_deref()
    }

    async fn open(
        &self,
        runtime: &Handle,
        purpose: Purpose,
    ) -> Result<(Keeper<Journal, Kept>, SealingKey), StoreError> {
        let marked = match purpose {
            Purpose::Open => self.before.writes,
            Purpose::Restore(export, name, checks) => {
                self.restore(*export, &name, checks).await?;
                0
            }
        };
        let content = self.content().await?;
        let lease = &self.access.lease;
        let place = &self.access.place;
        let journal = Journal::new(self.access.clone(), runtime.clone(), content);
        let objects = Objects::of(self);
        let keeper = Keeper::open(journal, Kept { objects, runtime: runtime.clone() }, marked)?;
        let meta = keeper.meta().clone();
        let MetaWire { lineage, serial, .. } = meta.clone();
        let source = place.key().clone();
        let key = off_the_runtime("open the key of the state", move || source.open(&meta)).await?;
        match lease.lock().lineage {
            Some(known) if known != lineage => {
                let reason = format!("its lock is of lineage {known}, and it is of {lineage}");
                return Err(place.damaged(&format!("the state in {}", place.name()), &reason));
            }
            Some(_) => {}
            None => {
                let first = |lock: &mut LockWire| {
                    lock.lineage = Some(lineage.clone());
                    lock.serial = serial;
                };
                lease.change(first).await?;
            }
        }
        Ok((keeper, key))
    }

    /// What is there, after whoever held the lock before has been stopped. `None` where there never
    /// was a state.
    pub(super) async fn existing(&self) -> Result<Option<Content>, StoreError> {
        let Self { access, .. } = self;
        let content = access.load().await?;
        if content.snapshot.is_none() {
            let place = &access.place;
            let Some(lineage) = access.lease.lock().lineage else { return Ok(None) };
            let reason = format!("it was there (lineage {lineage}), and its objects are gone");
            return Err(place.damaged(&format!("the state in {}", place.name()), &reason));
        }
        let content = if self.before.settled { content } else { access.fence(content).await? };
        Ok(Some(content))
    }

    /// As [`Session::existing`], but makes the state where there never was one.
    async fn content(&self) -> Result<Content, StoreError> {
        if let Some(content) = self.existing().await? {
            return Ok(content);
        }
        let place = &self.access.place;
        let refuse = |reason: String| StoreError::Unavailable {
            action: format!("make the state in {}", place.name()),
            reason,
        };
        let lineage = random_id().map_err(|error| refuse(error.to_string()))?;
        let (source, context) = (place.key().clone(), place.key_context(&lineage));
        let (key, wrapped) =
            off_the_runtime("make the key of the state", move || source.make(context)).await?;
        let key = key.id().to_owned();
        let meta = MetaWire { lineage, serial: 0, key, wrapped: Some(wrapped) };
        let mut entries = BTreeMap::new();
        keeper::found(&mut entries, &meta, 0, Vec::new())?;
        // A run that held the lock before may have been quicker: then that one counts.
        self.access.found(&entries).await?;
        let content = self.existing().await?;
        content.ok_or_else(|| refuse("it was made, and it is not there".to_owned()))
    }

    /// Puts entries in the place of what is there. The state lives here only after
    /// [`Session::settle`].
    pub(crate) async fn arrive(
        &self,
        entries: &BTreeMap<Vec<u8>, Vec<u8>>,
        from: &str,
    ) -> Result<(), StoreError> {
        let Access { lease, .. } = &self.access;
        let arriving = Standing::ArrivingFrom(from.to_owned());
        lease.change(|lock| lock.standing = arriving.clone()).await?;
        self.access.set_aside().await?;
        self.access.replace(entries, self.before.journal).await?;
        // The export of what was here before would be read for what is here now.
        let place = &self.access.place;
        let Some(meta) = Reader::new(entries, place).meta()? else {
            let reason = "what was brought here does not say what it is";
            return Err(place.damaged(&place.name(), reason));
        };
        let text = text_of(entries, &meta, place)?;
        Objects::of(self).write_export(&text).await
    }

    /// Says that this state, which knows so many changes, lives here.
    pub(crate) async fn settle(&self, meta: &MetaWire, writes: u64) -> Result<(), StoreError> {
        let change = |lock: &mut LockWire| {
            lock.standing = Standing::Here;
            lock.lineage = Some(meta.lineage.clone());
            lock.serial = meta.serial;
            lock.writes = writes;
            // What arrived brought its export with it.
            lock.exported = writes;
        };
        self.access.lease.change(change).await
    }

    /// Says that the state lives elsewhere now.
    pub(crate) async fn leave(&self, to: &str) -> Result<(), StoreError> {
        let standing = Standing::MovedTo(to.to_owned());
        self.access.lease.change(|lock| lock.standing = standing.clone()).await
    }

    /// All entries, after checking that they are those that were written.
    pub(crate) async fn entries(&self) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
        let content = self.content().await?;
        // While another state arrives, the lock still counts the changes of the one before.
        let lives = self.before.standing == Standing::Here;
        let marked = if lives { self.access.lease.lock().writes } else { 0 };
        keeper::check(&content.entries, &self.access.place, marked)?;
        Ok(content.entries)
    }
}

/// What is kept beside the journal: the mark in the lock, and the export.
struct Kept {
    objects: Objects,
    runtime: Handle,
}

/// The objects that are replaced, not numbered.
pub(super) struct Objects {
    access: Access,
    /// Tag of the export that was read or written last.
    export: Option<String>,
}

impl Objects {
    pub(super) fn of(session: &Session) -> Self {
        Self { access: session.access.clone(), export: None }
    }

    pub(super) async fn write_export(&mut self, text: &str) -> Result<(), StoreError> {
        let Access { bucket, place, lease } = &self.access;
        let key = place.export();
        loop {
            lease.check()?;
            let condition = self.export.as_deref().map_or(Condition::New, Condition::Over);
            let until = Instant::now() + PATIENCE;
            match bucket.put(&key, text.as_bytes(), condition, until).await? {
                Put::Written(tag) => {
                    self.export = Some(tag);
                    place.note_export(true);
                    return Ok(());
                }
                // The one of an earlier run. The lock is held, so it is ours to replace.
                Put::Refused(found) => self.export = found.map(|object| object.tag),
            }
        }
    }
}

impl Beside for Kept {
    fn site(&self) -> &dyn Site {
        &self.objects.access.place
    }

    fn note(&mut self, meta: &MetaWire, writes: u64) -> Result<(), StoreError> {
        self.objects.access.lease.note(|lock| {
            lock.writes = writes;
            lock.serial = meta.serial;
        });
        Ok(())
    }

    fn export(
        &mut self,
        table: &dyn Table,
        meta: &MetaWire,
        writes: u64,
    ) -> Result<(), StoreError> {
        let text = text_of(table, meta, &self.objects.access.place)?;
        self.runtime.block_on(self.objects.write_export(&text))?;
        self.objects.access.lease.note(|lock| lock.exported = writes);
        Ok(())
    }

    fn exported(&self) -> u64 {
        self.objects.access.lease.lock().exported
    }

    fn close(&mut self, failed: bool) {
        self.runtime.block_on(self.objects.access.lease.release(!failed));
    }
}

/// The text of the export of a state with these entries.
fn text_of(table: &dyn Table, meta: &MetaWire, place: &Place) -> Result<String, StoreError> {
    export_writer::of_table((table, place), meta, &|error| refuse_export(place, &error))
}

pub(super) fn export_text(export: &Export, place: &Place) -> Result<String, StoreError> {
    export.to_text(&|error| refuse_export(place, &error))
}

fn refuse_export(place: &Place, error: &io::Error) -> StoreError {
    let action = format!("write {}", place.url(&place.export()));
    StoreError::Unavailable { action, reason: error.to_string() }
}

/// Reads the last export; `None` before the first run has ended.
///
/// # Errors
/// As [`crate::Snapshot::read`].
pub(crate) async fn read_export(target: &Target) -> Result<Option<Export>, StoreError> {
    let Target { location, place } = target;
    let config = configure(location).await;
    let bucket = Arc::new(Bucket::new(&config, location));
    let cell = Cell::new(&config, location, &bucket, place);
    let until = Instant::now() + PATIENCE;
    if let Some((lock, _)) = cell.read(until).await? {
        lock.standing.check(&place.name())?;
    }
    let key = place.export();
    let Some(object) = bucket.get(&key, until).await? else { return Ok(None) };
    parse_export(&object.bytes, &place.url(&key)).map(Some)
}

/// The stacks that have a state in an environment.
///
/// # Errors
/// `Unavailable` when the bucket cannot be read.
pub(crate) async fn names(
    location: &S3Location,
    environment: &str,
) -> Result<BTreeSet<String>, StoreError> {
    let config = configure(location).await;
    let bucket = Arc::new(Bucket::new(&config, location));
    let prefix = environment_prefix(location, environment)?;
    let mut names = BTreeSet::new();
    for folder in bucket.folders(&prefix).await? {
        let name = folder.strip_prefix(&prefix).unwrap_or(&folder).trim_end_matches('/');
        if !crate::config::is_name(name) {
            continue;
        }
        let place = Place::new(location, environment, name)?;
        let cell = Cell::new(&config, location, &bucket, &place);
        let lock = cell.read(Instant::now() + PATIENCE).await?;
        // One that was moved away has a word to say about where it went.
        if lock.is_some_and(|(lock, _)| lock.lineage.is_some()) {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// Frees the lock of this id. Its holder, if he lives, stops at his next write.
///
/// # Errors
/// `Refused` when nobody holds the lock, or somebody does under another id.
pub(crate) async fn unlock(target: &Target, id: &str) -> Result<(), StoreError> {
    let Target { location, place } = target;
    let config = configure(location).await;
    let bucket = Arc::new(Bucket::new(&config, location));
    let cell = Cell::new(&config, location, &bucket, place);
    let refuse = |reason: String| StoreError::Refused {
        action: format!("free the lock `{}` of {}", id.escape_debug(), place.name()),
        reason,
    };
    let until = Instant::now() + PATIENCE;
    loop {
        let (lock, tag) = match cell.read(until).await? {
            Some((lock, tag)) if lock.owner.is_some() => (lock, tag),
            _ => return Err(refuse("nobody holds the lock".to_owned())),
        };
        if lock.id != id {
            return Err(refuse(format!("it is another one that is held: {}", lock.holder())));
        }
        // The holder may renew it between the two; then it is still the one that is meant.
        if let Wrote::Done(_) = cell.write(&lock.freed(false), Some(&tag), until).await? {
            return Ok(());
        }
    }
}
