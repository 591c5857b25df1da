//! Roles of what runs on the cluster to serve the rest, each for one service account.

use infra_aws::iam::{Operator, PolicyDocument, Statement};
use infra_sdk::prelude::*;

use super::data::Data;
use super::keys::Keys;
use super::settings::Settings;
use crate::components::eks_cluster::{
    Cluster, ServiceAccount, autoscaler, load_balancer_controller,
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
        cluster.service_account_role(stack, autoscaler(cluster))?;
    }
    // Source of the account's name: the defaults of the project's Helm chart.
    let secrets = ServiceAccount {
        name: "external-secrets",
        namespaces: &["external-secrets"],
        account: "external-secrets",
        managed: &[],
        policy: Some(read_secrets(stack, keys, data)),
    };
    cluster.service_account_role(stack, secrets)?;
    cluster.service_account_role(stack, load_balancer_controller(&[&edge.target]))?;
    Ok(())
}

/// Reads the secrets of the database and the cache, decrypting them through Secrets Manager only.
fn read_secrets(stack: &Stack, keys: &Keys, data: &Data) -> PolicyDocument {
    let read = Statement::allow()
        .actions(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"])
        .resource(data.database.instance.master_user_secret_arn())
        .resource(data.cache_secret.arn());
    let service = format!("secretsmanager.{}.amazonaws.com", stack.region());
    let decrypt = Statement::allow()
        .action("kms:Decrypt")
        .resource(keys.database.arn())
        .resource(keys.cache.arn())
        .condition(Operator::StringEquals, "kms:ViaService", service);
    PolicyDocument::new().statement(read).statement(decrypt)
}
