//! A reference to a resource in another region.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let vpc = stack.add("vpc", Vpc::new(range));
    let mut recovery = stack.in_region::<Recovery>("us-east-1");
    recovery.add("subnet", Subnet::new(vpc.id(), range));
}

fn main() {}
