//! An object that is taken over, as text.

use std::fmt::Write;

use infra_engine::Change;
use infra_sdk::store::Record;

use super::change;
use super::look::Look;
use super::plan::Schemas;
use super::state::attributes;
use crate::view::text::{ADD, STRONG, paint, plain};

/// What is shown of an import.
pub(crate) struct Shown<'a> {
    /// The stack.
    pub(crate) stack: &'a str,
    /// The environment.
    pub(crate) environment: &'a str,
    /// What is recorded.
    pub(crate) record: &'a Record,
    /// What a plan says about it then; nothing when a plan is refused.
    pub(crate) change: Option<&'a Change>,
}

/// What would be recorded, and what a plan would then do.
pub(crate) fn render(shown: &Shown<'_>, schemas: Schemas<'_>) -> String {
    let Shown { stack, environment, record, change } = shown;
    let title = format!("{} in {}", plain(stack), plain(environment));
    let mut text = format!("{}\n\n", paint(STRONG, &title));
    let _ = writeln!(
        text,
        "{} {} ({}) would be taken over ({})",
        paint(ADD, "  ="),
        paint(STRONG, record.address.as_str()),
        plain(&record.type_name),
        plain(&record.id)
    );
    attributes(&mut text, record, "      ");
    text.push('\n');
    let Some(change) = change else {
        text.push_str("A plan would then be refused:\n\n");
        return text;
    };
    let planned = change::render(change, std::slice::from_ref(change), schemas, Look::default());
    if planned.is_empty() {
        text.push_str("It is as declared: a plan would then change nothing of it.\n\n");
    } else {
        text.push_str("A plan would then change it:\n\n");
        text.push_str(&planned);
    }
    text
}

/// That it is done.
pub(crate) fn done(record: &Record) -> String {
    format!(
        "Import complete: {} is recorded as {}; it was not changed.\n",
        plain(&record.id),
        paint(STRONG, record.address.as_str())
    )
}
