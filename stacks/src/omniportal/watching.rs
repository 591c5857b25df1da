//! What omniportal's owners want to be told.

use infra_sdk::prelude::*;

use crate::components::alarms::EdgeLimits;
use crate::components::service_watching::{self, WatchArguments};

/// The owners' limits: 1 % of requests fail, and 1 of 20 takes over half a second.
pub(super) const LIMITS: EdgeLimits =
    EdgeLimits { down_minutes: 2, error_percent: 1.0, error_minutes: 5, latency_seconds: 0.5 };

/// Minutes after which a target that is not healthy is told, though others are.
const UNHEALTHY_MINUTES: u32 = 5;

pub(super) fn declare(stack: &mut Stack, arguments: &WatchArguments<'_>) {
    let alarms = service_watching::declare(stack, arguments);
    alarms.unhealthy_targets(stack, arguments.edge, UNHEALTHY_MINUTES);
}
