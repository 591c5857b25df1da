//! RDS: relational databases, alone and in clusters, and what they are configured with.
//!
//! Blue/green deployments, proxies, global clusters and RDS Custom engine versions are not offered.

pub mod automated_backups_replication;
pub mod cluster;
#[cfg(feature = "provider")]
mod cluster_create;
#[cfg(feature = "provider")]
mod cluster_handler;
pub mod cluster_instance;
#[cfg(feature = "provider")]
mod cluster_instance_handler;
#[cfg(feature = "provider")]
mod cluster_modify;
pub mod cluster_parameter_group;
#[cfg(feature = "provider")]
mod cluster_read;
mod cluster_rules;
#[cfg(feature = "provider")]
mod common;
pub mod engine;
pub mod engine_version;
pub mod event_subscription;
pub mod ids;
pub mod instance;
#[cfg(feature = "provider")]
mod instance_create;
#[cfg(feature = "provider")]
mod instance_handler;
#[cfg(feature = "provider")]
mod instance_modify;
#[cfg(feature = "provider")]
mod instance_read;
mod instance_rules;
mod instance_storage;
#[cfg(feature = "provider")]
mod last_snapshot;
pub mod option_group;
#[cfg(feature = "provider")]
mod option_group_handler;
pub mod parameter_group;
pub mod parameters;
#[cfg(feature = "provider")]
mod parameters_handler;
mod rules;
pub mod snapshot;
pub mod subnet_group;
pub mod windows;

pub use automated_backups_replication::*;
pub use cluster::*;
pub use cluster_instance::*;
pub use cluster_parameter_group::*;
pub use engine::*;
pub use engine_version::{EngineVersion, EngineVersionFound};
pub use event_subscription::*;
pub use ids::*;
pub use instance::*;
pub use option_group::*;
pub use parameter_group::*;
pub use parameters::*;
pub use snapshot::{Snapshot, SnapshotFound, SnapshotType};
pub use subnet_group::*;
pub use windows::*;
