//! A queue: messages that wait until somebody has handled them. What keeps their order is a FIFO queue,
//! whose name ends with `.fifo`.
//!
//! Changes may take a minute to reach all of SQS, and so long a name cannot be used again.
//!
//! API: CreateQueue, GetQueueUrl, GetQueueAttributes, SetQueueAttributes, ListQueueTags, TagQueue,
//! UntagQueue, DeleteQueue.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Seconds, Tags};

use super::QueueUrl;
use crate::kms::KeyName;
use crate::rules::{NameRule, Rules};

/// Messages that wait until somebody has handled them. Policies are
/// [`QueuePolicy`](super::QueuePolicy), [`QueueRedrivePolicy`](super::QueueRedrivePolicy) and
/// [`QueueRedriveAllowPolicy`](super::QueueRedriveAllowPolicy).
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_sqs_queue", outputs = QueueOutputs, stateful, validate = validate)]
pub struct Queue {
    /// Name, unique in the region, at most 80 characters; with `.fifo` at the end for a FIFO queue.
    /// Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// How long new messages stay hidden.
    #[field(default = Seconds(0), range = 0..=900)]
    pub delay_seconds: Seconds,
    /// How many bytes a message may have: 1,048,576 by default.
    #[field(computed, range = 1024..=1_048_576)]
    pub max_message_size: Option<u32>,
    /// How long messages are kept: four days by default, fourteen at most.
    #[field(default = Seconds(345_600), range = 60..=1_209_600)]
    pub message_retention_seconds: Seconds,
    /// How long a question after messages waits for one.
    #[field(default = Seconds(0), range = 0..=20)]
    pub receive_wait_time_seconds: Seconds,
    /// How long a message is hidden from others once somebody has it.
    #[field(default = Seconds(30), range = 0..=43_200)]
    pub visibility_timeout_seconds: Seconds,
    /// Whether messages are encrypted with a key that SQS has. It is on by default for a new queue
    /// without `kms_master_key_id`.
    #[field(computed)]
    pub sqs_managed_sse_enabled: Option<bool>,
    /// Key that encrypts messages. Services that send to the queue must be allowed to use it, which
    /// `alias/aws/sqs` does not.
    pub kms_master_key_id: Option<KeyName>,
    /// How long a data key is used again before KMS is asked for another one.
    #[field(computed, range = 60..=86_400)]
    pub kms_data_key_reuse_period_seconds: Option<Seconds>,
    /// Whether messages keep their order and come once.
    #[field(force_new, default = false)]
    pub fifo_queue: bool,
    /// Whether messages of a FIFO queue with the same content are the same.
    #[field(default = false)]
    pub content_based_deduplication: bool,
    /// Among which messages of a FIFO queue the same ones are looked for.
    #[field(computed)]
    pub deduplication_scope: Option<DeduplicationScope>,
    /// What the limit of messages a second of a FIFO queue is for.
    #[field(computed)]
    pub fifo_throughput_limit: Option<FifoThroughputLimit>,
    /// Tags.
    pub tags: Tags,
}

/// Among which messages the same ones are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum DeduplicationScope {
    /// All messages of a queue.
    #[choice("queue")]
    Queue,
    /// Those of the same group.
    #[choice("messageGroup")]
    MessageGroup,
}

/// What the limit of messages a second is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FifoThroughputLimit {
    /// The whole queue.
    #[choice("perQueue")]
    PerQueue,
    /// Each group of messages, for much more of them.
    #[choice("perMessageGroupId")]
    PerMessageGroupId,
}

/// What AWS assigns to a [`Queue`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct QueueOutputs {
    /// The queue's URL.
    pub id: QueueUrl,
    /// The queue's URL.
    pub url: QueueUrl,
    /// The queue's ARN.
    pub arn: Arn<Queue>,
}

/// Source: SQS API Reference, CreateQueue.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 80,
    allows: |c| c.is_ascii_alphanumeric() || "_-".contains(c),
    characters: "letters, digits, `_` and `-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.fifo_names(&NAMES, "fifo_queue");
    if !rules.may_be_true("fifo_queue") {
        rules.without(&["deduplication_scope", "fifo_throughput_limit"], "without `fifo_queue`");
        if rules.is_true("content_based_deduplication") {
            rules.refuse("content_based_deduplication", "cannot be given without `fifo_queue`");
        }
    }
    let groups =
        rules.text("deduplication_scope") == Some(DeduplicationScope::MessageGroup.as_str());
    let by_group = FifoThroughputLimit::PerMessageGroupId.as_str();
    if rules.text("fifo_throughput_limit") == Some(by_group) && !groups {
        let because =
            format!("cannot be `{by_group}` without `deduplication_scope` `messageGroup`");
        rules.refuse("fifo_throughput_limit", because);
    }
    if rules.is_true("sqs_managed_sse_enabled") {
        rules.without(&["kms_master_key_id"], "with `sqs_managed_sse_enabled`");
    }
    if !rules.has("kms_master_key_id") {
        rules.without(&["kms_data_key_reuse_period_seconds"], "without `kms_master_key_id`");
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn fifo_queues_and_keys_have_arguments_of_their_own() {
        let check = |given: &[(&str, Value)]| -> Vec<String> {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let yes = Value::Bool(true);
        let fifo = ("fifo_queue", yes.clone());
        let (content, limit) = ("content_based_deduplication", "fifo_throughput_limit");
        assert_eq!(check(&[("name", "jobs".into())]), [""; 0]);
        assert_eq!(check(&[("name", "jobs.fifo".into()), fifo.clone()]), [""; 0]);
        assert_eq!(check(&[("name", "jobs".into()), fifo.clone()]), ["name"]);
        assert_eq!(check(&[(content, yes.clone())]), [content]);
        assert_eq!(check(&[(limit, "perQueue".into())]), [limit]);
        let by_group = [fifo, (limit, "perMessageGroupId".into())];
        assert_eq!(check(&by_group), [limit]);
        let scope = [("deduplication_scope", "messageGroup".into())];
        assert_eq!(check(&[&by_group[..], &scope[..]].concat()), [""; 0]);
        let key = ("kms_master_key_id", Value::from("alias/aws/sqs"));
        let reuse = ("kms_data_key_reuse_period_seconds", Value::Int(300));
        assert_eq!(check(&[key.clone(), reuse.clone()]), [""; 0]);
        assert_eq!(check(&[reuse]), ["kms_data_key_reuse_period_seconds"]);
        assert_eq!(check(&[key, ("sqs_managed_sse_enabled", yes)]), ["kms_master_key_id"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_sqs_queue,
        Fixture {
            base: |stack, name| {
                let it = Queue::new().name(format!("{name}-jobs")).delay_seconds(Seconds(5));
                let it = it.max_message_size(2048_u32).visibility_timeout_seconds(Seconds(60));
                let it = it.kms_master_key_id("alias/aws/sqs");
                let it = it.kms_data_key_reuse_period_seconds(Seconds(600));
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let it = Queue::new().name(format!("{name}-jobs"));
                let it = it.message_retention_seconds(Seconds(86_400));
                let it = it.receive_wait_time_seconds(Seconds(20)).sqs_managed_sse_enabled(true);
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let it = Queue::new().name_prefix(format!("{name}-")).fifo_queue(true);
                let it = it.deduplication_scope(DeduplicationScope::MessageGroup);
                let it = it.fifo_throughput_limit(FifoThroughputLimit::PerMessageGroupId);
                stack.add("it", it.content_based_deduplication(true));
            }),
            gaps: &[],
        }
    );
}
