//! An alarm on other alarms. CloudWatch takes a create of a name that is there as a change, so that a
//! name is looked up before.
//!
//! API: PutCompositeAlarm, DescribeAlarms, DeleteAlarms, ListTagsForResource, TagResource,
//! UntagResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Object, Outputs, Resource, Seconds, Tags, Value};

use crate::AnyArn;
use crate::rules::{Rules, wrong_length};

/// An alarm on other alarms.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_cloudwatch_composite_alarm",
    outputs = CompositeAlarmOutputs,
    validate = validate
)]
pub struct CompositeAlarm {
    /// Name, unique in the region, at most 255 characters.
    #[field(force_new)]
    pub alarm_name: String,
    /// When: `ALARM("errors") AND NOT ALARM("deploying")`, of at most 100 alarms and 10,240
    /// characters.
    pub alarm_rule: String,
    /// Description, at most 1,024 characters.
    pub alarm_description: Option<String>,
    /// Whether actions are taken.
    #[field(default = true)]
    pub actions_enabled: bool,
    /// An alarm that keeps actions from being taken while it is on.
    pub actions_suppressor: Option<ActionsSuppressor>,
    /// What happens in the state `ALARM`, such as topics that are told; at most 5.
    pub alarm_actions: BTreeSet<AnyArn>,
    /// What happens in the state `OK`; at most 5.
    pub ok_actions: BTreeSet<AnyArn>,
    /// What happens in the state `INSUFFICIENT_DATA`; at most 5.
    pub insufficient_data_actions: BTreeSet<AnyArn>,
    /// Tags.
    pub tags: Tags,
}

/// An alarm that keeps actions from being taken.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ActionsSuppressor {
    /// The alarm, by name or ARN.
    pub alarm: String,
    /// How long this one waits for it to go on.
    pub wait_period: Seconds,
    /// How long this one waits after it has gone off.
    pub extension_period: Seconds,
}

/// What AWS assigns to a [`CompositeAlarm`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct CompositeAlarmOutputs {
    /// The alarm's name.
    pub id: String,
    /// The alarm's ARN.
    pub arn: Arn<CompositeAlarm>,
}

/// Source: CloudWatch API Reference, PutCompositeAlarm.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let lengths =
        [("alarm_name", 1, 255), ("alarm_rule", 1, 10_240), ("alarm_description", 1, 1024)];
    for (name, shortest, longest) in lengths {
        if let Some(wrong) = rules.text(name).and_then(|t| wrong_length(t, shortest, longest)) {
            rules.refuse(name, wrong);
        }
    }
    for name in ["alarm_actions", "ok_actions", "insufficient_data_actions"] {
        let count = inputs.get(name).and_then(Value::as_list).map_or(0, <[Value]>::len);
        if count > 5 {
            rules.refuse(name, format!("must be at most 5, not {count}"));
        }
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm as Wire};
    use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::cloudwatch::common::{arns, arns_seen, list_tags, retag, wire_tags};
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutCompositeAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ];
    /// Names in one DescribeAlarms. Source: CloudWatch API Reference.
    const AT_ONCE: usize = 100;
    const GONE: &[&str] = &["ResourceNotFound", "ResourceNotFoundException"];

    impl Handler for CompositeAlarm {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            identity: Some("alarm_name"),
            create: "cloudwatch:PutCompositeAlarm",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            if let Some(there) = describe(aws, std::slice::from_ref(&want.alarm_name)).await?.pop()
            {
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
                    let call = call.alarm_types(AlarmType::CompositeAlarm);
                    call.set_alarm_names(Some(names.to_vec())).send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.composite_alarms.unwrap_or_default()).collect())
    }

    async fn put(aws: &Aws, want: &CompositeAlarm) -> Result<()> {
        let suppressor = want.actions_suppressor.as_ref();
        let period = |period: Seconds| i32::try_from(period.0).unwrap_or(i32::MAX);
        aws.call(|| {
            aws.cloudwatch()
                .put_composite_alarm()
                .alarm_name(&want.alarm_name)
                .alarm_rule(&want.alarm_rule)
                .set_alarm_description(want.alarm_description.clone())
                .actions_enabled(want.actions_enabled)
                .set_actions_suppressor(suppressor.map(|one| one.alarm.clone()))
                .set_actions_suppressor_wait_period(suppressor.map(|one| period(one.wait_period)))
                .set_actions_suppressor_extension_period(
                    suppressor.map(|one| period(one.extension_period)),
                )
                .set_alarm_actions(arns(&want.alarm_actions))
                .set_ok_actions(arns(&want.ok_actions))
                .set_insufficient_data_actions(arns(&want.insufficient_data_actions))
                .set_tags(wire_tags(&want.tags.0))
                .send()
        })
        .await
        .map(drop)
    }

    /// An alarm with its tags; `None` if it goes while it is looked at.
    async fn see(aws: &Aws, wire: Wire) -> Result<Option<Seen<CompositeAlarm>>> {
        let arn = wire.alarm_arn.ok_or_else(|| missing("AlarmArn"))?;
        let tags = absent(list_tags(aws, &arn).await.map(Some), GONE)?;
        let Some(tags) = tags else { return Ok(None) };
        let name = wire.alarm_name.ok_or_else(|| missing("AlarmName"))?;
        let period = |seconds: Option<i32>| {
            Seconds(seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default())
        };
        let suppressor = wire.actions_suppressor.filter(|alarm| !alarm.is_empty());
        let inputs = CompositeAlarm {
            alarm_name: name.clone(),
            alarm_rule: wire.alarm_rule.ok_or_else(|| missing("AlarmRule"))?,
            // A description that says nothing is none.
            alarm_description: wire.alarm_description.filter(|text| !text.is_empty()),
            actions_enabled: wire.actions_enabled.unwrap_or(true),
            actions_suppressor: suppressor.map(|alarm| ActionsSuppressor {
                alarm,
                wait_period: period(wire.actions_suppressor_wait_period),
                extension_period: period(wire.actions_suppressor_extension_period),
            }),
            alarm_actions: arns_seen(wire.alarm_actions),
            ok_actions: arns_seen(wire.ok_actions),
            insufficient_data_actions: arns_seen(wire.insufficient_data_actions),
            tags,
        };
        let outputs = CompositeAlarmOutputs { id: name, arn: Arn::new(arn) };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(test)]
mod rule_tests {
    use super::*;

    #[test]
    fn texts_and_lists_are_not_too_long() {
        let check = |name: &str, rule: &str, actions: usize| -> Vec<String> {
            let actions = (0..actions).map(|n| Value::from(n.to_string().as_str())).collect();
            let inputs = Object::from([
                ("alarm_name".to_owned(), name.into()),
                ("alarm_rule".to_owned(), rule.into()),
                ("ok_actions".to_owned(), Value::List(actions)),
            ]);
            validate(&inputs).into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(check("down", "ALARM(a)", 5), [""; 0]);
        assert_eq!(check("", "", 6), ["alarm_name", "alarm_rule", "ok_actions"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Stack, text};

    use super::*;
    use crate::cloudwatch::{ComparisonOperator, MetricAlarm, MetricAlarmHandle, Statistic};
    use crate::conformance::{Fixture, conforms};

    fn single(stack: &mut Stack, name: &str, of: &str) -> MetricAlarmHandle {
        let operator = ComparisonOperator::GreaterThanThreshold;
        let alarm = MetricAlarm::new(format!("{name}-{of}"), operator, 1_u32);
        let alarm = alarm.metric_name("5xx").namespace("App").period(60_u32).threshold(1.0);
        stack.add(of, alarm.statistic(Statistic::Sum))
    }

    fn alarm(stack: &mut Stack, name: &str, called: &str, changed: bool) {
        let [errors, deploy] = ["errors", "deploy"].map(|of| single(stack, name, of));
        let topic = AnyArn::new("arn:aws:sns:us-west-2:123456789012:alarms");
        let rule = if changed {
            text!("ALARM(\"", errors.id(), "\") AND NOT ALARM(\"", deploy.id(), "\")")
        } else {
            text!("ALARM(\"", errors.id(), "\")")
        };
        let it = CompositeAlarm::new(format!("{name}-{called}"), rule).alarm_actions([topic]);
        let it = if changed {
            let suppressor = ActionsSuppressor::new(deploy.id(), Seconds(60), Seconds(120));
            it.actions_suppressor(suppressor).tag("Name", "two")
        } else {
            it.alarm_description("Down").actions_enabled(false).tag("Name", "one")
        };
        stack.add("it", it);
    }

    conforms!(
        aws_cloudwatch_composite_alarm,
        Fixture {
            base: |stack, name| alarm(stack, name, "down", false),
            update: Some(|stack, name| alarm(stack, name, "down", true)),
            replace: Some(|stack, name| alarm(stack, name, "broken", true)),
            gaps: &[],
        }
    );
}
