//! Roles of what runs on the cluster to serve the rest.

use infra_sdk::prelude::*;

use super::data::Data;
use super::keys::Keys;
use super::settings::Settings;
use crate::components::eks_cluster::Cluster;
use crate::components::service_accounts::{
    cluster_autoscaler, external_secrets, load_balancer_controller,
};
use crate::components::web_edge::Edge;

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    cluster: &Cluster,
    data: &Data,
    edge: &Edge,
) -> Result<()> {
    if settings.auto_scaling_enabled {
        cluster.service_account_role(stack, cluster_autoscaler(cluster))?;
    }
    let database = &data.database.instance;
    let secrets = [text!(database.master_user_secret_arn()), text!(data.cache_secret.arn())];
    let secrets = external_secrets(stack, secrets, &[&keys.database, &keys.cache]);
    cluster.service_account_role(stack, secrets)?;
    cluster.service_account_role(stack, load_balancer_controller(&[&edge.target]))?;
    Ok(())
}
