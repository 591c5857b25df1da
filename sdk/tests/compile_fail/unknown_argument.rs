//! An argument that the resource does not have.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    stack.add("vpc", Vpc::new(range).enable_nat(true));
}

fn main() {}
