//! A service: tasks of a definition that ECS keeps running, and rolls over to another revision when
//! that is asked for. Ready when its deployment is complete; failed when ECS gave the deployment up
//! or rolled it back, with the reason and the last events.
//!
//! API: CreateService, DescribeServices, UpdateService, DeleteService, TagResource, UntagResource.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::{Arn, Block, BlockSet, Choice, Outputs, Resource, Tags};

use super::service_rules::validate;
use super::{
    CapacityProviderStrategy, ClusterRef, LogConfiguration, ServiceName, TaskDefinitionRef,
};
use crate::AnyArn;
use crate::ec2::{SecurityGroupId, SubnetId};

/// Tasks that ECS keeps running.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ecs_service", outputs = ServiceOutputs, validate = validate)]
pub struct Service {
    /// Name, unique in the cluster, at most 255 characters.
    #[field(force_new)]
    pub name: ServiceName,
    /// The cluster.
    #[field(force_new)]
    pub cluster: ClusterRef,
    /// What runs: the ARN of a revision, `family:revision`, or `family` for the newest.
    pub task_definition: TaskDefinitionRef,
    /// Keep a newer revision of the same family that somebody else deployed, such as the pipeline
    /// that builds the image. A revision that is newer still is deployed as ever.
    #[field(default = false, write_only)]
    pub image_owned_by_pipeline: bool,
    /// How many tasks run. Left out, a new service starts with one, and autoscaling has the say.
    #[field(computed)]
    pub desired_count: Option<u32>,
    /// Where tasks run, instead of a strategy.
    #[field(force_new, computed)]
    pub launch_type: Option<LaunchType>,
    /// Which capacity tasks run on.
    #[field(computed)]
    pub capacity_provider_strategy: BlockSet<CapacityProviderStrategy>,
    /// Version of the platform of Fargate: `LATEST`, `1.4.0`.
    #[field(computed)]
    pub platform_version: Option<String>,
    /// Whether so many tasks run, or one on each container instance.
    #[field(force_new, default = SchedulingStrategy::Replica)]
    pub scheduling_strategy: SchedulingStrategy,
    /// Where tasks of the network mode `awsvpc` are connected.
    pub network_configuration: Option<ServiceNetwork>,
    /// Target groups in which tasks are registered.
    pub load_balancer: BlockSet<ServiceLoadBalancer>,
    /// Seconds after a task started in which its health checks do not count.
    #[field(computed, range = 0..=2_147_483_647)]
    pub health_check_grace_period_seconds: Option<u32>,
    /// Tasks that may run in a deployment, in percent of the desired count.
    #[field(computed)]
    pub deployment_maximum_percent: Option<u32>,
    /// Tasks that must run in a deployment, in percent of the desired count.
    #[field(computed)]
    pub deployment_minimum_healthy_percent: Option<u32>,
    /// Whether a deployment whose tasks do not come up is given up.
    #[field(default = DeploymentCircuitBreaker { enable: false, rollback: false })]
    pub deployment_circuit_breaker: DeploymentCircuitBreaker,
    /// Alarms on which a deployment is given up.
    pub alarms: Option<DeploymentAlarms>,
    /// Where the service is registered in Cloud Map.
    pub service_registries: Option<ServiceRegistry>,
    /// How the service finds others and is found, with Service Connect.
    pub service_connect_configuration: Option<ServiceConnect>,
    /// On which container instances tasks may be placed, at most 10. Not on Fargate.
    pub placement_constraints: BlockSet<ServicePlacementConstraint>,
    /// By what container instances are chosen, at most 5, the first first. Not on Fargate.
    pub ordered_placement_strategy: Vec<PlacementStrategy>,
    /// Whether tasks are spread anew over zones that became uneven.
    #[field(computed)]
    pub availability_zone_rebalancing: Option<Rebalancing>,
    /// Whether commands can be run in the containers, by ECS Exec.
    #[field(default = false)]
    pub enable_execute_command: bool,
    /// Whether tasks are tagged with the names of cluster and service.
    #[field(default = false)]
    pub enable_ecs_managed_tags: bool,
    /// Whose tags tasks have.
    #[field(computed)]
    pub propagate_tags: Option<PropagateTags>,
    /// Deploy anew with every change.
    #[field(default = false, write_only)]
    pub force_new_deployment: bool,
    /// Texts that deploy anew when they change.
    #[field(write_only)]
    pub triggers: BTreeMap<String, String>,
    /// Wait until the deployment is complete, and fail where it is.
    #[field(default = true, write_only)]
    pub wait_for_steady_state: bool,
    /// Delete the service although tasks run.
    #[field(default = false, write_only)]
    pub force_delete: bool,
    /// Tags.
    pub tags: Tags,
}

/// Where tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LaunchType {
    /// On Fargate.
    #[choice("FARGATE")]
    Fargate,
    /// On instances of one's own.
    #[choice("EC2")]
    Ec2,
    /// On machines outside of AWS.
    #[choice("EXTERNAL")]
    External,
}

/// How many tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SchedulingStrategy {
    /// So many.
    #[choice("REPLICA")]
    Replica,
    /// One on each container instance.
    #[choice("DAEMON")]
    Daemon,
}

/// Where tasks are connected.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServiceNetwork {
    /// Subnets, at most 16.
    #[field(required)]
    pub subnets: BTreeSet<SubnetId>,
    /// Security groups, at most 5; left out, the default group of the VPC.
    #[field(computed)]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Whether tasks have a public address.
    #[field(default = false)]
    pub assign_public_ip: bool,
}

/// A target group in which tasks are registered.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServiceLoadBalancer {
    /// ARN of the target group.
    pub target_group_arn: AnyArn,
    /// Container that is reached.
    pub container_name: String,
    /// Port of the container that is reached.
    #[field(range = 0..=65_535)]
    pub container_port: u32,
}

/// Whether a deployment whose tasks do not come up is given up.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DeploymentCircuitBreaker {
    /// Whether it is.
    pub enable: bool,
    /// Whether ECS goes back to what ran before.
    pub rollback: bool,
}

/// Alarms on which a deployment is given up.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct DeploymentAlarms {
    /// Names of alarms of CloudWatch.
    #[field(required)]
    pub alarm_names: BTreeSet<String>,
    /// Whether they count.
    #[field(default = true)]
    pub enable: bool,
    /// Whether ECS goes back to what ran before.
    #[field(default = false)]
    pub rollback: bool,
}

/// Where a service is registered in Cloud Map.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServiceRegistry {
    /// ARN of the service of Cloud Map.
    pub registry_arn: AnyArn,
    /// Port, for an SRV record.
    #[field(range = 0..=65_535)]
    pub port: Option<u32>,
    /// Container, for an SRV record.
    pub container_name: Option<String>,
    /// Port of the container, for an SRV record.
    #[field(range = 0..=65_535)]
    pub container_port: Option<u32>,
}

/// How a service finds others and is found.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServiceConnect {
    /// Whether it does.
    #[field(default = true)]
    pub enabled: bool,
    /// ARN of the namespace; left out, the default of the cluster.
    #[field(computed)]
    pub namespace: Option<AnyArn>,
    /// Where the output of the proxy goes.
    pub log_configuration: Option<LogConfiguration>,
    /// Ports by which it is found.
    pub service: Vec<ServiceConnectService>,
}

/// A port by which a service is found.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServiceConnectService {
    /// Name of a port of the task definition.
    pub port_name: String,
    /// Name in Cloud Map; left out, that of the port.
    #[field(computed)]
    pub discovery_name: Option<String>,
    /// Port of the proxy, instead of any.
    #[field(range = 0..=65_535)]
    pub ingress_port_override: Option<u32>,
    /// Name by which clients reach it; left out, the name in Cloud Map.
    pub dns_name: Option<String>,
    /// Port by which clients reach it.
    #[field(range = 0..=65_535)]
    pub port: Option<u32>,
    /// Seconds after which an idle connection is closed.
    pub idle_timeout_seconds: Option<u32>,
    /// Seconds that a request may take.
    pub per_request_timeout_seconds: Option<u32>,
}

/// On which container instances tasks may be placed.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ServicePlacementConstraint {
    /// How they are chosen.
    pub r#type: PlacementConstraintType,
    /// An expression of the cluster query language, with `memberOf`.
    pub expression: Option<String>,
}

/// How container instances are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PlacementConstraintType {
    /// Each task on another.
    #[choice("distinctInstance")]
    DistinctInstance,
    /// Those for which an expression holds.
    #[choice("memberOf")]
    MemberOf,
}

/// By what container instances are chosen.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PlacementStrategy {
    /// How.
    pub r#type: PlacementStrategyType,
    /// By what: `attribute:ecs.availability-zone`, `instanceId`, `cpu`, `memory`.
    #[field(computed)]
    pub field: Option<String>,
}

/// How container instances are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PlacementStrategyType {
    /// The fullest.
    Binpack,
    /// Any.
    Random,
    /// Evenly.
    Spread,
}

/// Whether tasks are spread anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Rebalancing {
    /// They are.
    #[choice("ENABLED")]
    Enabled,
    /// They are not.
    #[choice("DISABLED")]
    Disabled,
}

/// Whose tags tasks have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PropagateTags {
    /// Nobody's.
    #[choice("NONE")]
    None,
    /// Those of the service.
    #[choice("SERVICE")]
    Service,
    /// Those of the task definition.
    #[choice("TASK_DEFINITION")]
    TaskDefinition,
}

/// What AWS assigns to a [`Service`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ServiceOutputs {
    /// The service's ARN; imported by `cluster/service` or by ARN.
    pub id: Arn<Service>,
    /// The service's ARN.
    pub arn: Arn<Service>,
    /// `service/cluster/service`, by which Application Auto Scaling has it.
    pub scalable_resource_id: String,
    /// The revision that is deployed, whoever deployed it.
    pub deployed_task_definition: String,
    /// What the service is busy with; empty when nothing.
    pub deployment: String,
    /// Why the last deployment failed, if it did.
    pub failure: Option<String>,
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{SecurityGroup, Subnet, Vpc};
    use crate::ecs::{Cluster, Compatibility, ContainerDefinition, NetworkMode, TaskDefinition};

    fn service(stack: &mut Stack, name: &str, changed: bool, service: &str) {
        let cidr = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
        let vpc = stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")));
        let subnet = stack.add("subnet", Subnet::new(vpc.id(), cidr("10.0.1.0/24")));
        let group = SecurityGroup::new().name(format!("{name}-tasks")).vpc_id(vpc.id());
        let group = stack.add("group", group);
        let cluster = stack.add("cluster", Cluster::new(format!("{name}-service")));
        let task = |image: &str, family: &str| {
            TaskDefinition::new(
                format!("{name}-{family}"),
                [ContainerDefinition::new("app", image)],
            )
            .requires_compatibilities([Compatibility::Fargate])
            .network_mode(NetworkMode::Awsvpc)
            .cpu(256_u32)
            .memory(512_u32)
        };
        let one = stack.add("one", task("app:1", "one"));
        let two = stack.add("two", task("app:2", "two"));
        let network = ServiceNetwork::new([subnet.id()]).security_groups([group.id()]);
        let (task, count) = if changed { (two.arn(), 3) } else { (one.arn(), 2) };
        let it = Service::new(format!("{name}-{service}"), cluster.arn(), task)
            .launch_type(LaunchType::Fargate)
            .desired_count(count)
            .network_configuration(network)
            .deployment_maximum_percent(200_u32)
            .deployment_minimum_healthy_percent(if changed { 50_u32 } else { 100 })
            .deployment_circuit_breaker(DeploymentCircuitBreaker::new(true, true))
            .enable_execute_command(changed)
            .propagate_tags(PropagateTags::Service);
        stack.add("it", it.tag("Name", if changed { "two" } else { "one" }));
    }

    conforms!(
        aws_ecs_service,
        Fixture {
            base: |stack, name| service(stack, name, false, "api"),
            update: Some(|stack, name| service(stack, name, true, "api")),
            replace: Some(|stack, name| service(stack, name, true, "other")),
            gaps: &[],
        }
    );
}
