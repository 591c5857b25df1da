//! EKS: clusters, node groups and Fargate profiles.

use hyper::Method;
use serde_json::{Value, json};

use super::calls::{rest, subnets};
use super::support::{Caller, text};

pub(super) async fn an_eks_cluster_goes_through_its_whole_life(aws: &Caller) {
    let (_, ids) = subnets(aws).await;
    let eks = async |method, path: &str, body| rest(aws, "eks", method, path, body).await;
    let status = async || {
        let (code, found) = eks(Method::GET, "/clusters/c", Value::Null).await;
        (code, found["cluster"]["status"].as_str().unwrap_or_default().to_owned())
    };

    let (code, made) = eks(
        Method::POST,
        "/clusters",
        json!({
            "name": "c",
            "roleArn": "arn:aws:iam::123456789012:role/r",
            "resourcesVpcConfig": { "subnetIds": ids },
            "upgradePolicy": { "supportType": "STANDARD" },
            "logging": { "clusterLogging": [{ "types": ["api", "audit"], "enabled": true }] },
        }),
    )
    .await;
    assert_eq!((code, made["cluster"]["status"].as_str()), (200, Some("CREATING")), "{made}");
    assert!(made["cluster"]["endpoint"].is_null());
    // What needs a ready one is refused, and counts as a look.
    let version = json!({ "version": "1.31" });
    let (code, refused) = eks(Method::POST, "/clusters/c/updates", version.clone()).await;
    assert_eq!((code, refused["__type"].as_str()), (409, Some("ResourceInUseException")));
    assert_eq!(status().await, (200, "ACTIVE".to_owned()));

    // A stand-in updates, the cluster shows it, and the update takes its time too.
    let (code, update) = eks(Method::POST, "/clusters/c/updates", version).await;
    assert_eq!((code, update["update"]["status"].as_str()), (200, Some("InProgress")), "{update}");
    let path = format!("/clusters/c/updates/{}", update["update"]["id"].as_str().unwrap());
    let of = async || eks(Method::GET, &path, Value::Null).await.1["update"]["status"].clone();
    assert_eq!((of().await, of().await), (json!("InProgress"), json!("Successful")));
    assert_eq!(status().await.1, "UPDATING");
    let logging =
        json!({ "logging": { "clusterLogging": [{ "types": ["audit"], "enabled": false }] } });
    assert_eq!(eks(Method::POST, "/clusters/c/update-config", logging).await.0, 200);
    assert_eq!(status().await.1, "UPDATING");
    let (_, found) = eks(Method::GET, "/clusters/c", Value::Null).await;
    let cluster = &found["cluster"];
    assert_eq!((&cluster["status"], &cluster["version"]), (&json!("ACTIVE"), &json!("1.31")));
    assert_eq!(cluster["upgradePolicy"]["supportType"], "STANDARD");
    let expected = json!([
        { "types": ["api"], "enabled": true },
        { "types": ["audit"], "enabled": false },
    ]);
    assert_eq!(cluster["logging"]["clusterLogging"], expected);

    // Node groups and profiles hold the cluster until they are gone; it holds its subnets.
    let group = json!({
        "nodegroupName": "n",
        "subnets": ids,
        "nodeRole": "arn:aws:iam::123456789012:role/n",
        "updateConfig": { "maxUnavailable": 2 },
        "labels": { "a": "1", "b": "2" },
    });
    assert_eq!(eks(Method::POST, "/clusters/c/node-groups", group).await.0, 200);
    let node = async || {
        eks(Method::GET, "/clusters/c/node-groups/n", Value::Null).await.1["nodegroup"].clone()
    };
    assert_eq!(node().await["status"], "CREATING");
    let change = json!({
        "scalingConfig": { "minSize": 2, "maxSize": 4, "desiredSize": 3 },
        "labels": { "addOrUpdateLabels": { "a": "9" }, "removeLabels": ["b"] },
    });
    let path = "/clusters/c/node-groups/n/update-config";
    assert_eq!(eks(Method::POST, path, change).await.0, 200);
    assert_eq!(node().await["status"], "UPDATING");
    let shown = node().await;
    assert_eq!(shown["scalingConfig"]["maxSize"], 4);
    assert_eq!(shown["labels"], json!({ "a": "9" }));
    assert_eq!(shown["updateConfig"], json!({ "maxUnavailable": 2 }));
    let profile = json!({
        "fargateProfileName": "f",
        "podExecutionRoleArn": "arn:aws:iam::123456789012:role/f",
        "selectors": [{ "namespace": "x" }],
        "tags": { "k": "v" },
    });
    let (code, made) = eks(Method::POST, "/clusters/c/fargate-profiles", profile).await;
    assert_eq!(
        (code, made["fargateProfile"]["status"].as_str()),
        (200, Some("CREATING")),
        "{made}"
    );
    let (_, refused) = eks(Method::DELETE, "/clusters/c", Value::Null).await;
    assert_eq!(refused["__type"], "ResourceInUseException");
    let (_, refused) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(text(&refused, "Code"), "DependencyViolation");

    // What is deleted is seen going, by name and in the list.
    assert_eq!(eks(Method::DELETE, "/clusters/c/node-groups/n", Value::Null).await.0, 200);
    let (_, names) = eks(Method::GET, "/clusters/c/node-groups", Value::Null).await;
    assert_eq!(names["nodegroups"], json!(["n"]));
    assert_eq!(node().await["status"], "DELETING");
    let (code, gone) = eks(Method::GET, "/clusters/c/node-groups/n", Value::Null).await;
    assert_eq!((code, gone["__type"].as_str()), (404, Some("ResourceNotFoundException")), "{gone}");
    assert_eq!(eks(Method::DELETE, "/clusters/c/fargate-profiles/f", Value::Null).await.0, 200);
    let path = "/clusters/c/fargate-profiles/f";
    let (_, going) = eks(Method::GET, path, Value::Null).await;
    assert_eq!(going["fargateProfile"]["status"], "DELETING");
    assert_eq!(eks(Method::GET, path, Value::Null).await.0, 404);
    assert_eq!(eks(Method::DELETE, "/clusters/c", Value::Null).await.0, 200);
    let again = json!({ "name": "c", "roleArn": "arn:aws:iam::123456789012:role/r" });
    assert_eq!(eks(Method::POST, "/clusters", again.clone()).await.0, 409);
    assert_eq!(status().await.0, 404);
    // Nothing is remembered of the one before.
    assert_eq!(eks(Method::POST, "/clusters", again).await.0, 200);
    let (_, found) = eks(Method::GET, "/clusters/c", Value::Null).await;
    assert_ne!(found["cluster"]["version"], "1.31");
    let (code, _) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(code, 200);
}
