//! Instances as RunInstances takes them.

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    AmdSevSnpSpecification, BlockDeviceMapping, CapacityReservationPreference as WirePreference,
    CapacityReservationSpecification as WireReservation, CapacityReservationTarget as WireTarget,
    CpuOptionsRequest, CreditSpecificationRequest, EbsBlockDevice as WireVolume,
    EnclaveOptionsRequest, HibernationOptionsRequest, HostnameType as WireHostname,
    HttpTokensState, IamInstanceProfileSpecification, InstanceAutoRecoveryState,
    InstanceInterruptionBehavior, InstanceIpv6Address, InstanceMaintenanceOptionsRequest,
    InstanceMarketOptionsRequest, InstanceMetadataEndpointState, InstanceMetadataOptionsRequest,
    InstanceMetadataProtocolState, InstanceMetadataTagsState,
    InstanceNetworkInterfaceSpecification, InstanceType, LaunchTemplateSpecification,
    MarketType as WireMarket, NestedVirtualizationSpecification, Placement,
    PrivateDnsNameOptionsRequest, PrivateIpAddressSpecification, ResourceType as Tagged,
    RunInstancesMonitoringEnabled, ShutdownBehavior as WireShutdown, SpotInstanceType as WireSpot,
    SpotMarketOptions, Tag, TagSpecification, Tenancy, VolumeType as WireVolumeType,
};

use super::common::{all, tag_specification};
use super::instance::{Instance, InstanceVolume, RootBlockDevice};
use super::launch_options::{CapacityReservationSpecification, CpuOptions, MetadataOptions};
use super::launch_template_blocks::InstanceMarketOptions;
use crate::prelude::*;

/// User data in Base64.
pub(super) fn user_data(want: &Instance) -> Option<String> {
    let plain = want.user_data.as_deref().map(aws_smithy_types::base64::encode);
    plain.or_else(|| want.user_data_base64.clone())
}

/// What an instance is made from, but its volumes, which need the name of the root device.
pub(super) struct Request<'a> {
    pub(super) want: &'a Instance,
    pub(super) token: &'a str,
    pub(super) devices: Vec<BlockDeviceMapping>,
    pub(super) market: Option<InstanceMarketOptionsRequest>,
}

impl Request<'_> {
    /// The call.
    pub(super) fn call(&self, aws: &Aws) -> RunInstancesFluentBuilder {
        let want = self.want;
        let tags: Vec<_> = tag_specification(Tagged::Instance, &want.tags)
            .into_iter()
            .flatten()
            .chain(volume_tags(want))
            .collect();
        let credits = want.credit_specification.as_ref().and_then(|credits| credits.cpu_credits);
        let shutdown = want.instance_initiated_shutdown_behavior;
        self.options(self.network(aws.ec2().run_instances()))
            .min_count(1)
            .max_count(1)
            .client_token(self.token)
            .set_image_id(text(&want.ami))
            .set_instance_type(want.instance_type.as_deref().map(InstanceType::from))
            .set_launch_template(want.launch_template.as_ref().map(|template| {
                LaunchTemplateSpecification::builder()
                    .set_launch_template_id(text(&template.id))
                    .set_launch_template_name(template.name.clone())
                    .set_version(template.version.clone())
                    .build()
            }))
            .set_placement(placement(want))
            .set_iam_instance_profile(
                want.iam_instance_profile.as_ref().map(|name| {
                    IamInstanceProfileSpecification::builder().name(name.as_str()).build()
                }),
            )
            .set_key_name(want.key_name.clone())
            .set_user_data(user_data(want))
            .set_block_device_mappings((!self.devices.is_empty()).then(|| self.devices.clone()))
            .set_ebs_optimized(want.ebs_optimized)
            .set_metadata_options(want.metadata_options.as_ref().map(metadata))
            .set_credit_specification(credits.map(|word| {
                CreditSpecificationRequest::builder().cpu_credits(word.as_str()).build()
            }))
            .set_cpu_options(want.cpu_options.as_ref().map(cpu))
            .set_capacity_reservation_specification(
                want.capacity_reservation_specification.as_ref().map(reservation),
            )
            .set_instance_market_options(self.market.clone())
            .set_instance_initiated_shutdown_behavior(
                shutdown.map(|word| WireShutdown::from(word.as_str())),
            )
            .set_monitoring(
                want.monitoring
                    .map(|on| RunInstancesMonitoringEnabled::builder().enabled(on).build()),
            )
            .set_disable_api_stop(want.disable_api_stop)
            .set_disable_api_termination(want.disable_api_termination)
            .set_tag_specifications((!tags.is_empty()).then_some(tags))
    }

    fn options(&self, call: RunInstancesFluentBuilder) -> RunInstancesFluentBuilder {
        let want = self.want;
        let recovery = want.maintenance_options.as_ref().and_then(|o| o.auto_recovery);
        call.set_enclave_options(
            want.enclave_options
                .as_ref()
                .map(|options| EnclaveOptionsRequest::builder().enabled(options.enabled).build()),
        )
        .set_hibernation_options(
            want.hibernation.map(|on| HibernationOptionsRequest::builder().configured(on).build()),
        )
        .set_maintenance_options(recovery.map(|word| {
            InstanceMaintenanceOptionsRequest::builder()
                .auto_recovery(InstanceAutoRecoveryState::from(word.as_str()))
                .build()
        }))
        .set_private_dns_name_options(want.private_dns_name_options.as_ref().map(
            |names| {
                let hostname = names.hostname_type;
                PrivateDnsNameOptionsRequest::builder()
                    .set_hostname_type(hostname.map(|word| WireHostname::from(word.as_str())))
                    .set_enable_resource_name_dns_a_record(names.enable_resource_name_dns_a_record)
                    .set_enable_resource_name_dns_aaaa_record(
                        names.enable_resource_name_dns_aaaa_record,
                    )
                    .build()
            },
        ))
    }

    /// A public address and further private ones can be asked for by an interface alone, and then
    /// all of the network belongs to it.
    fn network(&self, call: RunInstancesFluentBuilder) -> RunInstancesFluentBuilder {
        let want = self.want;
        let ipv6: Vec<_> = want
            .ipv6_addresses
            .iter()
            .map(|address| InstanceIpv6Address::builder().ipv6_address(address).build())
            .collect();
        let ipv6 = (!ipv6.is_empty()).then_some(ipv6);
        let interface = InstanceNetworkInterfaceSpecification::builder().device_index(0);
        if let Some(there) = &want.primary_network_interface {
            let id = there.network_interface_id.as_str();
            return call.network_interfaces(interface.network_interface_id(id).build());
        }
        if want.associate_public_ip_address.is_none() && want.secondary_private_ips.is_empty() {
            return call
                .set_subnet_id(text(&want.subnet_id))
                .set_security_group_ids(all(&want.vpc_security_group_ids))
                .set_private_ip_address(want.private_ip.clone())
                .set_ipv6_address_count(want.ipv6_address_count.map(number))
                .set_ipv6_addresses(ipv6);
        }
        let address = |address: &String, primary| {
            let address = PrivateIpAddressSpecification::builder().private_ip_address(address);
            address.primary(primary).build()
        };
        let listed = !want.secondary_private_ips.is_empty();
        let primary = want.private_ip.iter().map(|ip| address(ip, true));
        let further = want.secondary_private_ips.iter().map(|ip| address(ip, false));
        let addresses: Vec<_> = primary.chain(further).collect();
        call.network_interfaces(
            interface
                .delete_on_termination(true)
                .set_associate_public_ip_address(want.associate_public_ip_address)
                .set_subnet_id(text(&want.subnet_id))
                .set_groups(all(&want.vpc_security_group_ids))
                .set_private_ip_address(want.private_ip.clone().filter(|_| !listed))
                .set_private_ip_addresses(listed.then_some(addresses))
                .set_ipv6_address_count(want.ipv6_address_count.map(number))
                .set_ipv6_addresses(ipv6)
                .build(),
        )
    }
}

fn volume_tags(want: &Instance) -> Option<TagSpecification> {
    let tags: Vec<_> = want
        .volume_tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    (!tags.is_empty()).then(|| {
        TagSpecification::builder().resource_type(Tagged::Volume).set_tags(Some(tags)).build()
    })
}

fn placement(want: &Instance) -> Option<Placement> {
    let given = want.availability_zone.is_some()
        || want.tenancy.is_some()
        || want.placement_group.is_some()
        || want.placement_partition_number.is_some()
        || want.host_id.is_some();
    given.then(|| {
        Placement::builder()
            .set_availability_zone(want.availability_zone.clone())
            .set_tenancy(want.tenancy.map(|word| Tenancy::from(word.as_str())))
            .set_group_name(want.placement_group.clone())
            .set_partition_number(want.placement_partition_number.map(number))
            .set_host_id(want.host_id.clone())
            .build()
    })
}

/// Further volumes, and the root volume where something is said of it.
pub(super) fn devices(want: &Instance, root: Option<String>) -> Vec<BlockDeviceMapping> {
    let device =
        |name: &str, volume| BlockDeviceMapping::builder().device_name(name).ebs(volume).build();
    let first = want.root_block_device.as_ref().zip(root);
    let first = first.map(|(block, name)| device(&name, root_volume(block)));
    let further =
        want.ebs_block_device.iter().map(|block| device(&block.device_name, volume(block)));
    first.into_iter().chain(further).collect()
}

fn root_volume(want: &RootBlockDevice) -> WireVolume {
    WireVolume::builder()
        .delete_on_termination(want.delete_on_termination)
        .set_encrypted(want.encrypted)
        .set_iops(want.iops.map(number))
        .set_kms_key_id(want.kms_key_id.as_ref().map(|key| key.as_str().to_owned()))
        .set_throughput(want.throughput.map(number))
        .set_volume_size(want.volume_size.map(|size| number(size.0)))
        .set_volume_type(want.volume_type.map(|kind| WireVolumeType::from(kind.as_str())))
        .build()
}

fn volume(want: &InstanceVolume) -> WireVolume {
    WireVolume::builder()
        .delete_on_termination(want.delete_on_termination)
        .set_encrypted(want.encrypted)
        .set_iops(want.iops.map(number))
        .set_kms_key_id(want.kms_key_id.as_ref().map(|key| key.as_str().to_owned()))
        .set_snapshot_id(text(&want.snapshot_id))
        .set_throughput(want.throughput.map(number))
        .set_volume_size(want.volume_size.map(|size| number(size.0)))
        .set_volume_type(want.volume_type.map(|kind| WireVolumeType::from(kind.as_str())))
        .build()
}

fn metadata(want: &MetadataOptions) -> InstanceMetadataOptionsRequest {
    let endpoint = want.http_endpoint;
    let tags = want.instance_metadata_tags;
    InstanceMetadataOptionsRequest::builder()
        .set_http_endpoint(endpoint.map(|w| InstanceMetadataEndpointState::from(w.as_str())))
        .set_http_tokens(want.http_tokens.map(|word| HttpTokensState::from(word.as_str())))
        .set_http_put_response_hop_limit(want.http_put_response_hop_limit.map(number))
        .set_http_protocol_ipv6(
            want.http_protocol_ipv6.map(|word| InstanceMetadataProtocolState::from(word.as_str())),
        )
        .set_instance_metadata_tags(tags.map(|w| InstanceMetadataTagsState::from(w.as_str())))
        .build()
}

fn cpu(want: &CpuOptions) -> CpuOptionsRequest {
    let nested = want.nested_virtualization;
    CpuOptionsRequest::builder()
        .set_core_count(want.core_count.map(number))
        .set_threads_per_core(want.threads_per_core.map(number))
        .set_amd_sev_snp(want.amd_sev_snp.map(|w| AmdSevSnpSpecification::from(w.as_str())))
        .set_nested_virtualization(
            nested.map(|word| NestedVirtualizationSpecification::from(word.as_str())),
        )
        .build()
}

/// A capacity reservation specification, which is changed in the same words.
pub(super) fn reservation(want: &CapacityReservationSpecification) -> WireReservation {
    let target = want.capacity_reservation_target.as_ref().map(|target| {
        WireTarget::builder()
            .set_capacity_reservation_id(target.capacity_reservation_id.clone())
            .set_capacity_reservation_resource_group_arn(text(
                &target.capacity_reservation_resource_group_arn,
            ))
            .build()
    });
    // AWS takes the one or the other.
    let preference = want.capacity_reservation_preference.filter(|_| target.is_none());
    WireReservation::builder()
        .set_capacity_reservation_preference(
            preference.map(|word| WirePreference::from(word.as_str())),
        )
        .set_capacity_reservation_target(target)
        .build()
}

/// Spot capacity.
///
/// # Errors
/// When a time is none.
pub(super) fn market(want: &InstanceMarketOptions) -> Result<InstanceMarketOptionsRequest> {
    let spot = |want: &super::launch_template_blocks::SpotOptions| -> Result<_> {
        let behavior = want.instance_interruption_behavior;
        Ok(SpotMarketOptions::builder()
            .set_instance_interruption_behavior(
                behavior.map(|word| InstanceInterruptionBehavior::from(word.as_str())),
            )
            .set_max_price(want.max_price.clone())
            .set_spot_instance_type(
                want.spot_instance_type.map(|word| WireSpot::from(word.as_str())),
            )
            .set_valid_until(time(&want.valid_until)?)
            .build())
    };
    Ok(InstanceMarketOptionsRequest::builder()
        .set_market_type(want.market_type.map(|word| WireMarket::from(word.as_str())))
        .set_spot_options(want.spot_options.as_ref().map(spot).transpose()?)
        .build())
}
