//! An internet gateway. It is made alone and attached to its VPC afterwards; another VPC is taken
//! in place, and it is detached before it is deleted.
//!
//! API: CreateInternetGateway, AttachInternetGateway, DetachInternetGateway,
//! DescribeInternetGateways, DeleteInternetGateway.

use infra_sdk::{Arn, Outputs, Resource, Tags};

use super::{InternetGatewayId, VpcId};

/// The way of a VPC to the internet and back.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_internet_gateway", outputs = InternetGatewayOutputs)]
pub struct InternetGateway {
    /// The VPC that it is attached to. Left out, it is attached to none.
    pub vpc_id: Option<VpcId>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to an [`InternetGateway`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct InternetGatewayOutputs {
    /// The gateway's id.
    pub id: InternetGatewayId,
    /// The gateway's ARN.
    pub arn: Arn<InternetGateway>,
    /// The account that owns it.
    pub owner_id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_ec2::types::{AttachmentStatus, Filter, ResourceType as Tagged};

    use super::*;
    use crate::ec2::common::{
        by_ids, by_owner, filter, is_owned, retag, tag_specification, tags_of, unless,
    };
    use crate::prelude::*;

    type Wire = aws_sdk_ec2::types::InternetGateway;

    const OPERATIONS: &[&str] = &[
        "ec2:AttachInternetGateway",
        "ec2:CreateInternetGateway",
        "ec2:CreateTags",
        "ec2:DeleteInternetGateway",
        "ec2:DeleteTags",
        "ec2:DescribeInternetGateways",
        "ec2:DetachInternetGateway",
    ];

    impl Handler for InternetGateway {
        const CALLS: Calls = Calls {
            class: CreateClass::Tags,
            create: "ec2:CreateInternetGateway",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["vpc_id"],
            gone: &["InvalidInternetGatewayID.NotFound"],
            not_yet: &[
                ("InvalidVpcID.NotFound", ""),
                ("DependencyViolation", "mapped public address"),
            ],
            // Detaching waits for public addresses in the VPC, which go with what has them.
            lingering: &[("DependencyViolation", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let tags = tag_specification(Tagged::InternetGateway, &want.tags);
            let answer = aws
                .call(|| {
                    let call = aws.ec2().create_internet_gateway();
                    call.set_tag_specifications(tags.clone()).send()
                })
                .await?;
            answer
                .internet_gateway
                .and_then(|gateway| gateway.internet_gateway_id)
                .ok_or_else(|| missing("InternetGatewayId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, EC2_FILTER_VALUES, |chunk| async move {
                let found = list(aws, vec![by_ids("internet-gateway-id", &chunk)]).await?;
                let seen = found.into_iter().map(|gateway| see(aws, gateway));
                seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                    .collect::<Result<HashMap<_, _>>>()
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            let now = attached_to(aws, id).await?;
            let wanted = want.vpc_id.as_ref().map(VpcId::as_str);
            if now.as_deref() == wanted {
                return Ok(());
            }
            if let Some(vpc) = now {
                detach(aws, id, &vpc).await?;
            }
            let Some(vpc) = wanted else { return Ok(()) };
            aws.call(|| {
                let call = aws.ec2().attach_internet_gateway();
                call.internet_gateway_id(id).vpc_id(vpc).send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            if let Some(vpc) = attached_to(aws, id).await? {
                detach(aws, id, &vpc).await?;
            }
            aws.call(|| aws.ec2().delete_internet_gateway().internet_gateway_id(id).send())
                .await
                .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = list(aws, by_owner(&want.tags)).await?;
            let ours = found.into_iter().filter(|gateway| is_owned(&gateway.tags, &want.tags));
            Ok(ours.filter_map(|gateway| gateway.internet_gateway_id).collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.ec2().describe_internet_gateways().set_next_token(token);
                    call.set_filters(Some(filters.clone())).send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.internet_gateways.unwrap_or_default()).collect())
    }

    async fn detach(aws: &Aws, id: &str, vpc: &str) -> Result<()> {
        let detached = aws
            .call(|| {
                let call = aws.ec2().detach_internet_gateway();
                call.internet_gateway_id(id).vpc_id(vpc).send()
            })
            .await;
        unless(detached, "Gateway.NotAttached")
    }

    /// The VPC of a gateway as it is now.
    async fn attached_to(aws: &Aws, id: &str) -> Result<Option<String>> {
        let found = list(aws, vec![filter("internet-gateway-id", [id])]).await?;
        Ok(found.into_iter().find_map(vpc_of))
    }

    fn vpc_of(gateway: Wire) -> Option<String> {
        let gone = |status: &AttachmentStatus| {
            matches!(status, AttachmentStatus::Detached | AttachmentStatus::Detaching)
        };
        let attachments = gateway.attachments.unwrap_or_default().into_iter();
        attachments.filter(|a| !a.state.as_ref().is_some_and(gone)).find_map(|a| a.vpc_id)
    }

    fn see(aws: &Aws, mut gateway: Wire) -> Result<Seen<InternetGateway>> {
        let id = gateway.internet_gateway_id.take().ok_or_else(|| missing("InternetGatewayId"))?;
        let owner_id = gateway.owner_id.take().unwrap_or_default();
        let tags = tags_of(gateway.tags.take());
        let inputs = InternetGateway { vpc_id: vpc_of(gateway).map(VpcId::new), tags };
        let outputs = InternetGatewayOutputs {
            arn: aws.arn("ec2", &owner_id, &format!("internet-gateway/{id}")),
            owner_id,
            id: InternetGatewayId::new(id),
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
        aws_internet_gateway,
        Fixture {
            base: |stack, name| {
                let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                stack.add("it", InternetGateway::new().vpc_id(vpc.id()).tag("Name", name));
            },
            update: Some(|stack, _| {
                stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
                let other = stack.add("other", Vpc::new(cidr("10.1.0.0/16")));
                stack.add("it", InternetGateway::new().vpc_id(other.id()).tag("Name", "moved"));
            }),
            replace: None,
            gaps: &[],
        }
    );
}
