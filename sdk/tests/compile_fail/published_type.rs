//! A subnet's id published where a VPC's is promised.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::{Stack, StackOutput};
use support::*;

const VPC_ID: StackOutput<VpcId> = StackOutput::new("network", "vpc_id");

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let vpc = stack.add("vpc", Vpc::new(range));
    let subnet = stack.add("subnet", Subnet::new(vpc.id(), range));
    stack.publish(VPC_ID, subnet.id());
}

fn main() {}
