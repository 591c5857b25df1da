//! archon's network.

use infra_sdk::prelude::*;

use super::logs::Logs;
use super::settings::Settings;
use crate::components::network::{self, Network, NetworkArguments};

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    zones: &[&str],
    logs: &Logs,
) -> Result<Network> {
    let name = format!("archon-{}", stack.env().name());
    let arguments = NetworkArguments {
        name: &name,
        cidr: settings.vpc_cidr,
        zones,
        single_nat_gateway: settings.single_nat_gateway,
        kubernetes: true,
        flow_logs: &logs.flow,
    };
    network::declare(stack, &arguments)
}
