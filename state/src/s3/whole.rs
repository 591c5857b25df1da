//! What replaces a shared state as a whole: restoring it from an export, and another key.
//!
//! Both write one snapshot under the lock: before it the state is as it was, after it as it is to be.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_sdk::store::StoreError;
use tokio::time::Instant;

use super::bucket::PATIENCE;
use super::store::{Objects, Session, Target, export_text};
use crate::config::{RestoreChecks, off_the_runtime};
use crate::entries::Reader;
use crate::envelope::KeySource;
use crate::export::{Export, parse_export};
use crate::keeper;
use crate::lock::LockOwner;
use crate::rekey::Rekey;
use crate::restore::{self, Known};
use crate::site::Site as _;
use crate::standing::Standing;

/// Transactions of the keeper in one object of the journal, at most: a bound of the numbers that
/// may have been given out where the objects cannot be read.
const PER_OBJECT: u64 = 256;

/// Wraps the data key of a state with another source, and makes a new data key if asked.
///
/// # Errors
/// As [`crate::rekey`].
pub(crate) async fn rekey(
    target: &Target,
    owner: &LockOwner,
    new: &KeySource,
    rotate: bool,
) -> Result<(), StoreError> {
    let session = Session::begin(target, owner, Duration::ZERO, false).await?;
    let done = session.rekey(new.clone(), rotate).await;
    // After a failure nobody knows which of the writes was the last.
    session.release(done.is_ok()).await;
    done
}

impl Session {
    /// Puts an export in the place of what is there, which is copied aside.
    pub(super) async fn restore(
        &self,
        export: Export,
        name: &str,
        checks: RestoreChecks,
    ) -> Result<(), StoreError> {
        let place = &self.access.place;
        // An earlier restore that was not finished is done again; a state that lives elsewhere
        // would become two.
        if matches!(self.before.standing, Standing::MovedTo(_)) {
            self.before.standing.check(&place.name())?;
        }
        let bodies = export.bodies()?;
        let meta = export.meta();
        let (source, context) = (place.key().clone(), place.key_context(&meta.lineage));
        let mut meta = off_the_runtime("open the export", move || {
            let key = source.open(&meta)?;
            export.open_with(&key)?;
            source.complete(meta, &key, context)
        })
        .await?;
        restore::check(&mut meta, self.known().await?.as_ref(), checks)?;
        let journal = self.access.last_number().await?.max(self.before.journal);
        // The lock may lag behind the journal, and the journal may be unreadable.
        let since = journal - self.before.journal + 1;
        let writes = self.before.writes.saturating_add(since.saturating_mul(PER_OBJECT));
        let mut entries = BTreeMap::new();
        keeper::found(&mut entries, &meta, writes, bodies)?;
        self.arrive(&entries, name).await?;
        self.settle(&meta, writes).await
    }

    /// What is known of the state here, whose objects may be damaged.
    async fn known(&self) -> Result<Option<Known>, StoreError> {
        let place = &self.access.place;
        let locked = self.before.lineage.as_deref();
        let locked = locked.map(|lineage| Known::new(lineage, self.before.serial));
        let read = self.access.load().await;
        let read = match read.and_then(|content| Reader::new(&content.entries, place).meta()) {
            Ok(meta) => meta.map(|meta| Known::new(&meta.lineage, meta.serial)),
            // That is what it may be there to mend; a newer one is not.
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        let exported = match self.exported().await {
            Ok(export) => export.map(|export| Known::new(export.lineage(), export.serial())),
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Known::latest([locked, read, exported]))
    }

    /// The export of the last run; `None` before the first has ended.
    async fn exported(&self) -> Result<Option<Export>, StoreError> {
        let place = &self.access.place;
        let key = place.export();
        let object = self.access.bucket.get(&key, Instant::now() + PATIENCE).await?;
        object.map(|object| parse_export(&object.bytes, &place.url(&key))).transpose()
    }

    async fn rekey(&self, new: KeySource, rotate: bool) -> Result<(), StoreError> {
        let place = self.access.place.clone();
        let Some(content) = self.existing().await? else {
            return Err(StoreError::Refused {
                action: format!("change the key of the state in {}", place.name()),
                reason: "there is none yet; the first run makes it with the key that is configured"
                    .to_owned(),
            });
        };
        let (meta, head) = keeper::check(&content.entries, &place, self.before.writes)?;
        let exported = self.exported().await?;
        let there = content.entries.clone().into_iter().collect();
        let (source, context) = (place.key().clone(), place.key_context(&meta.lineage));
        let seal = move || {
            let old = source.open(&meta)?;
            let change = Rekey::new(&meta, &old, &new, context, rotate)?;
            let mut entries = BTreeMap::new();
            keeper::found(&mut entries, change.meta(), head.writes(), change.bodies(there)?)?;
            let export = exported.map(|export| change.export(&export)).transpose()?;
            Ok((entries, export))
        };
        let (entries, export) = off_the_runtime("change the key of the state", seal).await?;
        self.access.rewrite(&content, &entries).await?;
        let Some(export) = export else { return Ok(()) };
        Objects::of(self).write_export(&export_text(&export, &place)?).await
    }
}
