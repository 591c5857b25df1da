//! A subnet's id where a VPC's belongs.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let vpc = stack.add("vpc", Vpc::new(range));
    let subnet = stack.add("subnet", Subnet::new(vpc.id(), range));
    stack.add("inner", Subnet::new(subnet.id(), range));
}

fn main() {}
