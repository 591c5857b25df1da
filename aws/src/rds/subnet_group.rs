//! A DB subnet group: the subnets that databases may be in.
//!
//! API: CreateDBSubnetGroup, DescribeDBSubnetGroups, ModifyDBSubnetGroup, DeleteDBSubnetGroup,
//! ListTagsForResource, AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::SubnetGroupName;
use crate::ec2::{SubnetId, VpcId};
use crate::rules::{NameRule, Rules};

/// The subnets that databases may be in, of at least two availability zones.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_db_subnet_group", outputs = SubnetGroupOutputs, validate = validate)]
pub struct SubnetGroup {
    /// Subnets, of at least two availability zones.
    #[field(required)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Name, unique in the region, at most 255 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<SubnetGroupName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
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
    pub id: SubnetGroupName,
    /// The group's ARN.
    pub arn: Arn<SubnetGroup>,
    /// The VPC of the subnets.
    pub vpc_id: Option<VpcId>,
    /// What addresses databases can have: `IPV4`, `DUAL`.
    pub supported_network_types: Vec<String>,
}

/// Source: RDS API Reference, CreateDBSubnetGroup.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_. ".contains(c),
    characters: "lower-case letters, digits, spaces and `-_.`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAMES);
    if rules.text("name") == Some("default") {
        rules.refuse("name", "must not be `default`, which is AWS's");
    }
    if rules.text("description").is_some_and(str::is_empty) {
        rules.refuse("description", "must not be empty");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_rds::types::DbSubnetGroup as Wire;

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;
    use crate::rds::common::{arn_of, list_tags, retag, wire_tags};

    const OPERATIONS: &[&str] = &[
        "rds:AddTagsToResource",
        "rds:CreateDBSubnetGroup",
        "rds:DeleteDBSubnetGroup",
        "rds:DescribeDBSubnetGroups",
        "rds:ListTagsForResource",
        "rds:ModifyDBSubnetGroup",
        "rds:RemoveTagsFromResource",
    ];
    const GONE: &[&str] = &["DBSubnetGroupNotFoundFault"];

    impl Handler for SubnetGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "rds:CreateDBSubnetGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
            gone: GONE,
            // Databases that are being deleted hold their group for a while.
            lingering: &[("InvalidDBSubnetGroupStateFault", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.rds()
                        .create_db_subnet_group()
                        .set_db_subnet_group_name(want.name.as_ref().map(ToString::to_string))
                        .db_subnet_group_description(&want.description)
                        .set_subnet_ids(Some(subnets(want)))
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let name = answer.db_subnet_group.and_then(|group| group.db_subnet_group_name);
            name.ok_or_else(|| missing("DBSubnetGroupName"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, _: Known| see(aws, wire);
            read_named(known, GONE, Wire::db_subnet_group_name, |name| list(aws, name), see).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let description = changed.has("description").then(|| want.description.clone());
            // The subnets are always asked for. Source: RDS API Reference, ModifyDBSubnetGroup.
            aws.call(|| {
                let call = aws.rds().modify_db_subnet_group().db_subnet_group_name(id);
                call.set_db_subnet_group_description(description.clone())
                    .set_subnet_ids(Some(subnets(want)))
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.rds().delete_db_subnet_group().db_subnet_group_name(id).send())
                .await
                .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(name) = &want.name else { return Ok(Vec::new()) };
            let found = absent(list(aws, Some(name.to_string())).await.map(Some), GONE)?;
            let mut ours = Vec::new();
            for group in found.unwrap_or_default() {
                let arn = group.db_subnet_group_arn.ok_or_else(|| missing("DBSubnetGroupArn"))?;
                if is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0) {
                    ours.extend(group.db_subnet_group_name);
                }
            }
            Ok(ours)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, &arn_of(aws, "subgrp", id).await?, change).await
        }
    }

    fn subnets(want: &SubnetGroup) -> Vec<String> {
        want.subnet_ids.iter().map(ToString::to_string).collect()
    }

    async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.rds().describe_db_subnet_groups().set_marker(marker);
                    call.set_db_subnet_group_name(name.clone()).send()
                },
                |page| page.marker(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.db_subnet_groups.unwrap_or_default()).collect())
    }

    async fn see(aws: &Aws, group: Wire) -> Result<Seen<SubnetGroup>> {
        let name = group.db_subnet_group_name.ok_or_else(|| missing("DBSubnetGroupName"))?;
        let arn = group.db_subnet_group_arn.ok_or_else(|| missing("DBSubnetGroupArn"))?;
        let subnets = group.subnets.unwrap_or_default().into_iter();
        let inputs = SubnetGroup {
            subnet_ids: subnets.filter_map(|s| s.subnet_identifier.map(SubnetId::new)).collect(),
            name_prefix: prefix_of(&name),
            name: Some(SubnetGroupName::new(&name)),
            description: group.db_subnet_group_description.unwrap_or_default(),
            tags: list_tags(aws, &arn).await?,
        };
        let outputs = SubnetGroupOutputs {
            id: SubnetGroupName::new(name),
            arn: Arn::new(arn),
            vpc_id: group.vpc_id.map(VpcId::new),
            supported_network_types: group.supported_network_types.unwrap_or_default(),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn names_are_lower_case_and_not_the_default() {
        let check =
            |name: &str| validate(&Object::from([("name".to_owned(), Value::from(name))])).len();
        assert_eq!(check("data layer_1.0-a"), 0);
        assert_eq!(check("Data"), 1);
        assert_eq!(check("default"), 1);
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

    /// Subnets of three availability zones.
    pub(in crate::rds) fn subnets(stack: &mut Stack) -> [Output<SubnetId>; 3] {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        [("a", "10.0.1.0/24"), ("b", "10.0.2.0/24"), ("c", "10.0.3.0/24")].map(|(zone, range)| {
            let subnet = Subnet::new(vpc.id(), cidr(range));
            let subnet = subnet.availability_zone(format!("us-west-2{zone}"));
            stack.add(format!("subnet-{zone}"), subnet).id()
        })
    }

    conforms!(
        aws_db_subnet_group,
        Fixture {
            base: |stack, name| {
                let [a, b, _] = subnets(stack);
                let group = SubnetGroup::new([a, b]).name(format!("{name}-data"));
                stack.add("it", group.description("databases").tag("Name", name));
            },
            update: Some(|stack, name| {
                let [a, b, c] = subnets(stack);
                let group = SubnetGroup::new([a, b, c]).name(format!("{name}-data"));
                stack.add("it", group.description("changed").tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                let [a, b, _] = subnets(stack);
                stack.add("it", SubnetGroup::new([a, b]).name_prefix("data-"));
            }),
            gaps: &[],
        }
    );
}
