//! Looking at a shared state without its lock: nothing is written, and no run is kept away.
//!
//! The main type is [`View`]. Objects are written once and a snapshot before the journal that it
//! replaces is deleted, so a reading that found all objects is of one moment. One that did not, in
//! the middle of a compaction, is made again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use infra_sdk::store::{RunChange, RunRecord, State, StoreError};
use tokio::time::Instant;

use super::bucket::{Bucket, PATIENCE, configure};
use super::cell::Cell;
use super::journal::{Content, load};
use super::location::Place;
use super::store::Target;
use super::wire::LockWire;
use crate::config::off_the_runtime;
use crate::entries::Reader;
use crate::keeper;
use crate::record::MetaWire;
use crate::seal::SealingKey;
use crate::site::Site as _;

/// How often a state is read that changes under the reading.
const TRIES: u32 = 5;
/// How long the reader waits between two.
const BETWEEN: Duration = Duration::from_millis(300);

/// A shared state at one moment.
pub struct View {
    place: Place,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    meta: MetaWire,
    key: SealingKey,
    holder: Option<String>,
}

impl View {
    /// Who holds the lock, and since when; `None` while it is free.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// Everything that is known.
    ///
    /// # Errors
    /// `Damaged` when a record does not decode.
    pub fn state(&self) -> Result<State, StoreError> {
        self.reader().state(&self.meta, &self.key)
    }

    /// All runs, oldest first, those that go on or were killed included.
    ///
    /// # Errors
    /// As [`View::state`].
    pub fn history(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.reader().history()
    }

    /// What a run did, in the order in which it was done.
    ///
    /// # Errors
    /// As [`View::state`].
    pub fn changes(&self, run: &str) -> Result<Vec<RunChange>, StoreError> {
        self.reader().changes(run, &self.meta, &self.key)
    }

    fn reader(&self) -> Reader<'_> {
        Reader::new(&self.entries, &self.place)
    }
}

/// Reads a state; `None` where there never was one.
///
/// # Errors
/// As [`crate::look`].
pub(crate) async fn look(target: &Target) -> Result<Option<View>, StoreError> {
    let Target { location, place } = target;
    let config = configure(location).await;
    let bucket = Arc::new(Bucket::new(&config, location));
    let cell = Cell::new(&config, location, &bucket, place);
    let mut tries = 0;
    let (lock, content, meta) = loop {
        let Some((lock, _)) = cell.read(Instant::now() + PATIENCE).await? else {
            return Ok(None);
        };
        lock.standing.check(&place.name())?;
        if lock.lineage.is_none() {
            return Ok(None);
        }
        tries += 1;
        match checked(&bucket, place, &lock).await {
            Ok((content, meta)) => break (lock, content, meta),
            Err(StoreError::Damaged { .. }) if tries < TRIES => {
                tokio::time::sleep(BETWEEN).await;
            }
            Err(error) => return Err(error),
        }
    };
    let (source, sealed) = (place.key().clone(), meta.clone());
    let key = off_the_runtime("open the key of the state", move || source.open(&sealed)).await?;
    let holder = lock.owner.is_some().then(|| lock.holder());
    Ok(Some(View { place: place.clone(), entries: content.entries, meta, key, holder }))
}

/// The objects of a state, which are at least those that its lock knows.
async fn checked(
    bucket: &Bucket,
    place: &Place,
    lock: &LockWire,
) -> Result<(Content, MetaWire), StoreError> {
    let content = load(bucket, place).await?;
    content.reaches(lock.journal, place)?;
    let (meta, _) = keeper::check(&content.entries, place, lock.writes)?;
    match &lock.lineage {
        Some(known) if *known != meta.lineage => {
            let reason = format!("its lock is of lineage {known}, and it is of {}", meta.lineage);
            Err(place.damaged(&format!("the state in {}", place.name()), &reason))
        }
        _ => Ok((content, meta)),
    }
}
