//! The stack function: the parts in the order of their references.
//!
//! What the owners left open:
//!
//! - Nodes are in EKS's own security group, and database and cache let in that group only. Its API
//!   is reached from inside the VPC, and from outside only by the networks in `cluster.api_networks`.
//! - RDS makes the database's password and keeps it in Secrets Manager; the cache's token is
//!   generated and kept in `archon/ENVIRONMENT/cache`. External Secrets may read these two.
//! - The load balancer is declared here; the controller in the cluster registers pods in its target
//!   group and may do nothing else. With `auto_scaling_enabled` the cluster autoscaler has a role and
//!   says how many nodes there are; without, there are `cluster.node_desired_size`.
//! - `enable_security_scanning` scans images when they are pushed and has the cluster's audit log
//!   looked through for requests that were refused; GuardDuty is not used.
//! - The environment is the one of `--env`; `region` puts archon elsewhere.

use infra_aws::ec2::AvailabilityZones;
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use super::settings::Settings;
use super::watch::Watched;
use super::{accounts, cluster, data, edge, keys, logs, network, security, storage, watch};
use crate::components::container_images;

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
    let images = stack.scope("images", |stack| {
        let (key, force, scan) =
            (&keys.storage, settings.force_destroy_buckets, settings.enable_security_scanning);
        let name = format!("archon-{}", stack.env().name());
        container_images::declare_scanned(stack, &name, Some(key), force, scan)
    });
    let cluster =
        stack.scope("cluster", |stack| cluster::declare(stack, settings, &keys, &network))?;
    let data = data::declare(stack, settings, &keys, &network, &cluster.security_group())?;
    let edge = stack.scope("edge", |stack| {
        edge::declare(stack, settings, &keys, &network, &cluster, &logs_bucket)
    });
    stack.scope("accounts", |stack| {
        accounts::declare(stack, settings, &keys, &cluster, &data, &edge)
    })?;
    if settings.enable_security_scanning {
        stack.scope("security", |stack| security::declare(stack, &cluster));
    }
    if settings.enable_monitoring {
        let watched = Watched { cluster: &cluster, data: &data, edge: &edge };
        stack.scope("watch", |stack| watch::declare(stack, settings, &account, &watched));
    }

    stack.output("vpc_id", network.vpc.id());
    stack.output_list("public_subnet_ids", network.public.iter().map(|subnet| subnet.id()));
    stack.output_list("private_subnet_ids", network.private.iter().map(|subnet| subnet.id()));
    stack.output_list("database_subnet_ids", network.database.iter().map(|subnet| subnet.id()));
    stack.output("repository_url", images.repository_url());
    stack.output("cluster_name", cluster.control_plane.name());
    stack.output("cluster_endpoint", cluster.control_plane.endpoint());
    stack.output("load_balancer", edge.balancer.dns_name());
    stack.output("database_endpoint", data.database.instance.endpoint());
    stack.output("database_secret_arn", data.database.instance.master_user_secret_arn());
    stack.output("cache_endpoint", data.cache.group.primary_endpoint_address());
    stack.output("cache_secret_arn", data.cache_secret.arn());
    Ok(())
}
