//! Launch templates as EC2 shows them.

use aws_sdk_ec2::types::{
    LaunchTemplate as WireTemplate, LaunchTemplateBlockDeviceMapping,
    LaunchTemplateCapacityReservationSpecificationResponse, LaunchTemplateCpuOptions,
    LaunchTemplateEbsBlockDevice, LaunchTemplateInstanceMarketOptions,
    LaunchTemplateInstanceMetadataOptions,
    LaunchTemplateInstanceNetworkInterfaceSpecification as WireInterface, LaunchTemplatePlacement,
    LaunchTemplatePrivateDnsNameOptions, LaunchTemplateSpotMarketOptions,
    LaunchTemplateTagSpecification, LaunchTemplateVersion, ResponseLaunchTemplateData,
};
use aws_smithy_types::date_time::Format;
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{Arn, BlockSet, Gibibytes, Object, Value};

use super::common::tags_of;
use super::instance_requirements::wire as requirements;
use super::launch_options::{
    CapacityReservationSpecification, CapacityReservationTarget, CpuOptions, CreditSpecification,
    EnclaveOptions, InstanceProfileRef, MaintenanceOptions, MetadataOptions, PrivateDnsNameOptions,
};
use super::launch_template::{LaunchTemplate, LaunchTemplateOutputs};
use super::launch_template_blocks::{
    BlockDeviceMapping, ConnectionTracking, EbsBlockDevice, EnaSrd, EnaSrdUdp, HibernationOptions,
    InstanceMarketOptions, LaunchPlacement, LaunchTagSpecification, LaunchedInterface,
    LicenseSpecification, Monitoring, NetworkPerformanceOptions, SpotOptions,
};
use super::{ImageId, LaunchTemplateId, NetworkInterfaceId, SecurityGroupId, SnapshotId, SubnetId};
use crate::AnyArn;
use crate::frame::names::prefix_of;
use crate::iam::InstanceProfileName;
use crate::kms::KeyRef;
use crate::prelude::*;

fn natural(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

/// A word of an answer, where there is one.
macro_rules! word {
    ($value:expr, $name:literal) => {
        $value.as_ref().map(|word| parsed(Some(word.as_str()), $name)).transpose()?
    };
}

/// A template with what its newest version holds.
pub(super) fn see(
    arn: Arn<LaunchTemplate>,
    template: WireTemplate,
    version: LaunchTemplateVersion,
    recorded: &Object,
) -> Result<Seen<LaunchTemplate>> {
    let data = version.launch_template_data.ok_or_else(|| missing("LaunchTemplateData"))?;
    let inputs = data_of(data)?;
    let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    let name = template.launch_template_name.ok_or_else(|| missing("LaunchTemplateName"))?;
    let newest = recorded.get("update_default_version").and_then(Value::as_bool);
    let outputs = LaunchTemplateOutputs {
        id: template
            .launch_template_id
            .map(LaunchTemplateId::new)
            .ok_or_else(|| missing("LaunchTemplateId"))?,
        arn,
        latest_version: number(template.latest_version_number)
            .ok_or_else(|| missing("LatestVersionNumber"))?,
    };
    let inputs = LaunchTemplate {
        name_prefix: prefix_of(&name),
        name: Some(name),
        description: version.version_description.filter(|text| !text.is_empty()),
        default_version: number(template.default_version_number),
        update_default_version: newest.unwrap_or(false),
        tags: tags_of(template.tags),
        ..inputs
    };
    Ok(Seen::new(inputs, outputs))
}

fn data_of(data: ResponseLaunchTemplateData) -> Result<LaunchTemplate> {
    let devices = data.block_device_mappings.unwrap_or_default().into_iter().map(device);
    let interfaces = data.network_interfaces.unwrap_or_default().into_iter().map(interface);
    let licenses = data.license_specifications.unwrap_or_default().into_iter();
    let tags = data.tag_specifications.unwrap_or_default().into_iter().map(tagged);
    let credits = |word: Option<String>| -> Result<_> {
        Ok(CreditSpecification { cpu_credits: word!(word, "CpuCredits") })
    };
    let maintenance = data.maintenance_options.and_then(|options| options.auto_recovery);
    let bandwidth = data.network_performance_options.and_then(|o| o.bandwidth_weighting);
    Ok(LaunchTemplate {
        name: None,
        name_prefix: None,
        description: None,
        default_version: None,
        update_default_version: false,
        tags: infra_sdk::Tags::default(),
        block_device_mappings: BlockSet(devices.collect::<Result<_>>()?),
        capacity_reservation_specification: data
            .capacity_reservation_specification
            .map(reservation)
            .transpose()?,
        cpu_options: data.cpu_options.map(cpu).transpose()?,
        credit_specification: data
            .credit_specification
            .map(|options| credits(options.cpu_credits))
            .transpose()?,
        disable_api_stop: data.disable_api_stop,
        disable_api_termination: data.disable_api_termination,
        ebs_optimized: data.ebs_optimized,
        enclave_options: data
            .enclave_options
            .map(|options| EnclaveOptions { enabled: options.enabled.unwrap_or(false) }),
        hibernation_options: data
            .hibernation_options
            .map(|options| HibernationOptions { configured: options.configured.unwrap_or(false) }),
        iam_instance_profile: data.iam_instance_profile.map(|profile| InstanceProfileRef {
            arn: profile.arn.map(Arn::new),
            name: profile.name.map(InstanceProfileName::new),
        }),
        image_id: data.image_id.map(ImageId::new),
        instance_initiated_shutdown_behavior: word!(
            data.instance_initiated_shutdown_behavior,
            "InstanceInitiatedShutdownBehavior"
        ),
        instance_market_options: data.instance_market_options.map(market).transpose()?,
        instance_requirements: data.instance_requirements.map(requirements::see).transpose()?,
        instance_type: data.instance_type.map(|word| word.as_str().to_owned()),
        kernel_id: data.kernel_id,
        key_name: data.key_name,
        license_specification: BlockSet(
            licenses
                .filter_map(|license| license.license_configuration_arn)
                .map(|arn| LicenseSpecification { license_configuration_arn: AnyArn::new(arn) })
                .collect(),
        ),
        maintenance_options: maintenance
            .map(|word| parsed(Some(word.as_str()), "AutoRecovery"))
            .transpose()?
            .map(|word| MaintenanceOptions { auto_recovery: Some(word) }),
        metadata_options: data.metadata_options.map(metadata).transpose()?,
        monitoring: data
            .monitoring
            .map(|options| Monitoring { enabled: options.enabled.unwrap_or(false) }),
        network_interfaces: interfaces.collect(),
        network_performance_options: bandwidth
            .map(|word| parsed(Some(word.as_str()), "BandwidthWeighting"))
            .transpose()?
            .map(|word| NetworkPerformanceOptions { bandwidth_weighting: Some(word) }),
        placement: data.placement.map(placement).transpose()?,
        private_dns_name_options: data.private_dns_name_options.map(dns_names).transpose()?,
        ram_disk_id: data.ram_disk_id,
        security_group_names: data.security_groups.unwrap_or_default().into_iter().collect(),
        vpc_security_group_ids: data
            .security_group_ids
            .unwrap_or_default()
            .into_iter()
            .map(SecurityGroupId::new)
            .collect(),
        tag_specifications: BlockSet(tags.collect::<Result<_>>()?),
        user_data: data.user_data.filter(|text| !text.is_empty()),
    })
}

fn device(wire: LaunchTemplateBlockDeviceMapping) -> Result<BlockDeviceMapping> {
    Ok(BlockDeviceMapping {
        device_name: wire.device_name,
        ebs: wire.ebs.map(volume).transpose()?,
        no_device: wire.no_device,
        virtual_name: wire.virtual_name,
    })
}

fn volume(wire: LaunchTemplateEbsBlockDevice) -> Result<EbsBlockDevice> {
    Ok(EbsBlockDevice {
        delete_on_termination: wire.delete_on_termination,
        encrypted: wire.encrypted,
        iops: wire.iops.map(natural),
        kms_key_id: wire.kms_key_id.map(KeyRef::new),
        snapshot_id: wire.snapshot_id.map(SnapshotId::new),
        throughput: wire.throughput.map(natural),
        volume_initialization_rate: wire.volume_initialization_rate.map(natural),
        volume_size: wire.volume_size.map(|size| Gibibytes(natural(size))),
        volume_type: word!(wire.volume_type, "VolumeType"),
    })
}

fn interface(wire: WireInterface) -> LaunchedInterface {
    let addresses = wire.private_ip_addresses.unwrap_or_default();
    let (primary, further): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.primary == Some(true));
    let primary = primary.into_iter().find_map(|address| address.private_ip_address);
    let tracking = wire.connection_tracking_specification.map(|tracking| ConnectionTracking {
        tcp_established_timeout: tracking.tcp_established_timeout.map(natural),
        udp_stream_timeout: tracking.udp_stream_timeout.map(natural),
        udp_timeout: tracking.udp_timeout.map(natural),
    });
    let express = wire.ena_srd_specification.map(|express| EnaSrd {
        ena_srd_enabled: express.ena_srd_enabled,
        ena_srd_udp_specification: express
            .ena_srd_udp_specification
            .map(|udp| EnaSrdUdp { ena_srd_udp_enabled: udp.ena_srd_udp_enabled }),
    });
    let prefixes = wire.ipv4_prefixes.unwrap_or_default().into_iter();
    let ipv6_prefixes = wire.ipv6_prefixes.unwrap_or_default().into_iter();
    let ipv6 = wire.ipv6_addresses.unwrap_or_default().into_iter();
    LaunchedInterface {
        associate_carrier_ip_address: wire.associate_carrier_ip_address,
        associate_public_ip_address: wire.associate_public_ip_address,
        connection_tracking_specification: tracking,
        delete_on_termination: wire.delete_on_termination,
        description: wire.description.filter(|text| !text.is_empty()),
        device_index: wire.device_index.map(natural),
        ena_srd_specification: express,
        interface_type: wire.interface_type,
        ipv4_address_count: wire.secondary_private_ip_address_count.map(natural),
        ipv4_addresses: further.into_iter().filter_map(|a| a.private_ip_address).collect(),
        ipv4_prefix_count: wire.ipv4_prefix_count.map(natural),
        ipv4_prefixes: prefixes.filter_map(|prefix| prefix.ipv4_prefix).collect(),
        ipv6_address_count: wire.ipv6_address_count.map(natural),
        ipv6_addresses: ipv6.filter_map(|address| address.ipv6_address).collect(),
        ipv6_prefix_count: wire.ipv6_prefix_count.map(natural),
        ipv6_prefixes: ipv6_prefixes.filter_map(|prefix| prefix.ipv6_prefix).collect(),
        network_card_index: wire.network_card_index.map(natural),
        network_interface_id: wire.network_interface_id.map(NetworkInterfaceId::new),
        primary_ipv6: wire.primary_ipv6,
        private_ip_address: wire.private_ip_address.or(primary),
        security_groups: wire
            .groups
            .unwrap_or_default()
            .into_iter()
            .map(SecurityGroupId::new)
            .collect(),
        subnet_id: wire.subnet_id.map(SubnetId::new),
    }
}

fn reservation(
    wire: LaunchTemplateCapacityReservationSpecificationResponse,
) -> Result<CapacityReservationSpecification> {
    Ok(CapacityReservationSpecification {
        capacity_reservation_preference: word!(
            wire.capacity_reservation_preference,
            "CapacityReservationPreference"
        ),
        capacity_reservation_target: wire.capacity_reservation_target.map(|target| {
            CapacityReservationTarget {
                capacity_reservation_id: target.capacity_reservation_id,
                capacity_reservation_resource_group_arn: target
                    .capacity_reservation_resource_group_arn
                    .map(AnyArn::new),
            }
        }),
    })
}

fn cpu(wire: LaunchTemplateCpuOptions) -> Result<CpuOptions> {
    Ok(CpuOptions {
        core_count: wire.core_count.map(natural),
        threads_per_core: wire.threads_per_core.map(natural),
        amd_sev_snp: word!(wire.amd_sev_snp, "AmdSevSnp"),
        nested_virtualization: word!(wire.nested_virtualization, "NestedVirtualization"),
    })
}

fn metadata(wire: LaunchTemplateInstanceMetadataOptions) -> Result<MetadataOptions> {
    Ok(MetadataOptions {
        http_endpoint: word!(wire.http_endpoint, "HttpEndpoint"),
        http_tokens: word!(wire.http_tokens, "HttpTokens"),
        http_put_response_hop_limit: wire.http_put_response_hop_limit.map(natural),
        http_protocol_ipv6: word!(wire.http_protocol_ipv6, "HttpProtocolIpv6"),
        instance_metadata_tags: word!(wire.instance_metadata_tags, "InstanceMetadataTags"),
    })
}

fn dns_names(wire: LaunchTemplatePrivateDnsNameOptions) -> Result<PrivateDnsNameOptions> {
    Ok(PrivateDnsNameOptions {
        hostname_type: word!(wire.hostname_type, "HostnameType"),
        enable_resource_name_dns_a_record: wire.enable_resource_name_dns_a_record,
        enable_resource_name_dns_aaaa_record: wire.enable_resource_name_dns_aaaa_record,
    })
}

fn placement(wire: LaunchTemplatePlacement) -> Result<LaunchPlacement> {
    Ok(LaunchPlacement {
        affinity: wire.affinity,
        availability_zone: wire.availability_zone,
        group_id: wire.group_id,
        group_name: wire.group_name.filter(|text| !text.is_empty()),
        host_id: wire.host_id,
        host_resource_group_arn: wire.host_resource_group_arn.map(AnyArn::new),
        partition_number: wire.partition_number.map(natural),
        spread_domain: wire.spread_domain,
        tenancy: word!(wire.tenancy, "Tenancy"),
    })
}

fn market(wire: LaunchTemplateInstanceMarketOptions) -> Result<InstanceMarketOptions> {
    Ok(InstanceMarketOptions {
        market_type: word!(wire.market_type, "MarketType"),
        spot_options: wire.spot_options.map(spot).transpose()?,
    })
}

fn spot(wire: LaunchTemplateSpotMarketOptions) -> Result<SpotOptions> {
    let until = wire.valid_until.map(|time| {
        time.fmt(Format::DateTime).map_err(|error| {
            Failure::new(FailureClass::Other, format!("a time cannot be read: {error}"))
        })
    });
    Ok(SpotOptions {
        instance_interruption_behavior: word!(
            wire.instance_interruption_behavior,
            "InstanceInterruptionBehavior"
        ),
        max_price: wire.max_price,
        spot_instance_type: word!(wire.spot_instance_type, "SpotInstanceType"),
        valid_until: until.transpose()?,
    })
}

fn tagged(wire: LaunchTemplateTagSpecification) -> Result<LaunchTagSpecification> {
    let kind = wire.resource_type.ok_or_else(|| missing("ResourceType"))?;
    Ok(LaunchTagSpecification {
        resource_type: kind.as_str().to_owned(),
        tags: tags_of(wire.tags).0,
    })
}
