//! Which queues may put their messages into a dead-letter queue.
//!
//! API: SetQueueAttributes, GetQueueAttributes.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Choice, Object, Outputs, Resource, Value};

use super::{Queue, QueueUrl};
use crate::rules::Rules;

/// Which queues may put their messages into a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_sqs_queue_redrive_allow_policy",
    outputs = QueueRedriveAllowPolicyOutputs,
    validate = validate
)]
pub struct QueueRedriveAllowPolicy {
    /// The dead-letter queue.
    #[field(force_new)]
    pub queue_url: QueueUrl,
    /// Which queues.
    pub redrive_allow_policy: RedriveAllowPolicy,
}

/// Which queues may put their messages there.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RedriveAllowPolicy {
    /// All, none, or those named here.
    pub redrive_permission: RedrivePermission,
    /// The queues, at most ten.
    pub source_queue_arns: BTreeSet<Arn<Queue>>,
}

/// Which queues may put their messages there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum RedrivePermission {
    /// All of the same account and region.
    #[choice("allowAll")]
    AllowAll,
    /// None.
    #[choice("denyAll")]
    DenyAll,
    /// Those that are named.
    #[choice("byQueue")]
    ByQueue,
}

/// What identifies a [`QueueRedriveAllowPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct QueueRedriveAllowPolicyOutputs {
    /// The queue's URL.
    pub id: QueueUrl,
}

/// Source: SQS API Reference, SetQueueAttributes.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.blocks("redrive_allow_policy", |rules| {
        let Some(permission) = rules.text("redrive_permission") else { return };
        let because = format!("with the permission `{permission}`");
        if permission == RedrivePermission::ByQueue.as_str() {
            rules.required(&["source_queue_arns"], &because);
        } else {
            rules.without(&["source_queue_arns"], &because);
        }
    });
    let policy = inputs.get("redrive_allow_policy").and_then(Value::as_map);
    let queues = policy.and_then(|policy| policy.get("source_queue_arns"));
    let count = queues.and_then(Value::as_list).map_or(0, <[Value]>::len);
    if count > 10 {
        let message = format!("must be at most 10, not {count}");
        rules.refuse("redrive_allow_policy.source_queue_arns", message);
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use serde_json::{Map, Value as Data, json};

    use super::*;
    use crate::prelude::*;
    use crate::sqs::common::{GONE, NOT_YET, policy, set_policy, with_policy};

    const OPERATIONS: &[&str] = &["sqs:GetQueueAttributes", "sqs:SetQueueAttributes"];
    const POLICY: &str = "RedriveAllowPolicy";

    impl Handler for QueueRedriveAllowPolicy {
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
            set_policy(aws, url, POLICY, text(&want.redrive_allow_policy)).await?;
            Ok(url.to_owned())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move {
                let url = QueueUrl::new(&item.id);
                let Some(text) = policy(aws, &item.id, POLICY).await? else { return Ok(None) };
                let redrive_allow_policy = parse(&text)?;
                let inputs = Self { queue_url: url.clone(), redrive_allow_policy };
                Ok(Some(Seen::new(inputs, QueueRedriveAllowPolicyOutputs { id: url })))
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            set_policy(aws, id, POLICY, text(&want.redrive_allow_policy)).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            set_policy(aws, id, POLICY, String::new()).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            with_policy(aws, want.queue_url.as_str(), POLICY).await
        }
    }

    fn text(policy: &RedriveAllowPolicy) -> String {
        let mut text = Map::new();
        text.insert("redrivePermission".to_owned(), policy.redrive_permission.as_str().into());
        if !policy.source_queue_arns.is_empty() {
            let arns: Vec<_> = policy.source_queue_arns.iter().map(Arn::as_str).collect();
            text.insert("sourceQueueArns".to_owned(), json!(arns));
        }
        Data::Object(text).to_string()
    }

    fn parse(text: &str) -> Result<RedriveAllowPolicy> {
        let policy: Data = serde_json::from_str(text).unwrap_or_default();
        let permission = policy.get("redrivePermission").and_then(Data::as_str);
        let arns = policy.get("sourceQueueArns").and_then(Data::as_array);
        let arns = arns.into_iter().flatten().filter_map(Data::as_str).map(Arn::new);
        Ok(RedriveAllowPolicy {
            redrive_permission: parsed(permission, "redrivePermission")?,
            source_queue_arns: arns.collect(),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_written_is_read() {
            let arn = Arn::new("arn:aws:sqs:us-west-2:123456789012:jobs");
            let named = RedriveAllowPolicy {
                redrive_permission: RedrivePermission::ByQueue,
                source_queue_arns: [arn].into(),
            };
            assert_eq!(parse(&text(&named)).ok(), Some(named));
            let none = RedriveAllowPolicy {
                redrive_permission: RedrivePermission::DenyAll,
                source_queue_arns: BTreeSet::new(),
            };
            assert_eq!(text(&none), r#"{"redrivePermission":"denyAll"}"#);
            assert!(parse("{}").is_err());
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn queues_are_named_where_only_those_may() {
        let check = |permission: &str, queues: usize| -> Vec<String> {
            let queues = (0..queues).map(|n| Value::from(format!("arn:{n}").as_str())).collect();
            let policy = Object::from([
                ("redrive_permission".to_owned(), permission.into()),
                ("source_queue_arns".to_owned(), Value::List(queues)),
            ]);
            let inputs = Object::from([("redrive_allow_policy".to_owned(), Value::Map(policy))]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        let place = ["redrive_allow_policy.source_queue_arns"];
        assert_eq!(check("byQueue", 10), [""; 0]);
        assert_eq!(check("byQueue", 0), place);
        assert_eq!(check("byQueue", 11), place);
        assert_eq!(check("denyAll", 0), [""; 0]);
        assert_eq!(check("allowAll", 1), place);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::sqs::QueueHandle;

    fn queues(stack: &mut Stack, name: &str) -> [QueueHandle; 2] {
        let dead = stack.add("dead", Queue::new().name(format!("{name}-allowed")));
        [dead, stack.add("jobs", Queue::new().name(format!("{name}-source")))]
    }

    conforms!(
        aws_sqs_queue_redrive_allow_policy,
        Fixture {
            base: |stack, name| {
                let [dead, jobs] = queues(stack, name);
                let policy = RedriveAllowPolicy::new(RedrivePermission::ByQueue);
                let policy = policy.source_queue_arns([jobs.arn()]);
                stack.add("it", QueueRedriveAllowPolicy::new(dead.id(), policy));
            },
            update: Some(|stack, name| {
                let [dead, _] = queues(stack, name);
                let policy = RedriveAllowPolicy::new(RedrivePermission::DenyAll);
                stack.add("it", QueueRedriveAllowPolicy::new(dead.id(), policy));
            }),
            replace: Some(|stack, name| {
                let [_, jobs] = queues(stack, name);
                let policy = RedriveAllowPolicy::new(RedrivePermission::AllowAll);
                stack.add("it", QueueRedriveAllowPolicy::new(jobs.id(), policy));
            }),
            gaps: &[],
        }
    );
}
