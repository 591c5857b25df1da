//! What a rule invokes.
//!
//! Targets of AppSync, Redshift and SageMaker pipelines have parameters that are not among the
//! arguments. The handler is in `target_handler` and `target_wire`.
//!
//! API: PutTargets, ListTargetsByRule, RemoveTargets.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Block, BlockSet, Outputs, Resource, Seconds};

use super::target_rules::validate;
use super::{EventBusName, EventDeadLetters, RuleName};
use crate::AnyArn;
use crate::ecs::{
    CapacityProviderStrategy, LaunchType, PlacementStrategy, ServiceNetwork,
    ServicePlacementConstraint, TaskDefinition,
};
use crate::iam::Role;

infra_sdk::id_types! {
    /// Identifies a target: the rule and the target's id with a `/` between, behind the bus and a
    /// `/` where that is not the default one.
    EventTargetId("event target id", "");
}

/// What a rule invokes.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_cloudwatch_event_target", outputs = EventTargetOutputs, validate = validate)]
pub struct EventTarget {
    /// Rule.
    #[field(force_new)]
    pub rule: RuleName,
    /// Bus of the rule.
    #[field(force_new, default = EventBusName::new("default"))]
    pub event_bus_name: EventBusName,
    /// Id, unique in the rule, at most 64 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub target_id: Option<String>,
    /// What is invoked: a function, a queue, a cluster of ECS, a bus, …
    pub arn: AnyArn,
    /// Role that it is invoked with, where it takes one.
    pub role_arn: Option<Arn<Role>>,
    /// JSON text that it is given instead of the event.
    pub input: Option<String>,
    /// Part of the event that it is given: `$.detail`.
    pub input_path: Option<String>,
    /// What it is given, made of parts of the event.
    pub input_transformer: Option<InputTransformer>,
    /// How often and how long it is tried.
    pub retry_policy: Option<EventRetryPolicy>,
    /// Where events go for which it could not be invoked.
    pub dead_letter_config: Option<EventDeadLetters>,
    /// How a task is run on the cluster of ECS.
    pub ecs_target: Option<EcsTarget>,
    /// How a job is run on the queue of Batch.
    pub batch_target: Option<BatchTarget>,
    /// How an event goes into the stream of Kinesis.
    pub kinesis_target: Option<KinesisTarget>,
    /// How an event goes into the queue of SQS.
    pub sqs_target: Option<SqsTarget>,
    /// How an API is called.
    pub http_target: Option<HttpTarget>,
    /// Instances that a command of Systems Manager is run on; at most 5.
    pub run_command_targets: Vec<RunCommandTarget>,
    /// Take the target away although a service of AWS manages its rule.
    #[field(default = false, write_only)]
    pub force_destroy: bool,
}

/// What a target is given, made of parts of the event.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct InputTransformer {
    /// Names with parts of the event: `$.detail.state`; at most 100.
    pub input_paths: BTreeMap<String, String>,
    /// Text with the names in it, between `<` and `>`.
    pub input_template: String,
}

/// How often and how long a target is tried.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EventRetryPolicy {
    /// How old an event may become.
    #[field(default = Seconds(86400), range = 60..=86400)]
    pub maximum_event_age_in_seconds: Seconds,
    /// How often it is tried again.
    #[field(default = 185, range = 0..=185)]
    pub maximum_retry_attempts: u32,
}

/// How a task is run on a cluster.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EcsTarget {
    /// Task definition; without a revision the newest.
    pub task_definition_arn: Arn<TaskDefinition>,
    /// How many.
    #[field(default = 1, range = 1..=2_147_483_647)]
    pub task_count: u32,
    /// On what.
    pub launch_type: Option<LaunchType>,
    /// On what, by capacity providers; not together with `launch_type`.
    pub capacity_provider_strategy: BlockSet<CapacityProviderStrategy>,
    /// Version of Fargate.
    pub platform_version: Option<String>,
    /// Where tasks are connected, of task definitions with the network mode `awsvpc`.
    pub network_configuration: Option<ServiceNetwork>,
    /// Group of the tasks.
    pub group: Option<String>,
    /// Container instances that may run them; at most 10.
    pub placement_constraint: BlockSet<ServicePlacementConstraint>,
    /// By what container instances are chosen; at most 5.
    pub ordered_placement_strategy: Vec<PlacementStrategy>,
    /// Tag the tasks with the cluster.
    #[field(default = false)]
    pub enable_ecs_managed_tags: bool,
    /// Let commands be run in the containers.
    #[field(default = false)]
    pub enable_execute_command: bool,
    /// Tag the tasks as the task definition is.
    #[field(default = false)]
    pub propagate_task_definition_tags: bool,
    /// Tags of the tasks.
    pub tags: BTreeMap<String, String>,
}

/// How a job is run on a queue.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BatchTarget {
    /// Job definition, by name or ARN.
    pub job_definition: String,
    /// Name of the job.
    pub job_name: String,
    /// How many children it has, from 2 to 10000.
    #[field(range = 2..=10000)]
    pub array_size: Option<u32>,
    /// How often it is tried, from 1 to 10.
    #[field(range = 1..=10)]
    pub job_attempts: Option<u32>,
}

/// How an event goes into a stream.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct KinesisTarget {
    /// Part of the event that is the partition key. Left out, the event's id.
    pub partition_key_path: String,
}

/// How an event goes into a queue.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SqsTarget {
    /// Message group, of queues that keep the order.
    pub message_group_id: String,
}

/// How an API is called.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HttpTarget {
    /// What stands for each `*` in the path.
    pub path_parameter_values: Vec<String>,
    /// Headers.
    pub header_parameters: BTreeMap<String, String>,
    /// What stands behind the `?`.
    pub query_string_parameters: BTreeMap<String, String>,
}

/// Instances that a command is run on.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RunCommandTarget {
    /// `InstanceIds`, or `tag:` and a key.
    pub key: String,
    /// Ids or values; at most 50.
    #[field(required)]
    pub values: Vec<String>,
}

/// What AWS assigns to an [`EventTarget`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EventTargetOutputs {
    /// The rule and the target's id, with the bus where that is not the default one.
    pub id: EventTargetId,
}
