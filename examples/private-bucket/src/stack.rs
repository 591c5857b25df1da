//! The bucket, and what S3 keeps beside it as resources of their own.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::kms::{Key, KeyHandle};
use infra_aws::s3::{
    AbortIncompleteMultipartUpload, Bucket, BucketHandle, BucketLifecycleConfiguration,
    BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration, BucketVersioning, EncryptionByDefault, EncryptionRule,
    LifecycleRule, NoncurrentVersionExpiration, ObjectOwnership, OwnershipRule, SseAlgorithm,
    StorageClass, Transition, VersioningConfiguration, VersioningStatus,
};
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// Days after which documents move to storage that costs less and is asked for rarely.
    #[setting(default = 90, range = 30..=3650)]
    pub archive_after: i32,
    /// Days that versions are kept which were replaced or deleted.
    #[setting(default = 30, range = 1..=3650)]
    pub keep_old_versions: i32,
    /// Let `infra destroy` delete the bucket with everything in it.
    #[setting(default = false)]
    pub force_destroy: bool,
}

/// Declares the bucket.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    // Names of buckets are unique in the world: the account makes this one so.
    let account = stack.lookup(CallerIdentity)?.account_id;
    let name = format!("documents-{}-{account}", stack.env().name());
    let bucket = Bucket::new(name).force_destroy(settings.force_destroy);
    let bucket = stack.add("documents", bucket);

    keep_private(stack, &bucket);
    let key = encrypt(stack, &bucket);
    keep_versions(stack, &bucket, settings);

    stack.output("bucket", bucket.id());
    stack.output("key", key.arn());
    Ok(())
}

/// No access lists, nothing public whatever a policy says later, and no request without TLS.
fn keep_private(stack: &mut Stack, bucket: &BucketHandle) {
    let owner = OwnershipRule::new(ObjectOwnership::BucketOwnerEnforced);
    stack.add("ownership", BucketOwnershipControls::new(bucket.id(), owner));
    let private = BucketPublicAccessBlock::new(bucket.id())
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true);
    stack.add("private", private);
    let tls_only = Statement::deny()
        .sid("TlsOnly")
        .principal(Principal::all())
        .action("s3:*")
        .resource(bucket.arn())
        .resource(text!(bucket.arn(), "/*"))
        .condition(Operator::Bool, "aws:SecureTransport", "false");
    let policy = PolicyDocument::new().statement(tls_only);
    stack.add("policy", BucketPolicy::new(bucket.id(), policy));
}

/// What is stored is encrypted with a key of its own, which a bucket key asks for rarely.
fn encrypt(stack: &mut Stack, bucket: &BucketHandle) -> KeyHandle {
    let key = Key::new()
        .description("Encrypts documents")
        .enable_key_rotation(true)
        .deletion_window_in_days(Days(7));
    let key = stack.add("key", key);
    let by_default = EncryptionByDefault::new(SseAlgorithm::AwsKms).kms_master_key_id(key.arn());
    let rule = EncryptionRule::new(by_default).bucket_key_enabled(true);
    stack.add("encryption", BucketServerSideEncryptionConfiguration::new(bucket.id(), [rule]));
    key
}

/// What is overwritten or deleted can be had back for a while, and goes then.
fn keep_versions(stack: &mut Stack, bucket: &BucketHandle, settings: &Settings) {
    let versions = VersioningConfiguration::new(VersioningStatus::Enabled);
    let versions = stack.add("versions", BucketVersioning::new(bucket.id(), versions));
    let archive = LifecycleRule::new("archive")
        .transition([Transition::new(StorageClass::StandardIa).days(settings.archive_after)]);
    let tidy = LifecycleRule::new("tidy")
        .noncurrent_version_expiration(NoncurrentVersionExpiration::new(settings.keep_old_versions))
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(7));
    let lifecycle =
        BucketLifecycleConfiguration::new(bucket.id(), [archive, tidy]).depends_on(&versions);
    stack.add("lifecycle", lifecycle);
}
