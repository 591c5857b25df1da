//! A security group: a named set of rules for what interfaces may send and receive.
//!
//! Its rules are resources of their own, `aws_vpc_security_group_ingress_rule` and
//! `aws_vpc_security_group_egress_rule`. AWS puts a rule into every new group that allows all
//! egress; it is removed, as Terraform does.
//!
//! API: CreateSecurityGroup, DescribeSecurityGroups, DescribeSecurityGroupRules,
//! RevokeSecurityGroupEgress, RevokeSecurityGroupIngress, DeleteSecurityGroup.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::{SecurityGroupId, VpcId};
use crate::rules::{NameRule, Rules};

/// A set of rules for what interfaces may send and receive.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_security_group", outputs = SecurityGroupOutputs, validate = validate)]
pub struct SecurityGroup {
    /// Name, unique in its VPC, at most 255 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, at most 255 characters. Left out, it says who manages the group.
    #[field(force_new, computed)]
    pub description: Option<String>,
    /// The VPC. Left out, the region's default VPC.
    #[field(force_new, computed)]
    pub vpc_id: Option<VpcId>,
    /// Revoke all rules before the group is deleted, for groups that refer to one another through
    /// rules that others have made.
    #[field(default = false, write_only)]
    pub revoke_rules_on_delete: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`SecurityGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SecurityGroupOutputs {
    /// The group's id.
    pub id: SecurityGroupId,
    /// The group's ARN.
    pub arn: Arn<SecurityGroup>,
    /// The account that owns it.
    pub owner_id: String,
}

/// Names and descriptions of groups, and descriptions of their rules. Source: EC2 API Reference,
/// CreateSecurityGroup and IpRange.
pub(super) const TEXT: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c),
    characters: "letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&TEXT);
    rules.names_not_from("sg-", "as ids do");
    rules.follows("description", &TEXT);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{
        IpPermission, IpRange, Ipv6Range, ResourceType as Tagged, SecurityGroupRule,
    };

    use super::*;
    use crate::ec2::common::{by_ids, by_owner, filter, retag, tag_specification, tags_of};
    use crate::frame::calls::{PROMPT, Patience};
    use crate::frame::names::prefix_of;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DeleteSecurityGroup",
        "ec2:DeleteTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    ];

    impl Handler for SecurityGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "ec2:CreateSecurityGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
            gone: &["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"],
            not_yet: &[("InvalidVpcID.NotFound", "")],
            // Interfaces of load balancers, endpoints and functions go some time after their owner.
            lingering: &[("DependencyViolation", ""), ("InvalidGroup.InUse", "")],
            patience: Patience { delete: std::time::Duration::from_secs(900), ..PROMPT },
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .create_security_group()
                        .set_group_name(want.name.clone())
                        .description(want.description.as_deref().unwrap_or("Managed by infra"))
                        .set_vpc_id(want.vpc_id.as_ref().map(ToString::to_string))
                        .set_tag_specifications(tag_specification(
                            Tagged::SecurityGroup,
                            &want.tags,
                        ))
                        .send()
                })
                .await?;
            answer.group_id.ok_or_else(|| missing("GroupId"))
        }

        async fn finish(aws: &Aws, id: &str) -> Result<()> {
            // What somebody declared has tags or a description; the rule that AWS made has none,
            // and there is never a second rule that says the same.
            let rules = rules(aws, id).await?;
            for everywhere in [Everywhere::Ipv4, Everywhere::Ipv6] {
                if !rules.iter().any(|rule| everywhere.is_declared(rule)) {
                    everywhere.revoke(aws, id).await?;
                }
            }
            Ok(())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let pages = aws
                    .pages(
                        |token| {
                            let call = aws.ec2().describe_security_groups().set_next_token(token);
                            call.filters(by_ids("group-id", &chunk)).send()
                        },
                        |page| page.next_token(),
                    )
                    .await?;
                pages
                    .into_iter()
                    .flat_map(|page| page.security_groups.unwrap_or_default())
                    .map(|group| see(aws, group).map(|seen| (seen.outputs.id.to_string(), seen)))
                    .collect::<Result<HashMap<_, _>>>()
            })
            .await
        }

        /// All that can be changed is how the group is deleted, which AWS is not told.
        async fn update(_: &Aws, _: &str, _: &Self, _: &Self, _: &Changed) -> Result<()> {
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if was.revoke_rules_on_delete {
                revoke_all(aws, id).await?;
            }
            aws.call(|| aws.ec2().delete_security_group().group_id(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let mut filters = by_owner(&want.tags);
            filters.extend(want.name.as_ref().map(|name| filter("group-name", [name])));
            filters.extend(want.vpc_id.as_ref().map(|vpc| filter("vpc-id", [vpc.as_str()])));
            let pages = aws
                .pages(
                    |token| {
                        let call = aws.ec2().describe_security_groups().set_next_token(token);
                        call.set_filters(Some(filters.clone())).send()
                    },
                    |page| page.next_token(),
                )
                .await?;
            let groups =
                pages.into_iter().flat_map(|page| page.security_groups.unwrap_or_default());
            Ok(groups.filter_map(|group| group.group_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    /// The two rules that AWS makes: all egress, by IPv4 and, where the VPC has it, by IPv6.
    /// Source: VPC user guide, default security group rules.
    #[derive(Clone, Copy)]
    enum Everywhere {
        Ipv4,
        Ipv6,
    }

    impl Everywhere {
        fn is_declared(self, rule: &SecurityGroupRule) -> bool {
            let (range, all) = match self {
                Self::Ipv4 => (rule.cidr_ipv4(), "0.0.0.0/0"),
                Self::Ipv6 => (rule.cidr_ipv6(), "::/0"),
            };
            rule.is_egress() == Some(true)
                && rule.ip_protocol() == Some("-1")
                && range == Some(all)
                && !(rule.tags().is_empty() && rule.description().unwrap_or_default().is_empty())
        }

        async fn revoke(self, aws: &Aws, id: &str) -> Result<()> {
            let all = IpPermission::builder().ip_protocol("-1");
            let all = match self {
                Self::Ipv4 => all.ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build()),
                Self::Ipv6 => all.ipv6_ranges(Ipv6Range::builder().cidr_ipv6("::/0").build()),
            }
            .build();
            let revoked = aws
                .call(|| {
                    let call = aws.ec2().revoke_security_group_egress().group_id(id);
                    call.ip_permissions(all.clone()).send()
                })
                .await
                .map(|_| Some(()));
            absent(revoked, &["InvalidPermission.NotFound"]).map(drop)
        }
    }

    async fn rules(aws: &Aws, id: &str) -> Result<Vec<SecurityGroupRule>> {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_security_group_rules().set_next_token(token);
                    call.filters(filter("group-id", [id])).send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages
            .into_iter()
            .flat_map(|page| page.security_group_rules.unwrap_or_default())
            .collect())
    }

    async fn revoke_all(aws: &Aws, id: &str) -> Result<()> {
        let (egress, ingress): (Vec<_>, Vec<_>) =
            rules(aws, id).await?.into_iter().partition(|rule| rule.is_egress() == Some(true));
        let ids = |rules: Vec<SecurityGroupRule>| -> Vec<String> {
            rules.into_iter().filter_map(|rule| rule.security_group_rule_id).collect()
        };
        let (egress, ingress) = (ids(egress), ids(ingress));
        if !egress.is_empty() {
            aws.call(|| {
                let call = aws.ec2().revoke_security_group_egress().group_id(id);
                call.set_security_group_rule_ids(Some(egress.clone())).send()
            })
            .await?;
        }
        if !ingress.is_empty() {
            aws.call(|| {
                let call = aws.ec2().revoke_security_group_ingress().group_id(id);
                call.set_security_group_rule_ids(Some(ingress.clone())).send()
            })
            .await?;
        }
        Ok(())
    }

    fn see(aws: &Aws, group: aws_sdk_ec2::types::SecurityGroup) -> Result<Seen<SecurityGroup>> {
        let id = group.group_id.ok_or_else(|| missing("GroupId"))?;
        let owner_id = group.owner_id.unwrap_or_default();
        let inputs = SecurityGroup {
            name_prefix: group.group_name.as_deref().and_then(prefix_of),
            name: group.group_name,
            description: group.description,
            vpc_id: group.vpc_id.map(VpcId::new),
            revoke_rules_on_delete: false,
            tags: tags_of(group.tags),
        };
        let outputs = SecurityGroupOutputs {
            arn: group.security_group_arn.map_or_else(
                || aws.arn("ec2", &owner_id, &format!("security-group/{id}")),
                Arn::new,
            ),
            owner_id,
            id: SecurityGroupId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn names_are_as_ec2_takes_them() {
        let check = |field: &str, text: &str| {
            validate(&Object::from([(field.to_owned(), Value::from(text))]))
        };
        assert_eq!(check("name", "web (blue)"), []);
        assert_eq!(check("name", "sg-web")[0].message, "must not start with `sg-`, as ids do");
        assert_eq!(check("name_prefix", &"x".repeat(230)).len(), 1);
        assert_eq!(check("description", "a<b")[0].path, "description");
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpPermission, IpRange};
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::Connection;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::Vpc;
    use crate::ec2::common::filter;
    use crate::frame::clients::configure;
    use crate::frame::handler::Told;
    use crate::prelude::*;

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    async fn rules_of(aws: &Aws, id: &str) -> usize {
        let by_group = filter("group-id", [id]);
        let call = || aws.ec2().describe_security_group_rules().filters(by_group.clone()).send();
        aws.call(call).await.expect("it answers").security_group_rules().len()
    }

    #[tokio::test]
    async fn the_rule_that_aws_makes_is_removed_and_a_declared_one_is_not() {
        let aws = Aws::new(
            configure(&Connection {
                region: "us-west-2".to_owned(),
                endpoint_url: Some(crate::test_endpoint::endpoint().await),
                credentials: Some(("123456789012".to_owned(), "test".to_owned())),
                ..Connection::default()
            })
            .await,
        );
        let vpc = aws.call(|| aws.ec2().create_vpc().cidr_block("10.0.0.0/16").send()).await;
        let vpc = vpc.expect("a VPC").vpc.and_then(|vpc| vpc.vpc_id).expect("an id");
        let want = SecurityGroup {
            name: Some("finished".to_owned()),
            name_prefix: None,
            description: None,
            vpc_id: Some(VpcId::new(vpc.as_str())),
            revoke_rules_on_delete: true,
            tags: Tags::default(),
        };
        let id = SecurityGroup::create(&aws, &want, Creating::new("t", "", &Told::default()))
            .await
            .expect("made");
        assert_eq!(rules_of(&aws, &id).await, 1, "AWS allows all egress");
        SecurityGroup::finish(&aws, &id).await.expect("finished");
        assert_eq!(rules_of(&aws, &id).await, 0);
        SecurityGroup::finish(&aws, &id).await.expect("finished again");
        let range = IpRange::builder().cidr_ip("0.0.0.0/0").description("declared").build();
        let rule = IpPermission::builder().ip_protocol("-1").ip_ranges(range).build();
        aws.call(|| {
            let call = aws.ec2().authorize_security_group_egress().group_id(&id);
            call.ip_permissions(rule.clone()).send()
        })
        .await
        .expect("allowed");
        SecurityGroup::finish(&aws, &id).await.expect("finished once more");
        assert_eq!(rules_of(&aws, &id).await, 1, "what somebody declared stays");
        SecurityGroup::delete(&aws, &id, &want).await.expect("deleted with its rules");
        aws.call(|| aws.ec2().delete_vpc().vpc_id(&vpc).send()).await.expect("deleted");
    }

    conforms!(
        aws_security_group,
        Fixture {
            base: |stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                let group = SecurityGroup::new().name_prefix("web-").vpc_id(vpc.id());
                stack.add("it", group.description("What the web sees").tag("Name", name));
            },
            update: Some(|stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                let group = SecurityGroup::new().name_prefix("web-").vpc_id(vpc.id());
                let group = group.description("What the web sees").revoke_rules_on_delete(true);
                stack.add("it", group.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                stack.add("it", SecurityGroup::new().name(name).vpc_id(vpc.id()));
            }),
            gaps: &[],
        }
    );
}
