//! A handle inside a text.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let vpc = stack.add("vpc", Vpc::new(range));
    stack.output("vpc", infra_sdk::text!("the VPC is ", vpc));
}

fn main() {}
