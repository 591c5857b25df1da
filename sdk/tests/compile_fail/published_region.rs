//! What another stack publishes in one region, used in another.

#[path = "support/mod.rs"]
mod support;

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::{Stack, StackOutput};
use support::*;

const VPC_ID: StackOutput<VpcId, Recovery> = StackOutput::new("network", "recovery_vpc_id");

fn declare(stack: &mut Stack, range: Ipv4Net) {
    let vpc_id = stack.read(VPC_ID);
    stack.add("subnet", Subnet::new(vpc_id, range));
}

fn publish(stack: &mut Stack, range: Ipv4Net) {
    let vpc = stack.add("vpc", Vpc::new(range));
    stack.publish(VPC_ID, vpc.id());
}

fn main() {}
