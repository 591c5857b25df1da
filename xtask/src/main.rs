//! `cargo xtask tidy` and `cargo xtask bench`.

use std::path::Path;
use std::process::ExitCode;

use xtask::{bench, tidy};

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match task.as_str() {
        "tidy" => {
            let broken = tidy::violations(root);
            broken.iter().for_each(|line| say(line));
            if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        "bench" => match bench::stacks(root) {
            Ok(figures) => {
                say("build of the stacks crate      seconds");
                for (what, time) in figures {
                    say(&format!("{what:<30} {:>7.2}", time.as_secs_f64()));
                }
                ExitCode::SUCCESS
            }
            Err(message) => {
                say(&message);
                ExitCode::FAILURE
            }
        },
        _ => {
            say("usage: cargo xtask tidy | bench");
            ExitCode::from(64)
        }
    }
}

#[expect(clippy::print_stdout, reason = "the task's answer")]
fn say(line: &str) {
    println!("{line}");
}
