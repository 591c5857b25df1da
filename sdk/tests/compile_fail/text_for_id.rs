//! Plain text where an id belongs.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    stack.add("subnet", Subnet::new("vpc-12345678", range));
}

fn main() {}
