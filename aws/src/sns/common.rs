//! What SNS's types share: attributes and tags of topics.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sns::types::Tag;
use infra_sdk::Tags;

use crate::frame::error::incomplete;
use crate::prelude::*;

/// What is not there, as the codes of a topic and of its tags say it.
pub(super) const GONE: &[&str] = &["NotFound", "ResourceNotFound"];
/// A policy that names somebody who was made a moment ago.
pub(super) const NO_PRINCIPAL_YET: (&str, &str) = ("InvalidParameter", "PrincipalNotFound");

/// Tags as SNS takes them.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().map_err(incomplete);
    tags.iter().map(tag).collect()
}

/// The tags of a topic.
pub(super) async fn list_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let answer = aws.call(|| aws.sns().list_tags_for_resource().resource_arn(arn).send()).await?;
    let tags = answer.tags.unwrap_or_default().into_iter();
    Ok(Tags(tags.map(|tag| (tag.key, tag.value)).collect()))
}

/// The attributes of a topic.
pub(super) async fn attributes(aws: &Aws, arn: &str) -> Result<HashMap<String, String>> {
    let answer = aws.call(|| aws.sns().get_topic_attributes().topic_arn(arn).send()).await?;
    answer.attributes.ok_or_else(|| missing("Attributes"))
}

/// Sets an attribute of a topic.
pub(super) async fn set(aws: &Aws, arn: &str, name: &str, value: &str) -> Result<()> {
    aws.call(|| {
        let call = aws.sns().set_topic_attributes().topic_arn(arn);
        call.attribute_name(name).attribute_value(value).send()
    })
    .await
    .map(drop)
}
