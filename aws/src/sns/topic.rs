//! A topic: messages that all who are subscribed get. What is sent in order is a FIFO topic, whose
//! name ends with `.fifo`.
//!
//! API: CreateTopic, GetTopicAttributes, SetTopicAttributes, ListTagsForResource, TagResource,
//! UntagResource, DeleteTopic.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Json, Object, Outputs, Resource, Tags};

use super::DeliveryPolicyJson;
use crate::iam::{PolicyJson, Role};
use crate::kms::KeyName;
use crate::rules::{NameRule, Rules, wrong_length};

/// Messages that all who are subscribed get.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_sns_topic", outputs = TopicOutputs, validate = validate)]
pub struct Topic {
    /// Name, unique in the region, at most 256 characters; with `.fifo` at the end for a FIFO topic.
    /// Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Name that SMS and e-mails show, at most 100 characters.
    pub display_name: Option<String>,
    /// Who may do what with the topic. Left out, what there is stays; not together with a
    /// `TopicPolicy`.
    #[field(computed)]
    pub policy: Option<PolicyJson>,
    /// How deliveries to HTTP and HTTPS are tried again.
    pub delivery_policy: Option<DeliveryPolicyJson>,
    /// Key that encrypts messages. Alarms of CloudWatch can only send to a topic with a key whose
    /// policy lets them use it, which `alias/aws/sns` does not.
    pub kms_master_key_id: Option<KeyName>,
    /// Hash of signatures: 1 for SHA1, 2 for SHA256.
    #[field(computed, range = 1..=2)]
    pub signature_version: Option<u32>,
    /// Whether deliveries are traced by X-Ray.
    #[field(computed)]
    pub tracing_config: Option<TracingMode>,
    /// Whether messages keep their order and come once.
    #[field(force_new, default = false)]
    pub fifo_topic: bool,
    /// What shares the throughput of a FIFO topic.
    #[field(computed)]
    pub fifo_throughput_scope: Option<FifoThroughputScope>,
    /// Whether messages of a FIFO topic with the same content are the same.
    #[field(default = false)]
    pub content_based_deduplication: bool,
    /// How long a FIFO topic keeps its messages: `{"MessageRetentionPeriod": 30}`, in days.
    pub archive_policy: Option<Json>,
    /// Role that logs deliveries to applications.
    pub application_success_feedback_role_arn: Option<Arn<Role>>,
    /// Share of these that is logged, in percent.
    #[field(computed, range = 0..=100)]
    pub application_success_feedback_sample_rate: Option<u32>,
    /// Role that logs failed deliveries to applications.
    pub application_failure_feedback_role_arn: Option<Arn<Role>>,
    /// Role that logs deliveries to Firehose.
    pub firehose_success_feedback_role_arn: Option<Arn<Role>>,
    /// Share of these that is logged, in percent.
    #[field(computed, range = 0..=100)]
    pub firehose_success_feedback_sample_rate: Option<u32>,
    /// Role that logs failed deliveries to Firehose.
    pub firehose_failure_feedback_role_arn: Option<Arn<Role>>,
    /// Role that logs deliveries to HTTP and HTTPS.
    pub http_success_feedback_role_arn: Option<Arn<Role>>,
    /// Share of these that is logged, in percent.
    #[field(computed, range = 0..=100)]
    pub http_success_feedback_sample_rate: Option<u32>,
    /// Role that logs failed deliveries to HTTP and HTTPS.
    pub http_failure_feedback_role_arn: Option<Arn<Role>>,
    /// Role that logs deliveries to functions.
    pub lambda_success_feedback_role_arn: Option<Arn<Role>>,
    /// Share of these that is logged, in percent.
    #[field(computed, range = 0..=100)]
    pub lambda_success_feedback_sample_rate: Option<u32>,
    /// Role that logs failed deliveries to functions.
    pub lambda_failure_feedback_role_arn: Option<Arn<Role>>,
    /// Role that logs deliveries to queues.
    pub sqs_success_feedback_role_arn: Option<Arn<Role>>,
    /// Share of these that is logged, in percent.
    #[field(computed, range = 0..=100)]
    pub sqs_success_feedback_sample_rate: Option<u32>,
    /// Role that logs failed deliveries to queues.
    pub sqs_failure_feedback_role_arn: Option<Arn<Role>>,
    /// Tags.
    pub tags: Tags,
}

/// Whether deliveries are traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TracingMode {
    /// As the sender of a message says.
    #[choice("PassThrough")]
    PassThrough,
    /// Always.
    #[choice("Active")]
    Active,
}

/// What shares the throughput of a FIFO topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum FifoThroughputScope {
    /// The whole topic.
    #[choice("Topic")]
    Topic,
    /// Each group of messages.
    #[choice("MessageGroup")]
    MessageGroup,
}

/// What AWS assigns to a [`Topic`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct TopicOutputs {
    /// The topic's ARN.
    pub id: Arn<Topic>,
    /// The topic's ARN.
    pub arn: Arn<Topic>,
    /// The account that the topic is of.
    pub owner: String,
    /// Since when messages are kept.
    pub beginning_archive_time: Option<String>,
}

/// Source: SNS API Reference, CreateTopic.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 256,
    allows: |c| c.is_ascii_alphanumeric() || "_-".contains(c),
    characters: "letters, digits, `_` and `-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.fifo_names(&NAMES, "fifo_topic");
    if let Some(wrong) = rules.text("display_name").and_then(|name| wrong_length(name, 1, 100)) {
        rules.refuse("display_name", wrong);
    }
    if !rules.may_be_true("fifo_topic") {
        rules.without(&["archive_policy", "fifo_throughput_scope"], "without `fifo_topic`");
        if rules.is_true("content_based_deduplication") {
            rules.refuse("content_based_deduplication", "cannot be given without `fifo_topic`");
        }
    }
    rules.finish()
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn fifo_topics_are_named_so_and_have_arguments_of_their_own() {
        let check = |given: &[(&str, Value)]| -> Vec<String> {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let name = |name: &str| ("name", Value::from(name));
        let (fifo, content) = ("fifo_topic", "content_based_deduplication");
        let (yes, unknown) = (Value::Bool(true), Value::Unknown);
        assert_eq!(check(&[name("alarms")]), [""; 0]);
        assert_eq!(check(&[name("alarms.fifo"), (fifo, yes.clone())]), [""; 0]);
        assert_eq!(check(&[name("alarms.fifo"), (fifo, unknown)]), [""; 0]);
        assert_eq!(check(&[name("alarms.fifo")]), ["name"]);
        assert_eq!(check(&[name("alarms"), (fifo, yes.clone())]), ["name"]);
        assert_eq!(check(&[name("a b")]), ["name"]);
        assert_eq!(check(&[name("a"), ("name_prefix", "b".into())]), ["name_prefix"]);
        assert_eq!(check(&[(content, yes.clone())]), [content]);
        assert_eq!(check(&[(content, yes.clone()), (fifo, yes)]), [""; 0]);
        assert_eq!(check(&[("archive_policy", "{}".into())]), ["archive_policy"]);
        assert_eq!(check(&[("display_name", "x".repeat(101).as_str().into())]), ["display_name"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::fixtures::trust;
    use crate::kms::Key;

    fn topic(stack: &mut infra_sdk::Stack, name: &str) -> TopicArguments {
        let role = Role::new(trust("sns.amazonaws.com")).name(format!("{name}-feedback"));
        let role = stack.add("role", role);
        let topic = Topic::new().name(format!("{name}-alarms"));
        topic.sqs_failure_feedback_role_arn(role.arn())
    }

    fn retry(times: u32) -> Json {
        let retry =
            format!(r#"{{"minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": {times}}}"#);
        Json(format!(r#"{{"http": {{"defaultHealthyRetryPolicy": {retry}}}}}"#))
    }

    conforms!(
        aws_sns_topic,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new());
                let it = topic(stack, name).kms_master_key_id(key.id()).display_name("Alarms");
                stack.add("it", it.delivery_policy(retry(3)).tag("Name", name));
            },
            update: Some(|stack, name| {
                stack.add("key", Key::new());
                let it = topic(stack, name).signature_version(2_u32).delivery_policy(retry(5));
                let it =
                    it.kms_master_key_id("alias/aws/sns").sqs_success_feedback_sample_rate(50_u32);
                stack.add("it", it.tracing_config(TracingMode::Active).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let it = Topic::new().name_prefix(format!("{name}-")).fifo_topic(true);
                stack.add("it", it.content_based_deduplication(true));
            }),
            gaps: &[],
        }
    );
}
