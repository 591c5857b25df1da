//! The machine's clock, for the engine, which never looks at one itself.

use std::time::{Duration, Instant};

use infra_engine::Clock;
use jiff::{SignedDuration, Timestamp, Unit};

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

    fn after(&self, time: Duration) -> String {
        rounded(Timestamp::now().saturating_add(signed(time)).unwrap_or(Timestamp::MAX))
    }

    fn since(&self, instant: &str) -> Option<Duration> {
        let instant: Timestamp = instant.parse().ok()?;
        let passed = Timestamp::now().duration_since(instant);
        Some(passed.try_into().unwrap_or(Duration::ZERO))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Now, RFC 3339, to the second.
pub(crate) fn now() -> String {
    rounded(Timestamp::now())
}

fn rounded(time: Timestamp) -> String {
    time.round(Unit::Second).unwrap_or(time).to_string()
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_forward_and_back() {
        let clock = SystemClock::new();
        let hour = Duration::from_secs(3600);
        let soon = clock.after(hour);
        assert!(soon > clock.now(), "{soon}");
        assert_eq!(clock.since(&soon), Some(Duration::ZERO));
        assert!(clock.since("2026-01-02T03:04:05Z").is_some_and(|passed| passed > hour));
        assert_eq!(clock.since("yesterday"), None);
        assert_eq!(
            clock.after(Duration::MAX),
            Timestamp::MAX
                .round(Unit::Second)
                .map_or_else(|_| Timestamp::MAX.to_string(), |t| t.to_string())
        );
    }
}
