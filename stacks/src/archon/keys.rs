//! A key per purpose, each rotated and with an alias.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::kms::{Alias, Key, KeyHandle};
use infra_sdk::prelude::*;

/// The keys of archon.
pub(super) struct Keys {
    /// Encrypts log groups.
    pub(super) logs: KeyHandle,
    /// Encrypts backups.
    pub(super) storage: KeyHandle,
}

pub(super) fn declare(stack: &mut Stack, account: &str) -> Keys {
    // Secrets of the cluster, the database and the cache get their keys now, so that what is made
    // with them later never needs another.
    for purpose in ["cluster-secrets", "database", "cache"] {
        key(stack, purpose, owner_policy(account));
    }
    let logs = owner_policy(account).statement(logs_statement(stack, account));
    Keys { logs: key(stack, "logs", logs), storage: key(stack, "storage", owner_policy(account)) }
}

fn key(stack: &mut Stack, purpose: &str, policy: PolicyDocument) -> KeyHandle {
    let environment = stack.env().name().to_owned();
    let key = stack.add(
        purpose,
        Key::new()
            .description(format!("archon {environment}: {purpose}"))
            .policy(policy)
            .enable_key_rotation(true)
            .deletion_window_in_days(Days(7)),
    );
    let alias = Alias::new(key.id()).name(format!("alias/archon-{environment}-{purpose}"));
    stack.add(format!("{purpose}-alias"), alias);
    key
}

/// The account administers its keys through IAM. Source: KMS developer guide, default key policy.
fn owner_policy(account: &str) -> PolicyDocument {
    PolicyDocument::new().statement(
        Statement::allow()
            .sid("Administration")
            .principal(Principal::aws(format!("arn:aws:iam::{account}:root")))
            .action("kms:*")
            .resource("*"),
    )
}

/// CloudWatch Logs encrypts with the key. Source: CloudWatch Logs user guide, encrypt log data.
fn logs_statement(stack: &Stack, account: &str) -> Statement {
    let region = stack.region();
    Statement::allow()
        .sid("CloudWatchLogs")
        .principal(Principal::service(format!("logs.{region}.amazonaws.com")))
        .actions([
            "kms:Encrypt*",
            "kms:Decrypt*",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:Describe*",
        ])
        .resource("*")
        .condition(
            Operator::ArnLike,
            "kms:EncryptionContext:aws:logs:arn",
            text!("arn:aws:logs:", region, ":", account, ":log-group:*"),
        )
}
