//! A resource of one region added to the stack of another.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let mut recovery = stack.in_region::<Recovery>("us-east-1");
    let vpc = recovery.add("vpc", Vpc::new(range));
    let subnet: SubnetArguments<Recovery> = Subnet::new(vpc.id(), range);
    stack.add("subnet", subnet);
}

fn main() {}
