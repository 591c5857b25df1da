//! A cache of Redis: a primary and its replicas, which take its place when it fails.
//!
//! It is encrypted at rest with the key that it is given, speaks TLS only and asks for a token,
//! which a cryptographic generator makes. Its logs go to groups that are encrypted and do not grow
//! for ever. In a protected environment it leaves a snapshot when it is deleted and is changed in
//! its maintenance window; elsewhere it is changed at once and goes without a trace.

use infra_aws::ec2::{SecurityGroupHandle, SubnetHandle};
use infra_aws::elasticache::{
    AuthTokenUpdateStrategy, LogDelivery, LogDeliveryArguments, LogDestinationType, LogFormat,
    LogType, Parameter, ParameterGroup, ReplicationGroup, ReplicationGroupHandle, SubnetGroup,
    TransitEncryptionMode,
};
use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use super::log_group::{self, Keeping};
use super::suffix;

/// The port that Redis listens on.
pub(crate) const PORT: u16 = 6379;

/// The engine, and the family of its parameters.
const VERSION: &str = "7.1";
const FAMILY: &str = "redis7";

/// What differs between environments.
#[derive(Debug, Clone, Settings)]
pub(crate) struct RedisSettings {
    /// Size of the machines.
    #[setting(default = "cache.t4g.small")]
    pub node_type: String,
    /// The primary and its replicas. With two or more a replica takes the primary's place.
    #[setting(default = 1, range = 1..=6)]
    pub num_cache_clusters: u32,
    /// Days that daily snapshots are kept; 0 makes none.
    #[setting(default = Days(1))]
    pub snapshot_retention: Days,
    /// Snapshot that the cache is made of. Naming one replaces a cache that is there; once it is
    /// restored, the setting may stay or go.
    pub snapshot: Option<String>,
}

/// What a cache is made from.
pub(crate) struct RedisArguments<'a> {
    /// Its name in AWS, after which its groups are named too.
    pub(crate) name: &'a str,
    /// What it is for.
    pub(crate) description: &'a str,
    /// Parameters that are not as the engine has them.
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    /// Subnets that it may be in.
    pub(crate) subnets: &'a [SubnetHandle],
    /// Who reaches it.
    pub(crate) security_group: &'a SecurityGroupHandle,
    /// Encrypts what is stored.
    pub(crate) key: &'a KeyHandle,
    /// Encrypts its logs.
    pub(crate) log_key: &'a KeyHandle,
    /// Days that its logs are kept.
    pub(crate) log_retention: Days,
    /// What differs between environments.
    pub(crate) settings: &'a RedisSettings,
}

/// Handles of a cache.
pub(crate) struct Redis {
    /// The cache.
    pub(crate) group: ReplicationGroupHandle,
    /// What it asks for: sensitive.
    pub(crate) token: Output<String, Global>,
}

impl Redis {
    /// The URL that applications connect with: as sensitive as the token in it.
    pub(crate) fn url(&self) -> Output<String, Global> {
        let host = self.group.primary_endpoint_address();
        text!("rediss://:", &self.token, "@", host, ":", PORT)
    }
}

/// Declares a cache.
pub(crate) fn declare(stack: &mut Stack, arguments: &RedisArguments<'_>) -> Redis {
    let RedisArguments { name, key, settings, .. } = *arguments;
    // Letters and digits alone: the token stands in URLs as it is.
    let token = stack.add("token", random::Password::new(64).special(false)).result();
    let ids: Vec<_> = arguments.subnets.iter().map(|subnet| subnet.id()).collect();
    let subnets = stack.add("subnets", SubnetGroup::new(name, ids));
    let parameters = arguments.parameters.iter().map(|(name, value)| Parameter::new(*name, *value));
    let parameters: Vec<_> = parameters.collect();
    let parameters = ParameterGroup::new(format!("{name}-{FAMILY}"), FAMILY).parameter(parameters);
    let parameters = stack.add("parameters", parameters.create_before_destroy(true));

    let several = settings.num_cache_clusters > 1;
    let logs = log_deliveries(stack, arguments);
    let group = ReplicationGroup::new(name, arguments.description, settings.node_type.as_str())
        .engine_version(VERSION)
        .port(u32::from(PORT))
        .num_cache_clusters(settings.num_cache_clusters)
        .automatic_failover_enabled(several)
        .multi_az_enabled(several)
        .subnet_group_name(subnets.name())
        .parameter_group_name(parameters.name())
        .security_group_ids([arguments.security_group.id()])
        .at_rest_encryption_enabled(true)
        .kms_key_id(key.arn())
        .transit_encryption_enabled(true)
        .transit_encryption_mode(TransitEncryptionMode::Required)
        .auth_token(&token)
        .auth_token_update_strategy(AuthTokenUpdateStrategy::Rotate)
        .snapshot_retention_limit(settings.snapshot_retention)
        .log_delivery_configuration(logs)
        .apply_immediately(!stack.env().is_protected());
    let group = match &settings.snapshot {
        Some(snapshot) => group.snapshot_name(snapshot.as_str()),
        None => group,
    };
    let group = if stack.env().is_protected() {
        let suffix = suffix::declare(stack, "final-snapshot", settings.snapshot.as_deref());
        group.final_snapshot_identifier(text!(name, "-final-", suffix))
    } else {
        group
    };
    Redis { group: stack.add("group", group), token }
}

/// What took long, and what the engine says.
fn log_deliveries(stack: &mut Stack, arguments: &RedisArguments<'_>) -> Vec<LogDeliveryArguments> {
    let keeping = Keeping { key: arguments.log_key, days: arguments.log_retention };
    let mut deliveries = Vec::new();
    for log in [LogType::SlowLog, LogType::EngineLog] {
        let word = log.as_str();
        let path = format!("/aws/elasticache/{}/{word}", arguments.name);
        let group = log_group::declare(stack, &format!("log-{word}"), path, keeping);
        let to = LogDestinationType::CloudWatchLogs;
        deliveries.push(LogDelivery::new(group.id().text(), to, LogFormat::Json, log));
    }
    deliveries
}
