//! A network ACL: what may enter and leave its subnets, without regard to connections.
//!
//! Its rules are resources of their own, `aws_network_acl_rule`. A subnet always has exactly one
//! ACL: one that leaves this ACL goes back to the VPC's default ACL.
//!
//! API: CreateNetworkAcl, DescribeNetworkAcls, ReplaceNetworkAclAssociation, DeleteNetworkAcl.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Outputs, Resource, Tags};

use super::{NetworkAclId, SubnetId, VpcId};

/// What may enter and leave subnets.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_network_acl", outputs = NetworkAclOutputs)]
pub struct NetworkAcl {
    /// The VPC.
    #[field(force_new)]
    pub vpc_id: VpcId,
    /// Subnets that it is for. Left out, whoever else associates subnets is not interfered with.
    #[field(computed)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`NetworkAcl`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct NetworkAclOutputs {
    /// The ACL's id.
    pub id: NetworkAclId,
    /// The ACL's ARN.
    pub arn: Arn<NetworkAcl>,
    /// The account that owns it.
    pub owner_id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{Filter, NetworkAcl as Wire, ResourceType as Tagged};
    use infra_sdk::provider::Target;

    use super::*;
    use crate::ec2::common::{by_owner, filter, retag, tag_specification, tags_of};
    use crate::ec2::questions::{NetworkAcls, network_acls};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:CreateNetworkAcl",
        "ec2:CreateTags",
        "ec2:DeleteNetworkAcl",
        "ec2:DeleteTags",
        "ec2:DescribeNetworkAcls",
        "ec2:ReplaceNetworkAclAssociation",
    ];

    impl Handler for NetworkAcl {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "ec2:CreateNetworkAcl",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["subnet_ids"],
            gone: &["InvalidNetworkAclID.NotFound"],
            // An association is replaced by another one whenever a subnet changes its ACL.
            not_yet: &[("InvalidVpcID.NotFound", ""), ("InvalidAssociationID.NotFound", "")],
            lingering: &[("DependencyViolation", ""), ("InvalidAssociationID.NotFound", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .create_network_acl()
                        .vpc_id(want.vpc_id.as_str())
                        .client_token(creating.token)
                        .set_tag_specifications(tag_specification(Tagged::NetworkAcl, &want.tags))
                        .send()
                })
                .await?;
            answer
                .network_acl
                .and_then(|acl| acl.network_acl_id)
                .ok_or_else(|| missing("NetworkAclId"))
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            readings.want::<NetworkAcls>(targets.iter().map(|target| target.id.clone()));
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let ids = known.iter().map(|item| item.id.clone()).collect();
            read_shared(known, aws.shared::<NetworkAcls>(ids).await, |acls, item| {
                acls.get(&item.id).map(|acl| see(aws, acl.clone())).transpose()
            })
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if !changed.has("subnet_ids") {
                return Ok(());
            }
            let there = associations(aws, filter("association.network-acl-id", [id])).await?;
            let there: HashMap<_, _> =
                there.into_iter().filter(|a| a.acl == id).map(|a| (a.subnet, a.id)).collect();
            let coming: Vec<_> =
                want.subnet_ids.iter().filter(|subnet| !there.contains_key(*subnet)).collect();
            for chunk in coming.chunks(EC2_FILTER_VALUES) {
                let ids = chunk.iter().map(|subnet| subnet.as_str());
                let from = associations(aws, filter("association.subnet-id", ids)).await?;
                for subnet in chunk {
                    let association = from.iter().find(|a| a.subnet == **subnet);
                    let association =
                        association.ok_or_else(|| missing("NetworkAclAssociationId"))?;
                    replace(aws, &association.id, id).await?;
                }
            }
            let leaving = there.into_iter().filter(|(subnet, _)| !want.subnet_ids.contains(subnet));
            release(aws, want.vpc_id.as_str(), leaving.map(|(_, association)| association)).await
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            let there = associations(aws, filter("association.network-acl-id", [id])).await?;
            let there = there.into_iter().filter(|a| a.acl == id).map(|a| a.id);
            release(aws, was.vpc_id.as_str(), there).await?;
            aws.call(|| aws.ec2().delete_network_acl().network_acl_id(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let acls = network_acls(aws, by_owner(&want.tags)).await?;
            Ok(acls.into_iter().filter_map(|acl| acl.network_acl_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    /// That a subnet has an ACL.
    struct Association {
        id: String,
        acl: String,
        subnet: SubnetId,
    }

    /// The associations of the ACLs that a filter finds; more than those that match it.
    async fn associations(aws: &Aws, by: Filter) -> Result<Vec<Association>> {
        let acls = network_acls(aws, vec![by]).await?;
        let all = acls.into_iter().flat_map(|acl| acl.associations.unwrap_or_default());
        Ok(all
            .filter_map(|association| {
                Some(Association {
                    id: association.network_acl_association_id?,
                    acl: association.network_acl_id?,
                    subnet: SubnetId::new(association.subnet_id?),
                })
            })
            .collect())
    }

    async fn replace(aws: &Aws, association: &str, acl: &str) -> Result<()> {
        aws.call(|| {
            let call = aws.ec2().replace_network_acl_association();
            call.association_id(association).network_acl_id(acl).send()
        })
        .await
        .map(drop)
    }

    /// Gives subnets back to the default ACL of their VPC.
    async fn release(
        aws: &Aws,
        vpc: &str,
        associations: impl Iterator<Item = String> + Send,
    ) -> Result<()> {
        let associations: Vec<_> = associations.collect();
        if associations.is_empty() {
            return Ok(());
        }
        let filters = vec![filter("vpc-id", [vpc]), filter("default", ["true"])];
        let default = network_acls(aws, filters).await?.pop().and_then(|acl| acl.network_acl_id);
        let default = default.ok_or_else(|| missing("default network ACL"))?;
        for association in associations {
            replace(aws, &association, &default).await?;
        }
        Ok(())
    }

    fn see(aws: &Aws, acl: Wire) -> Result<Seen<NetworkAcl>> {
        let id = acl.network_acl_id.ok_or_else(|| missing("NetworkAclId"))?;
        let owner_id = acl.owner_id.unwrap_or_default();
        let subnets = acl.associations.unwrap_or_default().into_iter();
        let inputs = NetworkAcl {
            vpc_id: VpcId::new(acl.vpc_id.ok_or_else(|| missing("VpcId"))?),
            subnet_ids: subnets.filter_map(|a| a.subnet_id.map(SubnetId::new)).collect(),
            tags: tags_of(acl.tags),
        };
        let outputs = NetworkAclOutputs {
            arn: aws.arn("ec2", &owner_id, &format!("network-acl/{id}")),
            owner_id,
            id: NetworkAclId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{Subnet, Vpc};

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    conforms!(
        aws_network_acl,
        Fixture {
            base: |stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                stack.add("other", Vpc::new(cidr("10.1.0.0/16")));
                let one = stack.add("one", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
                let two = stack.add("two", Subnet::new(vpc.id(), cidr("10.0.2.0/24")));
                let acl = NetworkAcl::new(vpc.id()).subnet_ids([one.id(), two.id()]);
                stack.add("it", acl.tag("Name", name));
            },
            update: Some(|stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                stack.add("other", Vpc::new(cidr("10.1.0.0/16")));
                let two = stack.add("two", Subnet::new(vpc.id(), cidr("10.0.2.0/24")));
                stack.add("one", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
                let acl = NetworkAcl::new(vpc.id()).subnet_ids([two.id()]);
                stack.add("it", acl.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                let other = stack.add("other", Vpc::new(cidr("10.1.0.0/16")));
                stack.add("it", NetworkAcl::new(other.id()));
            }),
            gaps: &[],
        }
    );
}
