//! What faultmaven's owners want to be told.

use infra_aws::logs::{LogGroupHandle, MetricFilter, MetricTransformation, MetricUnit};
use infra_sdk::prelude::*;

use crate::components::alarms::{EdgeLimits, Limit};
use crate::components::metrics::{Metric, Stat};
use crate::components::service_watching::{self, WatchArguments};

/// The owners' limits: 5 % of requests fail for 5 minutes, and 1 of 20 takes over a second.
pub(super) const LIMITS: EdgeLimits =
    EdgeLimits { down_minutes: 2, error_percent: 5.0, error_minutes: 5, latency_seconds: 1.0 };

/// What the service writes when a sign-in fails.
const FAILED_LOGIN: &str = r#"{ $.event = "login_failed" }"#;

/// The metric that counts them.
const FAILED_LOGINS: &str = "FailedLogins";

/// Declares the alarms. More than `failed_logins` of them in a minute of the log are one.
pub(super) fn declare(
    stack: &mut Stack,
    arguments: &WatchArguments<'_>,
    log: &LogGroupHandle,
    failed_logins: u32,
) {
    let alarms = service_watching::declare(stack, arguments);
    let namespace = arguments.name;
    let count = MetricTransformation::new(FAILED_LOGINS, namespace, "1")
        .default_value(0.0)
        .unit(MetricUnit::Count);
    let filter = MetricFilter::new("failed-logins", log.id(), FAILED_LOGIN, count);
    stack.add("failed-logins-filter", filter);
    let failed = Metric::new(namespace, FAILED_LOGINS, Stat::Sum);
    let limit = Limit::above(f64::from(failed_logins), 1);
    alarms.metric(stack, "failed-logins", "too many sign-ins fail", failed, limit);
}
