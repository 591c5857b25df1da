//! Ways to read many objects: by filters in chunks, or one call each with bounded concurrency.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use infra_sdk::provider::FailureClass;
use infra_sdk::resource::ResourceType;

use super::error::Result;
use super::handler::{Known, Reads, Seen};

/// EC2 takes at most this many values in one filter. Source: EC2 API Reference, Filter.
pub const EC2_FILTER_VALUES: usize = 200;
/// Reads that are in flight at once where an API has no list that says enough.
const AT_ONCE: usize = 16;

/// Reads objects one call each, for APIs without a batch; "not found" by `gone` is `None`.
pub async fn read_each<T, F, S>(known: &[Known], gone: &[&str], read: F) -> Reads<T>
where
    T: ResourceType + Send,
    T::Outputs: Send,
    F: Fn(Known) -> S,
    S: Future<Output = Result<Option<Seen<T>>>> + Send,
{
    let reads: Vec<_> = known.iter().map(|item| read(item.clone())).collect();
    let answers: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    answers.into_iter().map(|answer| absent(answer, gone)).collect()
}

/// Reads objects in chunks of ids, for APIs with a filter by id: what the answer leaves out is
/// gone. `read` returns what it found by id; an error is the error of its whole chunk.
pub async fn read_many<T, F, S>(known: &[Known], size: usize, read: F) -> Reads<T>
where
    T: ResourceType + Send,
    T::Outputs: Send,
    F: Fn(Vec<Known>) -> S,
    S: Future<Output = Result<HashMap<String, Seen<T>>>> + Send,
{
    let chunks: Vec<Vec<Known>> = known.chunks(size).map(<[Known]>::to_vec).collect();
    let reads: Vec<_> = chunks.iter().map(|chunk| read(chunk.clone())).collect();
    let answers: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let mut found = Vec::with_capacity(known.len());
    for (chunk, answer) in chunks.iter().zip(answers) {
        match answer {
            Ok(mut seen) => found.extend(chunk.iter().map(|item| Ok(seen.remove(&item.id)))),
            Err(failure) => found.extend(chunk.iter().map(|_| Err(failure.clone()))),
        }
    }
    found
}

/// Reads objects that are listed by name: one is asked for by its name, many are picked from the
/// list of the account. `list` gets the name, `see` what was found and what is known.
pub async fn read_named<T, W, L, LF, S, SF>(
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

/// Reads objects from an answer that several types share: what `see` does not find in it is gone. A
/// failure is everybody's.
pub(crate) fn read_shared<T, A>(
    known: &[Known],
    answer: Result<Arc<A>>,
    see: impl Fn(&A, &Known) -> Result<Option<Seen<T>>>,
) -> Reads<T>
where
    T: ResourceType,
{
    match answer {
        Ok(answer) => known.iter().map(|item| see(&answer, item)).collect(),
        Err(failure) => known.iter().map(|_| Err(failure.clone())).collect(),
    }
}

/// Turns the type's own "not found" into `None`.
pub fn absent<T>(answer: Result<Option<T>>, gone: &[&str]) -> Result<Option<T>> {
    match answer {
        Err(failure)
            if failure.class == FailureClass::Gone
                && failure.code.as_deref().is_some_and(|code| gone.contains(&code)) =>
        {
            Ok(None)
        }
        other => other,
    }
}
