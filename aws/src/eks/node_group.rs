//! Instances that EKS makes, upgrades and repairs as nodes of a cluster. Slow: it takes minutes, an
//! upgrade longer. How many nodes there are may be left to an autoscaler: `desired_size` left out is
//! whatever there is. Warm pools and update strategies are not offered. Its handler is in
//! `node_group_handler`.
//!
//! API: CreateNodegroup, DescribeNodegroup, ListNodegroups, UpdateNodegroupConfig,
//! UpdateNodegroupVersion, DescribeUpdate, TagResource, UntagResource, DeleteNodegroup.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Arn, Block, BlockSet, Choice, Gibibytes, Outputs, Resource, Tags};

use super::node_group_rules::validate;
use super::{ClusterName, NodeGroupName};
use crate::ec2::{KeyName, LaunchTemplateId, SecurityGroupId, SubnetId};
use crate::iam::Role;

/// Nodes of a cluster that EKS manages.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eks_node_group", outputs = NodeGroupOutputs, validate = validate)]
pub struct NodeGroup {
    /// The cluster.
    #[field(force_new)]
    pub cluster_name: ClusterName,
    /// Role of the nodes.
    #[field(force_new)]
    pub node_role_arn: Arn<Role>,
    /// How many nodes.
    pub scaling_config: NodeGroupScalingConfig,
    /// Subnets of the nodes.
    #[field(force_new, required)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// What the nodes run. Left out, AWS's choice by instance type, or that of the launch template.
    #[field(force_new, computed)]
    pub ami_type: Option<AmiType>,
    /// How the instances are paid.
    #[field(force_new, computed)]
    pub capacity_type: Option<CapacityType>,
    /// Disk of each node. Left out, 20 GiB, 50 for Windows. Not with a launch template.
    #[field(force_new, computed)]
    pub disk_size: Option<Gibibytes>,
    /// Upgrade also where pods cannot be moved because of a disruption budget.
    #[field(default = false, write_only)]
    pub force_update_version: bool,
    /// Types of instances, the first tried first, at most 20. Left out, `t3.medium`.
    #[field(force_new, computed)]
    pub instance_types: Vec<String>,
    /// Labels of the nodes.
    pub labels: BTreeMap<String, String>,
    /// Launch template of the nodes. It cannot be added or taken away, its version can be changed.
    pub launch_template: Option<NodeGroupLaunchTemplate>,
    /// Name, unique in the cluster, at most 63 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub node_group_name: Option<NodeGroupName>,
    /// Beginning of a name that is made, at most 37 characters.
    #[field(force_new, computed)]
    pub node_group_name_prefix: Option<String>,
    /// Whether EKS replaces nodes that are not well. Left out, AWS's choice.
    #[field(computed)]
    pub node_repair_config: Option<NodeRepairConfig>,
    /// Version of the image. Left out, the latest when the group is made, kept then.
    #[field(computed)]
    pub release_version: Option<String>,
    /// Let people onto the nodes by SSH. Not with a launch template.
    #[field(force_new)]
    pub remote_access: Option<RemoteAccess>,
    /// Keeps pods away from the nodes, at most 50.
    pub taint: BlockSet<Taint>,
    /// How many nodes may be away during an update. Left out, one.
    #[field(computed)]
    pub update_config: Option<NodeGroupUpdateConfig>,
    /// Version of Kubernetes. Left out, the cluster's when the group is made, kept then.
    #[field(computed)]
    pub version: Option<String>,
    /// Tags. They are not given to the instances.
    pub tags: Tags,
}

/// How many nodes there are.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NodeGroupScalingConfig {
    /// The most, at least 1.
    #[field(range = 1..=100_000)]
    pub max_size: u32,
    /// The least.
    #[field(range = 0..=100_000)]
    pub min_size: u32,
    /// How many now. Left out, the least when the group is made, and then what an autoscaler says.
    #[field(computed, range = 0..=100_000)]
    pub desired_size: Option<u32>,
}

/// A launch template, by id or by name, and its version.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NodeGroupLaunchTemplate {
    /// Version: a number.
    pub version: String,
    /// The template by id.
    #[field(computed)]
    pub id: Option<LaunchTemplateId>,
    /// The template by name.
    #[field(computed)]
    pub name: Option<String>,
}

/// Whether nodes that are not well are replaced, and how many at once.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NodeRepairConfig {
    /// Whether they are.
    #[field(default = false)]
    pub enabled: bool,
    /// How many are repaired at once.
    #[field(computed)]
    pub max_parallel_nodes_repaired_count: Option<u32>,
    /// How many are repaired at once, in percent of those that are not well.
    #[field(computed, range = 1..=100)]
    pub max_parallel_nodes_repaired_percentage: Option<u32>,
    /// Repair none while more than this many are not well.
    #[field(computed)]
    pub max_unhealthy_node_threshold_count: Option<u32>,
    /// Repair none while more than this many percent are not well.
    #[field(computed, range = 1..=100)]
    pub max_unhealthy_node_threshold_percentage: Option<u32>,
    /// What is done otherwise about certain conditions.
    pub node_repair_config_overrides: BlockSet<NodeRepairConfigOverride>,
}

/// What is done about a condition of a node.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NodeRepairConfigOverride {
    /// Minutes before it is done.
    pub min_repair_wait_time_mins: u32,
    /// The condition: `AcceleratedInstanceReady`, `NetworkingReady`.
    pub node_monitoring_condition: String,
    /// The reason that the monitoring agent gives.
    pub node_unhealthy_reason: String,
    /// What is done.
    pub repair_action: RepairAction,
}

/// What is done about a node that is not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RepairAction {
    /// It is replaced.
    #[choice("Replace")]
    Replace,
    /// It is started anew.
    #[choice("Reboot")]
    Reboot,
    /// Nothing.
    #[choice("NoAction")]
    NoAction,
}

/// Lets people onto nodes by SSH.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RemoteAccess {
    /// Name of a key pair.
    pub ec2_ssh_key: Option<KeyName>,
    /// Security groups that may connect. Left out, everybody may.
    pub source_security_group_ids: BTreeSet<SecurityGroupId>,
}

/// Keeps pods away that do not tolerate it.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Taint {
    /// Its key, at most 63 characters.
    pub key: String,
    /// What it does.
    pub effect: TaintEffect,
    /// Its value, at most 63 characters.
    pub value: Option<String>,
}

/// What a taint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TaintEffect {
    /// No new pods.
    #[choice("NO_SCHEDULE")]
    NoSchedule,
    /// No pods: those that run are moved.
    #[choice("NO_EXECUTE")]
    NoExecute,
    /// No new pods if there is room elsewhere.
    #[choice("PREFER_NO_SCHEDULE")]
    PreferNoSchedule,
}

/// How many nodes may be away during an update: a number or a share.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NodeGroupUpdateConfig {
    /// How many, at most 100.
    #[field(range = 1..=100)]
    pub max_unavailable: Option<u32>,
    /// How many, in percent.
    #[field(range = 1..=100)]
    pub max_unavailable_percentage: Option<u32>,
}

/// How instances are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CapacityType {
    /// By the second.
    #[choice("ON_DEMAND")]
    OnDemand,
    /// Cheaper, and taken away at any time.
    #[choice("SPOT")]
    Spot,
    /// Reserved in a capacity block.
    #[choice("CAPACITY_BLOCK")]
    CapacityBlock,
}

/// What nodes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AmiType {
    /// Amazon Linux 2023 on x86.
    #[choice("AL2023_x86_64_STANDARD")]
    Al2023X86,
    /// Amazon Linux 2023 on ARM.
    #[choice("AL2023_ARM_64_STANDARD")]
    Al2023Arm,
    /// Amazon Linux 2023 on x86, for NVIDIA.
    #[choice("AL2023_x86_64_NVIDIA")]
    Al2023X86Nvidia,
    /// Amazon Linux 2023 on ARM, for NVIDIA.
    #[choice("AL2023_ARM_64_NVIDIA")]
    Al2023ArmNvidia,
    /// Amazon Linux 2023 on x86, for Inferentia and Trainium.
    #[choice("AL2023_x86_64_NEURON")]
    Al2023X86Neuron,
    /// Amazon Linux 2 on x86.
    #[choice("AL2_x86_64")]
    Al2X86,
    /// Amazon Linux 2 on x86, for accelerators.
    #[choice("AL2_x86_64_GPU")]
    Al2X86Gpu,
    /// Amazon Linux 2 on ARM.
    #[choice("AL2_ARM_64")]
    Al2Arm,
    /// Bottlerocket on x86.
    #[choice("BOTTLEROCKET_x86_64")]
    BottlerocketX86,
    /// Bottlerocket on x86, with validated cryptography.
    #[choice("BOTTLEROCKET_x86_64_FIPS")]
    BottlerocketX86Fips,
    /// Bottlerocket on x86, for NVIDIA.
    #[choice("BOTTLEROCKET_x86_64_NVIDIA")]
    BottlerocketX86Nvidia,
    /// Bottlerocket on x86, for NVIDIA, with validated cryptography.
    #[choice("BOTTLEROCKET_x86_64_NVIDIA_FIPS")]
    BottlerocketX86NvidiaFips,
    /// Bottlerocket on ARM.
    #[choice("BOTTLEROCKET_ARM_64")]
    BottlerocketArm,
    /// Bottlerocket on ARM, with validated cryptography.
    #[choice("BOTTLEROCKET_ARM_64_FIPS")]
    BottlerocketArmFips,
    /// Bottlerocket on ARM, for NVIDIA.
    #[choice("BOTTLEROCKET_ARM_64_NVIDIA")]
    BottlerocketArmNvidia,
    /// Bottlerocket on ARM, for NVIDIA, with validated cryptography.
    #[choice("BOTTLEROCKET_ARM_64_NVIDIA_FIPS")]
    BottlerocketArmNvidiaFips,
    /// Windows Server 2019 without a desktop.
    #[choice("WINDOWS_CORE_2019_x86_64")]
    WindowsCore2019,
    /// Windows Server 2019.
    #[choice("WINDOWS_FULL_2019_x86_64")]
    WindowsFull2019,
    /// Windows Server 2022 without a desktop.
    #[choice("WINDOWS_CORE_2022_x86_64")]
    WindowsCore2022,
    /// Windows Server 2022.
    #[choice("WINDOWS_FULL_2022_x86_64")]
    WindowsFull2022,
    /// Windows Server 2025 without a desktop.
    #[choice("WINDOWS_CORE_2025_x86_64")]
    WindowsCore2025,
    /// Windows Server 2025.
    #[choice("WINDOWS_FULL_2025_x86_64")]
    WindowsFull2025,
    /// The image of the launch template.
    #[choice("CUSTOM")]
    Custom,
}

/// What AWS assigns to a [`NodeGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct NodeGroupOutputs {
    /// The cluster's and the group's name, with a colon between.
    pub id: String,
    /// ARN.
    pub arn: Arn<NodeGroup>,
    /// Names of the Auto Scaling groups of the nodes.
    pub autoscaling_group_names: Vec<String>,
    /// Security group that EKS made for remote access.
    pub remote_access_security_group_id: Option<SecurityGroupId>,
    /// What is wrong with it.
    pub health: Option<String>,
    /// `ACTIVE`, or what it is busy with.
    pub status: String,
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::eks::fixtures::{cluster, role};

    fn group(
        stack: &mut Stack,
        name: &str,
        scaling: NodeGroupScalingConfigArguments,
    ) -> NodeGroupArguments {
        let (cluster, [a, b, _]) = cluster(stack, name, "nodes");
        let role = role(stack, "nodes", format!("{name}-nodes"), "ec2.amazonaws.com");
        NodeGroup::new(cluster.id(), role, scaling, [a, b])
            .ami_type(AmiType::Al2023X86)
            .capacity_type(CapacityType::OnDemand)
            .disk_size(Gibibytes(50))
            .instance_types(["m6i.large", "m5.large"])
    }

    fn taint(key: &str, value: &str) -> TaintArguments {
        Taint::new(key, TaintEffect::NoSchedule).value(value)
    }

    conforms!(
        aws_eks_node_group,
        Fixture {
            base: |stack, name| {
                let scaling = NodeGroupScalingConfig::new(3_u32, 1_u32).desired_size(2_u32);
                let it = group(stack, name, scaling)
                    .node_group_name(format!("{name}-blue"))
                    .labels(BTreeMap::from([("role", "workers"), ("gone", "soon")]))
                    .taint([taint("dedicated", "api"), taint("gone", "soon")])
                    .update_config(NodeGroupUpdateConfig::new().max_unavailable(1_u32));
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                // The number of nodes is left to an autoscaler.
                let scaling = NodeGroupScalingConfig::new(6_u32, 2_u32);
                let repair = NodeRepairConfig::new().enabled(true);
                let limit = NodeGroupUpdateConfig::new().max_unavailable_percentage(33_u32);
                let it = group(stack, name, scaling)
                    .node_group_name(format!("{name}-blue"))
                    .labels(BTreeMap::from([("role", "api")]))
                    .taint([taint("dedicated", "web")])
                    .node_repair_config(repair)
                    .update_config(limit);
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let it = group(stack, name, NodeGroupScalingConfig::new(1_u32, 0_u32));
                stack.add("it", it.node_group_name_prefix("green-"));
            }),
            gaps: &[],
        }
    );
}
