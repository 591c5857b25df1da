//! One resource with what it has to do with others, as text.

use std::fmt::Write as _;

use infra_sdk::Address;
use infra_sdk::store::Operation;

use super::state;
use crate::commands::show::Shown;
use crate::view::text::{FAINT, STRONG, paint, plain};

/// What is recorded, and below it the neighbours, the declaration and the latest change.
pub(crate) fn render(shown: &Shown<'_>) -> String {
    let mut text = state::head(shown.record);
    state::attributes(&mut text, shown.record, "    ");
    let place = shown.record.location.as_ref().map(|place| plain(&place.to_string()));
    let mut rows = vec![
        ("refers to", neighbours(&shown.needs)),
        ("referred to by", neighbours(&shown.needed_by)),
        ("declared", vec![place.unwrap_or_else(|| "no place is recorded".to_owned())]),
    ];
    if let Some(changed) = &shown.changed {
        let done = match changed.operation {
            Operation::Create => "created",
            Operation::Update => "updated",
            Operation::Delete => "deleted",
        };
        let run = format!("run {}: {}", plain(&changed.run), plain(&changed.command));
        let when = format!("{done} {} by {}", plain(&changed.at), plain(&changed.by));
        rows.push(("last changed", vec![when, run]));
    }
    text.push('\n');
    for (heading, lines) in rows {
        let lines = if lines.is_empty() { vec!["nothing".to_owned()] } else { lines };
        for (at, line) in lines.iter().enumerate() {
            let heading = if at == 0 { heading } else { "" };
            // Writing into a text cannot fail.
            let _ = writeln!(text, "    {}  {line}", paint(STRONG, &format!("{heading:14}")));
        }
    }
    text
}

fn neighbours(all: &[(&Address, Option<&str>)]) -> Vec<String> {
    let line = |(address, type_name): &(&Address, Option<&str>)| {
        let note = match type_name {
            Some(name) => format!("({})", plain(name)),
            None => "(no longer recorded)".to_owned(),
        };
        format!("{address} {}", paint(FAINT, &note))
    };
    all.iter().map(line).collect()
}
