//! The service and its migration: tasks of one image.

use std::collections::BTreeMap;

use infra_aws::ec2::SecurityGroupHandle;
use infra_aws::ecr::RepositoryHandle;
use infra_aws::ecs::TaskDefinitionHandle;
use infra_aws::logs::LogGroupHandle;
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::secrets::Secrets;
use super::settings::Settings;
use crate::components::fargate_service::{self, FargateService, ServiceArguments};
use crate::components::log_group::{self, Keeping};
use crate::components::network::Network;
use crate::components::task::{self, RoleArguments, TaskArguments, TaskRoles};
use crate::components::web_edge::Edge;

/// Port that the service answers at.
pub(super) const PORT: u16 = 8000;

/// Path that says that a task lives.
pub(super) const HEALTH: &str = "/health";

/// Path that says that a task can serve.
const READY: &str = "/ready";

/// What the compute is made from.
pub(super) struct ComputeArguments<'a> {
    pub(super) name: &'a str,
    pub(super) settings: &'a Settings,
    pub(super) keys: &'a Keys,
    pub(super) network: &'a Network,
    pub(super) tasks: &'a SecurityGroupHandle,
    pub(super) images: &'a RepositoryHandle,
    pub(super) secrets: &'a Secrets,
    pub(super) edge: &'a Edge,
    pub(super) logs: Keeping<'a>,
}

/// Handles of the compute.
pub(super) struct Compute {
    /// The cluster and the service.
    pub(super) service: FargateService,
    /// What migrates the database.
    pub(super) migration: TaskDefinitionHandle,
    /// What the service prints.
    pub(super) log: LogGroupHandle,
}

pub(super) fn declare(stack: &mut Stack, arguments: &ComputeArguments<'_>) -> Compute {
    let ComputeArguments { name, settings, network, tasks, images, secrets, .. } = *arguments;
    let mut group = |purpose: &str| {
        let path = format!("/{}/{purpose}", name.replacen('-', "/", 1));
        log_group::declare(stack, &format!("{purpose}-log"), path, arguments.logs)
    };
    let (log, migration_log) = (group("service"), group("migration"));
    let roles = roles(stack, arguments, &[&log, &migration_log]);
    let task = |name_of: &'static str| TaskArguments {
        name: name_of,
        prefix: name,
        image: text!(images.repository_url(), ":", settings.image_tag.as_str()),
        command: &[],
        cpu: settings.service.cpu,
        memory: settings.service.memory,
        ready: None,
        environment: BTreeMap::new(),
        secrets: secrets.service(),
        logs: &log,
        roles: &roles,
    };
    let migration = TaskArguments {
        command: &settings.migration_command,
        secrets: secrets.migration(),
        logs: &migration_log,
        ..task("migration")
    };
    let migration = task::declare(stack, migration);
    let service = TaskArguments { ready: Some((PORT, READY)), ..task("app") };
    let service = task::declare(stack, service);
    let service = ServiceArguments {
        name,
        settings: &settings.service,
        network,
        security: tasks,
        task: &service,
        roles: &roles,
        edge: arguments.edge,
        port: PORT,
        triggers: BTreeMap::from([
            ("application".to_owned(), secrets.application.version.version_id()),
            ("signing".to_owned(), secrets.signing.version.version_id()),
        ]),
    };
    let service = fargate_service::declare(stack, &service);
    Compute { service, migration, log }
}

fn roles(
    stack: &mut Stack,
    arguments: &ComputeArguments<'_>,
    logs: &[&LogGroupHandle],
) -> TaskRoles {
    let ComputeArguments { name, images, secrets, keys, .. } = *arguments;
    let arguments = RoleArguments {
        prefix: name,
        images,
        logs,
        secrets: &[&secrets.application.secret, &secrets.signing.secret],
        key: &keys.secrets,
        // All that it needs is injected; it calls nothing of AWS.
        application: None,
    };
    task::roles(stack, arguments)
}
