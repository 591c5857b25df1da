//! Blocks of a [`Group`](super::Group).

use std::collections::BTreeSet;

use infra_sdk::{Arn, Block, Choice, Seconds};

use crate::AnyArn;
use crate::ec2::{InstanceRequirements, LaunchTemplateId};
use crate::iam::Role;

/// A launch template, by id or by name. Just one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GroupLaunchTemplate {
    /// By id.
    #[field(computed)]
    pub id: Option<LaunchTemplateId>,
    /// By name.
    #[field(computed)]
    pub name: Option<String>,
    /// Version: a number, `$Latest` or `$Default`; left out, the default.
    #[field(computed)]
    pub version: Option<String>,
}

/// Several types of instances, on demand and spot.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MixedInstancesPolicy {
    /// The template and the types.
    pub launch_template: MixedLaunchTemplate,
    /// How much is on demand, and how types are chosen.
    #[field(computed)]
    pub instances_distribution: Option<InstancesDistribution>,
}

/// The template of several types of instances.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MixedLaunchTemplate {
    /// The template.
    pub launch_template_specification: MixedTemplateSpecification,
    /// The types, the best one first; at most 40.
    pub r#override: Vec<TypeOverride>,
}

/// A launch template, by id or by name. Just one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MixedTemplateSpecification {
    /// By id.
    #[field(computed)]
    pub launch_template_id: Option<LaunchTemplateId>,
    /// By name.
    #[field(computed)]
    pub launch_template_name: Option<String>,
    /// Version: a number, `$Latest` or `$Default`; left out, the default.
    #[field(computed)]
    pub version: Option<String>,
}

/// A type of instances. Just one of `instance_type` and `instance_requirements`.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TypeOverride {
    /// The type.
    pub instance_type: Option<String>,
    /// What the type must have, where none is named.
    pub instance_requirements: Option<InstanceRequirements>,
    /// Another template for this type.
    pub launch_template_specification: Option<MixedTemplateSpecification>,
    /// How much an instance counts, from 1 to 999.
    #[field(range = 1..=999)]
    pub weighted_capacity: Option<u32>,
}

/// How much is on demand, and how types are chosen.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InstancesDistribution {
    /// `prioritized`, or `lowest-price`.
    #[field(computed)]
    pub on_demand_allocation_strategy: Option<String>,
    /// Capacity that is on demand before anything is spot.
    #[field(computed)]
    pub on_demand_base_capacity: Option<u32>,
    /// Per cent of the rest that is on demand.
    #[field(computed, range = 0..=100)]
    pub on_demand_percentage_above_base_capacity: Option<u32>,
    /// `lowest-price`, `capacity-optimized`, `capacity-optimized-prioritized`,
    /// `price-capacity-optimized`.
    #[field(computed)]
    pub spot_allocation_strategy: Option<String>,
    /// Pools of spot capacity, from 1 to 20, with `lowest-price`.
    #[field(computed, range = 1..=20)]
    pub spot_instance_pools: Option<u32>,
    /// The most to be paid for an hour of spot capacity, in dollars; the on-demand price by default.
    #[field(computed)]
    pub spot_max_price: Option<String>,
}

/// Something that waits when instances come or go.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct LifecycleHook {
    /// Name, unique in the group, at most 255 characters.
    pub name: String,
    /// When it waits.
    pub lifecycle_transition: LifecycleTransition,
    /// What happens when nobody answered: `CONTINUE` or `ABANDON`.
    #[field(default = HookResult::Abandon)]
    pub default_result: HookResult,
    /// How long it waits, from 30 to 7,200 seconds.
    #[field(default = Seconds(3600), range = 30..=7_200)]
    pub heartbeat_timeout: Seconds,
    /// What is told besides.
    pub notification_metadata: Option<String>,
    /// The topic or queue that is told; left out, EventBridge alone is.
    pub notification_target_arn: Option<AnyArn>,
    /// The role that may tell it.
    pub role_arn: Option<Arn<Role>>,
}

/// When a hook waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LifecycleTransition {
    /// An instance comes.
    #[choice("autoscaling:EC2_INSTANCE_LAUNCHING")]
    Launching,
    /// An instance goes.
    #[choice("autoscaling:EC2_INSTANCE_TERMINATING")]
    Terminating,
}

/// What happens when a hook is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum HookResult {
    /// The instance goes on.
    #[choice("CONTINUE")]
    Continue,
    /// An instance that comes is ended.
    #[choice("ABANDON")]
    Abandon,
}

/// Where requests come from.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TrafficSource {
    /// ARN of a target group or of a service of VPC Lattice, or name of a classic load balancer.
    pub identifier: String,
    /// `elb`, `elbv2`, `vpc-lattice`.
    pub r#type: String,
}

/// How many instances there are while some are replaced, in per cent of what is desired.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InstanceMaintenancePolicy {
    /// The least that are healthy.
    #[field(range = 0..=100)]
    pub min_healthy_percentage: u32,
    /// The most that there are.
    #[field(range = 100..=200)]
    pub max_healthy_percentage: u32,
}

/// How instances are spread over zones.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ZoneDistribution {
    /// What happens where a zone has no capacity.
    #[field(default = DistributionStrategy::BalancedBestEffort)]
    pub capacity_distribution_strategy: DistributionStrategy,
}

/// What happens where a zone has no capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DistributionStrategy {
    /// It is tried again in that zone.
    BalancedOnly,
    /// Another zone is taken.
    BalancedBestEffort,
}

/// Which capacity reservations are used.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct GroupReservations {
    /// What is preferred.
    #[field(default = ReservationPreference::Default)]
    pub capacity_reservation_preference: ReservationPreference,
    /// Certain reservations: `cr-…`.
    pub capacity_reservation_ids: BTreeSet<String>,
    /// Resource groups of reservations.
    pub capacity_reservation_resource_group_arns: BTreeSet<AnyArn>,
}

/// Which capacity reservations are preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ReservationPreference {
    /// As the launch template says.
    Default,
    /// Nothing but reservations.
    CapacityReservationsOnly,
    /// Reservations before others.
    CapacityReservationsFirst,
    /// None.
    None,
}
