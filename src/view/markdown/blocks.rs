//! Text that others wrote, as blocks of code.
//!
//! Start reading at [`fenced`].

/// A code block whose fence is longer than every run of backticks in it.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Bytes of an empty block.
pub(super) const FENCE: usize = "```diff\n\n```\n".len();

/// Bytes by which a text makes the fences of its block longer, at most.
pub(super) fn longer_fence(text: &str) -> usize {
    match longest_run(text) {
        0..=2 => 0,
        run => 2 * run,
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

/// A line that was painted for a terminal as one of a diff: a sign goes to the margin, where a reader
/// of diffs looks for it. Only signs are painted; what is written like one is text.
pub(super) fn diff_line(painted: &str) -> String {
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
    fn nothing_gets_out_of_its_block() {
        assert_eq!(fenced("diff", "a\n"), "```diff\na\n```\n");
        let hostile = "````\n</details>\n@everyone";
        assert_eq!(fenced("", hostile), format!("`````\n{hostile}\n`````\n"));
        for text in ["", "a", hostile] {
            let most = text.len() + FENCE + longer_fence(text);
            assert!(fenced("diff", text).len() <= most, "{text}");
        }
    }

    #[test]
    fn only_what_was_painted_is_a_sign() {
        assert_eq!(diff_line(&format!("    {} name = 1", paint(ADD, "+"))), "+     name = 1");
        assert_eq!(diff_line(&format!("  {} a (b)", paint(CHANGE, "  ~"))), "!   a (b)");
        assert_eq!(diff_line(&format!("    {}", paint(FAINT, "# why"))), "    # why");
        assert_eq!(diff_line("    - an item of YAML"), "    - an item of YAML");
    }
}
