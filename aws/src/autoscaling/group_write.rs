//! Groups as Auto Scaling takes them.

use aws_sdk_autoscaling::types::{
    AvailabilityZoneDistribution, CapacityDistributionStrategy, CapacityReservationPreference,
    CapacityReservationSpecification, CapacityReservationTarget,
    InstanceMaintenancePolicy as WireMaintenance, InstancesDistribution as WireDistribution,
    LaunchTemplate as WireTemplate, LaunchTemplateOverrides, LaunchTemplateSpecification,
    LifecycleHookSpecification, MixedInstancesPolicy as WireMixed, Tag, TrafficSourceIdentifier,
};
use infra_sdk::Tags;

use super::group::Group;
use super::group_blocks::{
    GroupLaunchTemplate, GroupReservations, InstanceMaintenancePolicy, InstancesDistribution,
    LifecycleHook, MixedInstancesPolicy, MixedTemplateSpecification, TrafficSource, TypeOverride,
    ZoneDistribution,
};
use crate::prelude::*;

/// What instance types must have, for Auto Scaling.
pub(super) mod requirements {
    use aws_sdk_autoscaling::types;

    crate::ec2::instance_requirements::conversions!(
        types,
        InstanceRequirements,
        InstanceRequirements,
        VCpuCountRequest
    );
}

/// The subnets, as one text.
pub(super) fn subnets(want: &Group) -> Option<String> {
    let ids: Vec<_> = want.vpc_zone_identifier.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| ids.join(","))
}

/// The members of a set; `None` where there are none.
pub(super) fn all<T: ToString>(members: impl IntoIterator<Item = T>) -> Option<Vec<String>> {
    let members: Vec<_> = members.into_iter().map(|member| member.to_string()).collect();
    (!members.is_empty()).then_some(members)
}

/// Tags of a group, of which some are for its instances too.
pub(super) fn tags(group: &str, tags: &Tags, at_launch: impl Fn(&str) -> bool) -> Vec<Tag> {
    tags.0.iter().map(|(key, value)| tag(group, key, Some(value), at_launch(key))).collect()
}

/// A tag of a group.
pub(super) fn tag(group: &str, key: &str, value: Option<&str>, at_launch: bool) -> Tag {
    Tag::builder()
        .resource_id(group)
        .resource_type("auto-scaling-group")
        .key(key)
        .set_value(value.map(str::to_owned))
        .propagate_at_launch(at_launch)
        .build()
}

/// A launch template by id or name. AWS refuses both, and shows both.
pub(super) fn template(want: &GroupLaunchTemplate) -> LaunchTemplateSpecification {
    let id = want.id.as_ref().map(ToString::to_string);
    let name = want.name.clone().filter(|_| id.is_none());
    LaunchTemplateSpecification::builder()
        .set_launch_template_id(id)
        .set_launch_template_name(name)
        .set_version(want.version.clone())
        .build()
}

fn specification(want: &MixedTemplateSpecification) -> LaunchTemplateSpecification {
    let id = want.launch_template_id.as_ref().map(ToString::to_string);
    let name = want.launch_template_name.clone().filter(|_| id.is_none());
    LaunchTemplateSpecification::builder()
        .set_launch_template_id(id)
        .set_launch_template_name(name)
        .set_version(want.version.clone())
        .build()
}

pub(super) fn mixed(want: &MixedInstancesPolicy) -> WireMixed {
    let overrides: Vec<_> = want.launch_template.r#override.iter().map(type_override).collect();
    let template = WireTemplate::builder()
        .launch_template_specification(specification(
            &want.launch_template.launch_template_specification,
        ))
        .set_overrides(Some(overrides))
        .build();
    WireMixed::builder()
        .launch_template(template)
        .set_instances_distribution(want.instances_distribution.as_ref().map(distribution))
        .build()
}

fn type_override(want: &TypeOverride) -> LaunchTemplateOverrides {
    LaunchTemplateOverrides::builder()
        .set_instance_type(want.instance_type.clone())
        .set_weighted_capacity(want.weighted_capacity.map(|weight| weight.to_string()))
        .set_launch_template_specification(
            want.launch_template_specification.as_ref().map(specification),
        )
        .set_instance_requirements(want.instance_requirements.as_ref().map(requirements::write))
        .build()
}

fn distribution(want: &InstancesDistribution) -> WireDistribution {
    let above = want.on_demand_percentage_above_base_capacity;
    WireDistribution::builder()
        .set_on_demand_allocation_strategy(want.on_demand_allocation_strategy.clone())
        .set_on_demand_base_capacity(want.on_demand_base_capacity.map(number))
        .set_on_demand_percentage_above_base_capacity(above.map(number))
        .set_spot_allocation_strategy(want.spot_allocation_strategy.clone())
        .set_spot_instance_pools(want.spot_instance_pools.map(number))
        .set_spot_max_price(want.spot_max_price.clone())
        .build()
}

pub(super) fn hook(want: &LifecycleHook) -> LifecycleHookSpecification {
    LifecycleHookSpecification::builder()
        .lifecycle_hook_name(&want.name)
        .lifecycle_transition(want.lifecycle_transition.as_str())
        .default_result(want.default_result.as_str())
        .heartbeat_timeout(number(want.heartbeat_timeout.0))
        .set_notification_metadata(want.notification_metadata.clone())
        .set_notification_target_arn(want.notification_target_arn.as_ref().map(|a| a.to_string()))
        .set_role_arn(want.role_arn.as_ref().map(ToString::to_string))
        .build()
}

pub(super) fn traffic(want: &TrafficSource) -> TrafficSourceIdentifier {
    TrafficSourceIdentifier::builder().identifier(&want.identifier).r#type(&want.r#type).build()
}

/// Without a policy the service wants -1 for both.
pub(super) fn maintenance(want: Option<&InstanceMaintenancePolicy>) -> WireMaintenance {
    let (least, most) = want.map_or((-1, -1), |policy| {
        (number(policy.min_healthy_percentage), number(policy.max_healthy_percentage))
    });
    WireMaintenance::builder().min_healthy_percentage(least).max_healthy_percentage(most).build()
}

pub(super) fn zones(want: &ZoneDistribution) -> AvailabilityZoneDistribution {
    let strategy = want.capacity_distribution_strategy.as_str();
    AvailabilityZoneDistribution::builder()
        .capacity_distribution_strategy(CapacityDistributionStrategy::from(strategy))
        .build()
}

pub(super) fn reservations(want: &GroupReservations) -> CapacityReservationSpecification {
    let ids = all(&want.capacity_reservation_ids);
    let groups = all(&want.capacity_reservation_resource_group_arns);
    let target = (ids.is_some() || groups.is_some()).then(|| {
        CapacityReservationTarget::builder()
            .set_capacity_reservation_ids(ids)
            .set_capacity_reservation_resource_group_arns(groups)
            .build()
    });
    let preference = want.capacity_reservation_preference.as_str();
    CapacityReservationSpecification::builder()
        .capacity_reservation_preference(CapacityReservationPreference::from(preference))
        .set_capacity_reservation_target(target)
        .build()
}
