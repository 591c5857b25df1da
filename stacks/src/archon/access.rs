//! Roles that the cluster, its nodes and the database's monitoring run with. Roles for service
//! accounts need the cluster's OIDC provider and come with it.

use infra_aws::iam::{
    InstanceProfile, InstanceProfileName, Policy, PolicyDocument, Principal, Role, RoleHandle,
    RoleName, RolePolicyAttachment, Statement, managed,
};
use infra_aws::sts::Partition;
use infra_sdk::prelude::*;

pub(super) fn declare(stack: &mut Stack) -> Result<()> {
    let partition = stack.lookup(Partition)?.partition;
    role(
        stack,
        "cluster",
        "eks.amazonaws.com",
        &[("cluster-policy", managed::AMAZON_EKS_CLUSTER_POLICY.arn(&partition))],
    );
    let nodes = role(
        stack,
        "nodes",
        "ec2.amazonaws.com",
        &[
            ("worker", managed::AMAZON_EKS_WORKER_NODE_POLICY.arn(&partition)),
            ("network", managed::AMAZON_EKS_CNI_POLICY.arn(&partition)),
            ("images", managed::AMAZON_EC2_CONTAINER_REGISTRY_READ_ONLY.arn(&partition)),
        ],
    );
    let name = InstanceProfileName::new(format!("archon-{}-nodes", stack.env().name()));
    stack.add("nodes-profile", InstanceProfile::new().name(name).role(nodes.name()));
    role(
        stack,
        "database-monitoring",
        "monitoring.rds.amazonaws.com",
        &[("publish", managed::AMAZON_RDS_ENHANCED_MONITORING_ROLE.arn(&partition))],
    );
    Ok(())
}

/// A role that a service assumes, with AWS's own policies for the purpose.
fn role(
    stack: &mut Stack,
    name: &str,
    service: &str,
    policies: &[(&str, Arn<Policy>)],
) -> RoleHandle {
    let trust = PolicyDocument::new().statement(
        Statement::allow().principal(Principal::service(service)).action("sts:AssumeRole"),
    );
    let full = format!("archon-{}-{name}", stack.env().name());
    let role = stack.add(name, Role::new(trust).name(RoleName::new(full)));
    for (purpose, policy) in policies {
        let attachment = RolePolicyAttachment::new(role.name(), policy.clone());
        stack.add(format!("{name}-{purpose}"), attachment);
    }
    role
}
