//! A bare number where days belong, in a block.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let _ = range;
    stack.add("queue", Queue::new().rule([Rule::new(30)]));
}

fn main() {}
