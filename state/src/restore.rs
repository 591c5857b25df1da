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
    let known = |lineage: &str, serial| Known { lineage: lineage.to_owned(), serial };
    let exported = export.map(|export| known(export.lineage(), export.serial()));
    let Some(marker) = Marker::read_any(paths)? else { return Ok(exported) };
    let mut marked = known(marker.lineage(), marker.serial());
    if let Some(exported) = exported.filter(|exported| exported.lineage == marked.lineage) {
        marked.serial = marked.serial.max(exported.serial);
    }
    Ok(Some(marked))
}

/// Refuses an export that is not simply the latest of what is known, unless that is accepted.
pub(crate) fn check(
    export: &MetaWire,
    known: Option<&Known>,
    checks: RestoreChecks,
) -> Result<(), StoreError> {
    let Some(known) = known else { return Ok(()) };
    let refuse = |reason: String| {
        Err(StoreError::Unavailable {
            action: "restore the state from the export".to_owned(),
            reason,
        })
    };
    if export.lineage != known.lineage {
        if checks.other_lineage {
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
    Ok(())
}
