//! A site of files that S3 serves to everybody, by HTTPS.

mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("site", stack::declare).pack(baseline()).run()
}
