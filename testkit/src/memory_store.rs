//! A store in memory, for tests of what stands on the store port.
//!
//! The main type is [`MemoryStore`], opened on a [`MemoryDisk`], which is what outlives a process.
//! It is as strict as a backend on a disk: one holder at a time, no intent closed twice. It can
//! refuse the n-th call of a kind, and it can die at the n-th write the way `kill -9` ends a
//! process: calls after that never return, and only what was durable can be opened again.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Edit, Intent, RunChange, RunRecord, State, Store, StoreError};
use tokio::sync::watch;

/// What outlives a process: the durable part of a [`MemoryStore`]. Clones are the same disk.
#[derive(Clone)]
pub struct MemoryDisk(Arc<Mutex<Disk>>);

struct Disk {
    state: State,
    history: Vec<RunRecord>,
    changes: Vec<RunChange>,
    next_intent: u64,
    writes: Vec<Write>,
    /// Which opening holds the disk.
    holder: Option<u64>,
    openings: u64,
}

/// A call that changed what is durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// An intent was begun under this number.
    Begin(u64, Box<Intent>),
    /// Edits were applied and this intent, if any, was closed.
    Commit(Option<u64>, Vec<Edit>),
    /// A run was begun.
    Start(RunRecord),
    /// A run was ended.
    Finish(RunRecord),
}

/// A kind of call that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// [`Store::load`].
    Load,
    /// [`Store::begin`].
    Begin,
    /// [`Store::commit`].
    Commit,
    /// [`Store::start`].
    Start,
    /// [`Store::finish`].
    Finish,
}

/// On which side of a write a crash falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The write is lost.
    BeforeWrite,
    /// The write is durable, and nobody was told.
    AfterWrite,
}

/// A store in memory: one opening of a [`MemoryDisk`].
pub struct MemoryStore {
    disk: MemoryDisk,
    opening: u64,
    plan: Mutex<Plan>,
    crashed: watch::Sender<bool>,
    lost: watch::Sender<Option<StoreError>>,
}

/// What is to go wrong.
#[derive(Default)]
struct Plan {
    calls: BTreeMap<Call, usize>,
    writes: usize,
    failures: Vec<(Call, usize, StoreError)>,
    crash: Option<(usize, Crash)>,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        static LINEAGES: AtomicU64 = AtomicU64::new(1);
        let lineage = format!("memory-{}", LINEAGES.fetch_add(1, Ordering::Relaxed));
        Self(Arc::new(Mutex::new(Disk {
            state: State { lineage, ..State::default() },
            history: Vec::new(),
            changes: Vec::new(),
            next_intent: 1,
            writes: Vec::new(),
            holder: None,
            openings: 0,
        })))
    }

    /// Opens the disk, as a new process would.
    ///
    /// # Errors
    /// `Locked` while another store holds it.
    pub fn open(&self) -> Result<MemoryStore, StoreError> {
        let mut disk = self.lock();
        if let Some(holder) = disk.holder {
            return Err(StoreError::Locked {
                holder: format!("opening {holder} of this disk"),
                id: None,
            });
        }
        disk.openings += 1;
        disk.holder = Some(disk.openings);
        Ok(MemoryStore {
            disk: self.clone(),
            opening: disk.openings,
            plan: Mutex::default(),
            crashed: watch::Sender::new(false),
            lost: watch::Sender::new(None),
        })
    }

    /// What is durable now. Open stores do not stand in the way.
    #[must_use]
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// All runs, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<RunRecord> {
        self.lock().history.clone()
    }

    /// What a run did, in order.
    #[must_use]
    pub fn changes(&self, run: &str) -> Vec<RunChange> {
        self.lock().changes.iter().filter(|change| change.run == run).cloned().collect()
    }

    /// Every write that became durable, in order.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.lock().writes.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        lock(&self.0)
    }
}

impl Default for MemoryDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// A store on an empty disk.
    #[must_use]
    pub fn new() -> Self {
        let disk = MemoryDisk::new();
        disk.lock().holder = Some(0);
        let (crashed, lost) = (watch::Sender::new(false), watch::Sender::new(None));
        Self { disk, opening: 0, plan: Mutex::default(), crashed, lost }
    }

    /// The disk below, to look at it or to open it again.
    #[must_use]
    pub fn disk(&self) -> MemoryDisk {
        self.disk.clone()
    }

    /// Makes the `nth` call of this kind, counted from 1 since the store was opened, fail with
    /// this error and write nothing.
    pub fn fail(&self, call: Call, nth: usize, error: StoreError) {
        lock(&self.plan).failures.push((call, nth, error));
    }

    /// Makes the store die at the `nth` write (`begin`, `commit`, `start` or `finish`), counted from 1
    /// since it was opened. That call and all later ones never return: wait for
    /// [`MemoryStore::crashed`] beside the work, drop the work, and open the disk again.
    pub fn crash_at(&self, nth: usize, side: Crash) {
        lock(&self.plan).crash = Some((nth, side));
    }

    /// Says to whoever waits for it that the state is not held any more, for this reason.
    pub fn lose(&self, error: StoreError) {
        self.lost.send_replace(Some(error));
    }

    /// Dies now: calls from here on never return and the disk can be opened again.
    pub fn crash(&self) -> MemoryDisk {
        self.release();
        self.crashed.send_replace(true);
        self.disk.clone()
    }

    /// Returns once the store has died.
    pub async fn crashed(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.crashed.subscribe().wait_for(|crashed| *crashed).await;
    }

    /// How many writes were tried since the store was opened.
    #[must_use]
    pub fn attempts(&self) -> usize {
        lock(&self.plan).writes
    }

    fn release(&self) {
        let mut disk = self.disk.lock();
        if disk.holder == Some(self.opening) {
            disk.holder = None;
        }
    }

    /// Counts a call and says how it is to fail.
    fn count(&self, call: Call) -> Result<(), StoreError> {
        let mut plan = lock(&self.plan);
        let count = plan.calls.entry(call).or_default();
        *count += 1;
        let count = *count;
        let planned = plan.failures.iter().position(|(c, nth, _)| *c == call && *nth == count);
        planned.map_or(Ok(()), |index| Err(plan.failures.swap_remove(index).2))
    }

    /// Waits for ever once the store is dead.
    async fn stop_if_dead(&self) {
        if *self.crashed.borrow() {
            pending::<()>().await;
        }
    }

    /// Makes one write, dying before or after it where that is planned.
    async fn write<T>(
        &self,
        call: Call,
        change: impl FnOnce(&mut Disk) -> Result<(T, Write), StoreError> + Send,
    ) -> Result<T, StoreError> {
        self.stop_if_dead().await;
        let side = {
            let mut plan = lock(&self.plan);
            plan.writes += 1;
            plan.crash.filter(|(nth, _)| *nth == plan.writes).map(|(_, side)| side)
        };
        self.count(call)?;
        if side == Some(Crash::BeforeWrite) {
            self.crash();
            self.stop_if_dead().await;
        }
        let done = {
            let mut disk = self.disk.lock();
            change(&mut disk).map(|(answer, write)| {
                disk.writes.push(write);
                answer
            })
        };
        if side == Some(Crash::AfterWrite) {
            self.crash();
            self.stop_if_dead().await;
        }
        done
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        self.release();
    }
}

impl Store for MemoryStore {
    fn lost(&self) -> BoxFuture<'_, StoreError> {
        let mut lost = self.lost.subscribe();
        Box::pin(async move {
            match lost.wait_for(Option::is_some).await.map(|error| error.clone()) {
                Ok(Some(error)) => error,
                // The sender lives in `self`, and it was waited for some.
                Ok(None) | Err(_) => pending().await,
            }
        })
    }

    fn load(&self) -> BoxFuture<'_, Result<State, StoreError>> {
        Box::pin(async move {
            self.stop_if_dead().await;
            self.count(Call::Load)?;
            Ok(self.disk.state())
        })
    }

    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.write(Call::Begin, |disk| {
            let number = disk.next_intent;
            disk.next_intent += 1;
            disk.state.open.push((number, intent.clone()));
            Ok((number, Write::Begin(number, Box::new(intent.clone()))))
        }))
    }

    fn commit<'a>(
        &'a self,
        intent: Option<u64>,
        edits: &'a [Edit],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(Call::Commit, move |disk| {
            if let Some(number) = intent {
                let open = &mut disk.state.open;
                let Some(index) = open.iter().position(|(known, _)| *known == number) else {
                    return Err(StoreError::Damaged {
                        what: format!("intent {number}"),
                        reason: "it is not open".to_owned(),
                    });
                };
                open.remove(index);
            }
            edits.iter().for_each(|edit| apply(disk, edit));
            Ok(((), Write::Commit(intent, edits.to_vec())))
        }))
    }

    fn start<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(Call::Start, |disk| {
            disk.state.serial += 1;
            disk.history.push(run.clone());
            Ok(((), Write::Start(run.clone())))
        }))
    }

    fn finish<'a>(&'a self, run: &'a RunRecord) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(Call::Finish, |disk| {
            disk.history.pop();
            disk.history.push(run.clone());
            Ok(((), Write::Finish(run.clone())))
        }))
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, StoreError>> {
        Box::pin(async move {
            self.stop_if_dead().await;
            Ok(self.disk.history())
        })
    }

    fn changes<'a>(&'a self, run: &'a str) -> BoxFuture<'a, Result<Vec<RunChange>, StoreError>> {
        Box::pin(async move {
            self.stop_if_dead().await;
            Ok(self.disk.changes(run))
        })
    }
}

fn apply(disk: &mut Disk, edit: &Edit) {
    let state = &mut disk.state;
    match edit {
        Edit::Put(record) => {
            state.records.insert(record.address.clone(), (**record).clone());
        }
        Edit::Remove(address) => {
            state.records.remove(address);
        }
        Edit::Outputs(outputs) => state.outputs.clone_from(outputs),
        Edit::Reads(reads) => state.reads.clone_from(reads),
        Edit::Lookup(key, value) => {
            state.lookups.insert(key.clone(), value.clone());
        }
        Edit::Durations(sort, samples) => {
            state.durations.insert(sort.clone(), samples.clone());
        }
        Edit::Note(change) => disk.changes.push((**change).clone()),
    }
}

/// A test that panicked with the lock held has failed already; the others can go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
