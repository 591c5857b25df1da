//! Groups as Auto Scaling shows them.

use aws_sdk_autoscaling::types::{
    AutoScalingGroup as Wire, CapacityReservationPreference, CapacityReservationSpecification,
    InstanceMaintenancePolicy as WireMaintenance, InstancesDistribution as WireDistribution,
    LaunchTemplateOverrides, LaunchTemplateSpecification, LifecycleState,
    MixedInstancesPolicy as WireMixed, TagDescription,
};
use infra_sdk::{Arn, BlockSet, DecodeError, FieldType, Object, Seconds, Tags};

use super::group::{Group, GroupOutputs};
use super::group_blocks::{
    GroupLaunchTemplate, GroupReservations, InstanceMaintenancePolicy, InstancesDistribution,
    MixedInstancesPolicy, MixedLaunchTemplate, MixedTemplateSpecification, ReservationPreference,
    TrafficSource, TypeOverride, ZoneDistribution,
};
use super::group_write::requirements;
use crate::AnyArn;
use crate::ec2::{LaunchTemplateId, SubnetId};
use crate::frame::error::decode;
use crate::frame::names::prefix_of;
use crate::prelude::*;

fn natural(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The tags of an answer.
pub(super) fn tags_of(tags: &Option<Vec<TagDescription>>) -> Tags {
    let tags = tags.iter().flatten();
    let pair = |tag: &TagDescription| Some((tag.key.clone()?, tag.value.clone()?));
    Tags(tags.filter_map(pair).collect())
}

/// A group. Settings of ours and hooks are as they were recorded.
pub(super) fn see(wire: Wire, recorded: &Object) -> Result<Seen<Group>> {
    let ready = wire.instances.iter().flatten().filter(|instance| {
        instance.lifecycle_state == Some(LifecycleState::InService)
            && instance.health_status.as_deref() == Some("Healthy")
    });
    let in_service = u32::try_from(ready.count()).unwrap_or(u32::MAX);
    let name = wire.auto_scaling_group_name.ok_or_else(|| missing("AutoScalingGroupName"))?;
    let outputs = GroupOutputs {
        id: name.clone(),
        arn: wire
            .auto_scaling_group_arn
            .map(Arn::new)
            .ok_or_else(|| missing("AutoScalingGroupARN"))?,
        in_service,
        status: filled(wire.status),
    };
    let size = |size: Option<i32>, field: &str| size.map(natural).ok_or_else(|| missing(field));
    let launched = wire.tags.iter().flatten().filter(|tag| tag.propagate_at_launch == Some(true));
    let zones = wire.availability_zone_distribution.and_then(|z| z.capacity_distribution_strategy);
    let reservations = wire.capacity_reservation_specification.map(reservations).transpose()?;
    let metrics = wire.enabled_metrics.unwrap_or_default().into_iter();
    let suspended = wire.suspended_processes.unwrap_or_default().into_iter();
    let sources = wire.traffic_sources.unwrap_or_default().into_iter();
    let subnets = wire.vpc_zone_identifier.unwrap_or_default();
    let groups = wire.target_group_arns.unwrap_or_default().into_iter();
    let inputs = Group {
        min_size: size(wire.min_size, "MinSize")?,
        max_size: size(wire.max_size, "MaxSize")?,
        name_prefix: prefix_of(&name),
        name: Some(name),
        desired_capacity: wire.desired_capacity.map(natural),
        desired_capacity_type: filled(wire.desired_capacity_type),
        launch_template: wire.launch_template.map(template),
        mixed_instances_policy: wire.mixed_instances_policy.map(mixed).transpose()?,
        vpc_zone_identifier: subnets
            .split(',')
            .filter(|id| !id.is_empty())
            .map(SubnetId::new)
            .collect(),
        availability_zones: wire.availability_zones.unwrap_or_default().into_iter().collect(),
        availability_zone_distribution: zones
            .map(|word| parsed(Some(word.as_str()), "CapacityDistributionStrategy"))
            .transpose()?
            .map(|word| ZoneDistribution { capacity_distribution_strategy: word }),
        capacity_reservation_specification: reservations,
        capacity_rebalance: wire.capacity_rebalance.unwrap_or(false),
        context: filled(wire.context),
        default_cooldown: wire.default_cooldown.map(natural),
        default_instance_warmup: wire
            .default_instance_warmup
            .and_then(|seconds| u32::try_from(seconds).ok()),
        enabled_metrics: metrics.filter_map(|metric| metric.metric).collect(),
        health_check_type: filled(wire.health_check_type),
        health_check_grace_period: wire.health_check_grace_period.map(natural).unwrap_or_default(),
        initial_lifecycle_hook: BlockSet(Vec::new()),
        instance_maintenance_policy: wire.instance_maintenance_policy.and_then(maintenance),
        load_balancers: wire.load_balancer_names.unwrap_or_default().into_iter().collect(),
        target_group_arns: groups.map(Arn::new).collect(),
        traffic_source: BlockSet(
            sources
                .filter_map(|source| {
                    Some(TrafficSource { identifier: source.identifier?, r#type: source.r#type? })
                })
                .collect(),
        ),
        max_instance_lifetime: wire
            .max_instance_lifetime
            .filter(|seconds| *seconds != 0)
            .map(|seconds| Seconds(natural(seconds))),
        placement_group: filled(wire.placement_group),
        protect_from_scale_in: wire.new_instances_protected_from_scale_in.unwrap_or(false),
        service_linked_role_arn: wire.service_linked_role_arn.map(Arn::new),
        suspended_processes: suspended.filter_map(|process| process.process_name).collect(),
        termination_policies: wire.termination_policies.unwrap_or_default(),
        propagate_at_launch: launched.filter_map(|tag| tag.key.clone()).collect(),
        wait_for_capacity: true,
        force_delete: false,
        tags: tags_of(&wire.tags),
    };
    Ok(Seen::new(remembered(inputs, recorded).map_err(|error| decode(&error))?, outputs))
}

/// What no answer has: settings of ours, and hooks.
fn remembered(inputs: Group, recorded: &Object) -> std::result::Result<Group, DecodeError> {
    let flag =
        |name: &str, otherwise: bool| recorded.get(name).map_or(Ok(otherwise), bool::from_value);
    Ok(Group {
        wait_for_capacity: flag("wait_for_capacity", true)?,
        force_delete: flag("force_delete", false)?,
        initial_lifecycle_hook: recorded
            .get("initial_lifecycle_hook")
            .map_or_else(|| Ok(BlockSet::default()), BlockSet::from_value)?,
        ..inputs
    })
}

fn template(wire: LaunchTemplateSpecification) -> GroupLaunchTemplate {
    GroupLaunchTemplate {
        id: wire.launch_template_id.map(LaunchTemplateId::new),
        name: wire.launch_template_name,
        version: wire.version,
    }
}

fn specification(wire: LaunchTemplateSpecification) -> MixedTemplateSpecification {
    MixedTemplateSpecification {
        launch_template_id: wire.launch_template_id.map(LaunchTemplateId::new),
        launch_template_name: wire.launch_template_name,
        version: wire.version,
    }
}

fn mixed(wire: WireMixed) -> Result<MixedInstancesPolicy> {
    let template = wire.launch_template.ok_or_else(|| missing("LaunchTemplate"))?;
    let named = template.launch_template_specification;
    let overrides = template.overrides.unwrap_or_default().into_iter().map(type_override);
    Ok(MixedInstancesPolicy {
        launch_template: MixedLaunchTemplate {
            launch_template_specification: named
                .map(specification)
                .ok_or_else(|| missing("LaunchTemplateSpecification"))?,
            r#override: overrides.collect::<Result<_>>()?,
        },
        instances_distribution: wire.instances_distribution.map(distribution),
    })
}

fn type_override(wire: LaunchTemplateOverrides) -> Result<TypeOverride> {
    let weight = filled(wire.weighted_capacity);
    Ok(TypeOverride {
        instance_type: wire.instance_type,
        instance_requirements: wire.instance_requirements.map(requirements::see).transpose()?,
        launch_template_specification: wire.launch_template_specification.map(specification),
        weighted_capacity: weight
            .map(|weight| parsed(Some(&weight), "WeightedCapacity"))
            .transpose()?,
    })
}

fn distribution(wire: WireDistribution) -> InstancesDistribution {
    InstancesDistribution {
        on_demand_allocation_strategy: wire.on_demand_allocation_strategy,
        on_demand_base_capacity: wire.on_demand_base_capacity.map(natural),
        on_demand_percentage_above_base_capacity: wire
            .on_demand_percentage_above_base_capacity
            .map(natural),
        spot_allocation_strategy: wire.spot_allocation_strategy,
        spot_instance_pools: wire.spot_instance_pools.map(natural),
        spot_max_price: filled(wire.spot_max_price),
    }
}

/// A policy that was taken away is shown as -1 or not at all.
fn maintenance(wire: WireMaintenance) -> Option<InstanceMaintenancePolicy> {
    Some(InstanceMaintenancePolicy {
        min_healthy_percentage: wire.min_healthy_percentage.and_then(|n| u32::try_from(n).ok())?,
        max_healthy_percentage: wire.max_healthy_percentage.and_then(|n| u32::try_from(n).ok())?,
    })
}

fn reservations(wire: CapacityReservationSpecification) -> Result<GroupReservations> {
    let preference = wire.capacity_reservation_preference.as_ref();
    let preference = preference.map(CapacityReservationPreference::as_str);
    let (ids, groups) = wire.capacity_reservation_target.map_or((None, None), |target| {
        (target.capacity_reservation_ids, target.capacity_reservation_resource_group_arns)
    });
    Ok(GroupReservations {
        capacity_reservation_preference: preference
            .map_or(Ok(ReservationPreference::Default), |word| {
                parsed(Some(word), "CapacityReservationPreference")
            })?,
        capacity_reservation_ids: ids.unwrap_or_default().into_iter().collect(),
        capacity_reservation_resource_group_arns: groups
            .unwrap_or_default()
            .into_iter()
            .map(AnyArn::new)
            .collect(),
    })
}
