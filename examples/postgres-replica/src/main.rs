//! A database of PostgreSQL with a replica for reading.

mod network;
mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("orders", stack::declare).pack(baseline()).run()
}
