//! How many findings of the checks are too many: `[checks]`, and `[environments.NAME.checks]`.
//!
//! The main type is [`Thresholds`].

use infra_sdk::checks::Severity;

use crate::config::fields::Fields;

/// How many findings of each severity are let through; what is not said here may be said elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Thresholds {
    critical: Option<u64>,
    high: Option<u64>,
    medium: Option<u64>,
    low: Option<u64>,
}

impl Thresholds {
    /// Reads a table; what is wrong in it is reported by the fields.
    pub(crate) fn read(mut fields: Fields<'_, '_, '_>) -> Self {
        let thresholds = Self {
            critical: fields.count("critical"),
            high: fields.count("high"),
            medium: fields.count("medium"),
            low: fields.count("low"),
        };
        fields.finish();
        thresholds
    }

    /// These, and where they say nothing, the others.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            critical: self.critical.or(others.critical),
            high: self.high.or(others.high),
            medium: self.medium.or(others.medium),
            low: self.low.or(others.low),
        }
    }

    /// The most findings of a severity that are let through; `None` for any number. Without a word
    /// about it no critical finding is.
    pub(crate) fn limit(self, severity: Severity) -> Option<u64> {
        match severity {
            Severity::Critical => self.critical.or(Some(0)),
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Document;

    fn read(text: &str) -> (Thresholds, Vec<String>) {
        let document = Document::from_text("infra.toml", text);
        let table = document.parse().expect("TOML");
        let mut problems = Vec::new();
        let read = Thresholds::read(Fields::new(&document, &table, "checks", &mut problems));
        (read, problems.into_iter().map(|p| format!("{} {}", p.code, p.detail)).collect())
    }

    #[test]
    fn an_environment_goes_before_the_project_and_critical_is_none_by_default() {
        let (project, _) = read("high = 5\nlow = 9\n");
        let (environment, _) = read("high = 0\n");
        let limits = environment.or(project);
        assert_eq!(
            Severity::ALL.map(|severity| limits.limit(severity)),
            [Some(0), Some(0), None, Some(9)]
        );
        assert_eq!(read("critical = 2\n").0.limit(Severity::Critical), Some(2));
    }

    #[test]
    fn what_is_no_number_or_no_severity_is_refused() {
        let (_, problems) = read("critical = -1\nhigh = \"five\"\nhihg = 5\n");
        assert_eq!(
            problems,
            [
                "config::type `checks.critical` is a number from 0 on, not a negative number",
                "config::type `checks.high` is a number from 0 on, not text",
                "config::unknown-key `hihg` is not a key of `[checks]`",
            ]
        );
    }
}
