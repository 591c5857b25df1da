//! The AWS calls of [`Topic`].

use std::collections::HashMap;

use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{Arn, FieldType as _, Object, ResourceType, Tags};

use super::common::{GONE, NO_PRINCIPAL_YET, attributes, list_tags, set, wire_tags};
use super::topic::{Topic, TopicOutputs};
use crate::frame::attributes::{Attribute, from_wire, to_wire};
use crate::frame::handler::inputs;
use crate::frame::names::prefix_of;
use crate::frame::tags::is_ours;
use crate::prelude::*;
use crate::rules::FIFO;

const OPERATIONS: &[&str] = &[
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:GetTopicAttributes",
    "sns:ListTagsForResource",
    "sns:SetTopicAttributes",
    "sns:TagResource",
    "sns:UntagResource",
];
/// The operations, and the right to hand roles over. Source: SNS developer guide, message delivery
/// status.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);

const IN_ORDER: &str = "fifo";
const STANDARD: &str = "standard";
const ALL: &[&str] = &[IN_ORDER, STANDARD];
const ONLY_FIFO: &[&str] = &[IN_ORDER];

const fn attribute(input: &'static str, key: &'static str) -> Attribute {
    Attribute { input, key, of: ALL }
}

const fn of_fifo(input: &'static str, key: &'static str) -> Attribute {
    Attribute { input, key, of: ONLY_FIFO }
}

/// What CreateTopic takes. Source: SNS API Reference, CreateTopic.
const CREATED: &[Attribute] = &[
    attribute("display_name", "DisplayName"),
    attribute("policy", "Policy"),
    attribute("delivery_policy", "DeliveryPolicy"),
    attribute("kms_master_key_id", "KmsMasterKeyId"),
    attribute("signature_version", "SignatureVersion"),
    attribute("tracing_config", "TracingConfig"),
    // A standard topic is made by saying nothing.
    of_fifo("fifo_topic", "FifoTopic"),
    of_fifo("fifo_throughput_scope", "FifoThroughputScope"),
    of_fifo("content_based_deduplication", "ContentBasedDeduplication"),
    of_fifo("archive_policy", "ArchivePolicy"),
];

macro_rules! feedback {
    ($(($input:literal, $key:literal)),* $(,)?) => {
        /// What is set afterwards. Source: SNS API Reference, SetTopicAttributes.
        const FEEDBACK: &[Attribute] = &[$(
            attribute(
                concat!($input, "_success_feedback_role_arn"),
                concat!($key, "SuccessFeedbackRoleArn"),
            ),
            attribute(
                concat!($input, "_success_feedback_sample_rate"),
                concat!($key, "SuccessFeedbackSampleRate"),
            ),
            attribute(
                concat!($input, "_failure_feedback_role_arn"),
                concat!($key, "FailureFeedbackRoleArn"),
            ),
        )*];

        const AFTER_CREATE: &[&str] = &[$(
            concat!($input, "_failure_feedback_role_arn"),
            concat!($input, "_success_feedback_role_arn"),
            concat!($input, "_success_feedback_sample_rate"),
        )*];
    };
}

feedback![
    ("application", "Application"),
    ("firehose", "Firehose"),
    ("http", "HTTP"),
    ("lambda", "Lambda"),
    ("sqs", "SQS"),
];

/// An archive policy that keeps nothing. Source: SNS developer guide, message archiving.
const NOTHING: &str = "{}";

impl Handler for Topic {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        create: "sns:CreateTopic",
        operations: OPERATIONS,
        actions: ACTIONS,
        after_create: AFTER_CREATE,
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        gone: GONE,
        not_yet: &[NO_PRINCIPAL_YET, ("ConcurrentAccess", ""), ("StaleTag", "")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let name = name(want)?;
        // SNS takes the create of a topic that is there for a question after its ARN.
        if let Some(seen) = at(aws, &name).await?
            && !is_ours(&want.tags.0, &seen.inputs.tags.0)
        {
            let message = format!("there is a topic `{name}` already");
            return Err(Failure::new(FailureClass::Exists, message));
        }
        let pairs = to_wire(CREATED, kind(want), &want.to_object(), |_| true).into_iter();
        let pairs: HashMap<_, _> = pairs.filter(|(_, value)| !value.is_empty()).collect();
        let tags = wire_tags(&want.tags.0)?;
        let answer = aws
            .call(|| {
                aws.sns()
                    .create_topic()
                    .name(&name)
                    .set_attributes(Some(pairs.clone()))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        answer.topic_arn.ok_or_else(|| missing("TopicArn"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |item| async move { see(aws, &item.id).await.map(Some) }).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let object = want.to_object();
        for table in [CREATED, FEEDBACK] {
            for (key, value) in to_wire(table, kind(want), &object, |name| changed.has(name)) {
                let value =
                    if key == "ArchivePolicy" && value.is_empty() { NOTHING } else { &value };
                set(aws, id, &key, value).await?;
            }
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        if was.archive_policy.is_some() {
            // What is kept keeps the topic. Source: SNS developer guide, message archiving.
            set(aws, id, "ArchivePolicy", NOTHING).await?;
        }
        aws.call(|| aws.sns().delete_topic().topic_arn(id).send()).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let seen = at(aws, &name(want)?).await?;
        let ours = seen.filter(|seen| is_ours(&want.tags.0, &seen.inputs.tags.0));
        Ok(ours.map(|seen| seen.outputs.id.as_str().to_owned()).into_iter().collect())
    }

    async fn candidate(aws: &Aws, name: &str, want: &Object) -> Result<Option<String>> {
        let fifo = want.get("fifo_topic").and_then(|value| value.as_bool()) == Some(true);
        let suffix = if fifo && !name.ends_with(FIFO) { FIFO } else { "" };
        let seen = at(aws, &format!("{name}{suffix}")).await?;
        Ok(seen.map(|seen| seen.outputs.id.as_str().to_owned()))
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        if !change.remove.is_empty() {
            aws.call(|| {
                let call = aws.sns().untag_resource().resource_arn(id);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        let tags = wire_tags(&change.set)?;
        if tags.is_empty() {
            return Ok(());
        }
        aws.call(|| aws.sns().tag_resource().resource_arn(id).set_tags(Some(tags.clone())).send())
            .await
            .map(drop)
    }
}

fn kind(want: &Topic) -> &'static str {
    if want.fifo_topic { IN_ORDER } else { STANDARD }
}

/// The name of a topic; one that was made for a FIFO topic still lacks its end.
fn name(want: &Topic) -> Result<String> {
    let name = want.name.clone().ok_or_else(|| missing("name"))?;
    let made = want.fifo_topic && !name.ends_with(FIFO);
    Ok(if made { format!("{name}{FIFO}") } else { name })
}

/// The topic of a name, if there is one.
async fn at(aws: &Aws, name: &str) -> Result<Option<Seen<Topic>>> {
    let arn: Arn<Topic> = aws.arn("sns", &aws.account().await?.id, name);
    absent(see(aws, arn.as_str()).await.map(Some), GONE)
}

async fn see(aws: &Aws, arn: &str) -> Result<Seen<Topic>> {
    let mut seen = attributes(aws, arn).await?;
    let tags: Tags = list_tags(aws, arn).await?;
    if seen.get("ArchivePolicy").is_some_and(|policy| policy == NOTHING) {
        seen.remove("ArchivePolicy");
    }
    let name = arn.rsplit(':').next().unwrap_or(arn);
    let mut object = Object::from([("name".to_owned(), name.into())]);
    if let Some(prefix) = prefix_of(name.strip_suffix(FIFO).unwrap_or(name)) {
        object.insert("name_prefix".to_owned(), prefix.as_str().into());
    }
    object.insert("tags".to_owned(), tags.to_value());
    for table in [CREATED, FEEDBACK] {
        from_wire(table, &<Topic as ResourceType>::SCHEMA, &seen, &mut object);
    }
    let outputs = TopicOutputs {
        id: Arn::new(arn),
        arn: Arn::new(arn),
        owner: seen.remove("Owner").ok_or_else(|| missing("Owner"))?,
        beginning_archive_time: seen.remove("BeginningArchiveTime"),
    };
    Ok(Seen::new(inputs(&object)?, outputs))
}
