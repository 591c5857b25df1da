//! What the application may do, and the repository of its images.

use infra_aws::iam::managed;
use infra_aws::iam::{PolicyDocument, RoleHandle, Statement};
use infra_sdk::prelude::*;

use super::NAME;
use super::data::Buckets;
use super::keys::Keys;
use super::settings::Settings;
use crate::components::eks_cluster::{Cluster, ServiceAccount};
use crate::components::secret::Secret;
use crate::components::service_accounts::{
    cluster_autoscaler, external_secrets, load_balancer_controller,
};
use crate::components::web_edge::Edge;

/// What the accounts have to do with.
pub(super) struct Parts<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) edge: &'a Edge,
    pub(super) buckets: &'a Buckets,
    pub(super) secrets: &'a [Secret],
}

/// Declares the roles of service accounts, and returns that of the application.
pub(super) fn accounts(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    parts: &Parts<'_>,
) -> Result<RoleHandle> {
    let Parts { cluster, edge, buckets, secrets } = parts;
    if settings.auto_scaling_enabled {
        cluster.service_account_role(stack, cluster_autoscaler(cluster))?;
    }
    cluster.service_account_role(stack, load_balancer_controller(&[&edge.target]))?;
    let secrets = secrets.iter().map(|secret| text!(secret.secret.arn()));
    let secrets = external_secrets(stack, secrets, &[&keys.secrets]);
    cluster.service_account_role(stack, secrets)?;
    let namespaces: Vec<&str> = settings.environments.iter().map(String::as_str).collect();
    let application = ServiceAccount {
        name: "application",
        namespaces: &namespaces,
        account: NAME,
        managed: &[
            ("models", managed::AMAZON_BEDROCK_READ_ONLY),
            ("buckets", managed::AMAZON_S3_READ_ONLY_ACCESS),
        ],
        policy: Some(uploads(keys, buckets)),
    };
    cluster.service_account_role(stack, application)
}

/// The application stores uploads, in its own bucket and with its key, without which reading them
/// would be of no use either.
fn uploads(keys: &Keys, buckets: &Buckets) -> PolicyDocument {
    let store = Statement::allow()
        .actions(["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"])
        .resource(text!(buckets.uploads.bucket.arn(), "/*"));
    let encrypt = Statement::allow()
        .actions(["kms:Decrypt", "kms:GenerateDataKey"])
        .resource(keys.storage.arn());
    PolicyDocument::new().statement(store).statement(encrypt)
}
