//! A cluster of Kubernetes with nodes that EKS manages, in a network of its own.

mod cluster;
mod network;
mod stack;

use std::process::ExitCode;

use infra_aws::checks::baseline;
use infra_sdk::Program;

fn main() -> ExitCode {
    Program::new().stack("cluster", stack::declare).pack(baseline()).run()
}
