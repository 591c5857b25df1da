//! Copies in another region, for when this one is lost: the database's backups and the buckets.

use infra_aws::rds::InstanceAutomatedBackupsReplication;
use infra_sdk::prelude::*;

use super::data::Data;
use super::settings::Settings;
use crate::components::key::{self, owner_policy};

infra_sdk::region! {
    /// Where the copies are.
    pub(super) Recovery
}

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    name: &str,
    account: &str,
    data: &Data,
) {
    let mut recovery = stack.in_region::<Recovery>(&settings.recovery_region);
    let key = key::declare(&mut recovery, name, "database", owner_policy(account));
    let backups = InstanceAutomatedBackupsReplication::new(data.database.instance.arn())
        .kms_key_id(key.arn())
        .retention_period(settings.database.backup_retention);
    recovery.add("database-backups", backups);
}
