//! A secret: a name, a key and copies in other regions. What it holds is a version of its own.
//!
//! - Deleting one schedules its deletion; from then on it counts as deleted. A secret of the same
//!   address that is scheduled to be deleted is restored, and made what is wanted.
//! - Copies in other regions are taken away before a secret is deleted.
//! - Its policy and its rotation are types of their own.
//!
//! API: CreateSecret, DescribeSecret, UpdateSecret, DeleteSecret, RestoreSecret,
//! ReplicateSecretToRegions, RemoveRegionsFromReplication, TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Days, Object, Outputs, Resource, Tags, Value};

use super::SecretName;
use super::names::NAME_RULE;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// Something that is kept encrypted and read by those who may.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_secretsmanager_secret", outputs = SecretOutputs, validate = validate)]
pub struct Secret {
    /// Name, unique in the region, at most 512 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<SecretName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, at most 2048 characters.
    pub description: Option<String>,
    /// Key that encrypts it. Left out, AWS's own.
    pub kms_key_id: Option<KeyRef>,
    /// How long a deleted secret can still be saved: 7 to 30 days, or 0 for not at all.
    #[field(default = Days(30), range = 0..=30, write_only)]
    pub recovery_window_in_days: Days,
    /// Copies in other regions.
    pub replica: BlockSet<SecretReplica>,
    /// Let a copy take the place of a secret of the same name in its region.
    #[field(default = false, write_only)]
    pub force_overwrite_replica_secret: bool,
    /// Tags.
    pub tags: Tags,
}

/// A copy of a secret in another region.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SecretReplica {
    /// Region.
    pub region: String,
    /// Key of that region that encrypts the copy. Left out, AWS's own.
    #[field(computed)]
    pub kms_key_id: Option<KeyRef>,
}

/// What AWS assigns to a [`Secret`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SecretOutputs {
    /// The secret's ARN, which ends in six characters that AWS chooses.
    pub id: Arn<Secret>,
    /// The ARN, once more.
    pub arn: Arn<Secret>,
}

/// The shortest recovery window, in days. Source: Secrets Manager API Reference, DeleteSecret.
const SHORTEST_RECOVERY: i64 = 7;

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAME_RULE);
    if rules.text("description").is_some_and(|text| text.chars().count() > 2048) {
        rules.refuse("description", "must have at most 2048 characters");
    }
    if rules.number("recovery_window_in_days").is_some_and(|d| (1..SHORTEST_RECOVERY).contains(&d))
    {
        rules.refuse("recovery_window_in_days", "must be 0, or 7 to 30");
    }
    let replicas = inputs.get("replica").and_then(Value::as_list).unwrap_or_default();
    let regions: Vec<_> =
        replicas.iter().filter_map(|r| r.as_map()?.get("region")?.as_str()).collect();
    let twice = regions.iter().enumerate().find(|(at, region)| regions[..*at].contains(region));
    if let Some((_, region)) = twice {
        rules.refuse("replica", format!("`{region}` stands twice"));
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
    use aws_sdk_secretsmanager::types::ReplicaRegionType;

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;
    use crate::secretsmanager::common::{DYING, GONE, describe, living, retag, tags_of, wire_tags};

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
    const ACTIONS: &[&str] = &[
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
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

    impl Handler for Secret {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
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
            read_each(known, GONE, |known| async move {
                living(aws, &known.id).await?.map(see).transpose()
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            was: &Self,
            changed: &Changed,
        ) -> Result<()> {
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
            remove_replicas(aws, id, replicas.filter_map(|replica| replica.region).collect())
                .await?;
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
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn a_window_is_none_or_a_week_and_more() {
        let check = |days: i64| {
            let window = ("recovery_window_in_days".to_owned(), Value::Int(days));
            validate(&Object::from([window])).len()
        };
        assert_eq!((check(0), check(7), check(30)), (0, 0, 0));
        assert_eq!((check(1), check(6)), (1, 1));
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Address;
    use infra_sdk::provider::Owner;

    use super::*;
    use crate::Connection;
    use crate::conformance::{Fixture, conforms};
    use crate::frame::clients::configure;
    use crate::frame::handler::Told;
    use crate::frame::tags::ownership;
    use crate::kms::Key;
    use crate::prelude::*;

    /// A secret of the owner at that address, by a name of its own.
    fn secret(name: &str, address: &str, description: &str) -> Secret {
        let owner = Owner { stack: "restored".to_owned(), environment: "test".to_owned() };
        Secret {
            name: Some(SecretName::new(name)),
            name_prefix: None,
            description: Some(description.to_owned()),
            kms_key_id: None,
            recovery_window_in_days: Days(7),
            replica: BlockSet(Vec::new()),
            force_overwrite_replica_secret: false,
            tags: Tags(ownership(&owner, &Address::parse(address).expect("an address"))),
        }
    }

    #[tokio::test]
    async fn a_secret_that_is_being_deleted_is_restored_for_its_owner_alone() {
        let connection = Connection {
            region: "us-west-2".to_owned(),
            endpoint_url: Some(crate::test_endpoint::endpoint().await),
            credentials: Some(("123456789012".to_owned(), "test".to_owned())),
            ..Connection::default()
        };
        let aws = Aws::new(configure(&connection).await);
        let name = format!("restored-{}", std::process::id());
        let create = async |want: &Secret| {
            Secret::create(&aws, want, Creating::new("t", "", &Told::default())).await
        };
        let mut want = secret(&name, "secret", "first");
        want.tags.0.insert("old".to_owned(), "yes".to_owned());
        let arn = create(&want).await.expect("made");
        Secret::delete(&aws, &arn, &want).await.expect("it is going");
        assert_eq!(Secret::find(&aws, &want).await.expect("asked").len(), 0, "it counts as gone");

        let refused = create(&secret(&name, "other", "theirs")).await.expect_err("not theirs");
        let code = refused.code.as_deref();
        assert!(matches!(code, Some("InvalidRequestException" | "ResourceExistsException")));
        let want = secret(&name, "secret", "second");
        assert_eq!(create(&want).await.expect("restored"), arn);

        let known = Known { id: arn.clone(), recorded: Object::new(), outputs: Object::new() };
        let seen = Secret::read(&aws, &[known]).await.pop().expect("one answer");
        let seen = seen.expect("it is read").expect("it is there");
        assert_eq!(seen.inputs.tags, want.tags, "tags of before are gone");
        let now = Secret { recovery_window_in_days: Days(0), ..want };
        Secret::delete(&aws, &arn, &now).await.expect("deleted");
    }

    conforms!(
        aws_secretsmanager_secret,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new().description("secrets"));
                let secret = Secret::new().name(format!("{name}/production"));
                let secret = secret.description("what the application needs").kms_key_id(key.arn());
                let secret = secret.replica([SecretReplica::new("us-east-1")]);
                stack.add("it", secret.tag("Name", name));
            },
            update: Some(|stack, name| {
                stack.add("key", Key::new().description("secrets"));
                let secret = Secret::new().name(format!("{name}/production"));
                let secret = secret.description("changed").recovery_window_in_days(Days(0));
                let secret = secret.replica([SecretReplica::new("eu-west-1")]);
                stack.add("it", secret.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", Secret::new().name_prefix(format!("{name}-")));
            }),
            gaps: &[],
        }
    );
}
