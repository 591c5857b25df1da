//! Moving a state from one place to another: everything, or nothing.
//!
//! The main function is [`move_state`]. At every moment the state lives in one place: the copy is
//! not opened before the old place says that it has gone, and the old place says so in one write.
//! A move that was interrupted is finished by moving again.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use infra_sdk::store::StoreError;

use crate::config::{Config, Location, Paths, deep, off_the_runtime};
use crate::envelope::KeySource;
use crate::folder::{self, Replaced};
use crate::keeper;
use crate::lock::{Lock, LockOwner};
use crate::marker::Marker;
use crate::s3::{Place, Session};
use crate::site::Site;
use crate::standing::Standing;
use crate::{export_writer, files};

/// A place whose lock is held.
enum Side {
    Local(Box<LocalSide>),
    Shared(Box<Session>, Place),
}

struct LocalSide {
    paths: Paths,
    standing: Standing,
    lineage: Option<String>,
    _lock: Lock,
}

/// Moves a state with its history, its open intents, its answers to lookups and its wrapped key,
/// which the source of the new place has to open. The old place keeps
/// what it has, and refuses to be opened from then on. Needs a Tokio runtime.
///
/// # Errors
/// `Locked` while another run holds either, `Damaged` when what is there cannot be trusted,
/// `Refused` when a state lives in the new place, `Moved` when none lives in the old one any more,
/// `Key` when the sealing key is not there, `Unavailable` when disk or service refuse.
pub async fn move_state(from: &Config, to: &Config, owner: &LockOwner) -> Result<(), StoreError> {
    let source = Side::begin(from, owner).await?;
    let target = match Side::begin(to, owner).await {
        Ok(target) => target,
        Err(error) => {
            deep(source.release(true)).await;
            return Err(error);
        }
    };
    let moved = deep(carry(&source, &target)).await;
    // After a failure nobody knows which of the writes was the last.
    deep(source.release(moved.is_ok())).await;
    deep(target.release(moved.is_ok())).await;
    moved
}

async fn carry(source: &Side, target: &Side) -> Result<(), StoreError> {
    let (from, to) = (source.site().name(), target.site().name());
    let refuse = |reason: String| {
        Err(StoreError::Refused { action: format!("move the state in {from} to {to}"), reason })
    };
    match (source.standing(), target.standing()) {
        // Everything was done but the last step.
        (Standing::MovedTo(there), Standing::ArrivingFrom(here))
            if *there == to && *here == from =>
        {
            let entries = target.entries().await?;
            return target.settle(&entries).await;
        }
        (Standing::Here, _) => {}
        (elsewhere, _) => return elsewhere.check(&from),
    }
    match target.standing() {
        Standing::MovedTo(_) => {}
        Standing::ArrivingFrom(here) if *here == from => {}
        Standing::ArrivingFrom(_) => return target.standing().check(&to),
        Standing::Here => {
            if let Some(lineage) = target.lineage() {
                return refuse(format!("a state lives there already (lineage {lineage})"));
            }
        }
    }
    if source.lineage().is_none() {
        return refuse("there is no state".to_owned());
    }
    let entries = source.entries().await?;
    let (meta, _) = keeper::check(&entries, source.site(), 0)?;
    let key = target.key().clone();
    off_the_runtime("open the key of the state", move || key.open(&meta)).await?;
    target.arrive(&entries, &from).await?;
    if target.entries().await? != entries {
        return Err(target.site().damaged(&to, "what arrived is not what was sent"));
    }
    source.leave(&to).await?;
    target.settle(&entries).await
}

impl Side {
    async fn begin(config: &Config, owner: &LockOwner) -> Result<Self, StoreError> {
        match &config.location {
            Location::Local { .. } => {
                let (paths, owner) = (config.paths()?, owner.clone());
                let side = off_the_runtime("open the state", move || {
                    let lock = folder::enter(&paths, &owner)?;
                    let standing = paths.standing()?;
                    let there = folder::was_there(&paths)?;
                    let marker = Marker::read(&paths)?.map(|marker| marker.lineage().to_owned());
                    // A state that lost its marker is one all the same.
                    let lineage = there.then(|| marker.unwrap_or_else(|| "unknown".to_owned()));
                    Ok(LocalSide { paths, standing, lineage, _lock: lock })
                });
                Ok(Self::Local(Box::new(side.await?)))
            }
            Location::S3(_) => {
                let target = config.target()?;
                let session = Session::begin(&target, owner, Duration::ZERO, true);
                let session = deep(session).await?;
                Ok(Self::Shared(Box::new(session), target.place))
            }
        }
    }

    fn site(&self) -> &dyn Site {
        match self {
            Self::Local(side) => &side.paths,
            Self::Shared(_, place) => place,
        }
    }

    fn key(&self) -> &KeySource {
        match self {
            Self::Local(side) => side.paths.key(),
            Self::Shared(_, place) => place.key(),
        }
    }

    fn standing(&self) -> &Standing {
        match self {
            Self::Local(side) => &side.standing,
            Self::Shared(session, _) => session.standing(),
        }
    }

    fn lineage(&self) -> Option<&str> {
        match self {
            Self::Local(side) => side.lineage.as_deref(),
            Self::Shared(session, _) => session.lineage(),
        }
    }

    async fn entries(&self) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
        match self {
            Self::Local(side) => {
                let paths = side.paths.clone();
                off_the_runtime("read the state", move || folder::entries_of(&paths)).await
            }
            Self::Shared(session, _) => session.entries().await,
        }
    }

    async fn arrive(
        &self,
        entries: &BTreeMap<Vec<u8>, Vec<u8>>,
        from: &str,
    ) -> Result<(), StoreError> {
        match self {
            Self::Local(side) => {
                let (paths, entries) = (side.paths.clone(), entries.clone());
                let arriving = Standing::ArrivingFrom(from.to_owned());
                off_the_runtime("write the state", move || {
                    paths.set_standing(&arriving)?;
                    let (meta, head) = keeper::check(&entries, &paths, 0)?;
                    let path = paths.export();
                    let refuse =
                        |error: io::Error| files::unavailable("write the export", &path, &error);
                    let text = export_writer::of_table((&entries, &paths), &meta, &refuse)?;
                    folder::fill(&paths, &meta, head.writes(), entries, Replaced::Kept)?;
                    files::replace(&path, text.as_bytes()).map_err(refuse)
                })
                .await
            }
            Self::Shared(session, _) => session.arrive(entries, from).await,
        }
    }

    async fn leave(&self, to: &str) -> Result<(), StoreError> {
        match self {
            Self::Local(side) => {
                let (paths, moved) = (side.paths.clone(), Standing::MovedTo(to.to_owned()));
                off_the_runtime("leave the place", move || paths.set_standing(&moved)).await
            }
            Self::Shared(session, _) => session.leave(to).await,
        }
    }

    async fn settle(&self, entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<(), StoreError> {
        let (meta, head) = keeper::check(entries, self.site(), 0)?;
        match self {
            Self::Local(side) => {
                let paths = side.paths.clone();
                let work = move || paths.set_standing(&Standing::Here);
                off_the_runtime("settle the state", work).await
            }
            Self::Shared(session, _) => session.settle(&meta, head.writes()).await,
        }
    }

    async fn release(self, settled: bool) {
        if let Self::Shared(session, _) = self {
            session.release(settled).await;
        }
    }
}
