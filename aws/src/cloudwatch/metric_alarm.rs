//! An alarm on a metric, on an expression of metrics, or on what is not as expected. CloudWatch
//! takes a create of a name that is there as a change, so that a name is looked up before.
//!
//! API: PutMetricAlarm, DescribeAlarms, DeleteAlarms, ListTagsForResource, TagResource,
//! UntagResource.

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, BlockSet, Choice, Object, Outputs, Resource, Tags, Value};

use crate::AnyArn;
use crate::rules::{Rules, wrong_length};

/// An alarm on a metric.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_cloudwatch_metric_alarm", outputs = MetricAlarmOutputs, validate = validate)]
pub struct MetricAlarm {
    /// Name, unique in the region, at most 255 characters.
    #[field(force_new)]
    pub alarm_name: String,
    /// How the metric is compared with the threshold.
    pub comparison_operator: ComparisonOperator,
    /// Periods that are looked at.
    #[field(range = 1..=86_400)]
    pub evaluation_periods: u32,
    /// Periods of those that must be over the threshold; left out, all.
    #[field(range = 1..=86_400)]
    pub datapoints_to_alarm: Option<u32>,
    /// The threshold.
    pub threshold: Option<f64>,
    /// Id of the query that makes a band of what is expected, instead of a threshold.
    pub threshold_metric_id: Option<String>,
    /// Name of the metric, instead of queries.
    pub metric_name: Option<String>,
    /// Namespace of the metric: `AWS/ECS`.
    pub namespace: Option<String>,
    /// Dimensions of the metric.
    pub dimensions: BTreeMap<String, String>,
    /// Seconds of a period: 10, 20, 30, or a multiple of 60.
    pub period: Option<u32>,
    /// What of the metric is compared.
    pub statistic: Option<Statistic>,
    /// A percentile or other statistic that is compared: `p95`.
    pub extended_statistic: Option<String>,
    /// Unit of the metric.
    pub unit: Option<String>,
    /// Queries and expressions, at most 20, one of which is compared.
    pub metric_query: BlockSet<MetricQuery>,
    /// What periods without data are.
    #[field(default = MissingData::Missing)]
    pub treat_missing_data: MissingData,
    /// What percentiles of few samples are.
    pub evaluate_low_sample_count_percentiles: Option<LowSampleCount>,
    /// Description, at most 1,024 characters.
    pub alarm_description: Option<String>,
    /// Whether actions are taken.
    #[field(default = true)]
    pub actions_enabled: bool,
    /// What happens in the state `ALARM`, such as topics that are told; at most 5.
    pub alarm_actions: BTreeSet<AnyArn>,
    /// What happens in the state `OK`; at most 5.
    pub ok_actions: BTreeSet<AnyArn>,
    /// What happens in the state `INSUFFICIENT_DATA`; at most 5.
    pub insufficient_data_actions: BTreeSet<AnyArn>,
    /// Tags.
    pub tags: Tags,
}

/// How a metric is compared with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum ComparisonOperator {
    /// At or over.
    #[choice("GreaterThanOrEqualToThreshold")]
    GreaterThanOrEqualToThreshold,
    /// Over.
    #[choice("GreaterThanThreshold")]
    GreaterThanThreshold,
    /// Under.
    #[choice("LessThanThreshold")]
    LessThanThreshold,
    /// At or under.
    #[choice("LessThanOrEqualToThreshold")]
    LessThanOrEqualToThreshold,
    /// Outside of the band that is expected.
    #[choice("LessThanLowerOrGreaterThanUpperThreshold")]
    LessThanLowerOrGreaterThanUpperThreshold,
    /// Under the band that is expected.
    #[choice("LessThanLowerThreshold")]
    LessThanLowerThreshold,
    /// Over the band that is expected.
    #[choice("GreaterThanUpperThreshold")]
    GreaterThanUpperThreshold,
}

impl ComparisonOperator {
    /// Whether it compares with a band that is expected.
    fn is_band(word: &str) -> bool {
        [
            Self::LessThanLowerOrGreaterThanUpperThreshold,
            Self::LessThanLowerThreshold,
            Self::GreaterThanUpperThreshold,
        ]
        .iter()
        .any(|operator| operator.as_str() == word)
    }
}

/// What of a metric is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Statistic {
    /// The average.
    #[choice("Average")]
    Average,
    /// The least.
    #[choice("Minimum")]
    Minimum,
    /// The most.
    #[choice("Maximum")]
    Maximum,
    /// The sum.
    #[choice("Sum")]
    Sum,
    /// How many there are.
    #[choice("SampleCount")]
    SampleCount,
}

/// What periods without data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MissingData {
    /// Not known.
    #[choice("missing")]
    Missing,
    /// As before.
    #[choice("ignore")]
    Ignore,
    /// Over the threshold.
    #[choice("breaching")]
    Breaching,
    /// Not over the threshold.
    #[choice("notBreaching")]
    NotBreaching,
}

/// What percentiles of few samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LowSampleCount {
    /// Compared all the same.
    #[choice("evaluate")]
    Evaluate,
    /// Not compared.
    #[choice("ignore")]
    Ignore,
}

/// A metric or an expression. Just one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MetricQuery {
    /// Its name in expressions: a small letter, then letters, digits and underscores.
    pub id: String,
    /// An expression: `errors / requests * 100`, `ANOMALY_DETECTION_BAND(m1, 2)`.
    pub expression: Option<String>,
    /// A metric.
    pub metric: Option<QueriedMetric>,
    /// What it is called in pictures.
    pub label: Option<String>,
    /// Seconds of a period of an expression.
    pub period: Option<u32>,
    /// Whether it is what is compared.
    #[field(default = false)]
    pub return_data: bool,
    /// The account that the metric is of.
    pub account_id: Option<String>,
}

/// A metric of a query.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct QueriedMetric {
    /// Its name.
    pub metric_name: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Seconds of a period: 1, 5, 10, 20, 30, or a multiple of 60.
    pub period: u32,
    /// What of it: `Sum`, `p95`.
    pub stat: String,
    /// Unit.
    pub unit: Option<String>,
    /// Dimensions.
    pub dimensions: BTreeMap<String, String>,
}

/// What AWS assigns to a [`MetricAlarm`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct MetricAlarmOutputs {
    /// The alarm's name.
    pub id: String,
    /// The alarm's ARN.
    pub arn: Arn<MetricAlarm>,
}

/// Source: CloudWatch API Reference, PutMetricAlarm.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    if let Some(wrong) = rules.text("alarm_name").and_then(|name| wrong_length(name, 1, 255)) {
        rules.refuse("alarm_name", wrong);
    }
    rules.ordered("datapoints_to_alarm", "evaluation_periods");
    rules.exactly_one(&["metric_name", "metric_query"]);
    if rules.has("metric_query") {
        let single =
            ["namespace", "dimensions", "period", "statistic", "extended_statistic", "unit"];
        rules.without(&single, "with `metric_query`");
        check_queries(&mut rules, inputs);
    } else {
        rules.required(&["namespace", "period"], "with `metric_name`");
        rules.exactly_one(&["statistic", "extended_statistic"]);
    }
    let band = rules.text("comparison_operator").map(ComparisonOperator::is_band);
    match band {
        Some(true) => {
            rules.required(&["threshold_metric_id"], "where a band is compared with");
            rules.without(&["threshold"], "where a band is compared with");
        }
        Some(false) => {
            rules.required(&["threshold"], "where no band is compared with");
            rules.without(&["threshold_metric_id"], "where no band is compared with");
        }
        None => {}
    }
    check_period(&mut rules, "period", &[10, 20, 30]);
    for name in ["alarm_actions", "ok_actions", "insufficient_data_actions"] {
        let count = inputs.get(name).and_then(Value::as_list).map_or(0, <[Value]>::len);
        if count > 5 {
            rules.refuse(name, format!("must be at most 5, not {count}"));
        }
    }
    rules.finish()
}

fn check_period(rules: &mut Rules<'_>, name: &str, short: &[i64]) {
    if let Some(period) = rules.number(name)
        && !short.contains(&period)
        && (period < 60 || period % 60 != 0)
    {
        let short = short.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        rules.refuse(name, format!("must be {short} or a multiple of 60, not {period}"));
    }
}

fn check_queries(rules: &mut Rules<'_>, inputs: &Object) {
    let queries = inputs.get("metric_query").and_then(Value::as_list).unwrap_or_default();
    if queries.len() > 20 {
        rules.refuse("metric_query", format!("must be at most 20, not {}", queries.len()));
    }
    let queries: Vec<_> = queries.iter().filter_map(Value::as_map).collect();
    let returned = |query: &&&Object| query.get("return_data") == Some(&Value::Bool(true));
    let (count, unknown) = (
        queries.iter().filter(returned).count(),
        queries.iter().any(|query| query.get("return_data").is_some_and(Value::has_unknown)),
    );
    // The band that is expected and what is compared with it are both returned.
    let wanted = if rules.has("threshold_metric_id") { 2 } else { 1 };
    if count != wanted && !unknown {
        let message = format!("must have `return_data` in just {wanted}, not in {count}");
        rules.refuse("metric_query", message);
    }
    rules.blocks("metric_query", |rules| {
        rules.exactly_one(&["expression", "metric"]);
        let starts_well = |id: &str| {
            id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if rules.text("id").is_some_and(|id| !starts_well(id)) {
            rules.refuse("id", "must be a small letter, then letters, digits and underscores");
        }
        rules.blocks("metric", |rules| check_period(rules, "period", &[1, 5, 10, 20, 30]));
    });
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Object {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        validate(&object(entries)).into_iter().map(|problem| problem.path).collect()
    }

    fn query(id: &str, returned: bool) -> Value {
        Value::Map(object(&[
            ("id", id.into()),
            ("expression", "a / b".into()),
            ("return_data", Value::Bool(returned)),
        ]))
    }

    #[test]
    fn an_alarm_is_on_a_metric_or_on_queries() {
        let single = [
            ("comparison_operator", "GreaterThanThreshold".into()),
            ("threshold", Value::Int(5)),
            ("metric_name", "CPUUtilization".into()),
            ("namespace", "AWS/ECS".into()),
            ("period", Value::Int(60)),
            ("statistic", "Average".into()),
        ];
        assert_eq!(check(&single), [""; 0]);
        assert_eq!(check(&single[..5]), ["statistic"]);
        let odd = [&single[..], &[("period", Value::Int(45))]].concat();
        assert_eq!(check(&odd), ["period"]);
        let queries = |all: Vec<Value>| {
            let queries = [&single[..2], &[("metric_query", Value::List(all))]].concat();
            check(&queries)
        };
        assert_eq!(queries(vec![query("rate", true), query("m1", false)]), [""; 0]);
        assert_eq!(queries(vec![query("rate", false)]), ["metric_query"]);
        assert_eq!(queries(vec![query("Rate", true)]), ["metric_query[0].id"]);
    }

    #[test]
    fn a_band_has_no_threshold() {
        let band = [
            ("comparison_operator", "GreaterThanUpperThreshold".into()),
            ("threshold_metric_id", "band".into()),
            ("metric_query", Value::List(vec![query("band", true), query("m1", true)])),
        ];
        assert_eq!(check(&band), [""; 0]);
        let both = [&band[..], &[("threshold", Value::Int(1))]].concat();
        assert_eq!(check(&both), ["threshold"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn alarm(stack: &mut infra_sdk::Stack, name: &str, changed: bool) {
        let topic = AnyArn::new("arn:aws:sns:us-west-2:123456789012:alarms");
        let operator = ComparisonOperator::GreaterThanThreshold;
        let alarm = MetricAlarm::new(format!("{name}-cpu"), operator, 5_u32)
            .metric_name("CPUUtilization")
            .namespace("AWS/ECS")
            .period(60_u32)
            .dimensions(BTreeMap::from([("ClusterName", "main")]))
            .threshold(if changed { 90.5 } else { 80.0 })
            .alarm_description(if changed { "higher" } else { "high" })
            .alarm_actions([topic])
            .treat_missing_data(MissingData::NotBreaching);
        let alarm = if changed {
            alarm.extended_statistic("p95").datapoints_to_alarm(3_u32)
        } else {
            alarm.statistic(Statistic::Average)
        };
        stack.add("it", alarm.tag("Name", if changed { "two" } else { "one" }));
    }

    conforms!(
        aws_cloudwatch_metric_alarm,
        Fixture {
            base: |stack, name| alarm(stack, name, false),
            update: Some(|stack, name| alarm(stack, name, true)),
            replace: Some(|stack, name| {
                let metric = |metric: &str, stat: &str| {
                    let metric = QueriedMetric::new(metric, 60_u32, stat);
                    metric.namespace("AWS/ApplicationELB")
                };
                let errors = MetricQuery::new("errors").metric(metric("5xx", "Sum"));
                let all = MetricQuery::new("requests").metric(metric("RequestCount", "Sum"));
                let rate = MetricQuery::new("rate").expression("errors / requests * 100");
                let rate = rate.label("error rate").return_data(true);
                let operator = ComparisonOperator::GreaterThanThreshold;
                let alarm = MetricAlarm::new(format!("{name}-errors"), operator, 2_u32);
                stack.add("it", alarm.threshold(5.0).metric_query([rate, errors, all]));
            }),
            gaps: &[],
        }
    );
}
