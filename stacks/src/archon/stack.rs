//! The stack function: the parts in the order of their references.

use infra_aws::ec2::AvailabilityZones;
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

use super::settings::Settings;
use super::{access, keys, logs, network, storage};

/// Declares archon.
pub(crate) fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let account = stack.lookup(CallerIdentity)?.account_id;
    let zones = stack.lookup(AvailabilityZones::available())?;
    let zones: Vec<&str> = zones.names().take(settings.zones).collect();

    let keys = stack.scope("keys", |stack| keys::declare(stack, &account));
    let logs = stack.scope("logs", |stack| logs::declare(stack, settings, &keys));
    let network =
        stack.scope("network", |stack| network::declare(stack, settings, &zones, &logs))?;
    stack.scope("storage", |stack| storage::declare(stack, settings, &keys, &account));
    stack.scope("access", access::declare)?;

    stack.output("vpc_id", network.vpc.id());
    stack.output_list("public_subnet_ids", network.public.iter().map(|subnet| subnet.id()));
    stack.output_list("private_subnet_ids", network.private.iter().map(|subnet| subnet.id()));
    stack.output_list("database_subnet_ids", network.database.iter().map(|subnet| subnet.id()));
    Ok(())
}
