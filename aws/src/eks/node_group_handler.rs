//! The AWS calls of [`NodeGroup`].

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_eks::types::{
    AmiTypes, CapacityTypes, LaunchTemplateSpecification, NodeRepairConfig as WireRepair,
    NodeRepairConfigOverrides, Nodegroup as Wire, NodegroupIssueCode, NodegroupScalingConfig,
    NodegroupUpdateConfig as WireUpdate, RemoteAccessConfig, RepairAction as WireAction,
    Taint as WireTaint, TaintEffect as WireEffect, UpdateLabelsPayload, UpdateTaintsPayload,
};
use infra_sdk::provider::Readiness;
use infra_sdk::{Arn, BlockSet, Gibibytes, Object};

use super::common::{
    GONE, IN_PROGRESS, NOT_YET, Of, all, count, id_in, issues, parts, retag, settle, tags_of,
    unchangeable, wire_tags,
};
use super::node_group::{
    NodeGroup, NodeGroupLaunchTemplate, NodeGroupOutputs, NodeGroupScalingConfig,
    NodeGroupUpdateConfig, NodeRepairConfig, NodeRepairConfigOverride, RemoteAccess, Taint,
};
use super::{ClusterName, NodeGroupName};
use crate::ec2::{KeyName, LaunchTemplateId, SecurityGroupId, SubnetId};
use crate::frame::calls::Patience;
use crate::frame::names::prefix_of;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "eks:CreateNodegroup",
    "eks:DeleteNodegroup",
    "eks:DescribeNodegroup",
    "eks:DescribeUpdate",
    "eks:TagResource",
    "eks:UntagResource",
    "eks:UpdateNodegroupConfig",
    "eks:UpdateNodegroupVersion",
];
/// The operations, and what EKS does in the caller's name. Source: Service Authorization Reference.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    ["ec2:DescribeSubnets", "ec2:RunInstances", "iam:CreateServiceLinkedRole", "iam:PassRole"]
);

impl Handler for NodeGroup {
    const CALLS: Calls = Calls {
        class: CreateClass::Token,
        create: "eks:CreateNodegroup",
        operations: OPERATIONS,
        actions: ACTIONS,
        naming: Some(Naming {
            name: "node_group_name",
            prefix: "node_group_name_prefix",
            start: "infra-",
        }),
        gone: GONE,
        not_yet: NOT_YET,
        lingering: &[IN_PROGRESS],
        patience: Patience {
            create: Duration::from_secs(60 * 60),
            update: Duration::from_secs(60 * 60),
            delete: Duration::from_secs(60 * 60),
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let access = want.remote_access.as_ref().map(|access| {
            let groups = &access.source_security_group_ids;
            RemoteAccessConfig::builder()
                .set_ec2_ssh_key(text(&access.ec2_ssh_key))
                .set_source_security_groups((!groups.is_empty()).then(|| all(groups)))
                .build()
        });
        let disk = want.disk_size.map(|size| number(size.0));
        let (labels, taints) = (&want.labels, taints(&want.taint));
        let types = &want.instance_types;
        let answer = aws
            .call(|| {
                aws.eks()
                    .create_nodegroup()
                    .client_request_token(creating.token)
                    .cluster_name(want.cluster_name.as_str())
                    .set_nodegroup_name(text(&want.node_group_name))
                    .node_role(want.node_role_arn.as_str())
                    .scaling_config(scaling(&want.scaling_config, want.scaling_config.min_size))
                    .set_subnets(Some(all(&want.subnet_ids)))
                    .set_ami_type(want.ami_type.map(|ami| AmiTypes::from(ami.as_str())))
                    .set_capacity_type(
                        want.capacity_type.map(|kind| CapacityTypes::from(kind.as_str())),
                    )
                    .set_disk_size(disk)
                    .set_instance_types((!types.is_empty()).then(|| types.clone()))
                    .set_labels((!labels.is_empty()).then(|| labels.clone().into_iter().collect()))
                    .set_launch_template(want.launch_template.as_ref().map(template))
                    .set_node_repair_config(want.node_repair_config.as_ref().map(repair))
                    .set_release_version(want.release_version.clone())
                    .set_remote_access(access.clone())
                    .set_taints((!taints.is_empty()).then(|| taints.clone()))
                    .set_update_config(want.update_config.as_ref().map(limit))
                    .set_version(want.version.clone())
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let name = answer.nodegroup.and_then(|group| group.nodegroup_name);
        let name = name.ok_or_else(|| missing("nodegroup.nodegroupName"))?;
        Ok(id_in(want.cluster_name.as_str(), &name))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |item| async move {
            see(describe(aws, &item.id).await?, &item.recorded).map(Some)
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let (cluster, name) = parts(id)?;
        let of = Of { cluster, node_group: Some(name), addon: None };
        // What is there now, since a try before this one may have made the first change.
        let now = see(describe(aws, id).await?, &Object::new())?.inputs;
        if changed.has("launch_template") {
            refuse(want.launch_template.as_ref(), now.launch_template.as_ref())?;
        }
        if changed.any(&["launch_template", "release_version", "version"]) {
            upgrade(aws, of, want, &now).await?;
        }
        let names = ["labels", "node_repair_config", "scaling_config", "taint", "update_config"];
        if changed.any(&names) {
            configure(aws, of, want, &now, changed).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let (cluster, name) = parts(id)?;
        aws.call(|| aws.eks().delete_nodegroup().cluster_name(cluster).nodegroup_name(name).send())
            .await
            .map(drop)
    }

    /// A group that is degraded becomes well again when what it lacks is there.
    fn readiness(seen: &Seen<Self>) -> Readiness {
        let (status, health) = (&seen.outputs.status, &seen.outputs.health);
        match (status.as_str(), health) {
            ("ACTIVE", _) => Readiness::Ready,
            ("CREATE_FAILED" | "DELETE_FAILED", Some(health)) => Readiness::Failed(health.clone()),
            ("CREATE_FAILED" | "DELETE_FAILED", None) => Readiness::Failed(status.clone()),
            (_, Some(health)) => Readiness::Waiting(format!("{status} ({health})")),
            (_, None) => Readiness::Waiting(status.clone()),
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(name) = &want.node_group_name else { return Ok(Vec::new()) };
        let id = id_in(want.cluster_name.as_str(), name.as_str());
        let found = absent(describe(aws, &id).await.map(Some), GONE)?;
        let ours = found.is_some_and(|group| is_ours(&want.tags.0, &tags_of(group.tags).0));
        Ok(ours.then_some(id).into_iter().collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let arn = describe(aws, id).await?.nodegroup_arn;
        retag(aws, &arn.ok_or_else(|| missing("nodegroup.nodegroupArn"))?, change).await
    }
}

async fn describe(aws: &Aws, id: &str) -> Result<Wire> {
    let (cluster, name) = parts(id)?;
    let answer = aws
        .call(|| aws.eks().describe_nodegroup().cluster_name(cluster).nodegroup_name(name).send())
        .await?;
    answer.nodegroup.ok_or_else(|| missing("nodegroup"))
}

/// A group stays with its launch template, or without one.
fn refuse(
    want: Option<&NodeGroupLaunchTemplate>,
    now: Option<&NodeGroupLaunchTemplate>,
) -> Result<()> {
    match (want, now) {
        (Some(want), Some(now)) => {
            let other_id = want.id.is_some() && want.id != now.id;
            let other_name = want.name.is_some() && want.name != now.name;
            if other_id || other_name {
                return Err(unchangeable("a node group to another launch template"));
            }
            Ok(())
        }
        (None, None) => Ok(()),
        _ => Err(unchangeable("whether a node group has a launch template")),
    }
}

/// Version of Kubernetes, of the image and of the launch template are changed in one call.
async fn upgrade(aws: &Aws, of: Of<'_>, want: &NodeGroup, now: &NodeGroup) -> Result<()> {
    let version = want.version.clone().filter(|_| want.version != now.version);
    let release =
        want.release_version.clone().filter(|_| want.release_version != now.release_version);
    let number = |group: &NodeGroup| group.launch_template.as_ref().map(|t| t.version.clone());
    let template = want.launch_template.as_ref().filter(|_| number(want) != number(now));
    if version.is_none() && release.is_none() && template.is_none() {
        return Ok(());
    }
    let answer = aws
        .call(|| {
            aws.eks()
                .update_nodegroup_version()
                .cluster_name(of.cluster)
                .set_nodegroup_name(of.node_group.map(str::to_owned))
                .set_version(version.clone())
                .set_release_version(release.clone())
                .set_launch_template(template.map(self::template))
                .force(want.force_update_version)
                .send()
        })
        .await?;
    settle(aws, of, answer.update, NodeGroup::CALLS.patience.update).await
}

async fn configure(
    aws: &Aws,
    of: Of<'_>,
    want: &NodeGroup,
    now: &NodeGroup,
    changed: &Changed,
) -> Result<()> {
    let labels = changed.has("labels").then(|| labels(want, now)).flatten();
    let taints = changed.has("taint").then(|| taint_change(want, now)).flatten();
    let sizes = changed.has("scaling_config").then(|| {
        // An autoscaler's number stays, unless it is outside of the new limits.
        let config = &want.scaling_config;
        let there = now.scaling_config.desired_size.unwrap_or(config.min_size);
        scaling(config, there.clamp(config.min_size, config.max_size.max(config.min_size)))
    });
    let limit = want.update_config.as_ref().filter(|_| changed.has("update_config")).map(limit);
    let repair =
        want.node_repair_config.as_ref().filter(|_| changed.has("node_repair_config")).map(repair);
    let nothing = labels.is_none() && taints.is_none() && sizes.is_none();
    if nothing && limit.is_none() && repair.is_none() {
        return Ok(());
    }
    let answer = aws
        .call(|| {
            aws.eks()
                .update_nodegroup_config()
                .cluster_name(of.cluster)
                .set_nodegroup_name(of.node_group.map(str::to_owned))
                .set_labels(labels.clone())
                .set_taints(taints.clone())
                .set_scaling_config(sizes.clone())
                .set_update_config(limit.clone())
                .set_node_repair_config(repair.clone())
                .send()
        })
        .await?;
    settle(aws, of, answer.update, NodeGroup::CALLS.patience.update).await
}

fn labels(want: &NodeGroup, now: &NodeGroup) -> Option<UpdateLabelsPayload> {
    let differs = |name: &&String| now.labels.get(*name) != want.labels.get(*name);
    let set: std::collections::HashMap<_, _> = want
        .labels
        .iter()
        .filter(|(name, _)| differs(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let removed: Vec<_> =
        now.labels.keys().filter(|name| !want.labels.contains_key(*name)).cloned().collect();
    (!set.is_empty() || !removed.is_empty()).then(|| {
        UpdateLabelsPayload::builder()
            .set_add_or_update_labels((!set.is_empty()).then_some(set))
            .set_remove_labels((!removed.is_empty()).then_some(removed))
            .build()
    })
}

/// A taint is known by key and effect.
fn taint_change(want: &NodeGroup, now: &NodeGroup) -> Option<UpdateTaintsPayload> {
    let key = |taint: &Taint| (taint.key.clone(), taint.effect.as_str());
    let kept: BTreeSet<_> = want.taint.0.iter().map(key).collect();
    let set: Vec<_> =
        want.taint.0.iter().filter(|taint| !now.taint.0.contains(taint)).map(wire_taint).collect();
    let removed: Vec<_> =
        now.taint.0.iter().filter(|taint| !kept.contains(&key(taint))).map(wire_taint).collect();
    (!set.is_empty() || !removed.is_empty()).then(|| {
        UpdateTaintsPayload::builder()
            .set_add_or_update_taints((!set.is_empty()).then_some(set))
            .set_remove_taints((!removed.is_empty()).then_some(removed))
            .build()
    })
}

fn taints(taints: &BlockSet<Taint>) -> Vec<WireTaint> {
    taints.0.iter().map(wire_taint).collect()
}

fn wire_taint(taint: &Taint) -> WireTaint {
    WireTaint::builder()
        .key(&taint.key)
        .set_value(taint.value.clone())
        .effect(WireEffect::from(taint.effect.as_str()))
        .build()
}

/// The sizes, with this many nodes where nothing is said.
fn scaling(config: &NodeGroupScalingConfig, otherwise: u32) -> NodegroupScalingConfig {
    NodegroupScalingConfig::builder()
        .min_size(number(config.min_size))
        .max_size(number(config.max_size))
        .desired_size(number(config.desired_size.unwrap_or(otherwise)))
        .build()
}

/// AWS takes the id or the name, and shows both.
fn template(template: &NodeGroupLaunchTemplate) -> LaunchTemplateSpecification {
    let name = template.name.clone().filter(|_| template.id.is_none());
    LaunchTemplateSpecification::builder()
        .set_id(text(&template.id))
        .set_name(name)
        .version(&template.version)
        .build()
}

fn limit(config: &NodeGroupUpdateConfig) -> WireUpdate {
    WireUpdate::builder()
        .set_max_unavailable(config.max_unavailable.map(number))
        .set_max_unavailable_percentage(config.max_unavailable_percentage.map(number))
        .build()
}

fn repair(config: &NodeRepairConfig) -> WireRepair {
    let overrides = config.node_repair_config_overrides.0.iter().map(|other| {
        NodeRepairConfigOverrides::builder()
            .min_repair_wait_time_mins(number(other.min_repair_wait_time_mins))
            .node_monitoring_condition(&other.node_monitoring_condition)
            .node_unhealthy_reason(&other.node_unhealthy_reason)
            .repair_action(WireAction::from(other.repair_action.as_str()))
            .build()
    });
    let overrides: Vec<_> = overrides.collect();
    WireRepair::builder()
        .enabled(config.enabled)
        .set_max_parallel_nodes_repaired_count(config.max_parallel_nodes_repaired_count.map(number))
        .set_max_parallel_nodes_repaired_percentage(
            config.max_parallel_nodes_repaired_percentage.map(number),
        )
        .set_max_unhealthy_node_threshold_count(
            config.max_unhealthy_node_threshold_count.map(number),
        )
        .set_max_unhealthy_node_threshold_percentage(
            config.max_unhealthy_node_threshold_percentage.map(number),
        )
        .set_node_repair_config_overrides((!overrides.is_empty()).then_some(overrides))
        .build()
}

fn see(group: Wire, recorded: &Object) -> Result<Seen<NodeGroup>> {
    let cluster = group.cluster_name.ok_or_else(|| missing("clusterName"))?;
    let name = group.nodegroup_name.ok_or_else(|| missing("nodegroupName"))?;
    let health = group.health.and_then(|health| health.issues).unwrap_or_default();
    let resources = group.resources;
    let outputs = NodeGroupOutputs {
        id: id_in(&cluster, &name),
        arn: Arn::new(group.nodegroup_arn.ok_or_else(|| missing("nodegroupArn"))?),
        autoscaling_group_names: resources
            .iter()
            .flat_map(|resources| resources.auto_scaling_groups())
            .filter_map(|group| group.name.clone())
            .collect(),
        remote_access_security_group_id: resources
            .and_then(|resources| resources.remote_access_security_group)
            .filter(|id| !id.is_empty())
            .map(SecurityGroupId::new),
        health: issues(
            health.iter().map(|i| (i.code().map(NodegroupIssueCode::as_str), i.message())),
        ),
        status: group.status.ok_or_else(|| missing("status"))?.as_str().to_owned(),
    };
    let taints = group.taints.unwrap_or_default().into_iter().map(see_taint);
    let sizes = group.scaling_config.ok_or_else(|| missing("scalingConfig"))?;
    let inputs = NodeGroup {
        cluster_name: ClusterName::new(cluster),
        node_role_arn: Arn::new(group.node_role.ok_or_else(|| missing("nodeRole"))?),
        scaling_config: NodeGroupScalingConfig {
            max_size: count(sizes.max_size).ok_or_else(|| missing("maxSize"))?,
            min_size: count(sizes.min_size).ok_or_else(|| missing("minSize"))?,
            desired_size: count(sizes.desired_size),
        },
        subnet_ids: group.subnets.into_iter().flatten().map(SubnetId::new).collect(),
        ami_type: group.ami_type.map(|ami| parsed(Some(ami.as_str()), "amiType")).transpose()?,
        capacity_type: group
            .capacity_type
            .map(|kind| parsed(Some(kind.as_str()), "capacityType"))
            .transpose()?,
        disk_size: count(group.disk_size).filter(|size| *size > 0).map(Gibibytes),
        force_update_version: recorded_flag(recorded, "force_update_version").unwrap_or(false),
        instance_types: group.instance_types.unwrap_or_default(),
        labels: group.labels.unwrap_or_default().into_iter().collect(),
        launch_template: group
            .launch_template
            .map(|template| {
                Ok(NodeGroupLaunchTemplate {
                    version: template.version.ok_or_else(|| missing("launchTemplate.version"))?,
                    id: template.id.map(LaunchTemplateId::new),
                    name: template.name,
                })
            })
            .transpose()?,
        node_group_name_prefix: prefix_of(&name),
        node_group_name: Some(NodeGroupName::new(name)),
        node_repair_config: group.node_repair_config.map(see_repair).transpose()?,
        release_version: group.release_version.filter(|version| !version.is_empty()),
        remote_access: group.remote_access.map(|access| RemoteAccess {
            ec2_ssh_key: access.ec2_ssh_key.map(KeyName::new),
            source_security_group_ids: access
                .source_security_groups
                .into_iter()
                .flatten()
                .map(SecurityGroupId::new)
                .collect(),
        }),
        taint: BlockSet(taints.collect::<Result<_>>()?),
        update_config: group.update_config.map(|config| NodeGroupUpdateConfig {
            max_unavailable: count(config.max_unavailable),
            max_unavailable_percentage: count(config.max_unavailable_percentage),
        }),
        version: group.version,
        tags: tags_of(group.tags),
    };
    Ok(Seen::new(inputs, outputs))
}

fn see_taint(taint: WireTaint) -> Result<Taint> {
    let effect = taint.effect.as_ref().map(WireEffect::as_str);
    Ok(Taint {
        key: taint.key.ok_or_else(|| missing("taint.key"))?,
        effect: parsed(effect, "taint.effect")?,
        value: taint.value.filter(|value| !value.is_empty()),
    })
}

fn see_repair(config: WireRepair) -> Result<NodeRepairConfig> {
    let overrides = config.node_repair_config_overrides.unwrap_or_default().into_iter();
    let overrides = overrides.map(|other| {
        let action = other.repair_action.as_ref().map(WireAction::as_str);
        Ok(NodeRepairConfigOverride {
            min_repair_wait_time_mins: count(other.min_repair_wait_time_mins).unwrap_or_default(),
            node_monitoring_condition: other.node_monitoring_condition.unwrap_or_default(),
            node_unhealthy_reason: other.node_unhealthy_reason.unwrap_or_default(),
            repair_action: parsed(action, "repairAction")?,
        })
    });
    Ok(NodeRepairConfig {
        enabled: config.enabled.unwrap_or(false),
        max_parallel_nodes_repaired_count: count(config.max_parallel_nodes_repaired_count),
        max_parallel_nodes_repaired_percentage: count(
            config.max_parallel_nodes_repaired_percentage,
        ),
        max_unhealthy_node_threshold_count: count(config.max_unhealthy_node_threshold_count),
        max_unhealthy_node_threshold_percentage: count(
            config.max_unhealthy_node_threshold_percentage,
        ),
        node_repair_config_overrides: BlockSet(overrides.collect::<Result<_>>()?),
    })
}
