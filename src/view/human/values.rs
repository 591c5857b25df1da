//! Values as text, and what differs between two of them.
//!
//! The main functions are [`inline`], [`lines`] and [`text_difference`]. A sensitive value is never
//! shown; all text of others is escaped; what is huge is cut, and says so.

use std::time::Duration;

use infra_engine::is_digest;
use infra_sdk::Value;
use similar::{ChangeTag, TextDiff};

use super::look::Look;
use crate::view::text::{ADD, FAINT, REMOVE, paint, plain};

/// What stands for a value that is known later.
pub(crate) const UNKNOWN: &str = "(known after apply)";
/// What stands for a value that is never shown.
pub(crate) const SENSITIVE: &str = "(sensitive value)";

/// What stands for a secret of which only a digest is known.
const WRITE_ONLY: &str = "(write-only value)";

/// Lists and maps up to this many characters stand on one line.
const INLINE_LIMIT: usize = 60;

/// Unchanged lines around a changed one that are shown.
const AROUND: usize = 2;

/// As many characters of one line are shown; the JSON views have everything.
const LONGEST_LINE: usize = 2_000;

/// As many lines of one value are shown.
const MOST_LINES: usize = 500;

/// How long two values are compared line by line, before coarser differences are good enough.
pub(super) const COMPARED_WITHIN: Duration = Duration::from_secs(2);

/// Text between quotes.
pub(crate) fn quoted(text: &str) -> String {
    let (start, rest) = clipped(text);
    format!("\"{}\"{rest}", plain(&start.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A line of somebody else's text.
fn line(text: &str) -> String {
    let (start, rest) = clipped(text);
    format!("{}{rest}", plain(start))
}

/// The beginning of a text that is too long for a terminal, and what is to be said of the rest: two
/// that differ only there differ in the digest.
fn clipped(text: &str) -> (&str, String) {
    let Some((end, _)) = text.char_indices().nth(LONGEST_LINE) else {
        return (text, String::new());
    };
    let digest = blake3::hash(text.as_bytes()).to_hex();
    let rest = format!("... ({} bytes in all, blake3 {})", text.len(), &digest[..16]);
    (&text[..end], paint(FAINT, &rest))
}

/// The first of many lines, and how many more there are.
pub(super) fn first_of(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        lines.truncate(MOST_LINES);
        lines.push(paint(FAINT, &format!("# ({more} more lines; `--format json` has them all)")));
    }
    lines
}

/// A key of a map: bare where it can be told from what follows.
pub(super) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}

/// The value on one line, if it fits on one.
pub(crate) fn inline(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Unknown => UNKNOWN.to_owned(),
        Value::Sensitive(_) if is_digest(value) => WRITE_ONLY.to_owned(),
        Value::Sensitive(_) => SENSITIVE.to_owned(),
        Value::String(text) if document(text).is_some() => return None,
        Value::String(text) => quoted(text),
        Value::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(inline).collect();
            let text = format!("[{}]", items?.join(", "));
            return (text.chars().count() <= INLINE_LIMIT).then_some(text);
        }
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(_) => return None,
    };
    Some(text)
}

/// The lines of a text that is better read as lines: JSON with structure, or several lines.
fn document(text: &str) -> Option<Vec<String>> {
    let first = text.trim_start().chars().next();
    if matches!(first, Some('{' | '['))
        && let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
        && let Ok(pretty) = serde_json::to_string_pretty(&json)
    {
        return (pretty.lines().count() > 1).then(|| pretty.lines().map(line).collect());
    }
    let several = text.trim_end_matches('\n').contains('\n');
    several.then(|| text.lines().map(line).collect())
}

/// The value on as many lines as it needs, within reason.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    first_of(all_lines(value))
}

fn all_lines(value: &Value) -> Vec<String> {
    if let Some(text) = inline(value) {
        return vec![text];
    }
    match value {
        Value::String(text) => document(text).unwrap_or_else(|| vec![quoted(text)]),
        Value::List(items) => {
            let inner = items.iter().flat_map(|item| {
                let mut item = all_lines(item);
                if let Some(last) = item.last_mut() {
                    last.push(',');
                }
                item
            });
            enclose("[", inner, "]")
        }
        Value::Map(entries) => {
            let inner = entries.iter().filter(|(_, v)| !v.is_null()).flat_map(|(name, value)| {
                let mut value = all_lines(value);
                if let Some(first) = value.first_mut() {
                    *first = format!("{} = {first}", key(name));
                }
                value
            });
            enclose("{", inner, "}")
        }
        other => vec![inline(other).unwrap_or_default()],
    }
}

fn enclose(open: &str, inner: impl Iterator<Item = String>, close: &str) -> Vec<String> {
    let inner = inner.map(|line| format!("  {line}"));
    std::iter::once(open.to_owned()).chain(inner).chain([close.to_owned()]).collect()
}

/// The lines of two texts that differ, each with its sign, and a few around them. The rest is folded,
/// where not everything is wanted.
pub(super) fn text_difference(before: &Value, after: &Value, look: Look) -> Vec<String> {
    let (before, after) = (all_lines(before), all_lines(after));
    let old: Vec<&str> = before.iter().map(String::as_str).collect();
    let new: Vec<&str> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::configure().timeout(COMPARED_WITHIN).diff_slices(&old, &new);
    let mut shown = Vec::new();
    let mut next = 0;
    let around = if look.is_verbose() { before.len() + after.len() } else { AROUND };
    for group in diff.grouped_ops(around) {
        let start = group.first().map_or(0, |op| op.old_range().start);
        fold(&mut shown, start - next);
        next = group.last().map_or(next, |op| op.old_range().end);
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value();
            shown.push(match change.tag() {
                ChangeTag::Equal => format!("  {line}"),
                ChangeTag::Delete => format!("{} {line}", paint(REMOVE, "-")),
                ChangeTag::Insert => format!("{} {line}", paint(ADD, "+")),
            });
        }
    }
    fold(&mut shown, before.len().saturating_sub(next));
    shown
}

fn fold(shown: &mut Vec<String>, count: usize) {
    match count {
        0 => {}
        1 => shown.push(format!("  {}", paint(FAINT, "# (1 unchanged line)"))),
        _ => shown.push(format!("  {}", paint(FAINT, &format!("# ({count} unchanged lines)")))),
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Object;

    use super::*;

    fn shown(lines: &[String]) -> String {
        anstream::adapter::strip_str(&lines.join("\n")).to_string()
    }

    #[test]
    fn secrets_stay_secret_and_controls_are_escaped() {
        let value = Value::Map(Object::from([
            ("password".into(), Value::from("hunter2").sensitive()),
            ("na\u{1b}me".into(), Value::from("x\u{1b}[0m\"y")),
            ("later".into(), Value::Unknown),
            ("nothing".into(), Value::Null),
        ]));
        insta::assert_snapshot!(shown(&lines(&value)), @r#"
        {
          later = (known after apply)
          "na\u{1b}me" = "x\u{1b}[0m\"y"
          password = (sensitive value)
        }
        "#);
        let digest = format!("blake3:{}:{}", "0".repeat(32), "0".repeat(64));
        let digest = Value::Map(Object::from([("$digest".into(), Value::from(digest))]));
        assert_eq!(inline(&digest.sensitive()).as_deref(), Some("(write-only value)"));
    }

    #[test]
    fn what_is_huge_is_cut_and_still_tells_two_apart() {
        let long = |end: &str| Value::from(format!("{}{end}", "é".repeat(3_000_000)));
        let (one, other) = (shown(&lines(&long("a"))), shown(&lines(&long("b"))));
        assert!(one.len() < 10_000 && one.contains("(6000001 bytes in all, blake3 "), "{one}");
        assert_ne!(one, other);
        let many = |from: usize| {
            let lines: Vec<_> = (from..from + 100_000).map(|n| format!("line {n}")).collect();
            Value::from(lines.join("\n"))
        };
        let text = lines(&many(0));
        assert_eq!(text.len(), MOST_LINES + 1);
        assert!(shown(&text).ends_with("# (99500 more lines; `--format json` has them all)"));
        // A list of many short values is no better.
        let list = Value::List((0..1_000_000).map(Value::Int).collect());
        assert_eq!(lines(&list).len(), MOST_LINES + 1);
        // What fits is whole.
        let fits = Value::from("x".repeat(LONGEST_LINE));
        assert_eq!(shown(&lines(&fits)).len(), LONGEST_LINE + 2);
    }
}
