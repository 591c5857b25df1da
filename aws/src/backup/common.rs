//! What several types of AWS Backup share: tags and tokens.

use infra_sdk::Tags;

use crate::prelude::*;

/// What AWS Backup says of what is not there.
pub(super) const GONE: &[&str] = &["ResourceNotFoundException"];

/// The tags of an object.
pub(super) async fn list_tags(aws: &Aws, arn: &str) -> Result<Tags> {
    let pages = aws
        .pages(
            |token| aws.backup().list_tags().resource_arn(arn).set_next_token(token).send(),
            |page| page.next_token(),
        )
        .await?;
    Ok(Tags(pages.into_iter().flat_map(|page| page.tags.unwrap_or_default()).collect()))
}

/// Changes the tags of an object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.backup().untag_resource().resource_arn(arn);
            call.set_tag_key_list(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if !change.set.is_empty() {
        let tags = change.set.clone().into_iter().collect::<std::collections::HashMap<_, _>>();
        aws.call(|| {
            aws.backup().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// A token as AWS Backup takes it: at most 50 characters. Source: API Reference, CreateBackupPlan.
pub(super) fn request_id(token: &str) -> String {
    blake3::hash(token.as_bytes()).to_hex()[..32].to_owned()
}
