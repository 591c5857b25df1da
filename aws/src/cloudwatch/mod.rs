//! CloudWatch: alarms and dashboards.

#[cfg(feature = "provider")]
mod common;
pub mod dashboard;
pub mod metric_alarm;
#[cfg(feature = "provider")]
mod metric_alarm_handler;

pub use dashboard::*;
pub use metric_alarm::*;
