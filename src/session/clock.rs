//! The machine's clock, for the engine, which never looks at one itself.

use std::time::{Duration, Instant};

use infra_engine::Clock;
use jiff::{Timestamp, Unit};

/// The clock of this machine.
pub(crate) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time begins now.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> String {
        now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Now, RFC 3339, to the second.
pub(crate) fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now).to_string()
}
