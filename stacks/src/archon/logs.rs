//! Log groups, encrypted and kept as long as the settings say.

use infra_aws::logs::{LogGroup, LogGroupHandle};
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;

/// The log groups of archon.
pub(super) struct Logs {
    /// Receives the network's flow logs.
    pub(super) flow: LogGroupHandle,
}

pub(super) fn declare(stack: &mut Stack, settings: &Settings, keys: &Keys) -> Logs {
    let environment = stack.env().name().to_owned();
    let mut group = |name: &str, path: String| {
        let group = LogGroup::new()
            .name(path)
            .retention_in_days(settings.log_retention_days)
            .kms_key_id(keys.logs.arn());
        stack.add(name, group)
    };
    group("application", format!("/archon/{environment}/application"));
    Logs { flow: group("flow", format!("/archon/{environment}/flow")) }
}
