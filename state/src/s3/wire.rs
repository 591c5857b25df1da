//! What the objects of a state hold: entries of the journal, snapshots, and the lock.
//!
//! Every object is a frame as every entry is ([`crate::record`]): format, checksum over key and
//! body, JSON body. The values inside are the framed entries themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use infra_sdk::store::StoreError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::FORMAT;
use crate::lock::OwnerWire;
use crate::record::{Unreadable, frame, from_body, to_body, unframe};
use crate::standing::Standing;

/// One write of the journal: what changed, all or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalWire {
    /// Id of the lock under which it was written.
    pub(super) lock: String,
    /// Counts the holders of the lock; never goes back.
    pub(super) epoch: u64,
    /// Written by a run that took the lock over, to stop the one before it. Never deleted: this
    /// number is the next that the one before would write.
    pub(super) fence: bool,
    changes: Vec<(String, Option<String>)>,
}

/// Everything there is after the journal's entry of the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotWire {
    pub(super) lock: String,
    pub(super) epoch: u64,
    /// Numbers of all fences up to here.
    pub(super) fences: BTreeSet<u64>,
    entries: Vec<(String, String)>,
}

/// The lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockWire {
    /// Random id of the latest taking.
    pub(super) id: String,
    /// Counts the takings.
    pub(super) epoch: u64,
    /// Counts the writes of this object: a holder that lives counts on.
    pub(super) version: u64,
    /// Who holds it; `None` while it is free.
    pub(super) owner: Option<OwnerWire>,
    /// The holder's last sign of life by its own clock, for people; RFC 3339.
    pub(super) heartbeat: String,
    /// How long it outlives its holder.
    lease_milliseconds: u64,
    /// While it is free: nobody writes any more under an earlier taking.
    pub(super) settled: bool,
    /// The state that it guards; `None` before there is one.
    pub(super) lineage: Option<String>,
    /// An entry of the journal that is there for certain; later ones may be.
    pub(super) journal: u64,
    /// How many changes the state knows there.
    pub(super) writes: u64,
    /// How many runs there were at least.
    pub(super) serial: u64,
    /// The number of the latest change that the export is known to hold.
    #[serde(default)]
    pub(super) exported: u64,
    /// Whether the state lives here.
    pub(super) standing: Standing,
}

impl JournalWire {
    pub(super) fn new(
        lock: &str,
        epoch: u64,
        fence: bool,
        changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    ) -> Self {
        let encode = |(key, bytes): (&Vec<u8>, &Option<Vec<u8>>)| {
            (STANDARD.encode(key), bytes.as_ref().map(|bytes| STANDARD.encode(bytes)))
        };
        Self { lock: lock.to_owned(), epoch, fence, changes: changes.iter().map(encode).collect() }
    }

    /// Applies the changes and says how many there were.
    pub(super) fn replay(&self, entries: &mut BTreeMap<Vec<u8>, Vec<u8>>) -> Result<usize, String> {
        for (key, bytes) in &self.changes {
            let key = decode(key)?;
            match bytes {
                Some(bytes) => entries.insert(key, decode(bytes)?),
                None => entries.remove(&key),
            };
        }
        Ok(self.changes.len())
    }
}

impl SnapshotWire {
    pub(super) fn new(
        lock: &str,
        epoch: u64,
        fences: &BTreeSet<u64>,
        entries: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Self {
        let encode =
            |(key, bytes): (&Vec<u8>, &Vec<u8>)| (STANDARD.encode(key), STANDARD.encode(bytes));
        let entries = entries.iter().map(encode).collect();
        Self { lock: lock.to_owned(), epoch, fences: fences.clone(), entries }
    }

    pub(super) fn entries(&self) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
        self.entries.iter().map(|(key, bytes)| Ok((decode(key)?, decode(bytes)?))).collect()
    }
}

impl LockWire {
    /// A lock of a place where there never was one, held by nobody.
    pub(super) fn first() -> Self {
        Self {
            id: String::new(),
            epoch: 0,
            version: 0,
            owner: None,
            heartbeat: String::new(),
            lease_milliseconds: 0,
            settled: true,
            lineage: None,
            journal: 0,
            writes: 0,
            serial: 0,
            exported: 0,
            standing: Standing::Here,
        }
    }

    pub(super) fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_milliseconds)
    }

    /// The same lock after a taking.
    pub(super) fn taken(&self, id: &str, owner: OwnerWire, lease: Duration) -> Self {
        Self {
            id: id.to_owned(),
            epoch: self.epoch + 1,
            version: self.version + 1,
            owner: Some(owner),
            heartbeat: now(),
            lease_milliseconds: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
            settled: false,
            ..self.clone()
        }
    }

    /// The same lock with another sign of life.
    pub(super) fn renewed(&self) -> Self {
        Self { version: self.version + 1, heartbeat: now(), ..self.clone() }
    }

    /// The same lock, free.
    pub(super) fn freed(&self, settled: bool) -> Self {
        Self { version: self.version + 1, owner: None, settled, ..self.clone() }
    }

    /// One sentence about who holds it and what to do about it.
    pub(super) fn holder(&self) -> String {
        let Some(owner) = &self.owner else {
            return "it was freed, and nobody holds it now".to_owned();
        };
        let text = format!(
            "{}; lock {}, last heartbeat {}; if it has died, its lock frees itself {} s after that",
            owner.sentence(),
            self.id,
            self.heartbeat,
            self.lease().as_secs_f64()
        );
        text.chars().filter(|c| !c.is_control()).collect()
    }
}

/// The bytes of an object.
pub(super) fn encode(key: &str, wire: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    Ok(frame(key.as_bytes(), &to_body(wire)?))
}

/// Reads an object after checking it. `damaged` makes the error for one that cannot be trusted.
pub(super) fn read<T: DeserializeOwned>(
    key: &str,
    bytes: &[u8],
    damaged: impl Fn(&str) -> StoreError,
) -> Result<T, StoreError> {
    let body = unframe(key.as_bytes(), bytes).map_err(|error| match error {
        Unreadable::Damaged(reason) => damaged(&reason),
        Unreadable::Newer(found) => {
            StoreError::Newer { found: found.into(), supported: FORMAT.into() }
        }
    })?;
    from_body(body).map_err(|reason| damaged(&reason))
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| "an entry in it is not base64".to_owned())
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
