//! Launch templates as EC2 takes them.

use aws_sdk_ec2::types::{
    AmdSevSnpSpecification, CapacityReservationPreference as WirePreference,
    CapacityReservationTarget as WireTarget, ConnectionTrackingSpecificationRequest,
    CreditSpecificationRequest, EnaSrdSpecificationRequest, EnaSrdUdpSpecificationRequest,
    HostnameType as WireHostname, InstanceBandwidthWeighting, InstanceInterruptionBehavior,
    InstanceIpv6AddressRequest, InstanceType, Ipv4PrefixSpecificationRequest,
    Ipv6PrefixSpecificationRequest, LaunchTemplateAutoRecoveryState,
    LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateCapacityReservationSpecificationRequest,
    LaunchTemplateCpuOptionsRequest, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateEnclaveOptionsRequest, LaunchTemplateHibernationOptionsRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMaintenanceOptionsRequest, LaunchTemplateInstanceMarketOptionsRequest,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateInstanceMetadataProtocolIpv6, LaunchTemplateInstanceMetadataTagsState,
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest as WireInterface,
    LaunchTemplateLicenseConfigurationRequest, LaunchTemplateNetworkPerformanceOptionsRequest,
    LaunchTemplatePlacementRequest, LaunchTemplatePrivateDnsNameOptionsRequest,
    LaunchTemplateSpotMarketOptionsRequest, LaunchTemplateTagSpecificationRequest,
    LaunchTemplatesMonitoringRequest, MarketType as WireMarket, NestedVirtualizationSpecification,
    PrivateIpAddressSpecification, RequestLaunchTemplateData, ResourceType as Tagged,
    ShutdownBehavior as WireShutdown, SpotInstanceType as WireSpotType, Tag, Tenancy,
    VolumeType as WireVolumeType,
};

use super::common::all;
use super::instance_requirements::wire as requirements;
use super::launch_options::{
    CapacityReservationSpecification, CpuOptions, InstanceProfileRef, MetadataOptions,
    PrivateDnsNameOptions,
};
use super::launch_template::LaunchTemplate;
use super::launch_template_blocks::{
    BlockDeviceMapping, EbsBlockDevice, EnaSrd, InstanceMarketOptions, LaunchPlacement,
    LaunchTagSpecification, LaunchedInterface, SpotOptions,
};
use crate::prelude::*;

/// What a version of the template holds.
pub(super) fn data(want: &LaunchTemplate) -> Result<RequestLaunchTemplateData> {
    let devices: Vec<_> = want.block_device_mappings.0.iter().map(device).collect();
    let interfaces: Vec<_> = want.network_interfaces.iter().map(interface).collect();
    let licenses = want.license_specification.0.iter().map(|license| {
        let arn = license.license_configuration_arn.as_str();
        LaunchTemplateLicenseConfigurationRequest::builder().license_configuration_arn(arn).build()
    });
    let licenses: Vec<_> = licenses.collect();
    let tags: Vec<_> = want.tag_specifications.0.iter().map(tagged).collect();
    let market = want.instance_market_options.as_ref().map(market).transpose()?;
    Ok(options(want)
        .set_block_device_mappings((!devices.is_empty()).then_some(devices))
        .set_network_interfaces((!interfaces.is_empty()).then_some(interfaces))
        .set_license_specifications((!licenses.is_empty()).then_some(licenses))
        .set_tag_specifications((!tags.is_empty()).then_some(tags))
        .set_instance_market_options(market)
        .set_iam_instance_profile(want.iam_instance_profile.as_ref().map(profile))
        .set_image_id(text(&want.image_id))
        .set_instance_requirements(want.instance_requirements.as_ref().map(requirements::write))
        .set_instance_type(want.instance_type.as_deref().map(InstanceType::from))
        .set_kernel_id(want.kernel_id.clone())
        .set_key_name(want.key_name.clone())
        .set_placement(want.placement.as_ref().map(placement))
        .set_ram_disk_id(want.ram_disk_id.clone())
        .set_security_group_ids(all(&want.vpc_security_group_ids))
        .set_security_groups(all(&want.security_group_names))
        .set_user_data(want.user_data.clone())
        .build())
}

/// What is on or off, and how the machine is made.
fn options(
    want: &LaunchTemplate,
) -> aws_sdk_ec2::types::builders::RequestLaunchTemplateDataBuilder {
    let credits = want.credit_specification.as_ref().and_then(|credits| credits.cpu_credits);
    let credits = credits
        .map(|word| CreditSpecificationRequest::builder().cpu_credits(word.as_str()).build());
    let enclaves = want.enclave_options.as_ref();
    let hibernation = want.hibernation_options.as_ref();
    let monitoring = want.monitoring.as_ref();
    let shutdown = want.instance_initiated_shutdown_behavior;
    let recovery = want.maintenance_options.as_ref().and_then(|options| options.auto_recovery);
    let bandwidth = want.network_performance_options.as_ref();
    let bandwidth = bandwidth.and_then(|options| options.bandwidth_weighting);
    RequestLaunchTemplateData::builder()
        .set_capacity_reservation_specification(
            want.capacity_reservation_specification.as_ref().map(reservation),
        )
        .set_cpu_options(want.cpu_options.as_ref().map(cpu))
        .set_credit_specification(credits)
        .set_disable_api_stop(want.disable_api_stop)
        .set_disable_api_termination(want.disable_api_termination)
        .set_ebs_optimized(want.ebs_optimized)
        .set_enclave_options(enclaves.map(|options| {
            LaunchTemplateEnclaveOptionsRequest::builder().enabled(options.enabled).build()
        }))
        .set_hibernation_options(hibernation.map(|options| {
            let on = options.configured;
            LaunchTemplateHibernationOptionsRequest::builder().configured(on).build()
        }))
        .set_instance_initiated_shutdown_behavior(
            shutdown.map(|word| WireShutdown::from(word.as_str())),
        )
        .set_maintenance_options(recovery.map(|word| {
            LaunchTemplateInstanceMaintenanceOptionsRequest::builder()
                .auto_recovery(LaunchTemplateAutoRecoveryState::from(word.as_str()))
                .build()
        }))
        .set_metadata_options(want.metadata_options.as_ref().map(metadata))
        .set_monitoring(monitoring.map(|options| {
            LaunchTemplatesMonitoringRequest::builder().enabled(options.enabled).build()
        }))
        .set_network_performance_options(bandwidth.map(|word| {
            LaunchTemplateNetworkPerformanceOptionsRequest::builder()
                .bandwidth_weighting(InstanceBandwidthWeighting::from(word.as_str()))
                .build()
        }))
        .set_private_dns_name_options(want.private_dns_name_options.as_ref().map(dns_names))
}

fn device(want: &BlockDeviceMapping) -> LaunchTemplateBlockDeviceMappingRequest {
    LaunchTemplateBlockDeviceMappingRequest::builder()
        .set_device_name(want.device_name.clone())
        .set_virtual_name(want.virtual_name.clone())
        .set_no_device(want.no_device.clone())
        .set_ebs(want.ebs.as_ref().map(volume))
        .build()
}

fn volume(want: &EbsBlockDevice) -> LaunchTemplateEbsBlockDeviceRequest {
    LaunchTemplateEbsBlockDeviceRequest::builder()
        .set_delete_on_termination(want.delete_on_termination)
        .set_encrypted(want.encrypted)
        .set_iops(want.iops.map(number))
        .set_kms_key_id(want.kms_key_id.as_ref().map(|key| key.as_str().to_owned()))
        .set_snapshot_id(text(&want.snapshot_id))
        .set_throughput(want.throughput.map(number))
        .set_volume_initialization_rate(want.volume_initialization_rate.map(number))
        .set_volume_size(want.volume_size.map(|size| number(size.0)))
        .set_volume_type(want.volume_type.map(|word| WireVolumeType::from(word.as_str())))
        .build()
}

fn interface(want: &LaunchedInterface) -> WireInterface {
    let further = want.ipv4_addresses.iter().map(|address| (false, address));
    // The primary address stands in the list where there are others.
    let primary = want.private_ip_address.iter().map(|address| (true, address));
    let addresses: Vec<_> = primary
        .chain(further)
        .map(|(primary, address)| {
            let address = PrivateIpAddressSpecification::builder().private_ip_address(address);
            address.primary(primary).build()
        })
        .collect();
    let listed = !want.ipv4_addresses.is_empty();
    let alone = want.private_ip_address.clone().filter(|_| !listed);
    let ipv6 = want
        .ipv6_addresses
        .iter()
        .map(|address| InstanceIpv6AddressRequest::builder().ipv6_address(address).build());
    let ipv6: Vec<_> = ipv6.collect();
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
    let tracking = want.connection_tracking_specification.as_ref().map(|tracking| {
        ConnectionTrackingSpecificationRequest::builder()
            .set_tcp_established_timeout(tracking.tcp_established_timeout.map(number))
            .set_udp_stream_timeout(tracking.udp_stream_timeout.map(number))
            .set_udp_timeout(tracking.udp_timeout.map(number))
            .build()
    });
    WireInterface::builder()
        .set_associate_carrier_ip_address(want.associate_carrier_ip_address)
        .set_associate_public_ip_address(want.associate_public_ip_address)
        .set_connection_tracking_specification(tracking)
        .set_delete_on_termination(want.delete_on_termination)
        .set_description(want.description.clone())
        .set_device_index(want.device_index.map(number))
        .set_ena_srd_specification(want.ena_srd_specification.as_ref().map(express))
        .set_interface_type(want.interface_type.clone())
        .set_secondary_private_ip_address_count(want.ipv4_address_count.map(number))
        .set_private_ip_address(alone)
        .set_private_ip_addresses(listed.then_some(addresses))
        .set_ipv4_prefix_count(want.ipv4_prefix_count.map(number))
        .set_ipv4_prefixes((!prefixes.is_empty()).then_some(prefixes))
        .set_ipv6_address_count(want.ipv6_address_count.map(number))
        .set_ipv6_addresses((!ipv6.is_empty()).then_some(ipv6))
        .set_ipv6_prefix_count(want.ipv6_prefix_count.map(number))
        .set_ipv6_prefixes((!ipv6_prefixes.is_empty()).then_some(ipv6_prefixes))
        .set_network_card_index(want.network_card_index.map(number))
        .set_network_interface_id(text(&want.network_interface_id))
        .set_primary_ipv6(want.primary_ipv6)
        .set_groups(all(&want.security_groups))
        .set_subnet_id(text(&want.subnet_id))
        .build()
}

fn express(want: &EnaSrd) -> EnaSrdSpecificationRequest {
    let udp = want.ena_srd_udp_specification.as_ref().map(|udp| {
        EnaSrdUdpSpecificationRequest::builder()
            .set_ena_srd_udp_enabled(udp.ena_srd_udp_enabled)
            .build()
    });
    EnaSrdSpecificationRequest::builder()
        .set_ena_srd_enabled(want.ena_srd_enabled)
        .set_ena_srd_udp_specification(udp)
        .build()
}

fn reservation(
    want: &CapacityReservationSpecification,
) -> LaunchTemplateCapacityReservationSpecificationRequest {
    let target = want.capacity_reservation_target.as_ref().map(|target| {
        WireTarget::builder()
            .set_capacity_reservation_id(target.capacity_reservation_id.clone())
            .set_capacity_reservation_resource_group_arn(text(
                &target.capacity_reservation_resource_group_arn,
            ))
            .build()
    });
    let preference = want.capacity_reservation_preference;
    LaunchTemplateCapacityReservationSpecificationRequest::builder()
        .set_capacity_reservation_preference(
            preference.map(|word| WirePreference::from(word.as_str())),
        )
        .set_capacity_reservation_target(target)
        .build()
}

fn cpu(want: &CpuOptions) -> LaunchTemplateCpuOptionsRequest {
    LaunchTemplateCpuOptionsRequest::builder()
        .set_core_count(want.core_count.map(number))
        .set_threads_per_core(want.threads_per_core.map(number))
        .set_amd_sev_snp(want.amd_sev_snp.map(|w| AmdSevSnpSpecification::from(w.as_str())))
        .set_nested_virtualization(
            want.nested_virtualization
                .map(|word| NestedVirtualizationSpecification::from(word.as_str())),
        )
        .build()
}

fn metadata(want: &MetadataOptions) -> LaunchTemplateInstanceMetadataOptionsRequest {
    LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .set_http_endpoint(
            want.http_endpoint
                .map(|word| LaunchTemplateInstanceMetadataEndpointState::from(word.as_str())),
        )
        .set_http_tokens(
            want.http_tokens.map(|word| LaunchTemplateHttpTokensState::from(word.as_str())),
        )
        .set_http_put_response_hop_limit(want.http_put_response_hop_limit.map(number))
        .set_http_protocol_ipv6(
            want.http_protocol_ipv6
                .map(|word| LaunchTemplateInstanceMetadataProtocolIpv6::from(word.as_str())),
        )
        .set_instance_metadata_tags(
            want.instance_metadata_tags
                .map(|word| LaunchTemplateInstanceMetadataTagsState::from(word.as_str())),
        )
        .build()
}

fn dns_names(want: &PrivateDnsNameOptions) -> LaunchTemplatePrivateDnsNameOptionsRequest {
    LaunchTemplatePrivateDnsNameOptionsRequest::builder()
        .set_hostname_type(want.hostname_type.map(|word| WireHostname::from(word.as_str())))
        .set_enable_resource_name_dns_a_record(want.enable_resource_name_dns_a_record)
        .set_enable_resource_name_dns_aaaa_record(want.enable_resource_name_dns_aaaa_record)
        .build()
}

fn profile(want: &InstanceProfileRef) -> LaunchTemplateIamInstanceProfileSpecificationRequest {
    LaunchTemplateIamInstanceProfileSpecificationRequest::builder()
        .set_arn(text(&want.arn))
        .set_name(text(&want.name))
        .build()
}

fn placement(want: &LaunchPlacement) -> LaunchTemplatePlacementRequest {
    LaunchTemplatePlacementRequest::builder()
        .set_affinity(want.affinity.clone())
        .set_availability_zone(want.availability_zone.clone())
        .set_group_id(want.group_id.clone())
        .set_group_name(want.group_name.clone())
        .set_host_id(want.host_id.clone())
        .set_host_resource_group_arn(text(&want.host_resource_group_arn))
        .set_partition_number(want.partition_number.map(number))
        .set_spread_domain(want.spread_domain.clone())
        .set_tenancy(want.tenancy.map(|word| Tenancy::from(word.as_str())))
        .build()
}

fn market(want: &InstanceMarketOptions) -> Result<LaunchTemplateInstanceMarketOptionsRequest> {
    Ok(LaunchTemplateInstanceMarketOptionsRequest::builder()
        .set_market_type(want.market_type.map(|word| WireMarket::from(word.as_str())))
        .set_spot_options(want.spot_options.as_ref().map(spot).transpose()?)
        .build())
}

fn spot(want: &SpotOptions) -> Result<LaunchTemplateSpotMarketOptionsRequest> {
    let behavior = want.instance_interruption_behavior;
    Ok(LaunchTemplateSpotMarketOptionsRequest::builder()
        .set_instance_interruption_behavior(
            behavior.map(|word| InstanceInterruptionBehavior::from(word.as_str())),
        )
        .set_max_price(want.max_price.clone())
        .set_spot_instance_type(
            want.spot_instance_type.map(|word| WireSpotType::from(word.as_str())),
        )
        .set_valid_until(time(&want.valid_until)?)
        .build())
}

fn tagged(want: &LaunchTagSpecification) -> LaunchTemplateTagSpecificationRequest {
    let tags = want.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    LaunchTemplateTagSpecificationRequest::builder()
        .resource_type(Tagged::from(want.resource_type.as_str()))
        .set_tags(Some(tags.collect()))
        .build()
}
