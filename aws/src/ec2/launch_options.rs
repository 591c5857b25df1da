//! Blocks that launch templates and instances share: how the machine is made.

use infra_sdk::{Arn, Block, Choice};

use super::HostnameType;
use crate::AnyArn;
use crate::iam::{InstanceProfile, InstanceProfileName};

/// Whether something is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum EnabledState {
    /// It is.
    Enabled,
    /// It is not.
    Disabled,
}

/// How the metadata service of instances answers. What is left out is AWS's or the image's choice.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MetadataOptions {
    /// Whether it answers.
    #[field(computed)]
    pub http_endpoint: Option<EnabledState>,
    /// Whether it wants a session token, which is version 2 of the service.
    #[field(computed)]
    pub http_tokens: Option<HttpTokens>,
    /// How many network hops an answer may take.
    #[field(computed, range = 1..=64)]
    pub http_put_response_hop_limit: Option<u32>,
    /// Whether it answers over IPv6.
    #[field(computed)]
    pub http_protocol_ipv6: Option<EnabledState>,
    /// Whether it tells the instance's tags.
    #[field(computed)]
    pub instance_metadata_tags: Option<EnabledState>,
}

/// Whether the metadata service wants a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum HttpTokens {
    /// It answers without, too.
    Optional,
    /// It does.
    Required,
}

/// Cores and threads of the processor.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CpuOptions {
    /// Cores.
    #[field(computed, range = 1..=512)]
    pub core_count: Option<u32>,
    /// Threads of a core.
    #[field(computed, range = 1..=2)]
    pub threads_per_core: Option<u32>,
    /// Whether memory is encrypted by AMD SEV-SNP.
    #[field(computed)]
    pub amd_sev_snp: Option<EnabledState>,
    /// Whether virtual machines can run inside.
    #[field(computed)]
    pub nested_virtualization: Option<EnabledState>,
}

/// What a burstable instance does when its credits are used up.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CreditSpecification {
    /// What it does.
    #[field(computed)]
    pub cpu_credits: Option<CpuCredits>,
}

/// What a burstable instance does when its credits are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CpuCredits {
    /// It is slower.
    Standard,
    /// It goes on, for money.
    Unlimited,
}

/// Which capacity reservations are used.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CapacityReservationSpecification {
    /// Whether reservations that are open are used.
    #[field(computed)]
    pub capacity_reservation_preference: Option<CapacityReservationPreference>,
    /// One that is used.
    pub capacity_reservation_target: Option<CapacityReservationTarget>,
}

/// Whether capacity reservations that are open are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CapacityReservationPreference {
    /// Nothing but reservations is.
    CapacityReservationsOnly,
    /// They are not.
    None,
    /// They are.
    Open,
}

/// A capacity reservation, or a group of them. Just one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CapacityReservationTarget {
    /// The reservation: `cr-…`.
    pub capacity_reservation_id: Option<String>,
    /// A resource group of reservations.
    pub capacity_reservation_resource_group_arn: Option<AnyArn>,
}

/// What the host name is made from, and which queries for it are answered.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PrivateDnsNameOptions {
    /// What it is made from.
    #[field(computed)]
    pub hostname_type: Option<HostnameType>,
    /// Answer queries for resource names with A records.
    #[field(computed)]
    pub enable_resource_name_dns_a_record: Option<bool>,
    /// Answer queries for resource names with AAAA records.
    #[field(computed)]
    pub enable_resource_name_dns_aaaa_record: Option<bool>,
}

/// What happens when the hardware fails.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MaintenanceOptions {
    /// Whether the instance is moved to other hardware.
    #[field(computed)]
    pub auto_recovery: Option<AutoRecovery>,
}

/// Whether an instance is moved to other hardware when its own fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AutoRecovery {
    /// Where AWS can.
    Default,
    /// Never.
    Disabled,
}

/// Whether Nitro enclaves can be made.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EnclaveOptions {
    /// Whether they can.
    #[field(default = false)]
    pub enabled: bool,
}

/// What happens when an instance is shut down from inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ShutdownBehavior {
    /// It stops.
    Stop,
    /// It is terminated.
    Terminate,
}

/// Types of EBS volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum VolumeType {
    /// Magnetic, of the first kind.
    Standard,
    /// Provisioned operations.
    Io1,
    /// Provisioned operations, durable.
    Io2,
    /// General, whose speed grows with its size.
    Gp2,
    /// Cold magnetic.
    Sc1,
    /// Magnetic for throughput.
    St1,
    /// General.
    Gp3,
}

/// The profile that gives a role to the instances of a template. Just one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InstanceProfileRef {
    /// By ARN.
    pub arn: Option<Arn<InstanceProfile>>,
    /// By name.
    pub name: Option<InstanceProfileName>,
}

/// Rules of a capacity reservation specification.
pub(super) fn check_reservation(rules: &mut crate::rules::Rules<'_>) {
    rules.blocks("capacity_reservation_target", |rules| {
        rules.exactly_one(&["capacity_reservation_id", "capacity_reservation_resource_group_arn"]);
    });
    if rules.has("capacity_reservation_target") {
        let preference = rules.text("capacity_reservation_preference");
        if preference.is_some_and(|word| word != "capacity-reservations-only") {
            let message = "must be `capacity-reservations-only`, or left out, with a target";
            rules.refuse("capacity_reservation_preference", message);
        }
    }
}

/// Rules of a volume: what its type has. Source: EC2 API Reference, CreateVolume.
pub(super) fn check_volume(rules: &mut crate::rules::Rules<'_>, size: &str, kind: &str) {
    let Some(word) = rules.text(kind) else { return };
    let (sizes, operations) = match word {
        "gp2" => ((1, 16_384), None),
        "gp3" => ((1, 65_536), Some((3_000, 80_000))),
        "io1" => ((4, 16_384), Some((100, 64_000))),
        "io2" => ((4, 65_536), Some((100, 256_000))),
        "st1" | "sc1" => ((125, 16_384), None),
        "standard" => ((1, 1_024), None),
        _ => return,
    };
    let within = |(least, most): (i64, i64), number: i64| (least..=most).contains(&number);
    if let Some(number) = rules.number(size)
        && !within(sizes, number)
    {
        let (least, most) = sizes;
        rules.refuse(size, format!("must be between {least} and {most} for `{word}`"));
    }
    match operations {
        None => rules.without(&["iops"], &format!("for a volume of type `{word}`")),
        Some(range) => {
            if let Some(number) = rules.number("iops")
                && !within(range, number)
            {
                let (least, most) = range;
                rules.refuse("iops", format!("must be between {least} and {most} for `{word}`"));
            }
            if word != "gp3" {
                rules.required(&["iops"], &format!("for a volume of type `{word}`"));
            }
        }
    }
    if word != "gp3" {
        rules.without(&["throughput"], &format!("for a volume of type `{word}`"));
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Object, Value};

    use super::*;
    use crate::rules::Rules;

    #[test]
    fn volumes_have_what_their_type_has() {
        let check = |kind: &str, given: &[(&str, i64)]| {
            let kind = ("volume_type".to_owned(), Value::from(kind));
            let given =
                given.iter().map(|(name, number)| ((*name).to_owned(), Value::Int(*number)));
            let inputs: Object = given.chain([kind]).collect();
            let mut rules = Rules::new(&inputs);
            check_volume(&mut rules, "volume_size", "volume_type");
            rules.finish().into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        assert_eq!(check("gp3", &[("volume_size", 20), ("throughput", 250)]), [""; 0]);
        assert_eq!(check("gp2", &[("iops", 300), ("throughput", 250)]), ["iops", "throughput"]);
        assert_eq!(check("io2", &[("volume_size", 2)]), ["volume_size", "iops"]);
        assert_eq!(check("gp3", &[("iops", 100)]), ["iops"]);
    }
}
