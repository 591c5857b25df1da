//! What several CloudWatch types share: tags, and what alarms do.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::Tag;
use infra_sdk::Tags;

use crate::AnyArn;
use crate::prelude::*;

/// Tags as CloudWatch takes them; `None` when there are none.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    let all: Vec<_> =
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    (!all.is_empty()).then_some(all)
}

/// The tags of an alarm.
pub(super) async fn list_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer =
        aws.call(|| aws.cloudwatch().list_tags_for_resource().resource_arn(arn).send()).await?;
    let tags = answer.tags.unwrap_or_default().into_iter();
    Ok(Tags(tags.filter_map(|tag| Some((tag.key?, tag.value?))).collect()))
}

/// Changes the tags of an alarm.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.cloudwatch().untag_resource().resource_arn(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set) {
        aws.call(|| {
            let call = aws.cloudwatch().tag_resource().resource_arn(arn);
            call.set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// What an alarm does, as CloudWatch takes it.
pub(super) fn arns(actions: &BTreeSet<AnyArn>) -> Option<Vec<String>> {
    Some(actions.iter().map(ToString::to_string).collect())
}

/// What an alarm does, as CloudWatch shows it.
pub(super) fn arns_seen(actions: Option<Vec<String>>) -> BTreeSet<AnyArn> {
    actions.unwrap_or_default().into_iter().map(AnyArn::new).collect()
}
