//! Where a state is kept, as far as the keeper and its readers need to know it.
//!
//! The main types are [`Site`], which names the place and the way out when it is damaged, and
//! [`Beside`], what stands next to the table: the mark of the latest change, and the export.

use infra_sdk::store::StoreError;

use crate::config::Paths;
use crate::export::Export;
use crate::files;
use crate::marker::{Mark, Marker};
use crate::record::MetaWire;

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

    /// Writes the export of a run that has ended.
    fn export(&mut self, export: &Export) -> Result<(), StoreError>;

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
        let serial = Marker::read_any(paths)?.map_or(0, |marker| marker.serial());
        Ok((Self { paths: paths.clone(), mark, serial }, marked))
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
            Marker::new(&meta.lineage, meta.serial).write(&self.paths.marker())?;
            self.serial = meta.serial;
        }
        Ok(())
    }

    fn export(&mut self, export: &Export) -> Result<(), StoreError> {
        export.write(&self.paths.export())
    }

    fn close(&mut self, failed: bool) {
        // All that was answered is durable; the mark may stay behind without harm.
        if !failed {
            self.mark.sync().ok();
        }
    }
}
