//! A diagnostic as text, with the source line it points at.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use infra_sdk::{Diagnostic, Location, Severity};

use crate::view::text::{ERROR, FAINT, STRONG, WARNING, paint, plain, plain_lines};

/// A source file is not read beyond this: a line of it is wanted, not a log file.
const SOURCE_LIMIT: u64 = 4 << 20;

/// Room for line numbers, at least.
const INDENT: usize = 2;

/// The text of a diagnostic. Its source line is shown when its file is in one of the folders.
pub(crate) fn render(diagnostic: &Diagnostic, folders: &[PathBuf]) -> String {
    let (style, word) = match diagnostic.severity {
        Severity::Error => (ERROR, "error"),
        Severity::Warning => (WARNING, "warning"),
    };
    let head = paint(style, &format!("{word}[{}]", plain(&diagnostic.code)));
    let head = format!("{head}: {}", paint(STRONG, &plain(&diagnostic.summary)));
    render_under(&head, diagnostic, folders)
}

/// The text of a diagnostic under a first line of its own, which is safe already.
pub(crate) fn render_under(head: &str, diagnostic: &Diagnostic, folders: &[PathBuf]) -> String {
    let mut text = format!("{head}\n");
    let about = diagnostic.address.as_ref().map(|address| format!("`{address}`"));
    let source = diagnostic.location.as_ref().and_then(|place| source_line(place, folders));
    let shown = source.as_ref().and(diagnostic.location.as_ref());
    let indent = shown.map_or(INDENT, |place| place.line.to_string().len().max(INDENT));
    if let Some(place) = &diagnostic.location {
        let column = if place.column > 0 { format!(":{}", place.column) } else { String::new() };
        let place_text = format!("{}:{}{column}", plain(&place.file), place.line);
        let _ = writeln!(text, "{:indent$}{} {place_text}", "", paint(FAINT, "┌─"));
        if let Some(source) = &source {
            snippet(&mut text, place, source, about.as_deref(), indent);
        }
    }
    if let (Some(about), None) = (&about, &source) {
        let _ = writeln!(text, "{:indent$}{} {about}", "", paint(FAINT, "="));
    }
    if !diagnostic.detail.is_empty() {
        block(&mut text, indent, "", &diagnostic.detail);
    }
    for hint in &diagnostic.hints {
        block(&mut text, indent, "hint: ", hint);
    }
    text
}

/// The source line, and under it a mark at the column with the resource that it is about.
fn snippet(text: &mut String, place: &Location, source: &str, about: Option<&str>, indent: usize) {
    let number = paint(FAINT, &format!("{:>indent$}│", place.line));
    let bar = paint(FAINT, "│");
    let _ = writeln!(text, "{number} {}", plain(source.trim_end()));
    let column = usize::try_from(place.column).unwrap_or(0);
    let note = about.map(|about| format!(" {about} is declared here")).unwrap_or_default();
    if column > 0 {
        let before: String = source.chars().take(column - 1).collect();
        let pad = plain(&before).chars().count();
        let _ = writeln!(text, "{:indent$}{bar} {:pad$}{}{note}", "", "", paint(ERROR, "^"));
    } else if !note.is_empty() {
        let _ = writeln!(text, "{:indent$}{bar}{note}", "");
    }
}

/// `= text`, with further lines under the first.
fn block(text: &mut String, indent: usize, label: &str, content: &str) {
    let mark = paint(FAINT, "=");
    for (number, line) in plain_lines(content).enumerate() {
        let _ = match number {
            0 => writeln!(text, "{:indent$}{mark} {label}{line}", ""),
            _ if line.is_empty() => writeln!(text),
            _ => writeln!(text, "{:indent$}  {line}", ""),
        };
    }
}

/// The line that a location names, from the first folder that has the file.
fn source_line(place: &Location, folders: &[PathBuf]) -> Option<String> {
    let index = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let read = |folder: &PathBuf| read_source(&folder.join(&place.file));
    let text = folders.iter().find_map(read)?;
    text.lines().nth(index).map(str::to_owned)
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
        anstream::adapter::strip_str(&render(diagnostic, folders)).to_string()
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
}
