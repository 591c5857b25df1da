//! What all S3 types share.

use infra_sdk::Arn;
use infra_sdk::types::partition_of;

use super::Bucket;

/// The ARN of a bucket.
pub(super) fn arn_of(bucket: &str, region: &str) -> Arn<Bucket> {
    Arn::new(format!("arn:{}:s3:::{bucket}", partition_of(region)))
}

/// Host names of a bucket: the one without its region and the one with it.
pub(super) fn host_names(bucket: &str, region: &str) -> (String, String) {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    (format!("{bucket}.s3.{suffix}"), format!("{bucket}.s3.{region}.{suffix}"))
}

/// Codes of a bucket that is not there. Source: S3 API Reference, error responses.
pub(super) const NO_BUCKET: &str = "NoSuchBucket";

/// The account that must own the bucket, for the id that Terraform gives to what is set on one:
/// `bucket` or `bucket,owner`.
pub(super) fn split_id(id: &str) -> (&str, Option<&str>) {
    id.split_once(',').map_or((id, None), |(bucket, owner)| (bucket, Some(owner)))
}

/// The id of what is set on a bucket.
pub(super) fn join_id(bucket: &str, owner: Option<&str>) -> String {
    owner.map_or_else(|| bucket.to_owned(), |owner| format!("{bucket},{owner}"))
}
