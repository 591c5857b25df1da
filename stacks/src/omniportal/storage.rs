//! Buckets: documents of patients, assets of the site, backups, and logs of the others.

use infra_aws::iam::PolicyDocument;
use infra_aws::kms::KeyHandle;
use infra_aws::s3::{
    BucketLogging, LifecycleRule, LifecycleRuleArguments, StorageClass, Transition,
};
use infra_sdk::prelude::*;

use super::settings::Settings;
use crate::components::bucket::{self, BucketArguments, PrivateBucket};
use crate::components::log_bucket;

/// Days after which what is stored moves to Glacier.
const GLACIER_DAYS: i32 = 90;

/// The buckets of omniportal.
pub(super) struct Storage {
    /// Documents.
    pub(super) documents: PrivateBucket,
    /// Assets.
    pub(super) assets: PrivateBucket,
    /// Backups.
    pub(super) backups: PrivateBucket,
    /// Access logs and trails.
    pub(super) logs: PrivateBucket,
}

pub(super) fn declare(
    stack: &mut Stack,
    settings: &Settings,
    key: &KeyHandle,
    name: &str,
    account: &str,
) -> Storage {
    let force_destroy = settings.force_destroy;
    let kept = i32::try_from(settings.log_retention.0).unwrap_or(i32::MAX);
    let logs = format!("{name}-logs-{account}");
    let logs = log_bucket::declare(stack, logs, account, kept, force_destroy);
    let mut private = |purpose: &str| {
        let arguments = BucketArguments {
            name: purpose,
            bucket: format!("{name}-{purpose}-{account}"),
            key: Some(key),
            lifecycle: to_glacier(),
            policy: PolicyDocument::new(),
            force_destroy,
        };
        let private = bucket::declare(stack, arguments);
        let prefix = format!("{}/{purpose}/", log_bucket::BUCKET_PREFIX);
        let access = BucketLogging::new(private.bucket.id(), logs.bucket.id(), prefix);
        stack.add(format!("{purpose}-logging"), access);
        private
    };
    Storage {
        documents: private("documents"),
        assets: private("assets"),
        backups: private("backups"),
        logs,
    }
}

/// What moves to Glacier, as here, so in the recovery region.
pub(super) fn to_glacier<R: Region>() -> LifecycleRuleArguments<R> {
    let glacier = Transition::new(StorageClass::Glacier).days(GLACIER_DAYS);
    LifecycleRule::new("archive").transition([glacier])
}
