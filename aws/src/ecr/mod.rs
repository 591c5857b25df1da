//! ECR: repositories of container images.

#[cfg(feature = "provider")]
mod common;
pub mod image_lookup;
pub mod lifecycle_policy;
pub mod lifecycle_rules;
pub mod registry_scanning;
pub mod replication_configuration;
pub mod repository;
#[cfg(feature = "provider")]
mod repository_handler;
pub mod repository_policy;

pub use image_lookup::{FindImage, ImageFound};
pub use lifecycle_policy::*;
pub use lifecycle_rules::*;
pub use registry_scanning::*;
pub use replication_configuration::*;
pub use repository::*;
pub use repository_policy::*;
