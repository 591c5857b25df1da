//! The keeper: one thread that owns the database, and the rules of the store.
//!
//! The main type is [`Keeper`]. Calls reach it as [`Request`]s. It takes all that have come in by
//! then, gives what they change to the table as one transaction, and makes it durable with one sync
//! before it answers any (group commit). A write or a sync that fails ends it, and the whole group
//! is told: what the system may have dropped is never tried again on the same file, and every later
//! call gets the same error.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Receiver;
use std::time::Instant;

use infra_sdk::store::StoreError;
use tokio::sync::oneshot;

use crate::FORMAT;
use crate::entries::{self, Reader};
use crate::group::Inbox;
use crate::record::{HeadWire, MetaWire, frame, to_body};
use crate::site::{Beside, Site};

/// More than one request ever appends to the history.
const CHANGES_PER_WRITE: u64 = 1 << 20;

/// A key with its bytes.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// A change of one key: its new bytes, or `None` to remove it.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// Looks at a key with its bytes.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError>;

/// What the keeper needs of a database.
pub(crate) trait Table: Send {
    /// The bytes under a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Shows all keys with this prefix, in order, with their bytes, until one is refused.
    fn each(&self, prefix: &[u8], visit: Visit<'_>) -> Result<(), StoreError>;

    /// All keys with this prefix, in order, with copies of their bytes.
    fn scan(&self, prefix: &[u8]) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        self.each(prefix, &mut |key, bytes| {
            entries.push((key.to_vec(), bytes.to_vec()));
            Ok(())
        })?;
        Ok(entries)
    }

    /// Applies changes, all or none, not yet durable.
    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError>;

    /// Makes everything durable that was applied.
    fn sync(&mut self) -> Result<(), StoreError>;

    /// Makes sure that the end of what is about to begin will find room, after so many bytes that
    /// are still to be applied.
    fn reserve(&mut self, _staged: u64) -> Result<(), StoreError> {
        Ok(())
    }

    /// Keeps a copy of what is there, durably, before a state of an earlier format is written to.
    /// A backend that is younger than all earlier formats has nothing to keep.
    fn keep_aside(&mut self, _format: u16) -> Result<(), StoreError> {
        Ok(())
    }

    /// Does what can wait for the end of a run. What was made durable stays so if it fails.
    fn tidy(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A call on its way to the keeper.
pub(crate) enum Request {
    /// Writes an intent.
    Begin {
        /// Its wire form.
        body: Vec<u8>,
        /// Gets its number.
        answer: Answer<u64>,
    },
    /// Applies edits and closes an intent.
    Commit {
        /// The intent.
        intent: Option<u64>,
        /// The edits.
        edits: Vec<BodyEdit>,
        /// Gets told when it is durable.
        answer: Answer<()>,
    },
    /// Begins a run.
    Start {
        /// The wire form of the run.
        body: Vec<u8>,
        /// Gets told when it is durable.
        answer: Answer<()>,
    },
    /// Ends the run that was begun last.
    Finish {
        /// The wire form of the run.
        body: Vec<u8>,
        /// Gets told when it is durable and exported.
        answer: Answer<()>,
    },
    /// Reads.
    Read(Read),
}

/// Work that reads the table, or is told why it cannot.
pub(crate) type Read =
    Box<dyn FnOnce(Result<(&dyn Table, &dyn Site, &MetaWire), StoreError>) + Send>;

/// Where an answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// An edit whose values are in wire form.
pub(crate) enum BodyEdit {
    /// Writes an entry.
    Put(Vec<u8>, Vec<u8>),
    /// Removes an entry.
    Remove(Vec<u8>),
    /// Removes all entries with this prefix.
    Clear(&'static [u8]),
    /// Appends to the history of the run of this name.
    Append(String, Vec<u8>),
}

/// A write that waits for the sync.
struct Pending {
    answer: Box<dyn FnOnce(Result<(), StoreError>)>,
    export: bool,
}

/// Owns the database while a store is open.
pub(crate) struct Keeper<T, B> {
    table: T,
    beside: B,
    meta: MetaWire,
    head: Head,
    open: BTreeSet<u64>,
    /// What the group that gathers changes, not yet in the table.
    staged: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Bytes of that, at most.
    staged_bytes: u64,
    /// The number of the latest change that is in the table.
    flushed: u64,
    /// A state of this earlier format becomes this with its first change.
    upgrade: Option<(u16, MetaWire)>,
    failed: Option<StoreError>,
}

impl<T: Table, B: Beside> Keeper<T, B> {
    /// Takes over a table after checking every entry of it; `marked` is the number of the latest
    /// change that must be there.
    pub(crate) fn open(table: T, beside: B, marked: u64) -> Result<Self, StoreError> {
        let (meta, head) = check(&table, beside.site(), marked)?;
        let open = Reader::new(&table, beside.site()).open_intents()?.into_iter().collect();
        let (staged, staged_bytes, flushed) = (BTreeMap::new(), 0, head.writes);
        let (upgrade, failed) = (None, None);
        Ok(Self { table, beside, meta, head, open, staged, staged_bytes, flushed, upgrade, failed })
    }

    /// The format of a state that an earlier release wrote.
    pub(crate) fn earlier_format(&self) -> Result<Option<u16>, StoreError> {
        let format = Reader::new(&self.table, self.beside.site()).meta_format()?;
        Ok(format.filter(|format| *format < FORMAT))
    }

    /// Says what a state of an earlier format becomes with its first change.
    pub(crate) fn upgrade(&mut self, format: u16, meta: MetaWire) {
        self.upgrade = Some((format, meta));
    }

    /// How many changes there were.
    pub(crate) fn writes(&self) -> u64 {
        self.head.writes
    }

    /// Bytes of all entries.
    pub(crate) fn bytes(&self) -> u64 {
        self.head.bytes
    }

    /// The table, to read.
    pub(crate) fn table(&self) -> &T {
        &self.table
    }

    /// What the store is.
    pub(crate) fn meta(&self) -> &MetaWire {
        &self.meta
    }

    /// Serves until every sender is gone.
    pub(crate) fn run(mut self, requests: &Receiver<Request>) {
        let mut inbox = Inbox::new(requests);
        while let Some(first) = inbox.first() {
            let mut pending: Vec<Pending> = self.accept(first).into_iter().collect();
            while let Some(request) = inbox.next(pending.len()) {
                pending.extend(self.accept(request));
            }
            if pending.is_empty() {
                continue;
            }
            let started = Instant::now();
            let synced = self.sync();
            inbox.synced(pending.len(), started.elapsed());
            let (ends, others): (Vec<_>, Vec<_>) =
                pending.into_iter().partition(|write| write.export);
            // Nobody waits for an export who does not need it.
            others.into_iter().for_each(|write| (write.answer)(synced.clone()));
            if !ends.is_empty() {
                let done = synced.and_then(|()| self.export());
                ends.into_iter().for_each(|write| (write.answer)(done.clone()));
            }
        }
        // Nobody is left to be told, and the next one to open the state writes what is missing.
        self.catch_up().ok();
        self.beside.close(self.failed.is_some());
    }

    /// Writes the export where it does not hold all changes: the run that made them was killed, its
    /// disk was full, or it only settled what another one had left. Before the first run there is
    /// none, and a state of an earlier format keeps its own until it is changed.
    pub(crate) fn catch_up(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        let behind = self.beside.exported() != self.head.writes;
        if behind && self.meta.serial > 0 && self.upgrade.is_none() {
            self.export()
        } else {
            Ok(())
        }
    }

    /// Does what is asked. Writes are answered after the sync, all else at once.
    fn accept(&mut self, request: Request) -> Option<Pending> {
        match request {
            Request::Begin { body, answer } => {
                let done = self.begin(&body);
                pend(done, answer, false)
            }
            Request::Commit { intent, edits, answer } => {
                let done = self.commit(intent, edits);
                pend(done, answer, false)
            }
            Request::Start { body, answer } => {
                let done = self.start(body);
                pend(done, answer, false)
            }
            Request::Finish { body, answer } => {
                let done = self.finish(&body);
                pend(done, answer, true)
            }
            Request::Read(work) => {
                let usable = self.flush();
                let there = (&self.table as &dyn Table, self.beside.site(), &self.meta);
                work(usable.map(|()| there));
                None
            }
        }
    }

    fn begin(&mut self, body: &[u8]) -> Result<u64, StoreError> {
        self.writable()?;
        // No failure of the store: what has begun can still end.
        self.table.reserve(self.staged_bytes)?;
        let number = self.head.next_intent;
        let key = entries::intent(number);
        let framed = frame(&key, body);
        self.head.next_intent += 1;
        self.stage(BTreeMap::from([(key, Some(framed))]))?;
        self.open.insert(number);
        Ok(number)
    }

    fn commit(&mut self, intent: Option<u64>, edits: Vec<BodyEdit>) -> Result<(), StoreError> {
        self.writable()?;
        let mut changes = BTreeMap::new();
        if let Some(number) = intent {
            if !self.open.contains(&number) {
                let what = format!("intent {number}");
                return Err(StoreError::Damaged { what, reason: "it is not open".to_owned() });
            }
            changes.insert(entries::intent(number), None);
        }
        // Every request has a number of its own, and fewer than this many changes.
        let mut number = self.head.writes.saturating_add(1).saturating_mul(CHANGES_PER_WRITE);
        for edit in edits {
            match edit {
                BodyEdit::Append(run, body) => {
                    let key = entries::change(&run, number);
                    number = number.saturating_add(1);
                    let framed = frame(&key, &body);
                    changes.insert(key, Some(framed));
                }
                BodyEdit::Put(key, body) => {
                    let framed = frame(&key, &body);
                    changes.insert(key, Some(framed));
                }
                BodyEdit::Remove(key) => {
                    changes.insert(key, None);
                }
                BodyEdit::Clear(prefix) => {
                    for (key, bytes) in &mut changes {
                        if key.starts_with(prefix) {
                            *bytes = None;
                        }
                    }
                    let staged = self.staged.keys().filter(|key| key.starts_with(prefix));
                    changes.extend(staged.map(|key| (key.clone(), None)));
                    self.table.each(prefix, &mut |key, _| {
                        changes.insert(key.to_vec(), None);
                        Ok(())
                    })?;
                }
            }
        }
        self.stage(changes)?;
        if let Some(number) = intent {
            self.open.remove(&number);
        }
        Ok(())
    }

    fn start(&mut self, body: Vec<u8>) -> Result<(), StoreError> {
        self.writable()?;
        let meta = MetaWire { serial: self.meta.serial + 1, ..self.meta.clone() };
        let run = entries::run(meta.serial);
        let changes = [(entries::META.to_vec(), to_body(&meta)?), (run, body)];
        let changes = changes.map(|(key, body)| {
            let framed = frame(&key, &body);
            (key, Some(framed))
        });
        self.stage(BTreeMap::from(changes))?;
        self.meta = meta;
        Ok(())
    }

    fn finish(&mut self, body: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        let key = entries::run(self.meta.serial);
        let framed = frame(&key, body);
        self.stage(BTreeMap::from([(key, Some(framed))]))
    }

    /// Adds changes to those of the group, all or none.
    fn stage(&mut self, changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), StoreError> {
        let done = self.try_stage(changes);
        self.note_failure(&done);
        done
    }

    fn try_stage(&mut self, changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), StoreError> {
        let (mut head, mut bytes) = (self.head.clone(), 0);
        for (key, new) in &changes {
            let old = match self.staged.get(key) {
                Some(staged) => staged.as_deref().map(Cow::Borrowed),
                None => self.table.get(key)?.map(Cow::Owned),
            };
            if let Some(old) = old {
                head.remove(key, &old);
            }
            if let Some(new) = new {
                head.add(key, new);
            }
            bytes += key.len() + new.as_ref().map_or(0, Vec::len);
        }
        head.writes += 1;
        self.head = head;
        self.staged_bytes += bytes as u64;
        self.staged.extend(changes);
        Ok(())
    }

    /// Gives the table what the group changes, and the head that counts it, in one transaction.
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        // A commit of nothing changes no entry, and it counts all the same.
        if self.flushed == self.head.writes {
            return Ok(());
        }
        let done = self.head.change().and_then(|head| {
            let mut changes: Vec<Change> = std::mem::take(&mut self.staged).into_iter().collect();
            changes.push(head);
            self.staged_bytes = 0;
            self.table.apply(&changes)
        });
        self.flushed = self.head.writes;
        self.note_failure(&done);
        done
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        let done = self.table.sync().and_then(|()| self.beside.note(&self.meta, self.head.writes));
        self.note_failure(&done);
        done
    }

    fn export(&mut self) -> Result<(), StoreError> {
        self.table.tidy()?;
        self.beside.export(&self.table, &self.meta, self.head.writes)
    }

    /// Whether a change may be written; brings a state of an earlier format up first.
    pub(crate) fn writable(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        let Some((format, meta)) = self.upgrade.take() else { return Ok(()) };
        let done = self.table.keep_aside(format).and_then(|()| {
            let framed = frame(entries::META, &to_body(&meta)?);
            self.try_stage(BTreeMap::from([(entries::META.to_vec(), Some(framed))]))
        });
        self.note_failure(&done);
        self.meta = meta;
        done
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn note_failure(&mut self, done: &Result<(), StoreError>) {
        if let Err(error) = done {
            self.failed = Some(error.clone());
        }
    }
}

/// Entries in memory, from which a state is founded.
impl Table for BTreeMap<Vec<u8>, Vec<u8>> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(key).cloned())
    }

    fn each(&self, prefix: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        let mut entries = self.range(prefix.to_vec()..);
        entries
            .by_ref()
            .take_while(|(key, _)| key.starts_with(prefix))
            .try_for_each(|(key, bytes)| visit(key, bytes))
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        for (key, bytes) in changes {
            match bytes {
                Some(bytes) => self.insert(key.clone(), bytes.clone()),
                None => self.remove(key),
            };
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Fills an empty table, durably, with bodies under their keys. It goes on counting after
/// `writes`: every intent was a change, so no number after that many was ever given out.
pub(crate) fn found(
    table: &mut impl Table,
    meta: &MetaWire,
    writes: u64,
    bodies: Vec<Entry>,
) -> Result<(), StoreError> {
    let next_intent = writes.saturating_add(1);
    let mut head = Head { writes, next_intent, ..Head::default() };
    let mut changes: Vec<Change> = Vec::with_capacity(bodies.len() + 2);
    for (key, body) in bodies.into_iter().chain([(entries::META.to_vec(), to_body(meta)?)]) {
        let framed = frame(&key, &body);
        head.add(&key, &framed);
        changes.push((key, Some(framed)));
    }
    changes.push(head.change()?);
    table.apply(&changes)?;
    table.sync()
}

/// Checks every entry of a table; `marked` is the number of the latest change that must be there.
pub(crate) fn check(
    table: &dyn Table,
    site: &dyn Site,
    marked: u64,
) -> Result<(MetaWire, Head), StoreError> {
    let reader = Reader::new(table, site);
    let what = format!("the state in {}", site.name());
    let (Some(meta), Some(head)) = (reader.meta()?, reader.head()?) else {
        return Err(site.damaged(&what, "its database opens and is empty"));
    };
    let mut found = Head { writes: head.writes, next_intent: head.next_intent, ..Head::default() };
    table.each(b"", &mut |key, framed| {
        if key != entries::HEAD {
            reader.unframe(key, framed)?;
            found.add(key, framed);
        }
        Ok(())
    })?;
    if found.wire() != head {
        let reason = format!(
            "its entries are not the ones that were written: there should be {}, and there are {}",
            head.entries, found.entries
        );
        return Err(site.damaged(&what, &reason));
    }
    if head.writes < marked {
        let reason = format!(
            "it has lost changes: {marked} were made durable, and it knows {}",
            head.writes
        );
        return Err(site.damaged(&what, &reason));
    }
    Ok((meta, found))
}

/// Answers at once what has failed; what has not waits for the sync.
fn pend<A: Send + 'static>(
    done: Result<A, StoreError>,
    answer: Answer<A>,
    export: bool,
) -> Option<Pending> {
    match done {
        Ok(value) => {
            // A caller that was cancelled needs no answer.
            let answer = move |synced: Result<(), StoreError>| {
                answer.send(synced.map(|()| value)).ok();
            };
            Some(Pending { answer: Box::new(answer), export })
        }
        Err(error) => {
            answer.send(Err(error)).ok();
            None
        }
    }
}

/// Counts and digests the entries as they come and go, at a cost that does not depend on how many
/// there are.
#[derive(Clone, Default)]
pub(crate) struct Head {
    writes: u64,
    next_intent: u64,
    entries: u64,
    /// Of keys and entries; not part of what is written.
    bytes: u64,
    digest: [u8; 32],
}

impl Head {
    /// How many changes there were.
    #[cfg(feature = "s3")]
    pub(crate) fn writes(&self) -> u64 {
        self.writes
    }

    fn add(&mut self, key: &[u8], framed: &[u8]) {
        self.entries += 1;
        self.bytes += (key.len() + framed.len()) as u64;
        self.combine(key, framed);
    }

    fn remove(&mut self, key: &[u8], framed: &[u8]) {
        self.entries = self.entries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub((key.len() + framed.len()) as u64);
        self.combine(key, framed);
    }

    /// Exclusive or: adding twice is removing. Against accidents, not against an attacker.
    fn combine(&mut self, key: &[u8], framed: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(key.len() as u64).to_be_bytes()).update(key).update(framed);
        let digest = hasher.finalize();
        self.digest.iter_mut().zip(digest.as_bytes()).for_each(|(sum, byte)| *sum ^= byte);
    }

    fn wire(&self) -> HeadWire {
        HeadWire {
            writes: self.writes,
            next_intent: self.next_intent,
            entries: self.entries,
            digest: blake3::Hash::from_bytes(self.digest).to_hex().to_string(),
        }
    }

    fn change(&self) -> Result<Change, StoreError> {
        let framed = frame(entries::HEAD, &to_body(&self.wire())?);
        Ok((entries::HEAD.to_vec(), Some(framed)))
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
