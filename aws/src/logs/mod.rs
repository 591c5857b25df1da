//! CloudWatch Logs.

#[cfg(feature = "provider")]
mod common;
pub mod log_group;
pub mod metric_filter;
pub mod resource_policy;
pub mod subscription_filter;

pub use log_group::*;
pub use metric_filter::*;
pub use resource_policy::*;
pub use subscription_filter::*;
