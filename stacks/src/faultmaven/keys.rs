//! A key per purpose.

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use crate::components::key::{self, alarms_statement, logs_statement, owner_policy};

/// The keys of faultmaven.
pub(super) struct Keys {
    /// Encrypts the database.
    pub(super) database: KeyHandle,
    /// Encrypts the cache.
    pub(super) cache: KeyHandle,
    /// Encrypts alarms.
    pub(super) alarms: KeyHandle,
    /// Encrypts secrets.
    pub(super) secrets: KeyHandle,
    /// Encrypts images.
    pub(super) images: KeyHandle,
    /// Encrypts log groups.
    pub(super) logs: KeyHandle,
}

pub(super) fn declare(stack: &mut Stack, name: &str, account: &str) -> Keys {
    let logs = owner_policy(account).statement(logs_statement(stack, account));
    let alarms = owner_policy(account).statement(alarms_statement(account));
    let mut own = |purpose| key::declare(stack, name, purpose, owner_policy(account));
    Keys {
        database: own("database"),
        cache: own("cache"),
        secrets: own("secrets"),
        images: own("images"),
        alarms: key::declare(stack, name, "alarms", alarms),
        logs: key::declare(stack, name, "logs", logs),
    }
}
