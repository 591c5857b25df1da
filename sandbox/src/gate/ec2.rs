//! What the gate knows of EC2's kinds: how they are made, listed, named and missed.

/// A kind of EC2 object.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The operation that makes one; empty where none does alone.
    pub(crate) create: &'static str,
    /// The operation that lists them.
    pub(crate) describe: &'static str,
    /// The list parameter for ids: `VpcId.1`.
    pub(crate) id_parameter: &'static str,
    /// The element with an object's id.
    pub(crate) id_element: &'static str,
    /// The element with the list of objects.
    pub(crate) set: &'static str,
    /// The error code of an id that is not there.
    pub(crate) not_found: &'static str,
    /// Whether the operation takes `MaxResults` and moto ignores it.
    pub(crate) pages: bool,
}

/// The kinds, from the EC2 API Reference: the pages of the describe operations and "Error codes for
/// the Amazon EC2 API". Instances are missing: moto pages them itself.
pub(crate) const KINDS: &[Kind] = &[
    kind("CreateVpc", "DescribeVpcs", "VpcId", "vpcId", "vpcSet", "InvalidVpcID.NotFound"),
    kind(
        "CreateSubnet",
        "DescribeSubnets",
        "SubnetId",
        "subnetId",
        "subnetSet",
        "InvalidSubnetID.NotFound",
    ),
    kind(
        "CreateSecurityGroup",
        "DescribeSecurityGroups",
        "GroupId",
        "groupId",
        "securityGroupInfo",
        "InvalidGroup.NotFound",
    ),
    kind(
        "",
        "DescribeSecurityGroupRules",
        "SecurityGroupRuleId",
        "securityGroupRuleId",
        "securityGroupRuleSet",
        "InvalidSecurityGroupRuleId.NotFound",
    ),
    kind(
        "CreateRouteTable",
        "DescribeRouteTables",
        "RouteTableId",
        "routeTableId",
        "routeTableSet",
        "InvalidRouteTableID.NotFound",
    ),
    kind(
        "CreateNetworkInterface",
        "DescribeNetworkInterfaces",
        "NetworkInterfaceId",
        "networkInterfaceId",
        "networkInterfaceSet",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    kind(
        "CreateVolume",
        "DescribeVolumes",
        "VolumeId",
        "volumeId",
        "volumeSet",
        "InvalidVolume.NotFound",
    ),
    kind(
        "CreateNatGateway",
        "DescribeNatGateways",
        "NatGatewayId",
        "natGatewayId",
        "natGatewaySet",
        "NatGatewayNotFound",
    ),
    kind(
        "CreateInternetGateway",
        "DescribeInternetGateways",
        "InternetGatewayId",
        "internetGatewayId",
        "internetGatewaySet",
        "InvalidInternetGatewayID.NotFound",
    ),
    kind(
        "CreateNetworkAcl",
        "DescribeNetworkAcls",
        "NetworkAclId",
        "networkAclId",
        "networkAclSet",
        "InvalidNetworkAclID.NotFound",
    ),
    kind(
        "CreateVpcEndpoint",
        "DescribeVpcEndpoints",
        "VpcEndpointId",
        "vpcEndpointId",
        "vpcEndpointSet",
        "InvalidVpcEndpointId.NotFound",
    ),
    kind(
        "CreateDhcpOptions",
        "DescribeDhcpOptions",
        "DhcpOptionsId",
        "dhcpOptionsId",
        "dhcpOptionsSet",
        "InvalidDhcpOptionID.NotFound",
    ),
    Kind {
        pages: false,
        ..kind(
            "AllocateAddress",
            "DescribeAddresses",
            "AllocationId",
            "allocationId",
            "addressesSet",
            "InvalidAllocationID.NotFound",
        )
    },
];

const fn kind(
    create: &'static str,
    describe: &'static str,
    id_parameter: &'static str,
    id_element: &'static str,
    set: &'static str,
    not_found: &'static str,
) -> Kind {
    Kind { create, describe, id_parameter, id_element, set, not_found, pages: true }
}

/// The kind that an operation lists.
pub(crate) fn described_by(operation: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.describe == operation)
}

/// The kind that an operation makes.
pub(crate) fn created_by(operation: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| !kind.create.is_empty() && kind.create == operation)
}
