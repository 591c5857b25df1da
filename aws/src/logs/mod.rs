//! CloudWatch Logs.

pub mod log_group;

pub use log_group::*;
