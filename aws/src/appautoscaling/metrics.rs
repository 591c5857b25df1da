//! Which metric a target tracking policy follows: one that the service knows, one of the user's, or
//! an expression of several.

use std::collections::BTreeMap;

use infra_sdk::{Block, Choice};

use crate::cloudwatch::Statistic;

/// A metric that the service knows.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct PredefinedMetricSpecification {
    /// Which metric.
    pub predefined_metric_type: PredefinedMetricType,
    /// Load balancer and target group of `ALBRequestCountPerTarget`:
    /// `app/name/1234567890123456/targetgroup/name/1234567890123456`, at most 1,023 characters.
    pub resource_label: Option<String>,
}

macro_rules! predefined {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// The metrics that the service knows. Source: Application Auto Scaling API Reference,
        /// PredefinedMetricSpecification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
        pub enum PredefinedMetricType {
            $($(#[$doc])* #[choice($word)] $variant,)*
        }
    };
}

predefined! {
    /// Requests for each target of a load balancer's target group.
    AlbRequestCountPerTarget = "ALBRequestCountPerTarget",
    /// Capacity in use of a fleet of AppStream.
    AppStreamAverageCapacityUtilization = "AppStreamAverageCapacityUtilization",
    /// Read capacity in use of a table of Keyspaces.
    CassandraReadCapacityUtilization = "CassandraReadCapacityUtilization",
    /// Write capacity in use of a table of Keyspaces.
    CassandraWriteCapacityUtilization = "CassandraWriteCapacityUtilization",
    /// Inference units in use of an endpoint of Comprehend.
    ComprehendInferenceUtilization = "ComprehendInferenceUtilization",
    /// Read capacity in use of a table of DynamoDB.
    DynamoDbReadCapacityUtilization = "DynamoDBReadCapacityUtilization",
    /// Write capacity in use of a table of DynamoDB.
    DynamoDbWriteCapacityUtilization = "DynamoDBWriteCapacityUtilization",
    /// Processor use of a Spot Fleet.
    Ec2SpotFleetRequestAverageCpuUtilization = "EC2SpotFleetRequestAverageCPUUtilization",
    /// Bytes that a Spot Fleet receives.
    Ec2SpotFleetRequestAverageNetworkIn = "EC2SpotFleetRequestAverageNetworkIn",
    /// Bytes that a Spot Fleet sends.
    Ec2SpotFleetRequestAverageNetworkOut = "EC2SpotFleetRequestAverageNetworkOut",
    /// Processor use of a service of ECS.
    EcsServiceAverageCpuUtilization = "ECSServiceAverageCPUUtilization",
    /// Processor use of a service of ECS, in shorter periods.
    EcsServiceAverageCpuUtilizationHighResolution = "ECSServiceAverageCPUUtilizationHighResolution",
    /// Memory use of a service of ECS.
    EcsServiceAverageMemoryUtilization = "ECSServiceAverageMemoryUtilization",
    /// Memory use of a service of ECS, in shorter periods.
    EcsServiceAverageMemoryUtilizationHighResolution =
        "ECSServiceAverageMemoryUtilizationHighResolution",
    /// Capacity in use of a cache that evicts, memory and disk.
    ElastiCacheDatabaseCapacityUsageCountedForEvictPercentage =
        "ElastiCacheDatabaseCapacityUsageCountedForEvictPercentage",
    /// Memory in use of a cache that evicts.
    ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage =
        "ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage",
    /// Memory in use of a cache.
    ElastiCacheDatabaseMemoryUsagePercentage = "ElastiCacheDatabaseMemoryUsagePercentage",
    /// Processor use of the engine of a cache cluster.
    ElastiCacheEngineCpuUtilization = "ElastiCacheEngineCPUUtilization",
    /// Processor use of the engine of the primary nodes of a cache.
    ElastiCachePrimaryEngineCpuUtilization = "ElastiCachePrimaryEngineCPUUtilization",
    /// Processor use of the engine of the replicas of a cache.
    ElastiCacheReplicaEngineCpuUtilization = "ElastiCacheReplicaEngineCPUUtilization",
    /// Storage in use of the brokers of MSK.
    KafkaBrokerStorageUtilization = "KafkaBrokerStorageUtilization",
    /// Provisioned concurrency in use of a function.
    LambdaProvisionedConcurrencyUtilization = "LambdaProvisionedConcurrencyUtilization",
    /// Processor use of the readers of a cluster of Neptune.
    NeptuneReaderAverageCpuUtilization = "NeptuneReaderAverageCPUUtilization",
    /// Processor use of the readers of a cluster of Aurora.
    RdsReaderAverageCpuUtilization = "RDSReaderAverageCPUUtilization",
    /// Connections to the readers of a cluster of Aurora.
    RdsReaderAverageDatabaseConnections = "RDSReaderAverageDatabaseConnections",
    /// Requests at the same time for each copy of an inference component, in shorter periods.
    SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution =
        "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    /// Invocations of each copy of an inference component.
    SageMakerInferenceComponentInvocationsPerCopy = "SageMakerInferenceComponentInvocationsPerCopy",
    /// Requests at the same time for each model of a variant, in shorter periods.
    SageMakerVariantConcurrentRequestsPerModelHighResolution =
        "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    /// Invocations of each instance of a variant.
    SageMakerVariantInvocationsPerInstance = "SageMakerVariantInvocationsPerInstance",
    /// Provisioned concurrency in use of a serverless variant.
    SageMakerVariantProvisionedConcurrencyUtilization =
        "SageMakerVariantProvisionedConcurrencyUtilization",
    /// Sessions in use of a pool of WorkSpaces.
    WorkSpacesAverageUserSessionsCapacityUtilization =
        "WorkSpacesAverageUserSessionsCapacityUtilization",
}

/// A metric of the user's, or an expression of several. Just one of `metric_name` and `metrics`.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct CustomizedMetricSpecification {
    /// Name of the metric.
    pub metric_name: Option<String>,
    /// Namespace of the metric.
    pub namespace: Option<String>,
    /// Dimensions of the metric.
    pub dimensions: BTreeMap<String, String>,
    /// What of the metric is followed.
    pub statistic: Option<Statistic>,
    /// Unit of the metric.
    pub unit: Option<String>,
    /// Metrics and expressions, one of which is followed.
    pub metrics: Vec<TrackedMetric>,
}

/// A metric or an expression. Just one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TrackedMetric {
    /// Its name in expressions: a small letter, then letters, digits and underscores.
    pub id: String,
    /// An expression: `queue / running`.
    pub expression: Option<String>,
    /// A metric.
    pub metric_stat: Option<TrackedMetricStat>,
    /// What it is called in pictures.
    pub label: Option<String>,
    /// Whether it is what is followed.
    #[field(default = true)]
    pub return_data: bool,
}

/// A metric of an expression, and what of it.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TrackedMetricStat {
    /// The metric.
    pub metric: NamedMetric,
    /// What of it: `Sum`, `p95`.
    pub stat: String,
    /// Unit.
    pub unit: Option<String>,
}

/// A metric by its name.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct NamedMetric {
    /// Its name.
    pub metric_name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its dimensions.
    pub dimensions: BTreeMap<String, String>,
}
