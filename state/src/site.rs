//! Where a state is kept, as far as the keeper and its readers need to know it.
//!
//! The main types are [`Site`], which names the place and the way out when it is damaged, and
//! [`Beside`], what stands next to the table: the mark of the latest change, and the export.

use infra_sdk::store::StoreError;

use crate::config::Paths;
use crate::keeper::Table;
use crate::marker::{Mark, Marker};
use crate::record::MetaWire;
use crate::{export, files};

/// The place of a state.
pub(crate) trait Site: Send + Sync {
    /// What a person calls it: a folder, or an address in a bucket.
    fn name(&self) -> String;

    /// The error for something there that cannot be trusted, with the way out.
    fn damaged(&self, what: &str, reason: &str) -> StoreError;
}

/// What is kept beside a table.
pub(crate) trait Beside: Send {
    /// Where.
    fn site(&self) -> &dyn Site;

    /// Notes what the state is and the number of its latest change, which is durable in the table
    /// already.
    fn note(&mut self, meta: &MetaWire, writes: u64) -> Result<(), StoreError>;

    /// Writes the export of what the table holds: the changes up to this number.
    fn export(&mut self, table: &dyn Table, meta: &MetaWire, writes: u64)
    -> Result<(), StoreError>;

    /// The number of the latest change that the export is known to hold; may lag behind it.
    fn exported(&self) -> u64;

    /// Lets go when the store is closed. After a failure nobody knows what was written last.
    fn close(&mut self, failed: bool);
}

impl Site for Paths {
    fn name(&self) -> String {
        self.directory().display().to_string()
    }

    fn damaged(&self, what: &str, reason: &str) -> StoreError {
        Self::damaged(self, what, reason)
    }
}

/// The files beside a local database.
pub(crate) struct LocalFiles {
    paths: Paths,
    mark: Mark,
    /// How many runs the marker knows: what `restore` compares an export with.
    serial: u64,
    /// The latest change that the marker knows to be in the export.
    exported: u64,
}

impl LocalFiles {
    /// Opens them, and says what the mark says.
    pub(crate) fn open(paths: &Paths) -> Result<(Self, u64), StoreError> {
        let path = paths.mark();
        let mark = Mark::open(&path).map_err(|error| files::unavailable("open", &path, &error))?;
        let (mark, marked) = mark.ok_or_else(|| {
            let what = format!("{}", path.display());
            paths.damaged(&what, "it does not hold the number of the latest change")
        })?;
        let marker = Marker::read_any(paths)?;
        let (serial, exported) = marker.map_or((0, 0), |m| (m.serial(), m.exported()));
        Ok((Self { paths: paths.clone(), mark, serial, exported }, marked))
    }
}

impl Beside for LocalFiles {
    fn site(&self) -> &dyn Site {
        &self.paths
    }

    fn note(&mut self, meta: &MetaWire, writes: u64) -> Result<(), StoreError> {
        let noted = self.mark.note(writes);
        noted.map_err(|error| files::unavailable("write", &self.paths.mark(), &error))?;
        if meta.serial > self.serial {
            let marker = Marker::new(&meta.lineage, meta.serial).with_export(self.exported);
            marker.write(&self.paths.marker())?;
            self.serial = meta.serial;
        }
        Ok(())
    }

    fn export(
        &mut self,
        table: &dyn Table,
        meta: &MetaWire,
        writes: u64,
    ) -> Result<(), StoreError> {
        export::write_table(&self.paths, table, meta)?;
        // After the export: one that is not there must never be taken for written.
        let serial = self.serial.max(meta.serial);
        let marker = Marker::new(&meta.lineage, serial).with_export(writes);
        marker.write(&self.paths.marker())?;
        self.exported = writes;
        Ok(())
    }

    fn exported(&self) -> u64 {
        self.exported
    }

    fn close(&mut self, failed: bool) {
        // All that was answered is durable; the mark may stay behind without harm.
        if !failed {
            self.mark.sync().ok();
        }
    }
}
