//! Who may use a queue. Compared by what it says.
//!
//! API: SetQueueAttributes, GetQueueAttributes.

use infra_sdk::{Outputs, Resource};

use super::QueueUrl;
use crate::iam::PolicyJson;

/// Who may use a queue.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_sqs_queue_policy", outputs = QueuePolicyOutputs)]
pub struct QueuePolicy {
    /// The queue.
    #[field(force_new)]
    pub queue_url: QueueUrl,
    /// The policy.
    pub policy: PolicyJson,
}

/// What identifies a [`QueuePolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct QueuePolicyOutputs {
    /// The queue's URL.
    pub id: QueueUrl,
}

#[cfg(feature = "provider")]
mod handler {
    use super::*;
    use crate::prelude::*;
    use crate::sqs::common::{GONE, NOT_YET, policy, set_policy, with_policy};

    const OPERATIONS: &[&str] = &["sqs:GetQueueAttributes", "sqs:SetQueueAttributes"];
    const POLICY: &str = "Policy";

    impl Handler for QueuePolicy {
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
            set_policy(aws, url, POLICY, want.policy.as_str().to_owned()).await?;
            Ok(url.to_owned())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move {
                let url = QueueUrl::new(&item.id);
                let Some(policy) = policy(aws, &item.id, POLICY).await? else { return Ok(None) };
                let policy = PolicyJson::new(policy);
                let inputs = Self { queue_url: url.clone(), policy };
                Ok(Some(Seen::new(inputs, QueuePolicyOutputs { id: url })))
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            set_policy(aws, id, POLICY, want.policy.as_str().to_owned()).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            set_policy(aws, id, POLICY, String::new()).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            with_policy(aws, want.queue_url.as_str(), POLICY).await
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{PolicyDocument, Principal, Statement};
    use crate::sqs::Queue;

    fn policy(stack: &mut Stack, name: &str, of: &str, service: &str) {
        let one = stack.add("one", Queue::new().name(format!("{name}-shared")));
        let other = stack.add("other", Queue::new().name(format!("{name}-shared-too")));
        let queue = if of == "one" { one } else { other };
        let statement = Statement::allow().principal(Principal::service(service));
        let statement = statement.action("sqs:SendMessage").resource(queue.arn());
        stack.add("it", QueuePolicy::new(queue.id(), PolicyDocument::new().statement(statement)));
    }

    conforms!(
        aws_sqs_queue_policy,
        Fixture {
            base: |stack, name| policy(stack, name, "one", "sns.amazonaws.com"),
            update: Some(|stack, name| policy(stack, name, "one", "events.amazonaws.com")),
            replace: Some(|stack, name| policy(stack, name, "other", "events.amazonaws.com")),
            gaps: &[],
        }
    );
}
