//! The keeper's table over a journal of objects.
//!
//! The main type is [`Journal`]. All entries are in memory; what was applied since the last sync
//! becomes one object, whose number is the one after the last that this run has seen and which must
//! not exist. So a write by anybody else is noticed at the next write, and nothing is written after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use infra_sdk::store::StoreError;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::bucket::{Bucket, Condition, PATIENCE, Put};
use super::location::{Numbered, Place};
use super::lock::Lease;
use super::wire::{self, JournalWire, SnapshotWire};
use crate::keeper::{Change, Table, Visit};
use crate::seal::random_id;
use crate::site::Site as _;

/// Objects that are read at the same time.
const AT_ONCE: usize = 16;

/// Changes in the journal below which a snapshot is not worth its write.
const FEW: u64 = 128;

/// Objects of the journal that a run may leave to the next one to read, one by one.
const LEFT: u64 = 64;

/// A run that was dispossessed may write as many entries before it notices as it has writes on
/// their way: one.
const STRAYS: usize = 8;

/// What is needed to read and write the objects of a state.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) bucket: Arc<Bucket>,
    pub(super) place: Place,
    pub(super) lease: Arc<Lease>,
}

/// What the objects say.
#[derive(Default)]
pub(super) struct Content {
    pub(super) entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Number of the latest entry of the journal.
    pub(super) last: u64,
    /// Number of the latest snapshot; `None` where there is no state.
    pub(super) snapshot: Option<u64>,
    /// The taking of the lock under which the latest object was written.
    epoch: u64,
    fences: BTreeSet<u64>,
    /// Objects of the journal that are there.
    journal: BTreeSet<u64>,
    snapshots: BTreeSet<u64>,
    /// Entries of the journal, and changes in them, since the latest snapshot.
    objects_since: u64,
    changes_since: u64,
}

/// The entries of a state, and its journal.
pub(super) struct Journal {
    access: Access,
    runtime: Handle,
    content: Content,
    buffer: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// A snapshot that could not be written is tried again when there are that many changes.
    snapshot_at: u64,
    untidy: bool,
}

impl Access {
    /// Reads all objects of the state and checks each. The lock must be held before: what is
    /// written after this reading is written by us, or by a run that was dispossessed.
    pub(super) async fn load(&self) -> Result<Content, StoreError> {
        let content = load(&self.bucket, &self.place).await?;
        let lock = self.lease.lock();
        if content.epoch > lock.epoch {
            return Err(self.lease.lose().await);
        }
        if content.snapshot.is_some() {
            content.reaches(lock.journal, &self.place)?;
        }
        Ok(content)
    }

    /// Stops the run that held the lock before: takes the number that it would write next. What it
    /// wrote until then counts, so the state is read again when it was quicker.
    pub(super) async fn fence(&self, mut content: Content) -> Result<Content, StoreError> {
        // What that run would write first, where there is no state yet, is the first snapshot. So
        // is what we write.
        if content.snapshot.is_none() {
            return Ok(content);
        }
        for _ in 0..STRAYS {
            let number = content.last + 1;
            if self.put_journal(number, true, &BTreeMap::new()).await? {
                content.last = number;
                content.fences.insert(number);
                content.journal.insert(number);
                content.objects_since += 1;
                return Ok(content);
            }
            content = self.load().await?;
        }
        Err(self.lease.lose().await)
    }

    /// Writes an entry of the journal; says no when there is another one already.
    async fn put_journal(
        &self,
        number: u64,
        fence: bool,
        changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    ) -> Result<bool, StoreError> {
        let lock = self.lease.lock();
        let wire = JournalWire::new(&lock.id, lock.epoch, fence, changes);
        self.put_new(Numbered::Journal, number, &wire).await
    }

    async fn put_new(
        &self,
        kind: Numbered,
        number: u64,
        wire: &impl serde::Serialize,
    ) -> Result<bool, StoreError> {
        // Before, so that nothing is sent without the lock; after, because the reply may have come
        // when the lock was gone, and the caller goes on to call AWS.
        self.lease.check()?;
        let key = self.place.numbered(kind, number);
        let body = wire::encode(&key, wire)?;
        let until = Instant::now() + PATIENCE;
        let put = tokio::select! {
            put = self.bucket.put(&key, &body, Condition::New, until) => put?,
            error = self.lease.over() => return Err(error),
        };
        self.lease.check()?;
        Ok(matches!(put, Put::Written(_)))
    }

    /// Makes the first snapshot of a place where there is nothing; says no when there is one now.
    pub(super) async fn found(
        &self,
        entries: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Result<bool, StoreError> {
        self.put_snapshot(0, &BTreeSet::new(), entries).await
    }

    /// Puts these entries in the place of all that is there, in one step, with a number above all
    /// that were ever used: those there are, and `floor`.
    pub(super) async fn replace(
        &self,
        entries: &BTreeMap<Vec<u8>, Vec<u8>>,
        floor: u64,
    ) -> Result<(), StoreError> {
        for _ in 0..STRAYS {
            let there = self.numbers().await?;
            let number = there.last().copied().unwrap_or_default().max(floor) + 1;
            // A run that was dispossessed must not find the number free.
            if self.put_journal(number, true, &BTreeMap::new()).await? {
                // Nothing says which of the earlier objects are fences, so all of them stay.
                let fences = there.into_iter().chain([number]).collect();
                if self.put_snapshot(number, &fences, entries).await? {
                    return Ok(());
                }
                break;
            }
        }
        Err(self.lease.lose().await)
    }

    /// Puts these entries in the place of those that were read, in one step, and deletes what only
    /// the earlier ones need.
    pub(super) async fn rewrite(
        &self,
        content: &Content,
        entries: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let number = content.last + 1;
        if !self.put_journal(number, false, &BTreeMap::new()).await?
            || !self.put_snapshot(number, &content.fences, entries).await?
        {
            return Err(self.lease.lose().await);
        }
        self.lease.note(|lock| lock.journal = number);
        let journal = content.journal.difference(&content.fences);
        let journal = journal.map(|number| self.place.numbered(Numbered::Journal, *number));
        let snapshots = content.snapshots.iter();
        let snapshots = snapshots.map(|number| self.place.numbered(Numbered::Snapshot, *number));
        self.bucket.delete(&journal.chain(snapshots).collect::<Vec<_>>()).await
    }

    /// All numbers that objects of the state have.
    async fn numbers(&self) -> Result<BTreeSet<u64>, StoreError> {
        let keys = self.bucket.list(self.place.prefix()).await?;
        let number = |key: &String| {
            let journal = self.place.number(Numbered::Journal, key);
            journal.or_else(|| self.place.number(Numbered::Snapshot, key))
        };
        Ok(keys.iter().filter_map(number).collect())
    }

    /// The largest number that an object of the state has; 0 where there is none.
    pub(super) async fn last_number(&self) -> Result<u64, StoreError> {
        Ok(self.numbers().await?.last().copied().unwrap_or_default())
    }

    /// Copies all objects of the state to where no run looks, and says where, if there were any.
    pub(super) async fn set_aside(&self) -> Result<Option<String>, StoreError> {
        let keys = self.bucket.list(self.place.prefix()).await?;
        let numbered = |key: &String| {
            let kinds = [Numbered::Journal, Numbered::Snapshot];
            kinds.iter().any(|kind| self.place.number(*kind, key).is_some())
        };
        let ours = |key: &String| numbered(key) || *key == self.place.export();
        let keys: Vec<String> = keys.into_iter().filter(ours).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        let id = random_id().map_err(|error| {
            self.bucket.unavailable(
                "copy the objects below",
                self.place.prefix(),
                error.to_string(),
            )
        })?;
        let copies = keys.into_iter().map(|from| {
            let to = self.place.aside(&id, &from);
            self.copy(from, to)
        });
        futures_util::stream::iter(copies).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(Some(self.place.url(&self.place.aside(&id, ""))))
    }

    async fn copy(&self, from: String, to: String) -> Result<(), StoreError> {
        let until = Instant::now() + PATIENCE;
        let Some(object) = self.bucket.get(&from, until).await? else { return Ok(()) };
        match self.bucket.put(&to, &object.bytes, Condition::New, until).await? {
            Put::Written(_) => Ok(()),
            Put::Refused(_) => {
                Err(self.bucket.unavailable("write", &to, "it is there already".to_owned()))
            }
        }
    }

    async fn put_snapshot(
        &self,
        number: u64,
        fences: &BTreeSet<u64>,
        entries: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let lock = self.lease.lock();
        let wire = SnapshotWire::new(&lock.id, lock.epoch, fences, entries);
        self.put_new(Numbered::Snapshot, number, &wire).await
    }
}

impl Content {
    /// Whether the journal goes as far as its lock knows it.
    pub(super) fn reaches(&self, known: u64, place: &Place) -> Result<(), StoreError> {
        if self.last >= known {
            return Ok(());
        }
        let reason = format!("its journal ends with {}, and {known} was there once", self.last);
        Err(place.damaged(&format!("the state in {}", place.name()), &reason))
    }
}

/// Reads all objects of a state and checks each.
pub(super) async fn load(bucket: &Bucket, place: &Place) -> Result<Content, StoreError> {
    let keys = bucket.list(place.prefix()).await?;
    place.note_export(keys.contains(&place.export()));
    let numbers = |kind| keys.iter().filter_map(|key| place.number(kind, key)).collect();
    let journal: BTreeSet<u64> = numbers(Numbered::Journal);
    let snapshots: BTreeSet<u64> = numbers(Numbered::Snapshot);
    let mut content = Content { journal, snapshots, ..Content::default() };
    let what = format!("the state in {}", place.name());
    let Some(&start) = content.snapshots.last() else {
        return if content.journal.is_empty() {
            Ok(content)
        } else {
            Err(place.damaged(&what, "it has a journal, and its snapshot is gone"))
        };
    };
    let snapshot: SnapshotWire = read(bucket, place, Numbered::Snapshot, start, &content).await?;
    let key = place.numbered(Numbered::Snapshot, start);
    let named = |reason: String| place.damaged(&place.url(&key), &reason);
    content.epoch = snapshot.epoch;
    content.entries = snapshot.entries().map_err(named)?;
    content.fences = snapshot.fences;
    content.snapshot = Some(start);
    content.last = content.journal.last().map_or(start, |last| start.max(*last));
    let missing = (start..content.last).map(|n| n + 1).find(|n| !content.journal.contains(n));
    if let Some(missing) = missing {
        let url = place.url(&place.numbered(Numbered::Journal, missing));
        let reason = format!("{url} is gone, and {} is there", content.last);
        return Err(place.damaged(&what, &reason));
    }
    let entries =
        futures_util::stream::iter(start + 1..=content.last)
            .map(|number| {
                let content = &content;
                async move {
                    Ok((number, read(bucket, place, Numbered::Journal, number, content).await?))
                }
            })
            .buffered(AT_ONCE)
            .try_collect::<Vec<(u64, JournalWire)>>()
            .await?;
    for (number, entry) in entries {
        let key = place.numbered(Numbered::Journal, number);
        let named = |reason: String| place.damaged(&place.url(&key), &reason);
        if entry.epoch < content.epoch {
            return Err(named("it was written by a run before the one before it".to_owned()));
        }
        content.epoch = entry.epoch;
        if entry.fence {
            content.fences.insert(number);
        }
        content.changes_since += entry.replay(&mut content.entries).map_err(named)? as u64;
        content.objects_since += 1;
    }
    Ok(content)
}

async fn read<T: serde::de::DeserializeOwned>(
    bucket: &Bucket,
    place: &Place,
    kind: Numbered,
    number: u64,
    content: &Content,
) -> Result<T, StoreError> {
    let key = place.numbered(kind, number);
    let damaged = |reason: &str| {
        let before = content.snapshots.range(..number).next_back();
        let reason = match before {
            Some(before) if kind == Numbered::Snapshot => format!(
                "{reason}; without it the state is made from the snapshot {before} and the \
                 journal since, if you delete it"
            ),
            _ => reason.to_owned(),
        };
        place.damaged(&place.url(&key), &reason)
    };
    match bucket.get(&key, Instant::now() + PATIENCE).await? {
        Some(object) => wire::read(&key, &object.bytes, damaged),
        None => Err(damaged("it is listed, and it is gone")),
    }
}

impl Journal {
    pub(super) fn new(access: Access, runtime: Handle, content: Content) -> Self {
        let (buffer, untidy) = (BTreeMap::new(), false);
        let mut journal = Self { access, runtime, content, buffer, snapshot_at: 0, untidy };
        journal.snapshot_at = journal.enough();
        journal
    }

    /// So many changes are worth a snapshot that the cost of snapshots per change is constant.
    fn enough(&self) -> u64 {
        FEW.max(self.content.entries.len() as u64)
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let number = self.content.last + 1;
        if !self.access.put_journal(number, false, &self.buffer).await? {
            return Err(self.access.lease.lose().await);
        }
        self.content.last = number;
        self.content.journal.insert(number);
        self.content.objects_since += 1;
        self.content.changes_since += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes a snapshot and deletes what only the snapshot before the last one needs.
    async fn compact(&mut self) -> Result<(), StoreError> {
        let content = &mut self.content;
        let number = content.last;
        if !self.access.put_snapshot(number, &content.fences, &content.entries).await? {
            return Err(self.access.lease.lose().await);
        }
        let before = content.snapshot.replace(number).unwrap_or_default();
        content.snapshots.insert(number);
        content.objects_since = 0;
        content.changes_since = 0;
        let place = &self.access.place;
        let journal = content.journal.range(..=before).filter(|n| !content.fences.contains(n));
        let journal: Vec<u64> = journal.copied().collect();
        let snapshots: Vec<u64> = content.snapshots.range(..before).copied().collect();
        let keys = |kind, numbers: &[u64]| -> Vec<String> {
            numbers.iter().map(|number| place.numbered(kind, *number)).collect()
        };
        let old =
            [keys(Numbered::Journal, &journal), keys(Numbered::Snapshot, &snapshots)].concat();
        self.access.bucket.delete(&old).await?;
        content.journal.retain(|number| journal.binary_search(number).is_err());
        content.snapshots.retain(|number| snapshots.binary_search(number).is_err());
        Ok(())
    }

    fn compact_now(&mut self) -> Result<(), StoreError> {
        let runtime = self.runtime.clone();
        let done = runtime.block_on(self.compact());
        self.untidy = done.is_err();
        self.snapshot_at = if done.is_ok() { self.enough() } else { self.snapshot_at * 2 };
        done
    }
}

impl Table for Journal {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.content.entries.get(key).cloned())
    }

    fn each(&self, prefix: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        self.content.entries.each(prefix, visit)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        for (key, bytes) in changes {
            match bytes {
                Some(bytes) => self.content.entries.insert(key.clone(), bytes.clone()),
                None => self.content.entries.remove(key),
            };
            self.buffer.insert(key.clone(), bytes.clone());
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return self.access.lease.check();
        }
        let runtime = self.runtime.clone();
        runtime.block_on(self.write())?;
        if self.content.changes_since > self.snapshot_at {
            // The changes are durable without it. What fails here is tried again later, and at the
            // end of the run it is told.
            if let Err(lost @ StoreError::Lost { .. }) = self.compact_now() {
                return Err(lost);
            }
        }
        self.access.lease.note(|lock| lock.journal = self.content.last);
        Ok(())
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        if self.untidy || self.content.objects_since > LEFT { self.compact_now() } else { Ok(()) }
    }
}
