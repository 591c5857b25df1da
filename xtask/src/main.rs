//! `cargo xtask tidy`, `bench`, `reliability`, `package` and `sbom`.

use std::path::Path;
use std::process::ExitCode;

use xtask::package::{self, debian, sbom};
use xtask::{bench, reliability, tidy};

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match task.as_str() {
        "tidy" => {
            let broken = tidy::violations(root);
            broken.iter().for_each(|line| say(line));
            if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        "bench" => {
            let options = match bench::Options::parse(std::env::args().skip(2)) {
                Ok(options) => options,
                Err(message) => {
                    say(&message);
                    return ExitCode::from(64);
                }
            };
            match bench::run(root, &options, &say) {
                Ok(()) => ExitCode::SUCCESS,
                Err(message) => {
                    say(&message);
                    ExitCode::FAILURE
                }
            }
        }
        "reliability" => {
            let options = reliability::Options::parse(std::env::args().skip(2));
            match options.and_then(|options| reliability::run(root, &options)) {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(message) => {
                    say(&message);
                    ExitCode::from(64)
                }
            }
        }
        "package" => {
            let options = package::Options::parse(std::env::args().skip(2));
            answer(
                options
                    .and_then(|options| debian::build(root, &options))
                    .map(|path| path.display().to_string()),
            )
        }
        "sbom" => answer(sbom::document(root).map(|document| format!("{document:#}"))),
        _ => {
            say("usage: cargo xtask tidy | bench [--quick] [NAME]... \
                 | reliability [--seed N] [--most N] [TEST] \
                 | package --binary FILE [--out DIR] [--quick] | sbom");
            ExitCode::from(64)
        }
    }
}

/// Says what came of a task.
fn answer(result: Result<String, String>) -> ExitCode {
    let (line, code) = match result {
        Ok(line) => (line, ExitCode::SUCCESS),
        Err(message) => (message, ExitCode::FAILURE),
    };
    say(&line);
    code
}

#[expect(clippy::print_stdout, reason = "the task's answer")]
fn say(line: &str) {
    println!("{line}");
}
