//! Log groups: encrypted, and kept as long as the system's settings say.

use infra_aws::kms::KeyHandle;
use infra_aws::logs::{LogGroup, LogGroupHandle};
use infra_sdk::prelude::*;

/// How the log groups of a system are kept.
#[derive(Clone, Copy)]
pub(crate) struct Keeping<'a> {
    /// Encrypts them; its policy lets CloudWatch Logs do so.
    pub(crate) key: &'a KeyHandle,
    /// How long; one of the values that CloudWatch Logs has.
    pub(crate) days: Days,
}

/// Declares the log group of that path.
pub(crate) fn declare(
    stack: &mut Stack,
    name: &str,
    path: String,
    keeping: Keeping<'_>,
) -> LogGroupHandle {
    let Keeping { key, days } = keeping;
    stack.add(name, LogGroup::new().name(path).retention_in_days(days).kms_key_id(key.arn()))
}
