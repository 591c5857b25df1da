//! What SQS's types share: attributes of queues.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;

use crate::frame::calls::Sign;
use crate::prelude::*;

/// Source: SQS API Reference, `QueueDoesNotExist`, which has another name on the wire.
pub(super) const GONE: &[&str] = &["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"];
/// A queue that was made a moment ago, or a policy with somebody who was.
pub(super) const NOT_YET: &[Sign] = &[
    ("AWS.SimpleQueueService.NonExistentQueue", ""),
    ("QueueDoesNotExist", ""),
    ("InvalidAttributeValue", "Policy"),
];

/// The attributes of a queue, by their names.
pub(super) async fn attributes(aws: &Aws, url: &str) -> Result<HashMap<String, String>> {
    let answer = aws
        .call(|| {
            let call = aws.sqs().get_queue_attributes().queue_url(url);
            call.attribute_names(QueueAttributeName::All).send()
        })
        .await?;
    let all = answer.attributes.unwrap_or_default().into_iter();
    Ok(all.map(|(name, value)| (name.as_str().to_owned(), value)).collect())
}

/// Sets attributes of a queue. An empty text takes one away.
pub(super) async fn set(aws: &Aws, url: &str, pairs: Vec<(String, String)>) -> Result<()> {
    let pairs = wire(pairs);
    aws.call(|| {
        let call = aws.sqs().set_queue_attributes().queue_url(url);
        call.set_attributes(Some(pairs.clone())).send()
    })
    .await
    .map(drop)
}

/// Attributes as SQS takes them.
pub(super) fn wire(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> HashMap<QueueAttributeName, String> {
    let name = |name: String| QueueAttributeName::from(name.as_str());
    pairs.into_iter().map(|(key, value)| (name(key), value)).collect()
}

/// One attribute of a queue, a policy; an empty one is none.
pub(super) async fn policy(aws: &Aws, url: &str, name: &str) -> Result<Option<String>> {
    let mut seen = attributes(aws, url).await?;
    Ok(seen.remove(name).filter(|policy| !policy.is_empty()))
}

/// Sets one attribute of a queue, a policy; an empty one takes it away.
pub(super) async fn set_policy(aws: &Aws, url: &str, name: &str, policy: String) -> Result<()> {
    set(aws, url, vec![(name.to_owned(), policy)]).await
}

/// The queue of that URL, if it has that policy.
pub(super) async fn with_policy(aws: &Aws, url: &str, name: &str) -> Result<Vec<String>> {
    let found = absent(policy(aws, url, name).await, GONE)?;
    Ok(found.map(|_| url.to_owned()).into_iter().collect())
}
