//! What all types of Secrets Manager share: tags, and secrets that are not being deleted.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::Tag;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::Tags;

use crate::prelude::*;

/// What Secrets Manager says of a secret that is not there.
pub(super) const GONE: &[&str] = &["ResourceNotFoundException"];

/// What it says of a secret that is being deleted, to whom wants to use it or its name.
pub(super) const DYING: &str = "InvalidRequestException";

/// Tags as Secrets Manager takes them; `None` when there are none.
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

/// Changes the tags of a secret.
pub(super) async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.secretsmanager().untag_resource().secret_id(id);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set) {
        aws.call(|| {
            let call = aws.secretsmanager().tag_resource().secret_id(id);
            call.set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// What there is of a secret, by its name or ARN.
pub(super) async fn describe(aws: &Aws, id: &str) -> Result<DescribeSecretOutput> {
    aws.call(|| aws.secretsmanager().describe_secret().secret_id(id).send()).await
}

/// A secret, unless it is being deleted.
pub(super) async fn living(aws: &Aws, id: &str) -> Result<Option<DescribeSecretOutput>> {
    Ok(Some(describe(aws, id).await?).filter(|secret| secret.deleted_date.is_none()))
}

/// A time of an answer, in RFC 3339.
pub(super) fn date(time: Option<DateTime>) -> Option<String> {
    time.and_then(|time| time.fmt(Format::DateTime).ok())
}
