//! Topics and queues.

use infra_sdk::checks::{Rule, Severity};

use crate::sns::Topic;
use crate::sqs::Queue;

/// Messages wait on disks; alarms and events tell much about what they are of.
pub(super) fn topic_encryption() -> Rule {
    Rule::new(
        "baseline::topic-encryption",
        Severity::Medium,
        "topics encrypt messages",
        |plan, report| {
            for topic in plan.resources::<Topic>() {
                if topic.get(|t| t.kms_master_key_id()).is_absent() {
                    report
                        .finding(&topic, "does not encrypt messages")
                        .hint("name a key with `kms_master_key_id`, and let publishers use it");
                }
            }
        },
    )
    .sources(&["AWS Security Hub SNS.1"])
}

/// SQS encrypts by itself what is sent to new queues, unless that is switched off.
pub(super) fn queue_encryption() -> Rule {
    Rule::new(
        "baseline::queue-encryption",
        Severity::Medium,
        "queues encrypt messages",
        |plan, report| {
            for queue in plan.resources::<Queue>() {
                let off = queue.get(|q| q.sqs_managed_sse_enabled()).is_known_and(|on| !on);
                if off && queue.get(|q| q.kms_master_key_id()).is_absent() {
                    report
                        .finding(&queue, "does not encrypt messages")
                        .hint("leave `sqs_managed_sse_enabled` out, or name a key");
                }
            }
        },
    )
    .sources(&["AWS Security Hub SQS.1"])
}

/// A key of one's own has a policy and an audit trail.
pub(super) fn hipaa_keys() -> Rule {
    Rule::new(
        "hipaa::message-keys",
        Severity::Medium,
        "topics and queues are encrypted with keys of KMS",
        |plan, report| {
            let hint = "name a key with `kms_master_key_id`, and let senders use it";
            for topic in plan.resources::<Topic>() {
                if topic.get(|t| t.kms_master_key_id()).is_absent() {
                    report.finding(&topic, "has no key").hint(hint);
                }
            }
            for queue in plan.resources::<Queue>() {
                if queue.get(|q| q.kms_master_key_id()).is_absent() {
                    report.finding(&queue, "has no key").hint(hint);
                }
            }
        },
    )
    .sources(&["HIPAA 164.312(a)(2)(iv)"])
}

#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::checks::testing::broken;
    use crate::kms::Key;

    fn with_key(stack: &mut Stack) {
        let key = stack.add("key", Key::new());
        stack.add("topic", Topic::new().kms_master_key_id(key.id()));
        stack.add("queue", Queue::new().kms_master_key_id(key.id()));
    }

    fn bare(stack: &mut Stack) {
        stack.add("topic", Topic::new());
        stack.add("queue", Queue::new());
    }

    #[test]
    fn messages_are_encrypted() {
        for rule in [topic_encryption(), queue_encryption(), hipaa_keys()] {
            assert_eq!(broken(&rule, with_key), [""; 0]);
        }
        assert_eq!(broken(&topic_encryption(), bare), ["topic"]);
        assert_eq!(broken(&hipaa_keys(), bare), ["topic", "queue"]);
        assert_eq!(broken(&queue_encryption(), bare), [""; 0], "SQS encrypts by itself");
        let off = |stack: &mut Stack| {
            stack.add("queue", Queue::new().sqs_managed_sse_enabled(false));
        };
        assert_eq!(broken(&queue_encryption(), off), ["queue"]);
    }
}
