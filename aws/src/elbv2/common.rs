//! What all types of the service share: tags, and reading by ARN.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;

use aws_sdk_elasticloadbalancingv2::types::Tag;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use infra_sdk::Tags;
use infra_sdk::provider::FailureClass;
use infra_sdk::resource::ResourceType;

use crate::frame::tags::is_ours;
use crate::prelude::*;

/// Objects that one call asks for. Source: DescribeTags and DescribeLoadBalancers, both at most 20.
const CHUNK: usize = 20;
/// Objects that are looked at at once, each with calls of its own for its attributes.
const AT_ONCE: usize = 8;

/// Tags as the service takes them; `None` when there are none.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
    let all: Vec<_> =
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    (!all.is_empty()).then_some(all)
}

/// Changes the tags of an object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.elbv2().remove_tags().resource_arns(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set) {
        aws.call(|| aws.elbv2().add_tags().resource_arns(arn).set_tags(Some(tags.clone())).send())
            .await?;
    }
    Ok(())
}

/// The tags of objects, by ARN.
pub(super) async fn tags(aws: &Aws, arns: &[String]) -> Result<HashMap<String, Tags>> {
    let mut found = HashMap::new();
    for chunk in arns.chunks(CHUNK) {
        let answer = aws
            .call(|| aws.elbv2().describe_tags().set_resource_arns(Some(chunk.to_vec())).send())
            .await?;
        for description in answer.tag_descriptions.unwrap_or_default() {
            let Some(arn) = description.resource_arn else { continue };
            let pairs = description.tags.unwrap_or_default().into_iter();
            let pairs = pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
            found.insert(arn, Tags(pairs.collect()));
        }
    }
    Ok(found)
}

/// Those of these objects that carry our ownership tags.
pub(super) async fn ours(aws: &Aws, want: &Tags, arns: Vec<String>) -> Result<Vec<String>> {
    let tags = tags(aws, &arns).await?;
    let is_ours = |arn: &String| tags.get(arn).is_some_and(|seen| is_ours(&want.0, &seen.0));
    Ok(arns.into_iter().filter(is_ours).collect())
}

/// Reads objects by their ARNs, many in one call. The service refuses a call that names one which
/// is gone; then each is asked for on its own. `list` gets ARNs, `see` what was found and its tags.
pub(super) async fn read_by_arn<T, W, L, LF, S, SF>(
    aws: &Aws,
    known: &[Known],
    gone: &[&str],
    arn: fn(&W) -> Option<&str>,
    list: L,
    see: S,
) -> Reads<T>
where
    T: ResourceType + Send,
    T::Outputs: Send,
    W: Send + Sync,
    L: Fn(Vec<String>) -> LF + Send + Sync,
    LF: Future<Output = Result<Vec<W>>> + Send,
    S: Fn(W, Tags, Known) -> SF + Send + Sync,
    SF: Future<Output = Result<Seen<T>>> + Send,
{
    let (list, see) = (&list, &see);
    read_many(known, CHUNK, |chunk| async move {
        match read_chunk(aws, &chunk, arn, list, see).await {
            Err(failure) if failure.class == FailureClass::Gone && chunk.len() > 1 => {
                let mut found = HashMap::new();
                for item in &chunk {
                    let one = std::slice::from_ref(item);
                    let seen = read_chunk(aws, one, arn, list, see).await.map(Some);
                    found.extend(absent(seen, gone)?.unwrap_or_default());
                }
                Ok(found)
            }
            other => Ok(absent(other.map(Some), gone)?.unwrap_or_default()),
        }
    })
    .await
}

async fn read_chunk<T, W, L, LF, S, SF>(
    aws: &Aws,
    known: &[Known],
    arn: fn(&W) -> Option<&str>,
    list: &L,
    see: &S,
) -> Result<HashMap<String, Seen<T>>>
where
    T: ResourceType + Send,
    T::Outputs: Send,
    W: Send + Sync,
    L: Fn(Vec<String>) -> LF + Send + Sync,
    LF: Future<Output = Result<Vec<W>>> + Send,
    S: Fn(W, Tags, Known) -> SF + Send + Sync,
    SF: Future<Output = Result<Seen<T>>> + Send,
{
    let wires = list(known.iter().map(|item| item.id.clone()).collect()).await?;
    let arns: Vec<_> = wires.iter().filter_map(|wire| arn(wire).map(str::to_owned)).collect();
    let mut tags = tags(aws, &arns).await?;
    let mut reads = Vec::new();
    for wire in wires {
        let Some(arn) = arn(&wire).map(str::to_owned) else { continue };
        let Some(item) = known.iter().find(|item| item.id == arn) else { continue };
        let read = see(wire, tags.remove(&arn).unwrap_or_default(), item.clone());
        reads.push(async move { read.await.map(|seen| (arn, seen)) });
    }
    stream::iter(reads).buffered(AT_ONCE).try_collect().await
}

/// A number of an answer.
pub(super) fn natural(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

/// All texts of a set; `None` when there are none.
pub(super) fn all<T: ToString>(values: impl IntoIterator<Item = T>) -> Option<Vec<String>> {
    let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    (!values.is_empty()).then_some(values)
}
