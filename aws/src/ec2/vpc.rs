//! A virtual private cloud. The exemplar of a batched read with sub-attributes.
//!
//! API: CreateVpc, DescribeVpcs, DescribeVpcAttribute, ModifyVpcAttribute, ModifyVpcTenancy,
//! DescribeRouteTables, DescribeNetworkAcls, DescribeSecurityGroups, DeleteVpc.

use infra_sdk::ipnet::Ipv4Net;
use infra_sdk::{Arn, Choice, Outputs, Resource, Tags};

use super::{DhcpOptionsId, NetworkAclId, RouteTableId, SecurityGroupId, VpcId};

/// A virtual private cloud: a network of its own inside a region.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_vpc", outputs = VpcOutputs)]
pub struct Vpc {
    /// IPv4 range, from /16 to /28.
    #[field(force_new)]
    pub cidr_block: Ipv4Net,
    /// Whether instances run on hardware that is shared with other customers.
    #[field(default = InstanceTenancy::Default)]
    pub instance_tenancy: InstanceTenancy,
    /// Answer DNS queries at the address that AWS provides.
    #[field(default = true)]
    pub enable_dns_support: bool,
    /// Give instances with public addresses public DNS names.
    #[field(default = false)]
    pub enable_dns_hostnames: bool,
    /// Count how often addresses are used, for Network Address Usage metrics.
    #[field(default = false)]
    pub enable_network_address_usage_metrics: bool,
    /// Ask AWS for an IPv6 range of size /56.
    #[field(default = false)]
    pub assign_generated_ipv6_cidr_block: bool,
    /// Tags.
    pub tags: Tags,
}

/// Whether instances share hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum InstanceTenancy {
    /// Instances say for themselves.
    Default,
    /// Every instance runs on hardware of its own.
    Dedicated,
}

/// What AWS assigns to a [`Vpc`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct VpcOutputs {
    /// The VPC's id.
    pub id: VpcId,
    /// The VPC's ARN.
    pub arn: Arn<Vpc>,
    /// The account that owns it.
    pub owner_id: String,
    /// Route table of subnets that have no other.
    pub main_route_table_id: RouteTableId,
    /// Route table that the VPC was made with.
    pub default_route_table_id: RouteTableId,
    /// Network ACL of subnets that have no other.
    pub default_network_acl_id: NetworkAclId,
    /// Security group of interfaces that have no other.
    pub default_security_group_id: SecurityGroupId,
    /// DHCP options in force.
    pub dhcp_options_id: Option<DhcpOptionsId>,
    /// IPv6 range, where one was asked for.
    pub ipv6_cidr_block: Option<String>,
    /// Association of the IPv6 range.
    pub ipv6_association_id: Option<String>,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use super::*;
    use crate::ec2::common::{by_ids, by_owner, filter, retag, tag_specification, tags_of};
    use crate::prelude::*;
    use aws_sdk_ec2::types::{
        AttributeBooleanValue, ResourceType as Tagged, Tenancy, VpcAttributeName,
        VpcCidrBlockStateCode,
    };
    use futures_util::future::try_join_all;

    impl Handler for Vpc {
        const CALLS: Calls = Calls {
            class: CreateClass::Tags,
            create: "ec2:CreateVpc",
            operations: &[
                "ec2:CreateTags",
                "ec2:CreateVpc",
                "ec2:DeleteTags",
                "ec2:DeleteVpc",
                "ec2:DescribeNetworkAcls",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeVpcAttribute",
                "ec2:DescribeVpcs",
                "ec2:ModifyVpcAttribute",
                "ec2:ModifyVpcTenancy",
            ],
            actions: &[
                "ec2:CreateTags",
                "ec2:CreateVpc",
                "ec2:DeleteTags",
                "ec2:DeleteVpc",
                "ec2:DescribeNetworkAcls",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeVpcAttribute",
                "ec2:DescribeVpcs",
                "ec2:ModifyVpcAttribute",
                "ec2:ModifyVpcTenancy",
            ],
            after_create: &[
                "enable_dns_support",
                "enable_dns_hostnames",
                "enable_network_address_usage_metrics",
            ],
            gone: &["InvalidVpcID.NotFound"],
            lingering: &[("DependencyViolation", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .create_vpc()
                        .cidr_block(want.cidr_block.to_string())
                        .instance_tenancy(Tenancy::from(want.instance_tenancy.as_str()))
                        .amazon_provided_ipv6_cidr_block(want.assign_generated_ipv6_cidr_block)
                        .set_tag_specifications(tag_specification(Tagged::Vpc, &want.tags))
                        .send()
                })
                .await?;
            answer.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| missing("VpcId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| read_chunk(aws, chunk)).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let attributes = [
                ("enable_dns_support", VpcAttributeName::EnableDnsSupport, want.enable_dns_support),
                (
                    "enable_dns_hostnames",
                    VpcAttributeName::EnableDnsHostnames,
                    want.enable_dns_hostnames,
                ),
                (
                    "enable_network_address_usage_metrics",
                    VpcAttributeName::EnableNetworkAddressUsageMetrics,
                    want.enable_network_address_usage_metrics,
                ),
            ];
            for (name, attribute, value) in attributes {
                if changed.has(name) {
                    modify(aws, id, attribute, value).await?;
                }
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ec2().delete_vpc().vpc_id(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let filters = by_owner(&want.tags);
            let pages = aws
                .pages(
                    |token| {
                        let call = aws.ec2().describe_vpcs().set_next_token(token);
                        call.set_filters(Some(filters.clone())).send()
                    },
                    |page| page.next_token(),
                )
                .await?;
            let vpcs = pages.into_iter().flat_map(|page| page.vpcs.unwrap_or_default());
            Ok(vpcs.filter_map(|vpc| vpc.vpc_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    async fn modify(aws: &Aws, id: &str, name: VpcAttributeName, value: bool) -> Result<()> {
        let value = AttributeBooleanValue::builder().value(value).build();
        aws.call(|| {
            // One attribute a call. Source: EC2 API Reference, ModifyVpcAttribute.
            let call = aws.ec2().modify_vpc_attribute().vpc_id(id);
            match name {
                VpcAttributeName::EnableDnsHostnames => call.enable_dns_hostnames(value.clone()),
                VpcAttributeName::EnableDnsSupport => call.enable_dns_support(value.clone()),
                _ => call.enable_network_address_usage_metrics(value.clone()),
            }
            .send()
        })
        .await
        .map(drop)
    }

    async fn read_chunk(aws: &Aws, chunk: Vec<Known>) -> Result<HashMap<String, Seen<Vpc>>> {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_vpcs().set_next_token(token);
                    call.filters(by_ids("vpc-id", &chunk)).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let vpcs: Vec<_> =
            pages.into_iter().flat_map(|page| page.vpcs.unwrap_or_default()).collect();
        let ids: Vec<_> = vpcs.iter().filter_map(|vpc| vpc.vpc_id.clone()).collect();
        let defaults = defaults(aws, &ids).await?;
        let seen = vpcs.into_iter().map(|vpc| see(aws, vpc, &defaults));
        Ok(try_join_all(seen).await?.into_iter().map(|s| (s.outputs.id.to_string(), s)).collect())
    }

    /// What EC2 makes together with a VPC, by VPC.
    #[derive(Default)]
    struct Defaults {
        route_tables: HashMap<String, RouteTableId>,
        network_acls: HashMap<String, NetworkAclId>,
        security_groups: HashMap<String, SecurityGroupId>,
    }

    async fn defaults(aws: &Aws, vpcs: &[String]) -> Result<Defaults> {
        if vpcs.is_empty() {
            return Ok(Defaults::default());
        }
        let in_vpcs = filter("vpc-id", vpcs);
        let tables = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_route_tables().set_next_token(token);
                    call.filters(in_vpcs.clone())
                        .filters(filter("association.main", ["true"]))
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let acls = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_network_acls().set_next_token(token);
                    call.filters(in_vpcs.clone()).filters(filter("default", ["true"])).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let groups = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_security_groups().set_next_token(token);
                    call.filters(in_vpcs.clone()).filters(filter("group-name", ["default"])).send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(Defaults {
            route_tables: tables
                .into_iter()
                .flat_map(|page| page.route_tables.unwrap_or_default())
                .filter_map(|table| Some((table.vpc_id?, RouteTableId::new(table.route_table_id?))))
                .collect(),
            network_acls: acls
                .into_iter()
                .flat_map(|page| page.network_acls.unwrap_or_default())
                .filter_map(|acl| Some((acl.vpc_id?, NetworkAclId::new(acl.network_acl_id?))))
                .collect(),
            security_groups: groups
                .into_iter()
                .flat_map(|page| page.security_groups.unwrap_or_default())
                .filter_map(|group| Some((group.vpc_id?, SecurityGroupId::new(group.group_id?))))
                .collect(),
        })
    }

    async fn attribute(aws: &Aws, id: &str, name: VpcAttributeName) -> Result<bool> {
        let answer = aws
            .call(|| aws.ec2().describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send())
            .await?;
        let value = match name {
            VpcAttributeName::EnableDnsHostnames => answer.enable_dns_hostnames,
            VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
            _ => answer.enable_network_address_usage_metrics,
        };
        Ok(value.and_then(|value| value.value).unwrap_or(false))
    }

    async fn see(
        aws: &Aws,
        vpc: aws_sdk_ec2::types::Vpc,
        defaults: &Defaults,
    ) -> Result<Seen<Vpc>> {
        let id = vpc.vpc_id.ok_or_else(|| missing("VpcId"))?;
        let (dns_support, dns_hostnames, usage_metrics) = futures_util::try_join!(
            attribute(aws, &id, VpcAttributeName::EnableDnsSupport),
            attribute(aws, &id, VpcAttributeName::EnableDnsHostnames),
            attribute(aws, &id, VpcAttributeName::EnableNetworkAddressUsageMetrics),
        )?;
        let ipv6 = vpc.ipv6_cidr_block_association_set.unwrap_or_default().into_iter().find(|a| {
            a.ipv6_cidr_block_state.as_ref().and_then(|state| state.state.as_ref())
                == Some(&VpcCidrBlockStateCode::Associated)
        });
        let owner_id = vpc.owner_id.unwrap_or_default();
        let table = defaults.route_tables.get(&id).cloned();
        let table = table.ok_or_else(|| missing("main route table"))?;
        let inputs = Vpc {
            cidr_block: parsed(vpc.cidr_block.as_deref(), "CidrBlock")?,
            instance_tenancy: parsed(
                vpc.instance_tenancy.as_ref().map(Tenancy::as_str),
                "InstanceTenancy",
            )?,
            enable_dns_support: dns_support,
            enable_dns_hostnames: dns_hostnames,
            enable_network_address_usage_metrics: usage_metrics,
            assign_generated_ipv6_cidr_block: ipv6.is_some(),
            tags: tags_of(vpc.tags),
        };
        let outputs = VpcOutputs {
            arn: aws.arn("ec2", &owner_id, &format!("vpc/{id}")),
            owner_id,
            main_route_table_id: table.clone(),
            default_route_table_id: table,
            default_network_acl_id: defaults
                .network_acls
                .get(&id)
                .cloned()
                .ok_or_else(|| missing("default network ACL"))?,
            default_security_group_id: defaults
                .security_groups
                .get(&id)
                .cloned()
                .ok_or_else(|| missing("default security group"))?,
            // `default` is the word for no set of options. Source: EC2 API, AssociateDhcpOptions.
            dhcp_options_id: vpc
                .dhcp_options_id
                .filter(|id| id != "default")
                .map(DhcpOptionsId::new),
            ipv6_cidr_block: ipv6.as_ref().and_then(|a| a.ipv6_cidr_block.clone()),
            ipv6_association_id: ipv6.and_then(|a| a.association_id),
            id: VpcId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    conforms!(
        aws_vpc,
        Fixture {
            base: |stack, name| {
                stack.add("it", Vpc::new(cidr("10.0.0.0/16")).tag("Name", name));
            },
            update: Some(|stack, name| {
                let vpc = Vpc::new(cidr("10.0.0.0/16")).enable_dns_hostnames(true);
                stack.add("it", vpc.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                stack.add("it", Vpc::new(cidr("10.1.0.0/16")));
            }),
            gaps: &[],
        }
    );
}
