//! A stack of components that stand in a crate of their own, `work-queue`.

mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("billing", stack::declare).pack(baseline()).run()
}
