//! Subnets that another stack made: one, or the ids of all that fit. Lookups: answered while the
//! program runs.
//!
//! API: DescribeSubnets.

use std::collections::BTreeMap;

use infra_sdk::ipnet::{Ipv4Net, Ipv6Net};
use infra_sdk::{Lookup, LookupAnswer, Value};

use super::narrowing::{Narrowing, narrowed};
use super::{SubnetId, VpcId};

/// Asks for a subnet: by its id, its tags, or EC2's filters.
#[derive(Debug, Clone, Default)]
pub struct FindSubnet(Narrowing);

/// Asks for the ids of all subnets that fit.
#[derive(Debug, Clone, Default)]
pub struct FindSubnets(Narrowing);

narrowed!(FindSubnet);
narrowed!(FindSubnets);

impl FindSubnet {
    /// The subnet of this id.
    #[must_use]
    pub fn by_id(id: &SubnetId) -> Self {
        Self(Narrowing { id: Some(id.as_str().to_owned()), ..Narrowing::default() })
    }

    /// The subnet of a VPC that what else is asked for leaves.
    #[must_use]
    pub fn of(vpc: &VpcId) -> Self {
        Self::default().filter("vpc-id", [vpc.as_str()])
    }

    /// In this availability zone alone.
    #[must_use]
    pub fn availability_zone(self, zone: impl Into<String>) -> Self {
        self.filter("availability-zone", [zone])
    }
}

impl FindSubnets {
    /// The subnets of a VPC.
    #[must_use]
    pub fn of(vpc: &VpcId) -> Self {
        Self::default().filter("vpc-id", [vpc.as_str()])
    }

    /// The subnets with this tag.
    #[must_use]
    pub fn tagged(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::default().tag(key, value)
    }
}

impl Lookup for FindSubnet {
    type Answer = SubnetFound;

    const NAME: &'static str = "aws_subnet";

    fn arguments(&self) -> BTreeMap<String, Value> {
        self.0.arguments()
    }
}

impl Lookup for FindSubnets {
    type Answer = SubnetsFound;

    const NAME: &'static str = "aws_subnets";

    fn arguments(&self) -> BTreeMap<String, Value> {
        self.0.arguments()
    }
}

/// The subnet found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct SubnetFound {
    /// Its id.
    pub id: SubnetId,
    /// Its ARN.
    pub arn: String,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// Its IPv4 range; none where it has IPv6 alone.
    pub cidr_block: Option<Ipv4Net>,
    /// Its IPv6 range.
    pub ipv6_cidr_block: Option<Ipv6Net>,
    /// Its availability zone, such as `us-west-2a`.
    pub availability_zone: String,
    /// The id of that zone, which is the same in every account.
    pub availability_zone_id: String,
    /// IPv4 addresses that are free.
    pub available_ip_address_count: u32,
    /// Whether it is the default subnet of its zone.
    pub default_for_az: bool,
    /// Whether interfaces made in it get a public IPv4 address.
    pub map_public_ip_on_launch: bool,
    /// The account that it is of.
    pub owner_id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The subnets found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct SubnetsFound {
    /// Their ids, sorted.
    pub ids: Vec<SubnetId>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_ec2::types::Subnet as Wire;
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::ec2::common::tags_of;
    use crate::ec2::narrowing::wire::{filters, only, some};
    use crate::frame::lookup::{Arguments, LookupHandler};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &["ec2:DescribeSubnets"];

    pub(crate) static ONE: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindSubnet::NAME,
            doc: "A subnet, by its id, its tags, or filters.",
            answer: SubnetFound::KIND,
            placeholder: one,
        },
        operations: OPERATIONS,
        actions: OPERATIONS,
        answer: |aws, arguments| Box::pin(answer_one(aws, arguments)),
    };

    pub(crate) static ALL: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindSubnets::NAME,
            doc: "The ids of all subnets that fit tags and filters, sorted.",
            answer: SubnetsFound::KIND,
            placeholder: all,
        },
        operations: OPERATIONS,
        actions: OPERATIONS,
        answer: |aws, arguments| Box::pin(answer_all(aws, arguments)),
    };

    fn one(region: &str) -> Value {
        SubnetFound {
            id: SubnetId::new("subnet-00000000000000000"),
            arn: format!("arn:aws:ec2:{region}:123456789012:subnet/subnet-00000000000000000"),
            vpc_id: VpcId::new("vpc-00000000000000000"),
            cidr_block: Some(Ipv4Net::new_assert([10, 0, 0, 0].into(), 24)),
            ipv6_cidr_block: None,
            availability_zone: format!("{region}a"),
            availability_zone_id: format!("{region}-az1"),
            available_ip_address_count: 251,
            default_for_az: false,
            map_public_ip_on_launch: false,
            owner_id: "123456789012".to_owned(),
            tags: BTreeMap::new(),
        }
        .to_value()
    }

    fn all(_: &str) -> Value {
        let ids = ["subnet-00000000000000000", "subnet-00000000000000001"];
        SubnetsFound { ids: ids.into_iter().map(SubnetId::new).collect() }.to_value()
    }

    async fn list(aws: &Aws, arguments: &Arguments) -> Result<Vec<Wire>> {
        let filters = filters(arguments, "subnet-id");
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_subnets().set_next_token(token);
                    call.set_filters(some(&filters)).send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.subnets.unwrap_or_default()).collect())
    }

    async fn answer_one(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        see(only(list(aws, arguments).await?, "subnet")?).map(|found| found.to_value())
    }

    async fn answer_all(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let found = list(aws, arguments).await?.into_iter();
        let mut ids: Vec<_> =
            found.filter_map(|subnet| subnet.subnet_id).map(SubnetId::new).collect();
        ids.sort();
        Ok(SubnetsFound { ids }.to_value())
    }

    fn see(subnet: Wire) -> Result<SubnetFound> {
        let range = subnet.cidr_block.filter(|range| !range.is_empty());
        let ipv6 = subnet.ipv6_cidr_block_association_set.unwrap_or_default();
        let ipv6 = ipv6.iter().find_map(|range| range.ipv6_cidr_block.as_deref());
        let free = subnet.available_ip_address_count.and_then(|count| u32::try_from(count).ok());
        Ok(SubnetFound {
            id: SubnetId::new(subnet.subnet_id.ok_or_else(|| missing("SubnetId"))?),
            arn: subnet.subnet_arn.ok_or_else(|| missing("SubnetArn"))?,
            vpc_id: VpcId::new(subnet.vpc_id.ok_or_else(|| missing("VpcId"))?),
            cidr_block: range.map(|range| parsed(Some(&range), "CidrBlock")).transpose()?,
            ipv6_cidr_block: ipv6.map(|range| parsed(Some(range), "Ipv6CidrBlock")).transpose()?,
            availability_zone: subnet
                .availability_zone
                .ok_or_else(|| missing("AvailabilityZone"))?,
            availability_zone_id: subnet
                .availability_zone_id
                .ok_or_else(|| missing("AvailabilityZoneId"))?,
            available_ip_address_count: free.unwrap_or_default(),
            default_for_az: subnet.default_for_az.unwrap_or(false),
            map_public_ip_on_launch: subnet.map_public_ip_on_launch.unwrap_or(false),
            owner_id: subnet.owner_id.unwrap_or_default(),
            tags: tags_of(subnet.tags).0,
        })
    }
}
