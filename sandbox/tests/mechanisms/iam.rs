//! IAM: policies and users.

use super::support::{Caller, text};

pub(super) async fn a_user_has_no_credentials_for_single_services(aws: &Caller) {
    let list = "ListServiceSpecificCredentials";
    let (code, answer) = aws.query("iam", "2010-05-08", list, &[]).await.unwrap();
    assert_eq!(code, 200, "{answer}");
    assert!(answer.contains("ListServiceSpecificCredentialsResult"), "{answer}");
    assert!(!answer.contains("<member>"), "{answer}");
}

pub(super) async fn a_policy_is_held_by_its_group(aws: &Caller) {
    let iam = async |action: &str, with: &[(&str, &str)]| {
        aws.query("iam", "2010-05-08", action, with).await.unwrap()
    };
    let document = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}";
    let create = [("PolicyName", "p"), ("PolicyDocument", document)];
    let arn = text(&iam("CreatePolicy", &create).await.1, "Arn");
    let attached = [("GroupName", "g"), ("PolicyArn", arn.as_str())];
    assert_eq!(iam("CreateGroup", &attached[..1]).await.0, 200);
    assert_eq!(iam("AttachGroupPolicy", &attached).await.0, 200);
    for (action, with) in [("DeletePolicy", &attached[1..]), ("DeleteGroup", &attached[..1])] {
        let (code, refused) = iam(action, with).await;
        assert_eq!((code, text(&refused, "Code").as_str()), (409, "DeleteConflict"), "{action}");
    }
    assert_eq!(iam("DetachGroupPolicy", &attached).await.0, 200);
    assert_eq!(iam("DeletePolicy", &attached[1..]).await.0, 200);
    assert_eq!(iam("DeleteGroup", &attached[..1]).await.0, 200);
}
