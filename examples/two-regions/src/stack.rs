//! The two buckets, the same in each region, and what copies from the one to the other.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Role, RoleName, RolePolicy, Statement};
use infra_aws::s3::{
    Bucket, BucketHandle, BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock,
    BucketReplicationConfiguration, BucketServerSideEncryptionConfiguration, BucketVersioning,
    BucketVersioningHandle, DeleteMarkerReplication, EncryptionByDefault, EncryptionRule,
    ObjectOwnership, OwnershipRule, ReplicationDestination, ReplicationRule, RuleStatus,
    SseAlgorithm, VersioningConfiguration, VersioningStatus,
};
use infra_aws::sts::CallerIdentity;
use infra_sdk::prelude::*;

infra_sdk::region! {
    /// Where the copies are.
    pub Recovery
}

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// The region of the copies.
    pub recovery_region: String,
    /// Let `infra destroy` delete the buckets with everything in them.
    #[setting(default = false)]
    pub force_destroy: bool,
}

/// A bucket of one of the two regions.
struct Store<R: Region> {
    bucket: BucketHandle<R>,
    versions: BucketVersioningHandle<R>,
}

/// Declares both buckets and what copies.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let account = stack.lookup(CallerIdentity)?.account_id;
    let name = format!("backups-{}-{account}", stack.env().name());
    let here = store(stack, "backups", name.clone(), settings);
    let mut recovery = stack.in_region::<Recovery>(&settings.recovery_region);
    let there = store(&mut recovery, "copies", format!("{name}-copies"), settings);

    replicate(stack, &here, &there);
    stack.output("bucket", here.bucket.id());
    stack.output("copies", there.bucket.id());
    Ok(())
}

/// A private bucket in the region of the stack that it is given, whichever that is.
fn store<R: Region>(
    stack: &mut Stack<R>,
    name: &str,
    full: String,
    settings: &Settings,
) -> Store<R> {
    let bucket = stack.add(name, Bucket::new(full).force_destroy(settings.force_destroy));
    let owner = OwnershipRule::new(ObjectOwnership::BucketOwnerEnforced);
    stack.add(format!("{name}-ownership"), BucketOwnershipControls::new(bucket.id(), owner));
    let private = BucketPublicAccessBlock::new(bucket.id())
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true);
    stack.add(format!("{name}-private"), private);
    let rule = EncryptionRule::new(EncryptionByDefault::new(SseAlgorithm::Aes256));
    let encryption = BucketServerSideEncryptionConfiguration::new(bucket.id(), [rule]);
    stack.add(format!("{name}-encryption"), encryption);
    let tls_only = Statement::deny()
        .sid("TlsOnly")
        .principal(Principal::all())
        .action("s3:*")
        .resource(bucket.arn())
        .resource(text!(bucket.arn(), "/*"))
        .condition(Operator::Bool, "aws:SecureTransport", "false");
    let policy = BucketPolicy::new(bucket.id(), PolicyDocument::new().statement(tls_only));
    stack.add(format!("{name}-policy"), policy);
    let versions = VersioningConfiguration::new(VersioningStatus::Enabled);
    let versions = BucketVersioning::new(bucket.id(), versions);
    let versions = stack.add(format!("{name}-versions"), versions);
    Store { bucket, versions }
}

/// Copies what is stored here, and what is deleted. The types keep the two ends apart.
fn replicate(stack: &mut Stack, here: &Store<Home>, there: &Store<Recovery>) {
    let trust = Statement::allow()
        .principal(Principal::service("s3.amazonaws.com"))
        .action("sts:AssumeRole");
    let role = RoleName::new(format!("backups-{}-replication", stack.env().name()));
    let role =
        stack.add("replicator", Role::new(PolicyDocument::new().statement(trust)).name(role));
    // Source: S3 user guide, permissions for live replication.
    let rights = PolicyDocument::new()
        .statement(
            Statement::allow()
                .sid("Source")
                .actions(["s3:GetReplicationConfiguration", "s3:ListBucket"])
                .resource(here.bucket.arn()),
        )
        .statement(
            Statement::allow()
                .sid("Objects")
                .actions([
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionTagging",
                ])
                .resource(text!(here.bucket.arn(), "/*")),
        )
        .statement(
            Statement::allow()
                .sid("Copies")
                .actions(["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"])
                .resource(text!(there.bucket.arn(), "/*")),
        );
    let rights = stack.add("replicator-rights", RolePolicy::new(role.name(), rights));
    let everything = ReplicationRule::new("all", ReplicationDestination::new(there.bucket.arn()))
        .delete_marker_replication(DeleteMarkerReplication::new(RuleStatus::Enabled));
    let replication =
        BucketReplicationConfiguration::new(here.bucket.id(), role.arn(), [everything])
            // S3 copies between buckets with versions only.
            .depends_on(&here.versions)
            .depends_on(&there.versions)
            .depends_on(&rights);
    stack.add("replication", replication);
}
