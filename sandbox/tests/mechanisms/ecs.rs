//! ECS: services and their clusters.

use serde_json::{Value, json};

use super::calls::{json, subnets};
use super::support::{Caller, text};

pub(super) async fn a_service_rolls_out_and_holds_its_cluster(aws: &Caller) {
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
