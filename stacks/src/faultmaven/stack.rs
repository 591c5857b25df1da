//! The stack function: the parts in the order of their references.

use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use super::compute::{self, Compute, ComputeArguments};
use super::data::{self, DataArguments};
use super::settings::Settings;
use super::watching::{self, LIMITS};
use super::{keys, secrets};
use crate::components::guarded_edge::{self, GuardedEdgeArguments};
use crate::components::log_bucket::{self, LogBucketArguments};
use crate::components::log_group::Keeping;
use crate::components::network::{self, Network};
use crate::components::service_watching::WatchArguments;
use crate::components::{container_images, fargate_service};

/// Days that access logs are kept.
const ACCESS_LOG_DAYS: i32 = 90;

/// Declares faultmaven.
pub(crate) fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let account = &stack.lookup(CallerIdentity)?.account_id;
    let name = &format!("faultmaven-{}", stack.env().name());

    let keys = stack.scope("keys", |stack| keys::declare(stack, name, account));
    let logs = Keeping { key: &keys.logs, days: settings.log_retention };
    let network = stack.scope("network", |stack| {
        let flow_logs = format!("/faultmaven/{}/flow", stack.env().name());
        network::declare_logged(stack, name, &settings.network, flow_logs, logs)
    })?;
    let tasks = stack.scope("compute", |stack| fargate_service::security(stack, name, &network));
    let data = stack.scope("data", |stack| {
        let arguments =
            DataArguments { name, settings, keys: &keys, network: &network, tasks: &tasks, logs };
        data::declare(stack, &arguments)
    })?;
    let secrets =
        stack.scope("secrets", |stack| secrets::declare(stack, settings, &keys.secrets, &data))?;
    let images = stack.scope("images", |stack| {
        container_images::declare(stack, name, Some(&keys.images), settings.force_destroy)
    });
    let access_logs = stack.scope("storage", |stack| {
        let arguments = LogBucketArguments {
            bucket: format!("{name}-logs-{account}"),
            account,
            lifecycle: log_bucket::expire(ACCESS_LOG_DAYS),
            force_destroy: settings.force_destroy,
        };
        log_bucket::declare(stack, arguments)
    });
    let edge = stack.scope("edge", |stack| {
        let arguments = GuardedEdgeArguments {
            name,
            settings: &settings.edge,
            network: &network,
            port: compute::PORT,
            health_path: compute::HEALTH,
            access_logs: &access_logs,
            logs,
        };
        guarded_edge::declare(stack, &arguments)
    });
    let compute = stack.scope("compute", |stack| {
        let arguments = ComputeArguments {
            name,
            settings,
            keys: &keys,
            network: &network,
            tasks: &tasks,
            images: &images,
            secrets: &secrets,
            edge: &edge,
            logs,
        };
        compute::declare(stack, &arguments)
    });
    stack.scope("watching", |stack| {
        let arguments = WatchArguments {
            name,
            account,
            key: &keys.alarms,
            settings: &settings.alarms,
            limits: LIMITS,
            edge: &edge,
            service: &compute.service,
            database: (&data.database, &settings.database),
            cache: (&data.cache, &settings.cache),
        };
        watching::declare(stack, &arguments, &compute.log, settings.failed_logins);
    });

    outputs(stack, &network, &compute);
    stack.output("address", format!("https://{}", settings.edge.domain));
    stack.output("image_repository", images.repository_url());
    stack.output("migration_security_group", tasks.id());
    Ok(())
}

/// What `aws ecs run-task` needs for the migration, beside the security group.
fn outputs(stack: &mut Stack, network: &Network, compute: &Compute) {
    stack.output("cluster", compute.service.cluster.arn());
    stack.output("service", compute.service.service.name());
    stack.output("task_definition", compute.service.service.task_definition());
    stack.output("migration_task_definition", compute.migration.arn());
    stack.output_list("migration_subnets", network.private.iter().map(|subnet| subnet.id()));
}
