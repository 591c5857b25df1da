//! The AWS calls of [`Group`].

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_autoscaling::types::AutoScalingGroup as Wire;
use infra_sdk::provider::{Failure, FailureClass, Readiness};

use super::group::Group;
use super::group_read::{see, tags_of};
use super::group_update::{retag, update};
use super::group_write::{
    all, hook, maintenance, mixed, reservations, subnets, tags, template, traffic, zones,
};
use crate::frame::calls::Patience;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "autoscaling:AttachLoadBalancerTargetGroups",
    "autoscaling:AttachLoadBalancers",
    "autoscaling:AttachTrafficSources",
    "autoscaling:CreateAutoScalingGroup",
    "autoscaling:CreateOrUpdateTags",
    "autoscaling:DeleteAutoScalingGroup",
    "autoscaling:DeleteLifecycleHook",
    "autoscaling:DeleteTags",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DetachLoadBalancerTargetGroups",
    "autoscaling:DetachLoadBalancers",
    "autoscaling:DetachTrafficSources",
    "autoscaling:DisableMetricsCollection",
    "autoscaling:EnableMetricsCollection",
    "autoscaling:PutLifecycleHook",
    "autoscaling:ResumeProcesses",
    "autoscaling:SuspendProcesses",
    "autoscaling:UpdateAutoScalingGroup",
];
/// With a launch template the caller must be allowed to start what it says. Source: Amazon EC2 Auto
/// Scaling User Guide, launch template support.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    ["ec2:CreateTags", "ec2:RunInstances", "iam:CreateServiceLinkedRole", "iam:PassRole"]
);
/// Names in one DescribeAutoScalingGroups. Source: Amazon EC2 Auto Scaling API Reference.
const AT_ONCE: usize = 50;

impl Handler for Group {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        create: "autoscaling:CreateAutoScalingGroup",
        operations: OPERATIONS,
        actions: ACTIONS,
        after_create: &["enabled_metrics", "suspended_processes"],
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        // A group that is not there is a `ValidationError` like any other: it is looked for before.
        gone: &[],
        not_yet: &[
            ("ValidationError", "Invalid IAM Instance Profile"),
            ("ValidationError", "You must use a valid fully-formed launch template"),
        ],
        // Instances go before their group, unless it is deleted by force.
        lingering: &[
            ("ResourceInUse", ""),
            ("ScalingActivityInProgress", ""),
            ("ResourceContention", ""),
        ],
        patience: Patience {
            create: Duration::from_secs(600),
            update: Duration::from_secs(600),
            delete: Duration::from_secs(1200),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let name = want.name.as_deref().ok_or_else(|| missing("name"))?;
        let unknown = want.propagate_at_launch.iter().find(|key| !want.tags.0.contains_key(*key));
        if let Some(key) = unknown {
            let message =
                format!("`propagate_at_launch` has `{key}`, which is no tag of the group");
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        let tags = tags(name, &want.tags, |key| want.propagate_at_launch.contains(key));
        let hooks: Vec<_> = want.initial_lifecycle_hook.0.iter().map(hook).collect();
        let sources: Vec<_> = want.traffic_source.0.iter().map(traffic).collect();
        let policy = want.instance_maintenance_policy.as_ref();
        let zones = want.availability_zone_distribution.as_ref().map(zones);
        let reserved = want.capacity_reservation_specification.as_ref().map(reservations);
        let policies = want.termination_policies.clone();
        let role = want.service_linked_role_arn.as_ref().map(ToString::to_string);
        aws.call(|| {
            aws.autoscaling()
                .create_auto_scaling_group()
                .auto_scaling_group_name(name)
                .min_size(number(want.min_size))
                .max_size(number(want.max_size))
                .set_desired_capacity(want.desired_capacity.map(number))
                .set_desired_capacity_type(want.desired_capacity_type.clone())
                .set_launch_template(want.launch_template.as_ref().map(template))
                .set_mixed_instances_policy(want.mixed_instances_policy.as_ref().map(mixed))
                .set_vpc_zone_identifier(subnets(want))
                .set_availability_zones(all(&want.availability_zones))
                .set_availability_zone_distribution(zones.clone())
                .set_capacity_reservation_specification(reserved.clone())
                .capacity_rebalance(want.capacity_rebalance)
                .set_context(want.context.clone())
                .set_default_cooldown(want.default_cooldown.map(number))
                .set_default_instance_warmup(want.default_instance_warmup.map(number))
                .set_health_check_type(want.health_check_type.clone())
                .health_check_grace_period(number(want.health_check_grace_period))
                .set_lifecycle_hook_specification_list((!hooks.is_empty()).then(|| hooks.clone()))
                .set_instance_maintenance_policy(policy.map(|policy| maintenance(Some(policy))))
                .set_load_balancer_names(all(&want.load_balancers))
                .set_target_group_arns(all(&want.target_group_arns))
                .set_traffic_sources((!sources.is_empty()).then(|| sources.clone()))
                .set_max_instance_lifetime(want.max_instance_lifetime.map(|time| number(time.0)))
                .set_placement_group(want.placement_group.clone())
                .new_instances_protected_from_scale_in(want.protect_from_scale_in)
                .set_service_linked_role_arn(role.clone())
                .set_termination_policies((!policies.is_empty()).then(|| policies.clone()))
                .set_tags((!tags.is_empty()).then(|| tags.clone()))
                .send()
        })
        .await?;
        Ok(name.to_owned())
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, AT_ONCE, |chunk| async move {
            let names: Vec<_> = chunk.iter().map(|item| item.id.clone()).collect();
            let mut seen = HashMap::new();
            for wire in list(aws, &names).await? {
                let name = wire.auto_scaling_group_name.clone();
                let name = name.ok_or_else(|| missing("AutoScalingGroupName"))?;
                let Some(item) = chunk.iter().find(|item| item.id == name) else { continue };
                seen.insert(name, see(wire, &item.recorded)?);
            }
            Ok(seen)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        update(aws, id, want, was, changed).await
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let Some(group) = list(aws, &[id.to_owned()]).await?.pop() else { return Ok(()) };
        if group.status.is_some_and(|status| !status.is_empty()) {
            return Ok(());
        }
        let none = Some(0);
        if !was.force_delete && (group.desired_capacity, group.max_size) != (none, none) {
            aws.call(|| {
                let call = aws.autoscaling().update_auto_scaling_group();
                let call = call.auto_scaling_group_name(id);
                call.min_size(0).max_size(0).desired_capacity(0).send()
            })
            .await?;
        }
        aws.call(|| {
            let call = aws.autoscaling().delete_auto_scaling_group().auto_scaling_group_name(id);
            call.set_force_delete(was.force_delete.then_some(true)).send()
        })
        .await
        .map(drop)
    }

    fn readiness(seen: &Seen<Self>) -> Readiness {
        if let Some(status) = &seen.outputs.status {
            return Readiness::Waiting(status.clone());
        }
        let paused = seen.inputs.suspended_processes.contains("Launch");
        // Capacity in other units than instances cannot be counted.
        let counted = seen.inputs.mixed_instances_policy.is_none();
        let wanted = seen.inputs.desired_capacity.unwrap_or(seen.inputs.min_size);
        let there = seen.outputs.in_service;
        if seen.inputs.wait_for_capacity && counted && !paused && there < wanted {
            return Readiness::Waiting(format!("at {there} of {wanted} instances"));
        }
        Readiness::Ready
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(name) = want.name.clone() else { return Ok(Vec::new()) };
        let found = list(aws, &[name]).await?.into_iter();
        let ours = found.filter(|group| is_ours(&want.tags.0, &tags_of(&group.tags).0));
        Ok(ours.filter_map(|group| group.auto_scaling_group_name).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

/// The groups of these names, as far as there are any.
pub(super) async fn list(aws: &Aws, names: &[String]) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.autoscaling().describe_auto_scaling_groups().set_next_token(token);
                call.set_auto_scaling_group_names(Some(names.to_vec())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.auto_scaling_groups.unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Seconds, Stack};

    use super::*;
    use crate::autoscaling::{
        GroupLaunchTemplate, HookResult, InstanceMaintenancePolicy, InstancesDistribution,
        LifecycleHook, LifecycleTransition, MixedInstancesPolicy, MixedLaunchTemplate,
        MixedTemplateSpecification, TypeOverride,
    };
    use crate::conformance::{Fixture, check, conforms};
    use crate::ec2::launch_template::LaunchTemplateHandle;
    use crate::ec2::subnet::SubnetHandle;
    use crate::ec2::{ImageId, LaunchTemplate, Subnet, Vpc};
    use crate::elbv2::target_group::TargetGroupHandle;
    use crate::elbv2::{Protocol, TargetGroup};

    fn needs(
        stack: &mut Stack,
        name: &str,
    ) -> (SubnetHandle, LaunchTemplateHandle, TargetGroupHandle) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let subnet = stack.add("subnet", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
        let template = LaunchTemplate::new().name(format!("{name}-group"));
        let template = template.image_id(ImageId::new("ami-12c6146b")).instance_type("t3.micro");
        let template = stack.add("template", template);
        let group = TargetGroup::new().name(format!("{name}-group")).vpc_id(vpc.id());
        let group = stack.add("targets", group.port(80).protocol(Protocol::Http));
        (subnet, template, group)
    }

    fn group(stack: &mut Stack, name: &str, changed: bool) {
        let (subnet, template, targets) = needs(stack, name);
        let hook = LifecycleHook::new("drain", LifecycleTransition::Terminating)
            .heartbeat_timeout(Seconds(if changed { 120 } else { 60 }))
            .default_result(HookResult::Continue);
        let policy = InstanceMaintenancePolicy::new(if changed { 50_u32 } else { 90 }, 120_u32);
        let group = Group::new(if changed { 2_u32 } else { 1 }, 3_u32)
            .name(format!("{name}-group"))
            .desired_capacity(2_u32)
            .launch_template(GroupLaunchTemplate::new().id(template.id()).version("$Latest"))
            .vpc_zone_identifier([subnet.id()])
            .health_check_type(if changed { "ELB" } else { "EC2" })
            .health_check_grace_period(if changed { 120_u32 } else { 60 })
            .default_instance_warmup(30_u32)
            .initial_lifecycle_hook([hook])
            .instance_maintenance_policy(policy)
            .protect_from_scale_in(changed)
            .tag("Name", if changed { "two" } else { "one" })
            .tag("Role", "web")
            .propagate_at_launch(if changed { vec!["Name", "Role"] } else { vec!["Name"] });
        let group = if changed {
            group
                .target_group_arns([targets.arn()])
                .suspended_processes(["AZRebalance"])
                .enabled_metrics(["GroupDesiredCapacity", "GroupTotalInstances"])
        } else {
            group.suspended_processes(["AlarmNotification"])
        };
        stack.add("it", group);
    }

    conforms!(
        aws_autoscaling_group,
        Fixture {
            base: |stack, name| group(stack, name, false),
            update: Some(|stack, name| group(stack, name, true)),
            replace: Some(|stack, name| {
                let (subnet, template, _) = needs(stack, name);
                let group = Group::new(0_u32, 1_u32)
                    .name_prefix(format!("{name}-"))
                    .launch_template(GroupLaunchTemplate::new().id(template.id()))
                    .vpc_zone_identifier([subnet.id()])
                    .force_delete(true);
                stack.add("it", group);
            }),
            gaps: &[],
        }
    );

    /// moto shows the launch template of a mixed policy as the group's own too.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn aws_autoscaling_group_of_several_types() {
        let base: fn(&mut Stack, &str) = |stack, name| {
            let (subnet, template, _) = needs(stack, name);
            let spec = MixedTemplateSpecification::new().launch_template_id(template.id());
            let types = [
                TypeOverride::new().instance_type("t3.micro").weighted_capacity(1_u32),
                TypeOverride::new().instance_type("t3.small").weighted_capacity(2_u32),
            ];
            let template = MixedLaunchTemplate::new(spec.version("$Latest")).r#override(types);
            let spread = InstancesDistribution::new()
                .on_demand_base_capacity(1_u32)
                .on_demand_percentage_above_base_capacity(50_u32)
                .spot_allocation_strategy("price-capacity-optimized");
            let policy = MixedInstancesPolicy::new(template).instances_distribution(spread);
            let group = Group::new(0_u32, 2_u32)
                .name(format!("{name}-mixed"))
                .mixed_instances_policy(policy)
                .vpc_zone_identifier([subnet.id()]);
            stack.add("it", group);
        };
        let gaps = &["launch_template"];
        let fixture = Fixture { base, update: None, replace: None, gaps };
        check("aws_autoscaling_group", fixture).await;
    }
}
