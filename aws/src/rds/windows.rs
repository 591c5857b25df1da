//! Times of day and week at which RDS makes backups and does maintenance, in UTC.

use infra_sdk::kind::Text;
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;

/// The shortest window, in minutes. Source: RDS API Reference, CreateDBInstance.
const SHORTEST: u32 = 30;
pub(crate) const DAY: u32 = 24 * 60;
pub(crate) const WEEK: u32 = 7 * DAY;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

text_types! {
    /// When backups are made every day: `03:00-04:00`, at least 30 minutes.
    BackupWindow(BACKUP = Text {
        name: "backup window",
        check: |text| check(backup(text), DAY, SHORTEST, text, "03:00-04:00"),
        canonical: str::to_owned,
    });
    /// When maintenance may be done every week: `sun:05:00-sun:06:00`, at least 30 minutes.
    MaintenanceWindow(MAINTENANCE = Text {
        name: "maintenance window",
        check: |text| check(maintenance(text), WEEK, SHORTEST, text, "sun:05:00-sun:06:00"),
        // As RDS shows it.
        canonical: str::to_ascii_lowercase,
    });
}

/// Minutes from a beginning to an end, within a day or a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    from: u32,
    to: u32,
}

impl Span {
    fn minutes(self, around: u32) -> u32 {
        (self.to + around - self.from) % around
    }
}

/// What is wrong with a window of a day or a week, which has to have so many minutes.
///
/// # Errors
/// With what is wrong, as a fragment.
pub(crate) fn check(
    span: Option<Span>,
    around: u32,
    shortest: u32,
    text: &str,
    example: &str,
) -> Result<(), String> {
    let Some(span) = span else {
        return Err(format!("`{text}` is not a window: write it like `{example}`, in UTC"));
    };
    match span.minutes(around) {
        minutes if minutes < shortest => {
            Err(format!("`{text}` is too short: it must be at least {shortest} minutes"))
        }
        minutes if minutes > DAY => Err(format!("`{text}` is too long: it must be at most a day")),
        _ => Ok(()),
    }
}

fn time(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: u32| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// A window of every day.
pub(crate) fn backup(text: &str) -> Option<Span> {
    let (from, to) = text.split_once('-')?;
    Some(Span { from: time(from)?, to: time(to)? })
}

/// A window of every week.
pub(crate) fn maintenance(text: &str) -> Option<Span> {
    let lower = text.to_ascii_lowercase();
    let (from, to) = lower.split_once('-')?;
    let moment = |text: &str| {
        let (day, rest) = text.split_once(':')?;
        let day = (0..).zip(DAYS).find(|(_, name)| *name == day)?.0;
        Some(day * DAY + time(rest)?)
    };
    Some(Span { from: moment(from)?, to: moment(to)? })
}

/// Whether a daily and a weekly window have a minute in common, which RDS refuses.
pub(crate) fn overlap(daily: &str, weekly: &str) -> bool {
    let (Some(daily), Some(weekly)) = (backup(daily), maintenance(weekly)) else { return false };
    let (length, other) = (daily.minutes(DAY), weekly.minutes(WEEK));
    // The weekly window lies within two days, and each day has a backup.
    (0..other).any(|minute| (weekly.from + minute + DAY - daily.from) % DAY < length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<T: FieldType>(text: &str) -> bool {
        let mut problems = Vec::new();
        T::KIND.check("window", &Value::from(text), &mut problems);
        !problems.is_empty()
    }

    #[test]
    fn windows_are_of_utc_and_half_an_hour_long() {
        for right in ["03:00-04:00", "23:45-00:15"] {
            assert!(!problem::<BackupWindow>(right), "{right}");
        }
        for wrong in ["3:00-4:00", "03:00-03:29", "03:00", "25:00-26:00", "03:00-03:00"] {
            assert!(problem::<BackupWindow>(wrong), "{wrong}");
        }
        for right in ["sun:05:00-sun:06:00", "Sun:23:45-Mon:00:15"] {
            assert!(!problem::<MaintenanceWindow>(right), "{right}");
        }
        for wrong in ["05:00-06:00", "sun:05:00-sun:05:10", "son:05:00-son:06:00"] {
            assert!(problem::<MaintenanceWindow>(wrong), "{wrong}");
        }
        assert!(
            MaintenanceWindow::KIND
                .same(&Value::from("Sun:05:00-Sun:06:00"), &Value::from("sun:05:00-sun:06:00"))
        );
    }

    #[test]
    fn windows_that_overlap_are_found() {
        assert!(overlap("05:30-06:30", "sun:05:00-sun:06:00"));
        assert!(!overlap("06:00-06:30", "sun:05:00-sun:06:00"));
        assert!(overlap("23:45-00:15", "mon:00:00-mon:00:30"));
        assert!(overlap("00:00-00:30", "sun:23:45-mon:00:15"));
    }
}
