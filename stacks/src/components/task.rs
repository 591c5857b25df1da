//! A task of ECS on Fargate with one container, and the roles that it runs with.
//!
//! The root file system cannot be written to; `/tmp` can.

use std::collections::BTreeMap;

use infra_aws::ecr::RepositoryHandle;
use infra_aws::ecs::{
    Compatibility, ContainerDefinition, HealthCheck, MountPoint, NetworkMode, PortMapping,
    TaskDefinition, TaskDefinitionHandle, Volume,
};
use infra_aws::iam::{PolicyDocument, RoleHandle, RolePolicy, RolePolicyHandle, Statement};
use infra_aws::kms::KeyHandle;
use infra_aws::logs::LogGroupHandle;
use infra_aws::secretsmanager::SecretHandle;
use infra_sdk::prelude::*;

use super::role;

/// Name of the container in every task.
pub(crate) const CONTAINER: &str = "app";

/// The service that assumes roles of tasks.
const TASKS: &str = "ecs-tasks.amazonaws.com";

/// What a task is made from.
pub(crate) struct TaskArguments<'a> {
    /// Its name in the stack and at the end of its family: `api`.
    pub(crate) name: &'a str,
    /// Beginning of its family: `faultmaven-staging`.
    pub(crate) prefix: &'a str,
    /// The image.
    pub(crate) image: Output<String, Global>,
    /// What runs, where it is not the image's command.
    pub(crate) command: &'a [String],
    /// CPU units, of 1024 a CPU.
    pub(crate) cpu: u32,
    /// Memory in MiB.
    pub(crate) memory: u32,
    /// Port at which it answers, and the path that says that it is ready.
    pub(crate) ready: Option<(u16, &'a str)>,
    /// Environment variables.
    pub(crate) environment: BTreeMap<String, Output<String, Global>>,
    /// Environment variables with secrets, and from where each is taken.
    pub(crate) secrets: BTreeMap<String, Output<String, Global>>,
    /// Receives what it prints.
    pub(crate) logs: &'a LogGroupHandle,
    /// With which rights it runs.
    pub(crate) roles: &'a TaskRoles,
}

/// What tasks may read and do.
pub(crate) struct RoleArguments<'a> {
    /// Beginning of the roles' names: `faultmaven-staging`.
    pub(crate) prefix: &'a str,
    /// Images are pulled from it.
    pub(crate) images: &'a RepositoryHandle,
    /// Log groups that are written to.
    pub(crate) logs: &'a [&'a LogGroupHandle],
    /// Secrets that are injected.
    pub(crate) secrets: &'a [&'a SecretHandle],
    /// Encrypts the secrets.
    pub(crate) key: &'a KeyHandle,
    /// What the application itself may do; nothing without one.
    pub(crate) application: Option<PolicyDocument>,
}

/// Roles of a task.
pub(crate) struct TaskRoles {
    /// Role of the agent that starts it.
    pub(crate) execution: RoleHandle,
    /// What the agent may do.
    pub(crate) execution_rights: RolePolicyHandle,
    /// Role of the application.
    pub(crate) task: RoleHandle,
    /// What the application may do.
    pub(crate) task_rights: Option<RolePolicyHandle>,
}

/// Declares the roles of tasks.
pub(crate) fn roles(stack: &mut Stack, arguments: RoleArguments<'_>) -> TaskRoles {
    let RoleArguments { prefix, images, logs, secrets, key, application } = arguments;
    let execution = role::service(stack, prefix, "task-execution", TASKS, &[]);
    // Source: ECS developer guide, task execution IAM role.
    let rights = PolicyDocument::new()
        .statement(
            Statement::allow().sid("Login").action("ecr:GetAuthorizationToken").resource("*"),
        )
        .statement(
            Statement::allow()
                .sid("Images")
                .actions([
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ])
                .resource(images.arn()),
        )
        .statement(
            Statement::allow()
                .sid("Logs")
                .actions(["logs:CreateLogStream", "logs:PutLogEvents"])
                .resources(logs.iter().map(|group| text!(group.arn(), ":*"))),
        )
        .statement(
            Statement::allow()
                .sid("Secrets")
                .action("secretsmanager:GetSecretValue")
                .resources(secrets.iter().map(|secret| secret.arn())),
        )
        .statement(Statement::allow().sid("SecretsKey").action("kms:Decrypt").resource(key.arn()));
    let execution_rights = RolePolicy::new(execution.name(), rights);
    let execution_rights = stack.add("task-execution-rights", execution_rights);
    let task = role::service(stack, prefix, "task", TASKS, &[]);
    let task_rights =
        application.map(|rights| stack.add("task-rights", RolePolicy::new(task.name(), rights)));
    TaskRoles { execution, execution_rights, task, task_rights }
}

/// Declares a task.
pub(crate) fn declare(stack: &mut Stack, arguments: TaskArguments<'_>) -> TaskDefinitionHandle {
    let TaskArguments { name, prefix, cpu, memory, .. } = arguments;
    let roles = arguments.roles;
    let container = container(&stack.region(), arguments);
    let task = TaskDefinition::new(format!("{prefix}-{name}"), [container])
        .requires_compatibilities([Compatibility::Fargate])
        .network_mode(NetworkMode::Awsvpc)
        .cpu(cpu)
        .memory(memory)
        .volume([Volume::new("tmp")])
        .execution_role_arn(roles.execution.arn())
        .task_role_arn(roles.task.arn())
        // A deployment that is given up goes back to the revision before, which must be there then.
        .create_before_destroy(true);
    stack.add(name, task)
}

fn container(
    region: &str,
    arguments: TaskArguments<'_>,
) -> infra_aws::ecs::ContainerDefinitionArguments {
    let TaskArguments { name, image, command, ready, environment, secrets, logs, .. } = arguments;
    let container = ContainerDefinition::new(CONTAINER, image)
        .command(command.to_vec())
        .environment(environment)
        .secrets(secrets)
        .readonly_root_filesystem(true)
        .mount_points([MountPoint::new("tmp", "/tmp")])
        .logs_to(logs.name(), region, name);
    let Some((port, path)) = ready else { return container };
    let question = format!("curl --fail --silent http://localhost:{port}{path} || exit 1");
    // A deployment goes on with tasks that are ready. One that is not ready any more is replaced only
    // after minutes: what it waits for, such as the database, may come back.
    let health = HealthCheck::new(["CMD-SHELL".to_owned(), question])
        .interval(30_u32)
        .retries(10_u32)
        .start_period(60_u32);
    let port = PortMapping::new().container_port(u32::from(port));
    container.port_mappings([port]).health_check(health)
}
