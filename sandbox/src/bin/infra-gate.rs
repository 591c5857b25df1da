//! Runs a sandbox in the foreground: `infra-gate DIRECTORY [VENV]`.
//!
//! What `infra sandbox run` does for the installed command; the tests of this crate start it.

use std::process::ExitCode;

use infra_sandbox::{SandboxConfig, detached};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(directory) = arguments.next() else {
        return refused(ExitCode::from(64), "usage: infra-gate DIRECTORY [VENV]");
    };
    let config = SandboxConfig {
        venv: arguments.next().map(Into::into),
        environment: std::env::vars_os().collect(),
        ..SandboxConfig::new(directory)
    };
    match detached::run_foreground(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refused(ExitCode::FAILURE, &error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "a program of its own, with nothing else to tell it by")]
fn refused(code: ExitCode, message: &str) -> ExitCode {
    eprintln!("{message}");
    code
}
