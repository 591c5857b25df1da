//! Roles that the cluster, its nodes and the database's monitoring run with. Roles for service
//! accounts need the cluster's OIDC provider and come with it.

use infra_aws::iam::{
    InstanceProfile, InstanceProfileName, ManagedPolicy, PolicyDocument, Principal, Role,
    RoleHandle, RoleName, RolePolicyAttachment, Statement, managed,
};
use infra_sdk::Stack;

pub(super) fn declare(stack: &mut Stack) {
    role(stack, "cluster", "eks.amazonaws.com", &[managed::AMAZON_EKS_CLUSTER_POLICY]);
    let nodes = role(
        stack,
        "nodes",
        "ec2.amazonaws.com",
        &[
            managed::AMAZON_EKS_WORKER_NODE_POLICY,
            managed::AMAZON_EKS_CNI_POLICY,
            managed::AMAZON_EC2_CONTAINER_REGISTRY_READ_ONLY,
        ],
    );
    let profile = format!("archon-{}-nodes", stack.env().name());
    stack.add(
        "nodes-profile",
        InstanceProfile::new().name(infra_aws::iam::InstanceProfileName::new(profile)).role(nodes.name()),
    );
    role(
        stack,
        "database-monitoring",
        "monitoring.rds.amazonaws.com",
        &[managed::AMAZON_RDS_ENHANCED_MONITORING_ROLE],
    );
}

/// A role that a service assumes, with AWS's own policies for the purpose.
fn role(stack: &mut Stack, name: &str, service: &str, policies: &[&str]) -> RoleHandle {
    let trust = PolicyDocument::new().statement(
        Statement::allow().principal(Principal::service(service)).action("sts:AssumeRole"),
    );
    let full = format!("archon-{}-{name}", stack.env().name());
    let role = stack.add(name, Role::new(trust).name(RoleName::new(full)));
    for policy in policies {
        let short = policy.rsplit('/').next().unwrap_or(policy).to_lowercase();
        let attachment = RolePolicyAttachment::new(role.name(), managed(policy));
        stack.add(format!("{name}-{short}"), attachment);
    }
    role
}
