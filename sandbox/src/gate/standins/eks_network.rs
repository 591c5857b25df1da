//! What EKS makes in EC2: the security group of a cluster; the VPC that a cluster is in; and where its
//! identity provider is. ministack makes up all three.
//!
//! From "View Amazon EKS security group requirements for clusters" of the user guide: the group
//! `eks-cluster-sg-NAME-…` lets its members talk, and goes with the cluster. A cluster whose subnets
//! EC2 does not know is left as it is.

use serde_json::{Value, json};

use super::Desk;
use crate::gate::answer::Answer;
use crate::gate::document::Document;
use crate::gate::upstream::UpstreamError;

/// `vpcId` and `clusterSecurityGroupId` by cluster.
const NETWORKS: &str = "eks networks";

/// Makes, shows and deletes the group.
pub(super) async fn fill(desk: &Desk<'_>, answer: &mut Answer) -> Result<(), UpstreamError> {
    if desk.call.service != "eks" || !answer.status.is_success() {
        return Ok(());
    }
    let name = desk.text("name");
    match desk.call.operation.as_str() {
        "CreateCluster" => create(desk, name).await?,
        "DeleteCluster" => {
            if let Some(network) = desk.take(NETWORKS, name) {
                let group = json!({ "GroupId": network["clusterSecurityGroupId"] });
                // One that a rule of another group names stays on AWS too.
                let _stays = desk.ask("ec2", "DeleteSecurityGroup", group).await?;
            }
            return Ok(());
        }
        "DescribeCluster" => {}
        _ => return Ok(()),
    }
    let Some(Document::Json(mut value)) = Document::of(desk.call, answer) else { return Ok(()) };
    if let Some(issuer) = value.pointer_mut("/cluster/identity/oidc/issuer") {
        let id = issuer.as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        // IAM takes issuers with TLS only, and ministack's has none.
        let url = format!("https://oidc.eks.{}.amazonaws.com/id/{id}", desk.call.region);
        *issuer = Value::String(url);
    }
    if let Some(network) = desk.get(NETWORKS, name)
        && let Some(config) = value.pointer_mut("/cluster/resourcesVpcConfig")
    {
        for field in ["vpcId", "clusterSecurityGroupId"] {
            config[field] = network[field].clone();
        }
    }
    Document::Json(value).store(answer);
    Ok(())
}

async fn create(desk: &Desk<'_>, name: &str) -> Result<(), UpstreamError> {
    let subnets = desk.value("resourcesVpcConfig/subnetIds").cloned().unwrap_or(Value::Null);
    let which = json!({ "SubnetId": subnets });
    let Ok(Document::Xml(found)) = desk.ask("ec2", "DescribeSubnets", which).await? else {
        return Ok(());
    };
    let Some(vpc) = found.items("subnetSet").first().map(|subnet| subnet.child_text("vpcId"))
    else {
        return Ok(());
    };
    let id = desk.uuid();
    let group = json!({
        "GroupName": format!("eks-cluster-sg-{name}-{}", id.get(..8).unwrap_or_default()),
        "GroupDescription": "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.",
        "VpcId": vpc,
        "TagSpecification": [{
            "ResourceType": "security-group",
            "Tag": [
                { "Key": "aws:eks:cluster-name", "Value": name },
                { "Key": format!("kubernetes.io/cluster/{name}"), "Value": "owned" },
            ],
        }],
    });
    let Ok(Document::Xml(made)) = desk.ask("ec2", "CreateSecurityGroup", group).await? else {
        return Ok(());
    };
    let group = made.child_text("groupId");
    let rule = json!({
        "GroupId": group,
        "IpPermissions": [{ "IpProtocol": "-1", "Groups": [{ "GroupId": group }] }],
    });
    // The group is new, so nothing can be said against its first rule.
    let _made = desk.ask("ec2", "AuthorizeSecurityGroupIngress", rule).await?;
    desk.put(NETWORKS, name, json!({ "vpcId": vpc, "clusterSecurityGroupId": group }));
    Ok(())
}
