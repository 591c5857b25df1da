//! Blocks of a [`LaunchTemplate`](super::LaunchTemplate). What is left out is not in the template.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Block, Choice, Gibibytes};

use super::launch_options::VolumeType;
use super::{NetworkInterfaceId, SecurityGroupId, SubnetId};
use crate::AnyArn;
use crate::kms::KeyRef;

/// A volume, or its absence.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BlockDeviceMapping {
    /// Name of the device: `/dev/xvda`.
    pub device_name: Option<String>,
    /// A volume of EBS.
    pub ebs: Option<EbsBlockDevice>,
    /// Leaves out what the image has here: an empty text, or the name of the device.
    pub no_device: Option<String>,
    /// A volume of the instance's own: `ephemeral0`.
    pub virtual_name: Option<String>,
}

/// A volume of EBS.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EbsBlockDevice {
    /// Whether it goes with the instance.
    pub delete_on_termination: Option<bool>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// Operations a second.
    pub iops: Option<u32>,
    /// Key that encrypts it.
    pub kms_key_id: Option<KeyRef>,
    /// The snapshot that it begins with.
    pub snapshot_id: Option<super::SnapshotId>,
    /// MiB/s, from 125 to 2,000.
    #[field(range = 125..=2_000)]
    pub throughput: Option<u32>,
    /// MiB/s at which the snapshot is loaded, from 100 to 300.
    #[field(range = 100..=300)]
    pub volume_initialization_rate: Option<u32>,
    /// Size in gibibytes.
    pub volume_size: Option<Gibibytes>,
    /// Type.
    pub volume_type: Option<VolumeType>,
}

/// Whether instances can hibernate.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HibernationOptions {
    /// Whether they can.
    pub configured: bool,
}

/// Whether metrics come every minute.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Monitoring {
    /// Whether they do.
    #[field(default = false)]
    pub enabled: bool,
}

/// A license that is used.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LicenseSpecification {
    /// Its configuration.
    pub license_configuration_arn: AnyArn,
}

/// Where capacity is bought.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InstanceMarketOptions {
    /// Which market.
    pub market_type: Option<MarketType>,
    /// How spot capacity is bought.
    pub spot_options: Option<SpotOptions>,
}

/// Where capacity is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MarketType {
    /// In capacity blocks.
    CapacityBlock,
    /// In reservations that can be interrupted.
    InterruptibleCapacityReservation,
    /// On demand.
    OnDemand,
    /// What is left over.
    Spot,
}

/// How spot capacity is bought.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SpotOptions {
    /// What happens when it is taken back.
    pub instance_interruption_behavior: Option<InterruptionBehavior>,
    /// The most to be paid for an hour, in dollars; the on-demand price by default.
    pub max_price: Option<String>,
    /// Whether it is asked for again.
    pub spot_instance_type: Option<SpotInstanceType>,
    /// Until when it is asked for, in RFC 3339 and UTC.
    pub valid_until: Option<String>,
}

/// What happens when spot capacity is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum InterruptionBehavior {
    /// The instance hibernates.
    Hibernate,
    /// It stops.
    Stop,
    /// It is terminated.
    Terminate,
}

/// Whether spot capacity is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SpotInstanceType {
    /// Once.
    OneTime,
    /// Again and again.
    Persistent,
}

/// A network interface of instances.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LaunchedInterface {
    /// Whether it has an address of the carrier, in a Wavelength zone.
    pub associate_carrier_ip_address: Option<bool>,
    /// Whether it has a public IPv4 address.
    pub associate_public_ip_address: Option<bool>,
    /// When connections that say nothing are forgotten.
    pub connection_tracking_specification: Option<ConnectionTracking>,
    /// Whether it goes with the instance.
    pub delete_on_termination: Option<bool>,
    /// What it is for.
    pub description: Option<String>,
    /// Its place: the primary one has 0.
    pub device_index: Option<u32>,
    /// Elastic Network Adapter Express.
    pub ena_srd_specification: Option<EnaSrd>,
    /// `interface`, `efa` or `efa-only`.
    pub interface_type: Option<String>,
    /// How many further private IPv4 addresses it has.
    pub ipv4_address_count: Option<u32>,
    /// Further private IPv4 addresses.
    pub ipv4_addresses: BTreeSet<String>,
    /// How many IPv4 prefixes it has.
    pub ipv4_prefix_count: Option<u32>,
    /// IPv4 prefixes.
    pub ipv4_prefixes: BTreeSet<String>,
    /// How many IPv6 addresses it has.
    pub ipv6_address_count: Option<u32>,
    /// IPv6 addresses.
    pub ipv6_addresses: BTreeSet<String>,
    /// How many IPv6 prefixes it has.
    pub ipv6_prefix_count: Option<u32>,
    /// IPv6 prefixes.
    pub ipv6_prefixes: BTreeSet<String>,
    /// The card, where an instance has several.
    pub network_card_index: Option<u32>,
    /// One that is there already.
    pub network_interface_id: Option<NetworkInterfaceId>,
    /// Whether the first IPv6 address stays while the instance runs.
    pub primary_ipv6: Option<bool>,
    /// The private IPv4 address.
    pub private_ip_address: Option<String>,
    /// Security groups.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// The subnet.
    pub subnet_id: Option<SubnetId>,
}

/// When connections that say nothing are forgotten, in seconds.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ConnectionTracking {
    /// TCP.
    #[field(range = 60..=432_000)]
    pub tcp_established_timeout: Option<u32>,
    /// UDP in both directions.
    #[field(range = 60..=180)]
    pub udp_stream_timeout: Option<u32>,
    /// UDP in one direction.
    #[field(range = 30..=60)]
    pub udp_timeout: Option<u32>,
}

/// Elastic Network Adapter Express.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EnaSrd {
    /// Whether it is on.
    pub ena_srd_enabled: Option<bool>,
    /// For UDP.
    pub ena_srd_udp_specification: Option<EnaSrdUdp>,
}

/// Elastic Network Adapter Express for UDP.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EnaSrdUdp {
    /// Whether it is on.
    pub ena_srd_udp_enabled: Option<bool>,
}

/// How bandwidth is shared.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NetworkPerformanceOptions {
    /// What gets more.
    pub bandwidth_weighting: Option<BandwidthWeighting>,
}

/// What gets more bandwidth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum BandwidthWeighting {
    /// As the type has it.
    Default,
    /// The network.
    #[choice("vpc-1")]
    Vpc1,
    /// Volumes.
    #[choice("ebs-1")]
    Ebs1,
}

/// Where instances are put.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LaunchPlacement {
    /// Whether an instance on a dedicated host comes back to it: `default`, `host`.
    pub affinity: Option<String>,
    /// Availability zone.
    pub availability_zone: Option<String>,
    /// Placement group by id.
    pub group_id: Option<String>,
    /// Placement group by name.
    pub group_name: Option<String>,
    /// Dedicated host.
    pub host_id: Option<String>,
    /// Resource group of dedicated hosts.
    pub host_resource_group_arn: Option<AnyArn>,
    /// Partition of the placement group.
    pub partition_number: Option<u32>,
    /// Reserved by AWS.
    pub spread_domain: Option<String>,
    /// Whether the hardware is shared.
    pub tenancy: Option<PlacementTenancy>,
}

/// Whether hardware is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PlacementTenancy {
    /// It is.
    Default,
    /// With instances of this account alone.
    Dedicated,
    /// An own dedicated host.
    Host,
}

/// Tags of something that is made with an instance.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LaunchTagSpecification {
    /// `instance`, `volume`, `network-interface`, `spot-instances-request`.
    pub resource_type: String,
    /// Its tags.
    #[field(required)]
    pub tags: BTreeMap<String, String>,
}
