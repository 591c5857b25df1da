//! omniportal: what is changed, and what a plan then shows.

use crate::scenario::{Change, Drift, Scenario};

pub(crate) fn scenario(environment: &'static str) -> Scenario {
    Scenario {
        stack: "omniportal",
        environment,
        regions: &["us-east-1", "us-west-2"],
        protected: environment == "production",
        change: Change {
            variables: &[
                "image_tag=v1.2.3",
                "database.instance_class=db.r6g.2xlarge",
                "log_retention=3653",
                "alarms.error_percent=7",
                "edge.waf_rate_limit=1500",
            ],
            expected: &[
                ("aws_cloudwatch_log_group", "update"),
                ("aws_cloudwatch_metric_alarm", "update"),
                ("aws_db_instance", "update"),
                ("aws_ecs_service", "update"),
                ("aws_ecs_task_definition", "replace"),
                ("aws_s3_bucket_lifecycle_configuration", "update"),
                ("aws_wafv2_web_acl", "update"),
            ],
        },
        drift: Drift {
            what: "backups",
            address: "data.database.instance",
            attribute: "backup_retention_period",
        },
    }
}
