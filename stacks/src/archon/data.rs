//! archon's database and cache, and who reaches them: the cluster's nodes and nobody else.

use std::collections::BTreeMap;

use infra_aws::ec2::SecurityGroupId;
use infra_aws::secretsmanager::SecretHandle;
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;
use crate::components::database::{self, Database, DatabaseArguments, DatabaseEngine};
use crate::components::network::{Network, reached_by};
use crate::components::redis::{self, Redis, RedisArguments};
use crate::components::secret;

const ENGINE: DatabaseEngine = DatabaseEngine::PostgreSql;

/// `vector` itself is loaded with `CREATE EXTENSION`. Its deployments preload what tells slow
/// searches apart and who did what, and need memory and workers to build their HNSW indexes.
/// Sources: RDS user guide, PostgreSQL extensions; pgvector, index build time.
const PARAMETERS: [(&str, &str); 4] = [
    ("shared_preload_libraries", "pg_stat_statements,pgaudit"),
    ("maintenance_work_mem", "1048576"),
    ("max_parallel_maintenance_workers", "4"),
    ("log_min_duration_statement", "1000"),
];

/// Handles of the database and the cache.
pub(super) struct Data {
    pub(super) database: Database,
    pub(super) cache: Redis,
    /// How applications reach the cache; RDS keeps that of the database.
    pub(super) cache_secret: SecretHandle,
}

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    network: &Network,
    nodes: &Output<SecurityGroupId>,
) -> Result<Data> {
    let name = format!("archon-{}", stack.env().name());
    let database = stack.scope("database", |stack| {
        let group = reached_by(stack, &name, &network.vpc, "database", ENGINE.port(), nodes);
        let arguments = DatabaseArguments {
            identifier: &name,
            engine: ENGINE,
            version: "16",
            parameters: &PARAMETERS,
            database: "archon",
            username: "archon",
            password: None,
            subnets: &network.database,
            security_group: &group,
            key: &keys.database,
            log_key: &keys.logs,
            log_retention: settings.log_retention_days,
            iam_authentication: true,
            settings: &settings.database(),
        };
        database::declare(stack, &arguments)
    })?;
    let (cache_secret, cache) = stack.scope("cache", |stack| {
        let group = reached_by(stack, &name, &network.vpc, "cache", redis::PORT, nodes);
        let arguments = RedisArguments {
            name: &name,
            description: "Sessions and rate limits of archon",
            // Sessions have an end: the one that is nearest to it goes first.
            parameters: &[("maxmemory-policy", "volatile-ttl")],
            subnets: &network.database,
            security_group: &group,
            key: &keys.cache,
            log_key: &keys.logs,
            log_retention: settings.log_retention_days,
            settings: &settings.cache(),
        };
        let cache = redis::declare(stack, &arguments);
        let full = format!("archon/{}/cache", stack.env().name());
        let values = BTreeMap::from([("REDIS_URL", cache.url())]);
        (secret::declare(stack, "secret", full, &keys.cache, values).secret, cache)
    });
    Ok(Data { database, cache, cache_secret })
}
