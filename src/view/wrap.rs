//! Text with colour, broken into lines that fit a terminal.
//!
//! Start reading at [`wrap`], and at [`wrap_words`] for what is copied from. Nothing is left out: what
//! does not fit goes on below, further in.

use unicode_width::UnicodeWidthChar;

use super::text::hung;

/// How much further in the rest of a line stands.
const HANGING: usize = 4;

/// Lines of at most so many columns. A line is broken at a blank where it has one, in its second half.
pub(crate) fn wrap(text: &str, columns: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive('\n') {
        one(&mut wrapped, line, columns);
    }
    wrapped
}

/// Lines of at most so many columns, broken between words only. A word that is longer stays whole, and
/// so does what stands in backticks: both may be copied.
pub(crate) fn wrap_words(text: &str, columns: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let words = line.trim_start_matches(' ');
        let lead = line.len() - words.len();
        let indent = indent(lead, columns);
        if width(line) <= columns {
            wrapped.push_str(line);
        } else {
            let room = |used: usize| columns.saturating_sub(used);
            let lines = hung(words, room(lead), room(indent));
            wrapped.extend(std::iter::repeat_n(' ', lead));
            wrapped.push_str(&lines.join(&format!("\n{:indent$}", "")));
        }
        wrapped.push_str(end);
    }
    wrapped
}

/// The columns of a text with colour.
pub(super) fn width(text: &str) -> usize {
    pieces(text).map(|(_, width)| width).sum()
}

/// Where a line goes on that begins after so many blanks.
fn indent(lead: usize, columns: usize) -> usize {
    if lead + HANGING > columns / 2 { HANGING } else { lead + HANGING }
}

/// The first columns of a line with colour, and `end` where that is not all of it.
pub(crate) fn cut(line: &str, columns: usize, end: &str) -> String {
    let mut room = columns;
    if width(line) <= columns {
        return line.to_owned();
    }
    room = room.saturating_sub(end.chars().count());
    let mut shown = String::new();
    let mut full = false;
    for (piece, width) in pieces(line) {
        full |= width > room;
        // Colour that was begun ends also in what is left out.
        if width == 0 && piece.starts_with('\u{1b}') {
            shown.push_str(piece);
        } else if !full {
            room -= width;
            shown.push_str(piece);
        }
    }
    shown + end
}

fn one(wrapped: &mut String, line: &str, columns: usize) {
    let blank = |(piece, _): &(&str, usize)| *piece == " ";
    let mut lead = pieces(line).take_while(blank).count();
    let indent = indent(lead, columns);
    let (mut at, mut begun) = (0, wrapped.len());
    // After the last blank of this line: where in the text, and in which column.
    let mut blank_at: Option<(usize, usize)> = None;
    for (piece, width) in pieces(line) {
        if piece == "\n" {
            wrapped.push('\n');
            return;
        }
        if at + width > columns && piece == " " {
            wrapped.push('\n');
            begun = wrapped.len();
            wrapped.extend(std::iter::repeat_n(' ', indent));
            (at, lead, blank_at) = (indent, indent, None);
            continue;
        }
        if at + width > columns {
            let rest = match blank_at {
                Some((place, column)) if column > columns / 2 => {
                    at -= column;
                    wrapped.split_off(place)
                }
                _ => {
                    at = 0;
                    String::new()
                }
            };
            let shown = wrapped[begun..].trim_end_matches(' ').len();
            wrapped.truncate(begun + shown);
            wrapped.push('\n');
            begun = wrapped.len();
            wrapped.extend(std::iter::repeat_n(' ', indent));
            wrapped.push_str(&rest);
            at += indent;
            (lead, blank_at) = (indent, None);
        }
        wrapped.push_str(piece);
        at += width;
        if piece == " " && at > lead {
            blank_at = Some((wrapped.len(), at));
        }
    }
}

/// Characters with their columns, and sequences that need none.
fn pieces(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let sequence = rest.starts_with("\u{1b}[").then(|| rest.find('m')).flatten();
        let end = sequence.map_or(first.len_utf8(), |end| end + 1);
        let (piece, further) = rest.split_at(end);
        rest = further;
        let width = if sequence.is_some() { 0 } else { first.width().unwrap_or(0) };
        Some((piece, width))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::text::{ADD, paint};

    #[test]
    fn a_line_goes_on_below_and_nothing_is_lost() {
        assert_eq!(wrap("short\n\n  too\n", 40), "short\n\n  too\n");
        let text = "  a sentence that is too long for the place that it has\n";
        assert_eq!(
            wrap(text, 30),
            "  a sentence that is too long\n      for the place that it\n      has\n"
        );
        // A word that has no blank is broken.
        assert_eq!(wrap(&"x".repeat(25), 10), "xxxxxxxxxx\n    xxxxxx\n    xxxxxx\n    xxx");
        // Nobody reads a column of two letters.
        assert_eq!(wrap(&format!("{:18}abc", ""), 20), format!("{:18}ab\n    c", ""));
        for columns in [40, 80, 120, 200] {
            let text = format!("    + policy = {}\n", "word and ".repeat(100));
            let lines = wrap(&text, columns);
            assert!(lines.lines().all(|line| line.chars().count() <= columns), "{lines}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&lines), words(&text));
        }
    }

    #[test]
    fn what_may_be_copied_is_broken_between_words_only() {
        let line = format!(
            "\n{} two words and `infra apply --env dev`, then {}\n",
            paint(ADD, "Checks:"),
            "x".repeat(40)
        );
        let shown = anstream::adapter::strip_str(&wrap_words(&line, 32)).to_string();
        let first = "\nChecks: two words and\n    `infra apply --env dev`,\n    then\n    ";
        assert_eq!(shown, format!("{first}{}\n", "x".repeat(40)));
        assert_eq!(wrap_words("  short\nnot ended", 32), "  short\nnot ended");
        // Only further lines are further in.
        let text = "  a sentence that is too long for the place\n";
        assert_eq!(wrap_words(text, 30), "  a sentence that is too long\n      for the place\n");
    }

    #[test]
    fn colour_has_no_width_and_wide_characters_have_two() {
        let painted = format!("{} {}", paint(ADD, "+"), "x".repeat(8));
        assert_eq!(wrap(&painted, 10), painted);
        assert_eq!(wrap("日本日本日本", 8), "日本日本\n    日本");
        assert_eq!(cut("日本日本日本", 8, "..."), "日本...");
        assert_eq!(cut(&painted, 10, "..."), painted);
        let cut = cut(&format!("{painted}{}", paint(ADD, "more")), 10, "...");
        assert_eq!(anstream::adapter::strip_str(&cut).to_string(), "+ xxxxx...");
        assert!(cut.ends_with("\u{1b}[0m..."), "{cut:?}");
    }
}
