//! An event bus.
//!
//! API: CreateEventBus, DescribeEventBus, UpdateEventBus, DeleteEventBus, ListTagsForResource,
//! TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Choice, Object, Outputs, Resource, Tags};

use super::EventBusName;
use super::names::DEFAULT_BUS;
use crate::AnyArn;
use crate::kms::KeyRef;
use crate::rules::Rules;

/// A bus that events are put on, and that rules take them from.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_cloudwatch_event_bus", outputs = EventBusOutputs, validate = validate)]
pub struct EventBus {
    /// Name, unique in the region, at most 256 characters; of a partner's bus its source's name.
    #[field(force_new)]
    pub name: EventBusName,
    /// What it is for, at most 512 characters.
    pub description: Option<String>,
    /// Source of a partner, whose events it gets.
    #[field(force_new, write_only)]
    pub event_source_name: Option<String>,
    /// Key that encrypts events. Left out, AWS's own.
    pub kms_key_identifier: Option<KeyRef>,
    /// Where events go that could not be sent on, with a key of one's own.
    pub dead_letter_config: Option<EventDeadLetters>,
    /// What is logged.
    pub log_config: Option<EventLogConfig>,
    /// Tags.
    pub tags: Tags,
}

/// Where events go that could not be sent on.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EventDeadLetters {
    /// Queue of SQS.
    pub arn: AnyArn,
}

/// What is logged of a bus.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct EventLogConfig {
    /// How much of an event.
    pub include_detail: EventDetail,
    /// Of which events.
    pub level: EventLogLevel,
}

/// How much of an event is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum EventDetail {
    /// All.
    #[choice("FULL")]
    Full,
    /// Not what it says.
    #[choice("NONE")]
    None,
}

/// Which events are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum EventLogLevel {
    /// Those that failed.
    #[choice("ERROR")]
    Error,
    /// Each with what became of it.
    #[choice("INFO")]
    Info,
    /// None.
    #[choice("OFF")]
    Off,
    /// Each with every step.
    #[choice("TRACE")]
    Trace,
}

/// What AWS assigns to an [`EventBus`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct EventBusOutputs {
    /// The bus's name.
    pub id: EventBusName,
    /// The bus's ARN.
    pub arn: Arn<EventBus>,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    let partner = rules.text("name").is_some_and(|name| name.starts_with("aws.partner/"));
    if rules.text("name") == Some(DEFAULT_BUS) {
        rules.refuse("name", "must not be `default`, which is the bus that every account has");
    } else if rules.text("name").is_some_and(|name| name.contains('/')) && !partner {
        rules.refuse("name", "must not have a `/` unless it is a partner's");
    }
    if let (Some(name), Some(source)) = (rules.text("name"), rules.text("event_source_name"))
        && name != source
    {
        rules.refuse("name", format!("must be the name of its source, `{source}`"));
    }
    if rules.text("description").is_some_and(|text| text.chars().count() > 512) {
        rules.refuse("description", "must have at most 512 characters");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;
    use aws_sdk_eventbridge::types::{
        DeadLetterConfig, IncludeDetail, Level, LogConfig as WireLogs,
    };

    use super::*;
    use crate::events::common::{GONE, list_tags, retag, wire_tags};
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "events:CreateEventBus",
        "events:DeleteEventBus",
        "events:DescribeEventBus",
        "events:ListTagsForResource",
        "events:TagResource",
        "events:UntagResource",
        "events:UpdateEventBus",
    ];
    /// The operations, and the key that encrypts. Source: EventBridge user guide, encrypting events.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["kms:DescribeKey"]);

    impl Handler for EventBus {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "events:CreateEventBus",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let tags = wire_tags(&want.tags.0)?;
            aws.call(|| {
                aws.events()
                    .create_event_bus()
                    .name(want.name.as_str())
                    .set_description(want.description.clone())
                    .set_event_source_name(want.event_source_name.clone())
                    .set_kms_key_identifier(key(want))
                    .set_dead_letter_config(want.dead_letter_config.as_ref().map(dead_letters))
                    .set_log_config(want.log_config.as_ref().map(logs))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
            Ok(want.name.to_string())
        }

        /// The list of buses has neither keys nor logs.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |known| async move {
                let wire = describe(aws, &known.id).await?;
                see(aws, wire).await.map(Some)
            })
            .await
        }

        /// What is left out of an update is taken away.
        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            let dead = want.dead_letter_config.as_ref().map(dead_letters);
            let dead = dead.unwrap_or_else(|| DeadLetterConfig::builder().build());
            let off = || WireLogs::builder().level(Level::Off).build();
            let log = want.log_config.as_ref().map_or_else(off, logs);
            aws.call(|| {
                aws.events()
                    .update_event_bus()
                    .name(id)
                    .description(want.description.clone().unwrap_or_default())
                    .kms_key_identifier(key(want).unwrap_or_default())
                    .dead_letter_config(dead.clone())
                    .log_config(log.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.events().delete_event_bus().name(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = absent(describe(aws, want.name.as_str()).await.map(Some), GONE)?;
            let Some(bus) = found else { return Ok(Vec::new()) };
            let tags = list_tags(aws, bus.arn().ok_or_else(|| missing("Arn"))?).await?;
            let ours = is_ours(&want.tags.0, &tags.0);
            Ok(bus.name.filter(|_| ours).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let arn = describe(aws, id).await?.arn.ok_or_else(|| missing("Arn"))?;
            retag(aws, &arn, change).await
        }
    }

    fn key(want: &EventBus) -> Option<String> {
        want.kms_key_identifier.as_ref().map(|key| key.as_str().to_owned())
    }

    fn dead_letters(config: &EventDeadLetters) -> DeadLetterConfig {
        DeadLetterConfig::builder().arn(config.arn.as_str()).build()
    }

    fn logs(config: &EventLogConfig) -> WireLogs {
        let detail = IncludeDetail::from(config.include_detail.as_str());
        WireLogs::builder().include_detail(detail).level(Level::from(config.level.as_str())).build()
    }

    async fn describe(aws: &Aws, name: &str) -> Result<DescribeEventBusOutput> {
        aws.call(|| aws.events().describe_event_bus().name(name).send()).await
    }

    async fn see(aws: &Aws, bus: DescribeEventBusOutput) -> Result<Seen<EventBus>> {
        let name = bus.name.ok_or_else(|| missing("Name"))?;
        let arn = bus.arn.ok_or_else(|| missing("Arn"))?;
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let source = name.starts_with("aws.partner/").then(|| name.clone());
        let inputs = EventBus {
            name: EventBusName::new(&name),
            description: filled(bus.description),
            event_source_name: source,
            kms_key_identifier: filled(bus.kms_key_identifier).map(KeyRef::new),
            dead_letter_config: bus
                .dead_letter_config
                .and_then(|config| filled(config.arn))
                .map(|arn| EventDeadLetters { arn: AnyArn::new(arn) }),
            log_config: bus.log_config.map(log_config).transpose()?.flatten(),
            tags: list_tags(aws, &arn).await?,
        };
        let outputs = EventBusOutputs { id: EventBusName::new(name), arn: Arn::new(arn) };
        Ok(Seen::new(inputs, outputs))
    }

    /// What is logged; `None` where nothing is and nobody said how much of it.
    fn log_config(wire: WireLogs) -> Result<Option<EventLogConfig>> {
        let (Some(detail), Some(level)) = (wire.include_detail, wire.level) else {
            return Ok(None);
        };
        Ok(Some(EventLogConfig {
            include_detail: parsed(Some(detail.as_str()), "IncludeDetail")?,
            level: parsed(Some(level.as_str()), "Level")?,
        }))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn names_are_not_the_default_and_partners_have_their_sources() {
        let check = |entries: &[(&str, &str)]| -> Vec<String> {
            let inputs =
                entries.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(check(&[("name", "orders")]), [""; 0]);
        assert_eq!(check(&[("name", "default")]), ["name"]);
        assert_eq!(check(&[("name", "a/b")]), ["name"]);
        let partner = "aws.partner/example.com/1";
        assert_eq!(check(&[("name", partner), ("event_source_name", partner)]), [""; 0]);
        assert_eq!(check(&[("name", "orders"), ("event_source_name", partner)]), ["name"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::kms::Key;

    conforms!(
        aws_cloudwatch_event_bus,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new().description("events"));
                let queue = AnyArn::new("arn:aws:sqs:us-west-2:123456789012:lost");
                let bus = EventBus::new(format!("{name}-orders"))
                    .description("orders")
                    .kms_key_identifier(key.arn())
                    .dead_letter_config(EventDeadLetters::new(queue))
                    .log_config(EventLogConfig::new(EventDetail::None, EventLogLevel::Error));
                stack.add("it", bus.tag("Name", name));
            },
            update: Some(|stack, name| {
                stack.add("key", Key::new().description("events"));
                let bus = EventBus::new(format!("{name}-orders"))
                    .description("changed")
                    .log_config(EventLogConfig::new(EventDetail::Full, EventLogLevel::Trace));
                stack.add("it", bus.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", EventBus::new(format!("{name}-other")));
            }),
            gaps: &[],
        }
    );
}
