//! Reading of [`Instance`]s, with what other calls tell about them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_ec2::operation::describe_instance_attribute::DescribeInstanceAttributeOutput;
use aws_sdk_ec2::types::{
    CpuOptions as WireCpu, DeviceType, Instance as Wire, InstanceAttributeName,
    InstanceBlockDeviceMapping, InstanceCreditSpecification, InstanceMetadataOptionsResponse,
    InstanceNetworkInterface, InstanceStateName, InstanceType, MonitoringState, Placement,
    PrivateDnsNameOptionsResponse, Volume,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use infra_sdk::{DecodeError, FieldType, Gibibytes, Object, Value};

use super::common::{by_ids, filter, tags_of};
use super::instance::{
    Instance, InstanceOutputs, InstanceVolume, PrimaryInterface, RootBlockDevice,
};
use super::launch_options::{
    CapacityReservationSpecification, CapacityReservationTarget, CpuOptions, CreditSpecification,
    EnclaveOptions, MaintenanceOptions, MetadataOptions, PrivateDnsNameOptions,
};
use super::{
    ImageId, InstanceId, NetworkInterfaceId, SecurityGroupId, SnapshotId, SubnetId, VolumeId, VpcId,
};
use crate::AnyArn;
use crate::frame::error::decode;
use crate::iam::InstanceProfileName;
use crate::kms::KeyRef;
use crate::prelude::*;

/// Instances that are asked about their attributes at once.
const AT_ONCE: usize = 8;

/// Families whose instances have credits. Source: EC2 User Guide, burstable performance instances.
const BURSTABLE: &[&str] = &["t2", "t3", "t3a", "t4g"];

/// What instances do not say of themselves, and nobody says of those that are ending.
#[derive(Default)]
struct About {
    stop: Option<bool>,
    termination: Option<bool>,
    shutdown: Option<String>,
    data: Option<String>,
}

/// A word of an answer, where there is one.
macro_rules! word {
    ($value:expr, $name:literal) => {
        $value.as_ref().map(|word| parsed(Some(word.as_str()), $name)).transpose()?
    };
}

/// Instances by their ids.
pub(super) async fn read_chunk(
    aws: &Aws,
    chunk: Vec<Known>,
) -> Result<HashMap<String, Seen<Instance>>> {
    let found = list(aws, vec![by_ids("instance-id", &chunk)]).await?;
    let there: Vec<String> = found
        .iter()
        .filter(|(_, instance)| !is_ending(instance))
        .filter_map(|(_, instance)| instance.instance_id.clone())
        .collect();
    let volumes = volumes(aws, &there).await?;
    let mut credits = credits(aws, &found).await?;
    let abouts: Vec<_> = there
        .iter()
        .map(|id| async move { Ok::<_, infra_sdk::provider::Failure>((id, about(aws, id).await?)) })
        .collect();
    let abouts = stream::iter(abouts).buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
    let mut abouts: HashMap<_, _> =
        abouts.into_iter().map(|(id, about)| (id.clone(), about)).collect();
    let mut seen = HashMap::new();
    for (owner, instance) in found {
        let id = instance.instance_id.clone().ok_or_else(|| missing("InstanceId"))?;
        let Some(item) = chunk.iter().find(|item| item.id == id) else { continue };
        let parts = Parts {
            disks: disks(&instance, &volumes),
            credits: credits.remove(&id),
            about: abouts.remove(&id).unwrap_or_default(),
        };
        seen.insert(id, see(aws, &owner, instance, parts, &item.recorded)?);
    }
    Ok(seen)
}

/// Instances with the accounts that they are of.
pub(super) async fn list(
    aws: &Aws,
    filters: Vec<aws_sdk_ec2::types::Filter>,
) -> Result<Vec<(String, Wire)>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_instances().set_next_token(token);
                call.set_filters(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    let reservations = pages.into_iter().flat_map(|page| page.reservations.unwrap_or_default());
    let with_owner = reservations.flat_map(|reservation| {
        let owner = reservation.owner_id.unwrap_or_default();
        reservation.instances.unwrap_or_default().into_iter().map(move |i| (owner.clone(), i))
    });
    Ok(with_owner.collect())
}

/// Whether an instance is terminated or about to be.
pub(super) fn is_ending(instance: &Wire) -> bool {
    let state = instance.state.as_ref().and_then(|state| state.name.as_ref());
    matches!(state, Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown))
}

/// The volumes of instances, by their ids.
async fn volumes(aws: &Aws, ids: &[String]) -> Result<HashMap<String, Volume>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let attached = filter("attachment.instance-id", ids.to_vec());
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_volumes().set_next_token(token);
                call.filters(attached.clone()).send()
            },
            |page| page.next_token(),
        )
        .await?;
    let found = pages.into_iter().flat_map(|page| page.volumes.unwrap_or_default());
    Ok(found.filter_map(|volume| Some((volume.volume_id.clone()?, volume))).collect())
}

/// A volume as a device of an instance.
struct Disk {
    device: String,
    /// Whether it is deleted with the instance, which the instance says, not the volume.
    goes_along: bool,
    volume: Volume,
}

/// The devices of an instance; a volume may be one of several.
fn disks(wire: &Wire, volumes: &HashMap<String, Volume>) -> Vec<Disk> {
    let disk = |mapping: &InstanceBlockDeviceMapping| {
        let ebs = mapping.ebs()?;
        Some(Disk {
            device: mapping.device_name()?.to_owned(),
            goes_along: ebs.delete_on_termination().unwrap_or(false),
            volume: volumes.get(ebs.volume_id()?)?.clone(),
        })
    };
    wire.block_device_mappings().iter().filter_map(disk).collect()
}

/// Credits of burstable instances; EC2 refuses the question for others.
async fn credits(aws: &Aws, found: &[(String, Wire)]) -> Result<HashMap<String, String>> {
    let burstable = |instance: &&Wire| {
        let kind = instance.instance_type.as_ref().map_or("", InstanceType::as_str);
        let family = kind.split('.').next().unwrap_or_default();
        BURSTABLE.contains(&family) && !is_ending(instance)
    };
    let ids: Vec<String> = found
        .iter()
        .map(|(_, instance)| instance)
        .filter(burstable)
        .filter_map(|instance| instance.instance_id.clone())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let answer = aws
        .call(|| {
            let call = aws.ec2().describe_instance_credit_specifications();
            call.set_instance_ids(Some(ids.clone())).send()
        })
        .await?;
    let all = answer.instance_credit_specifications.unwrap_or_default().into_iter();
    let pair = |one: InstanceCreditSpecification| Some((one.instance_id?, one.cpu_credits?));
    Ok(all.filter_map(pair).collect())
}

async fn about(aws: &Aws, id: &str) -> Result<About> {
    let stop = attribute(aws, id, InstanceAttributeName::DisableApiStop).await?;
    let termination = attribute(aws, id, InstanceAttributeName::DisableApiTermination).await?;
    let name = InstanceAttributeName::InstanceInitiatedShutdownBehavior;
    let shutdown = attribute(aws, id, name).await?;
    let data = attribute(aws, id, InstanceAttributeName::UserData).await?;
    Ok(About {
        stop: stop.disable_api_stop.and_then(|value| value.value),
        termination: termination.disable_api_termination.and_then(|value| value.value),
        shutdown: shutdown.instance_initiated_shutdown_behavior.and_then(|value| value.value),
        data: data.user_data.and_then(|value| value.value).filter(|data| !data.is_empty()),
    })
}

async fn attribute(
    aws: &Aws,
    id: &str,
    name: InstanceAttributeName,
) -> Result<DescribeInstanceAttributeOutput> {
    aws.call(|| {
        let call = aws.ec2().describe_instance_attribute().instance_id(id);
        call.attribute(name.clone()).send()
    })
    .await
}

/// What other calls tell.
struct Parts {
    disks: Vec<Disk>,
    credits: Option<String>,
    about: About,
}

fn natural(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn see(
    aws: &Aws,
    owner: &str,
    wire: Wire,
    parts: Parts,
    recorded: &Object,
) -> Result<Seen<Instance>> {
    let primary = wire.network_interfaces().iter().find(|interface| {
        interface.attachment().and_then(|attachment| attachment.device_index()) == Some(0)
    });
    let primary = primary.cloned();
    let is_ebs = wire.root_device_type.as_ref().is_none_or(|kind| *kind == DeviceType::Ebs);
    let (first, further): (Vec<_>, Vec<_>) =
        parts.disks.into_iter().partition(|disk| wire.root_device_name() == Some(&disk.device));
    let first = first.into_iter().next().filter(|_| is_ebs);
    let id = wire.instance_id.clone().ok_or_else(|| missing("InstanceId"))?;
    let state = wire.state.as_ref().and_then(|state| state.name.as_ref());
    let outputs = InstanceOutputs {
        arn: aws.arn("ec2", owner, &format!("instance/{id}")),
        id: InstanceId::new(id),
        instance_state: state.ok_or_else(|| missing("State"))?.as_str().to_owned(),
        primary_network_interface_id: primary
            .as_ref()
            .and_then(|interface| interface.network_interface_id.clone())
            .map(NetworkInterfaceId::new),
        private_dns: filled(wire.private_dns_name.clone()),
        public_dns: filled(wire.public_dns_name.clone()),
        public_ip: filled(wire.public_ip_address.clone()),
        root_volume_id: first
            .as_ref()
            .and_then(|disk| disk.volume.volume_id.clone())
            .map(VolumeId::new),
        vpc_id: filled(wire.vpc_id.clone()).map(VpcId::new),
    };
    let network = network(primary);
    let (text, base64) = user_data(parts.about.data.clone(), recorded);
    let inputs = Instance {
        secondary_private_ips: network.further,
        ipv6_address_count: u32::try_from(network.ipv6.len()).ok(),
        ipv6_addresses: network.ipv6,
        primary_network_interface: network.interface,
        user_data: text,
        user_data_base64: base64,
        volume_tags: first.as_ref().map(|d| tags_of(d.volume.tags.clone()).0).unwrap_or_default(),
        root_block_device: first.map(root_volume).transpose()?,
        ebs_block_device: further_volumes(further, recorded)?,
        ..alone(wire, parts.about, parts.credits)?
    };
    let inputs = remembered(inputs, recorded).map_err(|error| decode(&error))?;
    Ok(Seen::new(inputs, outputs))
}

/// What an instance has besides its network interface and its volumes.
fn alone(wire: Wire, about: About, credits: Option<String>) -> Result<Instance> {
    let profile = wire.iam_instance_profile.and_then(|profile| profile.arn);
    let profile = profile.and_then(|arn| arn.rsplit('/').next().map(str::to_owned));
    let credits = credits.map(|word| parsed(Some(&word), "CpuCredits")).transpose()?;
    let recovery = wire.maintenance_options.and_then(|options| options.auto_recovery);
    let recovery = word!(recovery, "AutoRecovery");
    let place = wire.placement.unwrap_or_else(|| Placement::builder().build());
    let monitoring = wire.monitoring.and_then(|monitoring| monitoring.state);
    let groups = wire.security_groups.unwrap_or_default().into_iter();
    let reserved = wire.capacity_reservation_specification.as_ref();
    Ok(Instance {
        ami: wire.image_id.map(ImageId::new),
        instance_type: wire.instance_type.map(|kind| kind.as_str().to_owned()),
        launch_template: None,
        subnet_id: filled(wire.subnet_id).map(SubnetId::new),
        vpc_security_group_ids: groups
            .filter_map(|group| group.group_id)
            .map(SecurityGroupId::new)
            .collect(),
        associate_public_ip_address: None,
        private_ip: filled(wire.private_ip_address),
        secondary_private_ips: BTreeSet::new(),
        ipv6_address_count: None,
        ipv6_addresses: BTreeSet::new(),
        primary_network_interface: None,
        source_dest_check: wire.source_dest_check,
        availability_zone: place.availability_zone,
        tenancy: word!(place.tenancy, "Tenancy"),
        placement_group: filled(place.group_name),
        placement_partition_number: place.partition_number.filter(|n| *n != 0).map(natural),
        host_id: filled(place.host_id),
        iam_instance_profile: profile.map(InstanceProfileName::new),
        key_name: filled(wire.key_name),
        user_data: None,
        user_data_base64: None,
        user_data_replace_on_change: false,
        root_block_device: None,
        ebs_block_device: Vec::new(),
        volume_tags: BTreeMap::new(),
        ebs_optimized: wire.ebs_optimized,
        metadata_options: wire.metadata_options.map(metadata).transpose()?,
        credit_specification: credits.map(|word| CreditSpecification { cpu_credits: Some(word) }),
        cpu_options: wire.cpu_options.map(cpu).transpose()?,
        capacity_reservation_specification: reserved.map(reservation).transpose()?,
        enclave_options: wire
            .enclave_options
            .map(|options| EnclaveOptions { enabled: options.enabled.unwrap_or(false) }),
        hibernation: wire.hibernation_options.and_then(|options| options.configured),
        instance_market_options: None,
        maintenance_options: recovery.map(|word| MaintenanceOptions { auto_recovery: Some(word) }),
        private_dns_name_options: wire.private_dns_name_options.map(host_names).transpose()?,
        instance_initiated_shutdown_behavior: word!(
            about.shutdown,
            "InstanceInitiatedShutdownBehavior"
        ),
        monitoring: monitoring
            .map(|state| matches!(state, MonitoringState::Enabled | MonitoringState::Pending)),
        disable_api_stop: about.stop,
        disable_api_termination: about.termination,
        force_destroy: false,
        tags: tags_of(wire.tags),
    })
}

fn host_names(wire: PrivateDnsNameOptionsResponse) -> Result<PrivateDnsNameOptions> {
    Ok(PrivateDnsNameOptions {
        hostname_type: word!(wire.hostname_type, "HostnameType"),
        enable_resource_name_dns_a_record: wire.enable_resource_name_dns_a_record,
        enable_resource_name_dns_aaaa_record: wire.enable_resource_name_dns_aaaa_record,
    })
}

/// What no answer has.
fn remembered(inputs: Instance, recorded: &Object) -> std::result::Result<Instance, DecodeError> {
    let null = Value::Null;
    let get = |name: &str| recorded.get(name).unwrap_or(&null);
    Ok(Instance {
        associate_public_ip_address: recorded_flag(recorded, "associate_public_ip_address"),
        launch_template: FieldType::from_value(get("launch_template"))?,
        instance_market_options: FieldType::from_value(get("instance_market_options"))?,
        // One that the launch template gives is no difference.
        iam_instance_profile: inputs
            .iam_instance_profile
            .filter(|_| get("launch_template").is_null() || !get("iam_instance_profile").is_null()),
        user_data_replace_on_change: recorded_flag(recorded, "user_data_replace_on_change")
            .unwrap_or(false),
        force_destroy: recorded_flag(recorded, "force_destroy").unwrap_or(false),
        ..inputs
    })
}

/// User data as text or in Base64, as it was given; as text where it can be.
fn user_data(data: Option<String>, recorded: &Object) -> (Option<String>, Option<String>) {
    let Some(data) = data else { return (None, None) };
    let text = aws_smithy_types::base64::decode(&data).ok();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    match text {
        Some(text) if !recorded.contains_key("user_data_base64") => (Some(text), None),
        _ => (None, Some(data)),
    }
}

/// What the primary interface has.
struct Network {
    further: BTreeSet<String>,
    ipv6: BTreeSet<String>,
    interface: Option<PrimaryInterface>,
}

fn network(primary: Option<InstanceNetworkInterface>) -> Network {
    let addresses = primary.as_ref().map(|i| i.private_ip_addresses()).unwrap_or_default();
    let ipv6 = primary.as_ref().map(|i| i.ipv6_addresses()).unwrap_or_default();
    let id = primary.as_ref().and_then(|interface| interface.network_interface_id.clone());
    Network {
        further: addresses
            .iter()
            .filter(|address| address.primary() != Some(true))
            .filter_map(|address| address.private_ip_address.clone())
            .collect(),
        ipv6: ipv6.iter().filter_map(|address| address.ipv6_address.clone()).collect(),
        interface: id
            .map(|id| PrimaryInterface { network_interface_id: NetworkInterfaceId::new(id) }),
    }
}

fn root_volume(Disk { goes_along, volume, .. }: Disk) -> Result<RootBlockDevice> {
    Ok(RootBlockDevice {
        delete_on_termination: goes_along,
        encrypted: volume.encrypted,
        iops: volume.iops.filter(|number| *number != 0).map(natural),
        kms_key_id: filled(volume.kms_key_id).map(KeyRef::new),
        throughput: volume.throughput.filter(|number| *number != 0).map(natural),
        volume_size: volume.size.map(|size| Gibibytes(natural(size))),
        volume_type: word!(volume.volume_type, "VolumeType"),
    })
}

/// The volumes that the instance was made with, in the order of what was declared. Of an instance
/// that is being imported that is not known, and all volumes are shown.
fn further_volumes(mut found: Vec<Disk>, recorded: &Object) -> Result<Vec<InstanceVolume>> {
    let declared = recorded.get("ebs_block_device").and_then(Value::as_list).unwrap_or_default();
    let names: Vec<_> =
        declared.iter().filter_map(|block| block.as_map()?.get("device_name")?.as_str()).collect();
    let place = |disk: &Disk| names.iter().position(|name| *name == disk.device);
    found.retain(|disk| recorded.is_empty() || place(disk).is_some());
    found.sort_by_key(|disk| (place(disk), disk.device.clone()));
    let volume = |Disk { device, goes_along, volume }: Disk| -> Result<_> {
        Ok(InstanceVolume {
            device_name: device,
            delete_on_termination: goes_along,
            encrypted: volume.encrypted,
            iops: volume.iops.filter(|number| *number != 0).map(natural),
            kms_key_id: filled(volume.kms_key_id).map(KeyRef::new),
            snapshot_id: filled(volume.snapshot_id).map(SnapshotId::new),
            throughput: volume.throughput.filter(|number| *number != 0).map(natural),
            volume_size: volume.size.map(|size| Gibibytes(natural(size))),
            volume_type: word!(volume.volume_type, "VolumeType"),
        })
    };
    found.into_iter().map(volume).collect()
}

fn metadata(wire: InstanceMetadataOptionsResponse) -> Result<MetadataOptions> {
    Ok(MetadataOptions {
        http_endpoint: word!(wire.http_endpoint, "HttpEndpoint"),
        http_tokens: word!(wire.http_tokens, "HttpTokens"),
        http_put_response_hop_limit: wire.http_put_response_hop_limit.map(natural),
        http_protocol_ipv6: word!(wire.http_protocol_ipv6, "HttpProtocolIpv6"),
        instance_metadata_tags: word!(wire.instance_metadata_tags, "InstanceMetadataTags"),
    })
}

fn cpu(wire: WireCpu) -> Result<CpuOptions> {
    Ok(CpuOptions {
        core_count: wire.core_count.map(natural),
        threads_per_core: wire.threads_per_core.map(natural),
        amd_sev_snp: word!(wire.amd_sev_snp, "AmdSevSnp"),
        nested_virtualization: word!(wire.nested_virtualization, "NestedVirtualization"),
    })
}

fn reservation(
    wire: &aws_sdk_ec2::types::CapacityReservationSpecificationResponse,
) -> Result<CapacityReservationSpecification> {
    let target = wire.capacity_reservation_target.as_ref();
    Ok(CapacityReservationSpecification {
        capacity_reservation_preference: word!(
            wire.capacity_reservation_preference,
            "CapacityReservationPreference"
        ),
        capacity_reservation_target: target.map(|target| CapacityReservationTarget {
            capacity_reservation_id: target.capacity_reservation_id.clone(),
            capacity_reservation_resource_group_arn: target
                .capacity_reservation_resource_group_arn
                .clone()
                .map(AnyArn::new),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_data_is_shown_as_it_was_given() {
        let data = || Some("aGVsbG8=".to_owned());
        let text = (Some("hello".to_owned()), None);
        assert_eq!(user_data(data(), &Object::new()), text);
        let raw = Object::from([("user_data_base64".to_owned(), Value::from("aGVsbG8="))]);
        assert_eq!(user_data(data(), &raw), (None, data()));
        // No text.
        let binary = Some("/w==".to_owned());
        assert_eq!(user_data(binary.clone(), &Object::new()), (None, binary));
    }

    #[test]
    fn volumes_that_were_attached_later_are_not_the_instances() {
        let all = || {
            let disk = |device: &str| Disk {
                device: device.to_owned(),
                goes_along: true,
                volume: Volume::builder().build(),
            };
            vec![disk("/dev/sdb"), disk("/dev/sdc")]
        };
        let block = Object::from([("device_name".to_owned(), Value::from("/dev/sdc"))]);
        let recorded =
            Object::from([("ebs_block_device".to_owned(), Value::List(vec![Value::Map(block)]))]);
        let names = |found: Vec<InstanceVolume>| {
            found.into_iter().map(|volume| volume.device_name).collect::<Vec<_>>()
        };
        let seen = further_volumes(all(), &recorded).expect("volumes");
        assert_eq!(names(seen), ["/dev/sdc"]);
        let imported = further_volumes(all(), &Object::new()).expect("volumes");
        assert_eq!(names(imported), ["/dev/sdb", "/dev/sdc"]);
    }
}
