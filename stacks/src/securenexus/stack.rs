//! The stack function: the parts in the order of their references.
//!
//! What the owners left open: the range of the network has to be private and inside 10.0.0.0/8, its
//! database subnets have no way out and are reached from the VPC only, and the server by the nodes
//! only. From outside of the VPC, network ACLs let HTTP, HTTPS and answers into the public subnets, and
//! answers alone into those of the nodes. Clients come in by a load balancer with TLS and a firewall,
//! which the alarms on failures, latency and availability look at. The environments share one server, with a database each, and
//! one application role, bound to the account `securenexus` in each of their namespaces.

use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use super::application::Parts;
use super::settings::Settings;
use super::{NAME, application, data, keys, platform, watch};
use crate::components::log_group::Keeping;
use crate::components::{container_images, network, network_guard};

/// What the network has to be inside of.
const INSIDE: &str = "10.0.0.0/8";

/// Declares securenexus.
pub(crate) fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    stack.enter_region(&settings.region);
    let range = settings.network.cidr;
    if !INSIDE.parse::<Ipv4Net>()?.contains(&range) {
        return Err(Error::new(format!("`network.cidr` must be inside {INSIDE}, not {range}")));
    }
    let account = stack.lookup(CallerIdentity)?.account_id;

    let keys = stack.scope("keys", |stack| keys::declare(stack, &account));
    let network = stack.scope("network", |stack| {
        let keeping = Keeping { key: &keys.logs, days: settings.log_retention };
        let path = format!("/{NAME}/flow");
        network::declare_logged(stack, NAME, &settings.network, path, keeping)
            .inspect(|network| network_guard::acls(stack, NAME, range, network))
    })?;
    let buckets = stack.scope("storage", |stack| data::buckets(stack, settings, &keys, &account));
    let images = stack.scope("images", |stack| {
        container_images::declare(stack, NAME, Some(&keys.storage), settings.force_destroy)
    });
    let cluster =
        stack.scope("cluster", |stack| platform::cluster(stack, settings, &keys, &network))?;
    let server = stack.scope("database", |stack| {
        data::server(stack, settings, &keys, &network, &cluster.security_group())
    })?;
    let secrets =
        stack.scope("secrets", |stack| data::secrets(stack, settings, &keys, &server, &buckets));
    let edge = stack.scope("edge", |stack| {
        platform::edge(stack, settings, &keys, &network, &cluster, &buckets.logs)
    });
    let application = stack.scope("accounts", |stack| {
        let parts = Parts { cluster: &cluster, edge: &edge, buckets: &buckets, secrets: &secrets };
        application::accounts(stack, settings, &keys, &parts)
    })?;
    stack.scope("watch", |stack| {
        watch::declare(stack, settings, &keys, &account, (&cluster, &server, &edge));
    });

    stack.output("cluster_name", cluster.control_plane.name());
    stack.output("cluster_endpoint", cluster.control_plane.endpoint());
    stack.output("repository_url", images.repository_url());
    stack.output("database_endpoint", server.database.instance.endpoint());
    stack.output("uploads_bucket", buckets.uploads.bucket.id());
    stack.output_list("secret_arns", secrets.iter().map(|secret| secret.secret.arn()));
    stack.output("application_role_arn", application.arn());
    stack.output("load_balancer", edge.balancer.dns_name());
    Ok(())
}
