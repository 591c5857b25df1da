//! The AWS calls of [`Policy`].

use std::collections::{BTreeMap, HashMap};

use aws_sdk_applicationautoscaling::types::{
    AdjustmentType as WireAdjustment, CustomizedMetricSpecification as WireCustomized,
    MetricAggregationType as WireAggregation, MetricDimension, MetricStatistic, MetricType,
    PolicyType as WireType, PredefinedMetricSpecification as WirePredefined, ScalableDimension,
    ScalingPolicy, ServiceNamespace, StepAdjustment as WireStep,
    StepScalingPolicyConfiguration as WireSteps, TargetTrackingMetric as WireMetric,
    TargetTrackingMetricDataQuery as WireQuery, TargetTrackingMetricDimension as WireDimension,
    TargetTrackingMetricStat as WireStat, TargetTrackingScalingPolicyConfiguration as WireTracking,
};
use infra_sdk::{Arn, BlockSet};

use super::metrics::{
    CustomizedMetricSpecification, NamedMetric, PredefinedMetricSpecification, TrackedMetric,
    TrackedMetricStat,
};
use super::policy::{
    MetricAggregationType, Policy, PolicyOutputs, StepAdjustment, StepScaling, TargetTracking,
};
use super::scalable::{Named, Scalable, by_namespace};
use crate::frame::error::incomplete;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:PutScalingPolicy",
];
/// The service makes, finds and deletes the alarms of target tracking for its caller. Source:
/// Application Auto Scaling User Guide, permissions to work with target tracking.
const ACTIONS: &[&str] = actions!(
    OPERATIONS,
    ["cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"]
);
/// Names in one list.
const AT_ONCE: usize = 50;

impl Handler for Policy {
    const CALLS: Calls = Calls {
        class: CreateClass::Relation,
        create: "application-autoscaling:PutScalingPolicy",
        operations: OPERATIONS,
        actions: ACTIONS,
        gone: &["ObjectNotFoundException"],
        not_yet: &[
            ("ObjectNotFoundException", "No scalable target"),
            // Several policies of one target are made at the same time.
            ("ConcurrentUpdateException", ""),
        ],
        lingering: &[("ConcurrentUpdateException", "")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        put(aws, want).await?;
        Ok(named(want).id())
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, AT_ONCE, |chunk| async move {
            let mut found = HashMap::new();
            for (namespace, names) in by_namespace(&chunk)? {
                for wire in list(aws, &namespace, &names).await? {
                    let seen = see(wire)?;
                    found.insert(seen.outputs.id.clone(), seen);
                }
            }
            Ok(found)
        })
        .await
    }

    /// The service takes a configuration as a whole.
    async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        put(aws, want).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let it = Named::parse(id)?;
        aws.call(|| {
            aws.application_autoscaling()
                .delete_scaling_policy()
                .policy_name(&it.name)
                .service_namespace(ServiceNamespace::from(it.of.namespace.as_str()))
                .resource_id(&it.of.resource)
                .scalable_dimension(ScalableDimension::from(it.of.dimension.as_str()))
                .send()
        })
        .await
        .map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let id = named(want).id();
        let found = list(aws, &want.service_namespace, std::slice::from_ref(&want.name)).await?;
        let found = found.iter().map(|wire| id_of(wire).id());
        Ok(found.filter(|found| *found == id).collect())
    }
}

fn named(want: &Policy) -> Named {
    let of = Scalable {
        namespace: want.service_namespace.clone(),
        resource: want.resource_id.clone(),
        dimension: want.scalable_dimension.clone(),
    };
    Named { of, name: want.name.clone() }
}

fn id_of(wire: &ScalingPolicy) -> Named {
    let of = Scalable {
        namespace: wire.service_namespace.as_str().to_owned(),
        resource: wire.resource_id.clone(),
        dimension: wire.scalable_dimension.as_str().to_owned(),
    };
    Named { of, name: wire.policy_name.clone() }
}

async fn list(aws: &Aws, namespace: &str, names: &[String]) -> Result<Vec<ScalingPolicy>> {
    let pages = aws
        .pages(
            |token| {
                aws.application_autoscaling()
                    .describe_scaling_policies()
                    .service_namespace(ServiceNamespace::from(namespace))
                    .set_policy_names(Some(names.to_vec()))
                    .set_next_token(token)
                    .send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.scaling_policies.unwrap_or_default()).collect())
}

async fn put(aws: &Aws, want: &Policy) -> Result<()> {
    let steps = want.step_scaling_policy_configuration.as_ref().map(wire_steps).transpose()?;
    let tracking = &want.target_tracking_scaling_policy_configuration;
    let tracking = tracking.as_ref().map(wire_tracking).transpose()?;
    aws.call(|| {
        aws.application_autoscaling()
            .put_scaling_policy()
            .policy_name(&want.name)
            .service_namespace(ServiceNamespace::from(want.service_namespace.as_str()))
            .resource_id(&want.resource_id)
            .scalable_dimension(ScalableDimension::from(want.scalable_dimension.as_str()))
            .policy_type(WireType::from(want.policy_type.as_str()))
            .set_step_scaling_policy_configuration(steps.clone())
            .set_target_tracking_scaling_policy_configuration(tracking.clone())
            .send()
    })
    .await
    .map(drop)
}

fn positive(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

fn wire_steps(want: &StepScaling) -> Result<WireSteps> {
    let step = |step: &StepAdjustment| {
        WireStep::builder()
            .set_metric_interval_lower_bound(step.metric_interval_lower_bound)
            .set_metric_interval_upper_bound(step.metric_interval_upper_bound)
            .scaling_adjustment(step.scaling_adjustment)
            .build()
            .map_err(incomplete)
    };
    let steps = want.step_adjustment.0.iter().map(step).collect::<Result<_>>()?;
    Ok(WireSteps::builder()
        .adjustment_type(WireAdjustment::from(want.adjustment_type.as_str()))
        .set_cooldown(want.cooldown.map(number))
        .metric_aggregation_type(WireAggregation::from(want.metric_aggregation_type.as_str()))
        .set_min_adjustment_magnitude(want.min_adjustment_magnitude.map(number))
        .set_step_adjustments(Some(steps))
        .build())
}

fn wire_tracking(want: &TargetTracking) -> Result<WireTracking> {
    let predefined = |metric: &PredefinedMetricSpecification| {
        WirePredefined::builder()
            .predefined_metric_type(MetricType::from(metric.predefined_metric_type.as_str()))
            .set_resource_label(metric.resource_label.clone())
            .build()
            .map_err(incomplete)
    };
    let (known, custom) =
        (&want.predefined_metric_specification, &want.customized_metric_specification);
    WireTracking::builder()
        .target_value(want.target_value)
        .set_predefined_metric_specification(known.as_ref().map(predefined).transpose()?)
        .set_customized_metric_specification(custom.as_ref().map(wire_customized).transpose()?)
        .disable_scale_in(want.disable_scale_in)
        .set_scale_in_cooldown(want.scale_in_cooldown.map(number))
        .set_scale_out_cooldown(want.scale_out_cooldown.map(number))
        .build()
        .map_err(incomplete)
}

fn wire_customized(want: &CustomizedMetricSpecification) -> Result<WireCustomized> {
    let dimension = |(name, value): (&String, &String)| {
        MetricDimension::builder().name(name).value(value).build().map_err(incomplete)
    };
    let dimensions = want.dimensions.iter().map(dimension).collect::<Result<Vec<_>>>()?;
    let metrics = want.metrics.iter().map(wire_query).collect::<Result<Vec<_>>>()?;
    Ok(WireCustomized::builder()
        .set_metric_name(want.metric_name.clone())
        .set_namespace(want.namespace.clone())
        .set_dimensions((!dimensions.is_empty()).then_some(dimensions))
        .set_statistic(want.statistic.map(|word| MetricStatistic::from(word.as_str())))
        .set_unit(want.unit.clone())
        .set_metrics((!metrics.is_empty()).then_some(metrics))
        .build())
}

fn wire_query(query: &TrackedMetric) -> Result<WireQuery> {
    let dimension = |(name, value): (&String, &String)| {
        WireDimension::builder().name(name).value(value).build().map_err(incomplete)
    };
    let metric = |stat: &TrackedMetricStat| {
        let dimensions =
            stat.metric.dimensions.iter().map(dimension).collect::<Result<Vec<_>>>()?;
        let metric = WireMetric::builder()
            .metric_name(&stat.metric.metric_name)
            .namespace(&stat.metric.namespace)
            .set_dimensions((!dimensions.is_empty()).then_some(dimensions))
            .build();
        let stat = WireStat::builder().metric(metric).stat(&stat.stat).set_unit(stat.unit.clone());
        stat.build().map_err(incomplete)
    };
    WireQuery::builder()
        .id(&query.id)
        .set_expression(query.expression.clone())
        .set_metric_stat(query.metric_stat.as_ref().map(metric).transpose()?)
        .set_label(query.label.clone())
        .return_data(query.return_data)
        .build()
        .map_err(incomplete)
}

fn see(wire: ScalingPolicy) -> Result<Seen<Policy>> {
    let id = id_of(&wire);
    let steps = wire.step_scaling_policy_configuration.map(see_steps).transpose()?;
    let tracking =
        wire.target_tracking_scaling_policy_configuration.map(see_tracking).transpose()?;
    let alarms = wire.alarms.unwrap_or_default().into_iter();
    let outputs = PolicyOutputs {
        id: id.id(),
        arn: Arn::new(wire.policy_arn),
        alarm_arns: alarms.map(|alarm| Arn::new(alarm.alarm_arn)).collect(),
    };
    let inputs = Policy {
        name: id.name,
        resource_id: id.of.resource,
        scalable_dimension: id.of.dimension,
        service_namespace: id.of.namespace,
        policy_type: parsed(Some(wire.policy_type.as_str()), "PolicyType")?,
        step_scaling_policy_configuration: steps,
        target_tracking_scaling_policy_configuration: tracking,
    };
    Ok(Seen::new(inputs, outputs))
}

fn see_steps(wire: WireSteps) -> Result<StepScaling> {
    let step = |wire: WireStep| StepAdjustment {
        metric_interval_lower_bound: wire.metric_interval_lower_bound,
        metric_interval_upper_bound: wire.metric_interval_upper_bound,
        scaling_adjustment: wire.scaling_adjustment,
    };
    let steps = wire.step_adjustments.unwrap_or_default();
    // Left out, it is the average. Source: StepScalingPolicyConfiguration.
    let aggregation = wire.metric_aggregation_type.as_ref();
    let aggregation =
        aggregation.map_or(MetricAggregationType::Average.as_str(), WireAggregation::as_str);
    Ok(StepScaling {
        adjustment_type: parsed(
            wire.adjustment_type.as_ref().map(WireAdjustment::as_str),
            "AdjustmentType",
        )?,
        cooldown: wire.cooldown.map(positive),
        metric_aggregation_type: parsed(Some(aggregation), "MetricAggregationType")?,
        min_adjustment_magnitude: wire.min_adjustment_magnitude.map(positive),
        step_adjustment: BlockSet(steps.into_iter().map(step).collect()),
    })
}

fn see_tracking(wire: WireTracking) -> Result<TargetTracking> {
    let predefined = |wire: WirePredefined| -> Result<_> {
        let word = wire.predefined_metric_type.as_str();
        Ok(PredefinedMetricSpecification {
            predefined_metric_type: parsed(Some(word), "PredefinedMetricType")?,
            resource_label: wire.resource_label,
        })
    };
    Ok(TargetTracking {
        target_value: wire.target_value,
        predefined_metric_specification: wire
            .predefined_metric_specification
            .map(predefined)
            .transpose()?,
        customized_metric_specification: wire
            .customized_metric_specification
            .map(see_customized)
            .transpose()?,
        disable_scale_in: wire.disable_scale_in.unwrap_or(false),
        scale_in_cooldown: wire.scale_in_cooldown.map(positive),
        scale_out_cooldown: wire.scale_out_cooldown.map(positive),
    })
}

fn see_customized(wire: WireCustomized) -> Result<CustomizedMetricSpecification> {
    let dimensions = wire.dimensions.unwrap_or_default().into_iter();
    let statistic = wire.statistic.as_ref();
    let metrics = wire.metrics.unwrap_or_default().into_iter();
    Ok(CustomizedMetricSpecification {
        metric_name: wire.metric_name,
        namespace: wire.namespace,
        dimensions: dimensions.map(|one| (one.name, one.value)).collect(),
        statistic: statistic.map(|word| parsed(Some(word.as_str()), "Statistic")).transpose()?,
        unit: wire.unit,
        metrics: metrics.map(see_query).collect::<Result<_>>()?,
    })
}

fn see_query(wire: WireQuery) -> Result<TrackedMetric> {
    let metric = |wire: WireStat| -> Result<TrackedMetricStat> {
        let metric = wire.metric.ok_or_else(|| missing("Metric"))?;
        let dimensions = metric.dimensions.unwrap_or_default().into_iter();
        let metric = NamedMetric {
            metric_name: metric.metric_name.ok_or_else(|| missing("MetricName"))?,
            namespace: metric.namespace.ok_or_else(|| missing("Namespace"))?,
            dimensions: dimensions.map(|one| (one.name, one.value)).collect::<BTreeMap<_, _>>(),
        };
        Ok(TrackedMetricStat { metric, stat: wire.stat, unit: wire.unit })
    };
    Ok(TrackedMetric {
        id: wire.id,
        expression: wire.expression,
        metric_stat: wire.metric_stat.map(metric).transpose()?,
        label: wire.label,
        // Left out, it is returned. Source: TargetTrackingMetricDataQuery.
        return_data: wire.return_data.unwrap_or(true),
    })
}
