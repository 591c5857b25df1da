//! What `restore` checks before it replaces anything.

use infra_sdk::store::StoreError;

use crate::config::{Paths, RestoreChecks};
use crate::export::read_export;
use crate::marker::Marker;
use crate::record::MetaWire;

/// What a place has seen: the state that stands there, or stood there before it was damaged.
pub(crate) struct Known {
    pub(crate) lineage: String,
    /// How many runs there were at least.
    pub(crate) serial: u64,
}

/// What is known of the state in these files without opening its database, which may be damaged;
/// `None` where there never was one.
pub(crate) fn known(paths: &Paths) -> Result<Option<Known>, StoreError> {
    // A damaged marker or export is what `restore` may be there to mend; a newer one is not.
    let export = match read_export(&paths.export()) {
        Ok(export) => Some(export),
        Err(error @ StoreError::Newer { .. }) => return Err(error),
        Err(_) => None,
    };
    let marker = Marker::read_any(paths)?;
    Ok(Known::latest([
        marker.map(|marker| Known::new(marker.lineage(), marker.serial())),
        export.map(|export| Known::new(export.lineage(), export.serial())),
    ]))
}

impl Known {
    pub(crate) fn new(lineage: &str, serial: u64) -> Self {
        Self { lineage: lineage.to_owned(), serial }
    }

    /// The state that the first witness speaks of, with the latest run that any knows of it.
    pub(crate) fn latest(witnesses: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        witnesses.into_iter().flatten().reduce(|mut known, other| {
            if other.lineage == known.lineage {
                known.serial = known.serial.max(other.serial);
            }
            known
        })
    }
}

/// Refuses an export that is not simply the latest of what is known, unless that is accepted. The
/// state that is made of it goes on counting its runs after all that are known.
pub(crate) fn check(
    export: &mut MetaWire,
    known: Option<&Known>,
    checks: RestoreChecks,
) -> Result<(), StoreError> {
    let Some(known) = known else { return Ok(()) };
    let refuse = |reason: String| {
        Err(StoreError::Refused { action: "restore the state from the export".to_owned(), reason })
    };
    if export.lineage != known.lineage {
        // A state without any run holds nothing, and stands there after a plan that was refused.
        if checks.other_lineage || known.serial == 0 {
            return Ok(());
        }
        return refuse(format!(
            "the export is of another state: its lineage is {}, and the one here is {}",
            export.lineage, known.lineage
        ));
    }
    if export.serial < known.serial && !checks.older {
        return refuse(format!(
            "the export is older than the state: its serial is {}, and the one here is {}; what \
             was done since would be known to the cloud alone",
            export.serial, known.serial
        ));
    }
    // A number that a run has had is never given to another one.
    export.serial = export.serial.max(known.serial);
    Ok(())
}
