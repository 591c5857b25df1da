//! The AWS calls of [`Secret`].

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::ReplicaRegionType;
use infra_sdk::{Arn, BlockSet, Days};

use super::SecretName;
use super::common::{DYING, GONE, describe, living, retag, tags_of, wire_tags};
use super::secret::{Secret, SecretOutputs, SecretReplica};
use crate::frame::names::prefix_of;
use crate::frame::tags::is_ours;
use crate::kms::KeyRef;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:RemoveRegionsFromReplication",
    "secretsmanager:ReplicateSecretToRegions",
    "secretsmanager:RestoreSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UntagResource",
    "secretsmanager:UpdateSecret",
];
/// The operations, and the use of the key that encrypts. Source: Secrets Manager user guide,
/// encryption and decryption.
const ACTIONS: &[&str] =
    actions!(OPERATIONS, ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]);

impl Handler for Secret {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        create: "secretsmanager:CreateSecret",
        operations: OPERATIONS,
        actions: ACTIONS,
        // What a secret that was restored may have otherwise.
        after_create: &["description", "kms_key_id", "replica"],
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        gone: GONE,
        // A secret that was deleted without a window keeps its name for a moment. Source:
        // Secrets Manager API Reference, DeleteSecret.
        not_yet: &[(DYING, "scheduled for deletion")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let replicas = (!want.replica.0.is_empty()).then(|| wire_replicas(&want.replica.0));
        let made = aws
            .call(|| {
                aws.secretsmanager()
                    .create_secret()
                    .set_name(want.name.as_ref().map(ToString::to_string))
                    .set_description(want.description.clone())
                    .set_kms_key_id(want.kms_key_id.as_ref().map(|key| key.as_str().to_owned()))
                    .set_add_replica_regions(replicas.clone())
                    .force_overwrite_replica_secret(want.force_overwrite_replica_secret)
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await;
        match made {
            Ok(answer) => answer.arn.ok_or_else(|| missing("ARN")),
            Err(failure) => {
                let dying = failure.code.as_deref() == Some(DYING)
                    || failure.code.as_deref() == Some("ResourceExistsException");
                let restored = if dying { restore(aws, want).await? } else { None };
                restored.ok_or(failure)
            }
        }
    }

    /// The list of secrets lags behind by minutes, so each is asked for. Source: Secrets
    /// Manager API Reference, ListSecrets.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(
            known,
            GONE,
            |known| async move { living(aws, &known.id).await?.map(see).transpose() },
        )
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, changed: &Changed) -> Result<()> {
        if changed.any(&["description", "kms_key_id"]) {
            // Empty is none, and AWS's own key. Source: API Reference, UpdateSecret.
            let description = want.description.clone().unwrap_or_default();
            let key = want.kms_key_id.as_ref().map(|key| key.as_str().to_owned());
            let key = changed.has("kms_key_id").then(|| key.unwrap_or_default());
            aws.call(|| {
                let call = aws.secretsmanager().update_secret().secret_id(id);
                call.description(&description).set_kms_key_id(key.clone()).send()
            })
            .await?;
        }
        if changed.has("replica") {
            let (add, remove) = replica_changes(&was.replica.0, &want.replica.0);
            remove_replicas(aws, id, remove).await?;
            if !add.is_empty() {
                let add = wire_replicas(&add);
                aws.call(|| {
                    aws.secretsmanager()
                        .replicate_secret_to_regions()
                        .secret_id(id)
                        .set_add_replica_regions(Some(add.clone()))
                        .force_overwrite_replica_secret(want.force_overwrite_replica_secret)
                        .send()
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let Some(secret) = living(aws, id).await? else { return Ok(()) };
        let replicas = secret.replication_status.unwrap_or_default().into_iter();
        remove_replicas(aws, id, replicas.filter_map(|replica| replica.region).collect()).await?;
        let days = Some(i64::from(was.recovery_window_in_days.0)).filter(|days| *days > 0);
        aws.call(|| {
            aws.secretsmanager()
                .delete_secret()
                .secret_id(id)
                .set_recovery_window_in_days(days)
                .set_force_delete_without_recovery(days.is_none().then_some(true))
                .send()
        })
        .await
        .map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(name) = &want.name else { return Ok(Vec::new()) };
        let found = absent(living(aws, name.as_str()).await, GONE)?;
        let ours = found.filter(|s| is_ours(&want.tags.0, &tags_of(s.tags.clone()).0));
        Ok(ours.and_then(|secret| secret.arn).into_iter().collect())
    }

    async fn blockers(_: &Aws, _: &str, was: &Self, _: Leaving<'_>) -> Result<Vec<Diagnostic>> {
        let days = was.recovery_window_in_days.0;
        let what =
            format!("the secret can be brought back for {days} days, and its name stays taken");
        Ok((days > 0).then(|| preflight::later(&what)).into_iter().collect())
    }

    async fn candidate(aws: &Aws, name: &str, _: &infra_sdk::Object) -> Result<Option<String>> {
        Ok(absent(living(aws, name).await, GONE)?.and_then(|secret| secret.arn))
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

/// Restores the secret of that name if it is ours and being deleted.
async fn restore(aws: &Aws, want: &Secret) -> Result<Option<String>> {
    let Some(name) = &want.name else { return Ok(None) };
    let found = absent(describe(aws, name.as_str()).await.map(Some), GONE)?;
    let Some(secret) = found.filter(|secret| secret.deleted_date.is_some()) else {
        return Ok(None);
    };
    let tags = tags_of(secret.tags).0;
    if !is_ours(&want.tags.0, &tags) {
        return Ok(None);
    }
    let arn = secret.arn.ok_or_else(|| missing("ARN"))?;
    aws.call(|| aws.secretsmanager().restore_secret().secret_id(&arn).send()).await?;
    let remove = tags.keys().filter(|key| !want.tags.0.contains_key(*key)).cloned().collect();
    retag(aws, &arn, &TagChange { set: want.tags.0.clone(), remove }).await?;
    Ok(Some(arn))
}

async fn remove_replicas(aws: &Aws, id: &str, regions: Vec<String>) -> Result<()> {
    if regions.is_empty() {
        return Ok(());
    }
    aws.call(|| {
        let call = aws.secretsmanager().remove_regions_from_replication().secret_id(id);
        call.set_remove_replica_regions(Some(regions.clone())).send()
    })
    .await
    .map(drop)
}

/// Replicas to make, and regions to take them away from; the key of a replica cannot be
/// changed.
fn replica_changes(
    was: &[SecretReplica],
    want: &[SecretReplica],
) -> (Vec<SecretReplica>, Vec<String>) {
    let key = |replica: &SecretReplica| replica.kms_key_id.as_ref().map(|k| k.id().to_owned());
    let kept = |one: &SecretReplica, other: &SecretReplica, asked: Option<String>| {
        one.region == other.region && (asked.is_none() || key(one) == key(other))
    };
    let add = want.iter().filter(|new| !was.iter().any(|old| kept(new, old, key(new))));
    let remove = was.iter().filter(|old| !want.iter().any(|new| kept(new, old, key(new))));
    (add.cloned().collect(), remove.map(|replica| replica.region.clone()).collect())
}

fn wire_replicas(replicas: &[SecretReplica]) -> Vec<ReplicaRegionType> {
    let wire = |replica: &SecretReplica| {
        let key = replica.kms_key_id.as_ref().map(|key| key.as_str().to_owned());
        ReplicaRegionType::builder().region(&replica.region).set_kms_key_id(key).build()
    };
    replicas.iter().map(wire).collect()
}

fn see(secret: DescribeSecretOutput) -> Result<Seen<Secret>> {
    let name = secret.name.ok_or_else(|| missing("Name"))?;
    let arn = secret.arn.ok_or_else(|| missing("ARN"))?;
    let replicas = secret.replication_status.unwrap_or_default().into_iter();
    let replicas = replicas.filter_map(|replica| {
        let kms_key_id = replica.kms_key_id.filter(|key| !key.starts_with("alias/aws/"));
        Some(SecretReplica { region: replica.region?, kms_key_id: kms_key_id.map(KeyRef::new) })
    });
    let inputs = Secret {
        name_prefix: prefix_of(&name),
        name: Some(SecretName::new(name)),
        description: secret.description.filter(|text| !text.is_empty()),
        kms_key_id: secret
            .kms_key_id
            .filter(|key| !key.is_empty() && !key.contains("alias/aws/"))
            .map(KeyRef::new),
        recovery_window_in_days: Days(30),
        replica: BlockSet(replicas.collect()),
        force_overwrite_replica_secret: false,
        tags: tags_of(secret.tags),
    };
    Ok(Seen::new(inputs, SecretOutputs { id: Arn::new(&arn), arn: Arn::new(arn) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(region: &str, key: Option<&str>) -> SecretReplica {
        SecretReplica { region: region.to_owned(), kms_key_id: key.map(KeyRef::new) }
    }

    #[test]
    fn a_replica_with_another_key_is_made_anew() {
        let was = [replica("a", Some("1")), replica("b", Some("2")), replica("c", None)];
        let want = [replica("a", None), replica("b", Some("3")), replica("d", None)];
        let (add, remove) = replica_changes(&was, &want);
        assert_eq!(add, [replica("b", Some("3")), replica("d", None)]);
        assert_eq!(remove, ["b", "c"]);
    }
}
