//! Changes of [`Group`]s.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::Tag;
use infra_sdk::provider::{Failure, FailureClass};

use super::group::Group;
use super::group_blocks::{LifecycleHook, TrafficSource};
use super::group_handler::list;
use super::group_write::{
    all, maintenance, mixed, reservations, subnets, tag, template, traffic, zones,
};
use crate::prelude::*;

/// What UpdateAutoScalingGroup takes.
const SETTINGS: &[&str] = &[
    "availability_zone_distribution",
    "availability_zones",
    "capacity_rebalance",
    "capacity_reservation_specification",
    "context",
    "default_cooldown",
    "default_instance_warmup",
    "desired_capacity",
    "desired_capacity_type",
    "health_check_grace_period",
    "health_check_type",
    "instance_maintenance_policy",
    "launch_template",
    "max_instance_lifetime",
    "max_size",
    "min_size",
    "mixed_instances_policy",
    "placement_group",
    "protect_from_scale_in",
    "service_linked_role_arn",
    "termination_policies",
    "vpc_zone_identifier",
];

/// Changes a group.
pub(super) async fn update(
    aws: &Aws,
    id: &str,
    want: &Group,
    was: &Group,
    changed: &Changed,
) -> Result<()> {
    if changed.any(SETTINGS) {
        settings(aws, id, want, changed).await?;
    }
    if changed.has("target_group_arns") {
        let texts =
            |group: &Group| group.target_group_arns.iter().map(ToString::to_string).collect();
        target_groups(aws, id, texts(was), texts(want)).await?;
    }
    if changed.has("load_balancers") {
        load_balancers(aws, id, &was.load_balancers, &want.load_balancers).await?;
    }
    if changed.has("traffic_source") {
        traffic_sources(aws, id, was, want).await?;
    }
    if changed.has("suspended_processes") {
        processes(aws, id, &was.suspended_processes, &want.suspended_processes).await?;
    }
    if changed.has("enabled_metrics") {
        metrics(aws, id, &was.enabled_metrics, &want.enabled_metrics).await?;
    }
    if changed.has("initial_lifecycle_hook") {
        hooks(aws, id, &was.initial_lifecycle_hook.0, &want.initial_lifecycle_hook.0).await?;
    }
    if changed.has("propagate_at_launch") {
        propagate(aws, id, &want.propagate_at_launch).await?;
    }
    Ok(())
}

/// What was taken away is told in the service's words for "none".
async fn settings(aws: &Aws, id: &str, want: &Group, changed: &Changed) -> Result<()> {
    let has = |name: &str| changed.has(name);
    let text =
        |name: &str, text: &Option<String>| has(name).then(|| text.clone().unwrap_or_default());
    let lifetime = want.max_instance_lifetime.map_or(0, |time| number(time.0));
    let warmup = want.default_instance_warmup.map_or(-1, number);
    let policy = want.instance_maintenance_policy.as_ref();
    let zone_spread = want.availability_zone_distribution.as_ref().map(zones);
    let reserved = want.capacity_reservation_specification.as_ref().map(reservations);
    let role = want.service_linked_role_arn.as_ref().map(ToString::to_string);
    aws.call(|| {
        aws.autoscaling()
            .update_auto_scaling_group()
            .auto_scaling_group_name(id)
            .set_min_size(has("min_size").then(|| number(want.min_size)))
            .set_max_size(has("max_size").then(|| number(want.max_size)))
            .set_desired_capacity(
                want.desired_capacity.filter(|_| has("desired_capacity")).map(number),
            )
            .set_desired_capacity_type(
                want.desired_capacity_type.clone().filter(|_| has("desired_capacity_type")),
            )
            .set_launch_template(
                want.launch_template.as_ref().filter(|_| has("launch_template")).map(template),
            )
            .set_mixed_instances_policy(
                want.mixed_instances_policy
                    .as_ref()
                    .filter(|_| has("mixed_instances_policy"))
                    .map(mixed),
            )
            .set_vpc_zone_identifier(subnets(want).filter(|_| has("vpc_zone_identifier")))
            .set_availability_zones(
                all(&want.availability_zones).filter(|_| has("availability_zones")),
            )
            .set_availability_zone_distribution(
                zone_spread.clone().filter(|_| has("availability_zone_distribution")),
            )
            .set_capacity_reservation_specification(
                reserved.clone().filter(|_| has("capacity_reservation_specification")),
            )
            .set_capacity_rebalance(has("capacity_rebalance").then_some(want.capacity_rebalance))
            .set_context(text("context", &want.context))
            .set_default_cooldown(
                want.default_cooldown.filter(|_| has("default_cooldown")).map(number),
            )
            .set_default_instance_warmup(has("default_instance_warmup").then_some(warmup))
            .set_health_check_type(
                want.health_check_type.clone().filter(|_| has("health_check_type")),
            )
            .set_health_check_grace_period(
                has("health_check_grace_period").then(|| number(want.health_check_grace_period)),
            )
            .set_instance_maintenance_policy(
                has("instance_maintenance_policy").then(|| maintenance(policy)),
            )
            .set_max_instance_lifetime(has("max_instance_lifetime").then_some(lifetime))
            .set_placement_group(text("placement_group", &want.placement_group))
            .set_new_instances_protected_from_scale_in(
                has("protect_from_scale_in").then_some(want.protect_from_scale_in),
            )
            .set_service_linked_role_arn(role.clone().filter(|_| has("service_linked_role_arn")))
            .set_termination_policies(
                has("termination_policies").then(|| want.termination_policies.clone()),
            )
            .send()
    })
    .await
    .map(drop)
}

/// Members that come, and members that go; `None` where there are none.
fn moves(
    was: &BTreeSet<String>,
    want: &BTreeSet<String>,
) -> (Option<Vec<String>>, Option<Vec<String>>) {
    (all(want.difference(was)), all(was.difference(want)))
}

async fn target_groups(
    aws: &Aws,
    id: &str,
    was: BTreeSet<String>,
    want: BTreeSet<String>,
) -> Result<()> {
    let (come, go) = moves(&was, &want);
    if let Some(arns) = come {
        aws.call(|| {
            let call = aws.autoscaling().attach_load_balancer_target_groups();
            let call = call.auto_scaling_group_name(id);
            call.set_target_group_arns(Some(arns.clone())).send()
        })
        .await?;
    }
    let Some(arns) = go else { return Ok(()) };
    aws.call(|| {
        let call = aws.autoscaling().detach_load_balancer_target_groups();
        let call = call.auto_scaling_group_name(id);
        call.set_target_group_arns(Some(arns.clone())).send()
    })
    .await
    .map(drop)
}

async fn load_balancers(
    aws: &Aws,
    id: &str,
    was: &BTreeSet<String>,
    want: &BTreeSet<String>,
) -> Result<()> {
    let (come, go) = moves(was, want);
    if let Some(names) = come {
        aws.call(|| {
            let call = aws.autoscaling().attach_load_balancers().auto_scaling_group_name(id);
            call.set_load_balancer_names(Some(names.clone())).send()
        })
        .await?;
    }
    let Some(names) = go else { return Ok(()) };
    aws.call(|| {
        let call = aws.autoscaling().detach_load_balancers().auto_scaling_group_name(id);
        call.set_load_balancer_names(Some(names.clone())).send()
    })
    .await
    .map(drop)
}

async fn traffic_sources(aws: &Aws, id: &str, was: &Group, want: &Group) -> Result<()> {
    let (was, want) = (&was.traffic_source.0, &want.traffic_source.0);
    let sources = |some: &[TrafficSource], without: &[TrafficSource]| -> Vec<_> {
        some.iter().filter(|source| !without.contains(source)).map(traffic).collect()
    };
    let (come, go) = (sources(want, was), sources(was, want));
    if !come.is_empty() {
        aws.call(|| {
            let call = aws.autoscaling().attach_traffic_sources().auto_scaling_group_name(id);
            call.set_traffic_sources(Some(come.clone())).send()
        })
        .await?;
    }
    if go.is_empty() {
        return Ok(());
    }
    aws.call(|| {
        let call = aws.autoscaling().detach_traffic_sources().auto_scaling_group_name(id);
        call.set_traffic_sources(Some(go.clone())).send()
    })
    .await
    .map(drop)
}

async fn processes(
    aws: &Aws,
    id: &str,
    was: &BTreeSet<String>,
    want: &BTreeSet<String>,
) -> Result<()> {
    let (come, go) = moves(was, want);
    if let Some(names) = come {
        aws.call(|| {
            let call = aws.autoscaling().suspend_processes().auto_scaling_group_name(id);
            call.set_scaling_processes(Some(names.clone())).send()
        })
        .await?;
    }
    let Some(names) = go else { return Ok(()) };
    aws.call(|| {
        let call = aws.autoscaling().resume_processes().auto_scaling_group_name(id);
        call.set_scaling_processes(Some(names.clone())).send()
    })
    .await
    .map(drop)
}

async fn metrics(
    aws: &Aws,
    id: &str,
    was: &BTreeSet<String>,
    want: &BTreeSet<String>,
) -> Result<()> {
    let (come, go) = moves(was, want);
    if let Some(names) = come {
        aws.call(|| {
            let call = aws.autoscaling().enable_metrics_collection().auto_scaling_group_name(id);
            // The one granularity that there is.
            call.set_metrics(Some(names.clone())).granularity("1Minute").send()
        })
        .await?;
    }
    let Some(names) = go else { return Ok(()) };
    aws.call(|| {
        let call = aws.autoscaling().disable_metrics_collection().auto_scaling_group_name(id);
        call.set_metrics(Some(names.clone())).send()
    })
    .await
    .map(drop)
}

async fn hooks(aws: &Aws, id: &str, was: &[LifecycleHook], want: &[LifecycleHook]) -> Result<()> {
    for hook in was.iter().filter(|old| !want.iter().any(|new| new.name == old.name)) {
        aws.call(|| {
            let call = aws.autoscaling().delete_lifecycle_hook().auto_scaling_group_name(id);
            call.lifecycle_hook_name(&hook.name).send()
        })
        .await?;
    }
    for hook in want.iter().filter(|hook| !was.contains(hook)) {
        aws.call(|| {
            aws.autoscaling()
                .put_lifecycle_hook()
                .auto_scaling_group_name(id)
                .lifecycle_hook_name(&hook.name)
                .lifecycle_transition(hook.lifecycle_transition.as_str())
                .default_result(hook.default_result.as_str())
                .heartbeat_timeout(number(hook.heartbeat_timeout.0))
                .set_notification_metadata(hook.notification_metadata.clone())
                .set_notification_target_arn(
                    hook.notification_target_arn.as_ref().map(ToString::to_string),
                )
                .set_role_arn(hook.role_arn.as_ref().map(ToString::to_string))
                .send()
        })
        .await?;
    }
    Ok(())
}

/// The tags of a group as they are, of which some are for its instances.
async fn current(aws: &Aws, id: &str) -> Result<Vec<(String, String, bool)>> {
    let group = list(aws, &[id.to_owned()]).await?.pop();
    let tags = group.and_then(|group| group.tags).unwrap_or_default().into_iter();
    let all = tags.filter_map(|tag| {
        let at_launch = tag.propagate_at_launch.unwrap_or(false);
        Some((tag.key?, tag.value.unwrap_or_default(), at_launch))
    });
    Ok(all.collect())
}

async fn propagate(aws: &Aws, id: &str, wanted: &BTreeSet<String>) -> Result<()> {
    let there = current(aws, id).await?;
    if let Some(key) = wanted.iter().find(|key| !there.iter().any(|(name, ..)| name == *key)) {
        let message = format!("`propagate_at_launch` has `{key}`, which is no tag of the group");
        return Err(Failure::new(FailureClass::Invalid, message));
    }
    let differing = there.iter().filter(|(key, _, now)| wanted.contains(key) != *now);
    let tags: Vec<_> = differing.map(|(key, value, now)| tag(id, key, Some(value), !now)).collect();
    set(aws, tags).await
}

/// Changes tags. A tag that is there is for instances or not, as it was.
pub(super) async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        let gone: Vec<_> = change.remove.iter().map(|key| tag(id, key, None, false)).collect();
        aws.call(|| aws.autoscaling().delete_tags().set_tags(Some(gone.clone())).send()).await?;
    }
    if change.set.is_empty() {
        return Ok(());
    }
    let there = current(aws, id).await?;
    let at_launch = |key: &str| there.iter().any(|(name, _, at_launch)| name == key && *at_launch);
    let tags = change.set.iter().map(|(key, value)| tag(id, key, Some(value), at_launch(key)));
    set(aws, tags.collect()).await
}

async fn set(aws: &Aws, tags: Vec<Tag>) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    aws.call(|| aws.autoscaling().create_or_update_tags().set_tags(Some(tags.clone())).send())
        .await
        .map(drop)
}
