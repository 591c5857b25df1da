//! The API: tasks that reach documents, assets and the database.

use std::collections::BTreeMap;

use infra_aws::ec2::SecurityGroupHandle;
use infra_aws::ecr::RepositoryHandle;
use infra_aws::iam::{PolicyDocument, Statement};
use infra_aws::logs::LogGroupHandle;
use infra_sdk::prelude::*;

use super::data::Data;
use super::keys::Keys;
use super::secrets::Secrets;
use super::settings::Settings;
use super::storage::Storage;
use crate::components::fargate_service::{self, FargateService, ServiceArguments};
use crate::components::log_group::{self, Keeping};
use crate::components::network::Network;
use crate::components::task::{self, RoleArguments, TaskArguments, TaskRoles};
use crate::components::web_edge::Edge;

/// Port that the API answers at.
pub(super) const PORT: u16 = 8080;

/// Path that says that it can serve.
pub(super) const HEALTH: &str = "/health";

/// User of the database that signs in through IAM.
const DATABASE_USER: &str = "portal";

/// What the compute is made from.
pub(super) struct ComputeArguments<'a> {
    pub(super) name: &'a str,
    pub(super) account: &'a str,
    pub(super) settings: &'a Settings,
    pub(super) keys: &'a Keys,
    pub(super) network: &'a Network,
    pub(super) tasks: &'a SecurityGroupHandle,
    pub(super) images: &'a RepositoryHandle,
    pub(super) secrets: &'a Secrets,
    pub(super) data: &'a Data,
    pub(super) storage: &'a Storage,
    pub(super) edge: &'a Edge,
    pub(super) logs: Keeping<'a>,
}

pub(super) fn declare(stack: &mut Stack, arguments: &ComputeArguments<'_>) -> FargateService {
    let ComputeArguments { name, settings, network, tasks, images, storage, .. } = *arguments;
    let path = format!("/omniportal/{}/api", stack.env().name());
    let log = log_group::declare(stack, "api-log", path, arguments.logs);
    let roles = roles(stack, arguments, &log);
    let variable = |name: &str, value| (name.to_owned(), value);
    let secrets = arguments.secrets.all();
    let task = TaskArguments {
        name: "api",
        prefix: name,
        image: text!(images.repository_url(), ":", settings.image_tag.as_str()),
        command: &[],
        cpu: settings.service.cpu,
        memory: settings.service.memory,
        ready: Some((PORT, HEALTH)),
        environment: BTreeMap::from([
            variable("DOCUMENTS_BUCKET", text!(storage.documents.bucket.id())),
            variable("ASSETS_BUCKET", text!(storage.assets.bucket.id())),
        ]),
        secrets: secrets.iter().map(|(name, secret)| variable(name, secret.value(name))).collect(),
        logs: &log,
        roles: &roles,
    };
    let task = task::declare(stack, task);
    let service = ServiceArguments {
        name,
        settings: &settings.service,
        network,
        security: tasks,
        task: &task,
        roles: &roles,
        edge: arguments.edge,
        port: PORT,
        triggers: secrets
            .iter()
            .map(|(name, secret)| ((*name).to_owned(), secret.version.version_id()))
            .collect(),
    };
    fargate_service::declare(stack, &service)
}

fn roles(stack: &mut Stack, arguments: &ComputeArguments<'_>, log: &LogGroupHandle) -> TaskRoles {
    let ComputeArguments { name, account, images, secrets, keys, storage, data, .. } = *arguments;
    let buckets = [&storage.documents.bucket, &storage.assets.bucket];
    let database = text!(
        format!("arn:aws:rds-db:{}:{account}:dbuser:", stack.region()),
        data.database.instance.resource_id(),
        "/",
        DATABASE_USER
    );
    let application = PolicyDocument::new()
        .statement(
            Statement::allow()
                .sid("Objects")
                .actions(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"])
                .resources(buckets.map(|bucket| text!(bucket.arn(), "/*"))),
        )
        .statement(
            Statement::allow()
                .sid("Buckets")
                .action("s3:ListBucket")
                .resources(buckets.map(|bucket| bucket.arn())),
        )
        .statement(
            Statement::allow()
                .sid("ObjectsKey")
                .actions(["kms:Decrypt", "kms:GenerateDataKey"])
                .resource(keys.storage.arn()),
        )
        .statement(Statement::allow().sid("Database").action("rds-db:connect").resource(database));
    let secrets = secrets.all().map(|(_, secret)| &secret.secret);
    let arguments = RoleArguments {
        prefix: name,
        images,
        logs: &[log],
        secrets: &secrets,
        key: &keys.secrets,
        application: Some(application),
    };
    task::roles(stack, arguments)
}
