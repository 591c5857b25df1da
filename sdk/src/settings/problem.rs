//! What can be wrong with a setting, as diagnostics: the place, the path, what was expected and
//! what was given.

use super::node::{Origin, SettingNode, SettingValue};
use crate::Diagnostic;
use crate::names::{meant, nearest};

/// The diagnostic for a setting that the stack does not have. `path` and `known` are whole paths.
#[must_use]
pub fn unknown_setting(path: &str, node: &SettingNode, known: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error("settings::unknown", "the stack has no such setting")
        .detail(format!("`{path}` is set{}, and no setting has that name", source(node)))
        .location(node.origin.location());
    if let Some(near) = nearest(path, known.iter().copied()) {
        return diagnostic.hint(meant(near));
    }
    if known.is_empty() {
        return diagnostic.hint("remove it: there are no settings here");
    }
    diagnostic.hint(format!("choose one of the settings that there are: {}", known.join(", ")))
}

/// A value that the setting cannot have: of another type, out of range, none of the choices.
pub(super) fn unfit(path: &str, node: &SettingNode, expected: &str) -> Diagnostic {
    Diagnostic::error("settings::value", "a setting has a value that it cannot have")
        .detail(format!("`{path}` must be {expected}, and is {}{}", given(node), source(node)))
        .location(node.origin.location())
}

/// A setting that must be set and is not.
pub(super) fn missing(path: &str, kind: &str, doc: &str, range: Option<&str>) -> Diagnostic {
    let range = range.map(|range| format!(", {range}")).unwrap_or_default();
    let diagnostic = Diagnostic::error("settings::missing", "a required setting is not set")
        .detail(format!("`{path}` is {kind}{range}: {doc}"));
    // `infra` knows the table and the file, and names them in the place of the last words.
    let place = "under the table of this stack in the settings file of this environment";
    // Elements of a list have no name of their own, neither in a file nor on the command line.
    if path.contains('[') {
        return diagnostic.hint(format!("set `{path}` {place}"));
    }
    diagnostic
        .hint(format!("write `{path} = …` {place}"))
        .hint(format!("or pass it once with `--var {path}=…`"))
}

/// The value as a person would say it. Long texts are cut: a diagnostic is no place for a document.
fn given(node: &SettingNode) -> String {
    match &node.value {
        SettingValue::Bool(value) => format!("`{value}`"),
        SettingValue::Integer(value) => format!("`{value}`"),
        SettingValue::Float(value) => format!("`{value}`"),
        // On the command line everything is text: to say so would tell of a wrong type.
        SettingValue::Text(text) if node.origin == Origin::Argument => {
            format!("`{}`", shortened(text))
        }
        SettingValue::Text(text) => format!("the text `{}`", shortened(text)),
        SettingValue::List(_) => "a list".to_owned(),
        SettingValue::Table(_) => "a table".to_owned(),
    }
}

/// A text that fits into a message.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let escaped = text.escape_debug().to_string();
    if escaped.chars().count() <= LONGEST {
        return escaped;
    }
    escaped.chars().take(LONGEST).chain(std::iter::once('…')).collect()
}

fn source(node: &SettingNode) -> &'static str {
    match node.origin {
        Origin::File { .. } => "",
        Origin::Argument => " (from the command line)",
    }
}
