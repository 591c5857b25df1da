//! What all S3 types share.

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
