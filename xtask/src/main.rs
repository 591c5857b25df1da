//! `cargo xtask tidy`, `cargo xtask bench` and `cargo xtask reliability`.

use std::path::Path;
use std::process::ExitCode;

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
        _ => {
            say("usage: cargo xtask tidy | bench [--quick] [NAME]... \
                 | reliability [--seed N] [--most N] [TEST]");
            ExitCode::from(64)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the task's answer")]
fn say(line: &str) {
    println!("{line}");
}
