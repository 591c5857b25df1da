//! The AWS calls of [`NetworkInterface`].

use std::collections::{BTreeSet, HashMap};

use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, Filter, InstanceIpv6Address,
    Ipv4PrefixSpecificationRequest, Ipv6PrefixSpecificationRequest, NetworkInterface as Wire,
    NetworkInterfaceCreationType, NetworkInterfaceStatus, NetworkInterfaceType,
    PrivateIpAddressSpecification, ResourceType as Tagged,
};
use infra_sdk::provider::Readiness;

use super::common::{all, by_ids, is_owned, missing_from, retag, tag_specification, tags_of};
use super::network_interface::{NetworkInterface, NetworkInterfaceOutputs};
use super::{InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId};
use crate::ec2::common::by_owner;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "ec2:AssignIpv6Addresses",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:CreateTags",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteTags",
    "ec2:DescribeNetworkInterfaces",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:UnassignIpv6Addresses",
    "ec2:UnassignPrivateIpAddresses",
];

impl Handler for NetworkInterface {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "ec2:CreateNetworkInterface",
        operations: OPERATIONS,
        actions: OPERATIONS,
        // The create call does not take it.
        after_create: &["source_dest_check"],
        gone: &["InvalidNetworkInterfaceID.NotFound"],
        not_yet: &[("InvalidSubnetID.NotFound", ""), ("InvalidGroup.NotFound", "")],
        // An instance that is being terminated still has it.
        lingering: &[("InvalidParameterValue", "is currently in use")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let further: Vec<_> =
            want.secondary_private_ips.iter().map(|address| private(address, false)).collect();
        // AWS takes the primary address in the list or alone, not in both.
        let primary = want.private_ip.iter().map(|address| private(address, true));
        let listed: Vec<_> = primary.chain(further.clone()).collect();
        let in_list = !further.is_empty();
        let ipv6: Vec<_> = want
            .ipv6_addresses
            .iter()
            .map(|address| InstanceIpv6Address::builder().ipv6_address(address).build())
            .collect();
        let prefixes: Vec<_> = want
            .ipv4_prefixes
            .iter()
            .map(|prefix| Ipv4PrefixSpecificationRequest::builder().ipv4_prefix(prefix).build())
            .collect();
        let ipv6_prefixes: Vec<_> = want
            .ipv6_prefixes
            .iter()
            .map(|prefix| Ipv6PrefixSpecificationRequest::builder().ipv6_prefix(prefix).build())
            .collect();
        let kind = want.interface_type.filter(|kind| kind.as_str() != "interface");
        let answer = aws
            .call(|| {
                aws.ec2()
                    .create_network_interface()
                    .client_token(creating.token)
                    .subnet_id(want.subnet_id.as_str())
                    .set_description(want.description.clone())
                    .set_interface_type(
                        kind.map(|kind| NetworkInterfaceCreationType::from(kind.as_str())),
                    )
                    .set_private_ip_address(want.private_ip.clone().filter(|_| !in_list))
                    .set_private_ip_addresses(in_list.then(|| listed.clone()))
                    .set_secondary_private_ip_address_count(want.private_ips_count.map(number))
                    .set_ipv4_prefixes((!prefixes.is_empty()).then(|| prefixes.clone()))
                    .set_ipv4_prefix_count(want.ipv4_prefix_count.map(number))
                    .set_ipv6_addresses((!ipv6.is_empty()).then(|| ipv6.clone()))
                    .set_ipv6_address_count(want.ipv6_address_count.map(number))
                    .set_ipv6_prefixes((!ipv6_prefixes.is_empty()).then(|| ipv6_prefixes.clone()))
                    .set_ipv6_prefix_count(want.ipv6_prefix_count.map(number))
                    .set_groups(all(&want.security_groups))
                    .set_tag_specifications(tag_specification(Tagged::NetworkInterface, &want.tags))
                    .send()
            })
            .await?;
        let id = answer.network_interface.and_then(|interface| interface.network_interface_id);
        id.ok_or_else(|| missing("NetworkInterfaceId"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, EC2_FILTER_VALUES, |chunk| async move {
            let found = list(aws, vec![by_ids("network-interface-id", &chunk)]).await?;
            let seen = found.into_iter().map(|interface| see(aws, interface));
            seen.map(|seen| seen.map(|seen| (seen.outputs.id.to_string(), seen)))
                .collect::<Result<HashMap<_, _>>>()
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        attributes(aws, id, want, changed).await?;
        addresses(aws, id, want, was, changed).await?;
        ipv6(aws, id, want, was, changed).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.ec2().delete_network_interface().network_interface_id(id).send())
            .await
            .map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        match seen.outputs.status.as_str() {
            "pending" | "attaching" | "detaching" => {
                Readiness::Waiting(seen.outputs.status.clone())
            }
            _ => Readiness::Ready,
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let found = list(aws, by_owner(&want.tags)).await?.into_iter();
        let ours = found.filter(|interface| is_owned(&interface.tag_set, &want.tags));
        Ok(ours.filter_map(|interface| interface.network_interface_id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

fn private(address: &str, primary: bool) -> PrivateIpAddressSpecification {
    let address = PrivateIpAddressSpecification::builder().private_ip_address(address);
    address.primary(primary).build()
}

async fn list(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_network_interfaces().set_next_token(token);
                call.set_filters(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.network_interfaces.unwrap_or_default()).collect())
}

/// AWS takes one attribute in a call.
async fn attributes(aws: &Aws, id: &str, want: &NetworkInterface, changed: &Changed) -> Result<()> {
    let modify = || aws.ec2().modify_network_interface_attribute().network_interface_id(id);
    if changed.has("description") {
        let text = want.description.clone().unwrap_or_default();
        let value = AttributeValue::builder().value(text).build();
        aws.call(|| modify().description(value.clone()).send()).await?;
    }
    if changed.has("security_groups") {
        aws.call(|| modify().set_groups(all(&want.security_groups)).send()).await?;
    }
    if changed.has("source_dest_check") {
        let value = AttributeBooleanValue::builder().value(want.source_dest_check).build();
        aws.call(|| modify().source_dest_check(value.clone()).send()).await?;
    }
    Ok(())
}

/// Further private IPv4 addresses and prefixes.
async fn addresses(
    aws: &Aws,
    id: &str,
    want: &NetworkInterface,
    was: &NetworkInterface,
    changed: &Changed,
) -> Result<()> {
    let moves = |name: &str, old: &BTreeSet<String>, new: &BTreeSet<String>| {
        if changed.has(name) {
            (missing_from(old, new), missing_from(new, old))
        } else {
            (None, None)
        }
    };
    let (mut come, mut go) =
        moves("secondary_private_ips", &was.secondary_private_ips, &want.secondary_private_ips);
    let (come_prefixes, go_prefixes) =
        moves("ipv4_prefixes", &was.ipv4_prefixes, &want.ipv4_prefixes);
    let mut count = None;
    if let Some(wanted) = want.private_ips_count.filter(|_| changed.has("private_ips_count")) {
        let there = was.secondary_private_ips.len();
        let wanted = usize::try_from(wanted).unwrap_or(there);
        count = wanted.checked_sub(there).filter(|more| *more > 0);
        let gone: Vec<_> = was.secondary_private_ips.iter().skip(wanted).cloned().collect();
        (come, go) = (None, (!gone.is_empty()).then_some(gone));
    }
    if go.is_some() || go_prefixes.is_some() {
        aws.call(|| {
            let call = aws.ec2().unassign_private_ip_addresses().network_interface_id(id);
            let call = call.set_private_ip_addresses(go.clone());
            call.set_ipv4_prefixes(go_prefixes.clone()).send()
        })
        .await?;
    }
    if come.is_some() || come_prefixes.is_some() || count.is_some() {
        aws.call(|| {
            let call = aws.ec2().assign_private_ip_addresses().network_interface_id(id);
            let call = call.set_private_ip_addresses(come.clone());
            let call = call.set_ipv4_prefixes(come_prefixes.clone());
            let count = count.and_then(|count| i32::try_from(count).ok());
            call.set_secondary_private_ip_address_count(count).send()
        })
        .await?;
    }
    Ok(())
}

/// IPv6 addresses and prefixes.
async fn ipv6(
    aws: &Aws,
    id: &str,
    want: &NetworkInterface,
    was: &NetworkInterface,
    changed: &Changed,
) -> Result<()> {
    let moves = |name: &str, old: &BTreeSet<String>, new: &BTreeSet<String>| {
        if changed.has(name) {
            (missing_from(old, new), missing_from(new, old))
        } else {
            (None, None)
        }
    };
    let (come, go) = moves("ipv6_addresses", &was.ipv6_addresses, &want.ipv6_addresses);
    let (come_prefixes, go_prefixes) =
        moves("ipv6_prefixes", &was.ipv6_prefixes, &want.ipv6_prefixes);
    if go.is_some() || go_prefixes.is_some() {
        aws.call(|| {
            let call = aws.ec2().unassign_ipv6_addresses().network_interface_id(id);
            let call = call.set_ipv6_addresses(go.clone());
            call.set_ipv6_prefixes(go_prefixes.clone()).send()
        })
        .await?;
    }
    if come.is_some() || come_prefixes.is_some() {
        aws.call(|| {
            let call = aws.ec2().assign_ipv6_addresses().network_interface_id(id);
            let call = call.set_ipv6_addresses(come.clone());
            call.set_ipv6_prefixes(come_prefixes.clone()).send()
        })
        .await?;
    }
    Ok(())
}

fn see(aws: &Aws, wire: Wire) -> Result<Seen<NetworkInterface>> {
    let id = wire.network_interface_id.ok_or_else(|| missing("NetworkInterfaceId"))?;
    let owner = wire.owner_id.unwrap_or_default();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let addresses = wire.private_ip_addresses.unwrap_or_default().into_iter();
    let further: BTreeSet<_> = addresses
        .filter(|address| address.primary != Some(true))
        .filter_map(|address| address.private_ip_address)
        .collect();
    let ipv6: BTreeSet<_> = wire
        .ipv6_addresses
        .unwrap_or_default()
        .into_iter()
        .filter_map(|address| address.ipv6_address)
        .collect();
    let prefixes: BTreeSet<_> = wire
        .ipv4_prefixes
        .unwrap_or_default()
        .into_iter()
        .filter_map(|prefix| prefix.ipv4_prefix)
        .collect();
    let ipv6_prefixes: BTreeSet<_> = wire
        .ipv6_prefixes
        .unwrap_or_default()
        .into_iter()
        .filter_map(|prefix| prefix.ipv6_prefix)
        .collect();
    let count = |set: &BTreeSet<String>| u32::try_from(set.len()).ok();
    let kind = wire.interface_type.as_ref().map(NetworkInterfaceType::as_str);
    // Interfaces that services made have types that nobody can ask for.
    let kind = kind.and_then(|kind| kind.parse().ok());
    let groups = wire.groups.unwrap_or_default().into_iter();
    let inputs = NetworkInterface {
        subnet_id: SubnetId::new(wire.subnet_id.ok_or_else(|| missing("SubnetId"))?),
        description: filled(wire.description),
        interface_type: kind,
        private_ip: filled(wire.private_ip_address),
        private_ips_count: count(&further),
        secondary_private_ips: further,
        ipv4_prefix_count: count(&prefixes),
        ipv4_prefixes: prefixes,
        ipv6_address_count: count(&ipv6),
        ipv6_addresses: ipv6,
        ipv6_prefix_count: count(&ipv6_prefixes),
        ipv6_prefixes,
        security_groups: groups
            .filter_map(|group| group.group_id)
            .map(SecurityGroupId::new)
            .collect(),
        source_dest_check: wire.source_dest_check.unwrap_or(true),
        tags: tags_of(wire.tag_set),
    };
    let status = wire.status.as_ref().map(NetworkInterfaceStatus::as_str);
    let outputs = NetworkInterfaceOutputs {
        arn: aws.arn("ec2", &owner, &format!("network-interface/{id}")),
        id: NetworkInterfaceId::new(id),
        vpc_id: wire.vpc_id.map(VpcId::new),
        mac_address: filled(wire.mac_address),
        private_dns_name: filled(wire.private_dns_name),
        instance_id: wire
            .attachment
            .and_then(|attachment| filled(attachment.instance_id))
            .map(InstanceId::new),
        status: status.ok_or_else(|| missing("Status"))?.to_owned(),
    };
    Ok(Seen::new(inputs, outputs))
}
