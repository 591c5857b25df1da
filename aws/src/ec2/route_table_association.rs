//! Which route table a subnet or a gateway uses. Another table is taken in place, which gives the
//! association another id at AWS; so it is known here by what stays, the subnet or the gateway.
//! Imported as Terraform does: `subnet-1/rtb-1` or `igw-1/rtb-1`.
//!
//! API: AssociateRouteTable, ReplaceRouteTableAssociation, DescribeRouteTables,
//! DisassociateRouteTable.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Outputs, Resource};

use super::{GatewayId, RouteTableAssociationId, RouteTableId, SubnetId};
use crate::rules::Rules;

/// Makes a subnet or a gateway use a route table.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_route_table_association",
    outputs = RouteTableAssociationOutputs,
    validate = validate
)]
pub struct RouteTableAssociation {
    /// The route table.
    pub route_table_id: RouteTableId,
    /// The subnet. Either this or a gateway.
    #[field(force_new)]
    pub subnet_id: Option<SubnetId>,
    /// The gateway whose traffic into the VPC follows the table.
    #[field(force_new)]
    pub gateway_id: Option<GatewayId>,
}

/// What AWS assigns to a [`RouteTableAssociation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RouteTableAssociationOutputs {
    /// The subnet or the gateway, which has one association at a time.
    pub id: String,
    /// AWS's id of the association. Another one after each change of the table.
    pub association_id: RouteTableAssociationId,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.exactly_one(&["subnet_id", "gateway_id"]);
    if rules.text("gateway_id") == Some("local") {
        rules.refuse("gateway_id", "must be a gateway: `local` is only a target of routes");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{
        RouteTableAssociation as Wire, RouteTableAssociationStateCode as State,
    };
    use infra_sdk::provider::Target;

    use super::*;
    use crate::ec2::common::{filter, route_tables};
    use crate::ec2::questions::RouteTables;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "ec2:AssociateRouteTable",
        "ec2:DescribeRouteTables",
        "ec2:DisassociateRouteTable",
        "ec2:ReplaceRouteTableAssociation",
    ];

    impl Handler for RouteTableAssociation {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ec2:AssociateRouteTable",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &["InvalidAssociationID.NotFound"],
            not_yet: &[
                ("InvalidGatewayID.NotFound", ""),
                ("InvalidRouteTableID.NotFound", ""),
                ("InvalidSubnetID.NotFound", ""),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let associated = aws
                .call(|| {
                    aws.ec2()
                        .associate_route_table()
                        .route_table_id(want.route_table_id.as_str())
                        .set_subnet_id(text(&want.subnet_id))
                        .set_gateway_id(text(&want.gateway_id))
                        .send()
                })
                .await;
            match associated {
                Ok(_) => text(&want.subnet_id)
                    .or_else(|| text(&want.gateway_id))
                    .ok_or_else(|| missing("subnet or gateway")),
                // The call was repeated, and the association that is there is the one asked for.
                Err(failure) if failure.code.as_deref() == Some("Resource.AlreadyAssociated") => {
                    Self::find(aws, want).await?.pop().ok_or(failure)
                }
                Err(failure) => Err(failure),
            }
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            let tables = targets.iter().filter_map(|target| table_of(&target.recorded));
            readings.want::<RouteTables>(tables);
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let listed = match listed(aws, known).await {
                Ok(listed) => listed,
                Err(failure) => return known.iter().map(|_| Err(failure.clone())).collect(),
            };
            // What has left its table may be in any other.
            let others: Vec<_> = known
                .iter()
                .filter(|item| !listed.contains_key(end_of(&item.id)))
                .cloned()
                .collect();
            let reads = read_many(&others, EC2_FILTER_VALUES, |chunk| async move {
                let ends: Vec<_> = chunk.iter().map(|item| end_of(&item.id)).collect();
                let found = associations(aws, &ends).await?;
                chunk
                    .iter()
                    .zip(&ends)
                    .filter_map(|(item, end)| Some((item, end, found.get(*end)?)))
                    .map(|(item, end, found)| Ok((item.id.clone(), see(end, found)?)))
                    .collect()
            });
            let mut others = reads.await.into_iter();
            let read = |item: &Known| {
                let end = end_of(&item.id);
                match listed.get(end) {
                    Some(found) => see(end, found).map(Some),
                    None => others.next().unwrap_or(Ok(None)),
                }
            };
            known.iter().map(read).collect()
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            let association =
                association_of(aws, id).await?.ok_or_else(|| missing("association"))?;
            aws.call(|| {
                aws.ec2()
                    .replace_route_table_association()
                    .association_id(&association)
                    .route_table_id(want.route_table_id.as_str())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let Some(association) = association_of(aws, id).await? else { return Ok(()) };
            aws.call(|| aws.ec2().disassociate_route_table().association_id(&association).send())
                .await
                .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let end = text(&want.subnet_id).or_else(|| text(&want.gateway_id)).unwrap_or_default();
            let found = associations(aws, &[&end]).await?;
            let ours = found
                .get(&end)
                .is_some_and(|a| a.route_table_id() == Some(want.route_table_id.as_str()));
            Ok(ours.then_some(end).into_iter().collect())
        }
    }

    /// The subnet or gateway of an id, also of one as Terraform imports it.
    pub(super) fn end_of(id: &str) -> &str {
        id.split_once('/').map_or(id, |(end, _)| end)
    }

    /// The table that an association is recorded to be in.
    fn table_of(recorded: &Object) -> Option<String> {
        Some(recorded.get("route_table_id")?.as_str()?.to_owned())
    }

    /// Associations that are in the tables that they are recorded to be in, where those are asked for
    /// anyway; by subnet or gateway.
    async fn listed(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Wire>> {
        if aws.wanted::<RouteTables>() == 0 {
            return Ok(HashMap::new());
        }
        let tables = known.iter().filter_map(|item| table_of(&item.recorded)).collect();
        let tables = aws.shared::<RouteTables>(tables).await?;
        let ends: HashMap<_, _> = known
            .iter()
            .filter_map(|item| Some((end_of(&item.id), table_of(&item.recorded)?)))
            .collect();
        let found = ends.into_iter().filter_map(|(end, table)| {
            let mut associations = tables.get(&table)?.associations().iter();
            let found = associations.find(|it| is_there(it) && end_in(it) == Some(end))?;
            Some((end.to_owned(), found.clone()))
        });
        Ok(found.collect())
    }

    fn end_in(association: &Wire) -> Option<&str> {
        association.subnet_id().or(association.gateway_id())
    }

    fn is_there(association: &Wire) -> bool {
        let state = association.association_state().and_then(|state| state.state());
        !matches!(state, Some(State::Disassociating | State::Disassociated))
    }

    async fn association_of(aws: &Aws, id: &str) -> Result<Option<String>> {
        let end = end_of(id);
        let mut found = associations(aws, &[end]).await?;
        Ok(found.remove(end).and_then(|association| association.route_table_association_id))
    }

    /// Associations by the subnet or gateway that they belong to.
    async fn associations(aws: &Aws, ends: &[&str]) -> Result<HashMap<String, Wire>> {
        let (subnets, gateways): (Vec<&str>, Vec<&str>) =
            ends.iter().partition(|end| end.starts_with("subnet-"));
        let mut found = HashMap::new();
        for (name, ends) in
            [("association.subnet-id", subnets), ("association.gateway-id", gateways)]
        {
            if ends.is_empty() {
                continue;
            }
            let tables = route_tables(aws, vec![filter(name, ends)]).await?;
            let all = tables.into_iter().flat_map(|table| table.associations.unwrap_or_default());
            found.extend(
                all.filter(is_there).filter_map(|association| {
                    Some((end_in(&association)?.to_owned(), association))
                }),
            );
        }
        Ok(found)
    }

    fn see(end: &str, found: &Wire) -> Result<Seen<RouteTableAssociation>> {
        let table = found.route_table_id().ok_or_else(|| missing("RouteTableId"))?;
        let association =
            found.route_table_association_id().ok_or_else(|| missing("RouteTableAssociationId"))?;
        let inputs = RouteTableAssociation {
            route_table_id: RouteTableId::new(table),
            subnet_id: found.subnet_id().map(SubnetId::new),
            gateway_id: found.gateway_id().map(GatewayId::new),
        };
        let outputs = RouteTableAssociationOutputs {
            id: end.to_owned(),
            association_id: RouteTableAssociationId::new(association),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::Ipv4Net;

    use super::handler::end_of;
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::route_table::RouteTableHandle;
    use crate::ec2::subnet::SubnetHandle;
    use crate::ec2::{RouteTable, Subnet, Vpc};

    fn cidr(text: &str) -> Ipv4Net {
        text.parse().expect("a CIDR")
    }

    fn network(stack: &mut Stack) -> ([RouteTableHandle; 2], [SubnetHandle; 2]) {
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let tables = ["one", "other"].map(|name| stack.add(name, RouteTable::new(vpc.id())));
        let subnets = [("left", "10.0.1.0/24"), ("right", "10.0.2.0/24")]
            .map(|(name, range)| stack.add(name, Subnet::new(vpc.id(), cidr(range))));
        (tables, subnets)
    }

    conforms!(
        aws_route_table_association,
        Fixture {
            base: |stack, _| {
                let ([one, _], [left, _]) = network(stack);
                stack.add("it", RouteTableAssociation::new(one.id()).subnet_id(left.id()));
            },
            update: Some(|stack, _| {
                let ([_, other], [left, _]) = network(stack);
                stack.add("it", RouteTableAssociation::new(other.id()).subnet_id(left.id()));
            }),
            replace: Some(|stack, _| {
                let ([_, other], [_, right]) = network(stack);
                stack.add("it", RouteTableAssociation::new(other.id()).subnet_id(right.id()));
            }),
            gaps: &[],
        }
    );

    #[test]
    fn an_association_is_known_by_its_end() {
        assert_eq!(end_of("subnet-1"), "subnet-1");
        assert_eq!(end_of("subnet-1/rtb-1"), "subnet-1");
        assert_eq!(end_of("igw-1/rtb-1"), "igw-1");
    }
}
