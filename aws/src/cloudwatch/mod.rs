//! CloudWatch: alarms and dashboards.

#[cfg(feature = "provider")]
mod common;
pub mod composite_alarm;
pub mod dashboard;
pub mod metric_alarm;
#[cfg(feature = "provider")]
mod metric_alarm_handler;

pub use composite_alarm::*;
pub use dashboard::*;
pub use metric_alarm::*;
