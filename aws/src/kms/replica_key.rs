//! A replica: a key in this region with the id and the material of a primary in another.
//!
//! A primary has one replica in a region, so that one which was made and is not known is found by
//! its id.
//!
//! API: ReplicateKey (in the region of the primary), DescribeKey, GetKeyPolicy, ListResourceTags,
//! GetKeyRotationStatus, UpdateKeyDescription, PutKeyPolicy, EnableKey, DisableKey, TagResource,
//! UntagResource, ScheduleKeyDeletion.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Days, Object, Outputs, Resource, Tags};

use super::{Key, KeyId, KeySpec, KeyUsage};
use crate::iam::PolicyJson;
use crate::rules::Rules;

/// A key with the id and the material of a primary in another region.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_kms_replica_key", outputs = ReplicaKeyOutputs, validate = validate)]
pub struct ReplicaKey {
    /// The primary, in another region; made with `multi_region`.
    #[field(force_new, any_region)]
    pub primary_key_arn: Arn<Key>,
    /// What it is for, at most 8192 characters.
    #[field(computed)]
    pub description: Option<String>,
    /// Who may use and manage it. Left out, IAM policies of the account decide.
    #[field(computed)]
    pub policy: Option<PolicyJson>,
    /// Accept a policy under which the caller cannot change the policy any more.
    #[field(default = false, write_only)]
    pub bypass_policy_lockout_safety_check: bool,
    /// Whether it can be used.
    #[field(default = true)]
    pub enabled: bool,
    /// How long a deleted key can still be saved, in days.
    #[field(default = Days(30), range = 7..=30, write_only)]
    pub deletion_window_in_days: Days,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`ReplicaKey`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ReplicaKeyOutputs {
    /// The key's id, that of its primary.
    pub id: KeyId,
    /// The key's id, once more.
    pub key_id: KeyId,
    /// The key's ARN.
    pub arn: Arn<Key>,
    /// Whether its material is made anew from time to time, as its primary says.
    pub key_rotation_enabled: bool,
    /// The kind of key material.
    pub key_spec: KeySpec,
    /// What it may be used for.
    pub key_usage: KeyUsage,
    /// `Creating`, `Enabled`, `Disabled`, ….
    pub state: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.text("primary_key_arn").is_some_and(|arn| !arn.contains(":key/mrk-")) {
        let wrong = "must be a key with `multi_region`, whose id starts with `mrk-`";
        rules.refuse("primary_key_arn", wrong);
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_kms::types::{
        KeyMetadata, KeySpec as WireSpec, KeyState, KeyUsageType, OriginType,
    };
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::frame::tags::is_ours;
    use crate::kms::common::{
        describe, living, policy_of, put_policy, retag, schedule_deletion, tags_of, wire_tags,
    };
    use crate::prelude::*;

    const NOT_FOUND: &[&str] = &["NotFoundException"];
    /// The operations, and before and among them what the first multi-region key of an account and
    /// a new key in this region need. Source: Service Authorization Reference, KMS.
    const ACTIONS: &[&str] = &[
        "iam:CreateServiceLinkedRole",
        "kms:CreateKey",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:EnableKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:ReplicateKey",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
    ];

    impl Handler for ReplicaKey {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "kms:ReplicateKey",
            operations: ACTIONS.split_at(2).1,
            actions: ACTIONS,
            after_create: &["enabled"],
            gone: NOT_FOUND,
            not_yet: &[
                // The primary may have been made a moment ago.
                ("NotFoundException", ""),
                // Another replica of it is being made.
                ("KMSInvalidStateException", "Updating"),
                // Roles that the policy names may have been made a moment ago.
                ("MalformedPolicyDocumentException", "invalid principals"),
            ],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let tags = wire_tags(&want.tags.0)?;
            let (region, id) = primary(&want.primary_key_arn)?;
            let there = aws.in_region(region);
            let answer = there
                .call(|| {
                    there
                        .kms()
                        .replicate_key()
                        .key_id(id)
                        .replica_region(aws.region())
                        .set_description(want.description.clone())
                        .set_policy(want.policy.as_ref().map(|policy| policy.as_str().to_owned()))
                        .bypass_policy_lockout_safety_check(want.bypass_policy_lockout_safety_check)
                        .set_tags(Some(tags.clone()))
                        .send()
                })
                .await?;
            let key = answer.replica_key_metadata.ok_or_else(|| missing("ReplicaKeyMetadata"))?;
            Ok(key.key_id)
        }

        /// KMS has no call that describes many keys.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, NOT_FOUND, |known| async move {
                match living(aws, &known.id).await? {
                    Some(key) => see(aws, key).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.has("description") {
                describe(aws, id, want.description.as_deref()).await?;
            }
            if changed.has("policy")
                && let Some(policy) = &want.policy
            {
                let bypass = want.bypass_policy_lockout_safety_check;
                put_policy(aws, id, policy, bypass).await?;
            }
            match (changed.has("enabled"), want.enabled) {
                (false, _) => Ok(()),
                (true, true) => {
                    aws.call(|| aws.kms().enable_key().key_id(id).send()).await.map(drop)
                }
                (true, false) => {
                    aws.call(|| aws.kms().disable_key().key_id(id).send()).await.map(drop)
                }
            }
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if living(aws, id).await?.is_none() {
                return Ok(());
            }
            schedule_deletion(aws, id, was.deletion_window_in_days).await
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            let state = &seen.outputs.state;
            if *state == KeyState::Creating.as_str() || *state == KeyState::Updating.as_str() {
                return Readiness::Waiting(state.clone());
            }
            Readiness::Ready
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let (_, id) = primary(&want.primary_key_arn)?;
            if absent(living(aws, id).await, NOT_FOUND)?.is_none() {
                return Ok(Vec::new());
            }
            let ours = is_ours(&want.tags.0, &tags_of(aws, id).await?.0);
            Ok(ours.then(|| id.to_owned()).into_iter().collect())
        }

        async fn blockers(_: &Aws, _: &str, was: &Self, _: Leaving<'_>) -> Result<Vec<Diagnostic>> {
            let days = was.deletion_window_in_days.0;
            let what = format!(
                "the key can be brought back for {days} days, and cannot be used meanwhile"
            );
            Ok(vec![preflight::later(&what)])
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, id, change).await
        }
    }

    /// Region and id of a primary.
    fn primary(arn: &Arn<Key>) -> Result<(&str, &str)> {
        let mut parts = arn.as_str().split(':');
        let region = parts.nth(3).filter(|region| !region.is_empty());
        let id = parts.nth(1).and_then(|key| key.strip_prefix("key/"));
        region.zip(id).ok_or_else(|| {
            let message = format!("`{}` is not the ARN of a key", arn.as_str());
            infra_sdk::provider::Failure::new(infra_sdk::provider::FailureClass::Invalid, message)
        })
    }

    /// Whether its material is made anew; only of keys that can. Source: KMS API Reference,
    /// GetKeyRotationStatus.
    async fn rotates(aws: &Aws, key: &KeyMetadata) -> Result<bool> {
        if key.key_spec() != Some(&WireSpec::SymmetricDefault)
            || key.origin() != Some(&OriginType::AwsKms)
        {
            return Ok(false);
        }
        let id = &key.key_id;
        let answer = aws.call(|| aws.kms().get_key_rotation_status().key_id(id).send()).await?;
        Ok(answer.key_rotation_enabled)
    }

    async fn see(aws: &Aws, key: KeyMetadata) -> Result<Seen<ReplicaKey>> {
        let id = key.key_id.clone();
        let (policy, key_rotation_enabled, tags) =
            futures_util::try_join!(policy_of(aws, &id), rotates(aws, &key), tags_of(aws, &id))?;
        let state = key.key_state.as_ref().map(KeyState::as_str).unwrap_or_default();
        let relation = key.multi_region_configuration.and_then(|regions| regions.primary_key);
        let primary = relation.and_then(|key| key.arn).ok_or_else(|| missing("PrimaryKey"))?;
        let inputs = ReplicaKey {
            primary_key_arn: Arn::new(primary),
            description: key.description,
            policy,
            bypass_policy_lockout_safety_check: false,
            enabled: key.enabled,
            deletion_window_in_days: Days(30),
            tags,
        };
        let outputs = ReplicaKeyOutputs {
            arn: Arn::new(key.arn.ok_or_else(|| missing("Arn"))?),
            key_rotation_enabled,
            key_spec: parsed(key.key_spec.as_ref().map(WireSpec::as_str), "KeySpec")?,
            key_usage: parsed(key.key_usage.as_ref().map(KeyUsageType::as_str), "KeyUsage")?,
            state: state.to_owned(),
            key_id: KeyId::new(id.as_str()),
            id: KeyId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_primary_is_asked_in_its_region() {
            let arn = Arn::new("arn:aws:kms:us-east-1:123456789012:key/mrk-1");
            assert_eq!(primary(&arn).ok(), Some(("us-east-1", "mrk-1")));
            assert!(primary(&Arn::new("arn:aws:iam::1:role/a")).is_err());
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_primary_is_a_key_of_many_regions() {
        let check = |arn: &str| {
            let arn = ("primary_key_arn".to_owned(), Value::from(arn));
            validate(&Object::from([arn])).len()
        };
        assert_eq!(check("arn:aws:kms:us-east-1:123456789012:key/mrk-1"), 0);
        assert_eq!(check("arn:aws:kms:us-east-1:123456789012:key/1"), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{PolicyDocument, Principal, Statement};

    infra_sdk::region!(
        /// Where the primary is.
        East
    );

    fn replica(stack: &mut Stack, with: impl FnOnce(ReplicaKeyArguments) -> ReplicaKeyArguments) {
        let primary = Key::new().multi_region(true).description("primary");
        let primary = stack.in_region::<East>("us-east-1").add("primary", primary);
        stack.add("it", with(ReplicaKey::new(primary.arn())));
    }

    conforms!(
        aws_kms_replica_key,
        Fixture {
            base: |stack, name| {
                let root = Principal::aws("arn:aws:iam::123456789012:root");
                let statement = Statement::allow().principal(root).action("kms:*").resource("*");
                let policy = PolicyDocument::new().statement(statement);
                replica(stack, |key| key.description("copy").policy(policy).tag("Name", name));
            },
            update: Some(|stack, name| {
                replica(stack, |key| {
                    key.description("changed").enabled(false).tag("Name", name).tag("more", "1")
                });
            }),
            replace: None,
            gaps: &[],
        }
    );
}
