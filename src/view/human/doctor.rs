//! What the doctor found, as text.

use std::fmt::Write;

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

/// One line for each, and under what is missing what mends it.
pub(crate) fn render(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let (style, word) = match finding.verdict {
            Verdict::Good => (ADD, "ok"),
            Verdict::Unneeded => (FAINT, "not needed"),
            Verdict::Missing => (ERROR, "missing"),
        };
        let word = paint(style, &format!("{word:<10}"));
        let (name, detail) = (plain(&finding.name), plain(&finding.detail));
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{word} {name:width$}  {detail}");
        if finding.verdict == Verdict::Missing {
            let _ = writeln!(text, "{:11}{:width$}  = hint: {}", "", "", plain(&finding.mend));
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
        let text = render(&findings);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        ok         cargo         cargo 1.95.0
        not needed python3       not found
        missing    state of dev  read-only
                                 = hint: run `chmod u+w .infra`
        ");
    }
}
