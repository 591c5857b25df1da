//! How long operations usually take: what tells how long a run will.

use std::time::Duration;

use infra_sdk::store::Operation;

use crate::frame::calls::PROMPT;

/// A type whose operations may take minutes: creating, updating, deleting.
type Slow = (&'static str, [u64; 3]);

/// In minutes, sorted by type: what a small one is known to take. AWS promises no times; they vary
/// with size, engine and day, and a run that takes longer is none the worse for it.
const SLOW: &[Slow] = &[
    ("aws_acm_certificate_validation", [3, 0, 0]),
    ("aws_db_event_subscription", [1, 1, 1]),
    ("aws_db_instance", [8, 5, 6]),
    ("aws_dynamodb_table", [0, 0, 0]),
    ("aws_ecs_cluster", [0, 0, 0]),
    ("aws_eks_addon", [2, 2, 1]),
    ("aws_eks_cluster", [11, 12, 3]),
    ("aws_eks_fargate_profile", [2, 0, 2]),
    ("aws_eks_node_group", [3, 5, 5]),
    ("aws_elasticache_replication_group", [9, 10, 5]),
    ("aws_instance", [1, 1, 1]),
    ("aws_lambda_function", [0, 0, 0]),
    ("aws_lb", [3, 1, 1]),
    ("aws_nat_gateway", [2, 1, 1]),
    ("aws_rds_cluster", [2, 2, 2]),
    ("aws_rds_cluster_instance", [8, 5, 6]),
    ("aws_route53_record", [1, 1, 1]),
    ("aws_security_group", [0, 0, 0]),
    ("aws_vpc_endpoint", [1, 1, 1]),
];

/// What takes less than a minute.
const QUICK: Duration = Duration::from_secs(3);

/// How long an operation usually takes, readiness included; `None` for one that may take long, as
/// `patience` says, and of which nothing is known.
pub(crate) fn usual_time(
    type_name: &str,
    operation: Operation,
    patience: Duration,
) -> Option<Duration> {
    let Ok(index) = SLOW.binary_search_by_key(&type_name, |(name, _)| name) else {
        return (patience <= PROMPT.create).then_some(QUICK);
    };
    let [create, update, delete] = SLOW[index].1;
    let minutes = match operation {
        Operation::Create => create,
        Operation::Update => update,
        Operation::Delete => delete,
    };
    Some(Duration::from_secs(60 * minutes).max(QUICK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::provider::handler;

    #[test]
    fn slow_types_are_sorted_and_known() {
        assert!(SLOW.is_sorted_by_key(|(name, _)| *name));
        for (name, _) in SLOW {
            assert!(handler(name).is_some(), "{name}");
        }
        let create = |name: &str, patience: u64| {
            usual_time(name, Operation::Create, Duration::from_secs(patience))
        };
        assert_eq!(create("aws_eks_cluster", 2400), Some(Duration::from_secs(660)));
        assert_eq!(create("aws_sns_topic", 300), Some(QUICK));
        assert_eq!(create("aws_ecs_service", 1200), None, "as long as its tasks take");
    }
}
