//! Months, by which signing keys are told apart.

use infra_sdk::prelude::*;

/// A month as in `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// Reads a month.
    ///
    /// # Errors
    /// When the text is not a year and a month.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let parts = text
            .split_once('-')
            .filter(|(year, month)| (year.len(), month.len()) == (4, 2))
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
        let month = parts.and_then(|(year, month)| {
            Some(Self { year: year.parse().ok()?, month: month.parse().ok()? })
        });
        month.filter(|month| month.year > 0 && (1..=12).contains(&month.month)).ok_or_else(|| {
            Error::new(format!("`jwt_key_month` must be a month such as `2026-11`, not `{text}`"))
        })
    }

    /// The month before.
    pub(super) fn before(self) -> Self {
        match self.month {
            1 => Self { year: self.year - 1, month: 12 },
            month => Self { month: month - 1, ..self },
        }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_before_january_is_december() {
        let before = |text| Month::parse(text).map(|month| month.before().to_string());
        assert!(matches!(before("2026-11").as_deref(), Ok("2026-10")));
        assert!(matches!(before("2026-01").as_deref(), Ok("2025-12")));
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in ["2026", "2026-13", "2026-00", "26-11", "2026-1", "0000-01", "2026-+1"] {
            assert!(Month::parse(text).is_err(), "{text}");
        }
    }
}
