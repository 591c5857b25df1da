//! CloudTrail: trails and their buckets.

use hyper::Method;
use serde_json::json;

use super::calls::json;
use super::support::Caller;

pub(super) async fn a_trail_finds_its_bucket(aws: &Caller) {
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    let trail = json!({ "Name": "trail", "S3BucketName": "trail-bucket" });
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CreateTrail";
    let (_, refused) = json(aws, "cloudtrail", target, trail.clone()).await;
    assert_eq!(refused["__type"], "S3BucketDoesNotExistException");
    aws.send(Method::PUT, "/trail-bucket", "s3", &[], place.to_owned()).await.unwrap();
    assert_eq!(json(aws, "cloudtrail", target, trail.clone()).await.0, 200);
    let (_, twice) = json(aws, "cloudtrail", target, trail).await;
    assert_eq!(twice["__type"], "TrailAlreadyExistsException");
}
