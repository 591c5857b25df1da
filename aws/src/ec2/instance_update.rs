//! Changes of [`Instance`]s.

use std::collections::BTreeSet;

use aws_sdk_ec2::operation::modify_instance_attribute::builders::ModifyInstanceAttributeFluentBuilder as Modify;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, EbsInstanceBlockDeviceSpecification,
    HostnameType as WireHostname, HttpTokensState, IamInstanceProfileAssociationState,
    IamInstanceProfileSpecification, Instance as Wire, InstanceAutoRecoveryState,
    InstanceBlockDeviceMappingSpecification, InstanceCreditSpecificationRequest,
    InstanceMetadataEndpointState, InstanceMetadataProtocolState, InstanceMetadataTagsState,
    SecureBlobAttributeValue, Tag, VolumeType as WireVolumeType,
};
use infra_sdk::provider::{Failure, FailureClass};

use super::common::{all, filter, missing_from};
use super::instance::{Instance, RootBlockDevice};
use super::instance_power::{is_running, start, stop};
use super::instance_read::list;
use super::instance_write::{reservation, user_data};
use super::launch_options::VolumeType;
use super::volume_change::settled;
use crate::prelude::*;

/// What can be changed of a stopped instance alone.
const STOPPED: &[&str] = &[
    "capacity_reservation_specification",
    "ebs_optimized",
    "instance_type",
    "user_data",
    "user_data_base64",
];

/// Changes an instance.
pub(super) async fn update(
    aws: &Aws,
    id: &str,
    want: &Instance,
    was: &Instance,
    changed: &Changed,
) -> Result<()> {
    let unprotected = changed.has("disable_api_stop") && want.disable_api_stop == Some(false);
    if unprotected {
        modify(aws, id, |call| call.disable_api_stop(switch(false))).await?;
    }
    if changed.any(STOPPED) {
        // One that was stopped stays so.
        let runs = is_running(aws, id).await?;
        if runs {
            stop(aws, id).await?;
        }
        while_stopped(aws, id, want, changed).await?;
        if runs {
            start(aws, id).await?;
        }
    }
    attributes(aws, id, want, changed).await?;
    options(aws, id, want, changed).await?;
    if changed.has("iam_instance_profile") {
        profile(aws, id, want).await?;
    }
    if changed.any(&["root_block_device", "secondary_private_ips", "volume_tags"]) {
        let found = list(aws, vec![filter("instance-id", [id])]).await?.pop();
        let (_, wire) = found.ok_or_else(|| missing("Instance"))?;
        if let (true, Some(want)) = (changed.has("root_block_device"), &want.root_block_device) {
            root_volume(aws, &wire, want, was.root_block_device.as_ref()).await?;
        }
        if changed.has("secondary_private_ips") {
            let (old, new) = (&was.secondary_private_ips, &want.secondary_private_ips);
            addresses(aws, &wire, old, new).await?;
        }
        if changed.has("volume_tags") {
            volume_tags(aws, &wire, want, was).await?;
        }
    }
    Ok(())
}

/// AWS takes one attribute in a call.
async fn modify<F>(aws: &Aws, id: &str, set: F) -> Result<()>
where
    F: Fn(Modify) -> Modify + Send + Sync,
{
    aws.call(|| set(aws.ec2().modify_instance_attribute().instance_id(id)).send()).await.map(drop)
}

fn switch(on: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(on).build()
}

async fn while_stopped(aws: &Aws, id: &str, want: &Instance, changed: &Changed) -> Result<()> {
    if let (true, Some(kind)) = (changed.has("instance_type"), &want.instance_type) {
        let kind = AttributeValue::builder().value(kind).build();
        modify(aws, id, |call| call.instance_type(kind.clone())).await?;
    }
    if changed.any(&["user_data", "user_data_base64"]) {
        // The SDK encodes what it sends.
        let data = user_data(want).unwrap_or_default();
        let bytes = aws_smithy_types::base64::decode(&data).map_err(|error| {
            let message = format!("`user_data_base64` is not Base64: {error}");
            Failure::new(FailureClass::Invalid, message)
        })?;
        let data = SecureBlobAttributeValue::builder().value(bytes.into()).build();
        modify(aws, id, |call| call.user_data(data.clone())).await?;
    }
    if let (true, Some(on)) = (changed.has("ebs_optimized"), want.ebs_optimized) {
        modify(aws, id, |call| call.ebs_optimized(switch(on))).await?;
    }
    let reserved = want.capacity_reservation_specification.as_ref();
    if let (true, Some(reserved)) = (changed.has("capacity_reservation_specification"), reserved) {
        let reserved = reservation(reserved);
        aws.call(|| {
            let call = aws.ec2().modify_instance_capacity_reservation_attributes();
            call.instance_id(id).capacity_reservation_specification(reserved.clone()).send()
        })
        .await?;
    }
    Ok(())
}

async fn attributes(aws: &Aws, id: &str, want: &Instance, changed: &Changed) -> Result<()> {
    if changed.has("vpc_security_group_ids") {
        let groups = all(&want.vpc_security_group_ids);
        modify(aws, id, |call| call.set_groups(groups.clone())).await?;
    }
    if let (true, Some(on)) = (changed.has("source_dest_check"), want.source_dest_check) {
        modify(aws, id, |call| call.source_dest_check(switch(on))).await?;
    }
    // After a stop, which it would forbid.
    if changed.has("disable_api_stop") && want.disable_api_stop == Some(true) {
        modify(aws, id, |call| call.disable_api_stop(switch(true))).await?;
    }
    let termination = want.disable_api_termination;
    if let (true, Some(on)) = (changed.has("disable_api_termination"), termination) {
        modify(aws, id, |call| call.disable_api_termination(switch(on))).await?;
    }
    let name = "instance_initiated_shutdown_behavior";
    if let (true, Some(word)) = (changed.has(name), want.instance_initiated_shutdown_behavior) {
        let word = AttributeValue::builder().value(word.as_str()).build();
        modify(aws, id, |call| call.instance_initiated_shutdown_behavior(word.clone())).await?;
    }
    Ok(())
}

async fn options(aws: &Aws, id: &str, want: &Instance, changed: &Changed) -> Result<()> {
    if let (true, Some(options)) = (changed.has("metadata_options"), &want.metadata_options) {
        let endpoint = options.http_endpoint;
        let protocol = options.http_protocol_ipv6;
        let tags = options.instance_metadata_tags;
        aws.call(|| {
            aws.ec2()
                .modify_instance_metadata_options()
                .instance_id(id)
                .set_http_endpoint(
                    endpoint.map(|word| InstanceMetadataEndpointState::from(word.as_str())),
                )
                .set_http_tokens(
                    options.http_tokens.map(|word| HttpTokensState::from(word.as_str())),
                )
                .set_http_put_response_hop_limit(options.http_put_response_hop_limit.map(number))
                .set_http_protocol_ipv6(
                    protocol.map(|word| InstanceMetadataProtocolState::from(word.as_str())),
                )
                .set_instance_metadata_tags(
                    tags.map(|word| InstanceMetadataTagsState::from(word.as_str())),
                )
                .send()
        })
        .await?;
    }
    let credits = want.credit_specification.as_ref().and_then(|credits| credits.cpu_credits);
    if let (true, Some(word)) = (changed.has("credit_specification"), credits) {
        let request = InstanceCreditSpecificationRequest::builder().instance_id(id);
        let request = request.cpu_credits(word.as_str()).build();
        aws.call(|| {
            let call = aws.ec2().modify_instance_credit_specification();
            call.instance_credit_specifications(request.clone()).send()
        })
        .await?;
    }
    let recovery = want.maintenance_options.as_ref().and_then(|options| options.auto_recovery);
    if let (true, Some(word)) = (changed.has("maintenance_options"), recovery) {
        aws.call(|| {
            let call = aws.ec2().modify_instance_maintenance_options().instance_id(id);
            call.auto_recovery(InstanceAutoRecoveryState::from(word.as_str())).send()
        })
        .await?;
    }
    let names = want.private_dns_name_options.as_ref();
    if let (true, Some(names)) = (changed.has("private_dns_name_options"), names) {
        aws.call(|| {
            aws.ec2()
                .modify_private_dns_name_options()
                .instance_id(id)
                .set_private_dns_hostname_type(
                    names.hostname_type.map(|word| WireHostname::from(word.as_str())),
                )
                .set_enable_resource_name_dns_a_record(names.enable_resource_name_dns_a_record)
                .set_enable_resource_name_dns_aaaa_record(
                    names.enable_resource_name_dns_aaaa_record,
                )
                .send()
        })
        .await?;
    }
    match want.monitoring.filter(|_| changed.has("monitoring")) {
        Some(true) => {
            aws.call(|| aws.ec2().monitor_instances().instance_ids(id).send()).await.map(drop)
        }
        Some(false) => {
            aws.call(|| aws.ec2().unmonitor_instances().instance_ids(id).send()).await.map(drop)
        }
        None => Ok(()),
    }
}

/// An instance has one profile; another one takes its place.
async fn profile(aws: &Aws, id: &str, want: &Instance) -> Result<()> {
    let by_instance = filter("instance-id", [id]);
    let answer = aws
        .call(|| {
            let call = aws.ec2().describe_iam_instance_profile_associations();
            call.filters(by_instance.clone()).send()
        })
        .await?;
    let there = answer.iam_instance_profile_associations.unwrap_or_default().into_iter();
    let there = there
        .filter(|association| {
            !matches!(
                association.state,
                Some(
                    IamInstanceProfileAssociationState::Disassociated
                        | IamInstanceProfileAssociationState::Disassociating
                )
            )
        })
        .find_map(|association| association.association_id);
    let wanted = want
        .iam_instance_profile
        .as_ref()
        .map(|name| IamInstanceProfileSpecification::builder().name(name.as_str()).build());
    match (there, wanted) {
        (Some(there), Some(wanted)) => aws
            .call(|| {
                let call = aws.ec2().replace_iam_instance_profile_association();
                call.association_id(&there).iam_instance_profile(wanted.clone()).send()
            })
            .await
            .map(drop),
        (Some(there), None) => aws
            .call(|| aws.ec2().disassociate_iam_instance_profile().association_id(&there).send())
            .await
            .map(drop),
        (None, Some(wanted)) => aws
            .call(|| {
                let call = aws.ec2().associate_iam_instance_profile().instance_id(id);
                call.iam_instance_profile(wanted.clone()).send()
            })
            .await
            .map(drop),
        (None, None) => Ok(()),
    }
}

/// Devices of an instance and their volumes.
fn volumes(wire: &Wire) -> impl Iterator<Item = (&str, &str)> {
    wire.block_device_mappings().iter().filter_map(|device| {
        Some((device.device_name()?, device.ebs().and_then(|volume| volume.volume_id())?))
    })
}

async fn root_volume(
    aws: &Aws,
    wire: &Wire,
    want: &RootBlockDevice,
    was: Option<&RootBlockDevice>,
) -> Result<()> {
    let root = wire.root_device_name().ok_or_else(|| missing("RootDeviceName"))?;
    let volume = volumes(wire).find(|(device, _)| *device == root).map(|(_, volume)| volume);
    let volume = volume.ok_or_else(|| missing("VolumeId"))?;
    let encrypted = was.and_then(|was| was.encrypted).unwrap_or(false);
    if want.encrypted.is_some_and(|on| on != encrypted) {
        let mut failure = Failure::new(
            FailureClass::Invalid,
            "AWS cannot change the encryption of a volume that is there",
        );
        failure.hints = vec!["set it back, or replace the instance".to_owned()];
        return Err(failure);
    }
    let changes = |pick: fn(&RootBlockDevice) -> Option<u32>| {
        pick(want).filter(|new| was.and_then(pick) != Some(*new)).map(number)
    };
    let size = changes(|block| block.volume_size.map(|size| size.0));
    let kind = want.volume_type.filter(|new| was.and_then(|was| was.volume_type) != Some(*new));
    let mut iops = changes(|block| block.iops);
    // Other types choose for themselves what was not asked for.
    if kind.is_some_and(|kind| matches!(kind, VolumeType::Io1 | VolumeType::Io2)) {
        iops = want.iops.map(number);
    }
    let throughput = changes(|block| block.throughput);
    if size.is_some() || kind.is_some() || iops.is_some() || throughput.is_some() {
        aws.call(|| {
            aws.ec2()
                .modify_volume()
                .volume_id(volume)
                .set_size(size)
                .set_volume_type(kind.map(|kind| WireVolumeType::from(kind.as_str())))
                .set_iops(iops)
                .set_throughput(throughput)
                .send()
        })
        .await?;
        settled(aws, volume).await?;
    }
    if was.is_some_and(|was| was.delete_on_termination != want.delete_on_termination) {
        let ebs = EbsInstanceBlockDeviceSpecification::builder().volume_id(volume);
        let ebs = ebs.delete_on_termination(want.delete_on_termination).build();
        let device = InstanceBlockDeviceMappingSpecification::builder().device_name(root).ebs(ebs);
        let device = device.build();
        let id = wire.instance_id().unwrap_or_default();
        modify(aws, id, |call| call.block_device_mappings(device.clone())).await?;
    }
    Ok(())
}

async fn addresses(
    aws: &Aws,
    wire: &Wire,
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
) -> Result<()> {
    let primary = wire.network_interfaces().iter().find(|interface| {
        interface.attachment().and_then(|attachment| attachment.device_index()) == Some(0)
    });
    let interface = primary.and_then(|interface| interface.network_interface_id());
    let interface = interface.ok_or_else(|| missing("NetworkInterfaceId"))?;
    if let Some(gone) = missing_from(new, old) {
        aws.call(|| {
            let call = aws.ec2().unassign_private_ip_addresses().network_interface_id(interface);
            call.set_private_ip_addresses(Some(gone.clone())).send()
        })
        .await?;
    }
    if let Some(added) = missing_from(old, new) {
        aws.call(|| {
            let call = aws.ec2().assign_private_ip_addresses().network_interface_id(interface);
            call.set_private_ip_addresses(Some(added.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// The root volume and those that the instance was made with.
async fn volume_tags(aws: &Aws, wire: &Wire, want: &Instance, was: &Instance) -> Result<()> {
    let declared = |device: &str| {
        wire.root_device_name() == Some(device)
            || want.ebs_block_device.iter().any(|volume| volume.device_name == device)
    };
    let ids: Vec<String> = volumes(wire)
        .filter(|(device, _)| declared(device))
        .map(|(_, volume)| volume.to_owned())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let gone: Vec<_> = was
        .volume_tags
        .keys()
        .filter(|key| !want.volume_tags.contains_key(*key))
        .map(|key| Tag::builder().key(key).build())
        .collect();
    if !gone.is_empty() {
        aws.call(|| {
            let call = aws.ec2().delete_tags().set_resources(Some(ids.clone()));
            call.set_tags(Some(gone.clone())).send()
        })
        .await?;
    }
    let set: Vec<_> = want
        .volume_tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    if set.is_empty() {
        return Ok(());
    }
    aws.call(|| {
        let call = aws.ec2().create_tags().set_resources(Some(ids.clone()));
        call.set_tags(Some(set.clone())).send()
    })
    .await
    .map(drop)
}

/// Takes away what keeps an instance from being stopped and terminated.
pub(super) async fn allow_ending(aws: &Aws, id: &str) -> Result<()> {
    modify(aws, id, |call| call.disable_api_stop(switch(false))).await?;
    modify(aws, id, |call| call.disable_api_termination(switch(false))).await
}
