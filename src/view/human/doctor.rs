//! What the doctor found, as text.

use std::fmt::Write;

use super::page::wrap;
use crate::view::text::{ADD, ERROR, FAINT, paint, plain};

/// One thing that a run may need.
pub(crate) struct Finding {
    name: String,
    /// Whether it is there.
    pub(crate) verdict: Verdict,
    detail: String,
    mend: String,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is.
    Good,
    /// It is not, and nothing here needs it.
    Unneeded,
    /// It is not, and it is needed.
    Missing,
}

impl Finding {
    /// It is there.
    pub(crate) fn good(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            verdict: Verdict::Good,
            detail: detail.into(),
            mend: String::new(),
        }
    }

    /// It is not there; `mend` says what to do.
    pub(crate) fn bad(
        name: impl Into<String>,
        verdict: Verdict,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), verdict, detail: detail.into(), mend: mend.into() }
    }
}

/// One line for each, and under what is missing what mends it. On a terminal of so many columns, what
/// is long goes on below itself.
pub(crate) fn render(findings: &[Finding], columns: Option<usize>) -> String {
    let width = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or(0);
    let columns = columns.map_or(usize::MAX, |columns| columns.max(width + 40));
    let indent = " ".repeat(width + 13);
    let mut text = String::new();
    for finding in findings {
        let (style, word) = match finding.verdict {
            Verdict::Good => (ADD, "ok"),
            Verdict::Unneeded => (FAINT, "not needed"),
            Verdict::Missing => (ERROR, "missing"),
        };
        let first = format!("{word:<10} {:width$}  ", plain(&finding.name));
        for (at, line) in wrap(&plain(&finding.detail), columns, &first, &indent).iter().enumerate()
        {
            // Writing into a text cannot fail.
            let _ = match line.strip_prefix(word).filter(|_| at == 0) {
                Some(rest) => writeln!(text, "{}{rest}", paint(style, word)),
                None => writeln!(text, "{line}"),
            };
        }
        if finding.verdict == Verdict::Missing {
            let first = format!("{indent}= hint: ");
            for line in wrap(&plain(&finding.mend), columns, &first, &format!("{indent}  ")) {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_with_what_mends_it() {
        let findings = [
            Finding::good("cargo", "cargo 1.95.0"),
            Finding::bad("python3", Verdict::Unneeded, "not found", "install it"),
            Finding::bad("state of dev", Verdict::Missing, "read-only", "run `chmod u+w .infra`"),
        ];
        let text = render(&findings, None);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        ok         cargo         cargo 1.95.0
        not needed python3       not found
        missing    state of dev  read-only
                                 = hint: run `chmod u+w .infra`
        ");
    }
}
