//! What was painted for a terminal, as lines of a diff.
//!
//! Start reading at [`diff_line`].

/// A line that was painted for a terminal as one of a diff: a sign goes to the margin, where a reader
/// of diffs looks for it. Only signs are painted; what is written like one is text.
pub(crate) fn diff_line(painted: &str) -> String {
    let body = painted.trim_start_matches(' ');
    let indent = painted.len() - body.len();
    let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
    let sign = body
        .strip_prefix("\u{1b}[")
        .and_then(|rest| rest.split_once('m'))
        .and_then(|(_, rest)| rest.split_once('\u{1b}'))
        .map(|(sign, _)| sign.trim());
    match sign {
        Some(sign @ ("+" | "-" | "-/+" | "+/-")) => moved(sign, indent, &plain(body)),
        // Readers of diffs know `!` for what changes.
        Some("~") => moved("!", indent, &plain(body).replacen('~', " ", 1)),
        _ => plain(painted),
    }
}

fn moved(sign: &str, indent: usize, text: &str) -> String {
    let rest = text.trim_start_matches(' ').trim_start_matches(sign).trim_start_matches(' ');
    format!("{sign}{:indent$} {rest}", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::text::{ADD, CHANGE, FAINT, paint};

    #[test]
    fn only_what_was_painted_is_a_sign() {
        assert_eq!(diff_line(&format!("    {} name = 1", paint(ADD, "+"))), "+     name = 1");
        assert_eq!(diff_line(&format!("  {} a (b)", paint(CHANGE, "  ~"))), "!   a (b)");
        assert_eq!(diff_line(&format!("    {}", paint(FAINT, "# why"))), "    # why");
        assert_eq!(diff_line("    - an item of YAML"), "    - an item of YAML");
    }
}
