//! The switches of the overlays, as `GET` and `PUT /_gate/overlays` show and take them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All switches. What a document leaves out has its default: everything is on but throttling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OverlaySettings {
    /// States that take time.
    pub states: StatesSettings,
    /// Deletes that are refused while something depends on the object.
    pub dependencies: bool,
    /// Client tokens that are honoured.
    pub tokens: bool,
    /// Paging and limits of EC2's lists.
    pub paging: bool,
    /// Corrections of what the emulators do against the documentation.
    pub corrections: bool,
    /// Token buckets.
    pub throttle: ThrottleSettings,
}

/// How long states take, counted in reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatesSettings {
    /// Whether states take time at all.
    pub enabled: bool,
    /// How many reads of a new or deleted object show it on its way.
    pub reads: u32,
    /// Other numbers of reads by kind: `nat_gateway`, `vpc_endpoint`, `eks_cluster`, …
    pub kinds: BTreeMap<String, u32>,
}

/// Token buckets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottleSettings {
    /// Whether there are any.
    pub enabled: bool,
    /// The buckets; the first that fits a call holds its token.
    pub buckets: Vec<BucketSettings>,
}

/// A token bucket. Every region has its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// Signing name of the service.
    pub service: String,
    /// An operation; without one, each operation of the service has a bucket of this size.
    #[serde(default)]
    pub operation: Option<String>,
    /// Tokens in a full bucket.
    pub capacity: f64,
    /// Tokens that come back in a second.
    pub per_second: f64,
}

impl Default for OverlaySettings {
    fn default() -> Self {
        Self {
            states: StatesSettings::default(),
            dependencies: true,
            tokens: true,
            paging: true,
            corrections: true,
            throttle: ThrottleSettings::default(),
        }
    }
}

impl Default for StatesSettings {
    fn default() -> Self {
        Self { enabled: true, reads: 1, kinds: BTreeMap::new() }
    }
}

impl StatesSettings {
    /// How many reads of that kind show an object on its way.
    pub(crate) fn reads_of(&self, kind: &str) -> u32 {
        if self.enabled { self.kinds.get(kind).copied().unwrap_or(self.reads) } else { 0 }
    }
}
