//! A bucket that nobody but its account reads, and nobody without TLS.

mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("documents", stack::declare).pack(baseline()).run()
}
