//! ECR: repositories of container images.

#[cfg(feature = "provider")]
mod common;
pub mod lifecycle_policy;
pub mod lifecycle_rules;
pub mod repository;
#[cfg(feature = "provider")]
mod repository_handler;
pub mod repository_policy;

pub use lifecycle_policy::*;
pub use lifecycle_rules::*;
pub use repository::*;
pub use repository_policy::*;
