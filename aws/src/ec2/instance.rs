//! An EC2 instance. What can be changed of a stopped instance alone (its type, its user data) is changed
//! by stopping it, and starting it where it ran. New user data is not run by an instance that ran before:
//! `user_data_replace_on_change` makes another instance instead.
//!
//! Volumes of `ebs_block_device` are those that the instance is made with; what is attached later
//! (`aws_volume_attachment`) is left alone.
//!
//! API: RunInstances, DescribeInstances, DescribeInstanceAttribute, DescribeVolumes,
//! DescribeInstanceCreditSpecifications, ModifyInstanceAttribute, ModifyInstanceMetadataOptions,
//! ModifyInstanceCreditSpecification, ModifyInstanceMaintenanceOptions, ModifyPrivateDnsNameOptions,
//! ModifyInstanceCapacityReservationAttributes, MonitorInstances, UnmonitorInstances,
//! AssociateIamInstanceProfile, ReplaceIamInstanceProfileAssociation,
//! DisassociateIamInstanceProfile, DescribeIamInstanceProfileAssociations, ModifyVolume,
//! AssignPrivateIpAddresses, UnassignPrivateIpAddresses, StopInstances, StartInstances,
//! TerminateInstances.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Gibibytes, Object, Outputs, Resource, Tags};

use super::launch_options::{
    CapacityReservationSpecification, CpuOptions, CreditSpecification, EnclaveOptions,
    MaintenanceOptions, MetadataOptions, PrivateDnsNameOptions, ShutdownBehavior, VolumeType,
    check_reservation, check_volume,
};
use super::launch_template_blocks::{InstanceMarketOptions, PlacementTenancy};
use super::{
    ImageId, InstanceId, LaunchTemplateId, NetworkInterfaceId, SecurityGroupId, SnapshotId,
    SubnetId, VolumeId, VpcId,
};
use crate::iam::InstanceProfileName;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// A virtual machine.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_instance", outputs = InstanceOutputs, validate = validate)]
pub struct Instance {
    /// The image. Required without a launch template.
    #[field(force_new, computed)]
    pub ami: Option<ImageId>,
    /// The type: `t3.micro`. Required without a launch template. A change stops the instance.
    #[field(computed)]
    pub instance_type: Option<String>,
    /// The launch template, of which what is given here takes the place.
    #[field(force_new, write_only)]
    pub launch_template: Option<InstanceLaunchTemplate>,
    /// The subnet; one of the default VPC by default.
    #[field(force_new, computed)]
    pub subnet_id: Option<SubnetId>,
    /// Security groups; the VPC's default group where none is named.
    #[field(computed)]
    pub vpc_security_group_ids: BTreeSet<SecurityGroupId>,
    /// Whether it gets a public IPv4 address; as the subnet says by default.
    #[field(force_new, computed, write_only)]
    pub associate_public_ip_address: Option<bool>,
    /// Private IPv4 address.
    #[field(force_new, computed)]
    pub private_ip: Option<String>,
    /// Further private IPv4 addresses.
    #[field(computed)]
    pub secondary_private_ips: BTreeSet<String>,
    /// How many IPv6 addresses it gets.
    #[field(force_new, computed)]
    pub ipv6_address_count: Option<u32>,
    /// IPv6 addresses.
    #[field(force_new, computed)]
    pub ipv6_addresses: BTreeSet<String>,
    /// A network interface that is there already, as the primary one.
    #[field(force_new, computed)]
    pub primary_network_interface: Option<PrimaryInterface>,
    /// Whether it takes and sends packets of its own addresses alone.
    #[field(computed)]
    pub source_dest_check: Option<bool>,
    /// Availability zone, such as `us-west-2a`.
    #[field(force_new, computed)]
    pub availability_zone: Option<String>,
    /// Whether the hardware is shared.
    #[field(force_new, computed)]
    pub tenancy: Option<PlacementTenancy>,
    /// Placement group by name.
    #[field(force_new, computed)]
    pub placement_group: Option<String>,
    /// Partition of the placement group.
    #[field(force_new, computed)]
    pub placement_partition_number: Option<u32>,
    /// Dedicated host.
    #[field(force_new, computed)]
    pub host_id: Option<String>,
    /// The profile that gives it a role, by name.
    pub iam_instance_profile: Option<InstanceProfileName>,
    /// The key pair to sign in with, by name.
    #[field(force_new, computed)]
    pub key_name: Option<String>,
    /// What it runs when it starts for the first time; at most 16 KiB. A change stops the instance.
    #[field(computed, force_new_if = "user_data_replace_on_change")]
    pub user_data: Option<String>,
    /// The same in Base64, where it is no text.
    #[field(computed, force_new_if = "user_data_replace_on_change")]
    pub user_data_base64: Option<String>,
    /// Whether a change of the user data replaces the instance.
    #[field(default = false, write_only)]
    pub user_data_replace_on_change: bool,
    /// The volume that it starts from.
    #[field(computed)]
    pub root_block_device: Option<RootBlockDevice>,
    /// Further volumes that it is made with.
    #[field(force_new, computed)]
    pub ebs_block_device: Vec<InstanceVolume>,
    /// Tags of all volumes that it is made with.
    #[field(computed)]
    pub volume_tags: BTreeMap<String, String>,
    /// Whether it has bandwidth for EBS alone. A change stops the instance.
    #[field(computed)]
    pub ebs_optimized: Option<bool>,
    /// How the metadata service answers.
    #[field(computed)]
    pub metadata_options: Option<MetadataOptions>,
    /// What a burstable instance does when its credits are used up.
    #[field(computed)]
    pub credit_specification: Option<CreditSpecification>,
    /// Cores and threads.
    #[field(force_new, computed)]
    pub cpu_options: Option<CpuOptions>,
    /// Which capacity reservations are used.
    #[field(computed)]
    pub capacity_reservation_specification: Option<CapacityReservationSpecification>,
    /// Whether Nitro enclaves can be made.
    #[field(force_new, computed)]
    pub enclave_options: Option<EnclaveOptions>,
    /// Whether it can hibernate.
    #[field(force_new, computed)]
    pub hibernation: Option<bool>,
    /// Spot capacity.
    #[field(force_new, write_only)]
    pub instance_market_options: Option<InstanceMarketOptions>,
    /// What happens when the hardware fails.
    #[field(computed)]
    pub maintenance_options: Option<MaintenanceOptions>,
    /// What its host name is made from.
    #[field(computed)]
    pub private_dns_name_options: Option<PrivateDnsNameOptions>,
    /// What happens when it is shut down from inside.
    #[field(computed)]
    pub instance_initiated_shutdown_behavior: Option<ShutdownBehavior>,
    /// Whether metrics come every minute.
    #[field(computed)]
    pub monitoring: Option<bool>,
    /// Whether the API cannot stop it.
    #[field(computed)]
    pub disable_api_stop: Option<bool>,
    /// Whether the API cannot terminate it.
    #[field(computed)]
    pub disable_api_termination: Option<bool>,
    /// Whether it is deleted although the API cannot terminate or stop it.
    #[field(default = false, write_only)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// A launch template, by id or by name. Just one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InstanceLaunchTemplate {
    /// By id.
    pub id: Option<LaunchTemplateId>,
    /// By name.
    pub name: Option<String>,
    /// Version: a number, `$Latest` or `$Default`, which is taken where none is named.
    pub version: Option<String>,
}

/// A network interface that is there already.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PrimaryInterface {
    /// The interface.
    pub network_interface_id: NetworkInterfaceId,
}

/// The volume that an instance starts from. Encryption cannot be changed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RootBlockDevice {
    /// Whether it goes with the instance.
    #[field(default = true)]
    pub delete_on_termination: bool,
    /// Whether it is encrypted.
    #[field(computed)]
    pub encrypted: Option<bool>,
    /// Operations a second.
    #[field(computed)]
    pub iops: Option<u32>,
    /// Key that encrypts it.
    #[field(computed)]
    pub kms_key_id: Option<KeyRef>,
    /// MiB/s of a volume of type `gp3`.
    #[field(computed, range = 125..=2_000)]
    pub throughput: Option<u32>,
    /// Size in gibibytes, which can but grow.
    #[field(computed)]
    pub volume_size: Option<Gibibytes>,
    /// Type.
    #[field(computed)]
    pub volume_type: Option<VolumeType>,
}

/// A further volume.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InstanceVolume {
    /// Name of the device: `/dev/sdb`.
    pub device_name: String,
    /// Whether it goes with the instance.
    #[field(default = true)]
    pub delete_on_termination: bool,
    /// Whether it is encrypted.
    #[field(computed)]
    pub encrypted: Option<bool>,
    /// Operations a second.
    #[field(computed)]
    pub iops: Option<u32>,
    /// Key that encrypts it.
    #[field(computed)]
    pub kms_key_id: Option<KeyRef>,
    /// The snapshot that it begins with.
    #[field(computed)]
    pub snapshot_id: Option<SnapshotId>,
    /// MiB/s of a volume of type `gp3`.
    #[field(computed, range = 125..=2_000)]
    pub throughput: Option<u32>,
    /// Size in gibibytes.
    #[field(computed)]
    pub volume_size: Option<Gibibytes>,
    /// Type.
    #[field(computed)]
    pub volume_type: Option<VolumeType>,
}

/// What AWS assigns to an [`Instance`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct InstanceOutputs {
    /// The instance's id.
    pub id: InstanceId,
    /// The instance's ARN.
    pub arn: Arn<Instance>,
    /// `running`, `stopped`, or on its way.
    pub instance_state: String,
    /// Its primary network interface.
    pub primary_network_interface_id: Option<NetworkInterfaceId>,
    /// Private DNS name.
    pub private_dns: Option<String>,
    /// Public DNS name.
    pub public_dns: Option<String>,
    /// Public IPv4 address.
    pub public_ip: Option<String>,
    /// The volume that it starts from.
    pub root_volume_id: Option<VolumeId>,
    /// The VPC of the subnet.
    pub vpc_id: Option<VpcId>,
}

/// Source: EC2 API Reference, RunInstances.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if !rules.has("launch_template") {
        rules.required(&["ami", "instance_type"], "without `launch_template`");
    }
    rules.blocks("launch_template", |rules| rules.exactly_one(&["id", "name"]));
    if rules.has("root_block_device") {
        rules.required(&["ami"], "with `root_block_device`: its device is known by the image");
    }
    if rules.text("ami").is_some_and(|ami| !ami.starts_with("ami-")) {
        rules.refuse("ami", "must be an id: look the parameter up before");
    }
    rules.at_most_one(&["user_data", "user_data_base64"]);
    if rules.text("user_data").is_some_and(|data| data.len() > 16_384) {
        rules.refuse("user_data", "must have at most 16,384 bytes");
    }
    rules.at_most_one(&["ipv6_address_count", "ipv6_addresses"]);
    if rules.has("primary_network_interface") {
        let of_interface = [
            "subnet_id",
            "vpc_security_group_ids",
            "associate_public_ip_address",
            "private_ip",
            "secondary_private_ips",
            "ipv6_address_count",
            "ipv6_addresses",
            "source_dest_check",
        ];
        rules.without(&of_interface, "with `primary_network_interface`, which has its own");
    }
    rules.ipv4("private_ip");
    rules.blocks("capacity_reservation_specification", check_reservation);
    rules.blocks("root_block_device", |rules| check_volume(rules, "volume_size", "volume_type"));
    rules.blocks("ebs_block_device", |rules| check_volume(rules, "volume_size", "volume_type"));
    rules.blocks("instance_market_options", |rules| {
        if rules.text("market_type").is_some_and(|market| market != "spot") {
            rules.without(&["spot_options"], "unless the market is `spot`");
        }
    });
    let root = inputs.get("root_block_device").and_then(infra_sdk::Value::as_map);
    let encrypted = root.and_then(|root| root.get("encrypted"));
    if rules.is_true("hibernation") && encrypted.is_some_and(|on| on.as_bool() == Some(false)) {
        rules.refuse("root_block_device.encrypted", "must be `true` with `hibernation`");
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn an_instance_has_an_image_and_a_type_or_a_template() {
        let check = |given: &[(&str, Value)]| {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let inputs: Object = inputs.collect();
            validate(&inputs).into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let base = [("ami", Value::from("ami-1")), ("instance_type", Value::from("t3.micro"))];
        assert_eq!(check(&base), [""; 0]);
        assert_eq!(check(&base[..1]), ["instance_type"]);
        let template = Object::from([("id".to_owned(), Value::from("lt-1"))]);
        assert_eq!(check(&[("launch_template", Value::Map(template))]), [""; 0]);
        let both = [("user_data", Value::from("a")), ("user_data_base64", Value::from("YQ=="))];
        assert_eq!(check(&[&base[..], &both].concat()), ["user_data_base64"]);
        let eni = Object::from([("network_interface_id".to_owned(), Value::from("eni-1"))]);
        let interface = [
            ("primary_network_interface", Value::Map(eni)),
            ("subnet_id", Value::from("subnet-1")),
        ];
        assert_eq!(check(&[&base[..], &interface].concat()), ["subnet_id"]);
    }
}
