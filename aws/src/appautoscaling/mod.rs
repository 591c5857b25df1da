//! Application Auto Scaling: services of ECS, tables and others that follow a metric.

pub mod metrics;
pub mod policy;
#[cfg(feature = "provider")]
mod policy_handler;
mod policy_rules;
mod scalable;
pub mod scheduled_action;
pub mod target;

pub use metrics::*;
pub use policy::*;
pub use scheduled_action::*;
pub use target::*;
