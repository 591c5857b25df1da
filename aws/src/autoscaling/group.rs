//! An Auto Scaling group: instances of a launch template, as many as are desired, in several zones.
//! Without launch configurations, instance refreshes and warm pools; hooks are those that the group
//! is made with and that this resource changes, never read.
//!
//! A group that is not deleted by force is emptied first, and goes when its instances are gone.
//!
//! API: CreateAutoScalingGroup, UpdateAutoScalingGroup, DescribeAutoScalingGroups,
//! DeleteAutoScalingGroup, CreateOrUpdateTags, DeleteTags, AttachLoadBalancerTargetGroups,
//! DetachLoadBalancerTargetGroups, AttachLoadBalancers, DetachLoadBalancers, AttachTrafficSources,
//! DetachTrafficSources, SuspendProcesses, ResumeProcesses, EnableMetricsCollection,
//! DisableMetricsCollection, PutLifecycleHook, DeleteLifecycleHook.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, BlockSet, Object, Outputs, Resource, Seconds, Tags};

use super::group_blocks::{
    GroupLaunchTemplate, GroupReservations, InstanceMaintenancePolicy, LifecycleHook,
    MixedInstancesPolicy, TrafficSource, ZoneDistribution,
};
use crate::ec2::SubnetId;
use crate::ec2::instance_requirements;
use crate::elbv2::TargetGroup;
use crate::iam::Role;
use crate::rules::{NameRule, Rules};

/// Instances that are replaced and that grow and shrink.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_autoscaling_group", outputs = GroupOutputs, validate = validate)]
pub struct Group {
    /// Least capacity.
    #[field(range = 0..=2_147_483_647)]
    pub min_size: u32,
    /// Most capacity.
    #[field(range = 0..=2_147_483_647)]
    pub max_size: u32,
    /// Name, unique in the region, at most 255 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Capacity that is desired; left out, what policies make of it, and the least at first.
    #[field(computed)]
    pub desired_capacity: Option<u32>,
    /// What capacity counts: `units`, `vcpu`, `memory-mib`.
    #[field(computed)]
    pub desired_capacity_type: Option<String>,
    /// The template of instances. Just one of this and `mixed_instances_policy`.
    pub launch_template: Option<GroupLaunchTemplate>,
    /// Several types of instances, on demand and spot.
    pub mixed_instances_policy: Option<MixedInstancesPolicy>,
    /// Subnets. Just one of this and `availability_zones`.
    #[field(computed)]
    pub vpc_zone_identifier: BTreeSet<SubnetId>,
    /// Zones, of the default VPC.
    #[field(computed)]
    pub availability_zones: BTreeSet<String>,
    /// How instances are spread over zones.
    #[field(computed)]
    pub availability_zone_distribution: Option<ZoneDistribution>,
    /// Which capacity reservations are used.
    #[field(computed)]
    pub capacity_reservation_specification: Option<GroupReservations>,
    /// Whether spot capacity that is about to go is replaced before.
    #[field(default = false)]
    pub capacity_rebalance: bool,
    /// Reserved by AWS.
    pub context: Option<String>,
    /// Seconds between two activities of simple policies; 300 by default.
    #[field(computed)]
    pub default_cooldown: Option<u32>,
    /// Seconds until a new instance counts in metrics.
    pub default_instance_warmup: Option<u32>,
    /// Metrics of the group that are collected: `GroupDesiredCapacity` and others.
    pub enabled_metrics: BTreeSet<String>,
    /// What says that an instance is healthy: `EC2`, `ELB`, `EBS`, `VPC_LATTICE`, with commas.
    #[field(computed)]
    pub health_check_type: Option<String>,
    /// Seconds that a new instance has before its health counts.
    #[field(default = 300, range = 0..=2_147_483_647)]
    pub health_check_grace_period: u32,
    /// Hooks that the group is made with.
    #[field(write_only)]
    pub initial_lifecycle_hook: BlockSet<LifecycleHook>,
    /// How many instances there are while some are replaced.
    pub instance_maintenance_policy: Option<InstanceMaintenancePolicy>,
    /// Classic load balancers, by name.
    #[field(computed)]
    pub load_balancers: BTreeSet<String>,
    /// Target groups that instances are registered with.
    #[field(computed)]
    pub target_group_arns: BTreeSet<Arn<TargetGroup>>,
    /// Where requests come from, of any kind. Not together with `load_balancers` and
    /// `target_group_arns`.
    #[field(computed)]
    pub traffic_source: BlockSet<TrafficSource>,
    /// Seconds after which an instance is replaced, at least a day.
    #[field(range = 86_400..=31_536_000)]
    pub max_instance_lifetime: Option<Seconds>,
    /// Placement group by name.
    pub placement_group: Option<String>,
    /// Whether new instances are kept when the group shrinks.
    #[field(default = false)]
    pub protect_from_scale_in: bool,
    /// Role by which the service works; its own by default.
    #[field(computed)]
    pub service_linked_role_arn: Option<Arn<Role>>,
    /// What the group does not do for now: `Launch`, `Terminate`, `HealthCheck`,
    /// `ReplaceUnhealthy`, `AZRebalance`, `AlarmNotification`, `ScheduledActions`,
    /// `AddToLoadBalancer`, `InstanceRefresh`.
    pub suspended_processes: BTreeSet<String>,
    /// Which instances go first when the group shrinks: `OldestInstance`, `Default` and others.
    #[field(computed)]
    pub termination_policies: Vec<String>,
    /// Keys of the tags that instances get too.
    pub propagate_at_launch: BTreeSet<String>,
    /// Whether the group is ready only when its instances are in service and healthy.
    #[field(default = true, write_only)]
    pub wait_for_capacity: bool,
    /// Whether the group is deleted with its instances, without waiting for hooks.
    #[field(default = false, write_only)]
    pub force_delete: bool,
    /// Tags of the group.
    pub tags: Tags,
}

/// What AWS assigns to a [`Group`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct GroupOutputs {
    /// The group's name.
    pub id: String,
    /// The group's ARN.
    pub arn: Arn<Group>,
    /// Instances that are in service and healthy.
    pub in_service: u32,
    /// Set while the group is being deleted.
    pub status: Option<String>,
}

/// Source: Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| !c.is_control() && c != ':',
    characters: "printable characters without colons",
};

const PROCESSES: &[&str] = &[
    "AZRebalance",
    "AddToLoadBalancer",
    "AlarmNotification",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

/// Source: Amazon EC2 Auto Scaling API Reference, CreateAutoScalingGroup.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAMES);
    rules.ordered("min_size", "max_size");
    rules.ordered("min_size", "desired_capacity");
    if let (Some(desired), Some(most)) =
        (rules.number("desired_capacity"), rules.number("max_size"))
        && desired > most
    {
        rules.refuse("desired_capacity", format!("must not be more than `max_size`, {most}"));
    }
    rules.exactly_one(&["launch_template", "mixed_instances_policy"]);
    rules.exactly_one(&["vpc_zone_identifier", "availability_zones"]);
    if rules.has("traffic_source") {
        rules.without(&["load_balancers", "target_group_arns"], "with `traffic_source`");
    }
    rules.blocks("launch_template", |rules| rules.exactly_one(&["id", "name"]));
    rules.blocks("mixed_instances_policy", check_mixed);
    if let Some(odd) =
        rules.texts("suspended_processes").into_iter().find(|p| !PROCESSES.contains(p))
    {
        let all = PROCESSES.join(", ");
        rules.refuse("suspended_processes", format!("must be among {all}, not `{odd}`"));
    }
    rules.blocks("initial_lifecycle_hook", |rules| {
        if rules.has("notification_target_arn") != rules.has("role_arn") {
            let given = if rules.has("role_arn") { "role_arn" } else { "notification_target_arn" };
            let other = if rules.has("role_arn") { "notification_target_arn" } else { "role_arn" };
            rules.required(&[other], &format!("with `{given}`"));
        }
    });
    rules.finish()
}

fn check_mixed(rules: &mut Rules<'_>) {
    let by_id_or_name = |rules: &mut Rules<'_>| {
        rules.exactly_one(&["launch_template_id", "launch_template_name"]);
    };
    rules.blocks("launch_template", |rules| {
        rules.blocks("launch_template_specification", by_id_or_name);
        let count = rules.maps("override").len();
        if count > 40 {
            rules.refuse("override", format!("must be at most 40, not {count}"));
        }
        rules.blocks("override", |rules| {
            rules.at_most_one(&["instance_type", "instance_requirements"]);
            rules.blocks("launch_template_specification", by_id_or_name);
            rules.blocks("instance_requirements", instance_requirements::check);
        });
    });
    rules.blocks("instances_distribution", |rules| {
        let spot = rules.text("spot_allocation_strategy");
        if spot.is_some_and(|strategy| strategy != "lowest-price") {
            rules.without(&["spot_instance_pools"], "unless the strategy is `lowest-price`");
        }
    });
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_group_has_one_template_and_one_place() {
        let check = |given: &[(&str, Value)]| {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let inputs: Object = inputs.collect();
            validate(&inputs).into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let template = Object::from([("id".to_owned(), Value::from("lt-1"))]);
        let base = [
            ("launch_template", Value::Map(template)),
            ("vpc_zone_identifier", Value::List(vec![Value::from("subnet-1")])),
            ("min_size", Value::Int(1)),
            ("max_size", Value::Int(3)),
        ];
        assert_eq!(check(&base), [""; 0]);
        assert_eq!(check(&base[1..]), ["launch_template"]);
        let too_many = [&base[..], &[("desired_capacity", Value::Int(4))]].concat();
        assert_eq!(check(&too_many), ["desired_capacity"]);
        let few = [&base[..], &[("desired_capacity", Value::Int(0))]].concat();
        assert_eq!(check(&few), ["desired_capacity"]);
        let odd = Value::List(vec![Value::from("Sleep")]);
        assert_eq!(
            check(&[&base[..], &[("suspended_processes", odd)]].concat()),
            ["suspended_processes"]
        );
    }
}
