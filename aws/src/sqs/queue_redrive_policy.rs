//! Where a queue puts messages that nobody could handle: a dead-letter queue.
//!
//! API: SetQueueAttributes, GetQueueAttributes.

use infra_sdk::{Arn, Block, Outputs, Resource};

use super::{Queue, QueueUrl};

/// Where a queue puts messages that nobody could handle.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_sqs_queue_redrive_policy", outputs = QueueRedrivePolicyOutputs)]
pub struct QueueRedrivePolicy {
    /// The queue.
    #[field(force_new)]
    pub queue_url: QueueUrl,
    /// Where to, and when.
    pub redrive_policy: RedrivePolicy,
}

/// Where messages go that nobody could handle, and when.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RedrivePolicy {
    /// The dead-letter queue, of the same account and region; a FIFO queue's is one too.
    pub dead_letter_target_arn: Arn<Queue>,
    /// How often a message is handed out before it is put there.
    #[field(range = 1..=1000)]
    pub max_receive_count: u32,
}

/// What identifies a [`QueueRedrivePolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct QueueRedrivePolicyOutputs {
    /// The queue's URL.
    pub id: QueueUrl,
}

#[cfg(feature = "provider")]
mod handler {
    use serde_json::{Value as Data, json};

    use super::*;
    use crate::prelude::*;
    use crate::sqs::common::{GONE, NOT_YET, policy, set_policy, with_policy};

    const OPERATIONS: &[&str] = &["sqs:GetQueueAttributes", "sqs:SetQueueAttributes"];
    const POLICY: &str = "RedrivePolicy";

    impl Handler for QueueRedrivePolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "sqs:SetQueueAttributes",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: NOT_YET,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let url = want.queue_url.as_str();
            set_policy(aws, url, POLICY, text(&want.redrive_policy)).await?;
            Ok(url.to_owned())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move {
                let url = QueueUrl::new(&item.id);
                let Some(text) = policy(aws, &item.id, POLICY).await? else { return Ok(None) };
                let redrive_policy = parse(&text).ok_or_else(|| missing(POLICY))?;
                let inputs = Self { queue_url: url.clone(), redrive_policy };
                Ok(Some(Seen::new(inputs, QueueRedrivePolicyOutputs { id: url })))
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            set_policy(aws, id, POLICY, text(&want.redrive_policy)).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            set_policy(aws, id, POLICY, String::new()).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            with_policy(aws, want.queue_url.as_str(), POLICY).await
        }
    }

    fn text(policy: &RedrivePolicy) -> String {
        let text = json!({
            "deadLetterTargetArn": policy.dead_letter_target_arn.as_str(),
            "maxReceiveCount": policy.max_receive_count,
        });
        text.to_string()
    }

    /// The number may stand as a text.
    fn parse(text: &str) -> Option<RedrivePolicy> {
        let policy: Data = serde_json::from_str(text).ok()?;
        let count = match policy.get("maxReceiveCount")? {
            Data::String(text) => text.parse().ok()?,
            number => u32::try_from(number.as_u64()?).ok()?,
        };
        let arn = policy.get("deadLetterTargetArn")?.as_str()?;
        Some(RedrivePolicy { dead_letter_target_arn: Arn::new(arn), max_receive_count: count })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_written_is_read_as_number_or_as_text() {
            let arn = "arn:aws:sqs:us-west-2:123456789012:dead";
            let policy =
                RedrivePolicy { dead_letter_target_arn: Arn::new(arn), max_receive_count: 5 };
            assert_eq!(parse(&text(&policy)), Some(policy.clone()));
            let old = format!(r#"{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "5"}}"#);
            assert_eq!(parse(&old), Some(policy));
            assert_eq!(parse("{}"), None);
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn redrive(stack: &mut Stack, name: &str, of: &str, times: u32) {
        let one = stack.add("one", Queue::new().name(format!("{name}-redrive")));
        let other = stack.add("other", Queue::new().name(format!("{name}-redrive-too")));
        let dead = stack.add("dead", Queue::new().name(format!("{name}-dead")));
        let queue = if of == "one" { one } else { other };
        let policy = RedrivePolicy::new(dead.arn(), times);
        stack.add("it", QueueRedrivePolicy::new(queue.id(), policy));
    }

    conforms!(
        aws_sqs_queue_redrive_policy,
        Fixture {
            base: |stack, name| redrive(stack, name, "one", 3),
            update: Some(|stack, name| redrive(stack, name, "one", 10)),
            replace: Some(|stack, name| redrive(stack, name, "other", 10)),
            gaps: &[],
        }
    );
}
