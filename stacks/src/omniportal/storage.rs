//! Buckets: documents of patients, assets of the site, backups, and logs of the others.

use infra_aws::iam::PolicyDocument;
use infra_aws::kms::KeyHandle;
use infra_aws::s3::{
    BucketLogging, Expiration, LifecycleRule, LifecycleRuleArguments, StorageClass, Transition,
};
use infra_sdk::prelude::*;

use super::audit;
use super::settings::Settings;
use crate::components::bucket::{self, BucketArguments, PrivateBucket};
use crate::components::log_bucket::{self, LogBucketArguments};

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
) -> Result<Storage> {
    let force_destroy = settings.force_destroy;
    let logs = LogBucketArguments {
        bucket: format!("{name}-logs-{account}"),
        account,
        lifecycle: logs_lifecycle(settings)?,
        force_destroy,
    };
    let trail = audit::trail_arn(stack, name, account);
    let logs = log_bucket::declare_with(stack, logs, |logs, policy| {
        audit::delivery(logs, policy, account, &trail)
    });
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
    Ok(Storage {
        documents: private("documents"),
        assets: private("assets"),
        backups: private("backups"),
        logs,
    })
}

impl Storage {
    /// Each bucket, by what it is for, and whether the key for storage encrypts it.
    pub(super) fn all(&self) -> [(&'static str, &PrivateBucket, bool); 4] {
        [
            ("documents", &self.documents, true),
            ("assets", &self.assets, true),
            ("backups", &self.backups, true),
            ("logs", &self.logs, false),
        ]
    }
}

/// Logs go the way of everything else, and have an end.
fn logs_lifecycle(settings: &Settings) -> Result<LifecycleRuleArguments> {
    let days = i32::try_from(settings.log_retention.0);
    let days = days.map_err(|_| Error::new("`log_retention` is not a number of days"))?;
    Ok(to_glacier().expiration(Expiration::new().days(days)))
}

/// What is stored moves to Glacier, here as in the recovery region.
pub(super) fn to_glacier<R: Region>() -> LifecycleRuleArguments<R> {
    let glacier = Transition::new(StorageClass::Glacier).days(GLACIER_DAYS);
    LifecycleRule::new("archive").transition([glacier])
}
