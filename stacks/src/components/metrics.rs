//! Metrics of what the systems are made of: alarms look at them, dashboards draw them.

use infra_aws::cloudwatch::Statistic;
use infra_aws::ecs::{ClusterHandle as ServiceClusterHandle, ServiceHandle};
use infra_aws::eks::ClusterHandle;
use infra_aws::elasticache::ReplicationGroupHandle;
use infra_aws::elbv2::{LoadBalancerHandle, TargetGroupHandle};
use infra_aws::rds::InstanceHandle;
use infra_sdk::prelude::*;

/// What of a metric is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stat {
    Average,
    Maximum,
    Minimum,
    Sum,
    P50,
    P95,
    P99,
}

impl Stat {
    /// The word that CloudWatch has for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Average => "Average",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
            Self::Sum => "Sum",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }

    /// The same, where CloudWatch does not take it for a percentile.
    pub(crate) fn statistic(self) -> Option<Statistic> {
        match self {
            Self::Average => Some(Statistic::Average),
            Self::Maximum => Some(Statistic::Maximum),
            Self::Minimum => Some(Statistic::Minimum),
            Self::Sum => Some(Statistic::Sum),
            Self::P50 | Self::P95 | Self::P99 => None,
        }
    }
}

/// A metric of one thing.
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    /// Namespace: `AWS/RDS`.
    pub(crate) namespace: String,
    /// Name in the namespace.
    pub(crate) name: String,
    /// What of it is looked at.
    pub(crate) stat: Stat,
    /// Which thing it is of.
    pub(crate) dimensions: Vec<(&'static str, Output<String, Global>)>,
}

impl Metric {
    /// A metric without dimensions, such as that of a filter of logs.
    pub(crate) fn new(namespace: &str, name: &str, stat: Stat) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            stat,
            dimensions: Vec::new(),
        }
    }

    /// Of the thing of that name.
    pub(crate) fn of(mut self, dimension: &'static str, value: Output<String, Global>) -> Self {
        self.dimensions.push((dimension, value));
        self
    }
}

/// A metric of a load balancer. Source: ELB user guide, CloudWatch metrics for your ALB.
pub(crate) fn balancer(balancer: &LoadBalancerHandle, name: &str, stat: Stat) -> Metric {
    let suffix = balancer.arn_suffix().in_any_region();
    Metric::new("AWS/ApplicationELB", name, stat).of("LoadBalancer", suffix)
}

/// A metric of a target group behind a load balancer.
pub(crate) fn targets(
    balancer: &LoadBalancerHandle,
    targets: &TargetGroupHandle,
    name: &str,
    stat: Stat,
) -> Metric {
    let suffix = targets.arn_suffix().in_any_region();
    self::balancer(balancer, name, stat).of("TargetGroup", suffix)
}

/// A metric of a database. Source: RDS user guide, CloudWatch metrics for Amazon RDS.
pub(crate) fn database(instance: &InstanceHandle, name: &str, stat: Stat) -> Metric {
    let identifier = text!(instance.identifier());
    Metric::new("AWS/RDS", name, stat).of("DBInstanceIdentifier", identifier)
}

/// A metric of a member of a cache; its first is 1. Source: ElastiCache user guide, metrics for
/// Redis OSS, and finding a cluster's nodes.
pub(crate) fn cache(group: &ReplicationGroupHandle, member: u32, name: &str, stat: Stat) -> Metric {
    let member = format!("-{member:03}");
    let cluster = text!(group.replication_group_id(), member);
    Metric::new("AWS/ElastiCache", name, stat).of("CacheClusterId", cluster)
}

/// A metric of a Kubernetes cluster with Container Insights. Source: CloudWatch user guide, metrics
/// of Container Insights for EKS.
pub(crate) fn cluster(cluster: &ClusterHandle, name: &str, stat: Stat) -> Metric {
    Metric::new("ContainerInsights", name, stat).of("ClusterName", text!(cluster.name()))
}

/// A metric of a service of ECS. Source: ECS developer guide, service utilization metrics.
pub(crate) fn service(
    cluster: &ServiceClusterHandle,
    service: &ServiceHandle,
    name: &str,
    stat: Stat,
) -> Metric {
    Metric::new("AWS/ECS", name, stat)
        .of("ClusterName", text!(cluster.name()))
        .of("ServiceName", text!(service.name()))
}
