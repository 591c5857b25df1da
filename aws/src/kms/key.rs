//! A KMS key. Deleting one schedules its deletion; from then on it counts as deleted.
//!
//! API: CreateKey, DescribeKey, GetKeyPolicy, GetKeyRotationStatus, ListResourceTags, ListKeys,
//! UpdateKeyDescription, PutKeyPolicy, EnableKey, DisableKey, EnableKeyRotation,
//! DisableKeyRotation, TagResource, UntagResource, ScheduleKeyDeletion.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Days, Object, Outputs, Resource, Tags};

use super::{KeyId, KeySpec, KeyUsage};
use crate::iam::PolicyJson;
use crate::rules::Rules;

/// A key that encrypts, signs or authenticates, and that never leaves KMS.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_kms_key", outputs = KeyOutputs, stateful, validate = validate)]
pub struct Key {
    /// What it is for, at most 8192 characters.
    #[field(computed)]
    pub description: Option<String>,
    /// What it may be used for.
    #[field(force_new, default = KeyUsage::EncryptDecrypt)]
    pub key_usage: KeyUsage,
    /// The kind of key material.
    #[field(force_new, default = KeySpec::SymmetricDefault)]
    pub customer_master_key_spec: KeySpec,
    /// Who may use and manage it. Left out, IAM policies of the account decide.
    #[field(computed)]
    pub policy: Option<PolicyJson>,
    /// Accept a policy under which the caller cannot change the policy any more.
    #[field(default = false, write_only)]
    pub bypass_policy_lockout_safety_check: bool,
    /// Whether it can be used.
    #[field(default = true)]
    pub is_enabled: bool,
    /// Make new key material from time to time; for symmetric keys.
    #[field(default = false)]
    pub enable_key_rotation: bool,
    /// How often, in days. Left out, AWS's choice of 365.
    #[field(computed, range = 90..=2560)]
    pub rotation_period_in_days: Option<Days>,
    /// How long a deleted key can still be saved, in days.
    #[field(default = Days(30), range = 7..=30, write_only)]
    pub deletion_window_in_days: Days,
    /// Make it the primary of a key that can have replicas in other regions.
    #[field(force_new, default = false)]
    pub multi_region: bool,
    /// Keep the key material in this custom key store.
    #[field(force_new)]
    pub custom_key_store_id: Option<String>,
    /// Use this key of the external key store, which `custom_key_store_id` names.
    #[field(force_new)]
    pub xks_key_id: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`Key`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct KeyOutputs {
    /// The key's id.
    pub id: KeyId,
    /// The key's id, once more.
    pub key_id: KeyId,
    /// The key's ARN.
    pub arn: Arn<Key>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if rules.is_true("enable_key_rotation") {
        // Source: KMS developer guide, rotating keys.
        let spec = rules.text("customer_master_key_spec");
        if spec.is_some_and(|spec| spec != KeySpec::SymmetricDefault.as_str()) {
            rules.refuse("enable_key_rotation", "is for symmetric keys only");
        }
        rules.at_most_one(&["custom_key_store_id", "enable_key_rotation"]);
    } else if rules.has("rotation_period_in_days") && !rules.may_be_true("enable_key_rotation") {
        rules.refuse("rotation_period_in_days", "needs `enable_key_rotation`");
    }
    if rules.has("xks_key_id") && !rules.has("custom_key_store_id") {
        rules.refuse("xks_key_id", "needs `custom_key_store_id`");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_kms::types::{KeyMetadata, KeySpec as WireSpec, KeyUsageType, OriginType};
    use futures_util::stream::{self, StreamExt as _};
    use infra_sdk::provider::FailureClass;

    use super::*;
    use crate::frame::tags::is_ours;
    use crate::kms::common::{
        describe, living, policy_of, put_policy, retag, schedule_deletion, tags_of, wire_tags,
    };
    use crate::prelude::*;

    const NOT_FOUND: &[&str] = &["NotFoundException"];

    /// The operations, and before them what multi-region primaries need: making a role of KMS.
    /// Source: Service Authorization Reference, KMS.
    const ACTIONS: &[&str] = &[
        "iam:CreateServiceLinkedRole",
        "kms:CreateKey",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:DisableKeyRotation",
        "kms:EnableKey",
        "kms:EnableKeyRotation",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListKeys",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
    ];

    impl Handler for Key {
        const CALLS: Calls = Calls {
            class: CreateClass::Tags,
            create: "kms:CreateKey",
            operations: ACTIONS.split_at(1).1,
            actions: ACTIONS,
            after_create: &["is_enabled", "enable_key_rotation", "rotation_period_in_days"],
            gone: NOT_FOUND,
            // Roles that the policy names may have been made a moment ago.
            not_yet: &[("MalformedPolicyDocumentException", "invalid principals")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let tags = wire_tags(&want.tags.0)?;
            let origin = match (&want.custom_key_store_id, &want.xks_key_id) {
                (_, Some(_)) => OriginType::ExternalKeyStore,
                (Some(_), None) => OriginType::AwsCloudhsm,
                (None, None) => OriginType::AwsKms,
            };
            let answer = aws
                .call(|| {
                    aws.kms()
                        .create_key()
                        .set_description(want.description.clone())
                        .key_usage(KeyUsageType::from(want.key_usage.as_str()))
                        .key_spec(WireSpec::from(want.customer_master_key_spec.as_str()))
                        .set_policy(want.policy.as_ref().map(|policy| policy.as_str().to_owned()))
                        .bypass_policy_lockout_safety_check(want.bypass_policy_lockout_safety_check)
                        .multi_region(want.multi_region)
                        .origin(origin.clone())
                        .set_custom_key_store_id(want.custom_key_store_id.clone())
                        .set_xks_key_id(want.xks_key_id.clone())
                        .set_tags(Some(tags.clone()))
                        .send()
                })
                .await?;
            answer.key_metadata.map(|key| key.key_id).ok_or_else(|| missing("KeyMetadata"))
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
            // Rotation cannot be set while a key is disabled.
            if changed.has("is_enabled") && want.is_enabled {
                aws.call(|| aws.kms().enable_key().key_id(id).send()).await?;
            }
            if changed.any(&["enable_key_rotation", "rotation_period_in_days"]) {
                rotate(aws, id, want).await?;
            }
            if changed.has("is_enabled") && !want.is_enabled {
                aws.call(|| aws.kms().disable_key().key_id(id).send()).await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if living(aws, id).await?.is_none() {
                return Ok(());
            }
            schedule_deletion(aws, id, was.deletion_window_in_days).await
        }

        /// KMS lists keys without their tags, so each is asked for its own.
        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let pages = aws
                .pages(
                    |marker| aws.kms().list_keys().limit(1000).set_marker(marker).send(),
                    |page| page.next_marker(),
                )
                .await?;
            let keys = pages.into_iter().flat_map(|page| page.keys.unwrap_or_default());
            let ids: Vec<_> = keys.filter_map(|key| key.key_id).collect();
            let checks: Vec<_> = ids.into_iter().map(|id| ours(aws, want, id)).collect();
            let found: Vec<_> = stream::iter(checks).buffered(8).collect().await;
            Ok(found.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
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

    /// The id of a key if it is ours and not being deleted.
    async fn ours(aws: &Aws, want: &Key, id: String) -> Result<Option<String>> {
        let tags = match tags_of(aws, &id).await {
            Ok(tags) => tags,
            // A key that we may not look at, or that went meanwhile, is not one that we made.
            Err(failure) if matches!(failure.class, FailureClass::Denied | FailureClass::Gone) => {
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        if !is_ours(&want.tags.0, &tags.0) {
            return Ok(None);
        }
        Ok(living(aws, &id).await?.map(|key| key.key_id))
    }

    async fn rotate(aws: &Aws, id: &str, want: &Key) -> Result<()> {
        if want.enable_key_rotation {
            let days = want.rotation_period_in_days.and_then(|days| i32::try_from(days.0).ok());
            aws.call(|| {
                let call = aws.kms().enable_key_rotation().key_id(id);
                call.set_rotation_period_in_days(days).send()
            })
            .await
            .map(drop)
        } else {
            aws.call(|| aws.kms().disable_key_rotation().key_id(id).send()).await.map(drop)
        }
    }

    /// Whether and how often a key rotates. Only keys that can are asked for. Source: KMS API
    /// Reference, GetKeyRotationStatus.
    async fn rotation(aws: &Aws, key: &KeyMetadata) -> Result<(bool, Option<Days>)> {
        if key.key_spec() != Some(&WireSpec::SymmetricDefault)
            || key.origin() != Some(&OriginType::AwsKms)
        {
            return Ok((false, None));
        }
        let id = &key.key_id;
        let answer = aws.call(|| aws.kms().get_key_rotation_status().key_id(id).send()).await?;
        let days = answer.rotation_period_in_days.and_then(|days| u32::try_from(days).ok());
        Ok((answer.key_rotation_enabled, days.filter(|_| answer.key_rotation_enabled).map(Days)))
    }

    async fn see(aws: &Aws, key: KeyMetadata) -> Result<Seen<Key>> {
        let id = key.key_id.clone();
        let (policy, (rotates, period), tags) =
            futures_util::try_join!(policy_of(aws, &id), rotation(aws, &key), tags_of(aws, &id),)?;
        let inputs = Key {
            description: key.description,
            key_usage: parsed(key.key_usage.as_ref().map(KeyUsageType::as_str), "KeyUsage")?,
            customer_master_key_spec: parsed(
                key.key_spec.as_ref().map(WireSpec::as_str),
                "KeySpec",
            )?,
            policy,
            bypass_policy_lockout_safety_check: false,
            is_enabled: key.enabled,
            enable_key_rotation: rotates,
            rotation_period_in_days: period,
            deletion_window_in_days: Days(30),
            multi_region: key.multi_region.unwrap_or(false),
            custom_key_store_id: key.custom_key_store_id,
            xks_key_id: key.xks_key_configuration.and_then(|key| key.id),
            tags,
        };
        let outputs = KeyOutputs {
            arn: Arn::new(key.arn.ok_or_else(|| missing("Arn"))?),
            key_id: KeyId::new(id.as_str()),
            id: KeyId::new(id),
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn only_symmetric_keys_of_kms_rotate() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let rotate = ("enable_key_rotation", Value::Bool(true));
        let period = ("rotation_period_in_days", Value::Int(90));
        let spec = ("customer_master_key_spec", Value::from("RSA_2048"));
        assert_eq!(check(&[rotate.clone(), period.clone()]), [""; 0]);
        assert_eq!(check(&[period]), ["rotation_period_in_days"]);
        assert_eq!(check(&[rotate.clone(), spec]), ["enable_key_rotation"]);
        assert_eq!(
            check(&[rotate, ("custom_key_store_id", "cks-1".into())]),
            ["enable_key_rotation"]
        );
        assert_eq!(check(&[("xks_key_id", "1".into())]), ["xks_key_id"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Global, Output};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{PolicyDocument, Principal, Statement};

    fn policy(action: &str) -> Output<PolicyJson, Global> {
        let root = Principal::aws("arn:aws:iam::123456789012:root");
        let statement = Statement::allow().principal(root).action(action).resource("*");
        PolicyDocument::new().statement(statement).to_json()
    }

    conforms!(
        aws_kms_key,
        Fixture {
            base: |stack, name| {
                let key = Key::new().description("data").policy(policy("kms:*"));
                let key = key.enable_key_rotation(true).rotation_period_in_days(Days(180));
                stack.add("it", key.deletion_window_in_days(Days(7)).tag("Name", name));
            },
            update: Some(|stack, name| {
                let key = Key::new().description("changed").policy(policy("kms:Put*"));
                let key = key.is_enabled(false).bypass_policy_lockout_safety_check(true);
                stack.add("it", key.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: Some(|stack, _| {
                let key = Key::new().key_usage(KeyUsage::SignVerify);
                stack.add("it", key.customer_master_key_spec(KeySpec::EccNistP256));
            }),
            gaps: &["rotation_period_in_days"],
        }
    );
}
