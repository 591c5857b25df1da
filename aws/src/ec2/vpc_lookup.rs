//! A VPC that another stack made. A lookup: answered while the program runs.
//!
//! API: DescribeVpcs, DescribeVpcAttribute, DescribeRouteTables.

use std::collections::BTreeMap;

use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::{Lookup, LookupAnswer, Value};

use super::narrowing::{Narrowing, narrowed};
use super::{DhcpOptionsId, RouteTableId, VpcId};

/// Asks for a VPC: by its id, its tags, or EC2's filters.
#[derive(Debug, Clone, Default)]
pub struct FindVpc(Narrowing);

narrowed!(FindVpc);

impl FindVpc {
    /// The VPC of this id.
    #[must_use]
    pub fn by_id(id: &VpcId) -> Self {
        Self(Narrowing { id: Some(id.as_str().to_owned()), ..Narrowing::default() })
    }

    /// The VPC that this tag, and what else is asked for, leaves.
    #[must_use]
    pub fn tagged(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::default().tag(key, value)
    }

    /// The default VPC of the region.
    #[must_use]
    pub fn default_vpc() -> Self {
        Self::default().filter("is-default", ["true"])
    }
}

impl Lookup for FindVpc {
    type Answer = VpcFound;

    const NAME: &'static str = "aws_vpc";

    fn arguments(&self) -> BTreeMap<String, Value> {
        self.0.arguments()
    }
}

/// The VPC found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct VpcFound {
    /// Its id.
    pub id: VpcId,
    /// Its ARN.
    pub arn: String,
    /// Its first IPv4 range.
    pub cidr_block: Ipv4Net,
    /// All of its IPv4 ranges.
    pub cidr_blocks: Vec<Ipv4Net>,
    /// Its first IPv6 range.
    pub ipv6_cidr_block: Option<Ipv6Net>,
    /// Whether it is the default VPC of the region.
    pub is_default: bool,
    /// Its DHCP options.
    pub dhcp_options_id: Option<DhcpOptionsId>,
    /// Whether instances with public addresses get public host names.
    pub enable_dns_hostnames: bool,
    /// Whether the DNS server of Amazon answers in it.
    pub enable_dns_support: bool,
    /// `default` or `dedicated`.
    pub instance_tenancy: String,
    /// The route table of subnets that have none.
    pub main_route_table_id: Option<RouteTableId>,
    /// The account that it is of.
    pub owner_id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_ec2::types::{Tenancy, Vpc as Wire, VpcAttributeName, VpcCidrBlockStateCode};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::ec2::common::{filter, route_tables, tags_of};
    use crate::ec2::narrowing::wire::{filters, only, some};
    use crate::frame::lookup::{Arguments, LookupHandler};
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["ec2:DescribeRouteTables", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcs"];

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindVpc::NAME,
            doc: "A VPC, by its id, its tags, or filters.",
            answer: VpcFound::KIND,
            placeholder,
        },
        operations: OPERATIONS,
        actions: OPERATIONS,
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        let range = Ipv4Net::new_assert([10, 0, 0, 0].into(), 16);
        VpcFound {
            id: VpcId::new("vpc-00000000000000000"),
            arn: format!("arn:aws:ec2:{region}:123456789012:vpc/vpc-00000000000000000"),
            cidr_block: range,
            cidr_blocks: vec![range],
            ipv6_cidr_block: None,
            is_default: false,
            dhcp_options_id: None,
            enable_dns_hostnames: true,
            enable_dns_support: true,
            instance_tenancy: "default".to_owned(),
            main_route_table_id: None,
            owner_id: "123456789012".to_owned(),
            tags: BTreeMap::new(),
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let filters = filters(arguments, "vpc-id");
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_vpcs().set_next_token(token);
                    call.set_filters(some(&filters)).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let found = pages.into_iter().flat_map(|page| page.vpcs.unwrap_or_default()).collect();
        let vpc = only(found, "VPC")?;
        let id = vpc.vpc_id.clone().ok_or_else(|| missing("VpcId"))?;
        let main = [filter("vpc-id", [&id]), filter("association.main", ["true"])];
        let main = route_tables(aws, main.into()).await?.pop();
        let dns = (
            attribute(aws, &id, VpcAttributeName::EnableDnsHostnames).await?,
            attribute(aws, &id, VpcAttributeName::EnableDnsSupport).await?,
        );
        let main = main.and_then(|table| table.route_table_id).map(RouteTableId::new);
        see(aws, vpc, id, main, dns).map(|found| found.to_value())
    }

    async fn attribute(aws: &Aws, id: &str, name: VpcAttributeName) -> Result<bool> {
        let answer = aws
            .call(|| {
                let call = aws.ec2().describe_vpc_attribute().vpc_id(id);
                call.attribute(name.clone()).send()
            })
            .await?;
        let value = answer.enable_dns_hostnames.or(answer.enable_dns_support);
        Ok(value.and_then(|value| value.value).unwrap_or(false))
    }

    fn see(
        aws: &Aws,
        vpc: Wire,
        id: String,
        main_route_table_id: Option<RouteTableId>,
        (enable_dns_hostnames, enable_dns_support): (bool, bool),
    ) -> Result<VpcFound> {
        let owner_id = vpc.owner_id.unwrap_or_default();
        let ranges = vpc.cidr_block_association_set.unwrap_or_default();
        let ranges = ranges.iter().filter(|range| {
            let state = range.cidr_block_state.as_ref().and_then(|state| state.state.as_ref());
            state == Some(&VpcCidrBlockStateCode::Associated)
        });
        let ipv6 = vpc.ipv6_cidr_block_association_set.unwrap_or_default();
        let ipv6 = ipv6.iter().find_map(|range| range.ipv6_cidr_block.as_deref());
        Ok(VpcFound {
            arn: aws.arn::<()>("ec2", &owner_id, &format!("vpc/{id}")).to_string(),
            id: VpcId::new(id),
            cidr_block: parsed(vpc.cidr_block.as_deref(), "CidrBlock")?,
            cidr_blocks: ranges
                .map(|range| parsed(range.cidr_block.as_deref(), "CidrBlock"))
                .collect::<Result<_>>()?,
            ipv6_cidr_block: ipv6.map(|range| parsed(Some(range), "Ipv6CidrBlock")).transpose()?,
            is_default: vpc.is_default.unwrap_or(false),
            dhcp_options_id: vpc.dhcp_options_id.map(DhcpOptionsId::new),
            enable_dns_hostnames,
            enable_dns_support,
            instance_tenancy: vpc
                .instance_tenancy
                .as_ref()
                .map_or("default", Tenancy::as_str)
                .to_owned(),
            main_route_table_id,
            owner_id,
            tags: tags_of(vpc.tags).0,
        })
    }
}
