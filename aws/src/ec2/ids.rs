//! Ids of EC2 objects, each a type of its own.

infra_sdk::id_types! {
    /// Identifies a VPC.
    VpcId("VPC id", "vpc-");
    /// Identifies a subnet.
    SubnetId("subnet id", "subnet-");
    /// Identifies a route table.
    RouteTableId("route table id", "rtb-");
    /// Identifies the association of a route table.
    RouteTableAssociationId("route table association id", "rtbassoc-");
    /// Identifies an internet gateway.
    InternetGatewayId("internet gateway id", "igw-");
    /// Identifies the allocation of an Elastic IP address.
    AllocationId("allocation id", "eipalloc-");
    /// Identifies the association of an Elastic IP address.
    AssociationId("association id", "eipassoc-");
    /// Identifies a NAT gateway.
    NatGatewayId("NAT gateway id", "nat-");
    /// Identifies a security group.
    SecurityGroupId("security group id", "sg-");
    /// Identifies a rule of a security group.
    SecurityGroupRuleId("security group rule id", "sgr-");
    /// Identifies a network ACL.
    NetworkAclId("network ACL id", "acl-");
    /// Identifies a flow log.
    FlowLogId("flow log id", "fl-");
    /// Identifies a VPC endpoint.
    VpcEndpointId("VPC endpoint id", "vpce-");
    /// Identifies a managed prefix list.
    PrefixListId("prefix list id", "pl-");
    /// Identifies a network interface.
    NetworkInterfaceId("network interface id", "eni-");
    /// Identifies a set of DHCP options.
    DhcpOptionsId("DHCP options id", "dopt-");
    /// Identifies an instance.
    InstanceId("instance id", "i-");
    /// Identifies an EBS volume.
    VolumeId("volume id", "vol-");
    /// Identifies an EBS snapshot.
    SnapshotId("snapshot id", "snap-");
    /// Identifies a key pair.
    KeyPairId("key pair id", "key-");
    /// Identifies a launch template.
    LaunchTemplateId("launch template id", "lt-");
    /// Identifies a VPC peering connection.
    VpcPeeringConnectionId("VPC peering connection id", "pcx-");
    /// Identifies a transit gateway.
    TransitGatewayId("transit gateway id", "tgw-");
    /// Identifies an egress-only internet gateway.
    EgressOnlyInternetGatewayId("egress-only internet gateway id", "eigw-");
    /// Identifies a virtual private gateway.
    VpnGatewayId("virtual private gateway id", "vgw-");
    /// Identifies a carrier gateway of a Wavelength zone.
    CarrierGatewayId("carrier gateway id", "cagw-");
    /// Identifies a local gateway of an Outpost.
    LocalGatewayId("local gateway id", "lgw-");
    /// Identifies the attachment of a transit gateway.
    TransitGatewayAttachmentId("transit gateway attachment id", "tgw-attach-");
    /// Identifies an address pool of IPAM.
    IpamPoolId("IPAM pool id", "ipam-pool-");
}
