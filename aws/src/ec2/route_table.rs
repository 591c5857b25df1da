//! A route table. Its routes are resources of their own, [`Route`](super::Route): Terraform's
//! inline `route` blocks are left out by design, because two ways to say where a route is wanted
//! contradict each other sooner or later.
//!
//! API: CreateRouteTable, DescribeRouteTables, EnableVgwRoutePropagation,
//! DisableVgwRoutePropagation, DeleteRouteTable.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Outputs, Resource, Tags};

use super::{RouteTableId, VpcId, VpnGatewayId};

/// A table of routes for subnets of a VPC. Routes are resources of their own, `aws_route`: the
/// table has no `route` blocks, and a table as it is made has just the local route.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_route_table", outputs = RouteTableOutputs)]
pub struct RouteTable {
    /// The VPC.
    #[field(force_new)]
    pub vpc_id: VpcId,
    /// Virtual private gateways that write the routes that they learn into the table.
    pub propagating_vgws: BTreeSet<VpnGatewayId>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`RouteTable`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RouteTableOutputs {
    /// The table's id.
    pub id: RouteTableId,
    /// The table's ARN.
    pub arn: Arn<RouteTable>,
    /// The account that owns it.
    pub owner_id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_ec2::types::ResourceType as Tagged;
    use infra_sdk::provider::Target;

    use super::*;
    use crate::ec2::common::{
        by_owner, is_owned, missing_from, retag, route_tables, tag_specification, tags_of,
    };
    use crate::ec2::questions::RouteTables;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:CreateRouteTable",
        "ec2:CreateTags",
        "ec2:DeleteRouteTable",
        "ec2:DeleteTags",
        "ec2:DescribeRouteTables",
        "ec2:DisableVgwRoutePropagation",
        "ec2:EnableVgwRoutePropagation",
    ];

    impl Handler for RouteTable {
        const CALLS: Calls = Calls {
            class: CreateClass::Token,
            create: "ec2:CreateRouteTable",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["propagating_vgws"],
            gone: &["InvalidRouteTableID.NotFound"],
            // A gateway propagates once it is attached to the VPC.
            not_yet: &[("InvalidVpcID.NotFound", ""), ("Gateway.NotAttached", "")],
            lingering: &[("DependencyViolation", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.ec2()
                        .create_route_table()
                        .client_token(creating.token)
                        .vpc_id(want.vpc_id.as_str())
                        .set_tag_specifications(tag_specification(Tagged::RouteTable, &want.tags))
                        .send()
                })
                .await?;
            let id = answer.route_table.and_then(|table| table.route_table_id);
            id.ok_or_else(|| missing("RouteTableId"))
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            readings.want::<RouteTables>(targets.iter().map(|target| target.id.clone()));
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let ids = known.iter().map(|item| item.id.clone()).collect();
            read_shared(known, aws.shared::<RouteTables>(ids).await, |tables, item| {
                tables.get(&item.id).map(|table| see(aws, table.clone())).transpose()
            })
        }

        async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, _: &Changed) -> Result<()> {
            let (want, was) = (&want.propagating_vgws, &was.propagating_vgws);
            for gateway in missing_from(want, was).into_iter().flatten() {
                aws.call(|| {
                    let call = aws.ec2().disable_vgw_route_propagation();
                    call.route_table_id(id).gateway_id(&gateway).send()
                })
                .await?;
            }
            for gateway in missing_from(was, want).into_iter().flatten() {
                aws.call(|| {
                    let call = aws.ec2().enable_vgw_route_propagation();
                    call.route_table_id(id).gateway_id(&gateway).send()
                })
                .await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ec2().delete_route_table().route_table_id(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = route_tables(aws, by_owner(&want.tags)).await?;
            let ours = found.into_iter().filter(|table| is_owned(&table.tags, &want.tags));
            Ok(ours.filter_map(|table| table.route_table_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    fn see(aws: &Aws, table: aws_sdk_ec2::types::RouteTable) -> Result<Seen<RouteTable>> {
        let id = table.route_table_id.ok_or_else(|| missing("RouteTableId"))?;
        let owner_id = table.owner_id.unwrap_or_default();
        let gateways = table.propagating_vgws.unwrap_or_default().into_iter();
        let inputs = RouteTable {
            vpc_id: VpcId::new(table.vpc_id.ok_or_else(|| missing("VpcId"))?),
            propagating_vgws: gateways
                .filter_map(|g| g.gateway_id)
                .map(VpnGatewayId::new)
                .collect(),
            tags: tags_of(table.tags),
        };
        let outputs = RouteTableOutputs {
            arn: aws.arn("ec2", &owner_id, &format!("route-table/{id}")),
            owner_id,
            id: RouteTableId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::Vpc;

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    conforms!(
        aws_route_table,
        Fixture {
            base: |stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                stack.add("it", RouteTable::new(vpc.id()).tag("Name", name));
            },
            update: Some(|stack, _| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                stack.add("other", Vpc::new(cidr("10.1.0.0/16")));
                stack.add("it", RouteTable::new(vpc.id()).tag("Name", "other"));
            }),
            replace: Some(|stack, _| {
                let other = stack.add("other", Vpc::new(cidr("10.1.0.0/16")));
                stack.add("it", RouteTable::new(other.id()));
            }),
            gaps: &[],
        }
    );
}
