//! A security group that another stack made. A lookup: answered while the program runs.
//!
//! API: DescribeSecurityGroups.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

use super::narrowing::{Narrowing, narrowed};
use super::{SecurityGroupId, VpcId};

/// Asks for a security group: by its id, its name in a VPC, its tags, or EC2's filters.
#[derive(Debug, Clone, Default)]
pub struct FindSecurityGroup(Narrowing);

narrowed!(FindSecurityGroup);

impl FindSecurityGroup {
    /// The group of this id.
    #[must_use]
    pub fn by_id(id: &SecurityGroupId) -> Self {
        Self(Narrowing { id: Some(id.as_str().to_owned()), ..Narrowing::default() })
    }

    /// The group of this name in a VPC; `default` is that of the VPC.
    #[must_use]
    pub fn named(name: impl Into<String>, vpc: &VpcId) -> Self {
        Self::default().filter("group-name", [name]).filter("vpc-id", [vpc.as_str()])
    }

    /// The group that this tag, and what else is asked for, leaves.
    #[must_use]
    pub fn tagged(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::default().tag(key, value)
    }
}

impl Lookup for FindSecurityGroup {
    type Answer = SecurityGroupFound;

    const NAME: &'static str = "aws_security_group";

    fn arguments(&self) -> BTreeMap<String, Value> {
        self.0.arguments()
    }
}

/// The security group found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct SecurityGroupFound {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its VPC.
    pub vpc_id: Option<VpcId>,
    /// The account that it is of.
    pub owner_id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_ec2::types::SecurityGroup as Wire;
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::ec2::common::tags_of;
    use crate::ec2::narrowing::wire::{filters, only, some};
    use crate::frame::lookup::{Arguments, LookupHandler};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindSecurityGroup::NAME,
            doc: "A security group, by its id, its name in a VPC, its tags, or filters.",
            answer: SecurityGroupFound::KIND,
            placeholder,
        },
        operations: &["ec2:DescribeSecurityGroups"],
        actions: &["ec2:DescribeSecurityGroups"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        let id = "sg-00000000000000000";
        SecurityGroupFound {
            id: SecurityGroupId::new(id),
            arn: format!("arn:aws:ec2:{region}:123456789012:security-group/{id}"),
            name: "group".to_owned(),
            description: "a group".to_owned(),
            vpc_id: Some(VpcId::new("vpc-00000000000000000")),
            owner_id: "123456789012".to_owned(),
            tags: BTreeMap::new(),
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let filters = filters(arguments, "group-id");
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_security_groups().set_next_token(token);
                    call.set_filters(some(&filters)).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let found = pages.into_iter().flat_map(|p| p.security_groups.unwrap_or_default());
        see(aws, only(found.collect(), "security group")?).map(|found| found.to_value())
    }

    fn see(aws: &Aws, group: Wire) -> Result<SecurityGroupFound> {
        let id = group.group_id.ok_or_else(|| missing("GroupId"))?;
        let owner_id = group.owner_id.ok_or_else(|| missing("OwnerId"))?;
        let arn = group.security_group_arn.unwrap_or_else(|| {
            aws.arn::<()>("ec2", &owner_id, &format!("security-group/{id}")).to_string()
        });
        Ok(SecurityGroupFound {
            id: SecurityGroupId::new(id),
            arn,
            name: group.group_name.ok_or_else(|| missing("GroupName"))?,
            description: group.description.unwrap_or_default(),
            vpc_id: group.vpc_id.map(VpcId::new),
            owner_id,
            tags: tags_of(group.tags).0,
        })
    }
}
