//! What all ElastiCache types share: tags, and lists by name.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;

use aws_sdk_elasticache::types::Tag;
use futures_util::stream::{self, StreamExt as _};
use infra_sdk::Tags;
use infra_sdk::resource::ResourceType;

use crate::prelude::*;

/// Objects that are looked at at once, each with a call of its own for its tags.
const AT_ONCE: usize = 8;

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

/// Reads objects that are listed by name: one is asked for by its name, many are picked from the
/// list of the account. `list` gets the name, `see` what was found and what is known.
pub(super) async fn read_named<T, W, L, LF, S, SF>(
    known: &[Known],
    gone: &[&str],
    name: fn(&W) -> Option<&str>,
    list: L,
    see: S,
) -> Reads<T>
where
    T: ResourceType + Send,
    T::Outputs: Send,
    W: Send,
    L: Fn(Option<String>) -> LF + Send + Sync,
    LF: Future<Output = Result<Vec<W>>> + Send,
    S: Fn(W, Known) -> SF + Send + Sync,
    SF: Future<Output = Result<Seen<T>>> + Send,
{
    let only = match known {
        [only] => Some(only.id.clone()),
        _ => None,
    };
    let listed = match absent(list(only).await.map(Some), gone) {
        Ok(listed) => listed.unwrap_or_default(),
        Err(failure) => return known.iter().map(|_| Err(failure.clone())).collect(),
    };
    let mut found: HashMap<String, W> = listed
        .into_iter()
        .filter_map(|wire| Some((name(&wire)?.to_ascii_lowercase(), wire)))
        .collect();
    let reads: Vec<_> = known
        .iter()
        .map(|item| {
            let wire = found.remove(&item.id.to_ascii_lowercase());
            let seen = wire.map(|wire| see(wire, item.clone()));
            async move {
                match seen {
                    Some(seen) => seen.await.map(Some),
                    None => Ok(None),
                }
            }
        })
        .collect();
    let answers: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    // It may have gone between the list and the question for its tags.
    answers.into_iter().map(|answer| absent(answer, gone)).collect()
}

/// An id, a name or an ARN as ElastiCache takes it.
pub(super) fn text<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// A number as ElastiCache takes it. What is wanted is far below the largest.
pub(super) fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// A number of an answer; none where it is not positive.
pub(super) fn positive(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// A text of an answer, which is empty where there is none.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
