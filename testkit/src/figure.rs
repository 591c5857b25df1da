//! Figures of the scoreboard in docs/reliability.md, as tests report them.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "this is a part of tests")]

use std::fs::File;
use std::io::Write as _;

/// Says a figure, past the test's capture of its output, and appends it to the file of the figures
/// where `cargo xtask reliability` names one.
pub fn figure(number: &str, text: &str) {
    writeln!(std::io::stdout(), "figure {number}: {text}").expect("written");
    let Some(path) = std::env::var_os("INFRA_RELIABILITY_FIGURES") else { return };
    let mut file = File::options().append(true).create(true).open(path).expect("the figures' file");
    // The proofs of a store have seeds of their own, which the text tells.
    file.write_all(format!("{number}\t-\t{text}\n").as_bytes()).expect("the figure is written");
}
