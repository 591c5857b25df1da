//! The stack function: the parts in the order of their references.

use infra_aws::ec2::AvailabilityZones;
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use super::settings::Settings;
use super::watch::Watched;
use super::{accounts, cluster, data, edge, keys, logs, network, storage, watch};

/// Declares archon.
pub(crate) fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    if let Some(region) = &settings.region {
        stack.enter_region(region);
    }
    let account = stack.lookup(CallerIdentity)?.account_id;
    let zones = stack.lookup(AvailabilityZones::available())?;
    let zones: Vec<&str> = zones.names().take(settings.zones).collect();

    let keys = stack.scope("keys", |stack| keys::declare(stack, &account));
    let logs = stack.scope("logs", |stack| logs::declare(stack, settings, &keys));
    let network =
        stack.scope("network", |stack| network::declare(stack, settings, &zones, &logs))?;
    let logs_bucket =
        stack.scope("storage", |stack| storage::declare(stack, settings, &keys, &account));
    let cluster =
        stack.scope("cluster", |stack| cluster::declare(stack, settings, &keys, &network))?;
    let data = data::declare(stack, settings, &keys, &network, &cluster.security_group())?;
    let edge = stack
        .scope("edge", |stack| edge::declare(stack, settings, &network, &cluster, &logs_bucket));
    stack.scope("accounts", |stack| {
        accounts::declare(stack, settings, &keys, &cluster, &data, &edge)
    })?;
    if settings.enable_monitoring {
        let watched = Watched { cluster: &cluster, data: &data, edge: &edge };
        stack.scope("watch", |stack| watch::declare(stack, settings, &account, &watched));
    }

    stack.output("vpc_id", network.vpc.id());
    stack.output_list("public_subnet_ids", network.public.iter().map(|subnet| subnet.id()));
    stack.output_list("private_subnet_ids", network.private.iter().map(|subnet| subnet.id()));
    stack.output_list("database_subnet_ids", network.database.iter().map(|subnet| subnet.id()));
    stack.output("cluster_name", cluster.control_plane.name());
    stack.output("cluster_endpoint", cluster.control_plane.endpoint());
    stack.output("load_balancer", edge.balancer.dns_name());
    stack.output("database_endpoint", data.database.instance.endpoint());
    stack.output("database_secret_arn", data.database.instance.master_user_secret_arn());
    stack.output("cache_endpoint", data.cache.group.primary_endpoint_address());
    stack.output("cache_secret_arn", data.cache_secret.arn());
    Ok(())
}
