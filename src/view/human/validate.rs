//! What `validate` found, as text.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::view::text::{self, ADD, STRONG, paint, plain};

/// A stack in which nothing is wrong.
pub(crate) struct Checked {
    /// Its name.
    pub(crate) stack: String,
    /// How many resources it declares.
    pub(crate) resources: usize,
    /// Lookups that were answered from the record of an earlier run.
    pub(crate) recorded: BTreeSet<String>,
    /// Lookups that were answered with placeholders.
    pub(crate) placeholders: BTreeSet<String>,
}

/// The lines of a stack.
pub(crate) fn render(checked: &Checked) -> String {
    let count = text::count(checked.resources, "resource");
    let name = paint(STRONG, &plain(&checked.stack));
    let mut text = format!("{name}: {}, {count}\n", paint(ADD, "valid"));
    let how = [
        (&checked.recorded, "answered as recorded by an earlier run"),
        (&checked.placeholders, "answered with placeholders: no run has recorded an answer"),
    ];
    for (names, how) in how.into_iter().filter(|(names, _)| !names.is_empty()) {
        let names: Vec<_> = names.iter().map(|name| plain(name)).collect();
        // Writing into a text cannot fail.
        let _ = writeln!(text, "    {}: {how}", names.join(", "));
    }
    text
}
