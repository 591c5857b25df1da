//! A key per purpose, each rotated and with an alias.

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use crate::components::key::{self, logs_statement, owner_policy};

/// The keys of archon.
pub(super) struct Keys {
    /// Encrypts the cluster's secrets.
    pub(super) cluster: KeyHandle,
    /// Encrypts the database.
    pub(super) database: KeyHandle,
    /// Encrypts the cache.
    pub(super) cache: KeyHandle,
    /// Encrypts log groups.
    pub(super) logs: KeyHandle,
    /// Encrypts backups.
    pub(super) storage: KeyHandle,
}

pub(super) fn declare(stack: &mut Stack, account: &str) -> Keys {
    let prefix = format!("archon-{}", stack.env().name());
    let logs = owner_policy(account).statement(logs_statement(stack, account));
    let mut key = |purpose, policy| key::declare(stack, &prefix, purpose, policy);
    Keys {
        cluster: key("cluster-secrets", owner_policy(account)),
        database: key("database", owner_policy(account)),
        cache: key("cache", owner_policy(account)),
        logs: key("logs", logs),
        storage: key("storage", owner_policy(account)),
    }
}
