//! Each mechanism of the gate through real emulators: states and ghosts, echoes, stand-ins,
//! dependencies, routing, CBOR. The first run installs the emulators from PyPI.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do: by a panic"
)]

mod support;

use hyper::Method;
use infra_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use support::{Caller, text, texts};

async fn sandbox(folder: &std::path::Path) -> Sandbox {
    let home = || std::env::var_os("HOME").expect("HOME is set");
    let venv = std::env::var_os("INFRA_SANDBOX_VENV").map_or_else(
        || std::path::PathBuf::from(home()).join(".cache/infra/sandbox-venv"),
        std::path::PathBuf::from,
    );
    let config = SandboxConfig {
        venv: Some(venv),
        environment: std::env::vars_os().collect(),
        ..SandboxConfig::new(folder.join("sandbox"))
    };
    Sandbox::start(config).await.unwrap()
}

/// A call of a service with paths and JSON: status and body.
async fn rest(
    aws: &Caller,
    service: &str,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("content-type", "application/json")];
    let (status, body) = aws.send(method, path, service, &headers, body).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}")))
}

/// A call of a service with targets: status and body.
async fn json(aws: &Caller, service: &str, target: &str, body: Value) -> (u16, Value) {
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
    let (status, body) =
        aws.send(Method::POST, "/", service, &headers, body.to_string()).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}")))
}

async fn query(aws: &Caller, service: &str, action: &str, with: &[(&str, &str)]) -> (u16, String) {
    let version = match service {
        "rds" => "2014-10-31",
        "elasticache" => "2015-02-02",
        "elasticloadbalancing" => "2015-12-01",
        _ => "2011-01-01",
    };
    aws.query(service, version, action, with).await.unwrap()
}

async fn subnets(aws: &Caller) -> (String, Vec<String>) {
    let (_, made) = aws.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).await;
    let vpc = text(&made, "vpcId");
    let mut ids = Vec::new();
    for (zone, cidr) in [("eu-west-1a", "10.0.0.0/24"), ("eu-west-1b", "10.0.1.0/24")] {
        let wanted = [("VpcId", vpc.as_str()), ("CidrBlock", cidr), ("AvailabilityZone", zone)];
        let (_, made) = aws.ec2("CreateSubnet", &wanted).await;
        ids.push(text(&made, "subnetId"));
    }
    (vpc, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eks_cluster_goes_through_its_whole_life() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(folder.path()).await;
    let aws = Caller::new(&sandbox.endpoint());
    let (_, ids) = subnets(&aws).await;
    let eks = async |method, path: &str, body| rest(&aws, "eks", method, path, body).await;
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
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_modified_and_deleted_slowly() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(folder.path()).await;
    let aws = Caller::new(&sandbox.endpoint());
    let rds = async |action: &str, with: &[(&str, &str)]| query(&aws, "rds", action, with).await;
    let (_, ids) = subnets(&aws).await;

    let group = [
        ("DBSubnetGroupName", "g"),
        ("DBSubnetGroupDescription", "d"),
        ("SubnetIds.SubnetIdentifier.1", ids[0].as_str()),
        ("SubnetIds.SubnetIdentifier.2", ids[1].as_str()),
    ];
    assert_eq!(rds("CreateDBSubnetGroup", &group).await.0, 200);
    let create = [
        ("DBInstanceIdentifier", "My-DB"),
        ("DBInstanceClass", "db.t3.medium"),
        ("Engine", "postgres"),
        ("AllocatedStorage", "20"),
        ("MasterUsername", "u"),
        ("MasterUserPassword", "longenough"),
        ("DBSubnetGroupName", "g"),
        ("EnableCloudwatchLogsExports.member.1", "postgresql"),
    ];
    let (code, made) = rds("CreateDBInstance", &create).await;
    assert_eq!((code, text(&made, "DBInstanceStatus").as_str()), (200, "creating"), "{made}");
    let by_id = [("DBInstanceIdentifier", "my-db")];
    let status = async || text(&rds("DescribeDBInstances", &by_id).await.1, "DBInstanceStatus");
    assert_eq!((status().await, status().await), ("creating".into(), "available".into()));
    let modify = [
        ("DBInstanceIdentifier", "my-db"),
        ("CloudwatchLogsExportConfiguration.EnableLogTypes.member.1", "upgrade"),
    ];
    assert_eq!(rds("ModifyDBInstance", &modify).await.0, 200);
    let (code, refused) = rds("ModifyDBInstance", &modify).await;
    assert_eq!((code, text(&refused, "Code").as_str()), (400, "InvalidDBInstanceState"));
    let (_, shown) = rds("DescribeDBInstances", &by_id).await;
    let logs = shown.split("<EnabledCloudwatchLogsExports>").nth(1).expect("the exports");
    assert_eq!(texts(logs.split("</Enabled").next().unwrap(), "member"), ["postgresql", "upgrade"]);

    let (_, refused) = rds("DeleteDBSubnetGroup", &group[..1]).await;
    assert_eq!(text(&refused, "Code"), "InvalidDBSubnetGroupStateFault");
    let delete = [("DBInstanceIdentifier", "my-db"), ("SkipFinalSnapshot", "true")];
    let (_, going) = rds("DeleteDBInstance", &delete).await;
    assert_eq!(text(&going, "DBInstanceStatus"), "deleting");
    // The gate's own look is a read: the refusal is what sees the instance for the last time.
    let (_, refused) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(text(&refused, "Code"), "DependencyViolation");
    let (_, gone) = rds("DescribeDBInstances", &by_id).await;
    assert_eq!(text(&gone, "Code"), "DBInstanceNotFound");
    assert_eq!(rds("DeleteDBSubnetGroup", &group[..1]).await.0, 200);

    // Option groups are another emulator's, with their tags.
    let group = [
        ("OptionGroupName", "o"),
        ("EngineName", "mysql"),
        ("MajorEngineVersion", "8.0"),
        ("OptionGroupDescription", "d"),
    ];
    let (code, made) = rds("CreateOptionGroup", &group).await;
    assert_eq!(code, 200, "{made}");
    let arn = text(&made, "OptionGroupArn");
    let tags = [("ResourceName", arn.as_str()), ("Tags.Tag.1.Key", "k"), ("Tags.Tag.1.Value", "v")];
    assert_eq!(rds("AddTagsToResource", &tags).await.0, 200);
    let (_, found) = rds("ListTagsForResource", &tags[..1]).await;
    assert_eq!(text(&found, "Key"), "k");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudwatch_is_spoken_to_in_cbor() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(folder.path()).await;
    let aws = Caller::new(&sandbox.endpoint());
    let headers = [
        ("content-type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("accept", "application/cbor"),
    ];
    let call = async |operation: &str, body: &[u8]| {
        let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
        aws.send_bytes(Method::POST, &path, "monitoring", &headers, body.to_vec()).await.unwrap()
    };
    // {"AlarmName": "a", "AlarmRule": "FALSE"}
    let (code, _) =
        call("PutCompositeAlarm", b"\xa2\x69AlarmName\x61a\x69AlarmRule\x65FALSE").await;
    assert_eq!(code, 200);
    // {"AlarmTypes": ["CompositeAlarm"]}
    let (code, body) = call("DescribeAlarms", b"\xa1\x6aAlarmTypes\x81\x6eCompositeAlarm").await;
    let shown = String::from_utf8_lossy(&body);
    assert!(code == 200 && shown.contains("FALSE"), "{code} {shown}");
    // Its times are tagged as such.
    let times = b"StateUpdatedTimestamp\xc1";
    assert!(body.windows(times.len()).any(|window| window == times), "{shown}");
    let log = sandbox.control().log(0).await.unwrap();
    assert_eq!(log[0].operation, "PutCompositeAlarm");
    assert_eq!(log[0].parameters["AlarmName"], "a");
    let (_, refused) =
        json(&aws, "monitoring", "GraniteServiceVersion20100801.Nothing", json!({})).await;
    assert_ne!(refused["__type"], Value::Null);
    sandbox.stop().await;
}
