//! A bucket and its copy in another region. A key of one region where the other is meant does not
//! compile.

mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("backups", stack::declare).pack(baseline()).run()
}
