//! ECS: containers.

pub mod cluster;
pub mod cluster_capacity_providers;
#[cfg(feature = "provider")]
mod cluster_handler;
#[cfg(feature = "provider")]
mod common;
pub mod container;
#[cfg(feature = "provider")]
mod container_read;
#[cfg(feature = "provider")]
mod container_write;
pub mod fargate;
pub mod names;
pub mod service;
#[cfg(feature = "provider")]
mod service_handler;
#[cfg(feature = "provider")]
mod service_read;
mod service_rules;
#[cfg(feature = "provider")]
mod service_write;
pub mod strategy;
pub mod task_definition;
#[cfg(feature = "provider")]
mod task_definition_handler;
mod task_definition_rules;

pub use cluster::*;
pub use cluster_capacity_providers::*;
pub use container::*;
pub use names::*;
pub use service::*;
pub use strategy::CapacityProviderStrategy;
pub use task_definition::*;
