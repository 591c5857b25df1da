//! A rule: which events of a bus are sent on, or when one is made.
//!
//! A rule is made and changed by one call, which would take over a rule that is there already: it is
//! looked for first, and refused where it is not ours.
//!
//! API: PutRule, DescribeRule, ListRules, DeleteRule, ListTagsForResource, TagResource,
//! UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};

use super::names::NAMES;
use super::{EventBusName, EventPattern, RuleName};
use crate::iam::Role;
use crate::rules::Rules;

infra_sdk::id_types! {
    /// Identifies a rule: its name, behind the bus and a `/` where that is not the default one.
    EventRuleId("event rule id", "");
}

/// Which events of a bus are sent on, or when one is made.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_cloudwatch_event_rule", outputs = EventRuleOutputs, validate = validate)]
pub struct EventRule {
    /// Name, unique on the bus, at most 64 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<RuleName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Bus.
    #[field(force_new, default = EventBusName::new("default"))]
    pub event_bus_name: EventBusName,
    /// Which events, as a JSON object.
    pub event_pattern: Option<EventPattern>,
    /// When: `cron(0 20 * * ? *)` or `rate(5 minutes)`; on the default bus only.
    pub schedule_expression: Option<String>,
    /// What it is for, at most 512 characters.
    pub description: Option<String>,
    /// Role that events are sent on with, to buses of other accounts.
    pub role_arn: Option<Arn<Role>>,
    /// Whether it works.
    #[field(default = EventRuleState::Enabled)]
    pub state: EventRuleState,
    /// Delete the rule although a service of AWS manages it.
    #[field(default = false, write_only)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// Whether a rule works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum EventRuleState {
    /// It does not.
    #[choice("DISABLED")]
    Disabled,
    /// It does, but for events of CloudTrail that only read.
    #[choice("ENABLED")]
    Enabled,
    /// It does, for all events of CloudTrail.
    #[choice("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")]
    EnabledWithAllCloudtrailManagementEvents,
}

/// What AWS assigns to an [`EventRule`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EventRuleOutputs {
    /// The rule's name, with its bus where that is not the default one.
    pub id: EventRuleId,
    /// The rule's ARN.
    pub arn: Arn<EventRule>,
    /// The rule's name, which targets are given.
    pub rule: RuleName,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAMES);
    if !rules.has("event_pattern") && !rules.has("schedule_expression") {
        rules.missing(&["event_pattern", "schedule_expression"]);
    }
    let odd = |text: &str| !text.starts_with("cron(") && !text.starts_with("rate(");
    if rules.text("schedule_expression").is_some_and(odd) {
        rules.refuse("schedule_expression", "must be `cron(…)` or `rate(…)`");
    }
    if rules.has("schedule_expression")
        && rules.text("event_bus_name").is_some_and(|bus| bus != super::names::DEFAULT_BUS)
    {
        rules.refuse("schedule_expression", "is for the default bus only");
    }
    if rules.text("description").is_some_and(|text| text.chars().count() > 512) {
        rules.refuse("description", "must have at most 512 characters");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::{BTreeMap, HashMap};

    use aws_sdk_eventbridge::types::{Rule as Wire, RuleState, Tag};
    use futures_util::future::try_join_all;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::events::common::{GONE, list_tags, on_bus, retag, wire_tags};
    use crate::events::names::DEFAULT_BUS;
    use crate::frame::names::prefix_of;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "events:DeleteRule",
        "events:DescribeRule",
        "events:ListRules",
        "events:ListTagsForResource",
        "events:PutRule",
        "events:TagResource",
        "events:UntagResource",
    ];
    /// The operations, and handing over the role.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);

    impl Handler for EventRule {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "events:PutRule",
            operations: OPERATIONS,
            actions: ACTIONS,
            naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
            gone: GONE,
            // Roles that were made a moment ago.
            not_yet: &[("ValidationException", "cannot be assumed by principal")],
            // Targets that were taken away a moment ago.
            lingering: &[("ValidationException", "since it has targets")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let name = want.name.as_ref().ok_or_else(|| missing("name"))?.as_str();
            let there = describe(aws, want.event_bus_name.as_str(), name).await?;
            if let Some(arn) = there.and_then(|rule| rule.arn)
                && !is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0)
            {
                let message = format!("the bus has a rule `{name}` already");
                return Err(Failure::new(FailureClass::Exists, message));
            }
            put(aws, want, name, Some(wire_tags(&want.tags.0)?)).await?;
            Ok(on_bus(want.event_bus_name.as_str(), name))
        }

        /// One rule of a bus is asked for, many are picked from the list.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, known.len().max(1), |chunk| read_all(aws, chunk)).await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want, parts(id).1, None).await
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            let (bus, name) = parts(id);
            let force = was.force_destroy;
            aws.call(|| {
                aws.events().delete_rule().name(name).event_bus_name(bus).force(force).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(name) = &want.name else { return Ok(Vec::new()) };
            let bus = want.event_bus_name.as_str();
            let found = describe(aws, bus, name.as_str()).await?;
            let Some(arn) = found.and_then(|rule| rule.arn) else { return Ok(Vec::new()) };
            let ours = is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0);
            Ok(ours.then(|| on_bus(bus, name.as_str())).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let (bus, name) = parts(id);
            let arn = describe(aws, bus, name).await?.and_then(|rule| rule.arn);
            retag(aws, &arn.ok_or_else(|| missing("Arn"))?, change).await
        }
    }

    /// The bus and the rule of an id. Names of buses may have a `/`, names of rules have none.
    fn parts(id: &str) -> (&str, &str) {
        id.rsplit_once('/').unwrap_or((DEFAULT_BUS, id))
    }

    /// Makes or changes a rule. What is left out is taken away; tags are for new rules only.
    async fn put(aws: &Aws, want: &EventRule, name: &str, tags: Option<Vec<Tag>>) -> Result<()> {
        aws.call(|| {
            aws.events()
                .put_rule()
                .name(name)
                .event_bus_name(want.event_bus_name.as_str())
                .set_event_pattern(want.event_pattern.as_ref().map(ToString::to_string))
                .set_schedule_expression(want.schedule_expression.clone())
                .description(want.description.clone().unwrap_or_default())
                .set_role_arn(want.role_arn.as_ref().map(ToString::to_string))
                .state(RuleState::from(want.state.as_str()))
                .set_tags(tags.clone())
                .send()
        })
        .await
        .map(drop)
    }

    /// A rule, if it is there.
    async fn describe(aws: &Aws, bus: &str, name: &str) -> Result<Option<Wire>> {
        let describe = || aws.events().describe_rule().event_bus_name(bus).name(name).send();
        let Some(rule) = absent(aws.call(describe).await.map(Some), GONE)? else {
            return Ok(None);
        };
        let wire = Wire::builder()
            .set_name(rule.name)
            .set_arn(rule.arn)
            .set_event_pattern(rule.event_pattern)
            .set_state(rule.state)
            .set_description(rule.description)
            .set_schedule_expression(rule.schedule_expression)
            .set_role_arn(rule.role_arn)
            .set_event_bus_name(rule.event_bus_name);
        Ok(Some(wire.build()))
    }

    async fn list(aws: &Aws, bus: &str) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |token| aws.events().list_rules().event_bus_name(bus).set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await;
        // A bus that is gone has no rules.
        let pages = absent(pages.map(Some), GONE)?.unwrap_or_default();
        Ok(pages.into_iter().flat_map(|page| page.rules.unwrap_or_default()).collect())
    }

    async fn read_all(aws: &Aws, chunk: Vec<Known>) -> Result<HashMap<String, Seen<EventRule>>> {
        let mut buses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for item in &chunk {
            let (bus, name) = parts(&item.id);
            buses.entry(bus).or_default().push(name);
        }
        let buses = buses.into_iter().map(|(bus, names)| async move {
            let rules = match names.as_slice() {
                [only] => describe(aws, bus, only).await?.into_iter().collect(),
                _ => list(aws, bus).await?,
            };
            let asked = |rule: &Wire| rule.name().is_some_and(|name| names.contains(&name));
            let seen = rules.into_iter().filter(asked).map(|rule| see(aws, bus, rule));
            try_join_all(seen).await
        });
        let seen = try_join_all(buses).await?.into_iter().flatten().flatten();
        Ok(seen.map(|seen| (seen.outputs.id.to_string(), seen)).collect())
    }

    /// A rule with its tags; `None` if it goes while it is looked at.
    async fn see(aws: &Aws, bus: &str, rule: Wire) -> Result<Option<Seen<EventRule>>> {
        let name = rule.name.ok_or_else(|| missing("Name"))?;
        let arn = rule.arn.ok_or_else(|| missing("Arn"))?;
        let Some(tags) = absent(list_tags(aws, &arn).await.map(Some), GONE)? else {
            return Ok(None);
        };
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let inputs = EventRule {
            name_prefix: prefix_of(&name),
            name: Some(RuleName::new(&name)),
            event_bus_name: EventBusName::new(bus),
            event_pattern: filled(rule.event_pattern).map(EventPattern::new),
            schedule_expression: filled(rule.schedule_expression),
            description: filled(rule.description),
            role_arn: filled(rule.role_arn).map(Arn::new),
            state: parsed(rule.state.as_ref().map(RuleState::as_str), "State")?,
            force_destroy: false,
            tags,
        };
        let outputs = EventRuleOutputs {
            id: EventRuleId::new(on_bus(bus, &name)),
            arn: Arn::new(arn),
            rule: RuleName::new(name),
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_id_may_have_a_bus() {
            assert_eq!(parts("daily"), ("default", "daily"));
            assert_eq!(parts("orders/daily"), ("orders", "daily"));
            assert_eq!(parts("aws.partner/x/1/daily"), ("aws.partner/x/1", "daily"));
            assert_eq!(on_bus("default", "daily"), "daily");
            assert_eq!(on_bus("orders", "daily"), "orders/daily");
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn a_rule_takes_events_or_has_a_schedule() {
        let check = |entries: &[(&str, &str)]| -> Vec<String> {
            let inputs =
                entries.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let daily = ("schedule_expression", "rate(1 day)");
        assert_eq!(check(&[daily, ("event_bus_name", "default")]), [""; 0]);
        assert_eq!(check(&[("event_pattern", "{}")]), [""; 0]);
        assert_eq!(check(&[]), ["event_pattern"]);
        assert_eq!(check(&[("schedule_expression", "daily")]), ["schedule_expression"]);
        assert_eq!(check(&[daily, ("event_bus_name", "orders")]), ["schedule_expression"]);
        assert_eq!(check(&[daily, ("name", "a"), ("name_prefix", "b")]), ["name_prefix"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::text;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::events::EventBus;
    use crate::iam::fixtures::trust;

    conforms!(
        aws_cloudwatch_event_rule,
        Fixture {
            base: |stack, name| {
                let bus = stack.add("bus", EventBus::new(format!("{name}-orders")));
                let role = Role::new(trust("events.amazonaws.com")).name(format!("{name}-send"));
                let role = stack.add("role", role);
                let rule = EventRule::new()
                    .name(format!("{name}-paid"))
                    .event_bus_name(bus.id())
                    .event_pattern(text!(r#"{"resources":[""#, bus.arn(), r#""]}"#))
                    .description("paid orders")
                    .role_arn(role.arn());
                stack.add("it", rule.tag("Name", name));
            },
            update: Some(|stack, name| {
                let bus = stack.add("bus", EventBus::new(format!("{name}-orders")));
                let role = Role::new(trust("events.amazonaws.com")).name(format!("{name}-send"));
                let role = stack.add("role", role);
                let rule = EventRule::new()
                    .name(format!("{name}-paid"))
                    .event_bus_name(bus.id())
                    .event_pattern(r#"{"source":["orders"]}"#)
                    .role_arn(role.arn())
                    .state(EventRuleState::Disabled)
                    .force_destroy(true);
                stack.add("it", rule.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let rule = EventRule::new().name_prefix(format!("{name}-"));
                stack.add("it", rule.schedule_expression("rate(5 minutes)"));
            }),
            gaps: &[],
        }
    );
}
