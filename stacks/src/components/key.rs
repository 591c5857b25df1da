//! A KMS key with rotation and an alias, administered by the account through IAM.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::kms::{Alias, Key, KeyHandle};
use infra_sdk::prelude::*;

/// Declares a key and its alias `alias/PREFIX-PURPOSE`. `prefix` is as in `archon-staging`.
pub(crate) fn declare<R: Region>(
    stack: &mut Stack<R>,
    prefix: &str,
    purpose: &str,
    policy: PolicyDocument,
) -> KeyHandle<R> {
    let key = stack.add(
        purpose,
        Key::new()
            .description(format!("{prefix}: {purpose}"))
            .policy(policy)
            .enable_key_rotation(true)
            .deletion_window_in_days(Days(7)),
    );
    let alias = Alias::new(key.id()).name(format!("alias/{prefix}-{purpose}"));
    stack.add(format!("{purpose}-alias"), alias);
    key
}

/// The account administers its keys through IAM. Source: KMS developer guide, default key policy.
pub(crate) fn owner_policy(account: &str) -> PolicyDocument {
    PolicyDocument::new().statement(
        Statement::allow()
            .sid("Administration")
            .principal(Principal::aws(format!("arn:aws:iam::{account}:root")))
            .action("kms:*")
            .resource("*"),
    )
}

/// CloudWatch Logs encrypts with the key. Source: CloudWatch Logs user guide, encrypt log data.
pub(crate) fn logs_statement<R: Region>(stack: &Stack<R>, account: &str) -> Statement {
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

/// Alarms publish to a topic that is encrypted with the key. Source: SNS developer guide, enabling
/// event sources from AWS services and encrypted topics.
pub(crate) fn alarms_statement(account: &str) -> Statement {
    Statement::allow()
        .sid("Alarms")
        .principal(Principal::service("cloudwatch.amazonaws.com"))
        .actions(["kms:Decrypt", "kms:GenerateDataKey*"])
        .resource("*")
        .condition(Operator::StringEquals, "aws:SourceAccount", account)
}
