//! Text where a number belongs.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let _ = range;
    stack.add("queue", Queue::new().limit("10"));
}

fn main() {}
