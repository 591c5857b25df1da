//! Service accounts of what runs on a cluster to serve the rest: each may do what it has to and no
//! more. Sources of their names: the defaults of the projects' Helm charts.

use infra_aws::elbv2::TargetGroupHandle;
use infra_aws::iam::{Operator, PolicyDocument, Statement};
use infra_aws::kms::KeyHandle;
use infra_sdk::prelude::*;

use super::eks_cluster::{Cluster, ServiceAccount};

/// Where the accounts of a cluster's own software are.
const SYSTEM: &[&str] = &["kube-system"];

/// The cluster autoscaler, which may change the size of this cluster's node groups. Source: its
/// documentation on AWS, permissions.
pub(crate) fn cluster_autoscaler(cluster: &Cluster) -> ServiceAccount<'static> {
    let look = Statement::allow()
        .actions([
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeLaunchConfigurations",
            "autoscaling:DescribeScalingActivities",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements",
        ])
        .resource("*");
    let describe = Statement::allow().action("eks:DescribeNodegroup").resource(cluster.nodes.arn());
    // EKS gives this tag to the Auto Scaling groups of its node groups.
    let owned = format!("aws:ResourceTag/k8s.io/cluster-autoscaler/{}", cluster.name);
    let scale = Statement::allow()
        .actions([
            "autoscaling:SetDesiredCapacity",
            "autoscaling:TerminateInstanceInAutoScalingGroup",
        ])
        .resource("*")
        .condition(Operator::StringEquals, owned, "owned");
    ServiceAccount {
        name: "autoscaler",
        namespaces: SYSTEM,
        account: "cluster-autoscaler",
        managed: &[],
        policy: Some(PolicyDocument::new().statement(look).statement(describe).statement(scale)),
    }
}

/// The load balancer controller where the stack declares load balancers itself: it registers pods in
/// target groups, and makes nothing. Source: its documentation, target group bindings.
pub(crate) fn load_balancer_controller(targets: &[&TargetGroupHandle]) -> ServiceAccount<'static> {
    let look = Statement::allow()
        .actions([
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
        ])
        .resource("*");
    let register = Statement::allow()
        .actions(["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"])
        .resources(targets.iter().map(|target| target.arn()));
    ServiceAccount {
        name: "load-balancers",
        namespaces: SYSTEM,
        account: "aws-load-balancer-controller",
        managed: &[],
        policy: Some(PolicyDocument::new().statement(look).statement(register)),
    }
}

/// External Secrets, which reads these secrets, by ARN, and decrypts them with these keys through Secrets
/// Manager only.
pub(crate) fn external_secrets(
    stack: &Stack,
    secrets: impl IntoIterator<Item = Output<String, Global>>,
    keys: &[&KeyHandle],
) -> ServiceAccount<'static> {
    let read = Statement::allow()
        .actions(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"])
        .resources(secrets);
    let service = format!("secretsmanager.{}.amazonaws.com", stack.region());
    let decrypt = Statement::allow()
        .action("kms:Decrypt")
        .resources(keys.iter().map(|key| key.arn()))
        .condition(Operator::StringEquals, "kms:ViaService", service);
    ServiceAccount {
        name: "external-secrets",
        namespaces: &["external-secrets"],
        account: "external-secrets",
        managed: &[],
        policy: Some(PolicyDocument::new().statement(read).statement(decrypt)),
    }
}
