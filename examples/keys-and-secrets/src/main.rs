//! A key, a secret and a parameter that it encrypts, and the one role that may read them.

mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("vault", stack::declare).pack(baseline()).run()
}
