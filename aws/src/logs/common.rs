//! What filters of log groups share: ids, and reading by group.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;

use futures_util::stream::{self, StreamExt as _};
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::resource::ResourceType;

use crate::prelude::*;

/// What is not there.
pub(super) const GONE: &[&str] = &["ResourceNotFoundException"];
/// Groups that are asked at once.
const AT_ONCE: usize = 8;

/// Log group and name of an id, which a character divides that neither has.
pub(super) fn parse_id(id: &str, divider: char) -> Result<(&str, &str)> {
    match id.split_once(divider) {
        Some((group, name)) if !group.is_empty() && !name.is_empty() => Ok((group, name)),
        _ => {
            let message = format!("`{id}` is not the id of a filter: `log group{divider}name`");
            Err(Failure::new(FailureClass::Invalid, message))
        }
    }
}

/// Reads filters, all of a log group at once. `list` gets a group, and a name where only one of its
/// filters is asked for; it gives filters by id.
pub(super) async fn read_by_group<T, L, F>(known: &[Known], divider: char, list: L) -> Reads<T>
where
    T: ResourceType + Send,
    T::Outputs: Send,
    Seen<T>: Clone,
    L: Fn(String, Option<String>) -> F,
    F: Future<Output = Result<HashMap<String, Seen<T>>>> + Send,
{
    let ids: Vec<_> = known.iter().map(|item| parse_id(&item.id, divider)).collect();
    let mut names: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for (group, name) in ids.iter().flatten() {
        names.entry(group).or_default().insert(name);
    }
    let lists: Vec<_> = names
        .into_iter()
        .map(|(group, names)| {
            let only = names.first().filter(|_| names.len() == 1).map(|name| (*name).to_owned());
            let list = list(group.to_owned(), only);
            async move { (group, absent(list.await.map(Some), GONE)) }
        })
        .collect();
    let lists: HashMap<_, _> = stream::iter(lists).buffer_unordered(AT_ONCE).collect().await;
    let answer = |(item, id): (&Known, Result<(&str, &str)>)| {
        let (group, _) = id?;
        let list = lists.get(group).ok_or_else(|| missing("filters"))?;
        let list = list.as_ref().map_err(Clone::clone)?;
        Ok(list.as_ref().and_then(|list| list.get(&item.id)).cloned())
    };
    known.iter().zip(ids).map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_two_parts() {
        assert_eq!(
            parse_id("/aws/lambda/web:errors", ':').ok(),
            Some(("/aws/lambda/web", "errors"))
        );
        for wrong in ["web", ":errors", "web:", ""] {
            assert!(parse_id(wrong, ':').is_err(), "{wrong}");
        }
    }
}
