//! The cache, and the URL that clients connect with.

use infra_aws::elasticache::{
    AuthTokenUpdateStrategy, ReplicationGroup, SubnetGroup, TransitEncryptionMode,
};
use infra_sdk::prelude::*;

use crate::network;

/// The port that Redis listens on.
const PORT: u16 = 6379;

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// IPv4 range of the VPC.
    pub cidr: Ipv4Net,
    /// Size of the machines.
    #[setting(default = "cache.t4g.micro")]
    pub node_type: String,
    /// The primary and its replicas. With two or more a replica takes the primary's place when it
    /// fails.
    #[setting(default = 1, range = 1..=6)]
    pub nodes: u32,
    /// Days that daily snapshots are kept; 0 makes none.
    #[setting(default = Days(0))]
    pub keep_snapshots: Days,
}

/// Declares the cache.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let name = format!("sessions-{}", stack.env().name());
    let network = network::declare(stack, &name, settings.cidr, i32::from(PORT))?;
    // Letters and digits alone: the token stands in URLs as it is.
    let token = stack.add("token", random::Password::new(64).special(false)).result();
    let subnets: Vec<_> = network.subnets.iter().map(|subnet| subnet.id()).collect();
    let subnets = stack.add("subnets", SubnetGroup::new(name.as_str(), subnets));
    let several = settings.nodes > 1;
    let cache = ReplicationGroup::new(name, "Sessions", settings.node_type.as_str())
        .engine_version("7.1")
        .port(u32::from(PORT))
        .num_cache_clusters(settings.nodes)
        .automatic_failover_enabled(several)
        .multi_az_enabled(several)
        .subnet_group_name(subnets.name())
        .security_group_ids([network.server.id()])
        .at_rest_encryption_enabled(true)
        .transit_encryption_enabled(true)
        .transit_encryption_mode(TransitEncryptionMode::Required)
        .auth_token(&token)
        .auth_token_update_strategy(AuthTokenUpdateStrategy::Rotate)
        .snapshot_retention_limit(settings.keep_snapshots)
        // Where somebody uses it, changes wait for the maintenance window.
        .apply_immediately(!stack.env().is_protected());
    let cache = stack.add("cache", cache);

    let host = cache.primary_endpoint_address();
    // As sensitive as the token in it: shown with `infra output --reveal` only.
    stack.output("url", text!("rediss://:", &token, "@", host, ":", PORT));
    stack.output("clients_security_group", network.clients.id());
    Ok(())
}
