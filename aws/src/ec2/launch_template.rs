//! A launch template: what instances are made from. Every change makes a new version, and the newest
//! version is what is read; which version is the default is set apart.
//!
//! API: CreateLaunchTemplate, CreateLaunchTemplateVersion, DescribeLaunchTemplates,
//! DescribeLaunchTemplateVersions, ModifyLaunchTemplate, DeleteLaunchTemplate.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, BlockSet, Object, Outputs, Resource, Tags};

use super::instance_requirements::{self, InstanceRequirements};
use super::launch_options::{
    CapacityReservationSpecification, CpuOptions, CreditSpecification, EnclaveOptions,
    InstanceProfileRef, MaintenanceOptions, MetadataOptions, PrivateDnsNameOptions,
    ShutdownBehavior, check_reservation, check_volume,
};
use super::launch_template_blocks::{
    BlockDeviceMapping, HibernationOptions, InstanceMarketOptions, LaunchPlacement,
    LaunchTagSpecification, LaunchedInterface, LicenseSpecification, Monitoring,
    NetworkPerformanceOptions,
};
use super::{ImageId, LaunchTemplateId, SecurityGroupId};
use crate::rules::{NameRule, Rules, wrong_length};

/// What instances are made from.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_launch_template", outputs = LaunchTemplateOutputs, validate = validate)]
pub struct LaunchTemplate {
    /// Name, unique in the region, from 3 to 128 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made, at most 102 characters.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What the newest version is for, at most 255 characters.
    pub description: Option<String>,
    /// The version that is used where none is named; the first at the beginning. Not together with
    /// `update_default_version`.
    #[field(computed, range = 1..=2_147_483_647)]
    pub default_version: Option<u32>,
    /// Whether each new version becomes the default.
    #[field(default = false, write_only)]
    pub update_default_version: bool,
    /// Volumes besides those of the image, or instead of them.
    pub block_device_mappings: BlockSet<BlockDeviceMapping>,
    /// Which capacity reservations are used.
    pub capacity_reservation_specification: Option<CapacityReservationSpecification>,
    /// Cores and threads.
    pub cpu_options: Option<CpuOptions>,
    /// What a burstable instance does when its credits are used up.
    pub credit_specification: Option<CreditSpecification>,
    /// Whether the API cannot stop instances.
    pub disable_api_stop: Option<bool>,
    /// Whether the API cannot terminate instances.
    pub disable_api_termination: Option<bool>,
    /// Whether instances have bandwidth for EBS alone, where their type leaves the choice.
    pub ebs_optimized: Option<bool>,
    /// Whether Nitro enclaves can be made.
    pub enclave_options: Option<EnclaveOptions>,
    /// Whether instances can hibernate.
    pub hibernation_options: Option<HibernationOptions>,
    /// The profile that gives instances a role.
    pub iam_instance_profile: Option<InstanceProfileRef>,
    /// The image.
    pub image_id: Option<ImageId>,
    /// What happens when an instance is shut down from inside.
    pub instance_initiated_shutdown_behavior: Option<ShutdownBehavior>,
    /// Spot capacity.
    pub instance_market_options: Option<InstanceMarketOptions>,
    /// What the type must have, where none is named.
    pub instance_requirements: Option<InstanceRequirements>,
    /// The type: `t3.micro`.
    pub instance_type: Option<String>,
    /// Kernel of an old image.
    pub kernel_id: Option<String>,
    /// The key pair to sign in with, by name.
    pub key_name: Option<String>,
    /// Licenses that are used.
    pub license_specification: BlockSet<LicenseSpecification>,
    /// What happens when the hardware fails.
    pub maintenance_options: Option<MaintenanceOptions>,
    /// How the metadata service answers.
    #[field(computed)]
    pub metadata_options: Option<MetadataOptions>,
    /// Whether metrics come every minute.
    pub monitoring: Option<Monitoring>,
    /// Network interfaces. Their groups and subnets take the place of those of the instance.
    pub network_interfaces: Vec<LaunchedInterface>,
    /// How bandwidth is shared.
    pub network_performance_options: Option<NetworkPerformanceOptions>,
    /// Where instances are put.
    pub placement: Option<LaunchPlacement>,
    /// What host names are made from.
    pub private_dns_name_options: Option<PrivateDnsNameOptions>,
    /// RAM disk of an old image.
    pub ram_disk_id: Option<String>,
    /// Security groups by name, in a default VPC.
    pub security_group_names: BTreeSet<String>,
    /// Security groups.
    pub vpc_security_group_ids: BTreeSet<SecurityGroupId>,
    /// Tags of what is made from the template.
    pub tag_specifications: BlockSet<LaunchTagSpecification>,
    /// What instances run when they start for the first time, in Base64; at most 16 KiB before that.
    pub user_data: Option<String>,
    /// Tags of the template itself.
    pub tags: Tags,
}

/// What AWS assigns to a [`LaunchTemplate`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct LaunchTemplateOutputs {
    /// The template's id.
    pub id: LaunchTemplateId,
    /// The template's ARN.
    pub arn: Arn<LaunchTemplate>,
    /// The newest version.
    pub latest_version: u32,
}

/// Source: EC2 API Reference, CreateLaunchTemplate.
const NAMES: NameRule = NameRule {
    shortest: 3,
    longest: 128,
    allows: |c| c.is_ascii_alphanumeric() || "().-/_".contains(c),
    characters: "letters, digits and ( ) . - / _",
};

/// Source: EC2 API Reference, CreateLaunchTemplate and RequestLaunchTemplateData.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAMES);
    if let Some(wrong) = rules.text("description").and_then(|text| wrong_length(text, 0, 255)) {
        rules.refuse("description", wrong);
    }
    if rules.is_true("update_default_version") {
        rules.without(&["default_version"], "with `update_default_version`");
    }
    rules.at_most_one(&["instance_type", "instance_requirements"]);
    rules.at_most_one(&["security_group_names", "vpc_security_group_ids"]);
    rules.blocks("instance_requirements", instance_requirements::check);
    rules.blocks("iam_instance_profile", |rules| rules.exactly_one(&["arn", "name"]));
    rules.blocks("capacity_reservation_specification", check_reservation);
    if rules.has("network_interfaces") {
        let groups = ["security_group_names", "vpc_security_group_ids"];
        rules.without(&groups, "with `network_interfaces`: give them to the interfaces");
    }
    rules.blocks("block_device_mappings", |rules| {
        if rules.has("no_device") {
            rules.without(&["ebs", "virtual_name"], "with `no_device`");
        }
        rules.blocks("ebs", |rules| {
            check_volume(rules, "volume_size", "volume_type");
            let encrypted = rules.is_true("encrypted") || rules.may_be_true("encrypted");
            if !encrypted && !rules.has("snapshot_id") {
                rules.without(&["kms_key_id"], "without `encrypted`");
            }
        });
    });
    rules.blocks("network_interfaces", |rules| {
        rules.at_most_one(&["ipv4_addresses", "ipv4_address_count"]);
        rules.at_most_one(&["ipv4_prefixes", "ipv4_prefix_count"]);
        rules.at_most_one(&["ipv6_addresses", "ipv6_address_count"]);
        rules.at_most_one(&["ipv6_prefixes", "ipv6_prefix_count"]);
        rules.ipv4("private_ip_address");
    });
    rules.blocks("placement", |rules| {
        rules.at_most_one(&["host_id", "host_resource_group_arn"]);
    });
    rules.blocks("instance_market_options", |rules| {
        if rules.text("market_type").is_some_and(|market| market != "spot") {
            rules.without(&["spot_options"], "unless the market is `spot`");
        }
    });
    let is_base64 = |text: &str| {
        let text = text.trim_end_matches('=');
        text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/\r\n".contains(&b))
    };
    if rules.text("user_data").is_some_and(|data| !is_base64(data)) {
        rules.refuse("user_data", "must be Base64");
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn arguments_that_exclude_one_another_are_refused() {
        let check = |given: &[(&str, Value)]| {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let inputs: Object = inputs.collect();
            validate(&inputs).into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let text = |name: &'static str, text: &str| (name, Value::from(text));
        assert_eq!(check(&[text("name", "web"), text("user_data", "aGVsbG8=")]), [""; 0]);
        assert_eq!(check(&[text("user_data", "#!/bin/sh")]), ["user_data"]);
        assert_eq!(check(&[text("name", "w b")]), ["name"]);
        let newest = ("update_default_version", Value::Bool(true));
        assert_eq!(check(&[newest, ("default_version", Value::Int(1))]), ["default_version"]);
        let both = Object::from([
            ("arn".to_owned(), Value::from("arn:aws:iam::1:instance-profile/a")),
            ("name".to_owned(), Value::from("a")),
        ]);
        assert_eq!(
            check(&[("iam_instance_profile", Value::Map(both))]),
            ["iam_instance_profile.name"]
        );
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Gibibytes, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::launch_options::{EnabledState, HttpTokens, VolumeType};
    use crate::ec2::launch_template_blocks::EbsBlockDevice;
    use crate::ec2::{SecurityGroup, Vpc};

    fn template(stack: &mut Stack, name: &str, changed: bool) {
        let cidr = "10.0.0.0/16".parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr));
        let group = stack.add("group", SecurityGroup::new().vpc_id(vpc.id()).name(name));
        let volume = EbsBlockDevice::new()
            .volume_size(Gibibytes(if changed { 40 } else { 20 }))
            .volume_type(VolumeType::Gp3)
            .iops(3000_u32)
            .throughput(250_u32)
            .encrypted(true)
            .delete_on_termination(true);
        let metadata = MetadataOptions::new()
            .http_endpoint(EnabledState::Enabled)
            .http_tokens(HttpTokens::Required)
            .http_put_response_hop_limit(2_u32);
        let tags = BTreeMap::from([("Name", name)]);
        let template = LaunchTemplate::new()
            .name(format!("{name}-web"))
            .description(if changed { "second" } else { "first" })
            .image_id(ImageId::new("ami-12c6146b"))
            .instance_type(if changed { "t3.small" } else { "t3.micro" })
            .vpc_security_group_ids([group.id()])
            .block_device_mappings([BlockDeviceMapping::new().device_name("/dev/xvda").ebs(volume)])
            .metadata_options(metadata)
            .monitoring(Monitoring::new().enabled(true))
            .tag_specifications([LaunchTagSpecification::new("instance", tags)])
            .user_data("IyEvYmluL3NoCg==")
            .update_default_version(changed);
        stack.add("it", template.tag("Name", if changed { "two" } else { "one" }));
    }

    conforms!(
        aws_launch_template,
        Fixture {
            base: |stack, name| template(stack, name, false),
            update: Some(|stack, name| template(stack, name, true)),
            replace: Some(|stack, name| {
                let cidr = "10.0.0.0/16".parse::<Ipv4Net>().expect("a CIDR");
                let vpc = stack.add("vpc", Vpc::new(cidr));
                stack.add("group", SecurityGroup::new().vpc_id(vpc.id()).name(name));
                stack.add("it", LaunchTemplate::new().name_prefix(format!("{name}-")));
            }),
            gaps: &[],
        }
    );
}
