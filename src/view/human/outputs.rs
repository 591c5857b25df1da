//! Outputs of a stack as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use infra_sdk::Value;

use super::values::lines;
use crate::view::text::{STRONG, paint, plain};

/// `name = value` for every output.
pub(crate) fn render(outputs: &BTreeMap<String, Value>) -> String {
    let width = outputs.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in outputs {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{:width$} = {}", plain(name), lines(value).join("\n"));
    }
    text
}

/// The outputs of several stacks, each under its name.
pub(crate) fn of_all(stacks: &[(String, BTreeMap<String, Value>)]) -> String {
    if let [(_, outputs)] = stacks {
        return render(outputs);
    }
    let of = |(stack, outputs): &(String, BTreeMap<String, Value>)| {
        format!("{}\n{}", paint(STRONG, &format!("{}:", plain(stack))), render(outputs))
    };
    stacks.iter().map(of).collect::<Vec<_>>().join("\n")
}

/// Nothing but the value: text as it is, for scripts, and anything else as JSON.
pub(crate) fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        other => super::super::outputs_json::bare(other),
    }
}
