//! An event subscription: a topic that is told what happens to databases, snapshots and groups.
//!
//! API: CreateEventSubscription, DescribeEventSubscriptions, ModifyEventSubscription,
//! AddSourceIdentifierToSubscription, RemoveSourceIdentifierFromSubscription,
//! DeleteEventSubscription, ListTagsForResource, AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Object, Outputs, Resource, Tags};

use super::EventSubscriptionName;
use crate::AnyArn;
use crate::rules::{NameRule, Rules};

/// A topic that is told what happens.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_db_event_subscription", outputs = EventSubscriptionOutputs, validate = validate)]
pub struct EventSubscription {
    /// ARN of the topic.
    pub sns_topic: AnyArn,
    /// Name, unique in the region, at most 255 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<EventSubscriptionName>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Whether the topic is told.
    #[field(default = true)]
    pub enabled: bool,
    /// What it is told: `failover`, `low storage`. Left out, everything.
    pub event_categories: BTreeSet<String>,
    /// What it is told of. Left out, everything of the account.
    pub source_type: Option<SourceType>,
    /// Identifiers of those of that type that it is told of. Left out, all of them.
    pub source_ids: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
}

/// What events are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum SourceType {
    /// DB instances.
    DbInstance,
    /// DB clusters.
    DbCluster,
    /// DB parameter groups.
    DbParameterGroup,
    /// DB security groups.
    DbSecurityGroup,
    /// Snapshots of DB instances.
    DbSnapshot,
    /// Snapshots of DB clusters.
    DbClusterSnapshot,
    /// Proxies.
    DbProxy,
    /// Engine versions of RDS Custom.
    CustomEngineVersion,
    /// Blue/green deployments.
    BlueGreenDeployment,
    /// Integrations without ETL.
    #[choice("zero-etl")]
    ZeroEtl,
    /// Shard groups.
    DbShardGroup,
}

/// What AWS assigns to an [`EventSubscription`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EventSubscriptionOutputs {
    /// The subscription's name.
    pub id: EventSubscriptionName,
    /// The subscription's ARN.
    pub arn: Arn<EventSubscription>,
    /// The account that owns it.
    pub customer_aws_id: Option<String>,
    /// `active`, or what it is busy with, or why it does not work.
    pub status: String,
}

/// Source: RDS API Reference, CreateEventSubscription.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 254,
    allows: |c| c.is_ascii_alphanumeric() || c == '-',
    characters: "letters, digits and hyphens",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAMES);
    if !rules.has("source_type") {
        rules.without(&["source_ids"], "without `source_type`");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_rds::types::EventSubscription as Wire;
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::frame::calls::Patience;
    use crate::frame::names::prefix_of;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;
    use crate::rds::common::{arn_of, list_tags, retag, wire_tags};
    use crate::rds::instance_read::word;

    const OPERATIONS: &[&str] = &[
        "rds:AddSourceIdentifierToSubscription",
        "rds:AddTagsToResource",
        "rds:CreateEventSubscription",
        "rds:DeleteEventSubscription",
        "rds:DescribeEventSubscriptions",
        "rds:ListTagsForResource",
        "rds:ModifyEventSubscription",
        "rds:RemoveSourceIdentifierFromSubscription",
        "rds:RemoveTagsFromResource",
    ];
    const GONE: &[&str] = &["SubscriptionNotFound"];
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(40 * 60);

    impl Handler for EventSubscription {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "rds:CreateEventSubscription",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
            gone: GONE,
            patience: Patience { create: PATIENCE, update: PATIENCE, delete: PATIENCE },
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.rds()
                        .create_event_subscription()
                        .set_subscription_name(want.name.as_ref().map(ToString::to_string))
                        .sns_topic_arn(want.sns_topic.as_str())
                        .enabled(want.enabled)
                        .set_event_categories(all(&want.event_categories))
                        .set_source_type(want.source_type.map(|kind| kind.as_str().to_owned()))
                        .set_source_ids(all(&want.source_ids))
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            let made = answer.event_subscription.and_then(|made| made.cust_subscription_id);
            made.ok_or_else(|| missing("CustSubscriptionId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, _: Known| see(aws, wire);
            let name = Wire::cust_subscription_id;
            read_named(known, GONE, name, |name| list(aws, name), see).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            was: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.any(&["enabled", "event_categories", "sns_topic", "source_type"]) {
                // Categories are of a type, which is given with them.
                aws.call(|| {
                    aws.rds()
                        .modify_event_subscription()
                        .subscription_name(id)
                        .enabled(want.enabled)
                        .set_event_categories(Some(want.event_categories.iter().cloned().collect()))
                        .sns_topic_arn(want.sns_topic.as_str())
                        .set_source_type(want.source_type.map(|kind| kind.as_str().to_owned()))
                        .send()
                })
                .await?;
            }
            if !changed.has("source_ids") {
                return Ok(());
            }
            // Added first: with none left it would be told of all.
            for source in want.source_ids.difference(&was.source_ids) {
                aws.call(|| {
                    let call = aws.rds().add_source_identifier_to_subscription();
                    call.subscription_name(id).source_identifier(source).send()
                })
                .await?;
            }
            for source in was.source_ids.difference(&want.source_ids) {
                aws.call(|| {
                    let call = aws.rds().remove_source_identifier_from_subscription();
                    call.subscription_name(id).source_identifier(source).send()
                })
                .await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.rds().delete_event_subscription().subscription_name(id).send())
                .await
                .map(drop)
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            match seen.outputs.status.as_str() {
                "active" => Readiness::Ready,
                "no-permission" => Readiness::Failed("RDS may not publish to the topic".to_owned()),
                "topic-not-exist" => Readiness::Failed("the topic does not exist".to_owned()),
                busy => Readiness::Waiting(busy.to_owned()),
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(name) = &want.name else { return Ok(Vec::new()) };
            let found = absent(list(aws, Some(name.to_string())).await.map(Some), GONE)?;
            let mut ours = Vec::new();
            for made in found.unwrap_or_default() {
                let arn =
                    made.event_subscription_arn.ok_or_else(|| missing("EventSubscriptionArn"))?;
                if is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0) {
                    ours.extend(made.cust_subscription_id);
                }
            }
            Ok(ours)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, &arn_of(aws, "es", id).await?, change).await
        }
    }

    fn all(texts: &BTreeSet<String>) -> Option<Vec<String>> {
        (!texts.is_empty()).then(|| texts.iter().cloned().collect())
    }

    async fn list(aws: &Aws, name: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.rds().describe_event_subscriptions().set_marker(marker);
                    call.set_subscription_name(name.clone()).send()
                },
                |page| page.marker(),
            )
            .await?;
        let lists = pages.into_iter().map(|page| page.event_subscriptions_list);
        Ok(lists.flat_map(Option::unwrap_or_default).collect())
    }

    async fn see(aws: &Aws, wire: Wire) -> Result<Seen<EventSubscription>> {
        let name = wire.cust_subscription_id.ok_or_else(|| missing("CustSubscriptionId"))?;
        let arn = wire.event_subscription_arn.ok_or_else(|| missing("EventSubscriptionArn"))?;
        let inputs = EventSubscription {
            sns_topic: AnyArn::new(wire.sns_topic_arn.ok_or_else(|| missing("SnsTopicArn"))?),
            name_prefix: prefix_of(&name),
            name: Some(EventSubscriptionName::new(&name)),
            enabled: wire.enabled.unwrap_or(true),
            event_categories: wire.event_categories_list.unwrap_or_default().into_iter().collect(),
            source_type: word(wire.source_type.as_deref(), "SourceType")?,
            source_ids: wire.source_ids_list.unwrap_or_default().into_iter().collect(),
            tags: list_tags(aws, &arn).await?,
        };
        let outputs = EventSubscriptionOutputs {
            id: EventSubscriptionName::new(name),
            arn: Arn::new(arn),
            customer_aws_id: wire.customer_aws_id,
            status: wire.status.ok_or_else(|| missing("Status"))?,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn sources_are_of_a_type() {
        let check = |given: &[(&str, Value)]| {
            let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).len()
        };
        let sources = ("source_ids", Value::List(vec!["main".into()]));
        assert_eq!(check(std::slice::from_ref(&sources)), 1);
        assert_eq!(check(&[sources, ("source_type", "db-instance".into())]), 0);
        assert_eq!(check(&[("name", "a_b".into())]), 1);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn subscription(name: &str) -> EventSubscriptionArguments {
        let topic = AnyArn::new("arn:aws:sns:us-west-2:123456789012:databases");
        EventSubscription::new(topic)
            .name(format!("{name}-es"))
            .source_type(SourceType::DbInstance)
            .event_categories(["failover", "low storage"])
    }

    conforms!(
        aws_db_event_subscription,
        Fixture {
            base: |stack, name| {
                let it = subscription(name).source_ids(["main", "old"]);
                stack.add("it", it.tag("Name", name));
            },
            update: Some(|stack, name| {
                let it = subscription(name).event_categories(["failure", "low storage"]);
                let it = it.source_ids(["main", "other"]).enabled(false);
                stack.add("it", it.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", subscription(name).name(format!("{name}-es-2")));
            }),
            gaps: &[],
        }
    );
}
