//! A component that stacks share: a queue of work that loses nothing.
//!
//! What nobody could handle goes to a second queue, and an alarm is raised while something is in it.
//! Start reading at [`WorkQueue`]. A stack says `WorkQueue::new("invoices").declare(stack)`; settings
//! of its environment come from [`WorkQueueSettings`], which it puts among its own.

use std::collections::BTreeMap;

use infra_aws::cloudwatch::{
    ComparisonOperator, MetricAlarm, MetricAlarmHandle, MissingData, Statistic,
};
use infra_aws::iam::{PolicyDocument, Statement};
use infra_aws::sqs::{Queue, QueueHandle, QueueRedrivePolicy, RedrivePolicy};
use infra_sdk::prelude::*;

/// Messages of a queue nobody asks for are kept this long: as long as SQS can.
const KEPT_AFTER_FAILURE: Seconds = Seconds(1_209_600);

/// What differs between environments.
#[derive(Debug, Clone, Settings)]
pub struct WorkQueueSettings {
    /// Seconds that a worker has for a message before another one gets it.
    #[setting(default = Seconds(60))]
    pub work_time: Seconds,
    /// How often a message is tried.
    #[setting(default = 5, range = 1..=1000)]
    pub attempts: u32,
}

/// A queue of work, before it is declared.
#[derive(Debug, Clone)]
pub struct WorkQueue {
    name: String,
    settings: WorkQueueSettings,
}

/// Handles of a queue of work.
#[derive(Debug, Clone)]
pub struct DeclaredQueue {
    /// Where work is put, and taken from.
    pub queue: QueueHandle,
    /// Where work ends that nobody could do.
    pub failed: QueueHandle,
    /// Raised while there is some.
    pub alarm: MetricAlarmHandle,
}

impl WorkQueue {
    /// A queue with the settings of an environment. Addresses of what it declares begin with the name.
    #[must_use]
    pub fn new(name: impl Into<String>, settings: &WorkQueueSettings) -> Self {
        Self { name: name.into(), settings: settings.clone() }
    }

    /// Declares the queue in a scope of its own, so that a stack can have several.
    pub fn declare(self, stack: &mut Stack) -> DeclaredQueue {
        let Self { name, settings } = self;
        stack.scope(&name, |stack| {
            // Two stacks, or two environments, may have queues of one name.
            let full = format!("{name}-{}", stack.env().name());
            let failed = Queue::new()
                .name(format!("{full}-failed"))
                .message_retention_seconds(KEPT_AFTER_FAILURE)
                .sqs_managed_sse_enabled(true);
            let failed = stack.add("failed", failed);
            let queue = Queue::new()
                .name(full.as_str())
                .visibility_timeout_seconds(settings.work_time)
                .receive_wait_time_seconds(Seconds(20))
                .sqs_managed_sse_enabled(true);
            let queue = stack.add("queue", queue);
            let give_up = RedrivePolicy::new(failed.arn(), settings.attempts);
            stack.add("give-up", QueueRedrivePolicy::new(queue.url(), give_up));
            let alarm = MetricAlarm::new(
                format!("{full}-failed"),
                ComparisonOperator::GreaterThanThreshold,
                1_u32,
            );
            let alarm = alarm
                .namespace("AWS/SQS")
                .metric_name("ApproximateNumberOfMessagesVisible")
                .dimensions(BTreeMap::from([("QueueName", failed.name())]))
                .statistic(Statistic::Maximum)
                .period(300_u32)
                .threshold(0.0)
                .treat_missing_data(MissingData::NotBreaching)
                .alarm_description(format!("work of {name} could not be done"));
            let alarm = stack.add("alarm", alarm);
            DeclaredQueue { queue, failed, alarm }
        })
    }
}

impl DeclaredQueue {
    /// What a role needs that puts work in.
    #[must_use]
    pub fn to_send(&self) -> PolicyDocument {
        let send = Statement::allow().action("sqs:SendMessage").resource(self.queue.arn());
        PolicyDocument::new().statement(send)
    }

    /// What a role needs that does the work.
    #[must_use]
    pub fn to_work(&self) -> PolicyDocument {
        let work = Statement::allow()
            .actions([
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ])
            .resource(self.queue.arn());
        PolicyDocument::new().statement(work)
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::Environment;
    use infra_sdk::checks::{PlanView, preview};

    use super::*;

    /// The plan of two queues, without a cloud.
    fn plan() -> PlanView {
        let environment =
            Environment { name: "test".into(), region: "us-west-2".into(), protected: false };
        preview(environment, &[&Queue::SCHEMA, &QueueRedrivePolicy::SCHEMA], |stack| {
            for name in ["invoices", "letters"] {
                let settings = WorkQueueSettings { work_time: Seconds(60), attempts: 5 };
                WorkQueue::new(name, &settings).declare(stack);
            }
        })
    }

    #[test]
    fn each_queue_gives_up_and_only_it() {
        let plan = plan();
        let mut gives_up = Vec::new();
        for queue in plan.resources::<Queue>() {
            let policies = plan.attached::<QueueRedrivePolicy, _, _>(&queue, |p| p.queue_url());
            gives_up.push((queue.address.to_string(), policies.len()));
        }
        gives_up.sort();
        let expected = [
            ("invoices.failed".to_owned(), 0),
            ("invoices.queue".to_owned(), 1),
            ("letters.failed".to_owned(), 0),
            ("letters.queue".to_owned(), 1),
        ];
        assert_eq!(gives_up, expected);
    }

    #[test]
    fn messages_are_encrypted() {
        for queue in plan().resources::<Queue>() {
            assert!(
                queue.get(|queue| queue.sqs_managed_sse_enabled()).is_on(),
                "{}",
                queue.address
            );
        }
    }
}
