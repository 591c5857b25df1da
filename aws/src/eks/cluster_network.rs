//! The networks of a [`Cluster`](super::Cluster): services and pods, Outposts, hybrid nodes.

use crate::AnyArn;
use infra_sdk::ipnet::{IpNet, Ipv4Net};
use infra_sdk::{Block, Choice};
use std::collections::BTreeSet;

/// Addresses of services, and their load balancers.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct KubernetesNetworkConfig {
    /// EKS Auto Mode: load balancers.
    #[field(computed)]
    pub elastic_load_balancing: Option<ElasticLoadBalancing>,
    /// Kind of addresses of pods and services. It cannot be changed.
    #[field(computed)]
    pub ip_family: Option<IpFamily>,
    /// Network of services, of 12 to 24 bits and private. It cannot be changed.
    #[field(computed)]
    pub service_ipv4_cidr: Option<Ipv4Net>,
}

/// EKS Auto Mode: load balancers.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ElasticLoadBalancing {
    /// Whether EKS makes load balancers by itself.
    #[field(default = false)]
    pub enabled: bool,
}

/// Kind of addresses of pods and services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum IpFamily {
    /// IPv4.
    #[choice("ipv4")]
    Ipv4,
    /// IPv6.
    #[choice("ipv6")]
    Ipv6,
}

/// A cluster on Outposts of one's own.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct OutpostConfig {
    /// Size of the control plane's machines: `m5.large`.
    pub control_plane_instance_type: String,
    /// The Outpost.
    #[field(required)]
    pub outpost_arns: BTreeSet<AnyArn>,
    /// Where on the Outpost the machines are.
    pub control_plane_placement: Option<ControlPlanePlacement>,
}

/// Where on an Outpost the machines of a control plane are.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ControlPlanePlacement {
    /// Placement group.
    pub group_name: String,
}

/// Networks of hybrid nodes.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RemoteNetworkConfig {
    /// Networks of the nodes.
    pub remote_node_networks: RemoteNetworks,
    /// Networks of the pods on them.
    pub remote_pod_networks: Option<RemoteNetworks>,
}

/// Networks outside of AWS.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RemoteNetworks {
    /// CIDRs, private.
    #[field(required)]
    pub cidrs: BTreeSet<IpNet>,
}
