//! The AWS calls of [`NatGateway`].

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_ec2::types::{
    ConnectivityType as WireConnectivityType, Filter, NatGateway as Wire, NatGatewayAddress,
    NatGatewayAddressStatus, NatGatewayState, ResourceType as Tagged,
};
use infra_sdk::provider::Readiness;

use super::common::{
    all, by_ids, by_owner, filter, is_owned, missing_from, retag, tag_specification, tags_of,
};
use super::nat_gateway::{ConnectivityType, NatGateway, NatGatewayOutputs};
use super::{AllocationId, AssociationId, NatGatewayId, NetworkInterfaceId, SubnetId, VpcId};
use crate::frame::calls::Patience;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "ec2:AssignPrivateNatGatewayAddress",
    "ec2:AssociateNatGatewayAddress",
    "ec2:CreateNatGateway",
    "ec2:CreateTags",
    "ec2:DeleteNatGateway",
    "ec2:DeleteTags",
    "ec2:DescribeNatGateways",
    "ec2:DisassociateNatGatewayAddress",
    "ec2:UnassignPrivateNatGatewayAddress",
];

impl Handler for NatGateway {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "ec2:CreateNatGateway",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: &["NatGatewayNotFound"],
        not_yet: &[("InvalidAllocationID.NotFound", ""), ("InvalidSubnetID.NotFound", "")],
        patience: Patience {
            create: Duration::from_secs(600),
            update: Duration::from_secs(600),
            delete: Duration::from_secs(1800),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let count = want.secondary_private_ip_address_count;
        let count = count.and_then(|count| i32::try_from(count).ok());
        let answer = aws
            .call(|| {
                aws.ec2()
                    .create_nat_gateway()
                    .client_token(creating.token)
                    .subnet_id(want.subnet_id.as_str())
                    .connectivity_type(WireConnectivityType::from(want.connectivity_type.as_str()))
                    .set_allocation_id(text(&want.allocation_id))
                    .set_private_ip_address(want.private_ip.clone())
                    .set_secondary_allocation_ids(all(&want.secondary_allocation_ids))
                    .set_secondary_private_ip_address_count(count)
                    .set_secondary_private_ip_addresses(all(&want.secondary_private_ip_addresses))
                    .set_tag_specifications(tag_specification(Tagged::Natgateway, &want.tags))
                    .send()
            })
            .await?;
        let id = answer.nat_gateway.and_then(|gateway| gateway.nat_gateway_id);
        id.ok_or_else(|| missing("NatGatewayId"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, EC2_FILTER_VALUES, |chunk| async move {
            let found = list(aws, vec![by_ids("nat-gateway-id", &chunk)]).await?;
            let seen = found.into_iter().map(see);
            seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                .collect::<Result<HashMap<_, _>>>()
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        let (old, new) = if changed.has("secondary_private_ip_addresses") {
            (&was.secondary_private_ip_addresses, &want.secondary_private_ip_addresses)
        } else {
            (&want.secondary_private_ip_addresses, &want.secondary_private_ip_addresses)
        };
        match want.connectivity_type {
            ConnectivityType::Public => associate(aws, id, want, was, (old, new)).await,
            ConnectivityType::Private => assign(aws, id, old, new).await,
        }
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.ec2().delete_nat_gateway().nat_gateway_id(id).send()).await.map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match (seen.outputs.state.as_str(), &seen.outputs.failure_message) {
            (_, Some(message)) => Readiness::Failed(message.clone()),
            ("available", None) => Readiness::Ready,
            ("failed", None) => Readiness::Failed("AWS gives no reason".to_owned()),
            (state, None) => Readiness::Waiting(state.to_owned()),
        }
    }

    /// AWS lists a deleted gateway for about an hour. Source: EC2 API, DeleteNatGateway.
    fn is_deleted(seen: &Seen<Self>) -> bool {
        seen.outputs.state == NatGatewayState::Deleted.as_str()
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = list(aws, by_owner(&want.tags)).await?;
        let ours = found.into_iter().filter(|gateway| {
            let state = gateway.state();
            !matches!(state, Some(NatGatewayState::Deleted | NatGatewayState::Deleting))
                && is_owned(&gateway.tags, &want.tags)
        });
        Ok(ours.filter_map(|gateway| gateway.nat_gateway_id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_nat_gateways().set_next_token(token);
                call.set_filter(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.nat_gateways.unwrap_or_default()).collect())
}

/// Secondary addresses of a public gateway come and go with their Elastic IP addresses.
async fn associate(
    aws: &Aws,
    id: &str,
    want: &NatGateway,
    was: &NatGateway,
    (old, new): (&BTreeSet<String>, &BTreeSet<String>),
) -> Result<()> {
    let (now, wanted) = (&was.secondary_allocation_ids, &want.secondary_allocation_ids);
    if let Some(added) = missing_from(now, wanted) {
        let private_ips = missing_from(old, new);
        aws.call(|| {
            aws.ec2()
                .associate_nat_gateway_address()
                .nat_gateway_id(id)
                .set_allocation_ids(Some(added.clone()))
                .set_private_ip_addresses(private_ips.clone())
                .send()
        })
        .await?;
    }
    let Some(removed) = missing_from(wanted, now) else { return Ok(()) };
    let found = list(aws, vec![filter("nat-gateway-id", [id])]).await?;
    let associations: Vec<_> = found
        .iter()
        .flat_map(Wire::nat_gateway_addresses)
        .filter(|a| a.allocation_id().is_some_and(|id| removed.iter().any(|r| r == id)))
        .filter_map(|address| address.association_id.clone())
        .collect();
    if associations.is_empty() {
        return Ok(());
    }
    aws.call(|| {
        let call = aws.ec2().disassociate_nat_gateway_address().nat_gateway_id(id);
        call.set_association_ids(Some(associations.clone())).send()
    })
    .await
    .map(drop)
}

async fn assign(aws: &Aws, id: &str, old: &BTreeSet<String>, new: &BTreeSet<String>) -> Result<()> {
    if let Some(added) = missing_from(old, new) {
        aws.call(|| {
            let call = aws.ec2().assign_private_nat_gateway_address().nat_gateway_id(id);
            call.set_private_ip_addresses(Some(added.clone())).send()
        })
        .await?;
    }
    if let Some(removed) = missing_from(new, old) {
        aws.call(|| {
            let call = aws.ec2().unassign_private_nat_gateway_address().nat_gateway_id(id);
            call.set_private_ip_addresses(Some(removed.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// What an address is busy with, if it is.
fn busy(address: &NatGatewayAddress) -> Option<&str> {
    let status = address.status()?;
    let settled =
        matches!(status, NatGatewayAddressStatus::Succeeded | NatGatewayAddressStatus::Failed);
    (!settled).then(|| status.as_str())
}

/// Whether an address is on its way out.
fn is_leaving(address: &NatGatewayAddress) -> bool {
    matches!(
        address.status(),
        Some(NatGatewayAddressStatus::Disassociating | NatGatewayAddressStatus::Unassigning)
    )
}

fn see(gateway: Wire) -> Result<Seen<NatGateway>> {
    let addresses = gateway.nat_gateway_addresses.unwrap_or_default();
    let busy = addresses.iter().find_map(busy).map(str::to_owned);
    let failed = addresses.iter().find_map(|address| address.failure_message.clone());
    let (primary, secondary): (Vec<_>, Vec<_>) = match addresses.len() {
        1 => (addresses, Vec::new()),
        _ => addresses.into_iter().partition(|address| address.is_primary == Some(true)),
    };
    let primary =
        primary.into_iter().next().unwrap_or_else(|| NatGatewayAddress::builder().build());
    let secondary: Vec<_> = secondary.into_iter().filter(|a| !is_leaving(a)).collect();
    let state = gateway.state.as_ref().map_or("", NatGatewayState::as_str);
    let inputs = NatGateway {
        subnet_id: SubnetId::new(gateway.subnet_id.ok_or_else(|| missing("SubnetId"))?),
        connectivity_type: gateway
            .connectivity_type
            .as_ref()
            .map(|kind| parsed(Some(kind.as_str()), "ConnectivityType"))
            .transpose()?
            .unwrap_or(ConnectivityType::Public),
        allocation_id: primary.allocation_id.map(AllocationId::new),
        private_ip: primary.private_ip,
        secondary_allocation_ids: secondary
            .iter()
            .filter_map(|address| address.allocation_id.clone())
            .map(AllocationId::new)
            .collect(),
        secondary_private_ip_address_count: u32::try_from(secondary.len()).ok(),
        secondary_private_ip_addresses: secondary
            .into_iter()
            .filter_map(|address| address.private_ip)
            .collect(),
        tags: tags_of(gateway.tags),
    };
    let outputs = NatGatewayOutputs {
        id: NatGatewayId::new(gateway.nat_gateway_id.ok_or_else(|| missing("NatGatewayId"))?),
        vpc_id: gateway.vpc_id.map(VpcId::new),
        association_id: primary.association_id.map(AssociationId::new),
        network_interface_id: primary.network_interface_id.map(NetworkInterfaceId::new),
        public_ip: primary.public_ip,
        state: busy.filter(|_| state == "available").unwrap_or_else(|| state.to_owned()),
        failure_message: gateway.failure_message.or(failed),
    };
    Ok(Seen::new(inputs, outputs))
}
