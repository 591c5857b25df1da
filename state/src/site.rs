//! Where a state is kept, as far as the keeper and its readers need to know it.
//!
//! The main types are [`Site`], which names the place and the way out when it is damaged, and
//! [`Beside`], what stands next to the table: the mark of the latest change, and the export.

use infra_sdk::store::StoreError;

use crate::config::Paths;
use crate::export::Export;
use crate::files;
use crate::marker::Mark;

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

    /// Notes the number of the latest change, which is durable in the table already.
    fn note(&mut self, writes: u64) -> Result<(), StoreError>;

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
    pub(crate) paths: Paths,
    pub(crate) mark: Mark,
}

impl Beside for LocalFiles {
    fn site(&self) -> &dyn Site {
        &self.paths
    }

    fn note(&mut self, writes: u64) -> Result<(), StoreError> {
        let noted = self.mark.note(writes);
        noted.map_err(|error| files::unavailable("write", &self.paths.mark(), &error))
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
