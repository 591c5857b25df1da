//! Application Auto Scaling: services of ECS, tables and others that follow a metric.

mod scalable;
pub mod target;

pub use target::*;
