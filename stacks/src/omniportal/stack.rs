//! The stack function: the parts in the order of their references.

use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use super::compute::{self, ComputeArguments};
use super::data::{self, DataArguments};
use super::recovery::{self, RecoveryArguments};
use super::settings::Settings;
use super::watching::{self, LIMITS};
use super::{audit, keys, secrets, storage};
use crate::components::log_group::Keeping;
use crate::components::service_watching::WatchArguments;
use crate::components::web_edge::{self, EdgeArguments, TargetArguments};
use crate::components::{container_images, fargate_service, network, network_guard, web_firewall};

/// Services of AWS that are reached inside of the VPC, beside S3.
const ENDPOINTS: &[&str] = &["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager"];

/// Declares omniportal.
pub(crate) fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    stack.enter_region(&settings.region);
    let account = &stack.lookup(CallerIdentity)?.account_id;
    let name = &format!("omniportal-{}", stack.env().name());

    let keys = stack.scope("keys", |stack| keys::declare(stack, name, account));
    let logs = Keeping { key: &keys.logs, days: settings.log_retention };
    let network = stack.scope("network", |stack| {
        let flow_logs = format!("/omniportal/{}/flow", stack.env().name());
        let network = network::declare_logged(stack, name, &settings.network, flow_logs, logs)?;
        let cidr = settings.network.cidr;
        network_guard::acls(stack, name, cidr, &network);
        network_guard::interface_endpoints(stack, name, cidr, &network, ENDPOINTS);
        Ok::<_, Error>(network)
    })?;
    let storage = stack.scope("storage", |stack| {
        storage::declare(stack, settings, &keys.storage, name, account)
    })?;
    stack.scope("audit", |stack| audit::declare(stack, name, &keys.logs, &storage, logs));
    let tasks = stack.scope("compute", |stack| fargate_service::security(stack, name, &network));
    let data = stack.scope("data", |stack| {
        let arguments =
            DataArguments { name, settings, keys: &keys, network: &network, tasks: &tasks, logs };
        data::declare(stack, &arguments)
    })?;
    let secrets = stack.scope("secrets", |stack| secrets::declare(stack, &keys.secrets, &data));
    let images = stack.scope("images", |stack| {
        container_images::declare(stack, name, Some(&keys.storage), settings.force_destroy)
    });
    let edge = stack.scope("edge", |stack| {
        let target = TargetArguments {
            name,
            network: &network,
            port: compute::PORT,
            health_path: compute::HEALTH,
        };
        let target = web_edge::target_group(stack, &target);
        let arguments = EdgeArguments {
            name,
            settings: &settings.edge,
            network: &network,
            logs: &storage.logs,
            target: &target,
        };
        let edge = web_edge::declare(stack, &arguments);
        web_firewall::declare(stack, name, settings.edge.waf_rate_limit, &edge, logs);
        edge
    });
    let compute = stack.scope("compute", |stack| {
        let arguments = ComputeArguments {
            name,
            account,
            settings,
            keys: &keys,
            network: &network,
            tasks: &tasks,
            images: &images,
            secrets: &secrets,
            data: &data,
            storage: &storage,
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
            service: &compute,
            database: (&data.database, &settings.database),
            cache: (&data.cache, &settings.cache),
        };
        watching::declare(stack, &arguments)
    });
    if settings.replicate {
        stack.scope("recovery", |stack| {
            let arguments = RecoveryArguments {
                name,
                account,
                settings,
                data: &data,
                storage: &storage,
                key: &keys.storage,
            };
            recovery::declare(stack, &arguments);
        });
    }

    stack.output("address", format!("https://{}", settings.edge.domain));
    stack.output("image_repository", images.repository_url());
    stack.output("cluster", compute.cluster.arn());
    stack.output("service", compute.service.name());
    stack.output("task_definition", compute.service.task_definition());
    stack.output("database_replica", data.replica.endpoint());
    Ok(())
}
