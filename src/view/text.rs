//! Text of others, made safe to show, and our own with colour.

use anstyle::{Ansi256Color, AnsiColor, Style};

use super::ci;
use super::wrap::width;

// Blue, purple and orange are told apart by those who do not tell red from green, on dark and on light
// ground (the palette of Okabe and Ito). Colour never stands alone: there is a sign or a word too.
/// What is added.
pub(crate) const ADD: Style = Ansi256Color(33).on_default();
/// What is changed.
pub(crate) const CHANGE: Style = Ansi256Color(133).on_default();
/// What is taken away.
pub(crate) const REMOVE: Style = Ansi256Color(166).on_default();
/// What matters most.
pub(crate) const STRONG: Style = Style::new().bold();
/// What matters least.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// An error.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// A warning.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Nothing is cut or broken to less than this.
pub(crate) const LEAST: usize = 24;

/// Text in a style. The text must be safe already.
pub(crate) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// How many there are of what has this name: `1 stack`, `2 stacks`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// One line of somebody else's text: what would move the cursor, change the colour, turn the
/// direction of writing or command a CI system is escaped.
pub(crate) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let commands: Vec<usize> = ci::starts(text).collect();
    for (at, character) in text.char_indices() {
        if character == '\t' {
            safe.push_str("    ");
        } else if commands.contains(&at) {
            safe.extend(character.escape_unicode());
        } else if is_unsafe(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// The lines of somebody else's text, each made safe.
pub(crate) fn plain_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(plain)
}

/// A line in several, broken between words; what stands in backticks is a command to copy, or a name,
/// and stays in one piece.
pub(crate) fn wrapped(line: &str, room: usize) -> Vec<String> {
    hung(line, room, room)
}

/// The same where the first line has another room than those after it.
pub(super) fn hung(line: &str, first: usize, rest: usize) -> Vec<String> {
    let (mut lines, mut current) = (Vec::new(), String::new());
    let (mut start, mut begun, mut quoted) = (0, false, false);
    for word in line.split(' ') {
        let room = if lines.is_empty() { first } else { rest };
        let fits = width(&current) + 1 + piece(&line[start..], word) <= room.max(LEAST);
        start += word.len() + 1;
        if begun && !quoted && !fits {
            lines.push(std::mem::take(&mut current));
        } else if begun {
            current.push(' ');
        }
        current.push_str(word);
        begun = true;
        quoted ^= word.matches('`').count() % 2 == 1;
    }
    lines.push(current);
    lines
}

/// How long the piece is that begins with a word: to the end of the quotation that it opens.
fn piece(rest: &str, word: &str) -> usize {
    let end = match word.matches('`').count() % 2 {
        1 => {
            let open = rest.find('`').unwrap_or(0) + 1;
            let close = rest[open..].find('`').map_or(rest.len(), |close| open + close);
            rest[close..].find(' ').map_or(rest.len(), |space| close + space)
        }
        _ => word.len(),
    };
    width(&rest[..end])
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_a_terminal_is_escaped() {
        assert_eq!(plain("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(plain("x\u{202e}y\u{2066}z\u{200b}"), "x\\u{202e}y\\u{2066}z\\u{200b}");
        assert_eq!(plain("a\rb\nc\u{9b}d"), "a\\rb\\nc\\u{9b}d");
        assert_eq!(plain("naïve — 日本\t!"), "naïve — 日本    !");
        assert_eq!(plain("\t::error::x"), "    \\u{3a}:error::x");
        assert_eq!(plain("a##vso[b]"), "a\\u{23}#vso[b]");
    }
}
