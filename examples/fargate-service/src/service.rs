//! The tasks: what runs, with which rights, and how many.

use infra_aws::ecs::{
    Cluster, ClusterSetting, ClusterSettingName, Compatibility, ContainerDefinition,
    ContainerInsights, DeploymentCircuitBreaker, LaunchType, NetworkMode, PortMapping, Service,
    ServiceLoadBalancer, ServiceNetwork, TaskDefinition, TaskDefinitionHandle,
};
use infra_aws::iam::{
    PolicyDocument, Principal, Role, RoleHandle, RoleName, RolePolicy, Statement,
};
use infra_aws::logs::{LogGroup, LogGroupHandle};
use infra_sdk::prelude::*;

use crate::edge::Edge;
use crate::network::{Network, PORT};
use crate::stack::Settings;

/// Name of the container in each task.
const CONTAINER: &str = "web";

/// Declares cluster, task and service.
pub fn declare(stack: &mut Stack, name: &str, settings: &Settings, network: &Network, edge: &Edge) {
    let insights =
        ClusterSetting::new(ClusterSettingName::ContainerInsights, ContainerInsights::Enabled);
    let cluster = stack.add("cluster", Cluster::new(name).setting([insights]));
    let log = LogGroup::new()
        .name(format!("/{name}/{CONTAINER}"))
        .retention_in_days(settings.log_retention);
    let log = stack.add("log", log);
    let task = task(stack, name, settings, &log);
    let subnets: Vec<_> = network.subnets.iter().map(|subnet| subnet.id()).collect();
    // Images come from the internet, and there is no NAT gateway.
    let connected =
        ServiceNetwork::new(subnets).security_groups([network.tasks.id()]).assign_public_ip(true);
    let service = Service::new(name, cluster.arn(), task.arn())
        .launch_type(LaunchType::Fargate)
        .desired_count(settings.tasks)
        .network_configuration(connected)
        .load_balancer([ServiceLoadBalancer::new(edge.target.arn(), CONTAINER, u32::from(PORT))])
        // A deployment whose tasks do not come up is given up, and what ran before runs on.
        .deployment_circuit_breaker(DeploymentCircuitBreaker::new(true, true))
        // Only a group that a load balancer uses takes targets.
        .depends_on(&edge.listener);
    stack.add("service", service);
}

fn task(
    stack: &mut Stack,
    name: &str,
    settings: &Settings,
    log: &LogGroupHandle,
) -> TaskDefinitionHandle {
    let role = execution_role(stack, name, log);
    let port = PortMapping::new().container_port(u32::from(PORT));
    let container = ContainerDefinition::new(CONTAINER, settings.image.as_str())
        .port_mappings([port])
        .logs_to(log.name(), stack.region(), CONTAINER);
    let task = TaskDefinition::new(name, [container])
        .requires_compatibilities([Compatibility::Fargate])
        .network_mode(NetworkMode::Awsvpc)
        .cpu(256_u32)
        .memory(512_u32)
        .execution_role_arn(role.arn())
        // A deployment that is given up goes back to the revision before, which must be there then.
        .create_before_destroy(true);
    stack.add("task", task)
}

/// The role of the agent that starts tasks: it writes what they print, and no more. Source: ECS
/// developer guide, task execution IAM role.
fn execution_role(stack: &mut Stack, name: &str, log: &LogGroupHandle) -> RoleHandle {
    let trust = Statement::allow()
        .principal(Principal::service("ecs-tasks.amazonaws.com"))
        .action("sts:AssumeRole");
    let role = Role::new(PolicyDocument::new().statement(trust));
    let role = stack.add("execution", role.name(RoleName::new(format!("{name}-execution"))));
    let write = Statement::allow()
        .actions(["logs:CreateLogStream", "logs:PutLogEvents"])
        .resource(text!(log.arn(), ":*"));
    stack.add(
        "execution-rights",
        RolePolicy::new(role.name(), PolicyDocument::new().statement(write)),
    );
    role
}
