//! ElastiCache: caches of Redis and Valkey, and what they are configured with.

#[cfg(feature = "provider")]
mod common;
pub mod ids;
pub mod parameter_group;
pub mod replication_group;
#[cfg(feature = "provider")]
mod replication_group_handler;
pub mod replication_group_lookup;
#[cfg(feature = "provider")]
mod replication_group_modify;
#[cfg(feature = "provider")]
mod replication_group_read;
mod replication_group_rules;
#[cfg(feature = "provider")]
#[cfg(test)]
mod replication_group_tests;
pub mod subnet_group;
pub mod user;
pub mod user_group;
#[cfg(feature = "provider")]
mod user_handler;
pub mod windows;

pub use ids::*;
pub use parameter_group::*;
pub use replication_group::*;
pub use replication_group_lookup::{FindReplicationGroup, ReplicationGroupFound};
pub use subnet_group::*;
pub use user::*;
pub use user_group::*;
pub use windows::*;
