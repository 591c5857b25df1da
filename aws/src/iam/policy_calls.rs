//! Calls about managed policies that their handler makes in several places.

use aws_sdk_iam::operation::list_policy_tags::ListPolicyTagsOutput;
use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, Tag};

use super::common::{GONE, details};
use crate::prelude::*;

/// The ARN that a policy of the account has or would have.
pub(super) async fn arn_of(aws: &Aws, path: &str, name: &str) -> Result<String> {
    let account = aws.account().await?;
    Ok(format!("arn:{}:iam::{}:policy{path}{name}", account.partition, account.id))
}

/// The policies that the account itself keeps.
pub(super) async fn local(aws: &Aws) -> Result<Vec<ManagedPolicyDetail>> {
    let pages = details(aws, EntityType::LocalManagedPolicy).await?;
    Ok(pages.into_iter().flat_map(|page| page.policies.unwrap_or_default()).collect())
}

/// The tags of a policy; `None` if it is gone.
pub(super) async fn tags(aws: &Aws, arn: &str) -> Result<Option<Vec<Tag>>> {
    let pages = aws
        .pages(
            |marker| aws.iam().list_policy_tags().policy_arn(arn).set_marker(marker).send(),
            |page| page.marker(),
        )
        .await;
    let tags = |pages: Vec<_>| {
        pages.into_iter().flat_map(|page: ListPolicyTagsOutput| page.tags).collect()
    };
    absent(pages.map(|pages| Some(tags(pages))), GONE)
}
