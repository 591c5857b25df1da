//! A subscription filter: what a log group gets, handed on at once to a stream, a function, or another
//! account. Creating and updating are one call, which may be repeated.
//!
//! API: PutSubscriptionFilter, DescribeSubscriptionFilters, DeleteSubscriptionFilter.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource};

use super::LogGroupName;
use super::metric_filter::NAMES;
use crate::AnyArn;
use crate::iam::Role;
use crate::rules::{Rules, wrong_length};

/// What a log group gets, handed on at once.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_cloudwatch_log_subscription_filter",
    outputs = SubscriptionFilterOutputs,
    validate = validate
)]
pub struct SubscriptionFilter {
    /// Name, unique in the log group, at most 512 characters. A group has at most two filters.
    #[field(force_new)]
    pub name: String,
    /// The log group.
    #[field(force_new)]
    pub log_group_name: LogGroupName,
    /// Where events go: a stream of Kinesis or Firehose, a function, or a destination of CloudWatch
    /// Logs in another account.
    pub destination_arn: AnyArn,
    /// Events that are handed on; empty for all. At most 1,024 characters.
    pub filter_pattern: String,
    /// Role that CloudWatch Logs writes to streams with.
    pub role_arn: Option<Arn<Role>>,
    /// How events are spread over a stream of Kinesis.
    #[field(default = Distribution::ByLogStream)]
    pub distribution: Distribution,
    /// Whether it hands on events as a transformer of the group leaves them.
    #[field(default = false)]
    pub apply_on_transformed_logs: bool,
    /// What is added to events: `@aws.account`, `@aws.region`.
    pub emit_system_fields: BTreeSet<String>,
}

/// How events are spread over a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Distribution {
    /// Those of a log stream stay together.
    #[choice("ByLogStream")]
    ByLogStream,
    /// By chance.
    #[choice("Random")]
    Random,
}

/// What identifies a [`SubscriptionFilter`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct SubscriptionFilterOutputs {
    /// Log group and name: `group|name`.
    pub id: String,
}

/// Source: CloudWatch Logs API Reference, PutSubscriptionFilter.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("name", &NAMES);
    if let Some(wrong) = rules.text("filter_pattern").and_then(|text| wrong_length(text, 0, 1024)) {
        rules.refuse("filter_pattern", wrong);
    }
    let streams = ["kinesis", "firehose"];
    let service = rules.text("destination_arn").and_then(|arn| arn.split(':').nth(2));
    match service {
        Some(service) if streams.contains(&service) => {
            rules.required(&["role_arn"], "to write to a stream");
        }
        Some("lambda") => rules.without(&["role_arn"], "for a function, which needs a permission"),
        _ => {}
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_cloudwatchlogs::types::{
        Distribution as WireDistribution, SubscriptionFilter as Wire,
    };

    use super::*;
    use crate::logs::common::{GONE, parse_id, read_by_group};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "logs:DeleteSubscriptionFilter",
        "logs:DescribeSubscriptionFilters",
        "logs:PutSubscriptionFilter",
    ];
    /// The operations, and the right to hand the role over. Source: Service Authorization Reference,
    /// CloudWatch Logs.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);
    /// Stands between log group and name, as Terraform imports them. A group cannot have it.
    const DIVIDER: char = '|';

    impl Handler for SubscriptionFilter {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "logs:PutSubscriptionFilter",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            // CloudWatch Logs tries the destination; roles and permissions may be new.
            not_yet: &[
                ("InvalidParameterException", "Could not deliver test message"),
                ("InvalidParameterException", "Could not execute the lambda function"),
            ],
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
                let call = aws.logs().delete_subscription_filter().log_group_name(group);
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

    async fn put(aws: &Aws, want: &SubscriptionFilter) -> Result<()> {
        let fields: Vec<_> = want.emit_system_fields.iter().cloned().collect();
        aws.call(|| {
            aws.logs()
                .put_subscription_filter()
                .log_group_name(want.log_group_name.as_str())
                .filter_name(&want.name)
                .filter_pattern(&want.filter_pattern)
                .destination_arn(want.destination_arn.as_str())
                .set_role_arn(want.role_arn.as_ref().map(ToString::to_string))
                .distribution(WireDistribution::from(want.distribution.as_str()))
                .apply_on_transformed_logs(want.apply_on_transformed_logs)
                .set_emit_system_fields((!fields.is_empty()).then(|| fields.clone()))
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
    ) -> Result<HashMap<String, Seen<SubscriptionFilter>>> {
        let pages = aws
            .pages(
                |token| {
                    aws.logs()
                        .describe_subscription_filters()
                        .log_group_name(&group)
                        .set_filter_name_prefix(name.clone())
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let filters =
            pages.into_iter().flat_map(|page| page.subscription_filters.unwrap_or_default());
        filters.map(|filter| see(&group, filter)).collect()
    }

    fn see(group: &str, wire: Wire) -> Result<(String, Seen<SubscriptionFilter>)> {
        let name = wire.filter_name.ok_or_else(|| missing("filterName"))?;
        let destination = wire.destination_arn.ok_or_else(|| missing("destinationArn"))?;
        let distribution = wire.distribution.as_ref();
        let distribution = distribution.map_or("ByLogStream", WireDistribution::as_str);
        let id = id_of(group, &name);
        let inputs = SubscriptionFilter {
            name,
            log_group_name: LogGroupName::new(group),
            destination_arn: AnyArn::new(destination),
            filter_pattern: wire.filter_pattern.unwrap_or_default(),
            role_arn: wire.role_arn.filter(|arn| !arn.is_empty()).map(Arn::new),
            distribution: parsed(Some(distribution), "distribution")?,
            apply_on_transformed_logs: wire.apply_on_transformed_logs,
            emit_system_fields: wire.emit_system_fields.unwrap_or_default().into_iter().collect(),
        };
        Ok((id.clone(), Seen::new(inputs, SubscriptionFilterOutputs { id })))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn streams_need_a_role_and_functions_take_none() {
        let check = |service: &str, role: bool| -> Vec<String> {
            let arn = format!("arn:aws:{service}:us-west-2:123456789012:x");
            let mut inputs = Object::from([("destination_arn".to_owned(), arn.as_str().into())]);
            if role {
                inputs.insert("role_arn".to_owned(), Value::Unknown);
            }
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(check("kinesis", true), [""; 0]);
        assert_eq!(check("firehose", false), ["role_arn"]);
        assert_eq!(check("lambda", false), [""; 0]);
        assert_eq!(check("lambda", true), ["role_arn"]);
        assert_eq!(check("logs", false), [""; 0]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::logs::LogGroup;

    fn filter(
        stack: &mut Stack,
        name: &str,
        called: &str,
        pattern: &str,
    ) -> SubscriptionFilterArguments {
        let group = LogGroup::new().name(format!("/conformance/{name}-handed"));
        let group = stack.add("group", group);
        // moto takes a log group of that name for the destination.
        let there = stack.add("there", LogGroup::new().name(format!("{name}-there")));
        let start = "arn:aws:logs:us-west-2:123456789012:destination:";
        let destination = infra_sdk::text!(start, there.id());
        SubscriptionFilter::new(called, group.id(), destination, pattern)
    }

    conforms!(
        aws_cloudwatch_log_subscription_filter,
        Fixture {
            base: |stack, name| {
                let it = filter(stack, name, "errors", "ERROR");
                stack.add("it", it.emit_system_fields(["@aws.account"]));
            },
            update: Some(|stack, name| {
                let it = filter(stack, name, "errors", "");
                stack.add("it", it.distribution(Distribution::Random));
            }),
            replace: Some(|stack, name| {
                let it = filter(stack, name, "warnings", "WARN");
                stack.add("it", it);
            }),
            gaps: &[],
        }
    );
}
