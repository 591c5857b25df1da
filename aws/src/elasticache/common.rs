//! What all ElastiCache types share: tags, and lists by name.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types::Tag;
use infra_sdk::Tags;
use infra_sdk::provider::Readiness;

use crate::frame::tags::is_ours;
use crate::prelude::*;

/// Tags as ElastiCache takes them; `None` when there are none.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    let all: Vec<_> =
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    (!all.is_empty()).then_some(all)
}

/// The tags of an object; no answer but this has them.
pub(super) async fn list_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let list = || aws.elasticache().list_tags_for_resource().resource_name(arn).send();
    let pairs = aws.call(list).await?.tag_list.unwrap_or_default().into_iter();
    Ok(Tags(pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()))
}

/// The ids of those objects that are ours. Of each its ARN and its id, as a list shows them.
pub(super) async fn ours(
    aws: &Aws,
    wanted: &Tags,
    found: impl Iterator<Item = (Option<String>, Option<String>)>,
) -> Result<Vec<String>> {
    let mut ours = Vec::new();
    for (arn, id) in found {
        let arn = arn.ok_or_else(|| missing("ARN"))?;
        if is_ours(&wanted.0, &list_tags(aws, &arn).await?.0) {
            ours.extend(id);
        }
    }
    Ok(ours)
}

/// Whether an object that is ready when it is `active` is.
pub(super) fn active(status: &str) -> Readiness {
    match status {
        "active" => Readiness::Ready,
        busy => Readiness::Waiting(busy.to_owned()),
    }
}

/// Changes the tags of any ElastiCache object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.elasticache().remove_tags_from_resource().resource_name(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set) {
        aws.call(|| {
            let call = aws.elasticache().add_tags_to_resource().resource_name(arn);
            call.set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// The ARN of an object of the account, by the word of its kind: `subnetgroup`, `parametergroup`.
pub(super) async fn arn_of(aws: &Aws, kind: &str, name: &str) -> Result<String> {
    let account = aws.account().await?;
    Ok(aws.arn::<()>("elasticache", &account.id, &format!("{kind}:{name}")).as_str().to_owned())
}

/// A number of an answer; none where it is not positive.
pub(super) fn positive(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// A text of an answer, which is empty where there is none.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
