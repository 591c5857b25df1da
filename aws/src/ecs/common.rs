//! What all ECS types share: tags, clusters as they are, numbers.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{Cluster, ClusterField, Tag};
use infra_sdk::Tags;

use crate::prelude::*;

/// There is no such cluster, or no such cluster any more.
pub(super) const NO_CLUSTER: &str = "ClusterNotFoundException";
/// Clusters in one DescribeClusters. Source: ECS API Reference.
pub(super) const CLUSTERS_AT_ONCE: usize = 100;

/// Tags as ECS takes them; `None` when there are none.
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

/// Changes the tags of any ECS object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.ecs().untag_resource().resource_arn(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set) {
        aws.call(|| {
            let call = aws.ecs().tag_resource().resource_arn(arn);
            call.set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// Clusters by names or ARNs, without those that are deleted: ECS shows them for a while as
/// `INACTIVE`.
pub(super) async fn clusters(aws: &Aws, ids: &[String]) -> Result<Vec<Cluster>> {
    let all = [ClusterField::Tags, ClusterField::Settings, ClusterField::Configurations];
    let answer = aws
        .call(|| {
            let call = aws.ecs().describe_clusters().set_clusters(Some(ids.to_vec()));
            call.set_include(Some(all.to_vec())).send()
        })
        .await?;
    let found = answer.clusters.unwrap_or_default().into_iter();
    Ok(found.filter(|cluster| cluster.status() != Some("INACTIVE")).collect())
}

/// A number as ECS takes it. What is wanted is far below the largest.
pub(super) fn wire_number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// A number of an answer.
pub(super) fn number(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}
