//! Buckets for logs and backups.

use infra_aws::iam::PolicyDocument;
use infra_aws::s3::{BucketLogging, Expiration, LifecycleRule, StorageClass, Transition};
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;
use crate::components::bucket::{self, BucketArguments, PrivateBucket};
use crate::components::log_bucket::{self, LogBucketArguments};

/// Days that access logs are kept.
const LOG_DAYS: i32 = 90;

/// Declares the buckets and returns the one for logs.
pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    keys: &Keys,
    account: &str,
) -> PrivateBucket {
    let full = |name: &str| format!("archon-{}-{name}-{account}", stack.env().name());
    let (logs, backups) = (full("logs"), full("backups"));
    let force_destroy = settings.force_destroy_buckets;
    let lifecycle = log_bucket::expire(LOG_DAYS);
    let logs = LogBucketArguments { bucket: logs, account, lifecycle, force_destroy };
    let logs = log_bucket::declare(stack, logs);
    let archive = LifecycleRule::new("archive")
        .transition([Transition::new(StorageClass::Glacier).days(settings.backup_archive_days)])
        .expiration(Expiration::new().days(settings.backup_expire_days));
    let backups = BucketArguments {
        name: "backups",
        bucket: backups,
        key: Some(&keys.storage),
        lifecycle: archive,
        policy: PolicyDocument::new(),
        force_destroy,
    };
    let backups = bucket::declare(stack, backups).bucket;
    let prefix = format!("{}/backups/", log_bucket::BUCKET_PREFIX);
    let access = BucketLogging::new(backups.id(), logs.bucket.id(), prefix);
    stack.add("backups-logging", access);
    logs
}
