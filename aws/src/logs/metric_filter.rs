//! A metric filter: a metric that is made of what a log group gets. Creating and updating are one call,
//! which may be repeated.
//!
//! API: PutMetricFilter, DescribeMetricFilters, DeleteMetricFilter.

use std::collections::BTreeMap;

use infra_sdk::kind::Problem;
use infra_sdk::{Block, Choice, Object, Outputs, Resource, Value};

use super::LogGroupName;
use crate::rules::{NameRule, Rules, wrong_length};

/// A metric that is made of what a log group gets.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_cloudwatch_log_metric_filter",
    outputs = MetricFilterOutputs,
    validate = validate
)]
pub struct MetricFilter {
    /// Name, unique in the log group, at most 512 characters.
    #[field(force_new)]
    pub name: String,
    /// The log group.
    #[field(force_new)]
    pub log_group_name: LogGroupName,
    /// Events that count: `{ $.level = "ERROR" }`, `?ERROR ?Exception`; empty for all. At most 1,024
    /// characters.
    pub pattern: String,
    /// The metric.
    pub metric_transformation: MetricTransformation,
    /// Whether it looks at events as a transformer of the group leaves them.
    #[field(default = false)]
    pub apply_on_transformed_logs: bool,
}

/// The metric that is made.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct MetricTransformation {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What an event adds: a number, or a field of the event: `1`, `$.latency`. At most 100
    /// characters.
    pub value: String,
    /// What is added while no event counts. Not together with `dimensions`.
    pub default_value: Option<f64>,
    /// Dimensions, at most three, of fields of the event: `$.service`.
    pub dimensions: BTreeMap<String, String>,
    /// Unit.
    #[field(default = MetricUnit::None)]
    pub unit: MetricUnit,
}

/// Unit of a metric. Source: CloudWatch API Reference, `StandardUnit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum MetricUnit {
    /// Seconds.
    #[choice("Seconds")]
    Seconds,
    /// Microseconds.
    #[choice("Microseconds")]
    Microseconds,
    /// Milliseconds.
    #[choice("Milliseconds")]
    Milliseconds,
    /// Bytes.
    #[choice("Bytes")]
    Bytes,
    /// Kilobytes.
    #[choice("Kilobytes")]
    Kilobytes,
    /// Megabytes.
    #[choice("Megabytes")]
    Megabytes,
    /// Gigabytes.
    #[choice("Gigabytes")]
    Gigabytes,
    /// Terabytes.
    #[choice("Terabytes")]
    Terabytes,
    /// Bits.
    #[choice("Bits")]
    Bits,
    /// Kilobits.
    #[choice("Kilobits")]
    Kilobits,
    /// Megabits.
    #[choice("Megabits")]
    Megabits,
    /// Gigabits.
    #[choice("Gigabits")]
    Gigabits,
    /// Terabits.
    #[choice("Terabits")]
    Terabits,
    /// Percent.
    #[choice("Percent")]
    Percent,
    /// How many.
    #[choice("Count")]
    Count,
    /// Bytes a second.
    #[choice("Bytes/Second")]
    BytesPerSecond,
    /// Kilobytes a second.
    #[choice("Kilobytes/Second")]
    KilobytesPerSecond,
    /// Megabytes a second.
    #[choice("Megabytes/Second")]
    MegabytesPerSecond,
    /// Gigabytes a second.
    #[choice("Gigabytes/Second")]
    GigabytesPerSecond,
    /// Terabytes a second.
    #[choice("Terabytes/Second")]
    TerabytesPerSecond,
    /// Bits a second.
    #[choice("Bits/Second")]
    BitsPerSecond,
    /// Kilobits a second.
    #[choice("Kilobits/Second")]
    KilobitsPerSecond,
    /// Megabits a second.
    #[choice("Megabits/Second")]
    MegabitsPerSecond,
    /// Gigabits a second.
    #[choice("Gigabits/Second")]
    GigabitsPerSecond,
    /// Terabits a second.
    #[choice("Terabits/Second")]
    TerabitsPerSecond,
    /// How many a second.
    #[choice("Count/Second")]
    CountPerSecond,
    /// None.
    #[choice("None")]
    None,
}

/// What identifies a [`MetricFilter`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct MetricFilterOutputs {
    /// Log group and name: `group:name`.
    pub id: String,
}

/// Source: CloudWatch Logs API Reference, PutMetricFilter.
pub(super) const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 512,
    allows: |c| c != ':' && c != '*',
    characters: "anything but `:` and `*`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    if let Some(wrong) = rules.text("pattern").and_then(|text| wrong_length(text, 0, 1024)) {
        rules.refuse("pattern", wrong);
    }
    let metric = inputs.get("metric_transformation").and_then(Value::as_map);
    let dimensions = metric.and_then(|metric| metric.get("dimensions")).and_then(Value::as_map);
    let count = dimensions.map_or(0, Object::len);
    rules.blocks("metric_transformation", |rules| {
        if rules.has("dimensions") {
            rules.without(&["default_value"], "with `dimensions`");
        }
        if count > 3 {
            rules.refuse("dimensions", format!("must be at most 3, not {count}"));
        }
        for (name, longest) in [("name", 255), ("namespace", 255), ("value", 100)] {
            if let Some(wrong) = rules.text(name).and_then(|text| wrong_length(text, 1, longest)) {
                rules.refuse(name, wrong);
            }
        }
    });
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_cloudwatchlogs::types::{
        MetricFilter as Wire, MetricTransformation as WireMetric, StandardUnit,
    };

    use super::*;
    use crate::frame::error::incomplete;
    use crate::logs::common::{GONE, parse_id, read_by_group};
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["logs:DeleteMetricFilter", "logs:DescribeMetricFilters", "logs:PutMetricFilter"];
    /// Stands between log group and name; neither can have it.
    const DIVIDER: char = ':';

    impl Handler for MetricFilter {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "logs:PutMetricFilter",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(id_of(want.log_group_name.as_str(), &want.name))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_by_group(known, DIVIDER, |group, name| list(aws, group, name)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let (group, name) = parse_id(id, DIVIDER)?;
            aws.call(|| {
                let call = aws.logs().delete_metric_filter().log_group_name(group);
                call.filter_name(name).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let group = want.log_group_name.to_string();
            let id = id_of(&group, &want.name);
            let filters = list(aws, group, Some(want.name.clone())).await;
            let filters = absent(filters.map(Some), GONE)?.unwrap_or_default();
            Ok(filters.into_keys().filter(|found| *found == id).collect())
        }
    }

    fn id_of(group: &str, name: &str) -> String {
        format!("{group}{DIVIDER}{name}")
    }

    async fn put(aws: &Aws, want: &MetricFilter) -> Result<()> {
        let metric = &want.metric_transformation;
        let dimensions = metric.dimensions.clone().into_iter().collect();
        let metric = WireMetric::builder()
            .metric_name(&metric.name)
            .metric_namespace(&metric.namespace)
            .metric_value(&metric.value)
            .set_default_value(metric.default_value)
            .set_dimensions((!metric.dimensions.is_empty()).then_some(dimensions))
            .unit(StandardUnit::from(metric.unit.as_str()))
            .build()
            .map_err(incomplete)?;
        aws.call(|| {
            aws.logs()
                .put_metric_filter()
                .log_group_name(want.log_group_name.as_str())
                .filter_name(&want.name)
                .filter_pattern(&want.pattern)
                .metric_transformations(metric.clone())
                .apply_on_transformed_logs(want.apply_on_transformed_logs)
                .send()
        })
        .await
        .map(drop)
    }

    /// The filters of a group by id; those whose names begin like a name.
    async fn list(
        aws: &Aws,
        group: String,
        name: Option<String>,
    ) -> Result<HashMap<String, Seen<MetricFilter>>> {
        let pages = aws
            .pages(
                |token| {
                    aws.logs()
                        .describe_metric_filters()
                        .log_group_name(&group)
                        .set_filter_name_prefix(name.clone())
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let filters = pages.into_iter().flat_map(|page| page.metric_filters.unwrap_or_default());
        filters.map(|filter| see(&group, filter)).collect()
    }

    fn see(group: &str, wire: Wire) -> Result<(String, Seen<MetricFilter>)> {
        let name = wire.filter_name.ok_or_else(|| missing("filterName"))?;
        let metric = wire.metric_transformations.unwrap_or_default().into_iter().next();
        let metric = metric.ok_or_else(|| missing("metricTransformations"))?;
        let unit = metric.unit.as_ref().map_or("None", StandardUnit::as_str);
        let id = id_of(group, &name);
        let inputs = MetricFilter {
            name,
            log_group_name: LogGroupName::new(group),
            pattern: wire.filter_pattern.unwrap_or_default(),
            metric_transformation: MetricTransformation {
                name: metric.metric_name,
                namespace: metric.metric_namespace,
                value: metric.metric_value,
                default_value: metric.default_value,
                dimensions: metric.dimensions.unwrap_or_default().into_iter().collect(),
                unit: parsed(Some(unit), "unit")?,
            },
            apply_on_transformed_logs: wire.apply_on_transformed_logs,
        };
        Ok((id.clone(), Seen::new(inputs, MetricFilterOutputs { id })))
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn a_metric_has_dimensions_or_a_default() {
        let check = |name: &str, metric: &[(&str, Value)]| -> Vec<String> {
            let metric = metric.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let inputs = Object::from([
                ("name".to_owned(), name.into()),
                ("metric_transformation".to_owned(), Value::Map(metric.collect())),
            ]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        let dimensions = |count: usize| {
            let all = (0..count).map(|n| (n.to_string(), Value::from("$.a")));
            ("dimensions", Value::Map(all.collect()))
        };
        assert_eq!(check("errors", &[("default_value", Value::Int(0))]), [""; 0]);
        assert_eq!(check("errors", &[dimensions(3)]), [""; 0]);
        assert_eq!(check("errors", &[dimensions(4)]), ["metric_transformation.dimensions"]);
        let both = [dimensions(1), ("default_value", Value::Int(0))];
        assert_eq!(check("errors", &both), ["metric_transformation.default_value"]);
        assert_eq!(check("a:b", &[]), ["name"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::logs::LogGroup;

    fn filter(stack: &mut Stack, name: &str, called: &str, metric: MetricTransformationArguments) {
        let group =
            stack.add("group", LogGroup::new().name(format!("/conformance/{name}-counted")));
        let pattern = format!(r#"{{ $.level = "{called}" }}"#);
        stack.add("it", MetricFilter::new(called, group.id(), pattern, metric));
    }

    conforms!(
        aws_cloudwatch_log_metric_filter,
        Fixture {
            base: |stack, name| {
                let metric = MetricTransformation::new("Errors", "App", "1").default_value(0.0);
                filter(stack, name, "ERROR", metric.unit(MetricUnit::Count));
            },
            update: Some(|stack, name| {
                let metric = MetricTransformation::new("Latency", "App", "$.latency");
                let metric = metric.dimensions(BTreeMap::from([("Service", "$.service")]));
                filter(stack, name, "ERROR", metric.unit(MetricUnit::Milliseconds));
            }),
            replace: Some(|stack, name| {
                filter(stack, name, "WARN", MetricTransformation::new("Warnings", "App", "1"));
            }),
            gaps: &[],
        }
    );
}
