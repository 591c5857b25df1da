//! The database server, the buckets, and a secret for each environment.

use std::collections::BTreeMap;

use infra_aws::ec2::SecurityGroupId;
use infra_aws::iam::PolicyDocument;
use infra_aws::s3::{BucketLogging, LifecycleRule, StorageClass, Transition};
use infra_sdk::prelude::*;

use super::NAME;
use super::keys::Keys;
use super::settings::Settings;
use crate::components::bucket::{self, BucketArguments, PrivateBucket};
use crate::components::database::{self, Database, DatabaseArguments, DatabaseEngine};
use crate::components::log_bucket::{self, LogBucketArguments};
use crate::components::network::{Network, reached_by};
use crate::components::secret::{self, Secret};

const ENGINE: DatabaseEngine = DatabaseEngine::PostgreSql;

/// Days that access logs are kept.
const LOG_DAYS: i32 = 90;

/// Days after which uploads move to a cheaper class that is as fast.
const INFREQUENT_DAYS: i32 = 90;

/// What applications connect with.
pub(super) struct Server {
    pub(super) database: Database,
    username: &'static str,
    password: Output<String, Global>,
}

/// The buckets.
pub(super) struct Buckets {
    /// Receives access logs.
    pub(super) logs: PrivateBucket,
    /// Holds uploads.
    pub(super) uploads: PrivateBucket,
}

/// Declares the server. RDS makes the first environment's database in it; those of the others are
/// made by their first migration.
pub(super) fn server(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    network: &Network,
    cluster: &Output<SecurityGroupId>,
) -> Result<Server> {
    let identifier = format!("{NAME}-db");
    let group = reached_by(stack, NAME, &network.vpc, "database", ENGINE.port(), cluster);
    let password = database::generate_password(stack, "password");
    let first = settings.environments.first().map(String::as_str).unwrap_or_default();
    let arguments = DatabaseArguments {
        identifier: &identifier,
        engine: ENGINE,
        version: "16",
        parameters: &[("log_min_duration_statement", "1000")],
        database: &database_name(first),
        username: NAME,
        password: Some(&password),
        subnets: &network.database,
        security_group: &group,
        key: &keys.database,
        log_key: &keys.logs,
        log_retention: settings.log_retention,
        iam_authentication: true,
        settings: &settings.database,
    };
    Ok(Server { database: database::declare(stack, &arguments)?, username: NAME, password })
}

fn database_name(environment: &str) -> String {
    format!("{NAME}_{environment}")
}

pub(super) fn buckets(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    account: &str,
) -> Buckets {
    let logs = LogBucketArguments {
        bucket: format!("{}-logs-{account}", settings.uploads_bucket),
        account,
        lifecycle: log_bucket::expire(LOG_DAYS),
        force_destroy: settings.force_destroy,
    };
    let logs = log_bucket::declare(stack, logs);
    let cool = Transition::new(StorageClass::StandardIa).days(INFREQUENT_DAYS);
    let uploads = BucketArguments {
        name: "uploads",
        bucket: settings.uploads_bucket.clone(),
        key: Some(&keys.storage),
        lifecycle: LifecycleRule::new("cool").transition([cool]),
        policy: PolicyDocument::new(),
        force_destroy: settings.force_destroy,
    };
    let uploads = bucket::declare(stack, uploads);
    let prefix = format!("{}/uploads/", log_bucket::BUCKET_PREFIX);
    let access = BucketLogging::new(uploads.bucket.id(), logs.bucket.id(), prefix);
    stack.add("uploads-logging", access);
    Buckets { logs, uploads }
}

/// Declares what the applications of each environment are given.
pub(super) fn secrets(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    server: &Server,
    buckets: &Buckets,
) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for environment in &settings.environments {
        let session = random::Password::new(64).special(false);
        let session = stack.add(format!("{environment}-session"), session).result();
        let Server { database, username, password } = server;
        let url = database.url_of(username, password, &database_name(environment));
        let region = stack.region();
        let values = BTreeMap::from([
            ("DATABASE_URL", url),
            ("SESSION_SECRET", session),
            ("S3_BUCKET_NAME", text!(buckets.uploads.bucket.id())),
            ("AWS_REGION", text!(region)),
        ]);
        let full = format!("{NAME}/{environment}");
        secrets.push(secret::declare(stack, environment, full, &keys.secrets, values));
    }
    secrets
}
