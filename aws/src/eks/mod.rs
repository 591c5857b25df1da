//! EKS: Kubernetes clusters.

pub mod access_entry;
pub mod access_policy_association;
pub mod addon;
#[cfg(feature = "provider")]
mod addon_handler;
pub mod addon_version;
pub mod cluster;
pub mod cluster_auth;
#[cfg(feature = "provider")]
mod cluster_handler;
pub mod cluster_lookup;
pub mod cluster_network;
#[cfg(feature = "provider")]
mod cluster_read;
mod cluster_rules;
#[cfg(feature = "provider")]
mod cluster_update;
#[cfg(feature = "provider")]
mod common;
pub mod fargate_profile;
#[cfg(test)]
#[cfg(feature = "provider")]
mod fixtures;
pub mod identity_provider_config;
pub mod ids;
pub mod node_group;
#[cfg(feature = "provider")]
mod node_group_handler;
mod node_group_rules;
pub mod pod_identity_association;

pub use access_entry::*;
pub use access_policy_association::*;
pub use addon::*;
pub use addon_version::*;
pub use cluster::*;
pub use cluster_auth::*;
pub use cluster_lookup::*;
pub use cluster_network::*;
pub use fargate_profile::*;
pub use identity_provider_config::*;
pub use ids::*;
pub use node_group::*;
pub use pod_identity_association::*;
