//! Log groups, encrypted and kept as long as the settings say.

use infra_aws::logs::LogGroupHandle;
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;
use crate::components::log_group::{self, Keeping};

/// The log groups of archon.
pub(super) struct Logs {
    /// Receives the network's flow logs.
    pub(super) flow: LogGroupHandle,
}

pub(super) fn declare(stack: &mut Stack, settings: &Settings, keys: &Keys) -> Logs {
    let environment = stack.env().name().to_owned();
    let keeping = Keeping { key: &keys.logs, days: settings.log_retention_days };
    let mut group = |name: &str, path| log_group::declare(stack, name, path, keeping);
    group("application", format!("/archon/{environment}/application"));
    Logs { flow: group("flow", format!("/archon/{environment}/flow")) }
}
