//! The stacks of this repository: what `infra plan` builds and asks what it wants, and the checks that
//! their plans are held against. omniportal handles health data.

mod archon;
mod components;
mod faultmaven;
mod omniportal;
mod securenexus;

use std::process::ExitCode;

use infra_aws::checks::{baseline, hipaa};
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new()
        .stack("archon", archon::declare)
        .stack("faultmaven", faultmaven::declare)
        .stack("omniportal", omniportal::declare)
        .stack("securenexus", securenexus::declare)
        .pack(baseline())
        .pack(hipaa().for_stacks(["omniportal"]))
        .run()
}
