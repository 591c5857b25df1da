//! The database with its replica, and the cache; reached by the tasks only.

use infra_aws::ec2::SecurityGroupHandle;
use infra_aws::rds::InstanceHandle;
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;
use crate::components::database::{self, Database, DatabaseArguments, DatabaseEngine};
use crate::components::log_group::Keeping;
use crate::components::network::{Network, let_out, reached_by};
use crate::components::redis::{self, Redis, RedisArguments};

/// Database and master user.
const PORTAL: &str = "omniportal";

/// Where the data is.
pub(super) struct Data {
    /// The database.
    pub(super) database: Database,
    /// Its copy for reading.
    pub(super) replica: InstanceHandle,
    /// How the application connects with it: sensitive.
    pub(super) database_url: Output<String, Global>,
    /// The cache.
    pub(super) cache: Redis,
}

/// What the data is made from.
pub(super) struct DataArguments<'a> {
    pub(super) name: &'a str,
    pub(super) settings: &'a Settings,
    pub(super) keys: &'a Keys,
    pub(super) network: &'a Network,
    pub(super) tasks: &'a SecurityGroupHandle,
    pub(super) logs: Keeping<'a>,
}

pub(super) fn declare(stack: &mut Stack, arguments: &DataArguments<'_>) -> Result<Data> {
    let DataArguments { name, settings, keys, network, tasks, logs } = *arguments;
    let (database, replica, database_url) = stack.scope("database", |stack| {
        let engine = DatabaseEngine::MySql;
        let port = engine.port();
        let group = reached_by(stack, name, &network.vpc, "database", port, &tasks.id());
        let_out(stack, "tasks-to-database", &tasks.id(), &group.id(), port);
        let password = database::generate_password(stack, "password");
        let arguments = DatabaseArguments {
            identifier: name,
            engine,
            version: "8.0",
            parameters: &[],
            database: PORTAL,
            username: PORTAL,
            password: Some(&password),
            subnets: &network.database,
            security_group: &group,
            key: &keys.database,
            log_key: logs.key,
            log_retention: logs.days,
            iam_authentication: true,
            settings: &settings.database,
        };
        let database = database::declare(stack, &arguments)?;
        let replica = database::declare_replica(stack, &arguments, &database);
        let url = database.url(&arguments, &password);
        Ok::<_, Error>((database, replica, url))
    })?;
    let cache = stack.scope("cache", |stack| {
        let port = redis::PORT;
        let group = reached_by(stack, name, &network.vpc, "cache", port, &tasks.id());
        let_out(stack, "tasks-to-cache", &tasks.id(), &group.id(), port);
        let arguments = RedisArguments {
            name,
            description: "Sessions of omniportal",
            parameters: &[],
            subnets: &network.database,
            security_group: &group,
            key: &keys.cache,
            log_key: logs.key,
            log_retention: logs.days,
            settings: &settings.cache,
        };
        redis::declare(stack, &arguments)
    });
    Ok(Data { database, replica, database_url, cache })
}
