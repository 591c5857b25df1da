//! The AWS calls of [`MetricAlarm`].

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatch::types::{
    ComparisonOperator as WireComparison, Dimension, Metric, MetricAlarm as Wire, MetricDataQuery,
    MetricStat, StandardUnit, Statistic as WireStatistic,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{Arn, BlockSet};

use super::common::{arns, arns_seen, list_tags, retag, wire_tags};
use super::metric_alarm::{
    MetricAlarm, MetricAlarmOutputs, MetricQuery, MissingData, QueriedMetric,
};
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListTagsForResource",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:TagResource",
    "cloudwatch:UntagResource",
];
/// Names in one DescribeAlarms. Source: CloudWatch API Reference.
const AT_ONCE: usize = 100;
const GONE: &[&str] = &["ResourceNotFound", "ResourceNotFoundException"];

impl Handler for MetricAlarm {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("alarm_name"),
        create: "cloudwatch:PutMetricAlarm",
        operations: OPERATIONS,
        actions: OPERATIONS,
        // An alarm may be about a metric that nothing sends yet, and its actions are not validated.
        // Source: PutMetricAlarm; "Alarms and actions" in the CloudWatch User Guide.
        loose: &["dimensions", "alarm_description"],
        gone: GONE,
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        if let Some(there) = describe(aws, std::slice::from_ref(&want.alarm_name)).await?.pop() {
            let arn = there.alarm_arn.ok_or_else(|| missing("AlarmArn"))?;
            if !is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0) {
                let message = format!("there is an alarm `{}` already", want.alarm_name);
                return Err(Failure::new(FailureClass::Exists, message));
            }
        }
        put(aws, want).await?;
        Ok(want.alarm_name.clone())
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, AT_ONCE, |chunk| async move {
            let names: Vec<_> = chunk.into_iter().map(|known| known.id).collect();
            let alarms = describe(aws, &names).await?;
            let seen: Vec<_> = alarms.into_iter().map(|wire| see(aws, wire)).collect();
            let seen = stream::iter(seen).buffered(8).try_collect::<Vec<_>>().await?;
            let seen = seen.into_iter().flatten();
            Ok(seen.map(|seen| (seen.outputs.id.clone(), seen)).collect::<HashMap<_, _>>())
        })
        .await
    }

    /// CloudWatch takes an alarm as a whole. The tags in that call count for a new one only.
    async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        put(aws, want).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.cloudwatch().delete_alarms().alarm_names(id).send()).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let mut ours = Vec::new();
        for wire in describe(aws, std::slice::from_ref(&want.alarm_name)).await? {
            let seen = see(aws, wire).await?;
            let seen = seen.filter(|seen| is_ours(&want.tags.0, &seen.inputs.tags.0));
            ours.extend(seen.map(|seen| seen.outputs.id));
        }
        Ok(ours)
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let found = describe(aws, &[id.to_owned()]).await?.pop();
        let arn = found.and_then(|alarm| alarm.alarm_arn).ok_or_else(|| missing("AlarmArn"))?;
        retag(aws, &arn, change).await
    }
}

async fn describe(aws: &Aws, names: &[String]) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.cloudwatch().describe_alarms().set_next_token(token);
                call.set_alarm_names(Some(names.to_vec())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.metric_alarms.unwrap_or_default()).collect())
}

fn positive(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

fn dimensions(map: &BTreeMap<String, String>) -> Option<Vec<Dimension>> {
    let dimension = |(name, value)| Dimension::builder().name(name).value(value).build();
    (!map.is_empty()).then(|| map.iter().map(dimension).collect())
}

fn query(query: &MetricQuery) -> MetricDataQuery {
    let metric = |metric: &QueriedMetric| {
        let named = Metric::builder()
            .metric_name(&metric.metric_name)
            .set_namespace(metric.namespace.clone())
            .set_dimensions(dimensions(&metric.dimensions))
            .build();
        MetricStat::builder()
            .metric(named)
            .period(number(metric.period))
            .stat(&metric.stat)
            .set_unit(metric.unit.as_deref().map(StandardUnit::from))
            .build()
    };
    MetricDataQuery::builder()
        .id(&query.id)
        .set_expression(query.expression.clone())
        .set_metric_stat(query.metric.as_ref().map(metric))
        .set_label(query.label.clone())
        .set_period(query.period.map(number))
        .return_data(query.return_data)
        .set_account_id(query.account_id.clone())
        .build()
}

async fn put(aws: &Aws, want: &MetricAlarm) -> Result<()> {
    let queries: Vec<_> = want.metric_query.0.iter().map(query).collect();
    let low = want.evaluate_low_sample_count_percentiles;
    aws.call(|| {
        aws.cloudwatch()
            .put_metric_alarm()
            .alarm_name(&want.alarm_name)
            .comparison_operator(WireComparison::from(want.comparison_operator.as_str()))
            .evaluation_periods(number(want.evaluation_periods))
            .set_datapoints_to_alarm(want.datapoints_to_alarm.map(number))
            .set_threshold(want.threshold)
            .set_threshold_metric_id(want.threshold_metric_id.clone())
            .set_metric_name(want.metric_name.clone())
            .set_namespace(want.namespace.clone())
            .set_dimensions(dimensions(&want.dimensions))
            .set_period(want.period.map(number))
            .set_statistic(want.statistic.map(|word| WireStatistic::from(word.as_str())))
            .set_extended_statistic(want.extended_statistic.clone())
            .set_unit(want.unit.as_deref().map(StandardUnit::from))
            .set_metrics((!queries.is_empty()).then(|| queries.clone()))
            .treat_missing_data(want.treat_missing_data.as_str())
            .set_evaluate_low_sample_count_percentile(low.map(|word| word.as_str().to_owned()))
            .set_alarm_description(want.alarm_description.clone())
            .actions_enabled(want.actions_enabled)
            .set_alarm_actions(arns(&want.alarm_actions))
            .set_ok_actions(arns(&want.ok_actions))
            .set_insufficient_data_actions(arns(&want.insufficient_data_actions))
            .set_tags(wire_tags(&want.tags.0))
            .send()
    })
    .await
    .map(drop)
}

fn see_dimensions(dimensions: Option<Vec<Dimension>>) -> BTreeMap<String, String> {
    let all = dimensions.unwrap_or_default().into_iter();
    all.filter_map(|one| Some((one.name?, one.value?))).collect()
}

fn see_query(wire: MetricDataQuery) -> Result<MetricQuery> {
    let metric = |wire: MetricStat| -> Result<QueriedMetric> {
        let metric = wire.metric.ok_or_else(|| missing("Metric"))?;
        Ok(QueriedMetric {
            metric_name: metric.metric_name.ok_or_else(|| missing("MetricName"))?,
            namespace: metric.namespace,
            period: positive(wire.period.ok_or_else(|| missing("Period"))?),
            stat: wire.stat.ok_or_else(|| missing("Stat"))?,
            unit: wire.unit.map(|unit| unit.as_str().to_owned()),
            dimensions: see_dimensions(metric.dimensions),
        })
    };
    Ok(MetricQuery {
        id: wire.id.ok_or_else(|| missing("Id"))?,
        expression: wire.expression,
        metric: wire.metric_stat.map(metric).transpose()?,
        label: wire.label,
        period: wire.period.map(positive),
        // Left out, it is returned. Source: CloudWatch API Reference, MetricDataQuery.
        return_data: wire.return_data.unwrap_or(true),
        account_id: wire.account_id,
    })
}

/// An alarm with its tags; `None` if it goes while it is looked at.
async fn see(aws: &Aws, wire: Wire) -> Result<Option<Seen<MetricAlarm>>> {
    let arn = wire.alarm_arn.ok_or_else(|| missing("AlarmArn"))?;
    let Some(tags) = absent(list_tags(aws, &arn).await.map(Some), GONE)? else { return Ok(None) };
    let name = wire.alarm_name.ok_or_else(|| missing("AlarmName"))?;
    let queries = wire.metrics.unwrap_or_default().into_iter().map(see_query);
    let comparison = wire.comparison_operator.as_ref().map(WireComparison::as_str);
    let statistic = wire.statistic.as_ref();
    let missing_data = wire.treat_missing_data.as_deref().unwrap_or(MissingData::Missing.as_str());
    let low = wire.evaluate_low_sample_count_percentile.as_deref();
    let inputs = MetricAlarm {
        alarm_name: name.clone(),
        comparison_operator: parsed(comparison, "ComparisonOperator")?,
        evaluation_periods: positive(
            wire.evaluation_periods.ok_or_else(|| missing("EvaluationPeriods"))?,
        ),
        datapoints_to_alarm: wire.datapoints_to_alarm.map(positive),
        threshold: wire.threshold,
        threshold_metric_id: wire.threshold_metric_id,
        metric_name: wire.metric_name,
        namespace: wire.namespace,
        dimensions: see_dimensions(wire.dimensions),
        period: wire.period.map(positive),
        statistic: statistic.map(|word| parsed(Some(word.as_str()), "Statistic")).transpose()?,
        extended_statistic: wire.extended_statistic,
        unit: wire.unit.map(|unit| unit.as_str().to_owned()),
        metric_query: BlockSet(queries.collect::<Result<_>>()?),
        treat_missing_data: parsed(Some(missing_data), "TreatMissingData")?,
        evaluate_low_sample_count_percentiles: low
            .map(|word| parsed(Some(word), "EvaluateLowSampleCountPercentile"))
            .transpose()?,
        // A description that says nothing is none.
        alarm_description: wire.alarm_description.filter(|text| !text.is_empty()),
        actions_enabled: wire.actions_enabled.unwrap_or(true),
        alarm_actions: arns_seen(wire.alarm_actions),
        ok_actions: arns_seen(wire.ok_actions),
        insufficient_data_actions: arns_seen(wire.insufficient_data_actions),
        tags,
    };
    let outputs = MetricAlarmOutputs { id: name, arn: Arn::new(arn) };
    Ok(Some(Seen::new(inputs, outputs)))
}
