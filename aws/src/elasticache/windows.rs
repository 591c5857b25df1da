//! Times of day and week at which ElastiCache makes snapshots and does maintenance, in UTC.

use infra_sdk::kind::Text;
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rds::windows::{DAY, WEEK, backup, check, maintenance};

/// The shortest window, in minutes. Source: ElastiCache API Reference, CreateReplicationGroup.
const SHORTEST: u32 = 60;

text_types! {
    /// When snapshots are made every day: `05:00-06:00`, at least an hour.
    SnapshotWindow(SNAPSHOT = Text {
        name: "snapshot window",
        check: |text| check(backup(text), DAY, SHORTEST, text, "05:00-06:00"),
        canonical: str::to_owned,
    });
    /// When maintenance may be done every week: `sun:05:00-sun:06:00`, at least an hour.
    CacheMaintenanceWindow(MAINTENANCE = Text {
        name: "maintenance window",
        check: |text| check(maintenance(text), WEEK, SHORTEST, text, "sun:05:00-sun:06:00"),
        // As ElastiCache shows it.
        canonical: str::to_ascii_lowercase,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_an_hour_long() {
        let problem = |kind: &Kind, text: &str| {
            let mut problems = Vec::new();
            kind.check("window", &Value::from(text), &mut problems);
            !problems.is_empty()
        };
        assert!(!problem(&SnapshotWindow::KIND, "05:00-06:00"));
        assert!(problem(&SnapshotWindow::KIND, "05:00-05:30"));
        assert!(!problem(&CacheMaintenanceWindow::KIND, "Sun:23:00-Mon:00:00"));
        assert!(problem(&CacheMaintenanceWindow::KIND, "sun:05:00-sun:05:59"));
    }
}
