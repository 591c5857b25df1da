//! `cargo xtask tidy`: the rules of the house, as the tests hold them.

use std::path::Path;
use std::process::ExitCode;

use xtask::tidy::violations;

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let lines = match task.as_str() {
        "tidy" => violations(root),
        _ => vec!["usage: cargo xtask tidy".to_owned()],
    };
    for line in &lines {
        report(line);
    }
    if lines.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the task's answer")]
fn report(line: &str) {
    println!("{line}");
}
