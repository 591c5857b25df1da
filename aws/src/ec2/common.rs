//! What all EC2 types share: tag specifications, filters, tag changes, finding by ownership.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use infra_sdk::Tags;

use crate::frame::clients::Aws;
use crate::frame::error::Result;
use crate::frame::handler::{Known, TagChange};
use crate::frame::tags;

/// The tags of a create call; `None` when there are none, which EC2 wants left out.
pub(super) fn tag_specification(kind: ResourceType, tags: &Tags) -> Option<Vec<TagSpecification>> {
    let specification = TagSpecification::builder().resource_type(kind);
    let all: Vec<_> = tags.0.iter().map(|(key, value)| tag(key, value)).collect();
    (!all.is_empty()).then(|| vec![specification.set_tags(Some(all)).build()])
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// The tags of an answer.
pub(super) fn tags_of(tags: Option<Vec<Tag>>) -> Tags {
    let pairs = tags.unwrap_or_default().into_iter();
    Tags(pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
}

/// A filter by a name and values.
pub(super) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// A filter by the ids of what is read. Filters leave out what is gone, where a list of ids would
/// fail as a whole.
pub(super) fn by_ids(name: &str, known: &[Known]) -> Filter {
    filter(name, known.iter().map(|item| item.id.clone()))
}

/// Filters for the objects of one address, by ownership tags.
pub(super) fn by_owner(wanted: &Tags) -> Vec<Filter> {
    [tags::STACK, tags::ENVIRONMENT, tags::ADDRESS]
        .into_iter()
        .filter_map(|key| wanted.0.get(key).map(|value| filter(&format!("tag:{key}"), [value])))
        .collect()
}

/// Changes tags of any EC2 object. Source: EC2 API Reference, CreateTags and DeleteTags.
pub(super) async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        let gone: Vec<_> =
            change.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
        aws.call(|| aws.ec2().delete_tags().resources(id).set_tags(Some(gone.clone())).send())
            .await?;
    }
    if !change.set.is_empty() {
        let set = pairs(&change.set);
        aws.call(|| aws.ec2().create_tags().resources(id).set_tags(Some(set.clone())).send())
            .await?;
    }
    Ok(())
}

fn pairs(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| tag(key, value)).collect()
}
