//! EC2: NAT gateways and VPC endpoints, from the pages of `NatGateway` and `VpcEndpoint` of the API
//! Reference. moto keeps them listed after they are deleted, so they leave no ghosts.

use super::{Kind, Life};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "nat_gateway",
        service: "ec2",
        id: &["natGatewayId"],
        named_by: &[&["NatGatewayId"]],
        create: &["CreateNatGateway"],
        delete: &["DeleteNatGateway"],
        describe: &["DescribeNatGateways"],
        life: Some(Life {
            state: "state",
            creating: Some("pending"),
            deleting: Some("deleting"),
            filter: Some("state"),
            ..Life::NEW
        }),
        ..Kind::NEW
    },
    Kind {
        name: "vpc_endpoint",
        service: "ec2",
        id: &["vpcEndpointId"],
        named_by: &[&["VpcEndpointId"]],
        create: &["CreateVpcEndpoint"],
        delete: &["DeleteVpcEndpoints"],
        describe: &["DescribeVpcEndpoints"],
        life: Some(Life {
            state: "state",
            creating: Some("pending"),
            deleting: Some("deleting"),
            filter: Some("vpc-endpoint-state"),
            ..Life::NEW
        }),
        ..Kind::NEW
    },
];
