//! The bucket that a system's load balancer and its other buckets write access logs to.

use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
use infra_aws::s3::{BucketHandle, Expiration, LifecycleRule, LifecycleRuleArguments};
use infra_sdk::prelude::*;

use super::bucket::{self, BucketArguments, PrivateBucket};

/// Beginning of the keys of load balancers' logs.
pub(crate) const BALANCER_PREFIX: &str = "alb";

/// Beginning of the keys of buckets' access logs.
pub(crate) const BUCKET_PREFIX: &str = "s3";

/// What the bucket is made from.
pub(crate) struct LogBucketArguments<'a> {
    /// Its name in AWS.
    pub(crate) bucket: String,
    /// The account whose logs it takes.
    pub(crate) account: &'a str,
    /// What happens to logs, such as [`expire`].
    pub(crate) lifecycle: LifecycleRuleArguments,
    /// Delete it with everything in it.
    pub(crate) force_destroy: bool,
}

/// Removes what is older than so many days.
pub(crate) fn expire(days: i32) -> LifecycleRuleArguments {
    LifecycleRule::new("expire").expiration(Expiration::new().days(days))
}

/// Declares the bucket `logs`.
pub(crate) fn declare(stack: &mut Stack, arguments: LogBucketArguments<'_>) -> PrivateBucket {
    declare_with(stack, arguments, |_, policy| policy)
}

/// As [`declare`], where others write to it too.
pub(crate) fn declare_with(
    stack: &mut Stack,
    arguments: LogBucketArguments<'_>,
    extend: impl FnOnce(&BucketHandle, PolicyDocument) -> PolicyDocument,
) -> PrivateBucket {
    let LogBucketArguments { bucket, account, lifecycle, force_destroy } = arguments;
    let arguments = BucketArguments {
        name: "logs",
        bucket,
        // Load balancers write access logs to buckets with S3's own key only. Source: ELB user
        // guide, access logs for your Application Load Balancer.
        key: None,
        lifecycle,
        policy: PolicyDocument::new(),
        force_destroy,
    };
    bucket::declare_with(stack, arguments, |logs, policy| {
        extend(logs, delivery(logs, policy, account))
    })
}

/// Load balancers and S3 itself deliver logs here, of this account only. Sources: ELB user guide,
/// enable access logs; S3 user guide, permissions for log delivery.
fn delivery(bucket: &BucketHandle, policy: PolicyDocument, account: &str) -> PolicyDocument {
    let write = |sid: &str, service: &str, prefix: &str| {
        Statement::allow()
            .sid(sid)
            .principal(Principal::service(service))
            .action("s3:PutObject")
            .resource(text!(bucket.arn(), "/", prefix, "/*"))
            .condition(Operator::StringEquals, "aws:SourceAccount", account)
    };
    let balancers = "logdelivery.elasticloadbalancing.amazonaws.com";
    policy.statement(write("LoadBalancerLogs", balancers, BALANCER_PREFIX)).statement(write(
        "AccessLogs",
        "logging.s3.amazonaws.com",
        BUCKET_PREFIX,
    ))
}
