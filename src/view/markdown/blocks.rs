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

#[cfg(test)]
mod tests {
    use super::*;

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
}
