//! A Kubernetes control plane. Slow: it takes a quarter of an hour. Everything that AWS can change
//! is changed in place, one change after the other, a version one minor at a time. What a block has
//! that AWS cannot change is refused: a cluster is never replaced for it. Its handler is in
//! `cluster_handler`, its updates in `cluster_update`.
//!
//! The settings of the API server, scheduler and controller manager are not offered.
//!
//! API: CreateCluster, DescribeCluster, UpdateClusterConfig, UpdateClusterVersion,
//! AssociateEncryptionConfig, DescribeUpdate, TagResource, UntagResource, DeleteCluster.

use std::collections::BTreeSet;

use infra_sdk::ipnet::IpNet;
use infra_sdk::{Arn, Block, Choice, Outputs, Resource, Tags};

use super::ClusterName;
use super::cluster_network::{KubernetesNetworkConfig, OutpostConfig, RemoteNetworkConfig};
use super::cluster_rules::validate;
use crate::ec2::{SecurityGroupId, SubnetId, VpcId};
use crate::iam::Role;
use crate::kms::Key;

/// A control plane of Kubernetes, which node groups and Fargate profiles join.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_eks_cluster", outputs = ClusterOutputs, stateful, validate = validate)]
pub struct Cluster {
    /// Name, unique in the region, at most 100 characters.
    #[field(force_new)]
    pub name: ClusterName,
    /// Role that the control plane uses; it needs AmazonEKSClusterPolicy.
    #[field(force_new)]
    pub role_arn: Arn<Role>,
    /// Where the control plane is in the network, and from where it is reached.
    pub vpc_config: VpcConfig,
    /// Who may use the cluster. Left out, AWS's choice.
    #[field(computed)]
    pub access_config: Option<AccessConfig>,
    /// Have EKS put in aws-cni, kube-proxy and CoreDNS as add-ons of nobody's when the cluster is
    /// made. With EKS Auto Mode it is `false`.
    #[field(force_new, default = true, write_only)]
    pub bootstrap_self_managed_addons: bool,
    /// EKS Auto Mode: machines. Given together with `storage_config` and the load balancing of
    /// `kubernetes_network_config`.
    #[field(computed)]
    pub compute_config: Option<ComputeConfig>,
    /// How much the control plane can bear. Left out, AWS's choice.
    #[field(computed)]
    pub control_plane_scaling_config: Option<ControlPlaneScalingConfig>,
    /// Refuse to delete the cluster.
    #[field(default = false)]
    pub deletion_protection: bool,
    /// Logs of the control plane that go to CloudWatch Logs, to the group `/aws/eks/NAME/cluster`.
    pub enabled_cluster_log_types: BTreeSet<ClusterLogType>,
    /// Encrypts secrets with a key of one's own. It can be added later, and never changed.
    pub encryption_config: Option<EncryptionConfig>,
    /// Upgrade the version also where insights say that it breaks something.
    #[field(default = false, write_only)]
    pub force_update_version: bool,
    /// Addresses of services. Left out, AWS's choice.
    #[field(computed)]
    pub kubernetes_network_config: Option<KubernetesNetworkConfig>,
    /// A cluster on Outposts of one's own.
    #[field(force_new)]
    pub outpost_config: Option<OutpostConfig>,
    /// Networks of hybrid nodes.
    pub remote_network_config: Option<RemoteNetworkConfig>,
    /// EKS Auto Mode: volumes.
    #[field(computed)]
    pub storage_config: Option<StorageConfig>,
    /// What happens when the version's standard support ends. Left out, AWS's choice.
    #[field(computed)]
    pub upgrade_policy: Option<UpgradePolicy>,
    /// Version of Kubernetes: `1.33`. Left out, the latest when the cluster is made, kept then.
    #[field(computed)]
    pub version: Option<String>,
    /// Whether the Application Recovery Controller may shift traffic out of a zone.
    #[field(computed)]
    pub zonal_shift_config: Option<ZonalShiftConfig>,
    /// Tags.
    pub tags: Tags,
}

/// Where a control plane is in the network, and from where it is reached.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct VpcConfig {
    /// Subnets of at least two zones, for the control plane's network interfaces.
    #[field(required)]
    pub subnet_ids: BTreeSet<SubnetId>,
    /// Further security groups of those interfaces, at most 5.
    pub security_group_ids: BTreeSet<SecurityGroupId>,
    /// Whether the API is reached from inside the VPC without leaving it.
    #[field(default = false)]
    pub endpoint_private_access: bool,
    /// Whether the API is reached from the internet.
    #[field(default = true)]
    pub endpoint_public_access: bool,
    /// Networks that reach the public endpoint, as CIDRs. Left out, everybody.
    #[field(computed)]
    pub public_access_cidrs: BTreeSet<IpNet>,
}

/// Who may use a cluster.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AccessConfig {
    /// What is asked for who may: access entries, the config map `aws-auth`, or both. It can be
    /// changed towards `API` and never back.
    #[field(computed)]
    pub authentication_mode: Option<AuthenticationMode>,
    /// Make whoever creates the cluster its administrator. It cannot be changed.
    #[field(computed)]
    pub bootstrap_cluster_creator_admin_permissions: Option<bool>,
}

/// What is asked for who may use a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum AuthenticationMode {
    /// The config map `aws-auth`.
    #[choice("CONFIG_MAP")]
    ConfigMap,
    /// Access entries and the config map.
    #[choice("API_AND_CONFIG_MAP")]
    ApiAndConfigMap,
    /// Access entries.
    #[choice("API")]
    Api,
}

/// EKS Auto Mode: machines.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ComputeConfig {
    /// Whether EKS makes and removes machines by itself.
    #[field(default = false)]
    pub enabled: bool,
    /// Node pools that EKS brings along.
    pub node_pools: BTreeSet<NodePool>,
    /// Role of the machines. Once node pools have it, it cannot be changed.
    pub node_role_arn: Option<Arn<Role>>,
}

/// A node pool that EKS brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum NodePool {
    /// For what is the user's.
    #[choice("general-purpose")]
    GeneralPurpose,
    /// For what the cluster itself needs.
    #[choice("system")]
    System,
}

/// How much a control plane can bear.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ControlPlaneScalingConfig {
    /// The tier.
    pub tier: ControlPlaneTier,
}

/// A tier of control planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ControlPlaneTier {
    /// Scales with the load.
    #[choice("standard")]
    Standard,
    /// Provisioned, XL.
    #[choice("tier-xl")]
    Xl,
    /// Provisioned, 2XL.
    #[choice("tier-2xl")]
    TwoXl,
    /// Provisioned, 4XL.
    #[choice("tier-4xl")]
    FourXl,
    /// Provisioned, 8XL.
    #[choice("tier-8xl")]
    EightXl,
}

/// A log of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum ClusterLogType {
    /// The API server.
    #[choice("api")]
    Api,
    /// Who did what.
    #[choice("audit")]
    Audit,
    /// Who was let in by IAM.
    #[choice("authenticator")]
    Authenticator,
    /// The controller manager.
    #[choice("controllerManager")]
    ControllerManager,
    /// The scheduler.
    #[choice("scheduler")]
    Scheduler,
}

/// Encrypts secrets with a key of one's own.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EncryptionConfig {
    /// The key.
    pub provider: EncryptionProvider,
    /// What is encrypted: `secrets`.
    #[field(required)]
    pub resources: BTreeSet<EncryptedResource>,
}

/// A key that encrypts secrets.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EncryptionProvider {
    /// The key: symmetric, in the cluster's region.
    pub key_arn: Arn<Key>,
}

/// What is encrypted in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum EncryptedResource {
    /// Secrets of Kubernetes.
    #[choice("secrets")]
    Secrets,
}

/// EKS Auto Mode: volumes.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct StorageConfig {
    /// Volumes of EBS.
    pub block_storage: BlockStorage,
}

/// EKS Auto Mode: volumes of EBS.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BlockStorage {
    /// Whether EKS makes volumes by itself.
    #[field(default = false)]
    pub enabled: bool,
}

/// What happens when a version's standard support ends.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct UpgradePolicy {
    /// Extended support, which costs more, or an upgrade by EKS.
    pub support_type: SupportType,
}

/// What happens when a version's standard support ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SupportType {
    /// The cluster is upgraded.
    #[choice("STANDARD")]
    Standard,
    /// The version is supported for longer, at a higher price.
    #[choice("EXTENDED")]
    Extended,
}

/// Whether traffic may be shifted out of a zone.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ZonalShiftConfig {
    /// Whether it may.
    #[field(default = false)]
    pub enabled: bool,
}

/// What AWS assigns to a [`Cluster`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ClusterOutputs {
    /// The cluster's name.
    pub id: ClusterName,
    /// ARN.
    pub arn: Arn<Cluster>,
    /// Certificate authority of the API, in Base64.
    pub certificate_authority_data: Option<String>,
    /// Security group that EKS made, which the control plane and managed nodes are in.
    pub cluster_security_group_id: Option<SecurityGroupId>,
    /// When it was made, in RFC 3339.
    pub created_at: Option<String>,
    /// Where the API is.
    pub endpoint: Option<String>,
    /// URL of the cluster's identity provider, for roles of service accounts.
    pub oidc_issuer: Option<String>,
    /// Version of what EKS adds to Kubernetes: `eks.1`.
    pub platform_version: Option<String>,
    /// Network of services of an IPv6 cluster.
    pub service_ipv6_cidr: Option<String>,
    /// The VPC of the subnets.
    pub vpc_id: Option<VpcId>,
    /// What is wrong with it.
    pub health: Option<String>,
    /// `ACTIVE`, or what it is busy with.
    pub status: String,
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::eks::fixtures::{cluster_role, subnets};

    fn cluster(stack: &mut Stack, name: &str, subnets: usize, private: bool) -> ClusterArguments {
        let role = cluster_role(stack, name);
        let places = self::subnets(stack).into_iter().take(subnets);
        let config = VpcConfig::new(places.collect::<Vec<_>>()).endpoint_private_access(private);
        Cluster::new(format!("{name}-cluster"), role, config)
            .bootstrap_self_managed_addons(false)
            .access_config(
                AccessConfig::new()
                    .authentication_mode(AuthenticationMode::ApiAndConfigMap)
                    .bootstrap_cluster_creator_admin_permissions(true),
            )
            .kubernetes_network_config(
                KubernetesNetworkConfig::new()
                    .ip_family(crate::eks::IpFamily::Ipv4)
                    .service_ipv4_cidr("172.20.0.0/16".parse::<Ipv4Net>().expect("a CIDR")),
            )
    }

    conforms!(
        aws_eks_cluster,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new());
                let provider = EncryptionProvider::new(key.arn());
                let encryption = EncryptionConfig::new(provider, [EncryptedResource::Secrets]);
                let it = cluster(stack, name, 2, false)
                    .version("1.30")
                    .encryption_config(encryption)
                    .enabled_cluster_log_types([ClusterLogType::Api, ClusterLogType::Audit])
                    .upgrade_policy(UpgradePolicy::new(SupportType::Extended))
                    .tag("Name", name);
                stack.add("it", it);
            },
            update: Some(|stack, name| {
                let key = stack.add("key", Key::new());
                let provider = EncryptionProvider::new(key.arn());
                let encryption = EncryptionConfig::new(provider, [EncryptedResource::Secrets]);
                let mut it = cluster(stack, name, 3, true)
                    .version("1.32")
                    .encryption_config(encryption)
                    .enabled_cluster_log_types([ClusterLogType::Audit, ClusterLogType::Scheduler])
                    .upgrade_policy(UpgradePolicy::new(SupportType::Standard))
                    .zonal_shift_config(ZonalShiftConfig::new().enabled(true))
                    .tag("purpose", "changed");
                it = it.access_config(
                    AccessConfig::new().authentication_mode(AuthenticationMode::Api),
                );
                stack.add("it", it);
            }),
            replace: Some(|stack, name| {
                let role = cluster_role(stack, name);
                let [a, b, _] = subnets(stack);
                stack
                    .add("it", Cluster::new(format!("{name}-other"), role, VpcConfig::new([a, b])));
            }),
            gaps: &[],
        }
    );
}
