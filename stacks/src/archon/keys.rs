//! A key per purpose, each rotated and with an alias.

use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use crate::components::key::{self, logs_statement, owner_policy};

/// The keys of archon.
pub(super) struct Keys {
    /// Encrypts log groups.
    pub(super) logs: KeyHandle,
    /// Encrypts backups.
    pub(super) storage: KeyHandle,
}

pub(super) fn declare(stack: &mut Stack, account: &str) -> Keys {
    let prefix = format!("archon-{}", stack.env().name());
    // Secrets of the cluster, the database and the cache get their keys now, so that what is made
    // with them later never needs another.
    for purpose in ["cluster-secrets", "database", "cache"] {
        key::declare(stack, &prefix, purpose, owner_policy(account));
    }
    let logs = owner_policy(account).statement(logs_statement(stack, account));
    Keys {
        logs: key::declare(stack, &prefix, "logs", logs),
        storage: key::declare(stack, &prefix, "storage", owner_policy(account)),
    }
}
