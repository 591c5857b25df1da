//! A choice that there is not.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::Stack;
use support::*;

fn declare(stack: &mut Stack, range: Ipv4Net) {
    stack.add("vpc", Vpc::new(range).instance_tenancy(Tenancy::Shared));
}

fn main() {}
