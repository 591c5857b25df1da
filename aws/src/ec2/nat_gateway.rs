//! A NAT gateway of one availability zone, public or private. Slow: it is pending for minutes, and
//! deleting takes as long. Secondary addresses are changed in place. Regional NAT gateways, of all
//! zones of a VPC, are not offered. Its handler is in `nat_gateway_handler`.
//!
//! API: CreateNatGateway, DescribeNatGateways, AssociateNatGatewayAddress,
//! DisassociateNatGatewayAddress, AssignPrivateNatGatewayAddress,
//! UnassignPrivateNatGatewayAddress, DeleteNatGateway.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Choice, Object, Outputs, Resource, Tags};

use super::{AllocationId, AssociationId, NatGatewayId, NetworkInterfaceId, SubnetId, VpcId};
use crate::rules::Rules;

/// Lets instances without public addresses open connections to other networks.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_nat_gateway", outputs = NatGatewayOutputs, validate = validate)]
pub struct NatGateway {
    /// The subnet that the gateway is in.
    #[field(force_new)]
    pub subnet_id: SubnetId,
    /// Whether the gateway leads to the internet or to other private networks.
    #[field(force_new, default = ConnectivityType::Public)]
    pub connectivity_type: ConnectivityType,
    /// Elastic IP address of a public gateway.
    #[field(force_new)]
    pub allocation_id: Option<AllocationId>,
    /// Private IPv4 address. AWS chooses one of the subnet by default.
    #[field(force_new, computed)]
    pub private_ip: Option<String>,
    /// Further Elastic IP addresses of a public gateway, up to 7.
    pub secondary_allocation_ids: BTreeSet<AllocationId>,
    /// How many further private IPv4 addresses AWS chooses for a private gateway, from 1 to 31.
    #[field(force_new, computed)]
    pub secondary_private_ip_address_count: Option<u32>,
    /// Further private IPv4 addresses.
    #[field(computed)]
    pub secondary_private_ip_addresses: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
}

/// Where a NAT gateway leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ConnectivityType {
    /// To the internet, from an Elastic IP address.
    Public,
    /// To other VPCs and to networks of one's own.
    Private,
}

/// What AWS assigns to a [`NatGateway`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct NatGatewayOutputs {
    /// The gateway's id.
    pub id: NatGatewayId,
    /// The VPC of the subnet.
    pub vpc_id: Option<VpcId>,
    /// Association of the Elastic IP address.
    pub association_id: Option<AssociationId>,
    /// The gateway's network interface.
    pub network_interface_id: Option<NetworkInterfaceId>,
    /// The Elastic IP address of a public gateway.
    pub public_ip: Option<String>,
    /// `available`, or what the gateway or one of its addresses is busy with.
    pub state: String,
    /// Why the gateway or one of its addresses failed.
    pub failure_message: Option<String>,
}

/// Source: EC2 API Reference, CreateNatGateway.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.text("connectivity_type") == Some(ConnectivityType::Private.as_str()) {
        let because = "for a private gateway";
        rules.without(&["allocation_id", "secondary_allocation_ids"], because);
    } else if !rules.has("allocation_id") {
        rules.refuse("allocation_id", "is missing: a public gateway has an Elastic IP address");
    } else {
        rules.without(&["secondary_private_ip_address_count"], "for a public gateway");
    }
    rules.at_most_one(&["secondary_private_ip_addresses", "secondary_private_ip_address_count"]);
    rules.ipv4("private_ip");
    rules.finish()
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Stack, Value};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::eip::EipHandle;
    use crate::ec2::subnet::SubnetHandle;
    use crate::ec2::{Eip, InternetGateway, Subnet, Vpc};

    fn network(stack: &mut Stack) -> (SubnetHandle, EipHandle) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        stack.add("igw", InternetGateway::new().vpc_id(vpc.id()));
        let subnet = stack.add("subnet", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
        (subnet, stack.add("eip", Eip::new()))
    }

    conforms!(
        aws_nat_gateway,
        Fixture {
            base: |stack, name| {
                let (subnet, eip) = network(stack);
                let nat = NatGateway::new(subnet.id()).allocation_id(eip.allocation_id());
                stack.add("it", nat.tag("Name", name));
            },
            update: Some(|stack, _| {
                let (subnet, eip) = network(stack);
                let nat = NatGateway::new(subnet.id()).allocation_id(eip.allocation_id());
                stack.add("it", nat.tag("Name", "other"));
            }),
            replace: Some(|stack, _| {
                let (subnet, _) = network(stack);
                let nat = NatGateway::new(subnet.id());
                stack.add("it", nat.connectivity_type(ConnectivityType::Private));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn public_and_private_gateways_take_other_arguments() {
        let check = |given: &[(&str, &str)]| {
            let inputs = given.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            let problems = validate(&inputs.collect());
            problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let (private, elastic) =
            (("connectivity_type", "private"), ("allocation_id", "eipalloc-1"));
        assert_eq!(check(&[private]), [""; 0]);
        assert_eq!(check(&[elastic]), [""; 0]);
        assert_eq!(check(&[]), ["allocation_id"]);
        assert_eq!(check(&[private, elastic]), ["allocation_id"]);
        assert_eq!(
            check(&[elastic, ("secondary_private_ip_address_count", "1")]),
            ["secondary_private_ip_address_count"]
        );
    }
}
