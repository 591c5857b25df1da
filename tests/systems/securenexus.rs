//! securenexus: what is changed, and what a plan then shows.

use crate::scenario::{Change, Drift, Scenario};

pub(crate) fn scenario(environment: &'static str) -> Scenario {
    Scenario {
        stack: "securenexus",
        environment,
        regions: &["us-east-1"],
        protected: environment == "production",
        change: Change {
            variables: &[
                "database.instance_class=db.r6g.xlarge",
                "cluster.node_max_size=20",
                "log_retention=14",
                "alarm_error_percent=7",
                "edge.waf_rate_limit=1500",
            ],
            expected: &[
                ("aws_cloudwatch_log_group", "update"),
                ("aws_cloudwatch_metric_alarm", "update"),
                ("aws_db_instance", "update"),
                ("aws_eks_node_group", "update"),
                ("aws_wafv2_web_acl", "update"),
            ],
        },
        drift: Drift {
            what: "versioning",
            address: "storage.uploads-versioning",
            attribute: "versioning_configuration",
        },
    }
}
