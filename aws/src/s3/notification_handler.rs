//! The calls of [`notification`](super::notification), which stands apart because its definition is
//! long.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_s3::types as wire;
use infra_sdk::BlockSet;

use super::common::NO_BUCKET;
use super::notification::NotificationOutputs;
use super::{
    BucketEvent, BucketName, BucketNotification, FunctionNotification, QueueNotification,
    TopicNotification,
};
use crate::AnyArn;
use crate::frame::calls::{PROMPT, Patience};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// What S3 says when it may not tell somebody, also of a permission that was given a moment ago.
const NOT_ALLOWED: &str = "Unable to validate the following destination configurations";

impl Handler for BucketNotification {
    const CALLS: Calls = Calls {
        class: CreateClass::Relation,
        create: "s3:PutBucketNotificationConfiguration",
        operations: &[
            "s3:GetBucketNotificationConfiguration",
            "s3:PutBucketNotificationConfiguration",
        ],
        actions: &["s3:GetBucketNotification", "s3:PutBucketNotification"],
        gone: &[NO_BUCKET],
        not_yet: &[(NO_BUCKET, ""), ("InvalidArgument", NOT_ALLOWED)],
        patience: Patience {
            create: Duration::from_secs(60),
            update: Duration::from_secs(60),
            ..PROMPT
        },
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        put(aws, want.bucket.as_str(), to_wire(want)?).await?;
        Ok(want.bucket.to_string())
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        put(aws, id, to_wire(want)?).await
    }

    /// An empty configuration tells nobody. Source: S3 API Reference,
    /// PutBucketNotificationConfiguration.
    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        put(aws, id, wire::NotificationConfiguration::builder().build()).await
    }

    async fn find(_: &Aws, want: &Self) -> Result<Vec<String>> {
        Ok(vec![want.bucket.to_string()])
    }
}

async fn put(
    aws: &Aws,
    bucket: &str,
    configuration: wire::NotificationConfiguration,
) -> Result<()> {
    aws.call(|| {
        let call = aws.s3().put_bucket_notification_configuration().bucket(bucket);
        call.notification_configuration(configuration.clone()).send()
    })
    .await
    .map(drop)
}

async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<BucketNotification>>> {
    let answer = aws
        .call(|| aws.s3().get_bucket_notification_configuration().bucket(&item.id).send())
        .await?;
    let inputs = BucketNotification {
        bucket: BucketName::new(item.id.as_str()),
        eventbridge: answer.event_bridge_configuration.is_some(),
        lambda_function: blocks(answer.lambda_function_configurations, function_from_wire)?,
        queue: blocks(answer.queue_configurations, queue_from_wire)?,
        topic: blocks(answer.topic_configurations, topic_from_wire)?,
    };
    let tells = inputs.eventbridge
        || !inputs.lambda_function.0.is_empty()
        || !inputs.queue.0.is_empty()
        || !inputs.topic.0.is_empty();
    Ok(tells.then(|| Seen::new(inputs, NotificationOutputs { id: item.id })))
}

fn blocks<W, T>(wire: Option<Vec<W>>, read: fn(W) -> Result<T>) -> Result<BlockSet<T>> {
    Ok(BlockSet(wire.unwrap_or_default().into_iter().map(read).collect::<Result<_>>()?))
}

fn to_wire(want: &BucketNotification) -> Result<wire::NotificationConfiguration> {
    let functions = want.lambda_function.0.iter().map(|function| {
        wire::LambdaFunctionConfiguration::builder()
            .id(&function.id)
            .lambda_function_arn(function.lambda_function_arn.as_str())
            .set_events(Some(events(&function.events)))
            .set_filter(filter(&function.filter_prefix, &function.filter_suffix))
            .build()
            .map_err(incomplete)
    });
    let queues = want.queue.0.iter().map(|queue| {
        wire::QueueConfiguration::builder()
            .id(&queue.id)
            .queue_arn(queue.queue_arn.as_str())
            .set_events(Some(events(&queue.events)))
            .set_filter(filter(&queue.filter_prefix, &queue.filter_suffix))
            .build()
            .map_err(incomplete)
    });
    let topics = want.topic.0.iter().map(|topic| {
        wire::TopicConfiguration::builder()
            .id(&topic.id)
            .topic_arn(topic.topic_arn.as_str())
            .set_events(Some(events(&topic.events)))
            .set_filter(filter(&topic.filter_prefix, &topic.filter_suffix))
            .build()
            .map_err(incomplete)
    });
    let bridge = want.eventbridge.then(|| wire::EventBridgeConfiguration::builder().build());
    Ok(wire::NotificationConfiguration::builder()
        .set_lambda_function_configurations(Some(functions.collect::<Result<_>>()?))
        .set_queue_configurations(Some(queues.collect::<Result<_>>()?))
        .set_topic_configurations(Some(topics.collect::<Result<_>>()?))
        .set_event_bridge_configuration(bridge)
        .build())
}

fn events(events: &BTreeSet<BucketEvent>) -> Vec<wire::Event> {
    events.iter().map(|event| wire::Event::from(event.as_str())).collect()
}

fn filter(
    prefix: &Option<String>,
    suffix: &Option<String>,
) -> Option<wire::NotificationConfigurationFilter> {
    let rule = |name: wire::FilterRuleName, value: &String| {
        wire::FilterRule::builder().name(name).value(value).build()
    };
    let prefix = prefix.as_ref().map(|prefix| rule(wire::FilterRuleName::Prefix, prefix));
    let suffix = suffix.as_ref().map(|suffix| rule(wire::FilterRuleName::Suffix, suffix));
    let rules: Vec<_> = prefix.into_iter().chain(suffix).collect();
    let key =
        (!rules.is_empty()).then(|| wire::S3KeyFilter::builder().set_filter_rules(Some(rules)));
    let key = key.map(|key| key.build());
    key.map(|key| wire::NotificationConfigurationFilter::builder().key(key).build())
}

/// The value of a rule; S3 writes its name as `Prefix` although it takes `prefix`.
fn filtered(
    filter: Option<&wire::NotificationConfigurationFilter>,
    name: &wire::FilterRuleName,
) -> Option<String> {
    let rules = filter?.key()?.filter_rules();
    let is_it = |rule: &&wire::FilterRule| {
        rule.name().is_some_and(|found| found.as_str().eq_ignore_ascii_case(name.as_str()))
    };
    rules.iter().find(is_it)?.value.clone().filter(|value| !value.is_empty())
}

fn events_of(events: &[wire::Event]) -> Result<BTreeSet<BucketEvent>> {
    events.iter().map(|event| parsed(Some(event.as_str()), "Event")).collect()
}

fn function_from_wire(wire: wire::LambdaFunctionConfiguration) -> Result<FunctionNotification> {
    Ok(FunctionNotification {
        events: events_of(&wire.events)?,
        filter_prefix: filtered(wire.filter.as_ref(), &wire::FilterRuleName::Prefix),
        filter_suffix: filtered(wire.filter.as_ref(), &wire::FilterRuleName::Suffix),
        lambda_function_arn: AnyArn::new(wire.lambda_function_arn),
        id: wire.id.unwrap_or_default(),
    })
}

fn queue_from_wire(wire: wire::QueueConfiguration) -> Result<QueueNotification> {
    Ok(QueueNotification {
        events: events_of(&wire.events)?,
        filter_prefix: filtered(wire.filter.as_ref(), &wire::FilterRuleName::Prefix),
        filter_suffix: filtered(wire.filter.as_ref(), &wire::FilterRuleName::Suffix),
        queue_arn: AnyArn::new(wire.queue_arn),
        id: wire.id.unwrap_or_default(),
    })
}

fn topic_from_wire(wire: wire::TopicConfiguration) -> Result<TopicNotification> {
    Ok(TopicNotification {
        events: events_of(&wire.events)?,
        filter_prefix: filtered(wire.filter.as_ref(), &wire::FilterRuleName::Prefix),
        filter_suffix: filtered(wire.filter.as_ref(), &wire::FilterRuleName::Suffix),
        topic_arn: AnyArn::new(wire.topic_arn),
        id: wire.id.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::s3::{Bucket, BucketNotificationArguments};

    #[test]
    fn everyone_who_is_told_leads_back() {
        let events = BTreeSet::from([BucketEvent::Created, BucketEvent::Deleted]);
        let arn = |service: &str| AnyArn::new(format!("arn:aws:{service}:us-west-2:1:a"));
        let (prefix, suffix) = (Some("in/".to_owned()), Some(".csv".to_owned()));
        let want = BucketNotification {
            bucket: BucketName::new("a"),
            eventbridge: true,
            lambda_function: BlockSet(vec![FunctionNotification {
                id: "f".to_owned(),
                lambda_function_arn: arn("lambda"),
                events: events.clone(),
                filter_prefix: prefix.clone(),
                filter_suffix: suffix.clone(),
            }]),
            queue: BlockSet(vec![QueueNotification {
                id: "q".to_owned(),
                queue_arn: arn("sqs"),
                events: events.clone(),
                filter_prefix: prefix,
                filter_suffix: None,
            }]),
            topic: BlockSet(vec![TopicNotification {
                id: "t".to_owned(),
                topic_arn: arn("sns"),
                events,
                filter_prefix: None,
                filter_suffix: suffix,
            }]),
        };
        let sent = to_wire(&want).expect("it is whole");
        let (functions, queues) = (sent.lambda_function_configurations, sent.queue_configurations);
        let seen = BucketNotification {
            bucket: BucketName::new("a"),
            eventbridge: sent.event_bridge_configuration.is_some(),
            lambda_function: blocks(functions, function_from_wire).expect("they are read"),
            queue: blocks(queues, queue_from_wire).expect("they are read"),
            topic: blocks(sent.topic_configurations, topic_from_wire).expect("they are read"),
        };
        assert_eq!(seen, want);
    }

    #[test]
    fn names_of_filters_are_read_as_s3_writes_them() {
        let rule = wire::FilterRule::builder().name(wire::FilterRuleName::from("Prefix"));
        let key = wire::S3KeyFilter::builder().filter_rules(rule.value("in/").build()).build();
        let filter = wire::NotificationConfigurationFilter::builder().key(key).build();
        let prefix = filtered(Some(&filter), &wire::FilterRuleName::Prefix);
        assert_eq!(prefix.as_deref(), Some("in/"));
        assert_eq!(filtered(Some(&filter), &wire::FilterRuleName::Suffix), None);
    }

    fn told(
        stack: &mut Stack,
        name: &str,
        tell: fn(BucketNotificationArguments, AnyArn) -> BucketNotificationArguments,
    ) {
        let bucket = stack.add("bucket", Bucket::new(format!("{name}-told")));
        stack.add("other", Bucket::new(format!("{name}-other")));
        let function = AnyArn::new("arn:aws:lambda:us-west-2:123456789012:function:told");
        stack.add("it", tell(BucketNotification::new(bucket.id()), function));
    }

    conforms!(
        aws_s3_bucket_notification,
        Fixture {
            base: |stack, name| told(stack, name, |it, arn| {
                let images = FunctionNotification::new("images", arn, [BucketEvent::Created])
                    .filter_prefix("in/")
                    .filter_suffix(".png");
                it.eventbridge(true).lambda_function([images])
            }),
            update: Some(|stack, name| told(stack, name, |it, arn| {
                let events = [BucketEvent::Removed, BucketEvent::CreatedByPut];
                let first = FunctionNotification::new("images", arn.clone(), events);
                let events = [BucketEvent::CreatedByCopy];
                let second = FunctionNotification::new("copies", arn, events).filter_prefix("c/");
                it.lambda_function([first, second])
            })),
            replace: Some(|stack, name| {
                let other = stack.add("other", Bucket::new(format!("{name}-other")));
                stack.add("it", BucketNotification::new(other.id()).eventbridge(true));
            }),
            gaps: &[],
        }
    );
}
