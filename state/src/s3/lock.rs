//! The lock of a shared state: a lease that its holder renews while he lives.
//!
//! The main type is [`Lease`]. Nobody compares clocks: whoever waits takes a lock for abandoned only
//! when he has seen it unchanged for a whole lease on his own monotonic clock, and a holder that
//! could not renew it for that long stops by himself, measured from before the renewal was sent.
//! What stops a holder for certain that was asleep meanwhile is the journal, not this lock: whoever
//! takes it over writes the entry that the one before would write next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_sdk::store::StoreError;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::bucket::PATIENCE;
use super::cell::{Cell, Wrote};
use super::wire::LockWire;
use crate::lock::{LockOwner, OwnerWire};
use crate::seal::random_id;
use crate::site::Site as _;
use crate::standing::Standing;

/// How long a store that is closed tries to give its lock back; it frees itself otherwise.
const FAREWELL: Duration = Duration::from_secs(5);

/// A lock that is held.
pub(super) struct Lease {
    cell: Arc<Cell>,
    shared: Arc<Mutex<Shared>>,
    stop: watch::Sender<bool>,
    renewing: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    lock: LockWire,
    tag: String,
    /// Nobody takes the lock over before.
    until: Instant,
    lost: Option<StoreError>,
    /// Why the latest renewal did not work.
    trouble: String,
}

/// Who wants the lock, and on what terms.
pub(super) struct Wish<'a> {
    pub(super) owner: &'a LockOwner,
    pub(super) lease: Duration,
    /// How long to wait for a holder that lives.
    pub(super) wait: Duration,
    /// Whether a place is meant too where no state lives: one is moved into it, or out of it.
    pub(super) anywhere: bool,
}

/// A lock just after it was taken.
pub(super) struct Taken {
    pub(super) lease: Lease,
    /// The lock as it was before.
    pub(super) before: LockWire,
}

/// A lock that is held by somebody else, and since when it has not changed.
struct Watched {
    id: String,
    version: u64,
    since: Instant,
}

/// Takes the lock: at once if it is free, else when its holder has not renewed it for a lease.
///
/// # Errors
/// `Locked` as soon as the holder is seen alive and there is no more time to wait.
pub(super) async fn take(cell: Cell, wish: &Wish<'_>) -> Result<Taken, StoreError> {
    let id = random_id().map_err(|error| StoreError::Unavailable {
        action: format!("lock {}", cell.place().name()),
        reason: error.to_string(),
    })?;
    let began = Instant::now();
    let mut watched: Option<Watched> = None;
    let mut alive = false;
    loop {
        let (before, tag) = match cell.read(Instant::now() + PATIENCE).await? {
            Some((lock, tag)) => (lock, Some(tag)),
            None => (LockWire::first(), None),
        };
        if !wish.anywhere {
            before.standing.check(&cell.place().name())?;
        }
        if before.owner.is_some() {
            let same = watched.as_ref().is_some_and(|watched| {
                watched.id == before.id && watched.version == before.version
            });
            if !same {
                alive |= watched.is_some();
                let (id, version) = (before.id.clone(), before.version);
                watched = Some(Watched { id, version, since: Instant::now() });
            }
            let quiet = watched.as_ref().map_or(Duration::ZERO, |w| w.since.elapsed());
            if quiet < before.lease() {
                if alive && began.elapsed() >= wish.wait {
                    return Err(StoreError::Locked {
                        holder: before.holder(),
                        id: Some(before.id),
                    });
                }
                let poll = before.lease() / 20;
                let poll = poll.clamp(Duration::from_millis(50), Duration::from_secs(1));
                tokio::time::sleep(poll).await;
                continue;
            }
        }
        let lock = before.taken(&id, OwnerWire::from(wish.owner), wish.lease);
        let sent = Instant::now();
        // One lease and no longer: a later success would come with nothing left of it.
        match cell.write(&lock, tag.as_deref(), sent + wish.lease).await? {
            Wrote::Done(tag) => {
                let until = sent + wish.lease;
                return Ok(Taken { lease: Lease::start(cell, lock, tag, until), before });
            }
            // Somebody else was quicker; the next round says who.
            Wrote::Refused(_) => {}
        }
    }
}

impl Lease {
    fn start(cell: Cell, lock: LockWire, tag: String, until: Instant) -> Self {
        let cell = Arc::new(cell);
        let shared = Shared { lock, tag, until, lost: None, trouble: String::new() };
        let shared = Arc::new(Mutex::new(shared));
        let (stop, stopped) = watch::channel(false);
        let renewing = renew(Arc::clone(&cell), Arc::clone(&shared), stopped);
        let renewing = Mutex::new(Some(tokio::spawn(renewing)));
        Self { cell, shared, stop, renewing }
    }

    /// The lock as it was written last.
    pub(super) fn lock(&self) -> LockWire {
        open(&self.shared).lock.clone()
    }

    /// Whether the lock is held still. Asked before every write, and after it.
    ///
    /// # Errors
    /// `Lost` when another run has it, `Unavailable` when that cannot be ruled out.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let shared = open(&self.shared);
        if let Some(lost) = &shared.lost {
            return Err(lost.clone());
        }
        if Instant::now() < shared.until {
            return Ok(());
        }
        let lease = shared.lock.lease().as_secs_f64();
        let trouble =
            if shared.trouble.is_empty() { String::new() } else { format!(": {}", shared.trouble) };
        Err(StoreError::Unavailable {
            action: format!("keep the lock of {}", self.cell.place().name()),
            reason: format!("it could not be renewed for {lease} s{trouble}"),
        })
    }

    /// Waits until the lock is not held for certain any more, and says why.
    pub(super) async fn over(&self) -> StoreError {
        loop {
            if let Err(error) = self.check() {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Notes what the next renewal says of the journal.
    pub(super) fn note(&self, note: impl Fn(&mut LockWire)) {
        note(&mut open(&self.shared).lock);
    }

    /// Writes the lock at once with this change.
    pub(super) async fn change(
        &self,
        change: impl Fn(&mut LockWire) + Send,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.halt().await;
        let done = write(&self.cell, &self.shared, change, Instant::now() + PATIENCE).await;
        let _: bool = self.stop.send_replace(false);
        let renewing =
            renew(Arc::clone(&self.cell), Arc::clone(&self.shared), self.stop.subscribe());
        *open(&self.renewing) = Some(tokio::spawn(renewing));
        done?;
        self.check()
    }

    /// Another run has written where only the holder writes: this one is the holder no more.
    pub(super) async fn lose(&self) -> StoreError {
        let holder = match self.cell.read(Instant::now() + FAREWELL).await {
            Ok(Some((lock, _))) if lock.id != open(&self.shared).lock.id => lock.holder(),
            Ok(_) => "another run has written to the journal".to_owned(),
            Err(error) => {
                format!("another run has written to the journal; who is unknown: {error}")
            }
        };
        let mut shared = open(&self.shared);
        shared.lost.get_or_insert(StoreError::Lost { holder }).clone()
    }

    /// Gives the lock back. `settled`: nothing of this run is on its way any more.
    pub(super) async fn release(&self, settled: bool) {
        self.halt().await;
        if open(&self.shared).lost.is_some() {
            return;
        }
        let until = Instant::now() + FAREWELL;
        let free = move |lock: &mut LockWire| *lock = lock.freed(settled);
        // Nobody is left to be told, and a lock that is not given back frees itself.
        write(&self.cell, &self.shared, free, until).await.ok();
    }

    /// Stops the renewals and waits until none is on its way.
    async fn halt(&self) {
        let _: bool = self.stop.send_replace(true);
        let renewing = open(&self.renewing).take();
        if let Some(renewing) = renewing {
            // It never panics, and if it did the lock would just not be renewed.
            renewing.await.ok();
        }
    }
}

/// Renews the lock every third of the lease until it is told to stop or the lock is lost.
async fn renew(cell: Arc<Cell>, shared: Arc<Mutex<Shared>>, mut stopped: watch::Receiver<bool>) {
    let lease = open(&shared).lock.lease();
    let mut wait = lease / 3;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(wait) => {}
        }
        let until = Instant::now() + lease / 3;
        let written = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            written = write(&cell, &shared, |lock| *lock = lock.renewed(), until) => written,
        };
        wait = match written {
            Ok(()) => lease / 3,
            Err(error) => {
                let mut shared = open(&shared);
                if shared.lost.is_some() {
                    return;
                }
                shared.trouble = error.to_string();
                lease / 20
            }
        };
    }
}

/// Writes the lock with a change, which must make it another one, and notes what became of it.
async fn write(
    cell: &Cell,
    shared: &Mutex<Shared>,
    change: impl Fn(&mut LockWire),
    until: Instant,
) -> Result<(), StoreError> {
    loop {
        let (before, tag) = {
            let shared = open(shared);
            (shared.lock.clone(), shared.tag.clone())
        };
        let mut lock = before.clone();
        change(&mut lock);
        let sent = Instant::now();
        match cell.write(&lock, Some(&tag), until).await? {
            Wrote::Done(tag) => {
                let mut shared = open(shared);
                // What was noted meanwhile is for the next write.
                if shared.lock.journal != before.journal {
                    lock.journal = shared.lock.journal;
                }
                if shared.lock.writes != before.writes {
                    lock.writes = shared.lock.writes;
                }
                if shared.lock.serial != before.serial {
                    lock.serial = shared.lock.serial;
                }
                if shared.lock.exported != before.exported {
                    lock.exported = shared.lock.exported;
                }
                shared.until = sent + lock.lease();
                shared.lock = lock;
                shared.tag = tag;
                shared.trouble.clear();
                return Ok(());
            }
            Wrote::Refused(Some((found, tag))) if is_ours(&found, shared) => {
                // An earlier write of ours, whose outcome was not known: go on from there.
                let mut shared = open(shared);
                shared.lock.version = found.version;
                shared.tag = tag;
            }
            Wrote::Refused(found) => {
                let holder = found.map_or_else(
                    || "the lock is gone".to_owned(),
                    |(found, _)| match found.standing {
                        Standing::MovedTo(place) => format!("the state was moved to {place}"),
                        _ => found.holder(),
                    },
                );
                let lost = StoreError::Lost { holder };
                open(shared).lost = Some(lost.clone());
                return Err(lost);
            }
        }
        if Instant::now() >= until {
            return Err(StoreError::Unavailable {
                action: format!("write the lock of {}", cell.place().name()),
                reason: "no answer in time".to_owned(),
            });
        }
    }
}

fn is_ours(found: &LockWire, shared: &Mutex<Shared>) -> bool {
    found.owner.is_some() && found.id == open(shared).lock.id
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked while he held it has not left it half written: every change is one assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
