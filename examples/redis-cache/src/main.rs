//! A cache of Redis that speaks TLS, asks for a token, and is reached by one security group only.

mod network;
mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("sessions", stack::declare).pack(baseline()).run()
}
