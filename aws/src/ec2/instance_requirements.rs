//! What instance types must have, where no type is named: for launch templates and Auto Scaling
//! groups.

use std::collections::BTreeSet;

use infra_sdk::Block;

use crate::rules::Rules;

/// What instance types must have, where no type is named.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InstanceRequirements {
    /// Virtual processors.
    pub vcpu_count: RequiredCount,
    /// Memory in mebibytes.
    pub memory_mib: RequiredCount,
    /// Memory for each virtual processor, in gibibytes.
    pub memory_gib_per_vcpu: Option<AmountRange>,
    /// Accelerators; a most of 0 excludes types that have some.
    pub accelerator_count: Option<CountRange>,
    /// `amazon-web-services`, `amd`, `habana`, `nvidia`, `xilinx`.
    pub accelerator_manufacturers: BTreeSet<String>,
    /// `a100`, `h100`, `inferentia`, `k80`, `t4`, `v100` and others.
    pub accelerator_names: BTreeSet<String>,
    /// Memory of the accelerators in mebibytes.
    pub accelerator_total_memory_mib: Option<CountRange>,
    /// `fpga`, `gpu`, `inference`, `media`.
    pub accelerator_types: BTreeSet<String>,
    /// Instance types that alone are taken, with `*` as a wildcard; at most 400.
    pub allowed_instance_types: BTreeSet<String>,
    /// Instance types that are not taken, with `*` as a wildcard; at most 400.
    pub excluded_instance_types: BTreeSet<String>,
    /// Whether bare metal is taken: `included`, `required`, `excluded`.
    pub bare_metal: Option<String>,
    /// Bandwidth to EBS in Mbit/s.
    pub baseline_ebs_bandwidth_mbps: Option<CountRange>,
    /// Whether burstable types are taken: `included`, `required`, `excluded`.
    pub burstable_performance: Option<String>,
    /// `amazon-web-services`, `amd`, `apple`, `intel`.
    pub cpu_manufacturers: BTreeSet<String>,
    /// `current`, `previous`.
    pub instance_generations: BTreeSet<String>,
    /// Whether types with storage of their own are taken: `included`, `required`, `excluded`.
    pub local_storage: Option<String>,
    /// `hdd`, `ssd`.
    pub local_storage_types: BTreeSet<String>,
    /// Storage of their own, in gigabytes.
    pub total_local_storage_gb: Option<AmountRange>,
    /// Network bandwidth in Gbit/s.
    pub network_bandwidth_gbps: Option<AmountRange>,
    /// Network interfaces.
    pub network_interface_count: Option<CountRange>,
    /// Whether they must be able to hibernate.
    #[field(default = false)]
    pub require_hibernate_support: bool,
    /// The most that on-demand capacity may cost, in per cent over the cheapest type that fits.
    pub on_demand_max_price_percentage_over_lowest_price: Option<u32>,
    /// The most that spot capacity may cost, in per cent over the cheapest type that fits.
    pub spot_max_price_percentage_over_lowest_price: Option<u32>,
    /// The most that spot capacity may cost, in per cent of the on-demand price.
    pub max_spot_price_as_percentage_of_optimal_on_demand_price: Option<u32>,
}

/// A number from, and possibly to.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RequiredCount {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: Option<u32>,
}

/// A whole number between bounds.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CountRange {
    /// The least.
    pub min: Option<u32>,
    /// The most.
    pub max: Option<u32>,
}

/// A number between bounds.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AmountRange {
    /// The least.
    pub min: Option<f64>,
    /// The most.
    pub max: Option<f64>,
}

/// Rules of the block. Source: EC2 API Reference, InstanceRequirementsRequest.
pub(crate) fn check(rules: &mut Rules<'_>) {
    rules.at_most_one(&["allowed_instance_types", "excluded_instance_types"]);
    rules.at_most_one(&[
        "spot_max_price_percentage_over_lowest_price",
        "max_spot_price_as_percentage_of_optimal_on_demand_price",
    ]);
    for name in ["bare_metal", "burstable_performance", "local_storage"] {
        let words = ["included", "required", "excluded"];
        one_of(rules, name, rules.text(name).into_iter().collect(), &words);
    }
    let lists: [(&str, &[&str]); 5] = [
        (
            "accelerator_manufacturers",
            &["amazon-web-services", "amd", "habana", "nvidia", "xilinx"],
        ),
        ("accelerator_types", &["fpga", "gpu", "inference", "media"]),
        ("cpu_manufacturers", &["amazon-web-services", "amd", "apple", "intel"]),
        ("instance_generations", &["current", "previous"]),
        ("local_storage_types", &["hdd", "ssd"]),
    ];
    for (name, words) in lists {
        one_of(rules, name, rules.texts(name), words);
    }
    for name in ["allowed_instance_types", "excluded_instance_types"] {
        let count = rules.texts(name).len();
        if count > 400 {
            rules.refuse(name, format!("must be at most 400, not {count}"));
        }
    }
    for name in [
        "vcpu_count",
        "memory_mib",
        "accelerator_count",
        "accelerator_total_memory_mib",
        "baseline_ebs_bandwidth_mbps",
        "network_interface_count",
    ] {
        rules.blocks(name, |rules| rules.ordered("min", "max"));
    }
}

fn one_of(rules: &mut Rules<'_>, name: &str, given: Vec<&str>, words: &[&str]) {
    if let Some(odd) = given.into_iter().find(|word| !words.contains(word)) {
        rules.refuse(name, format!("must be one of {}, not `{odd}`", words.join(", ")));
    }
}

/// Conversions to and from the types of a service's SDK: each has types of its own with the same
/// fields. The names are those of the types that it takes, that it
/// shows, and that has the number of processors.
#[cfg(feature = "provider")]
macro_rules! conversions {
    ($types:ident, $request:ident, $answer:ident, $processors:ident) => {
        use $crate::ec2::instance_requirements::{
            AmountRange, CountRange, InstanceRequirements, RequiredCount,
        };

        fn whole(number: u32) -> i32 {
            i32::try_from(number).unwrap_or(i32::MAX)
        }

        fn natural(number: i32) -> u32 {
            u32::try_from(number).unwrap_or_default()
        }

        /// The requirements as the service takes them.
        pub(crate) fn write(want: &InstanceRequirements) -> $types::$request {
            macro_rules! list {
                ($field:ident, $item:ident) => {
                    (!want.$field.is_empty()).then(|| {
                        want.$field.iter().map(|word| $types::$item::from(word.as_str())).collect()
                    })
                };
            }
            let texts = |texts: &std::collections::BTreeSet<String>| {
                (!texts.is_empty()).then(|| texts.iter().cloned().collect())
            };
            macro_rules! range {
                ($field:ident, $item:ident) => {
                    want.$field.as_ref().map(|range| {
                        let range = (range.min.map(whole), range.max.map(whole));
                        $types::$item::builder().set_min(range.0).set_max(range.1).build()
                    })
                };
            }
            macro_rules! amounts {
                ($field:ident, $item:ident) => {
                    want.$field.as_ref().map(|range| {
                        $types::$item::builder().set_min(range.min).set_max(range.max).build()
                    })
                };
            }
            macro_rules! required {
                ($field:ident, $item:ident) => {
                    $types::$item::builder()
                        .min(whole(want.$field.min))
                        .set_max(want.$field.max.map(whole))
                        .build()
                };
            }
            $types::$request::builder()
                .v_cpu_count(required!(vcpu_count, $processors))
                .memory_mib(required!(memory_mib, MemoryMiBRequest))
                .set_memory_gib_per_v_cpu(amounts!(memory_gib_per_vcpu, MemoryGiBPerVCpuRequest))
                .set_accelerator_count(range!(accelerator_count, AcceleratorCountRequest))
                .set_accelerator_total_memory_mib(range!(
                    accelerator_total_memory_mib,
                    AcceleratorTotalMemoryMiBRequest
                ))
                .set_baseline_ebs_bandwidth_mbps(range!(
                    baseline_ebs_bandwidth_mbps,
                    BaselineEbsBandwidthMbpsRequest
                ))
                .set_network_bandwidth_gbps(amounts!(
                    network_bandwidth_gbps,
                    NetworkBandwidthGbpsRequest
                ))
                .set_network_interface_count(range!(
                    network_interface_count,
                    NetworkInterfaceCountRequest
                ))
                .set_total_local_storage_gb(amounts!(
                    total_local_storage_gb,
                    TotalLocalStorageGbRequest
                ))
                .require_hibernate_support(want.require_hibernate_support)
                .set_cpu_manufacturers(list!(cpu_manufacturers, CpuManufacturer))
                .set_instance_generations(list!(instance_generations, InstanceGeneration))
                .set_local_storage_types(list!(local_storage_types, LocalStorageType))
                .set_accelerator_types(list!(accelerator_types, AcceleratorType))
                .set_accelerator_names(list!(accelerator_names, AcceleratorName))
                .set_accelerator_manufacturers(list!(
                    accelerator_manufacturers,
                    AcceleratorManufacturer
                ))
                .set_allowed_instance_types(texts(&want.allowed_instance_types))
                .set_excluded_instance_types(texts(&want.excluded_instance_types))
                .set_bare_metal(want.bare_metal.as_deref().map($types::BareMetal::from))
                .set_burstable_performance(
                    want.burstable_performance.as_deref().map($types::BurstablePerformance::from),
                )
                .set_local_storage(want.local_storage.as_deref().map($types::LocalStorage::from))
                .set_on_demand_max_price_percentage_over_lowest_price(
                    want.on_demand_max_price_percentage_over_lowest_price.map(whole),
                )
                .set_spot_max_price_percentage_over_lowest_price(
                    want.spot_max_price_percentage_over_lowest_price.map(whole),
                )
                .set_max_spot_price_as_percentage_of_optimal_on_demand_price(
                    want.max_spot_price_as_percentage_of_optimal_on_demand_price.map(whole),
                )
                .build()
        }

        /// The requirements as the service shows them.
        pub(crate) fn see(wire: $types::$answer) -> $crate::prelude::Result<InstanceRequirements> {
            macro_rules! list {
                ($field:ident) => {
                    wire.$field
                        .unwrap_or_default()
                        .iter()
                        .map(|word| word.as_str().to_owned())
                        .collect()
                };
            }
            macro_rules! range {
                ($field:ident) => {
                    wire.$field.map(|range| CountRange {
                        min: range.min.map(natural),
                        max: range.max.map(natural),
                    })
                };
            }
            macro_rules! amounts {
                ($field:ident) => {
                    wire.$field.map(|range| AmountRange { min: range.min, max: range.max })
                };
            }
            macro_rules! required {
                ($field:ident, $name:literal) => {{
                    let range = wire.$field.ok_or_else(|| $crate::prelude::missing($name))?;
                    RequiredCount {
                        min: range.min.map(natural).unwrap_or_default(),
                        max: range.max.map(natural),
                    }
                }};
            }
            Ok(InstanceRequirements {
                vcpu_count: required!(v_cpu_count, "VCpuCount"),
                memory_mib: required!(memory_mib, "MemoryMiB"),
                memory_gib_per_vcpu: amounts!(memory_gib_per_v_cpu),
                accelerator_count: range!(accelerator_count),
                accelerator_manufacturers: list!(accelerator_manufacturers),
                accelerator_names: list!(accelerator_names),
                accelerator_total_memory_mib: range!(accelerator_total_memory_mib),
                accelerator_types: list!(accelerator_types),
                allowed_instance_types: list!(allowed_instance_types),
                excluded_instance_types: list!(excluded_instance_types),
                bare_metal: wire.bare_metal.map(|word| word.as_str().to_owned()),
                baseline_ebs_bandwidth_mbps: range!(baseline_ebs_bandwidth_mbps),
                burstable_performance: wire
                    .burstable_performance
                    .map(|word| word.as_str().to_owned()),
                cpu_manufacturers: list!(cpu_manufacturers),
                instance_generations: list!(instance_generations),
                local_storage: wire.local_storage.map(|word| word.as_str().to_owned()),
                local_storage_types: list!(local_storage_types),
                total_local_storage_gb: amounts!(total_local_storage_gb),
                network_bandwidth_gbps: amounts!(network_bandwidth_gbps),
                network_interface_count: range!(network_interface_count),
                require_hibernate_support: wire.require_hibernate_support.unwrap_or(false),
                on_demand_max_price_percentage_over_lowest_price: wire
                    .on_demand_max_price_percentage_over_lowest_price
                    .map(natural),
                spot_max_price_percentage_over_lowest_price: wire
                    .spot_max_price_percentage_over_lowest_price
                    .map(natural),
                max_spot_price_as_percentage_of_optimal_on_demand_price: wire
                    .max_spot_price_as_percentage_of_optimal_on_demand_price
                    .map(natural),
            })
        }
    };
}
#[cfg(feature = "provider")]
pub(crate) use conversions;

/// For EC2.
#[cfg(feature = "provider")]
pub(super) mod wire {
    use aws_sdk_ec2::types;

    super::conversions!(
        types,
        InstanceRequirementsRequest,
        InstanceRequirements,
        VCpuCountRangeRequest
    );
}
