//! What is recorded, as text.

use std::fmt::Write;

use infra_sdk::Address;
use infra_sdk::store::{Record, State, Status};

use super::values::lines;
use crate::view::text::{FAINT, STRONG, paint, plain};

/// One line per resource of a stack. On a terminal of so many columns, an id that does not fit stands
/// beneath its line.
pub(crate) fn list(stack: Option<&str>, state: &State, columns: Option<usize>) -> String {
    let mut text = String::new();
    if let Some(stack) = stack {
        let _ = writeln!(text, "{}", paint(STRONG, &format!("{}:", plain(stack))));
    }
    let width = state.records.keys().map(|address| address.as_str().len()).max().unwrap_or(0);
    let types = state.records.values().map(|record| record.type_name.len()).max().unwrap_or(0);
    for (address, record) in &state.records {
        let (address, kind, id) = (address.as_str(), plain(&record.type_name), plain(&record.id));
        let needed = width + 2 + types + 2 + id.chars().count();
        let _ = if columns.is_none_or(|columns| needed <= columns) {
            writeln!(text, "{address:width$}  {kind:types$}  {id}")
        } else {
            writeln!(text, "{address:width$}  {kind}\n    {id}")
        };
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

#[cfg(test)]
mod tests {
    use infra_sdk::Object;
    use infra_sdk::provider::Place;

    use super::*;

    fn record(address: &str, type_name: &str, id: &str) -> (Address, Record) {
        let address = Address::parse(address).expect("valid");
        let record = Record {
            address: address.clone(),
            type_name: type_name.to_owned(),
            place: Place::default(),
            id: id.to_owned(),
            inputs: Object::default(),
            outputs: Object::default(),
            dependencies: Vec::new(),
            status: Status::Ready,
            prevent_destroy: false,
            create_before_destroy: false,
            location: None,
            deposed: Vec::new(),
        };
        (address, record)
    }

    #[test]
    fn an_id_that_does_not_fit_stands_beneath_its_line() {
        let records = [
            record("logs", "aws_cloudwatch_log_group", "/shop"),
            record("network.vpc", "aws_vpc", "vpc-0123456789"),
        ];
        let state = State { records: records.into(), ..State::default() };
        let wide = "logs         aws_cloudwatch_log_group  /shop\n\
                    network.vpc  aws_vpc                   vpc-0123456789\n";
        assert_eq!(list(None, &state, None), wide);
        assert_eq!(list(None, &state, Some(53)), wide);
        let narrow = "logs         aws_cloudwatch_log_group  /shop\n\
                      network.vpc  aws_vpc\n    vpc-0123456789\n";
        assert_eq!(list(None, &state, Some(52)), narrow);
    }
}
