//! The fixture of [`trail`](super::trail).

use infra_sdk::{Arn, Stack};

use super::*;
use crate::AnyArn;
use crate::conformance::{Fixture, conforms};
use crate::s3::Bucket;

fn declare(
    stack: &mut Stack,
    name: &str,
    trail: impl FnOnce(TrailArguments) -> TrailArguments,
) -> TrailHandle {
    let bucket = stack.add("bucket", Bucket::new(format!("{name}-trail")));
    stack.add("it", trail(Trail::new(format!("{name}-trail"), bucket.id())))
}

conforms!(
    aws_cloudtrail,
    Fixture {
        base: |stack, name| {
            let group = "arn:aws:logs:us-west-2:123456789012:log-group:trail";
            let objects = ["arn:aws:s3:::one/", "arn:aws:s3:::two/"];
            let data = DataResource::new(DataResourceType::S3Object, objects);
            let selector = EventSelector::new()
                .exclude_management_event_sources(["kms.amazonaws.com"])
                .data_resource([data]);
            declare(stack, name, |trail| {
                trail
                    .s3_key_prefix("audit")
                    .cloud_watch_logs_group_arn(AnyArn::new(group))
                    .cloud_watch_logs_role_arn(Arn::new("arn:aws:iam::123456789012:role/t"))
                    .enable_log_file_validation(true)
                    .is_multi_region_trail(true)
                    .kms_key_id(Arn::new("arn:aws:kms:us-west-2:123456789012:key/1"))
                    .event_selector([selector])
                    .tag("Name", name)
            });
        },
        update: Some(|stack, name| {
            let selector = EventSelector::new().read_write_type(ReadWriteType::WriteOnly);
            declare(stack, name, |trail| {
                trail
                    .enable_logging(false)
                    .include_global_service_events(false)
                    .event_selector([selector])
                    .insight_selector([
                        InsightSelector::new(InsightType::ApiErrorRate),
                        InsightSelector::new(InsightType::ApiCallRate),
                    ])
                    .tag("Name", "other")
            });
        }),
        replace: Some(|stack, name| {
            let bucket = stack.add("bucket", Bucket::new(format!("{name}-trail")));
            let field = FieldSelector::new("eventCategory").equals(["Data"]);
            let kind = FieldSelector::new("resources.type").equals(["AWS::S3::Object"]);
            let selector = AdvancedEventSelector::new([field, kind]).name("objects");
            let trail = Trail::new(format!("{name}-other"), bucket.id());
            stack.add("it", trail.advanced_event_selector([selector]));
        }),
        gaps: &[],
    }
);
