//! Roles that the cluster, its nodes and the database's monitoring run with. Roles for service
//! accounts need the cluster's OIDC provider and come with it.

use infra_aws::iam::{InstanceProfile, InstanceProfileName, managed};
use infra_aws::sts::Partition;
use infra_sdk::prelude::*;

use crate::components::role;

pub(super) fn declare(stack: &mut Stack) -> Result<()> {
    let prefix = format!("archon-{}", stack.env().name());
    let partition = stack.lookup(Partition)?.partition;
    role::service(
        stack,
        &prefix,
        "cluster",
        "eks.amazonaws.com",
        &[("cluster-policy", managed::AMAZON_EKS_CLUSTER_POLICY.arn(&partition))],
    );
    let nodes = role::service(
        stack,
        &prefix,
        "nodes",
        "ec2.amazonaws.com",
        &[
            ("worker", managed::AMAZON_EKS_WORKER_NODE_POLICY.arn(&partition)),
            ("network", managed::AMAZON_EKS_CNI_POLICY.arn(&partition)),
            ("images", managed::AMAZON_EC2_CONTAINER_REGISTRY_READ_ONLY.arn(&partition)),
        ],
    );
    let name = InstanceProfileName::new(format!("{prefix}-nodes"));
    stack.add("nodes-profile", InstanceProfile::new().name(name).role(nodes.name()));
    role::service(
        stack,
        &prefix,
        "database-monitoring",
        "monitoring.rds.amazonaws.com",
        &[("publish", managed::AMAZON_RDS_ENHANCED_MONITORING_ROLE.arn(&partition))],
    );
    Ok(())
}
