//! What all EKS types share: updates, tags, ids of what is in a cluster, errors that pass.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_eks::types::{Update, UpdateStatus};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use infra_sdk::Tags;
use infra_sdk::provider::{Failure, FailureClass};

use crate::frame::calls::Sign;
use crate::frame::wait::until_answered;
use crate::prelude::*;

/// The code of what is not there. Source: EKS API Reference, common to all describe operations.
pub(super) const GONE: &[&str] = &["ResourceNotFoundException"];

/// Another change of the cluster, or of what is in it, has to end first. Source: EKS API Reference,
/// ResourceInUseException; the same code without these words says that a name is taken.
pub(super) const IN_PROGRESS: Sign = ("ResourceInUseException", "in progress");

/// What EKS says of roles that IAM does not show everywhere yet. Source: the messages that
/// Terraform's provider repeats a create for; IAM user guide, eventual consistency.
pub(super) const NEW_ROLES: [Sign; 5] = [
    ("InvalidParameterException", "does not exist"),
    ("InvalidParameterException", "Error in role params"),
    (
        "InvalidParameterException",
        "Role could not be assumed because the trusted entity is not correct",
    ),
    (
        "InvalidParameterException",
        "The provided role doesn't have the Amazon EKS Managed Policies associated with it",
    ),
    ("InvalidParameterException", "IAM role's policy must include"),
];

/// [`NEW_ROLES`] and [`IN_PROGRESS`].
pub(super) const NOT_YET: &[Sign] =
    &[NEW_ROLES[0], NEW_ROLES[1], NEW_ROLES[2], NEW_ROLES[3], NEW_ROLES[4], IN_PROGRESS];

/// What an update is of: a cluster, or a node group or add-on in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) cluster: &'a str,
    pub(super) node_group: Option<&'a str>,
    pub(super) addon: Option<&'a str>,
}

/// Waits until an update has ended.
///
/// # Errors
/// With what EKS says when the update failed or was cancelled.
pub(super) async fn settle(
    aws: &Aws,
    of: Of<'_>,
    update: Option<Update>,
    patience: Duration,
) -> Result<()> {
    let id = update.and_then(|update| update.id).ok_or_else(|| missing("update.id"))?;
    let id = id.as_str();
    until_answered(&format!("update {id} of {}", of.cluster), patience, || async move {
        let answer = aws
            .call(|| {
                aws.eks()
                    .describe_update()
                    .name(of.cluster)
                    .set_nodegroup_name(of.node_group.map(str::to_owned))
                    .set_addon_name(of.addon.map(str::to_owned))
                    .update_id(id)
                    .send()
            })
            .await?;
        outcome(&answer.update.ok_or_else(|| missing("update"))?)
    })
    .await
}

/// Whether an update has ended, and well.
fn outcome(update: &Update) -> Result<Option<()>> {
    match update.status() {
        Some(UpdateStatus::Successful) => Ok(Some(())),
        Some(status @ (UpdateStatus::Failed | UpdateStatus::Cancelled)) => {
            let errors: Vec<_> = update
                .errors()
                .iter()
                .map(|error| {
                    let code = error.error_code().map_or("no code", |code| code.as_str());
                    format!("{code}: {}", error.error_message().unwrap_or("no message"))
                })
                .collect();
            let why = if errors.is_empty() {
                "AWS gives no reason".to_owned()
            } else {
                errors.join("; ")
            };
            let message = format!("the update is {}: {why}", status.as_str());
            Err(Failure::new(FailureClass::NotReady, message))
        }
        _ => Ok(None),
    }
}

/// Something that AWS cannot change of what is there, with a way out.
pub(super) fn unchangeable(what: &str) -> Failure {
    let mut failure = Failure::new(FailureClass::Invalid, format!("AWS cannot change {what}"));
    failure.hints = vec!["set it back, or replace the resource".to_owned()];
    failure
}

/// The id of something in a cluster, as Terraform writes it: `CLUSTER:NAME`.
pub(super) fn id_in(cluster: &str, name: &str) -> String {
    format!("{cluster}:{name}")
}

/// The two parts of such an id.
///
/// # Errors
/// When there are no two.
pub(super) fn parts(id: &str) -> Result<(&str, &str)> {
    id.split_once(':').filter(|(cluster, name)| !cluster.is_empty() && !name.is_empty()).ok_or_else(
        || {
            Failure::new(
                FailureClass::Invalid,
                format!("`{id}` is not an id such as `cluster:name`"),
            )
        },
    )
}

/// Tags as EKS takes them; `None` when there are none.
pub(super) fn wire_tags(tags: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!tags.is_empty()).then(|| tags.clone().into_iter().collect())
}

/// The tags of an answer.
pub(super) fn tags_of(tags: Option<HashMap<String, String>>) -> Tags {
    Tags(tags.unwrap_or_default().into_iter().collect())
}

/// Changes the tags of any EKS object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<()> {
    if !change.remove.is_empty() {
        aws.call(|| {
            let call = aws.eks().untag_resource().resource_arn(arn);
            call.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    if let Some(tags) = wire_tags(&change.set) {
        aws.call(|| aws.eks().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send())
            .await?;
    }
    Ok(())
}

/// A time in RFC 3339.
pub(super) fn date(time: Option<DateTime>) -> Option<String> {
    time.and_then(|time| time.fmt(Format::DateTime).ok())
}

/// Ids as EKS takes them.
pub(super) fn all<T: ToString>(members: &BTreeSet<T>) -> Vec<String> {
    members.iter().map(ToString::to_string).collect()
}

/// A number of an answer.
pub(super) fn count(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

/// What is wrong, in one line; `None` when nothing is.
pub(super) fn issues<'a>(
    found: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> Option<String> {
    let lines: Vec<_> = found
        .into_iter()
        .map(|(code, message)| {
            format!("{}: {}", code.unwrap_or("unknown"), message.unwrap_or("no message"))
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{ErrorCode, ErrorDetail};

    use super::*;

    #[test]
    fn a_failed_update_says_why() {
        let update = |status| Update::builder().status(status);
        assert!(matches!(outcome(&update(UpdateStatus::InProgress).build()), Ok(None)));
        assert!(matches!(outcome(&update(UpdateStatus::Successful).build()), Ok(Some(()))));
        let detail = ErrorDetail::builder()
            .error_code(ErrorCode::PodEvictionFailure)
            .error_message("Reached max retries")
            .build();
        let failed = update(UpdateStatus::Failed).errors(detail).build();
        let failure = outcome(&failed).expect_err("it failed");
        assert_eq!(
            failure.message,
            "the update is Failed: PodEvictionFailure: Reached max retries"
        );
        assert!(outcome(&update(UpdateStatus::Cancelled).build()).is_err());
    }

    #[test]
    fn ids_have_two_parts() {
        assert_eq!(parts("main:blue").ok(), Some(("main", "blue")));
        assert!(parts("main").is_err());
        assert!(parts("main:").is_err());
    }
}
