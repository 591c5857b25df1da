//! Copies in another region, for when this one is lost: the database's backups and the buckets.

use infra_aws::iam::{
    Operator, PolicyDocument, RoleHandle, RolePolicy, RolePolicyHandle, Statement,
};
use infra_aws::kms::KeyHandle;
use infra_aws::rds::InstanceAutomatedBackupsReplication;
use infra_aws::s3::{
    BucketReplicationConfiguration, DeleteMarkerReplication, ReplicaEncryption,
    ReplicationDestination, ReplicationRule, RuleStatus, SourceSelectionCriteria,
    SseKmsEncryptedObjects,
};
use infra_sdk::prelude::*;

use super::data::Data;
use super::settings::Settings;
use super::storage::{self, Storage};
use crate::components::bucket::{self, BucketArguments, PrivateBucket};
use crate::components::key::{self, owner_policy};
use crate::components::role;

infra_sdk::region! {
    /// Where the copies are.
    pub(super) Recovery
}

/// What the copies are made from.
pub(super) struct RecoveryArguments<'a> {
    pub(super) name: &'a str,
    pub(super) account: &'a str,
    pub(super) settings: &'a Settings,
    pub(super) data: &'a Data,
    pub(super) storage: &'a Storage,
    /// Encrypts the buckets here.
    pub(super) key: &'a KeyHandle,
}

/// A bucket and its copy.
struct Pair<'a> {
    purpose: &'static str,
    here: &'a PrivateBucket,
    there: PrivateBucket<Recovery>,
    /// Whether keys of KMS encrypt it.
    keyed: bool,
}

pub(super) fn declare(stack: &mut Stack, arguments: &RecoveryArguments<'_>) {
    let RecoveryArguments { name, account, settings, data, .. } = *arguments;
    let mut recovery = stack.in_region::<Recovery>(&settings.recovery_region);
    let key = key::declare(&mut recovery, name, "database", owner_policy(account));
    let backups = InstanceAutomatedBackupsReplication::new(data.database.instance.arn())
        .kms_key_id(key.arn())
        .retention_period(settings.database.backup_retention);
    recovery.add("database-backups", backups);
    buckets(stack, arguments);
}

fn buckets(stack: &mut Stack, arguments: &RecoveryArguments<'_>) {
    let RecoveryArguments { name, account, settings, storage, .. } = *arguments;
    let mut recovery = stack.in_region::<Recovery>(&settings.recovery_region);
    let key = key::declare(&mut recovery, name, "storage", owner_policy(account));
    let pairs = storage.all().map(|(purpose, here, keyed)| {
        let arguments = BucketArguments {
            name: purpose,
            bucket: format!("{name}-{purpose}-{account}-recovery"),
            key: keyed.then_some(&key),
            lifecycle: storage::to_glacier(),
            policy: PolicyDocument::new(),
            force_destroy: settings.force_destroy,
        };
        Pair { purpose, here, there: bucket::declare(&mut recovery, arguments), keyed }
    });
    let (role, rights) = replicator(stack, arguments, &pairs, &key);
    for pair in &pairs {
        replicate(stack, pair, &role, &rights, &key);
    }
}

/// Copies everything of a bucket, deletions too.
fn replicate(
    stack: &mut Stack,
    pair: &Pair<'_>,
    role: &RoleHandle,
    rights: &RolePolicyHandle,
    key: &KeyHandle<Recovery>,
) {
    let to = ReplicationDestination::new(pair.there.bucket.arn());
    let rule = |to| {
        ReplicationRule::new("all", to)
            .delete_marker_replication(DeleteMarkerReplication::new(RuleStatus::Enabled))
    };
    let rule = if pair.keyed {
        let objects = SseKmsEncryptedObjects::new(RuleStatus::Enabled);
        rule(to.encryption_configuration(ReplicaEncryption::new(key.arn())))
            .source_selection_criteria(
                SourceSelectionCriteria::new().sse_kms_encrypted_objects(objects),
            )
    } else {
        rule(to)
    };
    let replication =
        BucketReplicationConfiguration::new(pair.here.bucket.id(), role.arn(), [rule])
            .depends_on(&pair.here.versioning)
            .depends_on(&pair.there.versioning)
            .depends_on(rights);
    stack.add(format!("{}-replication", pair.purpose), replication);
}

/// The role by which S3 copies. Source: S3 user guide, permissions for live replication.
fn replicator(
    stack: &mut Stack,
    arguments: &RecoveryArguments<'_>,
    pairs: &[Pair<'_>],
    there: &KeyHandle<Recovery>,
) -> (RoleHandle, RolePolicyHandle) {
    let RecoveryArguments { name, settings, key, .. } = *arguments;
    let role = role::service(stack, name, "replication", "s3.amazonaws.com", &[]);
    let via = |region: &str| format!("s3.{region}.amazonaws.com");
    let rights = PolicyDocument::new()
        .statement(
            Statement::allow()
                .sid("Sources")
                .actions(["s3:GetReplicationConfiguration", "s3:ListBucket"])
                .resources(pairs.iter().map(|pair| pair.here.bucket.arn())),
        )
        .statement(
            Statement::allow()
                .sid("Objects")
                .actions([
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionTagging",
                ])
                .resources(pairs.iter().map(|pair| text!(pair.here.bucket.arn(), "/*"))),
        )
        .statement(
            Statement::allow()
                .sid("Copies")
                .actions(["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"])
                .resources(pairs.iter().map(|pair| text!(pair.there.bucket.arn(), "/*"))),
        )
        .statement(
            Statement::allow().sid("Decrypt").action("kms:Decrypt").resource(key.arn()).condition(
                Operator::StringEquals,
                "kms:ViaService",
                via(&stack.region()),
            ),
        )
        .statement(
            Statement::allow()
                .sid("Encrypt")
                .action("kms:Encrypt")
                .resource(there.arn())
                .condition(
                    Operator::StringEquals,
                    "kms:ViaService",
                    via(&settings.recovery_region),
                ),
        );
    let rights = RolePolicy::new(role.name(), rights);
    let rights = stack.add("replication-rights", rights);
    (role, rights)
}
