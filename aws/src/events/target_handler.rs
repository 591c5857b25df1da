//! The AWS calls of [`EventTarget`].

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::Target as Wire;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use infra_sdk::provider::{Failure, FailureClass};

use super::common::{GONE, on_bus};
use super::names::DEFAULT_BUS;
use super::target::EventTarget;
use super::target_wire::{see, wire};
use crate::prelude::*;

const OPERATIONS: &[&str] =
    &["events:ListTargetsByRule", "events:PutTargets", "events:RemoveTargets"];
/// The operations, and handing over the role.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["iam:PassRole"]);

impl Handler for EventTarget {
    const CALLS: Calls = Calls {
        class: CreateClass::Relation,
        create: "events:PutTargets",
        operations: OPERATIONS,
        actions: ACTIONS,
        naming: Some(Naming { name: "target_id", prefix: "target_id_prefix", start: "infra-" }),
        gone: GONE,
        // Roles that were made a moment ago.
        not_yet: &[("ValidationException", "cannot be assumed by principal")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let id = want.target_id.as_ref().ok_or_else(|| missing("target_id"))?;
        put(aws, want, id).boxed().await?;
        Ok(joined(want.event_bus_name.as_str(), want.rule.as_str(), id))
    }

    /// One call for each rule.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let rules: BTreeSet<_> =
            known.iter().filter_map(|item| parts(&item.id).ok()).map(|id| (id.0, id.1)).collect();
        let calls = rules.into_iter().map(|(bus, rule)| async move {
            let targets = list(aws, bus, rule).await;
            ((bus, rule), targets)
        });
        let targets: BTreeMap<_, _> = join_all(calls).await.into_iter().collect();
        let read = |item: &Known| {
            let (bus, rule, id) = parts(&item.id)?;
            let all = targets.get(&(bus, rule)).cloned().unwrap_or(Ok(Vec::new()))?;
            let found = all.into_iter().find(|target| target.id == id);
            found.map(|found| see(&item.id, bus, rule, found)).transpose()
        };
        known.iter().map(read).collect()
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        put(aws, want, parts(id)?.2).boxed().await
    }

    async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
        let (bus, rule, target) = parts(id)?;
        let force = was.force_destroy;
        let answer = aws
            .call(|| {
                let call = aws.events().remove_targets().rule(rule).event_bus_name(bus);
                call.ids(target).force(force).send()
            })
            .await?;
        let failed = answer.failed_entries.unwrap_or_default().pop();
        failed.map_or(Ok(()), |entry| Err(refused(entry.error_code, entry.error_message)))
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let Some(id) = &want.target_id else { return Ok(Vec::new()) };
        let (bus, rule) = (want.event_bus_name.as_str(), want.rule.as_str());
        let found = list(aws, bus, rule).await?.into_iter().any(|target| target.id == *id);
        Ok(found.then(|| joined(bus, rule, id)).into_iter().collect())
    }
}

fn joined(bus: &str, rule: &str, target: &str) -> String {
    on_bus(bus, &format!("{rule}/{target}"))
}

/// The bus, the rule and the target's id. Names of buses may have a `/`, the others have none.
fn parts(id: &str) -> Result<(&str, &str, &str)> {
    let (rest, target) = id.rsplit_once('/').ok_or_else(|| {
        let message =
            format!("`{id}` is not a rule and a target: `RULE/TARGET` or `BUS/RULE/TARGET`");
        Failure::new(FailureClass::Invalid, message)
    })?;
    let (bus, rule) = rest.rsplit_once('/').unwrap_or((DEFAULT_BUS, rest));
    Ok((bus, rule, target))
}

/// What EventBridge says of one target in an answer that is none of an error.
fn refused(code: Option<String>, message: Option<String>) -> Failure {
    let message = message.unwrap_or_else(|| "the target was refused without a reason".to_owned());
    let class = match code.as_deref() {
        Some("ConcurrentModificationException") => FailureClass::Busy,
        Some("ResourceNotFoundException") => FailureClass::Gone,
        _ => FailureClass::Invalid,
    };
    Failure { code, ..Failure::new(class, message) }
}

async fn put(aws: &Aws, want: &EventTarget, id: &str) -> Result<()> {
    let target = wire(want, id)?;
    let answer = aws
        .call(|| {
            aws.events()
                .put_targets()
                .rule(want.rule.as_str())
                .event_bus_name(want.event_bus_name.as_str())
                .targets(target.clone())
                .send()
        })
        .await?;
    let failed = answer.failed_entries.unwrap_or_default().pop();
    failed.map_or(Ok(()), |entry| Err(refused(entry.error_code, entry.error_message)))
}

/// The targets of a rule; none where the rule is gone.
async fn list(aws: &Aws, bus: &str, rule: &str) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.events().list_targets_by_rule().event_bus_name(bus).rule(rule);
                call.set_next_token(token).send()
            },
            |page| page.next_token(),
        )
        .await;
    let pages = absent(pages.map(Some), GONE)?.unwrap_or_default();
    Ok(pages.into_iter().flat_map(|page| page.targets.unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_have_a_bus() {
        assert_eq!(parts("daily/one").ok(), Some(("default", "daily", "one")));
        assert_eq!(parts("orders/daily/one").ok(), Some(("orders", "daily", "one")));
        assert_eq!(joined("default", "daily", "one"), "daily/one");
        assert_eq!(joined("orders", "daily", "one"), "orders/daily/one");
        assert!(parts("one").is_err());
    }

    #[test]
    fn a_target_that_is_refused_is_an_error() {
        let failure = refused(Some("ResourceNotFoundException".to_owned()), None);
        assert_eq!((failure.class, failure.code.as_deref()), (FailureClass::Gone, Some(GONE[0])));
        assert_eq!(refused(None, Some("no".to_owned())).message, "no");
    }
}

#[cfg(test)]
mod conformance {
    use std::collections::BTreeMap;

    use infra_sdk::ipnet::Ipv4Net;
    use infra_sdk::{Arn, Seconds};

    use crate::AnyArn;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::{Subnet, Vpc};
    use crate::ecs::{LaunchType, ServiceNetwork};
    use crate::events::*;
    use crate::iam::Role;
    use crate::iam::fixtures::trust;

    fn rule(stack: &mut infra_sdk::Stack, name: &str) -> EventRuleHandle {
        let bus = stack.add("bus", EventBus::new(format!("{name}-orders")));
        let rule = EventRule::new().name(format!("{name}-paid")).event_bus_name(bus.id());
        stack.add("rule", rule.event_pattern(r#"{"source":["orders"]}"#))
    }

    fn queue() -> AnyArn {
        AnyArn::new("arn:aws:sqs:us-west-2:123456789012:lost.fifo")
    }

    conforms!(
        aws_cloudwatch_event_target,
        Fixture {
            base: |stack, name| {
                let rule = rule(stack, name);
                let role = Role::new(trust("events.amazonaws.com")).name(format!("{name}-run"));
                let role = stack.add("role", role);
                let range = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
                let vpc = stack.add("vpc", Vpc::new(range("10.0.0.0/16")));
                let subnet = stack.add("subnet", Subnet::new(vpc.id(), range("10.0.0.0/24")));
                let task = "arn:aws:ecs:us-west-2:123456789012:task-definition/bill:1";
                let task = EcsTarget::new(Arn::new(task))
                    .launch_type(LaunchType::Fargate)
                    .platform_version("LATEST")
                    .task_count(2_u32)
                    .network_configuration(ServiceNetwork::new([subnet.id()]))
                    .tags(BTreeMap::from([("kind", "bill")]));
                let cluster = "arn:aws:ecs:us-west-2:123456789012:cluster/orders";
                let target = EventTarget::new(rule.rule(), AnyArn::new(cluster))
                    .event_bus_name(format!("{name}-orders"))
                    .target_id("bill")
                    .role_arn(role.arn())
                    .input(r#"{"orders":"paid"}"#)
                    .ecs_target(task)
                    .dead_letter_config(EventDeadLetters::new(queue()));
                stack.add("it", target);
            },
            update: Some(|stack, name| {
                let rule = rule(stack, name);
                let role = Role::new(trust("events.amazonaws.com")).name(format!("{name}-run"));
                stack.add("role", role);
                let range = |text: &str| text.parse::<Ipv4Net>().expect("a CIDR");
                let vpc = stack.add("vpc", Vpc::new(range("10.0.0.0/16")));
                stack.add("subnet", Subnet::new(vpc.id(), range("10.0.0.0/24")));
                let retry = EventRetryPolicy::new()
                    .maximum_event_age_in_seconds(Seconds(3600))
                    .maximum_retry_attempts(3_u32);
                let input = InputTransformer::new(r#"{"state":<state>}"#);
                let input = input.input_paths(BTreeMap::from([("state", "$.detail.state")]));
                let target = EventTarget::new(rule.rule(), queue())
                    .event_bus_name(format!("{name}-orders"))
                    .target_id("bill")
                    .input_transformer(input)
                    .sqs_target(SqsTarget::new("orders"))
                    .retry_policy(retry)
                    .force_destroy(true);
                stack.add("it", target);
            }),
            replace: Some(|stack, name| {
                let rule = rule(stack, name);
                let function = "arn:aws:lambda:us-west-2:123456789012:function:bill";
                let target = EventTarget::new(rule.rule(), AnyArn::new(function));
                let target = target.event_bus_name(format!("{name}-orders"));
                stack.add("it", target.target_id("bill-too"));
            }),
            gaps: &[],
        }
    );
}
