//! Whom a bucket tells of what happens to its objects. A bucket has one such configuration:
//! deleting this empties it.
//!
//! API: PutBucketNotificationConfiguration, GetBucketNotificationConfiguration.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Block, BlockSet, Choice, Object, Outputs, Resource};

use super::BucketName;
use crate::AnyArn;
use crate::rules::Rules;

/// Whom a bucket tells of what happens to its objects.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_s3_bucket_notification",
    outputs = NotificationOutputs,
    validate = validate
)]
pub struct BucketNotification {
    /// The bucket.
    #[field(force_new)]
    pub bucket: BucketName,
    /// Tell EventBridge of everything.
    #[field(default = false)]
    pub eventbridge: bool,
    /// Functions, each of which must let S3 invoke it.
    pub lambda_function: BlockSet<FunctionNotification>,
    /// Queues, each of which must let S3 send to it.
    pub queue: BlockSet<QueueNotification>,
    /// Topics, each of which must let S3 publish to it.
    pub topic: BlockSet<TopicNotification>,
}

/// A function that is told.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FunctionNotification {
    /// Name of the notification, at most 255 characters.
    pub id: String,
    /// The function, or a version or alias of it.
    pub lambda_function_arn: AnyArn,
    /// What it is told of.
    #[field(required)]
    pub events: BTreeSet<BucketEvent>,
    /// Only objects whose keys start with this.
    pub filter_prefix: Option<String>,
    /// Only objects whose keys end with this.
    pub filter_suffix: Option<String>,
}

/// A queue that is told.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct QueueNotification {
    /// Name of the notification, at most 255 characters.
    pub id: String,
    /// The queue; not a FIFO queue.
    pub queue_arn: AnyArn,
    /// What it is told of.
    #[field(required)]
    pub events: BTreeSet<BucketEvent>,
    /// Only objects whose keys start with this.
    pub filter_prefix: Option<String>,
    /// Only objects whose keys end with this.
    pub filter_suffix: Option<String>,
}

/// A topic that is told.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TopicNotification {
    /// Name of the notification, at most 255 characters.
    pub id: String,
    /// The topic; not a FIFO topic.
    pub topic_arn: AnyArn,
    /// What it is told of.
    #[field(required)]
    pub events: BTreeSet<BucketEvent>,
    /// Only objects whose keys start with this.
    pub filter_prefix: Option<String>,
    /// Only objects whose keys end with this.
    pub filter_suffix: Option<String>,
}

/// What happens to objects. Source: S3 user guide, supported event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum BucketEvent {
    /// One is made, in whatever way.
    #[choice("s3:ObjectCreated:*")]
    Created,
    /// One is made by PutObject.
    #[choice("s3:ObjectCreated:Put")]
    CreatedByPut,
    /// One is made by a form.
    #[choice("s3:ObjectCreated:Post")]
    CreatedByPost,
    /// One is made by CopyObject.
    #[choice("s3:ObjectCreated:Copy")]
    CreatedByCopy,
    /// One is made of parts.
    #[choice("s3:ObjectCreated:CompleteMultipartUpload")]
    CreatedByMultipartUpload,
    /// One is removed, in whatever way.
    #[choice("s3:ObjectRemoved:*")]
    Removed,
    /// One is deleted, or a version of one.
    #[choice("s3:ObjectRemoved:Delete")]
    Deleted,
    /// One gets a delete marker.
    #[choice("s3:ObjectRemoved:DeleteMarkerCreated")]
    DeleteMarkerCreated,
    /// One is brought back from an archive, every step of it.
    #[choice("s3:ObjectRestore:*")]
    Restore,
    /// Bringing one back has begun.
    #[choice("s3:ObjectRestore:Post")]
    RestoreBegun,
    /// One is back.
    #[choice("s3:ObjectRestore:Completed")]
    Restored,
    /// The copy that was brought back is gone again.
    #[choice("s3:ObjectRestore:Delete")]
    RestoreExpired,
    /// One with reduced redundancy is lost.
    #[choice("s3:ReducedRedundancyLostObject")]
    Lost,
    /// Something about replication.
    #[choice("s3:Replication:*")]
    Replication,
    /// One was not replicated.
    #[choice("s3:Replication:OperationFailedReplication")]
    ReplicationFailed,
    /// One was not replicated within 15 minutes.
    #[choice("s3:Replication:OperationMissedThreshold")]
    ReplicationLate,
    /// One was replicated after more than 15 minutes.
    #[choice("s3:Replication:OperationReplicatedAfterThreshold")]
    ReplicatedLate,
    /// The replication of one is no longer followed.
    #[choice("s3:Replication:OperationNotTracked")]
    ReplicationNotTracked,
    /// A rule of the life cycle removes one, in whatever way.
    #[choice("s3:LifecycleExpiration:*")]
    Expired,
    /// A rule of the life cycle deletes one.
    #[choice("s3:LifecycleExpiration:Delete")]
    ExpiredDeleted,
    /// A rule of the life cycle gives one a delete marker.
    #[choice("s3:LifecycleExpiration:DeleteMarkerCreated")]
    ExpiredDeleteMarkerCreated,
    /// A rule of the life cycle moves one to another class.
    #[choice("s3:LifecycleTransition")]
    Moved,
    /// Intelligent-Tiering archives one.
    #[choice("s3:IntelligentTiering")]
    Archived,
    /// The access list of one changes.
    #[choice("s3:ObjectAcl:Put")]
    AclPut,
    /// Tags of one change, in whatever way.
    #[choice("s3:ObjectTagging:*")]
    Tagging,
    /// One is tagged.
    #[choice("s3:ObjectTagging:Put")]
    Tagged,
    /// Tags of one are removed.
    #[choice("s3:ObjectTagging:Delete")]
    Untagged,
}

/// What identifies a [`BucketNotification`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct NotificationOutputs {
    /// The bucket's name.
    pub id: String,
}

const TARGETS: &[(&str, &str)] =
    &[("lambda_function", "lambda_function_arn"), ("queue", "queue_arn"), ("topic", "topic_arn")];

/// Source: S3 user guide, event notifications.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let blocks: Vec<_> = TARGETS.iter().map(|(block, _)| *block).collect();
    if !blocks.iter().any(|name| rules.has(name)) && !rules.may_be_true("eventbridge") {
        rules.missing(&["eventbridge", "lambda_function", "queue", "topic"]);
    }
    let mut ids = BTreeSet::new();
    for block in blocks {
        let list = inputs.get(block).and_then(|value| value.as_list()).unwrap_or_default();
        for id in list.iter().filter_map(|item| item.as_map()?.get("id")?.as_str()) {
            if !ids.insert(id) {
                rules.refuse(block, format!("has an `id` that is given twice: `{id}`"));
            }
        }
    }
    for (block, arn) in TARGETS {
        rules.blocks(block, |target| {
            if target.text("id").is_some_and(|id| id.is_empty() || id.chars().count() > 255) {
                target.refuse("id", "must have 1 to 255 characters");
            }
            if *block != "lambda_function"
                && target.text(arn).is_some_and(|arn| arn.ends_with(".fifo"))
            {
                target.refuse(arn, "is FIFO, which S3 cannot tell");
            }
        });
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn somebody_is_told_and_nobody_twice_by_the_same_name() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let target = |id: &str, name: &str, arn: &str| {
            let entries = [("id".to_owned(), id.into()), (name.to_owned(), arn.into())];
            Value::List(vec![Value::Map(entries.into())])
        };
        assert_eq!(check(&[]), ["eventbridge"]);
        assert_eq!(check(&[("eventbridge", Value::Bool(true))]), [""; 0]);
        let queue = ("queue", target("a", "queue_arn", "arn:aws:sqs:us-west-2:1:a"));
        let topic = |id| ("topic", target(id, "topic_arn", "arn:aws:sns:us-west-2:1:a"));
        assert_eq!(check(&[queue.clone(), topic("b")]), [""; 0]);
        assert_eq!(check(&[queue, topic("a")]), ["topic"]);
        let ordered = ("queue", target("a", "queue_arn", "arn:aws:sqs:us-west-2:1:a.fifo"));
        assert_eq!(check(&[ordered]), ["queue[0].queue_arn"]);
    }
}
