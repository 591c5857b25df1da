//! A policy by which something scales: it follows a metric, or an alarm starts steps of it. Without
//! predictive scaling. The service takes a create of a name that is there as a change.
//!
//! API: PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Block, BlockSet, Choice, Outputs, Resource};

use super::metrics::{CustomizedMetricSpecification, PredefinedMetricSpecification};
use super::policy_rules::validate;
use crate::cloudwatch::MetricAlarm;

/// A policy by which something scales.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_appautoscaling_policy", outputs = PolicyOutputs, validate = validate)]
pub struct Policy {
    /// Name, from 1 to 256 characters.
    #[field(force_new)]
    pub name: String,
    /// What scales: `service/cluster/name` for a service of ECS.
    #[field(force_new)]
    pub resource_id: String,
    /// What of it scales: `ecs:service:DesiredCount`.
    #[field(force_new)]
    pub scalable_dimension: String,
    /// Whose it is: `ecs`.
    #[field(force_new)]
    pub service_namespace: String,
    /// How it scales.
    #[field(default = PolicyType::StepScaling)]
    pub policy_type: PolicyType,
    /// The steps that alarms start.
    pub step_scaling_policy_configuration: Option<StepScaling>,
    /// The metric that is followed.
    pub target_tracking_scaling_policy_configuration: Option<TargetTracking>,
}

/// How a policy scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PolicyType {
    /// In steps that alarms start.
    #[choice("StepScaling")]
    StepScaling,
    /// So that a metric stays near a value.
    #[choice("TargetTrackingScaling")]
    TargetTrackingScaling,
}

/// The steps that alarms start.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct StepScaling {
    /// What the numbers of the steps are.
    pub adjustment_type: AdjustmentType,
    /// Seconds between two of them; left out, the service's own.
    #[field(range = 0..=2_147_483_647)]
    pub cooldown: Option<u32>,
    /// What of the alarm's data points counts.
    #[field(default = MetricAggregationType::Average)]
    pub metric_aggregation_type: MetricAggregationType,
    /// The least that is added or taken away by a percentage.
    #[field(range = 1..=2_147_483_647)]
    pub min_adjustment_magnitude: Option<u32>,
    /// The steps, without gaps and overlaps.
    #[field(required)]
    pub step_adjustment: BlockSet<StepAdjustment>,
}

/// What the numbers of steps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AdjustmentType {
    /// More or less by so many.
    #[choice("ChangeInCapacity")]
    ChangeInCapacity,
    /// So many.
    #[choice("ExactCapacity")]
    ExactCapacity,
    /// More or less by so many per cent.
    #[choice("PercentChangeInCapacity")]
    PercentChangeInCapacity,
}

/// What of an alarm's data points counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MetricAggregationType {
    /// The average.
    #[choice("Average")]
    Average,
    /// The most.
    #[choice("Maximum")]
    Maximum,
    /// The least.
    #[choice("Minimum")]
    Minimum,
}

/// What is done where the metric is so far from the alarm's threshold.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct StepAdjustment {
    /// From this difference on; left out, from minus infinity.
    pub metric_interval_lower_bound: Option<f64>,
    /// Up to this difference; left out, to infinity.
    pub metric_interval_upper_bound: Option<f64>,
    /// By how much, or to what, it scales.
    pub scaling_adjustment: i32,
}

/// The metric that is followed. Just one of the two specifications.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct TargetTracking {
    /// Near which value the metric is kept.
    pub target_value: f64,
    /// A metric that the service knows.
    pub predefined_metric_specification: Option<PredefinedMetricSpecification>,
    /// A metric of the user's.
    pub customized_metric_specification: Option<CustomizedMetricSpecification>,
    /// Whether it never takes anything away.
    #[field(default = false)]
    pub disable_scale_in: bool,
    /// Seconds after something was taken away until more is; left out, the service's own.
    #[field(range = 0..=2_147_483_647)]
    pub scale_in_cooldown: Option<u32>,
    /// Seconds after something was added until more is; left out, the service's own.
    #[field(range = 0..=2_147_483_647)]
    pub scale_out_cooldown: Option<u32>,
}

/// What AWS assigns to a [`Policy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct PolicyOutputs {
    /// `namespace/resource-id/scalable-dimension/name`, which is also what Terraform imports by.
    pub id: String,
    /// The policy's ARN, which alarms take as an action.
    pub arn: Arn<Policy>,
    /// ARNs of the alarms that follow the metric.
    pub alarm_arns: BTreeSet<Arn<MetricAlarm>>,
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::appautoscaling::target::tests::target;
    use crate::appautoscaling::{
        NamedMetric, PredefinedMetricType, TrackedMetric, TrackedMetricStat,
    };
    use crate::conformance::{Fixture, conforms};

    const DIMENSION: &str = "ecs:service:DesiredCount";

    conforms!(
        aws_appautoscaling_policy,
        Fixture {
            base: |stack, name| {
                let target = target(stack, "target", name, "one", 3);
                let metric = PredefinedMetricType::EcsServiceAverageCpuUtilization;
                let tracking = TargetTracking::new(60.5)
                    .predefined_metric_specification(PredefinedMetricSpecification::new(metric))
                    .scale_in_cooldown(300_u32)
                    .scale_out_cooldown(60_u32);
                let policy = Policy::new("cpu", target.resource_id(), DIMENSION, "ecs")
                    .policy_type(PolicyType::TargetTrackingScaling)
                    .target_tracking_scaling_policy_configuration(tracking);
                stack.add("it", policy);
            },
            update: Some(|stack, name| {
                let target = target(stack, "target", name, "one", 3);
                let metric = |metric: &str, namespace: &str| {
                    let dimensions = BTreeMap::from([("ClusterName", "main")]);
                    let metric = NamedMetric::new(metric, namespace).dimensions(dimensions);
                    TrackedMetricStat::new(metric, "Sum")
                };
                let queue = metric("Messages", "Queues");
                let tasks = metric("RunningTaskCount", "ECS/ContainerInsights");
                let metrics = [
                    TrackedMetric::new("queue").metric_stat(queue).return_data(false),
                    TrackedMetric::new("tasks").metric_stat(tasks).return_data(false),
                    TrackedMetric::new("backlog").expression("queue / tasks").label("each"),
                ];
                let metric = CustomizedMetricSpecification::new().metrics(metrics);
                let tracking = TargetTracking::new(100.0)
                    .customized_metric_specification(metric)
                    .disable_scale_in(true);
                let policy = Policy::new("cpu", target.resource_id(), DIMENSION, "ecs")
                    .policy_type(PolicyType::TargetTrackingScaling)
                    .target_tracking_scaling_policy_configuration(tracking);
                stack.add("it", policy);
            }),
            replace: Some(|stack, name| {
                let target = target(stack, "target", name, "one", 3);
                let steps = [
                    StepAdjustment::new(1)
                        .metric_interval_lower_bound(0.0)
                        .metric_interval_upper_bound(20.0),
                    StepAdjustment::new(3).metric_interval_lower_bound(20.0),
                ];
                let steps = StepScaling::new(AdjustmentType::ChangeInCapacity, steps)
                    .cooldown(120_u32)
                    .metric_aggregation_type(MetricAggregationType::Maximum);
                let policy = Policy::new("steps", target.resource_id(), DIMENSION, "ecs");
                stack.add("it", policy.step_scaling_policy_configuration(steps));
            }),
            gaps: &[],
        }
    );
}
