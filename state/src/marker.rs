//! The two small files beside the database that tell a lost state from one that never was.
//!
//! The marker says that there is a state, and of which lineage. The mark is the number of the latest
//! change that is known to be on the disk: a database that answers with fewer has lost some.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use infra_sdk::store::StoreError;
use serde::{Deserialize, Serialize};

use crate::config::Paths;
use crate::{FORMAT, files};

/// What the marker file says: one line of JSON. Its last field is a check over all that stands
/// before it, in this format and in every later one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marker {
    format: u16,
    lineage: String,
    /// How many runs there were at least; format 1 did not say.
    #[serde(default)]
    serial: u64,
    /// The number of the latest change that the export is known to hold; 0 where nothing is known.
    #[serde(default)]
    exported: u64,
}

/// What stands before the check.
const CHECK_FIELD: &str = ",\"check\":\"";

impl Marker {
    pub(crate) fn new(lineage: &str, serial: u64) -> Self {
        Self { format: FORMAT, lineage: lineage.to_owned(), serial, exported: 0 }
    }

    /// The same with the latest change that the export holds.
    pub(crate) fn with_export(self, exported: u64) -> Self {
        Self { exported, ..self }
    }

    pub(crate) fn lineage(&self) -> &str {
        &self.lineage
    }

    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    pub(crate) fn exported(&self) -> u64 {
        self.exported
    }

    /// Reads the marker; `None` where there is none.
    pub(crate) fn read(paths: &Paths) -> Result<Option<Self>, StoreError> {
        let path = paths.marker();
        let bytes = files::read(&path)
            .map_err(|error| files::unavailable("read the marker", &path, &error))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let damaged = |reason: &str| paths.damaged(&format!("{}", path.display()), reason);
        let text = std::str::from_utf8(&bytes).map_err(|error| damaged(&error.to_string()))?;
        let body = match text.rfind(CHECK_FIELD) {
            Some(at) if checked(&text[..at]) == text => format!("{}}}", &text[..at]),
            Some(_) => return Err(damaged("its checksum does not match")),
            None => text.to_owned(),
        };
        let has_check = body != text;
        // A later format may say more: first of all, which one it is.
        let format: FormatWire =
            serde_json::from_str(&body).map_err(|error| damaged(&error.to_string()))?;
        if format.format > FORMAT && has_check {
            return Err(StoreError::Newer {
                found: format.format.into(),
                supported: FORMAT.into(),
            });
        }
        if has_check != (format.format > 1) {
            return Err(damaged("it has no checksum that fits its format"));
        }
        serde_json::from_str(&body).map(Some).map_err(|error| damaged(&error.to_string()))
    }

    /// As [`Marker::read`], but a damaged one is none.
    pub(crate) fn read_any(paths: &Paths) -> Result<Option<Self>, StoreError> {
        match Self::read(paths) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            read => read,
        }
    }

    /// Writes the marker, durably.
    pub(crate) fn write(&self, path: &Path) -> Result<(), StoreError> {
        let refuse = |error: io::Error| files::unavailable("write the marker", path, &error);
        let text = serde_json::to_string(self).map_err(|error| refuse(error.into()))?;
        let text = checked(text.trim_end_matches('}'));
        files::replace(path, text.as_bytes()).map_err(refuse)
    }
}

/// The one field that every format has.
#[derive(Deserialize)]
struct FormatWire {
    format: u16,
}

/// The text of a marker from what stands before its check.
fn checked(start: &str) -> String {
    let check = blake3::hash(start.as_bytes()).to_hex();
    format!("{start}{CHECK_FIELD}{}\"}}\n", &check[..CHECK])
}

/// The file with the number of the latest durable change, open for writing.
pub(crate) struct Mark(File);

const DIGITS: usize = 20;
const CHECK: usize = 16;

impl Mark {
    /// Makes the file, durably.
    pub(crate) fn create(path: &Path, number: u64) -> io::Result<()> {
        files::replace(path, line(number).as_bytes())
    }

    /// Opens the file and reads the number; `None` where there is no file, or where it does not
    /// hold a number.
    pub(crate) fn open(path: &Path) -> io::Result<Option<(Self, u64)>> {
        let Some(bytes) = files::read(path)? else { return Ok(None) };
        let number = std::str::from_utf8(&bytes).ok().and_then(|text| {
            let number = text.get(..DIGITS)?.parse().ok()?;
            (line(number) == text).then_some(number)
        });
        let Some(number) = number else { return Ok(None) };
        let file = files::open(path, OpenOptions::new().read(true).write(true))?;
        Ok(Some((Self(file), number)))
    }

    /// Notes a number, which must be durable in the database already. Does not wait for the disk:
    /// a mark that lags behind is no harm, one that runs ahead would cry wolf.
    pub(crate) fn note(&self, number: u64) -> io::Result<()> {
        self.0.write_all_at(line(number).as_bytes(), 0)
    }

    /// Waits until the number is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Of a length that never changes, so that it can be written in place.
fn line(number: u64) -> String {
    let digits = format!("{number:0DIGITS$}");
    let check = blake3::hash(digits.as_bytes()).to_hex();
    format!("{digits} {}\n", &check[..CHECK])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_read_back_and_every_flipped_bit_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mark");
        Mark::create(&path, 7).expect("made");
        let (mark, number) = Mark::open(&path).expect("readable").expect("there");
        assert_eq!(number, 7);
        mark.note(u64::MAX).expect("noted");
        assert_eq!(Mark::open(&path).expect("readable").expect("there").1, u64::MAX);
        let good = std::fs::read(&path).expect("read");
        for bit in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, flipped).expect("written");
            assert!(Mark::open(&path).expect("readable").is_none(), "bit {bit}");
        }
    }
}
