//! A key per purpose.

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use super::audit;
use crate::components::key::{self, alarms_statement, logs_statement, owner_policy};

/// The keys of omniportal.
pub(super) struct Keys {
    /// Encrypts the database.
    pub(super) database: KeyHandle,
    /// Encrypts the cache.
    pub(super) cache: KeyHandle,
    /// Encrypts buckets and images.
    pub(super) storage: KeyHandle,
    /// Encrypts log groups and trails.
    pub(super) logs: KeyHandle,
    /// Encrypts alarms.
    pub(super) alarms: KeyHandle,
    /// Encrypts secrets.
    pub(super) secrets: KeyHandle,
}

pub(super) fn declare(stack: &mut Stack, name: &str, account: &str) -> Keys {
    let logs = owner_policy(account)
        .statement(logs_statement(stack, account))
        .merge(audit::key_policy(&audit::trail_arn(stack, name, account)));
    let alarms = owner_policy(account).statement(alarms_statement(account));
    let mut own = |purpose| key::declare(stack, name, purpose, owner_policy(account));
    Keys {
        database: own("database"),
        cache: own("cache"),
        storage: own("storage"),
        secrets: own("secrets"),
        alarms: key::declare(stack, name, "alarms", alarms),
        logs: key::declare(stack, name, "logs", logs),
    }
}
