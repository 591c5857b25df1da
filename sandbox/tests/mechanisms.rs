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

impl Caller {
    /// The same caller in another region.
    fn in_region(&self, region: &'static str) -> Self {
        let mut caller = Self::new(&self.endpoint);
        caller.region = region;
        caller
    }
}

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

/// One sandbox for all, because starting one is most of the time; one after another, because the
/// gate's own looks at other objects count as reads.
#[tokio::test(flavor = "multi_thread")]
async fn every_mechanism_works_through_real_emulators() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(folder.path()).await;
    let aws = Caller::new(&sandbox.endpoint());
    cloudwatch_is_spoken_to_in_cbor(&aws, &sandbox.control()).await;
    an_eks_cluster_goes_through_its_whole_life(&aws).await;
    a_database_is_modified_and_deleted_slowly(&aws).await;
    a_database_has_a_secret_and_backups_elsewhere(&aws).await;
    a_cache_has_as_many_members_as_it_is_told(&aws).await;
    a_service_rolls_out_and_holds_its_cluster(&aws).await;
    a_certificate_is_issued_when_its_records_are_there(&aws).await;
    a_web_acl_and_its_sets_are_held_by_what_they_protect(&aws).await;
    a_group_takes_its_instances_along(&aws).await;
    a_trail_finds_its_bucket(&aws).await;
    a_policy_is_held_by_its_group(&aws).await;
    a_metric_filter_stands_once_in_its_log_group(&aws).await;
    a_replica_is_as_its_call_said(&aws).await;
    a_user_has_no_credentials_for_single_services(&aws).await;
    sandbox.stop().await;
}

async fn an_eks_cluster_goes_through_its_whole_life(aws: &Caller) {
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

async fn a_database_is_modified_and_deleted_slowly(aws: &Caller) {
    let rds = async |action: &str, with: &[(&str, &str)]| query(aws, "rds", action, with).await;
    let (_, ids) = subnets(aws).await;

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

    // A class that waits for its window is changed by the next change that is made at once.
    let class = async || text(&rds("DescribeDBInstances", &by_id).await.1, "DBInstanceClass");
    assert_eq!(class().await, "db.t3.medium");
    let later = [("DBInstanceIdentifier", "my-db"), ("DBInstanceClass", "db.t3.large")];
    assert_eq!(rds("ModifyDBInstance", &later).await.0, 200);
    assert_eq!((class().await, class().await), ("db.t3.medium".into(), "db.t3.medium".into()));
    let at_once = [
        ("DBInstanceIdentifier", "my-db"),
        ("BackupRetentionPeriod", "3"),
        ("ApplyImmediately", "true"),
    ];
    assert_eq!(rds("ModifyDBInstance", &at_once).await.0, 200);
    assert_eq!((class().await, class().await), ("db.t3.large".into(), "db.t3.large".into()));
    let (_, shown) = rds("DescribeDBInstances", &by_id).await;
    let waiting = shown.split("<PendingModifiedValues>").nth(1).unwrap_or_default();
    assert!(
        !waiting.split("</PendingModifiedValues>").next().unwrap().contains("Class"),
        "{shown}"
    );

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
}

async fn cloudwatch_is_spoken_to_in_cbor(aws: &Caller, control: &infra_sandbox::Control) {
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
    let log = control.log(0).await.unwrap();
    assert_eq!(log[0].operation, "PutCompositeAlarm");
    assert_eq!(log[0].parameters["AlarmName"], "a");
    let (_, refused) =
        json(aws, "monitoring", "GraniteServiceVersion20100801.Nothing", json!({})).await;
    assert_ne!(refused["__type"], Value::Null);
}

async fn a_database_has_a_secret_and_backups_elsewhere(aws: &Caller) {
    let rds = async |action: &str, with: &[(&str, &str)]| query(aws, "rds", action, with).await;
    let create = [
        ("DBInstanceIdentifier", "m"),
        ("DBInstanceClass", "db.t3.medium"),
        ("Engine", "mysql"),
        ("AllocatedStorage", "20"),
        ("MasterUsername", "u"),
        ("ManageMasterUserPassword", "true"),
        ("BackupRetentionPeriod", "7"),
    ];
    let (code, made) = rds("CreateDBInstance", &create).await;
    let secret = text(&made, "SecretArn");
    assert!(code == 200 && secret.contains("rds!db-"), "{made}");
    let which = json!({ "SecretId": secret });
    let target = "secretsmanager.DescribeSecret";
    assert_eq!(json(aws, "secretsmanager", target, which.clone()).await.0, 200);

    let arn = text(&made, "DBInstanceArn");
    let start = [("SourceDBInstanceArn", arn.as_str()), ("BackupRetentionPeriod", "14")];
    let there = aws.in_region("us-west-2");
    let action = "StartDBInstanceAutomatedBackupsReplication";
    let (code, started) = query(&there, "rds", action, &start).await;
    assert_eq!((code, text(&started, "Status").as_str()), (200, "pending"), "{started}");
    let backup = text(&started, "DBInstanceAutomatedBackupsArn");
    let by_id = [("DBInstanceIdentifier", "m")];
    let (_, shown) = rds("DescribeDBInstances", &by_id).await;
    assert_eq!(text(&shown, "DBInstanceAutomatedBackupsArn"), backup);
    let action = "StopDBInstanceAutomatedBackupsReplication";
    assert_eq!(query(&there, "rds", action, &start[..1]).await.0, 200);
    assert_eq!(query(&there, "rds", action, &start[..1]).await.0, 404);

    let subscription = [
        ("SubscriptionName", "s"),
        ("SnsTopicArn", "arn:aws:sns:eu-west-1:123456789012:t"),
        ("EventCategories.EventCategory.1", "failure"),
    ];
    assert_eq!(rds("CreateEventSubscription", &subscription).await.0, 200);
    let off = [("SubscriptionName", "s"), ("Enabled", "false")];
    assert_eq!(rds("ModifyEventSubscription", &off).await.0, 200);
    let (_, shown) = rds("DescribeEventSubscriptions", &off[..1]).await;
    assert_eq!(
        (text(&shown, "Enabled"), text(&shown, "EventCategory")),
        ("false".into(), "failure".into())
    );
    assert_eq!(rds("DeleteEventSubscription", &off[..1]).await.0, 200);
    assert_eq!(rds("DescribeEventSubscriptions", &off[..1]).await.0, 404);

    let delete = [("DBInstanceIdentifier", "m"), ("SkipFinalSnapshot", "true")];
    assert_eq!(rds("DeleteDBInstance", &delete).await.0, 200);
    let (_, gone) = json(aws, "secretsmanager", target, which).await;
    assert_eq!(gone["__type"], "ResourceNotFoundException");
}

async fn a_cache_has_as_many_members_as_it_is_told(aws: &Caller) {
    let cache =
        async |action: &str, with: &[(&str, &str)]| query(aws, "elasticache", action, with).await;
    let (_, ids) = subnets(aws).await;
    let group = [
        ("CacheSubnetGroupName", "g"),
        ("CacheSubnetGroupDescription", "d"),
        ("SubnetIds.SubnetIdentifier.1", ids[0].as_str()),
    ];
    assert_eq!(cache("CreateCacheSubnetGroup", &group).await.0, 200);
    let create = [
        ("ReplicationGroupId", "R"),
        ("ReplicationGroupDescription", "d"),
        ("CacheNodeType", "cache.t4g.medium"),
        ("Engine", "redis"),
        ("NumCacheClusters", "2"),
        ("CacheSubnetGroupName", "g"),
        ("KmsKeyId", "arn:aws:kms:eu-west-1:123456789012:key/k"),
    ];
    let (code, made) = cache("CreateReplicationGroup", &create).await;
    assert_eq!((code, text(&made, "Status").as_str()), (200, "creating"), "{made}");
    assert!(!made.contains("<NodeGroups>"), "{made}");
    let by_id = [("ReplicationGroupId", "r")];
    let describe = async || cache("DescribeReplicationGroups", &by_id).await.1;
    describe().await;
    let grow =
        [("ReplicationGroupId", "r"), ("NewReplicaCount", "2"), ("ApplyImmediately", "true")];
    assert_eq!(cache("IncreaseReplicaCount", &grow).await.0, 200);
    assert_eq!(text(&describe().await, "Status"), "modifying");
    let shown = describe().await;
    assert_eq!(texts(&shown, "ClusterId"), ["r-0001-001", "r-0001-002", "r-0001-003"]);
    assert_eq!(text(&shown, "KmsKeyId"), "arn:aws:kms:eu-west-1:123456789012:key/k");
    let larger = [("ReplicationGroupId", "r"), ("CacheNodeType", "cache.r6g.large")];
    assert_eq!(cache("ModifyReplicationGroup", &larger).await.0, 200);
    let (_, members) = cache("DescribeCacheClusters", &[]).await;
    assert_eq!(texts(&members, "CacheNodeType"), ["cache.r6g.large"; 3]);

    describe().await;
    assert_eq!(cache("DeleteReplicationGroup", &by_id).await.0, 200);
    // The refusal is the last look at it.
    let (_, refused) = cache("DeleteCacheSubnetGroup", &group[..1]).await;
    assert_eq!(text(&refused, "Code"), "CacheSubnetGroupInUse");
    assert_eq!(text(&describe().await, "Code"), "ReplicationGroupNotFoundFault");
    assert_eq!(cache("DeleteCacheSubnetGroup", &group[..1]).await.0, 200);
}

async fn a_service_rolls_out_and_holds_its_cluster(aws: &Caller) {
    let ecs = async |operation: &str, body: Value| {
        json(aws, "ecs", &format!("AmazonEC2ContainerServiceV20141113.{operation}"), body).await
    };
    let (_, ids) = subnets(aws).await;
    assert_eq!(ecs("CreateCluster", json!({ "clusterName": "c" })).await.0, 200);
    let settings = json!([{ "name": "containerInsights", "value": "enabled" }]);
    let settings = json!({ "cluster": "c", "settings": settings });
    assert_eq!(ecs("UpdateClusterSettings", settings).await.0, 200);
    let container = json!({ "name": "a", "image": "i", "memory": 128 });
    let task = json!({ "family": "f", "containerDefinitions": [container] });
    assert_eq!(ecs("RegisterTaskDefinition", task).await.0, 200);
    let service = json!({
        "cluster": "c",
        "serviceName": "s",
        "taskDefinition": "f:1",
        "desiredCount": 2,
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ids } },
    });
    assert_eq!(ecs("CreateService", service.clone()).await.0, 200);
    let state = async || {
        let (_, found) =
            ecs("DescribeServices", json!({ "cluster": "c", "services": ["s"] })).await;
        let service = found["services"][0].clone();
        let rollout = service["deployments"][0]["rolloutState"].clone();
        (service["runningCount"].clone(), rollout, service)
    };
    let (running, rollout, _) = state().await;
    assert_eq!((running, rollout), (json!(0), json!("IN_PROGRESS")));
    let (running, rollout, shown) = state().await;
    assert_eq!((running, rollout), (json!(2), json!("COMPLETED")));
    let configuration = &shown["deploymentConfiguration"];
    assert_eq!(
        configuration["deploymentCircuitBreaker"],
        json!({ "enable": true, "rollback": true })
    );
    assert_eq!(configuration["maximumPercent"], 200);
    assert_eq!(ecs("CreateService", service).await.1["__type"], "InvalidParameterException");
    let update = json!({ "cluster": "c", "service": "s", "desiredCount": 3 });
    assert_eq!(ecs("UpdateService", update).await.0, 200);
    assert_eq!(state().await.1, "IN_PROGRESS");
    let (running, rollout, _) = state().await;
    assert_eq!((running, rollout), (json!(3), json!("COMPLETED")));

    let (_, refused) = ecs("DeleteCluster", json!({ "cluster": "c" })).await;
    assert_eq!(refused["__type"], "ClusterContainsServicesException");
    let (_, refused) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(text(&refused, "Code"), "DependencyViolation");
    let delete = json!({ "cluster": "c", "service": "s", "force": true });
    assert_eq!(ecs("DeleteService", delete).await.1["service"]["status"], "DRAINING");
    assert_eq!(state().await.2["status"], "DRAINING");
    assert_eq!(state().await.2["status"], "INACTIVE");
    let (code, answer) = ecs("DeleteCluster", json!({ "cluster": "c" })).await;
    assert_eq!(code, 200, "{answer}");
    let (code, answer) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(code, 200, "{answer}");
}

async fn a_certificate_is_issued_when_its_records_are_there(aws: &Caller) {
    let acm = async |operation: &str, body: Value| {
        json(aws, "acm", &format!("CertificateManager.{operation}"), body).await.1
    };
    let wanted = json!({ "DomainName": "a.example.com", "ValidationMethod": "DNS" });
    let arn = acm("RequestCertificate", wanted).await["CertificateArn"].clone();
    let describe = async || {
        acm("DescribeCertificate", json!({ "CertificateArn": arn })).await["Certificate"].clone()
    };
    let fresh = describe().await;
    assert_eq!(fresh["Status"], "PENDING_VALIDATION");
    assert!(fresh["DomainValidationOptions"][0]["ResourceRecord"].is_null(), "{fresh}");
    // The emulator issues it by itself after two seconds.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    let pending = describe().await;
    assert_eq!(pending["Status"], "PENDING_VALIDATION");
    let record = &pending["DomainValidationOptions"][0]["ResourceRecord"];

    let zone = "<CreateHostedZoneRequest><Name>example.com</Name><CallerReference>z</CallerReference></CreateHostedZoneRequest>";
    let xml = [("content-type", "application/xml")];
    let path = "/2013-04-01/hostedzone";
    let send = async |path: &str, body: String| {
        aws.send(Method::POST, path, "route53", &xml, body).await.unwrap()
    };
    let (code, made) = send(path, zone.to_owned()).await;
    assert!(code == 201 && text(&made, "Status") == "PENDING", "{made}");
    assert_eq!(send(path, zone.to_owned()).await.0, 409);
    let id = text(&made, "Id").rsplit('/').next().unwrap().to_owned();
    let change = format!(
        "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>{}</Name><Type>CNAME</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>{}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
        record["Name"].as_str().unwrap(),
        record["Value"].as_str().unwrap(),
    );
    let (code, changed) = send(&format!("{path}/{id}/rrset"), change).await;
    assert_eq!(code, 200, "{changed}");
    assert_eq!(describe().await["Status"], "ISSUED");
    let vpc = "<DisassociateVPCFromHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><VPC><VPCRegion>eu-west-1</VPCRegion><VPCId>vpc-1</VPCId></VPC></DisassociateVPCFromHostedZoneRequest>";
    let (code, refused) = send(&format!("{path}/{id}/disassociatevpc"), vpc.to_owned()).await;
    assert_eq!((code, text(&refused, "Code").as_str()), (404, "VPCAssociationNotFound"));
}

async fn a_web_acl_and_its_sets_are_held_by_what_they_protect(aws: &Caller) {
    let waf = async |operation: &str, body: Value| {
        json(aws, "wafv2", &format!("AWSWAF_20190729.{operation}"), body).await
    };
    let (_, ids) = subnets(aws).await;
    let balancer = [("Name", "b"), ("Subnets.member.1", &ids[0]), ("Subnets.member.2", &ids[1])];
    let elb = async |action: &str, with: &[(&str, &str)]| {
        query(aws, "elasticloadbalancing", action, with).await
    };
    let (code, made) = elb("CreateLoadBalancer", &balancer.map(|(k, v)| (k, v as &str))).await;
    assert_eq!((code, text(&made, "Code").as_str()), (200, "provisioning"), "{made}");
    let arn = text(&made, "LoadBalancerArn");
    let set =
        json!({ "Name": "i", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": [] });
    let (_, made) = waf("CreateIPSet", set.clone()).await;
    let set_summary = made["Summary"].clone();
    assert_eq!(waf("CreateIPSet", set).await.1["__type"], "WAFDuplicateItemException");
    let visible = json!({
        "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m",
    });
    let acl = json!({
        "Name": "w", "Scope": "REGIONAL", "DefaultAction": { "Allow": {} },
        "VisibilityConfig": visible,
        "Rules": [{
            "Name": "r", "Priority": 1, "Action": { "Block": {} }, "VisibilityConfig": visible,
            "Statement": { "IPSetReferenceStatement": { "ARN": set_summary["ARN"] } },
        }],
    });
    let (_, made) = waf("CreateWebACL", acl.clone()).await;
    let summary = made["Summary"].clone();
    assert_eq!(waf("CreateWebACL", acl).await.1["__type"], "WAFDuplicateItemException");
    let resource = json!({ "WebACLArn": summary["ARN"], "ResourceArn": arn });
    assert_eq!(waf("AssociateWebACL", resource.clone()).await.0, 200);
    let (_, listed) = waf("ListResourcesForWebACL", json!({ "WebACLArn": summary["ARN"] })).await;
    assert_eq!(listed["ResourceArns"], json!([arn]));
    let delete = |summary: &Value| {
        json!({
            "Name": summary["Name"], "Id": summary["Id"], "Scope": "REGIONAL",
            "LockToken": summary["LockToken"],
        })
    };
    let in_use = "WAFAssociatedItemException";
    assert_eq!(waf("DeleteIPSet", delete(&set_summary)).await.1["__type"], in_use);
    assert_eq!(waf("DeleteWebACL", delete(&summary)).await.1["__type"], in_use);

    let protect = [
        ("LoadBalancerArn", arn.as_str()),
        ("Attributes.member.1.Key", "deletion_protection.enabled"),
        ("Attributes.member.1.Value", "true"),
    ];
    assert_eq!(elb("ModifyLoadBalancerAttributes", &protect).await.0, 200);
    let (_, refused) = elb("DeleteLoadBalancer", &protect[..1]).await;
    assert_eq!(text(&refused, "Code"), "OperationNotPermitted");
    let open = [protect[0], protect[1], ("Attributes.member.1.Value", "false")];
    assert_eq!(elb("ModifyLoadBalancerAttributes", &open).await.0, 200);
    let (_, refused) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(text(&refused, "Code"), "DependencyViolation");
    assert_eq!(elb("DeleteLoadBalancer", &protect[..1]).await.0, 200);
    // With the load balancer went the association.
    assert_eq!(waf("DeleteWebACL", delete(&summary)).await.0, 200);
    assert_eq!(waf("DeleteIPSet", delete(&set_summary)).await.0, 200);
}

async fn a_group_takes_its_instances_along(aws: &Caller) {
    let (_, ids) = subnets(aws).await;
    let template = [
        ("LaunchTemplateName", "l"),
        ("LaunchTemplateData.ImageId", "ami-12345678"),
        ("LaunchTemplateData.InstanceType", "t3.micro"),
    ];
    assert_eq!(aws.ec2("CreateLaunchTemplate", &template).await.0, 200);
    let scaling =
        async |action: &str, with: &[(&str, &str)]| query(aws, "autoscaling", action, with).await;
    let create = [
        ("AutoScalingGroupName", "a"),
        ("MinSize", "1"),
        ("MaxSize", "1"),
        ("MaxInstanceLifetime", "86400"),
        ("VPCZoneIdentifier", ids[0].as_str()),
        ("LaunchTemplate.LaunchTemplateName", "l"),
    ];
    let (code, made) = scaling("CreateAutoScalingGroup", &create).await;
    assert_eq!(code, 200, "{made}");
    let (_, twice) = scaling("CreateAutoScalingGroup", &create).await;
    assert_eq!(text(&twice, "Code"), "AlreadyExists");
    let by_name = [("AutoScalingGroupNames.member.1", "a")];
    let (_, shown) = scaling("DescribeAutoScalingGroups", &by_name).await;
    assert_eq!(text(&shown, "MaxInstanceLifetime"), "86400");
    let delete = [("AutoScalingGroupName", "a"), ("ForceDelete", "true")];
    let (_, refused) = scaling("DeleteAutoScalingGroup", &delete[..1]).await;
    assert_eq!(text(&refused, "Code"), "ResourceInUse");
    assert_eq!(scaling("DeleteAutoScalingGroup", &delete).await.0, 200);
    let (_, going) = scaling("DescribeAutoScalingGroups", &by_name).await;
    assert_eq!(text(&going, "Status"), "Delete in progress");
    let (_, gone) = scaling("DescribeAutoScalingGroups", &by_name).await;
    assert!(!gone.contains("AutoScalingGroupName"), "{gone}");
    let (code, answer) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(code, 200, "{answer}");
}

async fn a_trail_finds_its_bucket(aws: &Caller) {
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

async fn a_replica_is_as_its_call_said(aws: &Caller) {
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

async fn a_user_has_no_credentials_for_single_services(aws: &Caller) {
    let list = "ListServiceSpecificCredentials";
    let (code, answer) = aws.query("iam", "2010-05-08", list, &[]).await.unwrap();
    assert_eq!(code, 200, "{answer}");
    assert!(answer.contains("ListServiceSpecificCredentialsResult"), "{answer}");
    assert!(!answer.contains("<member>"), "{answer}");
}

async fn a_policy_is_held_by_its_group(aws: &Caller) {
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

async fn a_metric_filter_stands_once_in_its_log_group(aws: &Caller) {
    let logs = async |operation: &str, body: Value| {
        let target = format!("Logs_20140328.{operation}");
        let kind = ("content-type", "application/x-amz-json-1.1");
        let headers = [kind, ("x-amz-target", target.as_str())];
        let sent = aws.send(Method::POST, "/", "logs", &headers, body.to_string()).await;
        let (status, body) = sent.unwrap();
        (status, serde_json::from_str::<Value>(&body).unwrap_or(Value::Null))
    };
    let filter = json!({ "logGroupName": "counted", "filterName": "errors" });
    assert_eq!(logs("CreateLogGroup", json!({ "logGroupName": "counted" })).await.0, 200);
    for metric in ["one", "two"] {
        let mut put = filter.clone();
        put["filterPattern"] = "ERROR".into();
        put["applyOnTransformedLogs"] = true.into();
        put["metricTransformations"] =
            json!([{ "metricName": metric, "metricNamespace": "App", "metricValue": "1" }]);
        assert_eq!(logs("PutMetricFilter", put).await.0, 200);
    }
    let (_, shown) = logs("DescribeMetricFilters", json!({ "logGroupName": "counted" })).await;
    let shown = shown["metricFilters"].as_array().unwrap();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["metricTransformations"][0]["metricName"], "two");
    assert_eq!(shown[0]["applyOnTransformedLogs"], true);
    assert_eq!(logs("DeleteMetricFilter", filter.clone()).await.0, 200);
    let (code, refused) = logs("DeleteMetricFilter", filter).await;
    assert_eq!((code, &refused["__type"]), (400, &json!("ResourceNotFoundException")));
}
