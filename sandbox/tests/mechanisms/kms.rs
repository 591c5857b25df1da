//! KMS: replicas of keys.

use serde_json::{Value, json};

use super::calls::json;
use super::support::Caller;

pub(super) async fn a_replica_is_as_its_call_said(aws: &Caller) {
    let there = aws.in_region("us-east-1");
    let kms = async |caller: &Caller, operation: &str, body: Value| {
        json(caller, "kms", &format!("TrentService.{operation}"), body).await.1
    };
    let primary = json!({ "MultiRegion": true, "Description": "primary" });
    let primary = kms(aws, "CreateKey", primary).await;
    let id = primary["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let tags = json!([{ "TagKey": "a", "TagValue": "b" }]);
    let replica =
        json!({ "KeyId": id, "ReplicaRegion": "us-east-1", "Policy": policy, "Tags": tags });
    kms(aws, "ReplicateKey", replica).await;
    let key = json!({ "KeyId": id });
    let seen = kms(&there, "DescribeKey", key.clone()).await;
    assert_eq!(seen["KeyMetadata"]["Description"], "");
    assert_eq!(kms(&there, "ListResourceTags", key.clone()).await["Tags"], tags);
    let named = json!({ "KeyId": id, "PolicyName": "default" });
    assert_eq!(kms(&there, "GetKeyPolicy", named.clone()).await["Policy"], policy);
    assert_ne!(kms(aws, "GetKeyPolicy", named).await["Policy"], policy);
    assert_eq!(kms(aws, "DescribeKey", key).await["KeyMetadata"]["Description"], "primary");
}
