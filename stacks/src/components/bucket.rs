//! A private bucket: encrypted, versioned, nothing public, TLS only, with a lifecycle.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::kms::KeyHandle;
use infra_aws::s3::{
    AbortIncompleteMultipartUpload, Bucket, BucketHandle, BucketLifecycleConfiguration,
    BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration, BucketVersioning, EncryptionByDefault, EncryptionRule,
    LifecycleRule, LifecycleRuleArguments, NoncurrentVersionExpiration, ObjectOwnership,
    OwnershipRule, SseAlgorithm, VersioningConfiguration, VersioningStatus,
};
use infra_sdk::prelude::*;

/// What a private bucket is made from.
pub(crate) struct BucketArguments<'a> {
    /// Its name in the stack: `backups`.
    pub(crate) name: &'a str,
    /// Its name in AWS, unique in the world.
    pub(crate) bucket: String,
    /// Encrypts what is stored; without one S3's own key does.
    pub(crate) key: Option<&'a KeyHandle>,
    /// What happens to what is stored, beside the clearing of old versions.
    pub(crate) lifecycle: LifecycleRuleArguments,
    /// What else the policy allows or denies.
    pub(crate) policy: PolicyDocument,
    /// Delete it with everything in it.
    pub(crate) force_destroy: bool,
}

/// Declares a private bucket. `policy` may refer to it through the handle that it is given.
pub(crate) fn declare(stack: &mut Stack, arguments: BucketArguments<'_>) -> BucketHandle {
    declare_with(stack, arguments, |_, policy| policy)
}

/// As [`declare`], with a policy that names the bucket.
pub(crate) fn declare_with(
    stack: &mut Stack,
    arguments: BucketArguments<'_>,
    extend: impl FnOnce(&BucketHandle, PolicyDocument) -> PolicyDocument,
) -> BucketHandle {
    let BucketArguments { name, bucket, key, lifecycle, policy, force_destroy } = arguments;
    let bucket = stack.add(name, Bucket::new(bucket).force_destroy(force_destroy));
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
    encrypt(stack, name, &bucket, key);
    expire(stack, name, &bucket, lifecycle);
    let policy = extend(&bucket, policy).statement(tls_only(&bucket));
    stack.add(format!("{name}-policy"), BucketPolicy::new(bucket.id(), policy));
    bucket
}

fn encrypt(stack: &mut Stack, name: &str, bucket: &BucketHandle, key: Option<&KeyHandle>) {
    let rule = match key {
        None => EncryptionRule::new(EncryptionByDefault::new(SseAlgorithm::Aes256)),
        // A bucket key saves most calls to KMS. Source: S3 user guide, bucket keys.
        Some(key) => EncryptionRule::new(
            EncryptionByDefault::new(SseAlgorithm::AwsKms).kms_master_key_id(key.arn()),
        )
        .bucket_key_enabled(true),
    };
    let encryption = BucketServerSideEncryptionConfiguration::new(bucket.id(), [rule]);
    stack.add(format!("{name}-encryption"), encryption);
}

/// The given rule, and what every versioned bucket needs so that it does not grow for ever.
fn expire(stack: &mut Stack, name: &str, bucket: &BucketHandle, rule: LifecycleRuleArguments) {
    let tidy = LifecycleRule::new("tidy")
        .noncurrent_version_expiration(NoncurrentVersionExpiration::new(30))
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(7));
    let rules = BucketLifecycleConfiguration::new(bucket.id(), [rule, tidy]);
    stack.add(format!("{name}-lifecycle"), rules);
}

fn tls_only(bucket: &BucketHandle) -> Statement {
    Statement::deny()
        .sid("TlsOnly")
        .principal(Principal::all())
        .action("s3:*")
        .resource(bucket.arn())
        .resource(text!(bucket.arn(), "/*"))
        .condition(Operator::Bool, "aws:SecureTransport", "false")
}
