//! The control plane, its nodes, and the add-ons that every cluster needs.

use infra_aws::ec2::SubnetHandle;
use infra_aws::eks::{
    AccessConfig, Addon, AddonArguments, AddonVersion, AmiType, AuthenticationMode, Cluster,
    ClusterHandle, ClusterLogType, EncryptedResource, EncryptionConfig, EncryptionProvider,
    NodeGroup, NodeGroupScalingConfig, VpcConfig,
};
use infra_aws::iam::managed::{self, ManagedPolicy};
use infra_aws::iam::{
    PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicyAttachment,
    RolePolicyAttachmentHandle, Statement,
};
use infra_aws::kms::Key;
use infra_aws::logs::LogGroup;
use infra_aws::sts::Partition;
use infra_sdk::ipnet::IpNet;
use infra_sdk::prelude::*;

use crate::network::Network;
use crate::stack::Settings;

/// A role, and what must be attached to it before anybody takes it on.
struct ServiceRole {
    role: RoleHandle,
    policies: Vec<RolePolicyAttachmentHandle>,
}

impl ServiceRole {
    /// Has a resource made when the role has its policies, and deleted while it still has them.
    fn before<D: CommonOptions>(&self, resource: D) -> D {
        self.policies.iter().fold(resource, |resource, policy| resource.depends_on(policy))
    }
}

/// Declares the cluster with its nodes in that network.
pub fn declare(
    stack: &mut Stack,
    name: &str,
    settings: &Settings,
    network: &Network,
) -> Result<ClusterHandle> {
    let cluster = control_plane(stack, name, settings, &network.private)?;
    let role = role(
        stack,
        name,
        "nodes",
        "ec2.amazonaws.com",
        &[
            ("worker", managed::AMAZON_EKS_WORKER_NODE_POLICY),
            ("network", managed::AMAZON_EKS_CNI_POLICY),
            ("images", managed::AMAZON_EC2_CONTAINER_REGISTRY_READ_ONLY),
        ],
    )?;
    let subnets: Vec<_> = network.private.iter().map(|subnet| subnet.id()).collect();
    let scaling = NodeGroupScalingConfig::new(settings.most_nodes, settings.nodes)
        .desired_size(settings.nodes);
    let mut nodes = NodeGroup::new(cluster.name(), role.role.arn(), scaling, subnets)
        .node_group_name_prefix("nodes-")
        .ami_type(AmiType::BottlerocketArm)
        .instance_types([settings.instance_type.as_str()])
        .version(settings.version.as_str())
        // Another type of machine is another group, which is there before the old one goes.
        .create_before_destroy(true)
        .depends_on(&network.way_out);
    // Nodes are ready only with a network, so its add-ons come first.
    for addon in ["vpc-cni", "kube-proxy"] {
        let declared = self::addon(stack, settings, &cluster, addon)?;
        nodes = nodes.depends_on(&stack.add(addon, declared));
    }
    let nodes = stack.add("node-group", role.before(nodes));
    let names = addon(stack, settings, &cluster, "coredns")?;
    stack.add("coredns", names.depends_on(&nodes));
    Ok(cluster)
}

/// Its secrets are encrypted with a key of their own, its audit log is kept, and the API is open to
/// the networks of the settings only.
fn control_plane(
    stack: &mut Stack,
    name: &str,
    settings: &Settings,
    subnets: &[SubnetHandle],
) -> Result<ClusterHandle> {
    let policy = [("policy", managed::AMAZON_EKS_CLUSTER_POLICY)];
    let role = role(stack, name, "control-plane-role", "eks.amazonaws.com", &policy)?;
    let key = Key::new()
        .description(format!("Encrypts secrets of {name}"))
        .enable_key_rotation(true)
        .deletion_window_in_days(Days(7));
    let key = stack.add("key", key);
    // EKS writes to a group of this name, and makes it itself, to be kept for ever, where it is not.
    let logs = LogGroup::new()
        .name(format!("/aws/eks/{name}/cluster"))
        .retention_in_days(settings.log_retention);
    let logs = stack.add("logs", logs);
    let network = VpcConfig::new(subnets.iter().map(|subnet| subnet.id()).collect::<Vec<_>>())
        .endpoint_private_access(true)
        .endpoint_public_access(!settings.api_networks.is_empty());
    let outside: Vec<_> = settings.api_networks.iter().copied().map(IpNet::V4).collect();
    let network = if outside.is_empty() { network } else { network.public_access_cidrs(outside) };
    let access = AccessConfig::new()
        .authentication_mode(AuthenticationMode::Api)
        .bootstrap_cluster_creator_admin_permissions(true);
    let encryption =
        EncryptionConfig::new(EncryptionProvider::new(key.arn()), [EncryptedResource::Secrets]);
    let cluster = Cluster::new(name, role.role.arn(), network)
        .version(settings.version.as_str())
        .access_config(access)
        .bootstrap_self_managed_addons(false)
        .enabled_cluster_log_types([ClusterLogType::Audit, ClusterLogType::Authenticator])
        .encryption_config(encryption)
        .deletion_protection(stack.env().is_protected())
        .depends_on(&logs);
    Ok(stack.add("control-plane", role.before(cluster)))
}

/// A role of a service, with AWS's own policies for the purpose.
fn role(
    stack: &mut Stack,
    prefix: &str,
    name: &str,
    service: &str,
    policies: &[(&str, ManagedPolicy)],
) -> Result<ServiceRole> {
    let partition = stack.lookup(Partition)?;
    let trust = Statement::allow().principal(Principal::service(service)).action("sts:AssumeRole");
    let role = Role::new(PolicyDocument::new().statement(trust));
    let role = stack.add(name, role.name(RoleName::new(format!("{prefix}-{name}"))));
    let mut attached = Vec::new();
    for (purpose, policy) in policies {
        let attachment = RolePolicyAttachment::new(role.name(), policy.arn(&partition));
        attached.push(stack.add(format!("{name}-{purpose}"), attachment));
    }
    Ok(ServiceRole { role, policies: attached })
}

/// An add-on in the version that EKS has for that of the cluster, so that both are raised together.
fn addon(
    stack: &mut Stack,
    settings: &Settings,
    cluster: &ClusterHandle,
    name: &str,
) -> Result<AddonArguments> {
    let version = stack.lookup(AddonVersion::of(name, settings.version.as_str()))?.version;
    Ok(Addon::new(name, cluster.name()).addon_version(version))
}
