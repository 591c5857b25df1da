//! Watches a service on Fargate with its edge, database and cache: alarms, their topic, a dashboard.

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use super::alarms::{self, Alarms, EdgeLimits};
use super::dashboard::{self, Widget};
use super::database::{Database, DatabaseSettings};
use super::fargate_service::FargateService;
use super::redis::{Redis, RedisSettings};
use super::web_edge::Edge;

/// Processor or memory of a service or cache, in percent, over which it is too busy.
const BUSY_PERCENT: f64 = 85.0;

/// What differs between environments.
#[derive(Debug, Settings)]
pub(crate) struct WatchSettings {
    /// Address that gets alarms by mail, once it has confirmed.
    pub email: Option<String>,
    /// Requests that fail, in percent, over which there is an alarm. By default the owners' limit.
    pub error_percent: Option<f64>,
    /// Seconds within which 95 % of requests must be answered. By default the owners' limit.
    pub latency_seconds: Option<f64>,
    /// Processor of the database, in percent, over which there is an alarm.
    #[setting(default = 80.0, range = 1.0..=100.0)]
    pub database_cpu_percent: f64,
    /// Connections with the database over which there is an alarm.
    #[setting(default = 100, range = 1..=16_000)]
    pub database_connections: u32,
}

/// What is watched.
pub(crate) struct WatchArguments<'a> {
    /// Beginning of all names: `faultmaven-staging`.
    pub(crate) name: &'a str,
    /// The account.
    pub(crate) account: &'a str,
    /// Encrypts the topic; its policy has [`alarms_statement`](super::key::alarms_statement).
    pub(crate) key: &'a KeyHandle,
    /// What differs between environments.
    pub(crate) settings: &'a WatchSettings,
    /// What the owners set as limits.
    pub(crate) limits: EdgeLimits,
    /// Where requests come in.
    pub(crate) edge: &'a Edge,
    /// What answers them.
    pub(crate) service: &'a FargateService,
    /// The database, and how large it is.
    pub(crate) database: (&'a Database, &'a DatabaseSettings),
    /// The cache, and how large it is.
    pub(crate) cache: (&'a Redis, &'a RedisSettings),
}

/// Declares topic, alarms and dashboard.
pub(crate) fn declare(stack: &mut Stack, arguments: &WatchArguments<'_>) -> Alarms {
    let WatchArguments { name, account, key, settings, limits, edge, .. } = *arguments;
    let alarms = alarms::declare(stack, name, account, key, settings.email.as_deref());
    let limits = EdgeLimits {
        error_percent: settings.error_percent.unwrap_or(limits.error_percent),
        latency_seconds: settings.latency_seconds.unwrap_or(limits.latency_seconds),
        ..limits
    };
    alarms.edge(stack, edge, limits);
    let FargateService { cluster, service } = arguments.service;
    alarms.service(stack, cluster, service, BUSY_PERCENT);
    let (database, size) = arguments.database;
    alarms.database(stack, database, size.allocated_storage, settings.database_cpu_percent);
    alarms.database_connections(stack, database, settings.database_connections);
    let (cache, size) = arguments.cache;
    alarms.cache(stack, cache, size.num_cache_clusters, BUSY_PERCENT);
    dashboard::declare(stack, name, widgets(arguments));
    alarms
}

fn widgets(arguments: &WatchArguments<'_>) -> Vec<Widget> {
    let FargateService { cluster, service } = arguments.service;
    let (database, _) = arguments.database;
    let (cache, size) = arguments.cache;
    let mut widgets = dashboard::edge(arguments.edge);
    widgets.push(dashboard::service(cluster, service));
    widgets.extend(dashboard::database(database));
    widgets.push(dashboard::cache(cache, size.num_cache_clusters));
    widgets
}
