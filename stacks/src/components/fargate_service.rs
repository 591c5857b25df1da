//! A service of containers on ECS and Fargate: behind an edge, deployed without a gap, scaled by what
//! it is busy with.
//!
//! A deployment whose tasks do not come up is given up, and ECS goes back to what ran before.

use std::collections::BTreeMap;

use infra_aws::appautoscaling::{
    Policy, PolicyType, PredefinedMetricSpecification, PredefinedMetricType, Target, TargetTracking,
};
use infra_aws::ec2::{SecurityGroupEgressRule, SecurityGroupHandle};
use infra_aws::ecs::{
    Cluster, ClusterHandle, ClusterSetting, ClusterSettingName, ContainerInsights,
    DeploymentCircuitBreaker, LaunchType, PropagateTags, Rebalancing, Service, ServiceHandle,
    ServiceLoadBalancer, ServiceNetwork, TaskDefinitionHandle,
};
use infra_sdk::prelude::*;

use super::network::{Network, connect, security_group};
use super::task::{CONTAINER, TaskRoles};
use super::web_edge::Edge;

/// Seconds in which the load balancer's checks of a new task do not count.
const GRACE: u32 = 60;

/// How large a service is.
#[derive(Debug, Settings)]
pub(crate) struct ServiceSettings {
    /// CPU units of a task, of 1024 a CPU.
    #[setting(default = 256, range = 256..=16_384)]
    pub cpu: u32,
    /// Memory of a task in MiB.
    #[setting(default = 512, range = 512..=122_880)]
    pub memory: u32,
    /// The fewest tasks.
    #[setting(default = 1, range = 1..=100)]
    pub min_tasks: u32,
    /// The most tasks.
    #[setting(default = 2, range = 1..=100)]
    pub max_tasks: u32,
    /// CPU in percent that is scaled for.
    #[setting(default = 60, range = 10..=95)]
    pub target_cpu: u32,
    /// Memory in percent that is scaled for.
    #[setting(default = 75, range = 10..=95)]
    pub target_memory: u32,
}

/// What a service is made from.
pub(crate) struct ServiceArguments<'a> {
    /// Its name and that of its cluster: `faultmaven-staging`.
    pub(crate) name: &'a str,
    /// How large it is.
    pub(crate) settings: &'a ServiceSettings,
    /// Tasks stand in its private subnets.
    pub(crate) network: &'a Network,
    /// The security group of its tasks; see [`security`].
    pub(crate) security: &'a SecurityGroupHandle,
    /// What runs.
    pub(crate) task: &'a TaskDefinitionHandle,
    /// With which rights.
    pub(crate) roles: &'a TaskRoles,
    /// Where requests come from, and where tasks are registered.
    pub(crate) edge: &'a Edge,
    /// Port that tasks answer at.
    pub(crate) port: u16,
    /// What tasks read only when they start: a change deploys anew.
    pub(crate) triggers: BTreeMap<String, Output<String>>,
}

/// Handles of a service.
pub(crate) struct FargateService {
    /// Its cluster.
    pub(crate) cluster: ClusterHandle,
    /// The service.
    pub(crate) service: ServiceHandle,
}

/// The security group of tasks: they reach AWS and others by HTTPS, and what rules of their own say.
pub(crate) fn security(stack: &mut Stack, name: &str, network: &Network) -> SecurityGroupHandle {
    let group = security_group(stack, name, &network.vpc, "tasks", "Tasks of the service");
    let out = SecurityGroupEgressRule::new(group.id(), "tcp")
        .from_port(443)
        .to_port(443)
        .cidr_ipv4(Ipv4Net::default())
        .description("HTTPS to anywhere");
    stack.add("tasks-https-out", out);
    group
}

/// Declares a cluster and its service.
pub(crate) fn declare(stack: &mut Stack, arguments: &ServiceArguments<'_>) -> FargateService {
    let ServiceArguments { name, security, edge, port, .. } = *arguments;
    let insights =
        ClusterSetting::new(ClusterSettingName::ContainerInsights, ContainerInsights::Enabled);
    let cluster = stack.add("cluster", Cluster::new(name).setting([insights]));
    connect(stack, "edge-to-tasks", &edge.security, security, port);
    let service = service(stack, arguments, &cluster);
    scale(stack, arguments.settings, &service);
    FargateService { cluster, service }
}

fn service(
    stack: &mut Stack,
    arguments: &ServiceArguments<'_>,
    cluster: &ClusterHandle,
) -> ServiceHandle {
    let ServiceArguments { name, network, security, task, roles, edge, port, .. } = *arguments;
    let subnets: Vec<_> = network.private.iter().map(|subnet| subnet.id()).collect();
    let connected = ServiceNetwork::new(subnets).security_groups([security.id()]);
    let service = Service::new(name, cluster.arn(), task.arn())
        .launch_type(LaunchType::Fargate)
        .network_configuration(connected)
        .load_balancer([ServiceLoadBalancer::new(edge.target.arn(), CONTAINER, u32::from(port))])
        .health_check_grace_period_seconds(GRACE)
        .deployment_maximum_percent(200_u32)
        .deployment_minimum_healthy_percent(100_u32)
        .deployment_circuit_breaker(DeploymentCircuitBreaker::new(true, true))
        .availability_zone_rebalancing(Rebalancing::Enabled)
        .enable_ecs_managed_tags(true)
        .propagate_tags(PropagateTags::Service)
        .triggers(arguments.triggers.clone())
        // Only a group that a load balancer uses takes targets.
        .depends_on(&edge.listener)
        // Tasks start with their rights or not at all.
        .depends_on(&roles.execution_rights);
    let service = match &roles.task_rights {
        None => service,
        Some(rights) => service.depends_on(rights),
    };
    stack.add("service", service)
}

/// The number of tasks follows their CPU and memory.
fn scale(stack: &mut Stack, settings: &ServiceSettings, service: &ServiceHandle) {
    let (least, most) = (settings.min_tasks, settings.max_tasks);
    let resource = service.scalable_resource_id();
    let target = Target::new(least, most, resource, "ecs:service:DesiredCount", "ecs");
    let target = stack.add("scaling", target);
    let followed = [
        ("cpu", PredefinedMetricType::EcsServiceAverageCpuUtilization, settings.target_cpu),
        (
            "memory",
            PredefinedMetricType::EcsServiceAverageMemoryUtilization,
            settings.target_memory,
        ),
    ];
    for (name, metric, percent) in followed {
        let tracking = TargetTracking::new(f64::from(percent))
            .predefined_metric_specification(PredefinedMetricSpecification::new(metric))
            // Up at once, down with patience: what went may come back.
            .scale_out_cooldown(60_u32)
            .scale_in_cooldown(300_u32);
        let policy = Policy::new(
            name,
            target.resource_id(),
            target.scalable_dimension(),
            target.service_namespace(),
        );
        let policy = policy
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(tracking);
        stack.add(format!("scaling-{name}"), policy);
    }
}
