//! What the checks found, as text.
//!
//! Start reading at [`render`].

use std::fmt::Write;

use infra_sdk::Diagnostic;
use infra_sdk::checks::Severity;

use crate::session::{Found, Review};
use crate::view::human::diagnostic::{self, Frame};
use crate::view::text::{ERROR, FAINT, STRONG, WARNING, count, paint, plain};

/// All findings, grouped by severity, each with its source line; what is waived; the summary.
pub(crate) fn render(review: &Review, frame: &Frame) -> String {
    let mut text = String::new();
    for severity in Severity::ALL {
        findings(&mut text, review, severity, frame);
    }
    let waived = review.findings(true);
    if !waived.is_empty() {
        let _ = writeln!(text, "{}\n", paint(STRONG, "Waived"));
    }
    for (stack, found) in waived {
        let reason = found.waived.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{} {}", paint(FAINT, "-"), sentence(stack, found));
        let _ = writeln!(text, "  [{}] {}\n", plain(&found.finding.code), plain(reason));
    }
    text.push_str(&summary(review));
    text
}

/// The findings of those severities of which there are too many.
pub(crate) fn exceeding(review: &Review, frame: &Frame) -> String {
    let mut text = String::new();
    for (severity, ..) in review.exceeded() {
        findings(&mut text, review, severity, frame);
    }
    text
}

/// One line: how many findings of each severity, and how many are waived.
pub(crate) fn summary(review: &Review) -> String {
    let (counts, held) = counted(review);
    format!("{} {counts} {}\n", paint(STRONG, "Checks:"), paint(FAINT, &format!("({held})")))
}

/// How many findings of each severity and how many waived ones there are, and what was held against
/// what.
pub(crate) fn counted(review: &Review) -> (String, String) {
    let counts: Vec<_> = Severity::ALL
        .into_iter()
        .map(|severity| format!("{} {severity}", review.count(severity)))
        .collect();
    let waived = review.findings(true).len();
    let waived = if waived == 0 { String::new() } else { format!("; {waived} waived") };
    let rules: usize = review.stacks.iter().map(|stack| stack.rules.len()).sum();
    let held = format!("{} over {}", count(rules, "rule"), count(review.stacks.len(), "stack"));
    (format!("{}{waived}", counts.join(", ")), held)
}

fn findings(text: &mut String, review: &Review, severity: Severity, frame: &Frame) {
    let of = review.findings(false).into_iter().filter(|(_, f)| f.finding.severity == severity);
    for (stack, found) in of {
        text.push_str(&finding(stack, found, frame));
        text.push('\n');
    }
}

/// One finding, with its source line where that is found.
pub(crate) fn finding(stack: &str, found: &Found, frame: &Frame) -> String {
    let severity = found.finding.severity;
    let style = match severity {
        Severity::Critical | Severity::High => ERROR,
        Severity::Medium => WARNING,
        Severity::Low => STRONG,
    };
    let code = plain(&found.finding.code);
    let head = format!(
        "{}: {}",
        paint(style, &format!("{severity}[{code}]")),
        paint(STRONG, &sentence(stack, found))
    );
    diagnostic::render_under(&head, &as_diagnostic(found), frame)
}

/// Subject and what is wrong with it.
fn sentence(stack: &str, found: &Found) -> String {
    let message = plain(&found.finding.message);
    match &found.finding.address {
        Some(address) => format!("{}/{address} {message}", plain(stack)),
        None => format!("{} {message}", plain(stack)),
    }
}

fn as_diagnostic(found: &Found) -> Diagnostic {
    let mut diagnostic = Diagnostic::warning(&found.finding.code, "");
    diagnostic.address = found.finding.address.clone();
    diagnostic.location = found.location.clone();
    diagnostic.hints.clone_from(&found.finding.hints);
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::checks::sample::review;

    #[test]
    fn the_worst_comes_first_and_what_is_waived_with_its_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("stacks/src/my shop.rs");
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        std::fs::write(file, "\n\n\n\n\n\n    stack.add(\"group\", group);\n").expect("written");
        let text =
            render(&review(), &Frame { folders: vec![folder.path().to_owned()], columns: None });
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r#"
        critical[team::open]: web/network.group is open to <the world> & more
          ┌─ stacks/src/my shop.rs:7:11
         7│     stack.add("group", group);
          │           ^ `network.group` is declared here
          = hint: close it

        medium[team::trail]: web is open to <the world> & more
          = hint: close it

        Waived

        - web/network.group is open to <the world> & more
          [team::waived] it is a test

        Checks: 1 critical, 0 high, 1 medium, 0 low; 1 waived (4 rules over 1 stack)
        "#);
    }

    #[test]
    fn only_what_is_too_much_is_shown_before_a_refusal() {
        let text = exceeding(&review(), &Frame::default());
        assert!(text.contains("team::open"), "{text}");
        assert!(!text.contains("team::trail") && !text.contains("team::waived"), "{text}");
    }
}
