//! Buckets for logs and backups.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::s3::{
    BucketHandle, BucketLogging, Expiration, LifecycleRule, StorageClass, Transition,
};
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;
use crate::components::bucket::{self, BucketArguments};

/// Days that access logs are kept.
const LOG_DAYS: i32 = 90;

pub(super) fn declare(stack: &mut Stack, settings: &Settings, keys: &Keys, account: &str) {
    let full = |name: &str| format!("archon-{}-{name}-{account}", stack.env().name());
    let logs = BucketArguments {
        name: "logs",
        bucket: full("logs"),
        // Load balancers write access logs to buckets with S3's own key only. Source: ELB user
        // guide, access logs for your Application Load Balancer.
        key: None,
        lifecycle: LifecycleRule::new("expire").expiration(Expiration::new().days(LOG_DAYS)),
        policy: PolicyDocument::new(),
        force_destroy: settings.force_destroy_buckets,
    };
    let archive = LifecycleRule::new("archive")
        .transition([Transition::new(StorageClass::Glacier).days(settings.backup_archive_days)])
        .expiration(Expiration::new().days(settings.backup_expire_days));
    let backups = BucketArguments {
        name: "backups",
        bucket: full("backups"),
        key: Some(&keys.storage),
        lifecycle: archive,
        policy: PolicyDocument::new(),
        force_destroy: settings.force_destroy_buckets,
    };
    let logs = bucket::declare_with(stack, logs, |logs, policy| delivery(logs, policy, account));
    let backups = bucket::declare(stack, backups);
    let access = BucketLogging::new(backups.id(), logs.id(), "s3/backups/");
    stack.add("backups-logging", access);
}

/// Load balancers and S3 itself deliver logs here, of this account only. Sources: ELB user guide,
/// enable access logs; S3 user guide, permissions for log delivery.
fn delivery(bucket: &BucketHandle, policy: PolicyDocument, account: &str) -> PolicyDocument {
    let write = |sid: &str, service: &str, prefix: &str| {
        Statement::allow()
            .sid(sid)
            .principal(Principal::service(service))
            .action("s3:PutObject")
            .resource(text!(bucket.arn(), "/", prefix, "/*"))
            .condition(Operator::StringEquals, "aws:SourceAccount", account)
    };
    policy
        .statement(write(
            "LoadBalancerLogs",
            "logdelivery.elasticloadbalancing.amazonaws.com",
            "alb",
        ))
        .statement(write("AccessLogs", "logging.s3.amazonaws.com", "s3"))
}
