//! A folder with a sled store in it, for the tests.

use std::path::{Path, PathBuf};

use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Store, StoreError};
use infra_state::{Config, Location, LockOwner, Paths, SledStore};
use infra_testkit::store_suite::StorePlace;
use tempfile::TempDir;

/// A folder with a sled store in it, gone when it is dropped.
pub(crate) struct SledPlace {
    folder: TempDir,
}

impl SledPlace {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join(".infra")
    }

    pub(crate) fn config(&self) -> Config {
        config(&self.root())
    }

    pub(crate) fn paths(&self) -> Paths {
        self.config().paths().expect("good names")
    }

    /// The key file.
    pub(crate) fn key(&self) -> PathBuf {
        self.root().join("state.key")
    }

    pub(crate) fn open(&self) -> Result<SledStore, StoreError> {
        SledStore::open(&self.paths(), &owner())
    }

    /// The error of opening it.
    pub(crate) fn refusal(&self) -> StoreError {
        self.open().err().expect("the store opened")
    }
}

impl StorePlace for SledPlace {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Store>, StoreError>> {
        Box::pin(async move { infra_state::open(&self.config(), &owner()).await })
    }

    fn another(&self) -> Box<dyn StorePlace> {
        Box::new(Self::new())
    }
}

pub(crate) fn config(root: &Path) -> Config {
    Config::new(Location::Local { root: root.to_owned() }, "staging", "shop")
}

pub(crate) fn owner() -> LockOwner {
    LockOwner {
        pid: std::process::id(),
        host: "build-3".to_owned(),
        user: "ann".to_owned(),
        command: "infra apply --env staging".to_owned(),
        started: "2026-11-22T04:57:00Z".to_owned(),
    }
}
