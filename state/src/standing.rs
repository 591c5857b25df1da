//! Whether a state lives in a place: one that was moved leaves a word about where it went.
//!
//! The main type is [`Standing`]. A local state keeps it in a file, a shared one in its lock.

use std::io;

use infra_sdk::store::StoreError;
use serde::{Deserialize, Serialize};

use crate::config::Paths;
use crate::{FORMAT, files};

/// Whether a state lives in a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Standing {
    /// It does.
    Here,
    /// It is on its way from there, and still lives there.
    ArrivingFrom(String),
    /// It lives there now.
    MovedTo(String),
}

#[derive(Serialize, Deserialize)]
struct FileWire {
    format: u16,
    standing: Standing,
}

impl Standing {
    /// Refuses a place where no state lives.
    pub(crate) fn check(&self, name: &str) -> Result<(), StoreError> {
        let reason = match self {
            Self::Here => return Ok(()),
            Self::MovedTo(to) => {
                return Err(StoreError::Moved { from: name.to_owned(), to: to.clone() });
            }
            Self::ArrivingFrom(place) => {
                format!("bringing it here from {place} was not finished; do it again")
            }
        };
        Err(StoreError::Refused { action: format!("open the state in {name}"), reason })
    }
}

impl Paths {
    /// What the file says; a place without one has never been moved.
    pub(crate) fn standing(&self) -> Result<Standing, StoreError> {
        let path = self.moved();
        let bytes = files::read(&path).map_err(|e| files::unavailable("read", &path, &e))?;
        let Some(bytes) = bytes else { return Ok(Standing::Here) };
        let wire: FileWire = serde_json::from_slice(&bytes)
            .map_err(|error| self.damaged(&path.display().to_string(), &error.to_string()))?;
        if wire.format > FORMAT {
            let (found, supported) = (wire.format.into(), FORMAT.into());
            return Err(StoreError::Newer { found, supported });
        }
        Ok(wire.standing)
    }

    /// Writes the file, durably, or removes it.
    pub(crate) fn set_standing(&self, standing: &Standing) -> Result<(), StoreError> {
        let path = self.moved();
        let refuse = |error: io::Error| files::unavailable("write", &path, &error);
        if *standing == Standing::Here {
            return match std::fs::remove_file(&path) {
                Ok(()) => files::sync_parent(&path).map_err(refuse),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(refuse(error)),
            };
        }
        let wire = FileWire { format: FORMAT, standing: standing.clone() };
        let text = serde_json::to_vec(&wire).map_err(|error| refuse(error.into()))?;
        files::replace(&path, &text).map_err(refuse)
    }
}
