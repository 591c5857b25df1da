//! A Kubernetes cluster: its control plane, nodes that EKS manages, the add-ons that every cluster
//! needs, and an identity provider for the roles of service accounts.
//!
//! Secrets are encrypted with the key that it is given, every log of the control plane goes to a
//! log group, and access entries alone say who may use the cluster. Nodes are in the cluster's own
//! security group, which databases and caches can let in.

use infra_aws::ec2::{SecurityGroupId, SubnetHandle};
use infra_aws::eks::{
    AccessConfig, Addon, AddonArguments, AddonVersion, AmiType, AuthenticationMode, CapacityType,
    Cluster as ControlPlane, ClusterHandle, ClusterLogType, ConflictsOnCreate, ConflictsOnUpdate,
    EncryptedResource, EncryptionConfig, EncryptionProvider, NodeGroup, NodeGroupArguments,
    NodeGroupHandle, NodeGroupScalingConfig, NodeGroupUpdateConfig, NodeRepairConfig, SupportType,
    UpgradePolicy, VpcConfig,
};
use infra_aws::iam::managed::{self, ManagedPolicy};
use infra_aws::iam::{
    OpenIdConnectProvider, OpenIdConnectProviderHandle, Operator, PolicyDocument, Principal, Role,
    RoleHandle, RoleName, RolePolicyAttachment, Statement,
};
use infra_aws::kms::KeyHandle;
use infra_aws::logs::LogGroupHandle;
use infra_aws::sts::Partition;
use infra_sdk::ipnet::IpNet;
use infra_sdk::prelude::*;

use super::log_group::{self, Keeping};
use super::role;

/// The service that tokens of service accounts are for.
const AUDIENCE: &str = "sts.amazonaws.com";

/// What differs between environments.
#[derive(Debug, Clone, Settings)]
pub(crate) struct ClusterSettings {
    /// Version of Kubernetes. It can be raised, one minor version at a time.
    #[setting(default = "1.33")]
    pub kubernetes_version: String,
    /// Networks that reach the API from outside the VPC. Without any it is reached from inside only.
    #[setting(default = Vec::new())]
    pub api_networks: Vec<Ipv4Net>,
    /// Types of the nodes' instances, the first tried first.
    #[setting(default = vec!["t3.medium".to_owned()])]
    pub node_instance_types: Vec<String>,
    /// The fewest nodes.
    #[setting(default = 1, range = 0..=1000)]
    pub node_min_size: u32,
    /// Nodes where nothing scales them; an autoscaler begins with the fewest.
    #[setting(default = 2, range = 0..=1000)]
    pub node_desired_size: u32,
    /// The most nodes.
    #[setting(default = 3, range = 1..=1000)]
    pub node_max_size: u32,
    /// Disk of a node, in gibibytes.
    #[setting(default = Gibibytes(50))]
    pub node_disk_size: Gibibytes,
}

/// What a cluster is made from.
pub(crate) struct ClusterArguments<'a> {
    /// Its name in AWS, after which its roles are named too.
    pub(crate) name: &'a str,
    /// Subnets of the nodes and of the control plane's interfaces.
    pub(crate) subnets: &'a [SubnetHandle],
    /// Encrypts secrets of Kubernetes.
    pub(crate) key: &'a KeyHandle,
    /// Encrypts the control plane's logs.
    pub(crate) log_key: &'a KeyHandle,
    /// Days that these are kept.
    pub(crate) log_retention: Days,
    /// Leave the number of nodes to the cluster autoscaler.
    pub(crate) autoscaling: bool,
    /// What differs between environments.
    pub(crate) settings: &'a ClusterSettings,
}

/// Handles of a cluster.
pub(crate) struct Cluster {
    /// The control plane.
    pub(crate) control_plane: ClusterHandle,
    /// The nodes.
    pub(crate) nodes: NodeGroupHandle,
    /// Receives the control plane's logs, the audit log among them.
    pub(crate) logs: LogGroupHandle,
    /// Its name in AWS.
    pub(crate) name: String,
    provider: OpenIdConnectProviderHandle,
}

/// A service account of Kubernetes that has a role.
pub(crate) struct ServiceAccount<'a> {
    /// The role's name, without that of the cluster.
    pub(crate) name: &'a str,
    /// Namespaces of the account: it has the same name in each.
    pub(crate) namespaces: &'a [&'a str],
    /// The account's name.
    pub(crate) account: &'a str,
    /// AWS's own policies, each with what it is for.
    pub(crate) managed: &'a [(&'a str, ManagedPolicy)],
    /// What else it may do.
    pub(crate) policy: Option<PolicyDocument>,
}

impl Cluster {
    /// The security group that nodes and control plane are in.
    pub(crate) fn security_group(&self) -> Output<SecurityGroupId> {
        self.control_plane.cluster_security_group_id()
    }

    /// Declares a role that a service account takes on, and nobody else. Source: EKS user guide,
    /// IAM roles for service accounts.
    ///
    /// # Errors
    /// When the partition is not known.
    pub(crate) fn service_account_role(
        &self,
        stack: &mut Stack,
        account: ServiceAccount<'_>,
    ) -> Result<RoleHandle> {
        let issuer = self.control_plane.oidc_issuer().replace("https://", "");
        let ServiceAccount { name, namespaces, account, managed, policy } = account;
        let accounts =
            namespaces.iter().map(|space| format!("system:serviceaccount:{space}:{account}"));
        let trust = Statement::allow()
            .principal(Principal::federated(self.provider.arn()))
            .action("sts:AssumeRoleWithWebIdentity")
            .condition(Operator::StringEquals, text!(&issuer, ":aud"), AUDIENCE)
            .conditions(Operator::StringEquals, text!(&issuer, ":sub"), accounts);
        let full = RoleName::new(format!("{}-{name}", self.name));
        let role = Role::new(PolicyDocument::new().statement(trust)).name(full);
        let role = stack.add(name, role);
        let partition = stack.lookup(Partition)?;
        for (purpose, policy) in managed {
            let attachment = RolePolicyAttachment::new(role.name(), policy.arn(&partition));
            stack.add(format!("{name}-{purpose}"), attachment);
        }
        if let Some(policy) = policy {
            role::allow(stack, name, &role, policy);
        }
        Ok(role)
    }
}

/// Declares a cluster. What runs on it is not its: roles of service accounts are made with
/// [`Cluster::service_account_role`].
///
/// # Errors
/// When the partition or the version of an add-on is not known.
pub(crate) fn declare(stack: &mut Stack, arguments: &ClusterArguments<'_>) -> Result<Cluster> {
    let partition = stack.lookup(Partition)?;
    let (control_plane, logs) = control_plane(stack, arguments, partition.as_ref());
    let provider = OpenIdConnectProvider::new(control_plane.oidc_issuer(), [AUDIENCE]);
    let provider = stack.add("identity-provider", provider);
    // Nodes are ready only with a network, so its add-on comes first; they then take the rest.
    let mut nodes = nodes(stack, arguments, &control_plane, partition.as_ref());
    for name in ["vpc-cni", "kube-proxy"] {
        let addon = addon(stack, arguments.settings, &control_plane, name)?;
        nodes = nodes.depends_on(&stack.add(name, addon));
    }
    let nodes = stack.add("nodes", nodes);
    let cluster = Cluster { control_plane, nodes, logs, name: arguments.name.to_owned(), provider };
    addons_on_nodes(stack, arguments, &cluster)?;
    Ok(cluster)
}

fn control_plane(
    stack: &mut Stack,
    arguments: &ClusterArguments<'_>,
    partition: &str,
) -> (ClusterHandle, LogGroupHandle) {
    let ClusterArguments { name, subnets, key, settings, .. } = *arguments;
    let role = role::attached(
        stack,
        name,
        "control-plane-role",
        "eks.amazonaws.com",
        &[("policy", managed::AMAZON_EKS_CLUSTER_POLICY.arn(partition))],
    );
    // EKS writes to a group of this name, and makes it without a key and for ever where it is not.
    let keeping = Keeping { key: arguments.log_key, days: arguments.log_retention };
    let logs = log_group::declare(stack, "logs", format!("/aws/eks/{name}/cluster"), keeping);
    let ids: Vec<_> = subnets.iter().map(|subnet| subnet.id()).collect();
    let network = VpcConfig::new(ids)
        .endpoint_private_access(true)
        .endpoint_public_access(!settings.api_networks.is_empty());
    let outside: Vec<_> = settings.api_networks.iter().copied().map(IpNet::V4).collect();
    let network = if outside.is_empty() { network } else { network.public_access_cidrs(outside) };
    let encryption =
        EncryptionConfig::new(EncryptionProvider::new(key.arn()), [EncryptedResource::Secrets]);
    let access = AccessConfig::new()
        .authentication_mode(AuthenticationMode::Api)
        .bootstrap_cluster_creator_admin_permissions(true);
    let control_plane = ControlPlane::new(name, role.role.arn(), network)
        .version(settings.kubernetes_version.as_str())
        .access_config(access)
        .bootstrap_self_managed_addons(false)
        .enabled_cluster_log_types([
            ClusterLogType::Api,
            ClusterLogType::Audit,
            ClusterLogType::Authenticator,
            ClusterLogType::ControllerManager,
            ClusterLogType::Scheduler,
        ])
        .encryption_config(encryption)
        .upgrade_policy(UpgradePolicy::new(SupportType::Standard))
        .deletion_protection(stack.env().is_protected())
        .depends_on(&logs);
    let control_plane = role.before(control_plane);
    (stack.add("control-plane", control_plane), logs)
}

/// The nodes. Another type of instance is another group, which is there before the old one goes.
fn nodes(
    stack: &mut Stack,
    arguments: &ClusterArguments<'_>,
    control_plane: &ClusterHandle,
    partition: &str,
) -> NodeGroupArguments {
    let ClusterArguments { name, subnets, settings, .. } = *arguments;
    let role = role::attached(
        stack,
        name,
        "node-role",
        "ec2.amazonaws.com",
        &[
            ("worker", managed::AMAZON_EKS_WORKER_NODE_POLICY.arn(partition)),
            ("network", managed::AMAZON_EKS_CNI_POLICY.arn(partition)),
            ("images", managed::AMAZON_EC2_CONTAINER_REGISTRY_READ_ONLY.arn(partition)),
        ],
    );
    let ids: Vec<_> = subnets.iter().map(|subnet| subnet.id()).collect();
    let scaling = if arguments.autoscaling {
        // How many there are is the autoscaler's to say.
        NodeGroupScalingConfig::new(settings.node_max_size, settings.node_min_size)
    } else {
        NodeGroupScalingConfig::new(settings.node_max_size, settings.node_min_size)
            .desired_size(settings.node_desired_size)
    };
    let nodes = NodeGroup::new(control_plane.name(), role.role.arn(), scaling, ids)
        .node_group_name_prefix("nodes-")
        .ami_type(AmiType::BottlerocketX86)
        .capacity_type(CapacityType::OnDemand)
        .instance_types(settings.node_instance_types.clone())
        .disk_size(settings.node_disk_size)
        .version(settings.kubernetes_version.as_str())
        .node_repair_config(NodeRepairConfig::new().enabled(true))
        .update_config(NodeGroupUpdateConfig::new().max_unavailable_percentage(33))
        .create_before_destroy(true);
    role.before(nodes)
}

/// The add-ons that run on nodes. Volumes are made with a role of their own.
fn addons_on_nodes(
    stack: &mut Stack,
    arguments: &ClusterArguments<'_>,
    cluster: &Cluster,
) -> Result<()> {
    let account = ServiceAccount {
        name: "volumes",
        namespaces: &["kube-system"],
        account: "ebs-csi-controller-sa",
        managed: &[("driver", managed::AMAZON_EBS_CSI_DRIVER_POLICY)],
        policy: None,
    };
    let role = cluster.service_account_role(stack, account)?;
    for (name, role) in [("coredns", None), ("aws-ebs-csi-driver", Some(role.arn()))] {
        let addon = addon(stack, arguments.settings, &cluster.control_plane, name)?;
        let addon = match role {
            Some(role) => addon.service_account_role_arn(role),
            None => addon,
        };
        stack.add(name, addon.depends_on(&cluster.nodes));
    }
    Ok(())
}

/// Installs the agent that measures nodes and pods, for Container Insights, and declares the groups
/// that it writes to. Source: CloudWatch user guide, the CloudWatch Observability EKS add-on.
///
/// # Errors
/// When the partition or the version of the add-on is not known.
pub(crate) fn container_insights(
    stack: &mut Stack,
    arguments: &ClusterArguments<'_>,
    cluster: &Cluster,
) -> Result<()> {
    let account = ServiceAccount {
        name: "insights",
        namespaces: &["amazon-cloudwatch"],
        account: "cloudwatch-agent",
        managed: &[("publish", managed::CLOUD_WATCH_AGENT_SERVER_POLICY)],
        policy: None,
    };
    let role = cluster.service_account_role(stack, account)?;
    let name = "amazon-cloudwatch-observability";
    let agent = addon(stack, arguments.settings, &cluster.control_plane, name)?;
    let mut agent = agent.service_account_role_arn(role.arn()).depends_on(&cluster.nodes);
    let keeping = Keeping { key: arguments.log_key, days: arguments.log_retention };
    for log in ["application", "dataplane", "host", "performance"] {
        let path = format!("/aws/containerinsights/{}/{log}", cluster.name);
        let group = log_group::declare(stack, &format!("insights-{log}"), path, keeping);
        agent = agent.depends_on(&group);
    }
    stack.add("insights-agent", agent);
    Ok(())
}

/// An add-on in the version that EKS has for the cluster's, so that the two are raised together.
fn addon(
    stack: &mut Stack,
    settings: &ClusterSettings,
    control_plane: &ClusterHandle,
    name: &str,
) -> Result<AddonArguments> {
    let version = AddonVersion::of(name, settings.kubernetes_version.as_str());
    let version = stack.lookup(version)?.version;
    Ok(Addon::new(name, control_plane.name())
        .addon_version(version)
        .resolve_conflicts_on_create(ConflictsOnCreate::Overwrite)
        .resolve_conflicts_on_update(ConflictsOnUpdate::Overwrite))
}
