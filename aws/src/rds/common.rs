//! What all RDS types share: tags, lists by name, ARNs.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{Filter, Tag};
use infra_sdk::Tags;

use crate::prelude::*;

/// Tags as RDS takes them; `None` when there are none.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    let all: Vec<_> =
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    (!all.is_empty()).then_some(all)
}

/// The tags of an answer.
pub(super) fn tags_of(tags: Option<Vec<Tag>>) -> Tags {
    let pairs = tags.unwrap_or_default().into_iter();
    Tags(pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
}

/// The tags of an object whose answer has none.
pub(super) async fn list_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = aws.call(|| aws.rds().list_tags_for_resource().resource_name(arn).send()).await?;
    Ok(tags_of(answer.tag_list))
}

/// Changes the tags of any RDS object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.rds().remove_tags_from_resource().resource_name(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set) {
        aws.call(|| {
            let call = aws.rds().add_tags_to_resource().resource_name(arn);
            call.set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// The ARN of an object of the account, by the word of its kind: `subgrp`, `pg`, `og`.
pub(super) async fn arn_of(aws: &Aws, kind: &str, name: &str) -> Result<String> {
    let account = aws.account().await?;
    Ok(aws.arn::<()>("rds", &account.id, &format!("{kind}:{name}")).as_str().to_owned())
}

/// A filter by a name and values.
pub(super) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// A text of an answer, which RDS leaves empty where there is none.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
