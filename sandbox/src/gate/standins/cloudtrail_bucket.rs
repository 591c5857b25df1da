//! The bucket of a trail: moto's CloudTrail looks for it in its own S3, and buckets are ministack's.
//!
//! Before a trail is made, a bucket that is there gets a namesake in moto, which nobody sees.
//!
//! API: CreateTrail, UpdateTrail (`S3BucketDoesNotExistException`).

use hyper::Method;

use super::Desk;
use crate::gate::route::Emulator;
use crate::gate::upstream::UpstreamError;

/// Makes the namesake.
pub(super) async fn prepare(desk: &Desk<'_>) -> Result<(), UpstreamError> {
    let bucket = desk.text("S3BucketName");
    if !matches!(desk.call.operation.as_str(), "CreateTrail" | "UpdateTrail") || bucket.is_empty() {
        return Ok(());
    }
    let there = desk.bucket(Emulator::Ministack, Method::HEAD, bucket).await?;
    if there.status.is_success() {
        // One that is there already does as well.
        desk.bucket(Emulator::Moto, Method::PUT, bucket).await?;
    }
    Ok(())
}
