//! Buckets for logs and backups: encrypted, versioned, private, TLS only, with a lifecycle.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::s3::{
    AbortIncompleteMultipartUpload, Bucket, BucketHandle, BucketLifecycleConfiguration,
    BucketLogging, BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration, BucketVersioning, EncryptionByDefault, EncryptionRule,
    Expiration, LifecycleRule, NoncurrentVersionExpiration, ObjectOwnership, OwnershipRule,
    SseAlgorithm, StorageClass, Transition, VersioningConfiguration, VersioningStatus,
};
use infra_sdk::prelude::*;

use super::keys::Keys;
use super::settings::Settings;

/// Days that access logs are kept.
const LOG_DAYS: i32 = 90;

pub(super) fn declare(stack: &mut Stack, settings: &Settings, keys: &Keys, account: &str) {
    // Load balancers write access logs to buckets with SSE-S3 only. Source: ELB user guide, access
    // logs for your Application Load Balancer.
    let own = EncryptionByDefault::new(SseAlgorithm::Aes256);
    let logs = bucket(stack, settings, "logs", account);
    encrypt(stack, "logs", &logs, EncryptionRule::new(own));
    let expire = LifecycleRule::new("expire").expiration(Expiration::new().days(LOG_DAYS));
    lifecycle(stack, "logs", &logs, expire);
    guard(stack, "logs", &logs, delivery(&logs, account));

    let kms = EncryptionByDefault::new(SseAlgorithm::AwsKms).kms_master_key_id(keys.storage.arn());
    let backups = bucket(stack, settings, "backups", account);
    encrypt(stack, "backups", &backups, EncryptionRule::new(kms).bucket_key_enabled(true));
    let archive = LifecycleRule::new("archive")
        .transition([Transition::new(StorageClass::Glacier).days(settings.backup_archive_days)])
        .expiration(Expiration::new().days(settings.backup_expire_days));
    lifecycle(stack, "backups", &backups, archive);
    guard(stack, "backups", &backups, PolicyDocument::new());
    let access = BucketLogging::new(backups.id(), logs.id(), "s3/backups/");
    stack.add("backups-logging", access);
}

fn bucket(stack: &mut Stack, settings: &Settings, name: &str, account: &str) -> BucketHandle {
    let full = format!("archon-{}-{name}-{account}", stack.env().name());
    let bucket = stack.add(name, Bucket::new(full).force_destroy(settings.force_destroy_buckets));
    let ownership = OwnershipRule::new(ObjectOwnership::BucketOwnerEnforced);
    stack.add(format!("{name}-ownership"), BucketOwnershipControls::new(bucket.id(), ownership));
    let private = BucketPublicAccessBlock::new(bucket.id())
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true);
    stack.add(format!("{name}-private"), private);
    let versioned = VersioningConfiguration::new(VersioningStatus::Enabled);
    stack.add(format!("{name}-versioning"), BucketVersioning::new(bucket.id(), versioned));
    bucket
}

fn encrypt(
    stack: &mut Stack,
    name: &str,
    bucket: &BucketHandle,
    rule: infra_aws::s3::EncryptionRuleArguments,
) {
    let encryption = BucketServerSideEncryptionConfiguration::new(bucket.id(), [rule]);
    stack.add(format!("{name}-encryption"), encryption);
}

/// The given rule, and what every versioned bucket needs so that it does not grow for ever.
fn lifecycle(
    stack: &mut Stack,
    name: &str,
    bucket: &BucketHandle,
    rule: infra_aws::s3::LifecycleRuleArguments,
) {
    let tidy = LifecycleRule::new("tidy")
        .noncurrent_version_expiration(NoncurrentVersionExpiration::new(30))
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(7));
    let rules = BucketLifecycleConfiguration::new(bucket.id(), [rule, tidy]);
    stack.add(format!("{name}-lifecycle"), rules);
}

/// The policy: what is given, and nothing without TLS.
fn guard(stack: &mut Stack, name: &str, bucket: &BucketHandle, policy: PolicyDocument) {
    let tls_only = Statement::deny()
        .sid("TlsOnly")
        .principal(Principal::all())
        .action("s3:*")
        .resource(bucket.arn())
        .resource(text!(bucket.arn(), "/*"))
        .condition(Operator::Bool, "aws:SecureTransport", "false");
    let policy = BucketPolicy::new(bucket.id(), policy.statement(tls_only));
    stack.add(format!("{name}-policy"), policy);
}

/// Load balancers and S3 itself deliver logs here, of this account only. Sources: ELB user guide,
/// enable access logs; S3 user guide, permissions for log delivery.
fn delivery(bucket: &BucketHandle, account: &str) -> PolicyDocument {
    let write = |sid: &str, service: &str, prefix: &str| {
        Statement::allow()
            .sid(sid)
            .principal(Principal::service(service))
            .action("s3:PutObject")
            .resource(text!(bucket.arn(), "/", prefix, "/*"))
            .condition(Operator::StringEquals, "aws:SourceAccount", account)
    };
    PolicyDocument::new()
        .statement(write(
            "LoadBalancerLogs",
            "logdelivery.elasticloadbalancing.amazonaws.com",
            "alb",
        ))
        .statement(write("AccessLogs", "logging.s3.amazonaws.com", "s3"))
}
