//! A vault: where backups are kept, and the key that encrypts them.
//!
//! - One that has backups is deleted only with `force_destroy`, and after them.
//! - Its lock, policy and notifications are types of their own.
//!
//! API: CreateBackupVault, ListBackupVaults, DeleteBackupVault, ListRecoveryPointsByBackupVault,
//! DeleteRecoveryPoint, ListTags, TagResource, UntagResource.

use infra_sdk::{Arn, Outputs, Resource, Tags};

use super::BackupVaultName;
use crate::kms::KeyRef;

/// Where backups are kept.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_backup_vault", outputs = VaultOutputs, stateful)]
pub struct Vault {
    /// Name, unique in the region, from 2 to 50 characters.
    #[field(force_new)]
    pub name: BackupVaultName,
    /// Key that encrypts what is kept. Left out, the one that AWS has for Backup in the account.
    #[field(force_new, computed)]
    pub kms_key_arn: Option<KeyRef>,
    /// Delete the vault although it has backups, and these with it.
    #[field(default = false, write_only)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`Vault`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct VaultOutputs {
    /// The vault's name.
    pub id: BackupVaultName,
    /// The vault's ARN.
    pub arn: Arn<Vault>,
    /// How many backups it has.
    pub recovery_points: u32,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_backup::types::BackupVaultListMember as Wire;
    use futures_util::future::try_join_all;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::backup::common::{GONE, list_tags, request_id, retag};
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "backup:CreateBackupVault",
        "backup:DeleteBackupVault",
        "backup:DeleteRecoveryPoint",
        "backup:ListBackupVaults",
        "backup:ListRecoveryPointsByBackupVault",
        "backup:ListTags",
        "backup:TagResource",
        "backup:UntagResource",
    ];
    /// The operations, and the key that encrypts. Source: Service Authorization Reference, Backup.
    const ACTIONS: &[&str] = actions!(
        OPERATIONS,
        [
            "backup-storage:MountCapsule",
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:RetireGrant"
        ]
    );

    impl Handler for Vault {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "backup:CreateBackupVault",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let tags = want.tags.0.clone().into_iter().collect::<HashMap<_, _>>();
            let key = want.kms_key_arn.as_ref().map(|key| key.as_str().to_owned());
            aws.call(|| {
                aws.backup()
                    .create_backup_vault()
                    .backup_vault_name(want.name.as_str())
                    .set_encryption_key_arn(key.clone())
                    .creator_request_id(request_id(creating.token))
                    .set_backup_vault_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
            Ok(want.name.to_string())
        }

        /// The list says it all; of a vault that is not there the describe call says that access to
        /// it is denied. Source: AWS Backup API Reference, DescribeBackupVault.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let size = known.len().max(1);
            let asked = |chunk: &[Known], wire: &Wire| {
                chunk.iter().any(|item| wire.backup_vault_name() == Some(item.id.as_str()))
            };
            read_many(known, size, |chunk| async move {
                let wires = list(aws).await?.into_iter().filter(|wire| asked(&chunk, wire));
                let seen = try_join_all(wires.map(|wire| see(aws, wire))).await?;
                let seen = seen.into_iter().flatten();
                Ok(seen.map(|seen| (seen.outputs.id.to_string(), seen)).collect())
            })
            .await
        }

        /// Only what a delete does can be changed.
        async fn update(_: &Aws, _: &str, _: &Self, _: &Self, _: &Changed) -> Result<()> {
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if was.force_destroy {
                empty(aws, id).await?;
            }
            let delete = || aws.backup().delete_backup_vault().backup_vault_name(id).send();
            let deleted = aws.call(delete).await.map(drop);
            match deleted {
                // The backups are on their way out.
                Err(failure)
                    if was.force_destroy
                        && failure.code.as_deref() == Some("InvalidRequestException") =>
                {
                    Err(Failure { class: FailureClass::Busy, ..failure })
                }
                other => other,
            }
        }

        async fn blockers(
            aws: &Aws,
            id: &str,
            was: &Self,
            _: Leaving<'_>,
        ) -> Result<Vec<Diagnostic>> {
            if was.force_destroy {
                return Ok(Vec::new());
            }
            let describe = || aws.backup().describe_backup_vault().backup_vault_name(id).send();
            let count = aws.call(describe).await?.number_of_recovery_points;
            let contents = format!("vault `{id}` has {count} recovery points");
            Ok((count > 0)
                .then(|| preflight::not_empty(&contents, "force_destroy"))
                .into_iter()
                .collect())
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let mut ours = Vec::new();
            let named = |wire: &Wire| wire.backup_vault_name() == Some(want.name.as_str());
            for wire in list(aws).await?.into_iter().filter(named) {
                let seen = see(aws, wire).await?;
                let seen = seen.filter(|seen| is_ours(&want.tags.0, &seen.inputs.tags.0));
                ours.extend(seen.map(|seen| seen.outputs.id.to_string()));
            }
            Ok(ours)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let account = aws.account().await?;
            let arn: Arn<Self> = aws.arn("backup", &account.id, &format!("backup-vault:{id}"));
            retag(aws, arn.as_str(), change).await
        }
    }

    async fn list(aws: &Aws) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |token| aws.backup().list_backup_vaults().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.backup_vault_list.unwrap_or_default()).collect())
    }

    /// Deletes all backups of a vault.
    async fn empty(aws: &Aws, id: &str) -> Result<()> {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.backup().list_recovery_points_by_backup_vault();
                    call.backup_vault_name(id).set_next_token(token).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let points = pages.into_iter().flat_map(|page| page.recovery_points.unwrap_or_default());
        for arn in points.filter_map(|point| point.recovery_point_arn) {
            let delete = || aws.backup().delete_recovery_point().backup_vault_name(id);
            let deleted = aws.call(|| delete().recovery_point_arn(&arn).send()).await;
            absent(deleted.map(Some), GONE)?;
        }
        Ok(())
    }

    /// A vault with its tags; `None` if it goes while it is looked at.
    async fn see(aws: &Aws, wire: Wire) -> Result<Option<Seen<Vault>>> {
        let name = wire.backup_vault_name.ok_or_else(|| missing("BackupVaultName"))?;
        let arn = wire.backup_vault_arn.ok_or_else(|| missing("BackupVaultArn"))?;
        let Some(tags) = absent(list_tags(aws, &arn).await.map(Some), GONE)? else {
            return Ok(None);
        };
        let inputs = Vault {
            name: BackupVaultName::new(&name),
            kms_key_arn: wire
                .encryption_key_arn
                .filter(|arn| arn.contains(":key/"))
                .map(KeyRef::new),
            force_destroy: false,
            tags,
        };
        let outputs = VaultOutputs {
            id: BackupVaultName::new(name),
            arn: Arn::new(arn),
            recovery_points: u32::try_from(wire.number_of_recovery_points).unwrap_or(0),
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::kms::Key;

    conforms!(
        aws_backup_vault,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new().description("backups"));
                let vault = Vault::new(format!("{name}_vault")).kms_key_arn(key.arn());
                stack.add("it", vault.tag("Name", name));
            },
            update: Some(|stack, name| {
                let key = stack.add("key", Key::new().description("backups"));
                let vault = Vault::new(format!("{name}_vault")).kms_key_arn(key.arn());
                stack.add("it", vault.force_destroy(true).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", Vault::new(format!("{name}-other")).force_destroy(true));
            }),
            gaps: &[],
        }
    );
}
