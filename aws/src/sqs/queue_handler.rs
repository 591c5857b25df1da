//! The AWS calls of [`Queue`].

use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{Arn, FieldType as _, Object, ResourceType, Tags};

use super::QueueUrl;
use super::common::{GONE, attributes, set, wire};
use super::queue::{Queue, QueueOutputs};
use crate::frame::attributes::{Attribute, from_wire, to_wire};
use crate::frame::handler::inputs;
use crate::frame::names::prefix_of;
use crate::frame::tags::is_ours;
use crate::prelude::*;
use crate::rules::FIFO;

const OPERATIONS: &[&str] = &[
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
    "sqs:SetQueueAttributes",
    "sqs:TagQueue",
    "sqs:UntagQueue",
];

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

/// Source: SQS API Reference, CreateQueue.
const ATTRIBUTES: &[Attribute] = &[
    attribute("delay_seconds", "DelaySeconds"),
    attribute("max_message_size", "MaximumMessageSize"),
    attribute("message_retention_seconds", "MessageRetentionPeriod"),
    attribute("receive_wait_time_seconds", "ReceiveMessageWaitTimeSeconds"),
    attribute("visibility_timeout_seconds", "VisibilityTimeout"),
    attribute("sqs_managed_sse_enabled", "SqsManagedSseEnabled"),
    attribute("kms_master_key_id", "KmsMasterKeyId"),
    attribute("kms_data_key_reuse_period_seconds", "KmsDataKeyReusePeriodSeconds"),
    // A standard queue is made by saying nothing.
    of_fifo("fifo_queue", "FifoQueue"),
    of_fifo("content_based_deduplication", "ContentBasedDeduplication"),
    of_fifo("deduplication_scope", "DeduplicationScope"),
    of_fifo("fifo_throughput_limit", "FifoThroughputLimit"),
];

impl Handler for Queue {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        create: "sqs:CreateQueue",
        operations: OPERATIONS,
        actions: OPERATIONS,
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        gone: GONE,
        // For a minute after it was deleted. Source: SQS API Reference, CreateQueue.
        not_yet: &[
            ("AWS.SimpleQueueService.QueueDeletedRecently", ""),
            ("QueueDeletedRecently", ""),
        ],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let name = name(want)?;
        // SQS takes the create of a queue that is there for a question after its URL.
        if let Some(seen) = at(aws, &name).await?
            && !is_ours(&want.tags.0, &seen.inputs.tags.0)
        {
            let message = format!("there is a queue `{name}` already");
            return Err(Failure::new(FailureClass::Exists, message));
        }
        let pairs = to_wire(ATTRIBUTES, kind(want), &want.to_object(), |_| true).into_iter();
        let pairs = wire(pairs.filter(|(_, value)| !value.is_empty()));
        let answer = aws
            .call(|| {
                aws.sqs()
                    .create_queue()
                    .queue_name(&name)
                    .set_attributes(Some(pairs.clone()))
                    .set_tags(Some(want.tags.0.clone().into_iter().collect()))
                    .send()
            })
            .await?;
        answer.queue_url.ok_or_else(|| missing("QueueUrl"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, GONE, |item| async move { see(aws, &item.id).await.map(Some) }).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        let object = want.to_object();
        set(aws, id, to_wire(ATTRIBUTES, kind(want), &object, |name| changed.has(name))).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.sqs().delete_queue().queue_url(id).send()).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let seen = at(aws, &name(want)?).await?;
        let ours = seen.filter(|seen| is_ours(&want.tags.0, &seen.inputs.tags.0));
        Ok(ours.map(|seen| seen.outputs.id.to_string()).into_iter().collect())
    }

    async fn candidate(aws: &Aws, name: &str, want: &Object) -> Result<Option<String>> {
        let fifo = want.get("fifo_queue").and_then(|value| value.as_bool()) == Some(true);
        let suffix = if fifo && !name.ends_with(FIFO) { FIFO } else { "" };
        let seen = at(aws, &format!("{name}{suffix}")).await?;
        Ok(seen.map(|seen| seen.outputs.id.as_str().to_owned()))
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        if !change.remove.is_empty() {
            aws.call(|| {
                let call = aws.sqs().untag_queue().queue_url(id);
                call.set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        if change.set.is_empty() {
            return Ok(());
        }
        aws.call(|| {
            let call = aws.sqs().tag_queue().queue_url(id);
            call.set_tags(Some(change.set.clone().into_iter().collect())).send()
        })
        .await
        .map(drop)
    }
}

fn kind(want: &Queue) -> &'static str {
    if want.fifo_queue { IN_ORDER } else { STANDARD }
}

/// The name of a queue; one that was made for a FIFO queue still lacks its end.
fn name(want: &Queue) -> Result<String> {
    let name = want.name.clone().ok_or_else(|| missing("name"))?;
    let made = want.fifo_queue && !name.ends_with(FIFO);
    Ok(if made { format!("{name}{FIFO}") } else { name })
}

/// The queue of a name, if there is one.
async fn at(aws: &Aws, name: &str) -> Result<Option<Seen<Queue>>> {
    let answer = aws.call(|| aws.sqs().get_queue_url().queue_name(name).send()).await;
    let url = absent(answer.map(|answer| answer.queue_url), GONE)?;
    let Some(url) = url else { return Ok(None) };
    absent(see(aws, &url).await.map(Some), GONE)
}

async fn see(aws: &Aws, url: &str) -> Result<Seen<Queue>> {
    let mut seen = attributes(aws, url).await?;
    let answer = aws.call(|| aws.sqs().list_queue_tags().queue_url(url).send()).await?;
    let tags = Tags(answer.tags.unwrap_or_default().into_iter().collect());
    let arn = seen.remove("QueueArn").ok_or_else(|| missing("QueueArn"))?;
    let name = arn.rsplit(':').next().unwrap_or(&arn);
    let mut object = Object::from([("name".to_owned(), name.into())]);
    if let Some(prefix) = prefix_of(name.strip_suffix(FIFO).unwrap_or(name)) {
        object.insert("name_prefix".to_owned(), prefix.as_str().into());
    }
    object.insert("tags".to_owned(), tags.to_value());
    from_wire(ATTRIBUTES, &<Queue as ResourceType>::SCHEMA, &seen, &mut object);
    let outputs =
        QueueOutputs { id: QueueUrl::new(url), url: QueueUrl::new(url), arn: Arn::new(&arn) };
    Ok(Seen::new(inputs(&object)?, outputs))
}
