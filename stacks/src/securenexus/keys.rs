//! A key per purpose, each rotated and with an alias.

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use super::NAME;
use crate::components::key::{self, alarms_statement, logs_statement, owner_policy};

/// The keys of securenexus.
pub(super) struct Keys {
    /// Encrypts secrets of Kubernetes.
    pub(super) cluster: KeyHandle,
    /// Encrypts the database.
    pub(super) database: KeyHandle,
    /// Encrypts uploads and images.
    pub(super) storage: KeyHandle,
    /// Encrypts the environments' secrets.
    pub(super) secrets: KeyHandle,
    /// Encrypts log groups.
    pub(super) logs: KeyHandle,
    /// Encrypts what alarms say.
    pub(super) alarms: KeyHandle,
}

pub(super) fn declare(stack: &mut Stack, account: &str) -> Keys {
    let logs = owner_policy(account).statement(logs_statement(stack, account));
    let alarms = owner_policy(account).statement(alarms_statement(account));
    let mut key = |purpose, policy| key::declare(stack, NAME, purpose, policy);
    Keys {
        cluster: key("cluster-secrets", owner_policy(account)),
        database: key("database", owner_policy(account)),
        storage: key("storage", owner_policy(account)),
        secrets: key("secrets", owner_policy(account)),
        logs: key("logs", logs),
        alarms: key("alarms", alarms),
    }
}
