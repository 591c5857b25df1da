//! What KMS types share: tags.

use std::collections::BTreeMap;

use aws_sdk_kms::types::Tag;
use infra_sdk::Tags;
use infra_sdk::provider::{Failure, FailureClass};

use crate::prelude::*;

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
