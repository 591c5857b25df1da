//! A change of the bounds between which something scales, at a time or again and again. The service
//! takes a create of a name that is there as a change.
//!
//! API: PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Object, Outputs, Resource};

use super::scalable;
use crate::rules::{Rules, wrong_length};

/// A change of the bounds between which something scales, at a time or again and again.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_appautoscaling_scheduled_action", outputs = ScheduledActionOutputs, validate = validate)]
pub struct ScheduledAction {
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
    /// The bounds from then on.
    pub scalable_target_action: ScalableTargetAction,
    /// When: `at(2026-01-31T12:00:00)`, `rate(5 minutes)` or `cron(0 9 ? * MON-FRI *)`.
    pub schedule: String,
    /// The time zone of the schedule, by its name in the IANA database: `Europe/Berlin`.
    #[field(default = "UTC".to_owned())]
    pub timezone: String,
    /// When it begins, in RFC 3339 and UTC: `2026-01-31T12:00:00Z`.
    pub start_time: Option<String>,
    /// When it ends, in RFC 3339 and UTC.
    pub end_time: Option<String>,
}

/// The bounds from then on. At least one of the two.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ScalableTargetAction {
    /// Least capacity; left out, as before.
    #[field(range = 0..=2_147_483_647)]
    pub min_capacity: Option<u32>,
    /// Most capacity; left out, as before.
    #[field(range = 0..=2_147_483_647)]
    pub max_capacity: Option<u32>,
}

/// What AWS assigns to a [`ScheduledAction`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ScheduledActionOutputs {
    /// `namespace/resource-id/scalable-dimension/name`.
    pub id: String,
    /// The action's ARN.
    pub arn: Arn<ScheduledAction>,
}

/// Source: Application Auto Scaling API Reference, PutScheduledAction.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    scalable::check(&mut rules);
    if let Some(wrong) = rules.text("name").and_then(|name| wrong_length(name, 1, 256)) {
        rules.refuse("name", wrong);
    } else if let Some(name) = rules.text("name")
        && let Some(odd) = name.chars().find(|c| matches!(c, ':' | '|' | '/') || c.is_control())
    {
        rules.refuse("name", format!("must not have `{}` in it", odd.escape_default()));
    }
    rules.blocks("scalable_target_action", |rules| {
        if !rules.has("min_capacity") && !rules.has("max_capacity") {
            rules.missing(&["min_capacity", "max_capacity"]);
        }
        rules.ordered("min_capacity", "max_capacity");
    });
    let kinds = ["at(", "rate(", "cron("];
    if rules.text("schedule").is_some_and(|schedule| {
        !kinds.iter().any(|kind| schedule.starts_with(kind)) || !schedule.ends_with(')')
    }) {
        rules.refuse("schedule", "must be `at(…)`, `rate(…)` or `cron(…)`");
    }
    for name in ["start_time", "end_time"] {
        if rules.text(name).is_some_and(|time| !is_time(time)) {
            rules.refuse(name, "must be a time in UTC, such as `2026-01-31T12:00:00Z`");
        }
    }
    if let (Some(start), Some(end)) = (rules.text("start_time"), rules.text("end_time"))
        && start >= end
    {
        rules.refuse("end_time", format!("must be after `start_time`, {start}"));
    }
    rules.finish()
}

/// Whether a text is a time in whole seconds as RFC 3339 writes it in UTC.
fn is_time(text: &str) -> bool {
    const SHAPE: &str = "0000-00-00T00:00:00Z";
    text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE.bytes()).all(|(byte, sign)| match sign {
            b'0' => byte.is_ascii_digit(),
            sign => byte == sign,
        })
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_applicationautoscaling::types::{
        ScalableDimension, ScalableTargetAction as WireBounds, ScheduledAction as Wire,
        ServiceNamespace,
    };
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::scalable::{Named, Scalable, by_namespace};
    use super::*;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "application-autoscaling:DeleteScheduledAction",
        "application-autoscaling:DescribeScheduledActions",
        "application-autoscaling:PutScheduledAction",
    ];
    /// Names in one list.
    const AT_ONCE: usize = 50;

    impl Handler for ScheduledAction {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "application-autoscaling:PutScheduledAction",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &["ObjectNotFoundException"],
            not_yet: &[
                ("ObjectNotFoundException", "No scalable target"),
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

        /// Times that are left out are taken away. Source: PutScheduledAction.
        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let it = Named::parse(id)?;
            aws.call(|| {
                aws.application_autoscaling()
                    .delete_scheduled_action()
                    .scheduled_action_name(&it.name)
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
            let found =
                list(aws, &want.service_namespace, std::slice::from_ref(&want.name)).await?;
            let found = found.into_iter().map(see).collect::<Result<Vec<_>>>()?;
            let found = found.into_iter().map(|seen| seen.outputs.id);
            Ok(found.filter(|found| *found == id).collect())
        }
    }

    fn named(want: &ScheduledAction) -> Named {
        let of = Scalable {
            namespace: want.service_namespace.clone(),
            resource: want.resource_id.clone(),
            dimension: want.scalable_dimension.clone(),
        };
        Named { of, name: want.name.clone() }
    }

    async fn put(aws: &Aws, want: &ScheduledAction) -> Result<()> {
        let (start, end) = (time(&want.start_time)?, time(&want.end_time)?);
        let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        let bounds = WireBounds::builder()
            .set_min_capacity(want.scalable_target_action.min_capacity.map(number))
            .set_max_capacity(want.scalable_target_action.max_capacity.map(number))
            .build();
        aws.call(|| {
            aws.application_autoscaling()
                .put_scheduled_action()
                .scheduled_action_name(&want.name)
                .service_namespace(ServiceNamespace::from(want.service_namespace.as_str()))
                .resource_id(&want.resource_id)
                .scalable_dimension(ScalableDimension::from(want.scalable_dimension.as_str()))
                .schedule(&want.schedule)
                .timezone(&want.timezone)
                .set_start_time(start)
                .set_end_time(end)
                .scalable_target_action(bounds.clone())
                .send()
        })
        .await
        .map(drop)
    }

    async fn list(aws: &Aws, namespace: &str, names: &[String]) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |token| {
                    aws.application_autoscaling()
                        .describe_scheduled_actions()
                        .service_namespace(ServiceNamespace::from(namespace))
                        .set_scheduled_action_names(Some(names.to_vec()))
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.scheduled_actions.unwrap_or_default()).collect())
    }

    fn see(wire: Wire) -> Result<Seen<ScheduledAction>> {
        let number = |value: i32| u32::try_from(value).unwrap_or_default();
        let time = |time: DateTime| {
            let whole = DateTime::from_secs(time.secs());
            whole.fmt(Format::DateTime).map_err(|error| {
                Failure::new(FailureClass::Other, format!("a time cannot be read: {error}"))
            })
        };
        let bounds = wire.scalable_target_action.unwrap_or_else(|| WireBounds::builder().build());
        let dimension = wire.scalable_dimension.ok_or_else(|| missing("ScalableDimension"))?;
        let inputs = ScheduledAction {
            name: wire.scheduled_action_name,
            resource_id: wire.resource_id,
            scalable_dimension: dimension.as_str().to_owned(),
            service_namespace: wire.service_namespace.as_str().to_owned(),
            scalable_target_action: ScalableTargetAction {
                min_capacity: bounds.min_capacity.map(number),
                max_capacity: bounds.max_capacity.map(number),
            },
            schedule: wire.schedule,
            // Source: PutScheduledAction: without a time zone it is UTC.
            timezone: wire.timezone.unwrap_or_else(|| "UTC".to_owned()),
            start_time: wire.start_time.map(time).transpose()?,
            end_time: wire.end_time.map(time).transpose()?,
        };
        let id = named(&inputs).id();
        let outputs = ScheduledActionOutputs { id, arn: Arn::new(wire.scheduled_action_arn) };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn times_and_bounds_are_in_order() {
        let check = |entries: &[(&str, &str)]| {
            let inputs =
                entries.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            let inputs: Object = inputs.collect();
            validate(&inputs).into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let (start, end) = ("2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z");
        assert_eq!(check(&[("start_time", start), ("end_time", end)]), [""; 0]);
        assert_eq!(check(&[("start_time", end), ("end_time", start)]), ["end_time"]);
        assert_eq!(check(&[("start_time", "2026-01-31")]), ["start_time"]);
        assert_eq!(check(&[("schedule", "0 9 * * *")]), ["schedule"]);
        assert_eq!(check(&[("schedule", "cron(0 9 * * ? *)")]), [""; 0]);
        assert_eq!(check(&[("name", "a/b")]), ["name"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::appautoscaling::target::tests::target;
    use crate::conformance::{Fixture, conforms};

    fn action(stack: &mut infra_sdk::Stack, unique: &str, name: &str, changed: bool) {
        let target = target(stack, "target", unique, "one", 9);
        let bounds = ScalableTargetAction::new().min_capacity(2_u32);
        let bounds = if changed { bounds.max_capacity(6_u32) } else { bounds };
        let schedule = if changed { "rate(2 hours)" } else { "cron(0 9 ? * MON-FRI *)" };
        let dimension = "ecs:service:DesiredCount";
        let it =
            ScheduledAction::new(name, target.resource_id(), dimension, "ecs", bounds, schedule);
        let it = it.start_time("2030-01-31T12:00:00Z");
        let it = if changed {
            it
        } else {
            it.timezone("Europe/Berlin").end_time("2031-01-31T12:00:00Z")
        };
        stack.add("it", it);
    }

    conforms!(
        aws_appautoscaling_scheduled_action,
        Fixture {
            base: |stack, name| action(stack, name, "morning", false),
            update: Some(|stack, name| action(stack, name, "morning", true)),
            replace: Some(|stack, name| action(stack, name, "evening", true)),
            gaps: &[],
        }
    );
}
