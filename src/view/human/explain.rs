//! What a code means, for people.

use crate::view::text::{STRONG, paint, wrapped};

/// The text about a code, broken to the width of the terminal where it is one.
pub(crate) fn render(code: &str, text: &str, columns: Option<usize>) -> String {
    let mut shown = format!("{}\n\n", paint(STRONG, code));
    for line in text.lines() {
        let lines = columns.map_or_else(|| vec![line.to_owned()], |room| wrapped(line, room));
        for line in lines {
            shown.push_str(&line);
            shown.push('\n');
        }
    }
    shown
}
