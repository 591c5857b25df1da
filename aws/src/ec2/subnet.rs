//! A subnet of a VPC in one availability zone.
//!
//! API: CreateSubnet, DescribeSubnets, ModifySubnetAttribute, AssociateSubnetCidrBlock,
//! DisassociateSubnetCidrBlock, DeleteSubnet.

use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::{Arn, Choice, Outputs, Resource, Tags};

use super::{SubnetId, VpcId};

/// A range of a VPC's addresses in one availability zone.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_subnet", outputs = SubnetOutputs)]
pub struct Subnet {
    /// The VPC.
    #[field(force_new)]
    pub vpc_id: VpcId,
    /// IPv4 range, inside the VPC's.
    #[field(force_new)]
    pub cidr_block: Ipv4Net,
    /// Availability zone, such as `us-west-2a`.
    #[field(force_new, computed)]
    pub availability_zone: Option<String>,
    /// IPv6 range of size /64, inside the VPC's.
    pub ipv6_cidr_block: Option<Ipv6Net>,
    /// Give interfaces made here a public IPv4 address.
    #[field(default = false)]
    pub map_public_ip_on_launch: bool,
    /// Give interfaces made here an IPv6 address.
    #[field(default = false)]
    pub assign_ipv6_address_on_creation: bool,
    /// Answer queries for IPv4-only names with synthetic IPv6 addresses.
    #[field(default = false)]
    pub enable_dns64: bool,
    /// Answer queries for resource names with A records.
    #[field(default = false)]
    pub enable_resource_name_dns_a_record_on_launch: bool,
    /// Answer queries for resource names with AAAA records.
    #[field(default = false)]
    pub enable_resource_name_dns_aaaa_record_on_launch: bool,
    /// What host names of instances are made from.
    #[field(default = HostnameType::IpName)]
    pub private_dns_hostname_type_on_launch: HostnameType,
    /// Tags.
    pub tags: Tags,
}

/// What host names of instances are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum HostnameType {
    /// The private IPv4 address.
    IpName,
    /// The instance id.
    ResourceName,
}

/// What AWS assigns to a [`Subnet`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SubnetOutputs {
    /// The subnet's id.
    pub id: SubnetId,
    /// The subnet's ARN.
    pub arn: Arn<Subnet>,
    /// The account that owns it.
    pub owner_id: String,
    /// Availability zone by the id that is the same in every account, such as `usw2-az1`.
    pub availability_zone_id: String,
    /// Association of the IPv6 range.
    pub ipv6_cidr_block_association_id: Option<String>,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{
        AttributeBooleanValue, HostnameType as WireHostnameType, ResourceType as Tagged,
        SubnetCidrBlockStateCode,
    };

    use super::*;
    use crate::ec2::common::{by_ids, by_owner, retag, tag_specification, tags_of};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:AssociateSubnetCidrBlock",
        "ec2:CreateSubnet",
        "ec2:CreateTags",
        "ec2:DeleteSubnet",
        "ec2:DeleteTags",
        "ec2:DescribeSubnets",
        "ec2:DisassociateSubnetCidrBlock",
        "ec2:ModifySubnetAttribute",
    ];

    impl Handler for Subnet {
        const CALLS: Calls = Calls {
            class: CreateClass::Tags,
            create: "ec2:CreateSubnet",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &[
                "assign_ipv6_address_on_creation",
                "enable_dns64",
                "enable_resource_name_dns_a_record_on_launch",
                "enable_resource_name_dns_aaaa_record_on_launch",
                "map_public_ip_on_launch",
                "private_dns_hostname_type_on_launch",
            ],
            gone: &["InvalidSubnetID.NotFound"],
            not_yet: &[("InvalidVpcID.NotFound", "")],
            // Interfaces of load balancers, endpoints and functions go some time after their owner.
            lingering: &[("DependencyViolation", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .create_subnet()
                        .vpc_id(want.vpc_id.as_str())
                        .cidr_block(want.cidr_block.to_string())
                        .set_availability_zone(want.availability_zone.clone())
                        .set_ipv6_cidr_block(want.ipv6_cidr_block.map(|cidr| cidr.to_string()))
                        .set_tag_specifications(tag_specification(Tagged::Subnet, &want.tags))
                        .send()
                })
                .await?;
            answer.subnet.and_then(|subnet| subnet.subnet_id).ok_or_else(|| missing("SubnetId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let pages = aws
                    .pages(
                        |token| {
                            let call = aws.ec2().describe_subnets().set_next_token(token);
                            call.filters(by_ids("subnet-id", &chunk)).send()
                        },
                        |page| page.next_token(),
                    )
                    .await?;
                let subnets = pages.into_iter().flat_map(|page| page.subnets.unwrap_or_default());
                let seen = subnets.map(|subnet| see(aws, subnet));
                seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                    .collect::<Result<HashMap<_, _>>>()
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.has("ipv6_cidr_block") {
                reassociate(aws, id, want).await?;
            }
            // One attribute a call. Source: EC2 API Reference, ModifySubnetAttribute.
            for name in Self::CALLS.after_create.iter().filter(|name| changed.has(name)) {
                modify(aws, id, want, name).await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ec2().delete_subnet().subnet_id(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let filters = by_owner(&want.tags);
            let pages = aws
                .pages(
                    |token| {
                        let call = aws.ec2().describe_subnets().set_next_token(token);
                        call.set_filters(Some(filters.clone())).send()
                    },
                    |page| page.next_token(),
                )
                .await?;
            let subnets = pages.into_iter().flat_map(|page| page.subnets.unwrap_or_default());
            Ok(subnets.filter_map(|subnet| subnet.subnet_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    async fn modify(aws: &Aws, id: &str, want: &Subnet, name: &str) -> Result<()> {
        let flag = |value| AttributeBooleanValue::builder().value(value).build();
        aws.call(|| {
            let call = aws.ec2().modify_subnet_attribute().subnet_id(id);
            match name {
                "assign_ipv6_address_on_creation" => {
                    call.assign_ipv6_address_on_creation(flag(want.assign_ipv6_address_on_creation))
                }
                "enable_dns64" => call.enable_dns64(flag(want.enable_dns64)),
                "enable_resource_name_dns_a_record_on_launch" => call
                    .enable_resource_name_dns_a_record_on_launch(flag(
                        want.enable_resource_name_dns_a_record_on_launch,
                    )),
                "enable_resource_name_dns_aaaa_record_on_launch" => call
                    .enable_resource_name_dns_aaaa_record_on_launch(flag(
                        want.enable_resource_name_dns_aaaa_record_on_launch,
                    )),
                "map_public_ip_on_launch" => {
                    call.map_public_ip_on_launch(flag(want.map_public_ip_on_launch))
                }
                _ => call.private_dns_hostname_type_on_launch(WireHostnameType::from(
                    want.private_dns_hostname_type_on_launch.as_str(),
                )),
            }
            .send()
        })
        .await
        .map(drop)
    }

    /// A subnet has at most one IPv6 range of ours, and a range cannot be changed, only replaced.
    async fn reassociate(aws: &Aws, id: &str, want: &Subnet) -> Result<()> {
        let answer = aws.call(|| aws.ec2().describe_subnets().subnet_ids(id).send()).await?;
        let subnet = answer.subnets.unwrap_or_default().pop().ok_or_else(|| missing("Subnet"))?;
        if let Some(association) = associated(&subnet).and_then(|a| a.association_id.clone()) {
            aws.call(|| {
                aws.ec2().disassociate_subnet_cidr_block().association_id(&association).send()
            })
            .await?;
        }
        if let Some(cidr) = want.ipv6_cidr_block {
            aws.call(|| {
                let call = aws.ec2().associate_subnet_cidr_block().subnet_id(id);
                call.ipv6_cidr_block(cidr.to_string()).send()
            })
            .await?;
        }
        Ok(())
    }

    fn associated(
        subnet: &aws_sdk_ec2::types::Subnet,
    ) -> Option<&aws_sdk_ec2::types::SubnetIpv6CidrBlockAssociation> {
        subnet.ipv6_cidr_block_association_set().iter().find(|association| {
            association.ipv6_cidr_block_state().and_then(|state| state.state())
                == Some(&SubnetCidrBlockStateCode::Associated)
        })
    }

    fn see(aws: &Aws, subnet: aws_sdk_ec2::types::Subnet) -> Result<Seen<Subnet>> {
        let association = associated(&subnet).cloned();
        let ipv6 = association.as_ref().and_then(|a| a.ipv6_cidr_block.as_deref());
        let dns = subnet.private_dns_name_options_on_launch;
        let hostname_type = dns.as_ref().and_then(|dns| dns.hostname_type.as_ref());
        let id = subnet.subnet_id.ok_or_else(|| missing("SubnetId"))?;
        let owner_id = subnet.owner_id.unwrap_or_default();
        let inputs = Subnet {
            vpc_id: VpcId::new(subnet.vpc_id.ok_or_else(|| missing("VpcId"))?),
            cidr_block: parsed(subnet.cidr_block.as_deref(), "CidrBlock")?,
            availability_zone: subnet.availability_zone,
            ipv6_cidr_block: ipv6.map(|cidr| parsed(Some(cidr), "Ipv6CidrBlock")).transpose()?,
            map_public_ip_on_launch: subnet.map_public_ip_on_launch.unwrap_or(false),
            assign_ipv6_address_on_creation: subnet
                .assign_ipv6_address_on_creation
                .unwrap_or(false),
            enable_dns64: subnet.enable_dns64.unwrap_or(false),
            enable_resource_name_dns_a_record_on_launch: dns
                .as_ref()
                .and_then(|dns| dns.enable_resource_name_dns_a_record)
                .unwrap_or(false),
            enable_resource_name_dns_aaaa_record_on_launch: dns
                .as_ref()
                .and_then(|dns| dns.enable_resource_name_dns_aaaa_record)
                .unwrap_or(false),
            private_dns_hostname_type_on_launch: hostname_type
                .map(|kind| parsed(Some(kind.as_str()), "HostnameType"))
                .transpose()?
                .unwrap_or(HostnameType::IpName),
            tags: tags_of(subnet.tags),
        };
        let outputs = SubnetOutputs {
            arn: subnet
                .subnet_arn
                .map_or_else(|| aws.arn("ec2", &owner_id, &format!("subnet/{id}")), Arn::new),
            owner_id,
            availability_zone_id: subnet.availability_zone_id.unwrap_or_default(),
            ipv6_cidr_block_association_id: association.and_then(|a| a.association_id),
            id: SubnetId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::Vpc;

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    conforms!(
        aws_subnet,
        Fixture {
            base: |stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                let subnet = Subnet::new(vpc.id(), cidr("10.0.1.0/24"));
                stack.add("it", subnet.availability_zone("us-west-2a").tag("Name", name));
            },
            update: Some(|stack, _| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                let subnet = Subnet::new(vpc.id(), cidr("10.0.1.0/24"));
                let subnet = subnet.availability_zone("us-west-2a").tag("Name", "other");
                stack.add("it", subnet.map_public_ip_on_launch(true));
            }),
            replace: Some(|stack, _| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                stack.add("it", Subnet::new(vpc.id(), cidr("10.0.2.0/24")));
            }),
            gaps: &[],
        }
    );
}
