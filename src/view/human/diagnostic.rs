//! A diagnostic as text, with the source line it points at.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use infra_sdk::{Diagnostic, Location, Severity};

use crate::view::text::{ERROR, FAINT, LEAST, STRONG, WARNING, paint, plain, plain_lines, wrapped};

/// A source file is not read beyond this: a line of it is wanted, not a log file.
const SOURCE_LIMIT: u64 = 4 << 20;

/// How much of a source line is shown where there is no terminal.
const LOG_WIDTH: usize = 160;

/// Its detail is what the compiler prints, whose marks stand below the code.
const COMPILED: &str = "program::build";

/// Room for line numbers, at least.
const INDENT: usize = 2;

/// Where a diagnostic is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// Source lines are shown of files in these folders.
    pub(crate) folders: Vec<PathBuf>,
    /// How wide the terminal is; `None` where it is none, such as a log.
    pub(crate) columns: Option<usize>,
}

/// The text of a diagnostic, with its source line.
pub(crate) fn render(diagnostic: &Diagnostic, frame: &Frame) -> String {
    let (style, word) = match diagnostic.severity {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
    };
    let head = paint(style, &format!("{word}[{}]", plain(&diagnostic.code)));
    let head = format!("{head}: {}", paint(STRONG, &plain(&diagnostic.summary)));
    render_under(&head, diagnostic, frame)
}

/// The text of a diagnostic under a first line of its own, which is safe already.
pub(crate) fn render_under(head: &str, diagnostic: &Diagnostic, frame: &Frame) -> String {
    let mut text = format!("{head}\n");
    let about = diagnostic.address.as_ref().map(|address| format!("`{address}`"));
    let source = diagnostic.location.as_ref().and_then(|place| source_line(place, &frame.folders));
    let shown = source.as_ref().and(diagnostic.location.as_ref());
    let indent = shown.map_or(INDENT, |place| place.line.to_string().len().max(INDENT));
    if let Some(place) = &diagnostic.location {
        let column = if place.column > 0 { format!(":{}", place.column) } else { String::new() };
        let place_text = format!("{}:{}{column}", plain(&place.file), place.line);
        let _ = writeln!(text, "{:indent$}{} {place_text}", "", paint(FAINT, "┌─"));
        if let Some(source) = &source {
            let room = frame.columns.unwrap_or(LOG_WIDTH).saturating_sub(indent + 2);
            snippet(&mut text, place, source, about.as_deref(), (indent, room));
        }
    }
    let room = frame.columns.map(|columns| columns.saturating_sub(indent + 2));
    if let (Some(about), None) = (&about, &source) {
        let _ = writeln!(text, "{:indent$}{} {about}", "", paint(FAINT, "="));
    }
    if !diagnostic.detail.is_empty() {
        block(&mut text, indent, &diagnostic.detail, room.filter(|_| diagnostic.code != COMPILED));
    }
    for hint in &diagnostic.hints {
        block(&mut text, indent, &format!("hint: {hint}"), room);
    }
    text
}

/// The source line, cut to the room there is, and under it a mark at the column with the resource
/// that it is about.
fn snippet(
    text: &mut String,
    place: &Location,
    source: &str,
    about: Option<&str>,
    (indent, room): (usize, usize),
) {
    let number = paint(FAINT, &format!("{:>indent$}│", place.line));
    let bar = paint(FAINT, "│");
    let column = usize::try_from(place.column).unwrap_or(0);
    let before: String = source.chars().take(column.saturating_sub(1)).collect();
    // Tabs and what is escaped are wider than one column.
    let (shown, pad) = cut(&plain(source.trim_end()), plain(&before).chars().count(), room);
    let _ = writeln!(text, "{number} {shown}");
    let note = about.map(|about| format!("{about} is declared here")).unwrap_or_default();
    if column > 0 {
        let _ = write!(text, "{:indent$}{bar} {:pad$}{}", "", "", paint(ERROR, "^"));
        // Beside the mark if it fits, and under it if not.
        if !note.is_empty() && pad + 2 + note.chars().count() > room {
            let _ = writeln!(text, "\n{:indent$}{bar} {note}", "");
        } else if note.is_empty() {
            text.push('\n');
        } else {
            let _ = writeln!(text, " {note}");
        }
    } else if !note.is_empty() {
        let _ = writeln!(text, "{:indent$}{bar} {note}", "");
    }
}

/// As much of a line as there is room for, such that a column of it shows, and where that is then.
fn cut(line: &str, column: usize, room: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= room || room < LEAST {
        return (line.to_owned(), column);
    }
    // Both ends may have a mark that something is missing.
    let first = if column < room - LEAST / 2 { 0 } else { column.min(length) - room / 2 };
    let head = if first > 0 { "…" } else { "" };
    let most = room - 1 - head.chars().count();
    let part: String = line.chars().skip(first).take(most).collect();
    let tail = if first + most < length { "…" } else { "" };
    (format!("{head}{part}{tail}"), column - first + head.chars().count())
}

/// `= text`, with further lines under the first.
fn block(text: &mut String, indent: usize, content: &str, room: Option<usize>) {
    let mark = paint(FAINT, "=");
    let lines = plain_lines(content).flat_map(|line| match room {
        Some(room) => wrapped(&line, room),
        None => vec![line],
    });
    for (number, line) in lines.enumerate() {
        let _ = match number {
            0 => writeln!(text, "{:indent$}{mark} {line}", ""),
            _ if line.is_empty() => writeln!(text),
            _ => writeln!(text, "{:indent$}  {line}", ""),
        };
    }
}

/// The line that a location names, from the first folder that has the file. `None` where the file
/// cannot have been so when the location was taken: it was changed since.
fn source_line(place: &Location, folders: &[PathBuf]) -> Option<String> {
    let index = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(place.column).ok()?;
    let read = |folder: &PathBuf| read_source(&folder.join(&place.file));
    let text = folders.iter().find_map(read)?;
    let line = text.lines().nth(index)?;
    let code = line.trim();
    // What is missing at the end of a line is told one column after it.
    let is_long_enough = column <= line.chars().count() + 1;
    let is_there = is_long_enough && !code.is_empty() && !code.starts_with("//");
    (is_there || column == 0).then(|| line.to_owned())
}

fn read_source(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > SOURCE_LIMIT {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use infra_sdk::Address;

    use super::*;

    fn shown(diagnostic: &Diagnostic, folders: &[PathBuf]) -> String {
        let frame = Frame { folders: folders.to_vec(), columns: None };
        anstream::adapter::strip_str(&render(diagnostic, &frame)).to_string()
    }

    fn at(file: &str, line: u32, column: u32) -> Option<Location> {
        Some(Location { file: file.to_owned(), line, column })
    }

    #[test]
    fn the_source_line_is_shown_with_a_mark_and_the_resource() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = "fn shop() {\n    let orders = s.add(\"orders\", queue);\n}\n";
        std::fs::write(folder.path().join("shop.rs"), source).expect("written");
        let diagnostic = Diagnostic::error("apply::create", "could not create resource")
            .address(&Address::parse("shop.orders").expect("valid"))
            .location(at("shop.rs", 2, 20))
            .detail("sqs:CreateQueue answered InvalidParameterValue (400)\nthe name is wrong")
            .hint("rename it to `shop-orders.fifo`");
        insta::assert_snapshot!(shown(&diagnostic, &[folder.path().to_owned()]), @r#"
        error[apply::create]: could not create resource
          ┌─ shop.rs:2:20
         2│     let orders = s.add("orders", queue);
          │                    ^ `shop.orders` is declared here
          = sqs:CreateQueue answered InvalidParameterValue (400)
            the name is wrong
          = hint: rename it to `shop-orders.fifo`
        "#);
    }

    #[test]
    fn a_file_that_is_not_there_leaves_its_place() {
        let diagnostic = Diagnostic::warning("a::b", "odd")
            .address(&Address::parse("vpc").expect("valid"))
            .location(at("gone.rs", 1234, 0));
        insta::assert_snapshot!(shown(&diagnostic, &[]), @r"
        warning[a::b]: odd
          ┌─ gone.rs:1234
          = `vpc`
        ");
    }

    #[test]
    fn what_others_wrote_cannot_change_the_terminal() {
        let diagnostic = Diagnostic::error("x", "s\u{1b}[2J").detail("a\u{202e}b").hint("c\rd");
        assert_eq!(
            shown(&diagnostic, &[]),
            "error[x]: s\\u{1b}[2J\n  = a\\u{202e}b\n  = hint: c\\rd\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_its_mark_and_tabs_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let long =
            format!("\t\tlet it = stack.{}add(\"it\");{}\n", "x.".repeat(40), " y".repeat(60));
        std::fs::write(folder.path().join("a.rs"), format!("\tadd();\n{long}")).expect("written");
        let column = 3 + "let it = stack.".len() + 80;
        let diagnostic = |line, column| {
            Diagnostic::error("a::b", "odd")
                .address(&Address::parse("network.it").expect("valid"))
                .location(at("a.rs", line, u32::try_from(column).expect("small")))
        };
        for columns in [40, 80, 120] {
            let frame = Frame { folders: vec![folder.path().to_owned()], columns: Some(columns) };
            let text = render(&diagnostic(2, column), &frame);
            let text = anstream::adapter::strip_str(&text).to_string();
            let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
            assert!(lines.iter().all(|line| line.len() <= columns), "{columns}: {text}");
            let mark = lines[3].iter().position(|character| *character == '^').expect("a mark");
            assert_eq!(lines[2][mark..mark + 4], ['a', 'd', 'd', '('], "{columns}: {text}");
        }
        let text = shown(&diagnostic(1, 2), &[folder.path().to_owned()]);
        insta::assert_snapshot!(text, @r"
        error[a::b]: odd
          ┌─ a.rs:1:2
         1│     add();
          │     ^ `network.it` is declared here
        ");
    }

    #[test]
    fn a_file_that_was_changed_since_is_not_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.rs"), "// gone\n\nadd();\n").expect("written");
        for (line, column) in [(1, 2), (2, 1), (3, 9), (4, 1)] {
            let diagnostic = Diagnostic::error("a::b", "odd").location(at("a.rs", line, column));
            let text = shown(&diagnostic, &[folder.path().to_owned()]);
            assert_eq!(text, format!("error[a::b]: odd\n  ┌─ a.rs:{line}:{column}\n"));
        }
    }

    #[test]
    fn what_the_compiler_prints_keeps_its_lines() {
        let line = "7 |     let orders = stack.add(\"orders\", queue).depends_on(&network);";
        let detail = format!("{line}\n  |                        ^^^ not found");
        let diagnostic =
            Diagnostic::error("program::build", "the stack program does not build").detail(detail);
        let frame = Frame { folders: Vec::new(), columns: Some(40) };
        let text = anstream::adapter::strip_str(&render(&diagnostic, &frame)).to_string();
        assert!(text.contains(&format!("  = {line}\n      |     ")), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn long_texts_are_broken_between_words_and_commands_are_not() {
        let command = "`aws sts decode-authorization-message --encoded-message TEXT`";
        let diagnostic = Diagnostic::error("a::b", "odd")
            .detail("one two three four five six seven eight nine ten eleven twelve thirteen")
            .hint(format!("see which policy denies it: {command}, with the text"));
        let frame = Frame { folders: Vec::new(), columns: Some(66) };
        let text = anstream::adapter::strip_str(&render(&diagnostic, &frame)).to_string();
        insta::assert_snapshot!(text, @r"
        error[a::b]: odd
          = one two three four five six seven eight nine ten eleven twelve
            thirteen
          = hint: see which policy denies it:
            `aws sts decode-authorization-message --encoded-message TEXT`,
            with the text
        ");
    }
}
