//! What faultmaven's owners want to be told.

use crate::components::alarms::EdgeLimits;

/// The owners' limits: 5 % of requests fail for 5 minutes, and 1 of 20 takes over a second.
pub(super) const LIMITS: EdgeLimits =
    EdgeLimits { down_minutes: 2, error_percent: 5.0, error_minutes: 5, latency_seconds: 1.0 };
