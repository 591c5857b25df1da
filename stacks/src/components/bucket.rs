//! A private bucket: encrypted, versioned, nothing public, TLS only, with a lifecycle.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::kms::KeyHandle;
use infra_aws::s3::{
    AbortIncompleteMultipartUpload, Bucket, BucketHandle, BucketLifecycleConfiguration,
    BucketOwnershipControls, BucketPolicy, BucketPolicyHandle, BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration, BucketVersioning, BucketVersioningHandle,
    EncryptionByDefault, EncryptionRule, LifecycleRule, LifecycleRuleArguments,
    NoncurrentVersionExpiration, ObjectOwnership, OwnershipRule, SseAlgorithm,
    VersioningConfiguration, VersioningStatus,
};
use infra_sdk::prelude::*;

/// Why a bucket may be without a key. Source: ELB user guide, access logs for your Application Load
/// Balancer.
const KEYLESS: &str = "it takes access logs, or copies of them, which load balancers write to buckets \
    with S3's own key only";

/// What a private bucket is made from.
pub(crate) struct BucketArguments<'a, R: Region = Home> {
    /// Its name in the stack: `backups`.
    pub(crate) name: &'a str,
    /// Its name in AWS, unique in the world.
    pub(crate) bucket: String,
    /// Encrypts what is stored; without one S3's own key does.
    pub(crate) key: Option<&'a KeyHandle<R>>,
    /// What happens to what is stored, beside the clearing of old versions.
    pub(crate) lifecycle: LifecycleRuleArguments<R>,
    /// What else the policy allows or denies.
    pub(crate) policy: PolicyDocument,
    /// Delete it with everything in it.
    pub(crate) force_destroy: bool,
}

/// Handles of a private bucket.
pub(crate) struct PrivateBucket<R: Region = Home> {
    /// The bucket.
    pub(crate) bucket: BucketHandle<R>,
    /// Its policy, for what must not be made before it.
    pub(crate) policy: BucketPolicyHandle<R>,
    /// Its versioning, which replication needs.
    pub(crate) versioning: BucketVersioningHandle<R>,
}

/// Declares a private bucket.
pub(crate) fn declare<R: Region>(
    stack: &mut Stack<R>,
    arguments: BucketArguments<'_, R>,
) -> PrivateBucket<R> {
    declare_with(stack, arguments, |_, policy| policy)
}

/// As [`declare`], with a policy that names the bucket.
pub(crate) fn declare_with<R: Region>(
    stack: &mut Stack<R>,
    arguments: BucketArguments<'_, R>,
    extend: impl FnOnce(&BucketHandle<R>, PolicyDocument) -> PolicyDocument,
) -> PrivateBucket<R> {
    let BucketArguments { name, bucket, key, lifecycle, policy, force_destroy } = arguments;
    let bucket = Bucket::new(bucket).force_destroy(force_destroy);
    let bucket = match key {
        Some(_) => bucket,
        None => bucket.waive("hipaa::bucket-keys", KEYLESS),
    };
    let bucket = stack.add(name, bucket);
    let ownership = OwnershipRule::new(ObjectOwnership::BucketOwnerEnforced);
    stack.add(format!("{name}-ownership"), BucketOwnershipControls::new(bucket.id(), ownership));
    let private = BucketPublicAccessBlock::new(bucket.id())
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true);
    stack.add(format!("{name}-private"), private);
    let versioned = VersioningConfiguration::new(VersioningStatus::Enabled);
    let versioned = BucketVersioning::new(bucket.id(), versioned);
    let versioning = stack.add(format!("{name}-versioning"), versioned);
    encrypt(stack, name, &bucket, key);
    expire(stack, name, &bucket, lifecycle);
    let policy = extend(&bucket, policy).statement(tls_only(&bucket));
    let policy = stack.add(format!("{name}-policy"), BucketPolicy::new(bucket.id(), policy));
    PrivateBucket { bucket, policy, versioning }
}

fn encrypt<R: Region>(
    stack: &mut Stack<R>,
    name: &str,
    bucket: &BucketHandle<R>,
    key: Option<&KeyHandle<R>>,
) {
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
fn expire<R: Region>(
    stack: &mut Stack<R>,
    name: &str,
    bucket: &BucketHandle<R>,
    rule: LifecycleRuleArguments<R>,
) {
    let tidy = LifecycleRule::new("tidy")
        .noncurrent_version_expiration(NoncurrentVersionExpiration::new(30))
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(7));
    let rules = BucketLifecycleConfiguration::new(bucket.id(), [rule, tidy]);
    stack.add(format!("{name}-lifecycle"), rules);
}

fn tls_only<R: Region>(bucket: &BucketHandle<R>) -> Statement {
    Statement::deny()
        .sid("TlsOnly")
        .principal(Principal::all())
        .action("s3:*")
        .resource(bucket.arn())
        .resource(text!(bucket.arn(), "/*"))
        .condition(Operator::Bool, "aws:SecureTransport", "false")
}
