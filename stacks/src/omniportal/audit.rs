//! The trail: who called what of AWS, in every region, and who read or wrote a document.

use infra_aws::cloudtrail::{DataResource, DataResourceType, EventSelector, Trail};
use infra_aws::iam::{Operator, PolicyDocument, Principal, RolePolicy, Statement};
use infra_aws::kms::KeyHandle;
use infra_aws::s3::BucketHandle;
use infra_sdk::prelude::*;

use super::storage::Storage;
use crate::components::log_group::{self, Keeping};
use crate::components::role;

/// The service that records.
const CLOUD_TRAIL: &str = "cloudtrail.amazonaws.com";

/// Beginning of the keys of its logs.
const PREFIX: &str = "cloudtrail";

pub(super) fn declare(
    stack: &mut Stack,
    name: &str,
    key: &KeyHandle,
    storage: &Storage,
    logs: Keeping<'_>,
) {
    let path = format!("/omniportal/{}/trail", stack.env().name());
    let group = log_group::declare(stack, "trail-log", path, logs);
    let role = role::service(stack, name, "trail-delivery", CLOUD_TRAIL, &[]);
    // Source: CloudTrail user guide, role policy for CloudWatch Logs.
    let write = Statement::allow()
        .actions(["logs:CreateLogStream", "logs:PutLogEvents"])
        .resource(text!(group.arn(), ":log-stream:*"));
    let write = RolePolicy::new(role.name(), PolicyDocument::new().statement(write));
    let write = stack.add("trail-rights", write);
    let documents =
        DataResource::new(DataResourceType::S3Object, [text!(storage.documents.bucket.arn(), "/")]);
    let trail = Trail::new(name, storage.logs.bucket.id())
        .s3_key_prefix(PREFIX)
        .is_multi_region_trail(true)
        .enable_log_file_validation(true)
        .kms_key_id(key.arn())
        .cloud_watch_logs_group_arn(text!(group.arn(), ":*"))
        .cloud_watch_logs_role_arn(role.arn())
        .event_selector([EventSelector::new().data_resource([documents])])
        // It tries to write when it is made.
        .depends_on(&storage.logs.policy)
        .depends_on(&write);
    stack.add("trail", trail);
}

/// The trail's ARN, which policies name before there is a trail.
pub(super) fn trail_arn(stack: &Stack, name: &str, account: &str) -> String {
    format!("arn:aws:cloudtrail:{}:{account}:trail/{name}", stack.region())
}

/// The trail may write to the bucket. Source: CloudTrail user guide, Amazon S3 bucket policy.
pub(super) fn delivery(
    bucket: &BucketHandle,
    policy: PolicyDocument,
    account: &str,
    trail: &str,
) -> PolicyDocument {
    let check = Statement::allow()
        .sid("TrailCheck")
        .principal(Principal::service(CLOUD_TRAIL))
        .action("s3:GetBucketAcl")
        .resource(bucket.arn())
        .condition(Operator::StringEquals, "aws:SourceArn", trail);
    let write = Statement::allow()
        .sid("TrailWrite")
        .principal(Principal::service(CLOUD_TRAIL))
        .action("s3:PutObject")
        .resource(text!(bucket.arn(), "/", PREFIX, "/AWSLogs/", account, "/*"))
        .condition(Operator::StringEquals, "aws:SourceArn", trail)
        .condition(Operator::StringEquals, "s3:x-amz-acl", "bucket-owner-full-control");
    policy.statement(check).statement(write)
}

/// The trail may encrypt with the key. Source: CloudTrail user guide, AWS KMS key policies.
pub(super) fn key_policy(trail: &str) -> PolicyDocument {
    let trail_only = |statement: Statement| {
        statement.principal(Principal::service(CLOUD_TRAIL)).resource("*").condition(
            Operator::StringEquals,
            "aws:SourceArn",
            trail,
        )
    };
    PolicyDocument::new()
        .statement(
            trail_only(Statement::allow().sid("TrailEncrypt").action("kms:GenerateDataKey*"))
                .condition(
                    Operator::StringEquals,
                    "kms:EncryptionContext:aws:cloudtrail:arn",
                    trail,
                ),
        )
        .statement(trail_only(Statement::allow().sid("TrailDescribe").action("kms:DescribeKey")))
}
