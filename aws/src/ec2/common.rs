//! What all EC2 types share: tag specifications, filters, tag changes, finding by ownership.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    Filter, ResourceType, RouteTable, Tag, TagSpecification, UnsuccessfulItem,
};
use infra_sdk::Tags;
use infra_sdk::provider::Failure;

use crate::frame::clients::Aws;
use crate::frame::error::{Result, classify};
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

/// Whether the tags of an answer carry the ownership that is asked for. An object is only ever
/// taken for ours by its own tags, not because a filter let it through.
pub(super) fn is_owned(tags: &Option<Vec<Tag>>, wanted: &Tags) -> bool {
    let has = |key: &str, value: &str| {
        tags.iter().flatten().any(|tag| tag.key() == Some(key) && tag.value() == Some(value))
    };
    [tags::STACK, tags::ENVIRONMENT, tags::ADDRESS]
        .into_iter()
        .all(|key| wanted.0.get(key).is_some_and(|value| has(key, value)))
}

/// What EC2 could not do of a call for many objects: such an answer has status 200 and the errors
/// inside. Calls here name one object, so there is at most one error.
pub(super) fn refused(operation: &str, items: Option<Vec<UnsuccessfulItem>>) -> Result<()> {
    let Some(error) = items.unwrap_or_default().into_iter().find_map(|item| item.error) else {
        return Ok(());
    };
    let code = error.code.unwrap_or_default();
    let message = error.message.unwrap_or_else(|| code.clone());
    let mut failure = Failure::new(classify(&code, None), message);
    failure.operation = Some(operation.to_owned());
    failure.code = Some(code);
    Err(failure)
}

/// Takes an error for success: the call was repeated, and the first try did it already.
pub(super) fn unless<T>(answer: Result<T>, code: &str) -> Result<()> {
    match answer {
        Err(failure) if failure.code.as_deref() != Some(code) => Err(failure),
        _ => Ok(()),
    }
}

/// The members of the second set that the first has not: what is to be added, or removed.
pub(super) fn missing_from<T: Ord + ToString>(
    one: &BTreeSet<T>,
    other: &BTreeSet<T>,
) -> Option<Vec<String>> {
    let members: Vec<_> = other.difference(one).map(ToString::to_string).collect();
    (!members.is_empty()).then_some(members)
}

/// The route tables that filters let through.
pub(super) async fn route_tables(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<RouteTable>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_route_tables().set_next_token(token);
                call.set_filters(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.route_tables.unwrap_or_default()).collect())
}

/// The members of a set; `None` when there are none, which EC2 wants left out.
pub(super) fn all<T: ToString>(members: &BTreeSet<T>) -> Option<Vec<String>> {
    (!members.is_empty()).then(|| members.iter().map(ToString::to_string).collect())
}
