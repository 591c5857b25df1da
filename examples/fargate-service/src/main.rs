//! A service of containers on Fargate, behind a load balancer that speaks TLS, behind a firewall.

mod edge;
mod firewall;
mod network;
mod service;
mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("web", stack::declare).pack(baseline()).run()
}
