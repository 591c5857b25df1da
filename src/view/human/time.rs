//! Times and estimates as people read them.
//!
//! Start reading at [`forecast`].

use std::time::Duration;

use infra_engine::{Estimate, Forecast, Remaining};

use crate::view::text::count;

/// What takes less than this is over before anybody has read how long it takes.
const WORTH_TELLING: Duration = Duration::from_secs(30);

/// A time.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long plans will take, as a sentence; empty where it is not worth telling.
pub(crate) fn forecast(forecast: &Forecast) -> String {
    let unknown = listed(&forecast.unknown.iter().map(String::as_str).collect::<Vec<_>>());
    match (range(forecast.estimate), unknown) {
        (None, None) => String::new(),
        (Some(range), None) => format!("Takes {range}.\n"),
        (None, Some(types)) => format!("How long it takes is not known, because of {types}.\n"),
        (Some(range), Some(types)) => {
            format!("Takes {range}, and longer if {types} takes longer: nothing is known of it.\n")
        }
    }
}

/// How long a run will go on; empty where it is not worth telling.
pub(crate) fn remaining(remaining: &Remaining) -> String {
    let operations = count(remaining.operations, "operation");
    let unknown = match remaining.unknown {
        0 => String::new(),
        unknown => format!(", not known of {unknown}"),
    };
    match range(remaining.estimate) {
        Some(range) => format!("{range} left for {operations}{unknown}"),
        None if remaining.unknown > 0 => format!("{operations} left{unknown}"),
        None => String::new(),
    }
}

/// How long a run will go on, for a line that says how much is done already; empty where nobody knows.
pub(crate) fn left(remaining: &Remaining) -> String {
    let range = match range(remaining.estimate) {
        Some(range) => format!("{range} left"),
        None if remaining.estimate.p90.is_zero() => String::new(),
        None => "less than a minute left".to_owned(),
    };
    match (range.is_empty(), remaining.unknown) {
        (_, 0) => range,
        (true, unknown) => format!("time left not known of {unknown}"),
        (false, unknown) => format!("{range}, not known of {unknown}"),
    }
}

/// What is usual, in parentheses; empty where nobody knows, or where it is not worth telling.
pub(crate) fn usually(expected: Option<Estimate>) -> String {
    let usual = expected.filter(|expected| expected.p90 >= WORTH_TELLING);
    usual.map(|usual| format!(" (usually {})", duration(usual.p50))).unwrap_or_default()
}

/// `about 14 to 19 minutes`.
fn range(estimate: Estimate) -> Option<String> {
    if estimate.p90 < WORTH_TELLING {
        return None;
    }
    let low = (estimate.p50.as_secs() + 30) / 60;
    let high = estimate.p90.as_secs().div_ceil(60);
    let minutes = |count: u64| if count == 1 { "minute" } else { "minutes" };
    Some(if high > 120 {
        format!("about {} to {}", duration(estimate.p50), duration(estimate.p90))
    } else if low == 0 {
        format!("at most about {high} {}", minutes(high))
    } else if low >= high {
        format!("about {high} {}", minutes(high))
    } else {
        format!("about {low} to {high} minutes")
    })
}

/// `a, b and 3 more types`.
fn listed(types: &[&str]) -> Option<String> {
    Some(match types {
        [] => return None,
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} or {other}"),
        [one, other, more @ ..] => format!("{one}, {other} or {} more", more.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(p50: u64, p90: u64) -> Estimate {
        Estimate { p50: Duration::from_secs(p50), p90: Duration::from_secs(p90) }
    }

    fn check(p50: u64, p90: u64, unknown: &[&str], expected: &str) {
        let unknown = unknown.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(forecast(&Forecast { estimate: estimate(p50, p90), unknown }), expected);
    }

    #[test]
    fn a_forecast_is_a_range_of_minutes() {
        check(3, 5, &[], "");
        check(14 * 60 + 5, 18 * 60 + 10, &[], "Takes about 14 to 19 minutes.\n");
        check(3 * 60, 3 * 60, &[], "Takes about 3 minutes.\n");
        check(40, 60, &[], "Takes about 1 minute.\n");
        check(20, 70, &[], "Takes at most about 2 minutes.\n");
        check(100 * 60, 150 * 60, &[], "Takes about 1h40m to 2h30m.\n");
    }

    #[test]
    fn a_forecast_says_what_nothing_is_known_of() {
        let types = ["aws_ecs_service"];
        check(9, 9, &types, "How long it takes is not known, because of aws_ecs_service.\n");
        let told = "Takes about 2 to 3 minutes, and longer if a, b or 2 more takes longer: \
                    nothing is known of it.\n";
        check(120, 180, &["a", "b", "c", "d"], told);
    }

    #[test]
    fn what_is_left_counts_operations() {
        let left = |p50, p90, operations, unknown| {
            remaining(&Remaining { estimate: estimate(p50, p90), operations, unknown })
        };
        assert_eq!(left(600, 900, 7, 0), "about 10 to 15 minutes left for 7 operations");
        assert_eq!(
            left(600, 900, 7, 2),
            "about 10 to 15 minutes left for 7 operations, not known of 2"
        );
        assert_eq!(left(0, 0, 1, 1), "1 operation left, not known of 1");
        assert_eq!(left(2, 3, 1, 0), "");
    }
}
