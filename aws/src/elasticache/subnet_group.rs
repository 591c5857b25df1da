//! A cache subnet group: the subnets that caches may be in.
//!
//! API: CreateCacheSubnetGroup, DescribeCacheSubnetGroups, ModifyCacheSubnetGroup,
//! DeleteCacheSubnetGroup, ListTagsForResource, AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::CacheSubnetGroupName;
use crate::ec2::{SubnetId, VpcId};
use crate::rules::{NameRule, Rules};

/// The subnets that caches may be in.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_elasticache_subnet_group", outputs = SubnetGroupOutputs, validate = validate)]
pub struct SubnetGroup {
    /// Name, unique in the region, at most 255 characters.
    #[field(force_new)]
    pub name: CacheSubnetGroupName,
    /// Subnets, of one VPC.
    #[field(required)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// What it is for.
    #[field(default = String::from("Managed by infra"))]
    pub description: String,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`SubnetGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SubnetGroupOutputs {
    /// The group's name.
    pub id: CacheSubnetGroupName,
    /// The group's ARN.
    pub arn: Arn<SubnetGroup>,
    /// The VPC of the subnets.
    pub vpc_id: Option<VpcId>,
}

/// Source: ElastiCache API Reference, CreateCacheSubnetGroup.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii_alphanumeric() || c == '-',
    characters: "letters, digits and `-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    if rules.text("name").is_some_and(|name| name.eq_ignore_ascii_case("default")) {
        rules.refuse("name", "must not be `default`, which is AWS's");
    }
    if rules.text("description").is_some_and(str::is_empty) {
        rules.refuse("description", "must not be empty");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_elasticache::types::CacheSubnetGroup as Wire;

    use super::*;
    use crate::elasticache::common::{arn_of, list_tags, ours, retag, wire_tags};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateCacheSubnetGroup",
        "elasticache:DeleteCacheSubnetGroup",
        "elasticache:DescribeCacheSubnetGroups",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyCacheSubnetGroup",
        "elasticache:RemoveTagsFromResource",
    ];
    const GONE: &[&str] = &["CacheSubnetGroupNotFoundFault"];

    impl Handler for SubnetGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "elasticache:CreateCacheSubnetGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            // Caches that are being deleted hold their group for a while.
            lingering: &[("CacheSubnetGroupInUse", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.elasticache()
                        .create_cache_subnet_group()
                        .cache_subnet_group_name(want.name.as_str())
                        .cache_subnet_group_description(&want.description)
                        .set_subnet_ids(Some(subnets(want)))
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let name = answer.cache_subnet_group.and_then(|group| group.cache_subnet_group_name);
            name.ok_or_else(|| missing("CacheSubnetGroupName"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, _: Known| see(aws, wire);
            let name = Wire::cache_subnet_group_name;
            read_named(known, GONE, name, |name| list(aws, name), see).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let description = changed.has("description").then(|| want.description.clone());
            let subnets = changed.has("subnet_ids").then(|| subnets(want));
            aws.call(|| {
                let call = aws.elasticache().modify_cache_subnet_group();
                call.cache_subnet_group_name(id)
                    .set_cache_subnet_group_description(description.clone())
                    .set_subnet_ids(subnets.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let delete =
                || aws.elasticache().delete_cache_subnet_group().cache_subnet_group_name(id);
            aws.call(|| delete().send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = absent(list(aws, Some(want.name.to_string())).await.map(Some), GONE)?;
            let found = found.unwrap_or_default().into_iter();
            ours(aws, &want.tags, found.map(|group| (group.arn, group.cache_subnet_group_name)))
                .await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, &arn_of(aws, "subnetgroup", id).await?, change).await
        }
    }

    fn subnets(want: &SubnetGroup) -> Vec<String> {
        want.subnet_ids.iter().map(ToString::to_string).collect()
    }

    async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.elasticache().describe_cache_subnet_groups().set_marker(marker);
                    call.set_cache_subnet_group_name(name.clone()).send()
                },
                |page| page.marker(),
            )
            .await?;
        Ok(pages
            .into_iter()
            .flat_map(|page| page.cache_subnet_groups.unwrap_or_default())
            .collect())
    }

    async fn see(aws: &Aws, group: Wire) -> Result<Seen<SubnetGroup>> {
        let name = group.cache_subnet_group_name.ok_or_else(|| missing("CacheSubnetGroupName"))?;
        let arn = group.arn.ok_or_else(|| missing("ARN"))?;
        let subnets = group.subnets.unwrap_or_default().into_iter();
        let inputs = SubnetGroup {
            name: CacheSubnetGroupName::new(&name),
            subnet_ids: subnets.filter_map(|s| s.subnet_identifier.map(SubnetId::new)).collect(),
            description: group.cache_subnet_group_description.unwrap_or_default(),
            tags: list_tags(aws, &arn).await?,
        };
        let outputs = SubnetGroupOutputs {
            id: CacheSubnetGroupName::new(name),
            arn: Arn::new(arn),
            vpc_id: group.vpc_id.map(VpcId::new),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn names_are_letters_and_digits_and_not_the_default() {
        let check =
            |name: &str| validate(&Object::from([("name".to_owned(), Value::from(name))])).len();
        assert_eq!(check("data-1"), 0);
        assert_eq!(check("data_1"), 1);
        assert_eq!(check("Default"), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
pub(super) mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Output, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{Subnet, Vpc};

    /// Subnets of three availability zones, and their VPC.
    pub(in crate::elasticache) fn subnets(
        stack: &mut Stack,
    ) -> (Output<VpcId>, [Output<SubnetId>; 3]) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let subnets = [("a", "10.0.1.0/24"), ("b", "10.0.2.0/24"), ("c", "10.0.3.0/24")];
        let subnets = subnets.map(|(zone, range)| {
            let subnet = Subnet::new(vpc.id(), cidr(range));
            let subnet = subnet.availability_zone(format!("us-west-2{zone}"));
            stack.add(format!("subnet-{zone}"), subnet).id()
        });
        (vpc.id(), subnets)
    }

    conforms!(
        aws_elasticache_subnet_group,
        Fixture {
            base: |stack, name| {
                let (_, [a, b, _]) = subnets(stack);
                let group = SubnetGroup::new(format!("{name}-cache"), [a, b]);
                stack.add("it", group.description("caches").tag("Name", name));
            },
            update: Some(|stack, name| {
                let (_, [a, _, c]) = subnets(stack);
                let group = SubnetGroup::new(format!("{name}-cache"), [a, c]);
                stack.add("it", group.description("changed").tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let (_, [a, b, _]) = subnets(stack);
                stack.add("it", SubnetGroup::new(format!("{name}-other"), [a, b]));
            }),
            gaps: &[],
        }
    );
}
