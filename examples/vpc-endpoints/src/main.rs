//! A network without a way to the internet, whose machines still reach services of AWS.

mod flow_log;
mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("inside", stack::declare).pack(baseline()).run()
}
