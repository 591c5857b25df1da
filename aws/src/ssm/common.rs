//! Tags of parameters.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::{ResourceTypeForTagging, Tag};
use infra_sdk::Tags;
use infra_sdk::provider::{Failure, FailureClass};

use crate::prelude::*;

/// Tags as Systems Manager takes them.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Result<Vec<Tag>> {
    let build = |(key, value): (&String, &String)| {
        Tag::builder().key(key).value(value).build().map_err(|error| {
            Failure::new(FailureClass::Invalid, format!("tag `{key}` cannot be sent: {error}"))
        })
    };
    tags.iter().map(build).collect()
}

/// The tags of a parameter.
pub(super) async fn list_tags(aws: &Aws, name: &str) -> Result<Tags> {
    let kind = ResourceTypeForTagging::Parameter;
    let list = || aws.ssm().list_tags_for_resource().resource_type(kind.clone()).resource_id(name);
    let tags = aws.call(|| list().send()).await?.tag_list.unwrap_or_default();
    Ok(Tags(tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

/// Changes the tags of a parameter.
pub(super) async fn retag(aws: &Aws, name: &str, change: &TagChange) -> Result<()> {
    let kind = ResourceTypeForTagging::Parameter;
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.ssm().remove_tags_from_resource().resource_type(kind.clone());
            call.resource_id(name).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if !change.set.is_empty() {
        let tags = wire_tags(&change.set)?;
        aws.call(|| {
            let call = aws.ssm().add_tags_to_resource().resource_type(kind.clone());
            call.resource_id(name).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}
