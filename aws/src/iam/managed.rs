//! Policies that AWS keeps, by name.
//!
//! The main type is [`ManagedPolicy`]. Their ARNs name the partition, so they take it:
//! `managed::AMAZON_EKS_WORKER_NODE_POLICY.arn(&partition)`.

use infra_sdk::Arn;

use super::Policy;

/// A policy that AWS keeps. Source: AWS Managed Policy Reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagedPolicy(&'static str);

impl ManagedPolicy {
    /// The policy of that name, with the path before it where it has one:
    /// `service-role/AWSLambdaBasicExecutionRole`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its ARN in a partition: the answer of the lookup [`Partition`](crate::sts::Partition), or
    /// `"aws"`.
    #[must_use]
    pub fn arn(self, partition: impl AsRef<str>) -> Arn<Policy> {
        Arn::new(format!("arn:{}:iam::aws:policy/{}", partition.as_ref(), self.0))
    }
}

macro_rules! policies {
    ($($constant:ident = $name:literal;)*) => {$(
        #[doc = concat!("`", $name, "`.")]
        pub const $constant: ManagedPolicy = ManagedPolicy::new($name);
    )*};
}

policies! {
    ADMINISTRATOR_ACCESS = "AdministratorAccess";
    AMAZON_BEDROCK_READ_ONLY = "AmazonBedrockReadOnly";
    AMAZON_EBS_CSI_DRIVER_POLICY = "service-role/AmazonEBSCSIDriverPolicy";
    AMAZON_EC2_CONTAINER_REGISTRY_PULL_ONLY = "AmazonEC2ContainerRegistryPullOnly";
    AMAZON_EC2_CONTAINER_REGISTRY_READ_ONLY = "AmazonEC2ContainerRegistryReadOnly";
    AMAZON_ECS_TASK_EXECUTION_ROLE_POLICY = "service-role/AmazonECSTaskExecutionRolePolicy";
    AMAZON_EFS_CSI_DRIVER_POLICY = "service-role/AmazonEFSCSIDriverPolicy";
    AMAZON_EKS_CLUSTER_POLICY = "AmazonEKSClusterPolicy";
    AMAZON_EKS_CNI_POLICY = "AmazonEKS_CNI_Policy";
    AMAZON_EKS_FARGATE_POD_EXECUTION_ROLE_POLICY = "AmazonEKSFargatePodExecutionRolePolicy";
    AMAZON_EKS_SERVICE_POLICY = "AmazonEKSServicePolicy";
    AMAZON_EKS_VPC_RESOURCE_CONTROLLER = "AmazonEKSVPCResourceController";
    AMAZON_EKS_WORKER_NODE_POLICY = "AmazonEKSWorkerNodePolicy";
    AMAZON_RDS_ENHANCED_MONITORING_ROLE = "service-role/AmazonRDSEnhancedMonitoringRole";
    AMAZON_S3_READ_ONLY_ACCESS = "AmazonS3ReadOnlyAccess";
    AMAZON_SSM_MANAGED_INSTANCE_CORE = "AmazonSSMManagedInstanceCore";
    AWS_BACKUP_SERVICE_ROLE_POLICY_FOR_BACKUP =
        "service-role/AWSBackupServiceRolePolicyForBackup";
    AWS_BACKUP_SERVICE_ROLE_POLICY_FOR_RESTORES =
        "service-role/AWSBackupServiceRolePolicyForRestores";
    AWS_LAMBDA_BASIC_EXECUTION_ROLE = "service-role/AWSLambdaBasicExecutionRole";
    AWS_LAMBDA_VPC_ACCESS_EXECUTION_ROLE = "service-role/AWSLambdaVPCAccessExecutionRole";
    AWS_X_RAY_DAEMON_WRITE_ACCESS = "AWSXRayDaemonWriteAccess";
    CLOUD_WATCH_AGENT_SERVER_POLICY = "CloudWatchAgentServerPolicy";
    READ_ONLY_ACCESS = "ReadOnlyAccess";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_names_the_partition_and_the_path() {
        let arn = AMAZON_ECS_TASK_EXECUTION_ROLE_POLICY.arn("aws-us-gov");
        assert_eq!(
            arn.as_str(),
            "arn:aws-us-gov:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
        );
    }
}
