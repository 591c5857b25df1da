//! What is recorded, as text.

use std::fmt::Write;

use infra_sdk::Address;
use infra_sdk::store::{Record, State, Status};

use super::values::lines;
use crate::view::text::{FAINT, STRONG, paint, plain};

/// One line per resource of a stack.
pub(crate) fn list(stack: Option<&str>, state: &State) -> String {
    let mut text = String::new();
    if let Some(stack) = stack {
        let _ = writeln!(text, "{}", paint(STRONG, &format!("{}:", plain(stack))));
    }
    let width = state.records.keys().map(|address| address.as_str().len()).max().unwrap_or(0);
    let types = state.records.values().map(|record| record.type_name.len()).max().unwrap_or(0);
    for (address, record) in &state.records {
        let _ = writeln!(
            text,
            "{:width$}  {:types$}  {}",
            address.as_str(),
            plain(&record.type_name),
            plain(&record.id)
        );
    }
    text
}

/// Everything that is recorded of a resource.
pub(crate) fn show(record: &Record) -> String {
    let mut text = head(record);
    attributes(&mut text, record, "    ");
    if !record.dependencies.is_empty() {
        let needs: Vec<_> = record.dependencies.iter().map(|address| address.as_str()).collect();
        let _ = writeln!(text, "    {}", paint(FAINT, &format!("# needs {}", needs.join(", "))));
    }
    text
}

/// What it is, and whether it is ready.
pub(super) fn head(record: &Record) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} ({}) {}",
        paint(STRONG, record.address.as_str()),
        plain(&record.type_name),
        plain(&record.id)
    );
    let status = match &record.status {
        Status::Ready => None,
        Status::Created(waiting) => Some(match &waiting.until {
            Some(until) => format!("not ready: {} (waited for until {until})", waiting.last),
            None => format!("not ready: {}", waiting.last),
        }),
    };
    if let Some(status) = status {
        let _ = writeln!(text, "    {}", paint(FAINT, &format!("# {}", plain(&status))));
    }
    text
}

/// The attributes of a record, one below the other.
pub(super) fn attributes(text: &mut String, record: &Record, indent: &str) {
    let attributes: Vec<_> = record
        .inputs
        .iter()
        .chain(record.outputs.iter().filter(|(name, _)| !record.inputs.contains_key(*name)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    let width = attributes.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in attributes {
        let value = lines(value).join(&format!("\n{indent}"));
        let _ = writeln!(text, "{indent}{:width$} = {value}", plain(name));
    }
}

/// That resources are recorded under other addresses.
pub(crate) fn moved(stack: &str, moves: &[(Address, Record)], dry: bool) -> String {
    let mut text = String::new();
    for (to, record) in moves {
        let _ = writeln!(
            text,
            "{}: {} ({} {}) {} recorded as {}",
            plain(stack),
            paint(STRONG, record.address.as_str()),
            plain(&record.type_name),
            plain(&record.id),
            if dry { "would be" } else { "is" },
            paint(STRONG, to.as_str()),
        );
    }
    text.push_str(match moves {
        _ if dry => NOTHING_WAS_CHANGED,
        [_] => "Give it that name in the code too; `moved_from` is not needed.\n",
        _ => "Give them those names in the code too; `moved_from` is not needed.\n",
    });
    text
}

/// That a resource is recorded in another stack.
pub(crate) fn handed_over(
    stack: &str,
    record: &Record,
    to: &Address,
    target: &str,
    dry: bool,
) -> String {
    let mut text = format!(
        "{}: {} ({} {}) {} recorded as {} in {}\n",
        plain(stack),
        paint(STRONG, record.address.as_str()),
        plain(&record.type_name),
        plain(&record.id),
        if dry { "would be" } else { "is" },
        paint(STRONG, to.as_str()),
        paint(STRONG, &plain(target)),
    );
    text.push_str(if dry {
        NOTHING_WAS_CHANGED
    } else {
        "Move its declaration too, or the next apply of its new stack destroys it.\n"
    });
    text
}

/// That resources are forgotten.
pub(crate) fn forgotten(stack: &str, records: &[Record], dry: bool) -> String {
    let mut text = String::new();
    for record in records {
        let _ = writeln!(
            text,
            "{}: {} ({} {}) {}",
            plain(stack),
            paint(STRONG, record.address.as_str()),
            plain(&record.type_name),
            plain(&record.id),
            if dry { "would be forgotten" } else { "is forgotten; the object stays as it is" },
        );
        for old in &record.deposed {
            let _ = writeln!(text, "    and {}, which it replaced", plain(&old.id));
        }
    }
    text.push_str(if dry {
        NOTHING_WAS_CHANGED
    } else {
        "Take what is forgotten out of the code too, or the next apply makes another.\n"
    });
    text
}

const NOTHING_WAS_CHANGED: &str = "Nothing was changed: leave `--dry-run` out to do it.\n";
