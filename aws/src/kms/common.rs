//! What KMS types share: tags, policies, and keys that are not being deleted.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{Days, Tags};

use crate::iam::PolicyJson;
use crate::prelude::*;

/// The only name that a key policy can have. Source: KMS API Reference, PutKeyPolicy.
const POLICY: &str = "default";

/// A key, unless it is being deleted.
pub(super) async fn living(aws: &Aws, id: &str) -> Result<Option<KeyMetadata>> {
    let answer = aws.call(|| aws.kms().describe_key().key_id(id).send()).await?;
    let key = answer.key_metadata.ok_or_else(|| missing("KeyMetadata"))?;
    let dying = [KeyState::PendingDeletion, KeyState::PendingReplicaDeletion];
    Ok((!key.key_state().is_some_and(|state| dying.contains(state))).then_some(key))
}

/// Sets what a key is for.
pub(super) async fn describe(aws: &Aws, id: &str, text: Option<&str>) -> Result<()> {
    let text = text.unwrap_or_default();
    aws.call(|| aws.kms().update_key_description().key_id(id).description(text).send())
        .await
        .map(drop)
}

/// The policy of a key.
pub(super) async fn policy_of(aws: &Aws, id: &str) -> Result<Option<PolicyJson>> {
    let get = || aws.kms().get_key_policy().key_id(id).policy_name(POLICY).send();
    Ok(aws.call(get).await?.policy.map(PolicyJson::new))
}

/// Sets the policy of a key.
pub(super) async fn put_policy(
    aws: &Aws,
    id: &str,
    policy: &PolicyJson,
    bypass: bool,
) -> Result<()> {
    aws.call(|| {
        let call = aws.kms().put_key_policy().key_id(id).policy_name(POLICY);
        call.policy(policy.as_str()).bypass_policy_lockout_safety_check(bypass).send()
    })
    .await
    .map(drop)
}

/// Has a key deleted when the days are over.
pub(super) async fn schedule_deletion(aws: &Aws, id: &str, window: Days) -> Result<()> {
    let days = i32::try_from(window.0).ok();
    aws.call(|| {
        let call = aws.kms().schedule_key_deletion().key_id(id);
        call.set_pending_window_in_days(days).send()
    })
    .await
    .map(drop)
}

/// Tags as KMS takes them.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>> {
    tags.iter()
        .map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build())
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Failure::new(FailureClass::Invalid, error.to_string()))
}

/// The tags of a key.
pub(super) async fn tags_of(aws: &Aws, id: &str) -> Result<Tags> {
    let pages = aws
        .pages(
            |marker| aws.kms().list_resource_tags().key_id(id).set_marker(marker).send(),
            |page| page.next_marker(),
        )
        .await?;
    let tags = pages.into_iter().flat_map(|page| page.tags.unwrap_or_default());
    Ok(Tags(tags.map(|tag| (tag.tag_key, tag.tag_value)).collect()))
}

/// Changes the tags of a key.
pub(super) async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.kms().untag_resource().key_id(id);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if !change.set.is_empty() {
        let set = wire_tags(&change.set)?;
        aws.call(|| aws.kms().tag_resource().key_id(id).set_tags(Some(set.clone())).send()).await?;
    }
    Ok(())
}
