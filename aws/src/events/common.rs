//! What several types of EventBridge share: tags, and ids with a bus in them.

use aws_sdk_eventbridge::types::Tag;
use infra_sdk::Tags;

use super::names::DEFAULT_BUS;
use crate::frame::error::incomplete;
use crate::prelude::*;

/// What EventBridge says of what is not there.
pub(super) const GONE: &[&str] = &["ResourceNotFoundException"];

/// Tags as EventBridge takes them.
pub(super) fn wire_tags(tags: &std::collections::BTreeMap<String, String>) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().map_err(incomplete);
    tags.iter().map(tag).collect()
}

/// The tags of an object.
pub(super) async fn list_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let list = || aws.events().list_tags_for_resource().resource_arn(arn).send();
    let tags = aws.call(list).await?.tags.unwrap_or_default();
    Ok(Tags(tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

/// Changes the tags of an object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.events().untag_resource().resource_arn(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if !change.set.is_empty() {
        let tags = wire_tags(&change.set)?;
        aws.call(|| {
            aws.events().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// An id: what stands behind the bus, which is left out where it is the default one.
pub(super) fn on_bus(bus: &str, rest: &str) -> String {
    if bus == DEFAULT_BUS { rest.to_owned() } else { format!("{bus}/{rest}") }
}
