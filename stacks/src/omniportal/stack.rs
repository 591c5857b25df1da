//! The stack function: the parts in the order of their references.

use infra_aws::ecr::RepositoryHandle;
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use super::compute::{self, ComputeArguments};
use super::data::{self, Data, DataArguments};
use super::recovery::{self, RecoveryArguments};
use super::settings::Settings;
use super::watching::{self, LIMITS};
use super::{audit, keys, secrets, storage};
use crate::components::fargate_service::{self, FargateService};
use crate::components::guarded_edge::{self, GuardedEdgeArguments};
use crate::components::log_group::Keeping;
use crate::components::network::{self, Network};
use crate::components::service_watching::WatchArguments;
use crate::components::{container_images, network_guard};

/// Services of AWS that are reached inside of the VPC, beside S3.
const ENDPOINTS: &[&str] = &["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager"];

/// Declares omniportal.
pub(crate) fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    stack.enter_region(&settings.region);
    let account = &stack.lookup(CallerIdentity)?.account_id;
    let name = &format!("omniportal-{}", stack.env().name());

    let keys = stack.scope("keys", |stack| keys::declare(stack, name, account));
    let logs = Keeping { key: &keys.logs, days: settings.log_retention };
    let network = stack.scope("network", |stack| network(stack, settings, name, logs))?;
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
        let arguments = GuardedEdgeArguments {
            name,
            settings: &settings.edge,
            network: &network,
            port: compute::PORT,
            health_path: compute::HEALTH,
            access_logs: &storage.logs,
            logs,
        };
        guarded_edge::declare(stack, &arguments)
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
        watching::declare(stack, &arguments);
    });
    if settings.replicate {
        let key = &keys.storage;
        let arguments =
            RecoveryArguments { name, account, settings, data: &data, storage: &storage, key };
        stack.scope("recovery", |stack| recovery::declare(stack, &arguments));
    }
    outputs(stack, settings, &data, &images, &compute);
    Ok(())
}

/// The network, with what HIPAA asks for besides.
fn network(
    stack: &mut Stack,
    settings: &Settings,
    name: &str,
    logs: Keeping<'_>,
) -> Result<Network> {
    let flow_logs = format!("/omniportal/{}/flow", stack.env().name());
    let network = network::declare_logged(stack, name, &settings.network, flow_logs, logs)?;
    let cidr = settings.network.cidr;
    network_guard::acls(stack, name, cidr, &network);
    network_guard::interface_endpoints(stack, name, cidr, &network, ENDPOINTS);
    Ok(network)
}

fn outputs(
    stack: &mut Stack,
    settings: &Settings,
    data: &Data,
    images: &RepositoryHandle,
    compute: &FargateService,
) {
    stack.output("address", format!("https://{}", settings.edge.domain));
    stack.output("image_repository", images.repository_url());
    stack.output("cluster", compute.cluster.arn());
    stack.output("service", compute.service.name());
    stack.output("task_definition", compute.service.task_definition());
    stack.output("database_replica", data.replica.endpoint());
}
