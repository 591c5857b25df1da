//! A log group: log streams that share retention, encryption and access.
//!
//! API: CreateLogGroup, DescribeLogGroups, ListTagsForResource, PutRetentionPolicy,
//! DeleteRetentionPolicy, AssociateKmsKey, DisassociateKmsKey, PutLogGroupDeletionProtection,
//! TagResource, UntagResource, DeleteLogGroup.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Choice, Days, Object, Outputs, Resource, Tags};

use crate::kms::Key;
use crate::rules::{NameRule, Rules};

/// Log streams that share retention, encryption and access.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_cloudwatch_log_group", outputs = LogGroupOutputs, validate = validate)]
pub struct LogGroup {
    /// Name, unique in the region, at most 512 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// How long events are kept, in days; one of the periods that CloudWatch Logs has, and 0 for
    /// ever.
    #[field(default = Days(0))]
    pub retention_in_days: Days,
    /// Key that encrypts new events; CloudWatch Logs must be allowed to use it.
    pub kms_key_id: Option<Arn<Key>>,
    /// What can be done with the events, and what they cost.
    #[field(force_new, default = LogGroupClass::Standard)]
    pub log_group_class: LogGroupClass,
    /// Let AWS refuse to delete the group.
    #[field(computed)]
    pub deletion_protection_enabled: Option<bool>,
    /// Leave the group and its events where they are when the resource is destroyed.
    #[field(default = false, write_only)]
    pub skip_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// What can be done with the events of a group. Source: CloudWatch Logs user guide, log classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum LogGroupClass {
    /// Everything.
    #[choice("STANDARD")]
    Standard,
    /// Queries, at lower cost.
    #[choice("INFREQUENT_ACCESS")]
    InfrequentAccess,
    /// Delivery to S3 or Firehose; events are kept for a day.
    #[choice("DELIVERY")]
    Delivery,
}

infra_sdk::id_types! {
    /// Identifies a log group: its name.
    LogGroupName("log group name", "");
}

/// What AWS assigns to a [`LogGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct LogGroupOutputs {
    /// The group's name.
    pub id: LogGroupName,
    /// The group's ARN, without `:*` behind it.
    pub arn: Arn<LogGroup>,
}

/// Source: CloudWatch Logs API Reference, CreateLogGroup.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 512,
    allows: |c| c.is_ascii_alphanumeric() || "._-/#".contains(c),
    characters: "letters, digits and `._-/#`",
};

/// Source: CloudWatch Logs API Reference, PutRetentionPolicy; 0 is Terraform's word for no policy.
const RETENTION: &[i64] = &[
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&NAMES);
    rules.names_not_from("aws/", "which is AWS's");
    let days = rules.number("retention_in_days").unwrap_or(0);
    if !RETENTION.contains(&days) {
        let all = RETENTION.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        rules.refuse("retention_in_days", format!("must be one of {all}, not {days}"));
    }
    if days != 0 && rules.text("log_group_class") == Some(LogGroupClass::Delivery.as_str()) {
        let because = "with the class `DELIVERY`, which keeps events for a day";
        rules.without(&["retention_in_days"], because);
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_cloudwatchlogs::types::{LogGroup as Wire, LogGroupClass as WireClass};
    use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

    use super::*;
    use crate::frame::names::prefix_of;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    /// Names in one DescribeLogGroups. Source: CloudWatch Logs API Reference, DescribeLogGroups.
    const AT_ONCE: usize = 50;

    const OPERATIONS: &[&str] = &[
        "logs:AssociateKmsKey",
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DeleteRetentionPolicy",
        "logs:DescribeLogGroups",
        "logs:DisassociateKmsKey",
        "logs:ListTagsForResource",
        "logs:PutLogGroupDeletionProtection",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
    ];

    impl Handler for LogGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            identity: Some("name"),
            create: "logs:CreateLogGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["retention_in_days"],
            naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
            gone: &["ResourceNotFoundException"],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let name = want.name.clone().ok_or_else(|| missing("name"))?;
            let key = want.kms_key_id.as_ref().map(ToString::to_string);
            aws.call(|| {
                aws.logs()
                    .create_log_group()
                    .log_group_name(&name)
                    .log_group_class(WireClass::from(want.log_group_class.as_str()))
                    .set_kms_key_id(key.clone())
                    .set_deletion_protection_enabled(want.deletion_protection_enabled)
                    .set_tags(Some(want.tags.0.clone().into_iter().collect()))
                    .send()
            })
            .await?;
            Ok(name)
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_many(known, AT_ONCE, |chunk| async move {
                let names: Vec<_> = chunk.into_iter().map(|known| known.id).collect();
                let groups = describe(aws, &names).await?;
                let seen: Vec<_> = groups.into_iter().map(|group| see(aws, group)).collect();
                let seen = stream::iter(seen).buffered(8).try_collect::<Vec<_>>().await?;
                let seen = seen.into_iter().flatten();
                Ok(seen.map(|seen| (seen.outputs.id.to_string(), seen)).collect::<HashMap<_, _>>())
            })
            .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.has("retention_in_days") {
                retain(aws, id, want.retention_in_days).await?;
            }
            if changed.has("kms_key_id") {
                encrypt(aws, id, want.kms_key_id.as_ref()).await?;
            }
            if changed.has("deletion_protection_enabled")
                && let Some(protect) = want.deletion_protection_enabled
            {
                aws.call(|| {
                    aws.logs()
                        .put_log_group_deletion_protection()
                        .log_group_identifier(id)
                        .deletion_protection_enabled(protect)
                        .send()
                })
                .await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.logs().delete_log_group().log_group_name(id).send()).await.map(drop)
        }

        fn is_kept(was: &Self) -> bool {
            was.skip_destroy
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let name = want.name.clone().ok_or_else(|| missing("name"))?;
            let mut found = Vec::new();
            for group in describe(aws, &[name]).await? {
                let seen = see(aws, group).await?;
                let seen = seen.filter(|seen| is_ours(&want.tags.0, &seen.inputs.tags.0));
                found.extend(seen.map(|seen| seen.outputs.id.to_string()));
            }
            Ok(found)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let group = describe(aws, &[id.to_owned()]).await?.pop();
            let arn = group.and_then(|group| arn(&group)).ok_or_else(|| missing("logGroupArn"))?;
            if !change.remove.is_empty() {
                aws.call(|| {
                    let call = aws.logs().untag_resource().resource_arn(&arn);
                    call.set_tag_keys(Some(change.remove.clone())).send()
                })
                .await?;
            }
            if !change.set.is_empty() {
                aws.call(|| {
                    let call = aws.logs().tag_resource().resource_arn(&arn);
                    call.set_tags(Some(change.set.clone().into_iter().collect())).send()
                })
                .await?;
            }
            Ok(())
        }
    }

    async fn retain(aws: &Aws, id: &str, days: Days) -> Result<()> {
        if days == Days(0) {
            let call = || aws.logs().delete_retention_policy().log_group_name(id).send();
            return aws.call(call).await.map(drop);
        }
        let days = i32::try_from(days.0).ok();
        aws.call(|| {
            let call = aws.logs().put_retention_policy().log_group_name(id);
            call.set_retention_in_days(days).send()
        })
        .await
        .map(drop)
    }

    async fn encrypt(aws: &Aws, id: &str, key: Option<&Arn<Key>>) -> Result<()> {
        let Some(key) = key else {
            let call = || aws.logs().disassociate_kms_key().log_group_name(id).send();
            return aws.call(call).await.map(drop);
        };
        aws.call(|| {
            let call = aws.logs().associate_kms_key().log_group_name(id);
            call.kms_key_id(key.as_str()).send()
        })
        .await
        .map(drop)
    }

    /// The groups of these names that there are. A single name is asked for by prefix, which never
    /// fails; several are asked for together.
    async fn describe(aws: &Aws, names: &[String]) -> Result<Vec<Wire>> {
        let single = if let [name] = names { Some(name.clone()) } else { None };
        let several = (names.len() > 1).then(|| names.to_vec());
        let pages = aws
            .pages(
                |token| {
                    aws.logs()
                        .describe_log_groups()
                        .set_next_token(token)
                        .set_log_group_name_prefix(single.clone())
                        .set_log_group_identifiers(several.clone())
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        let groups = pages.into_iter().flat_map(|page| page.log_groups.unwrap_or_default());
        Ok(groups
            .filter(|group| group.log_group_name.as_ref().is_some_and(|name| names.contains(name)))
            .collect())
    }

    /// The ARN that tags go by. `arn` of an answer ends with `:*`, `logGroupArn` does not.
    fn arn(group: &Wire) -> Option<String> {
        let with_streams = || group.arn().map(|arn| arn.trim_end_matches(":*").to_owned());
        group.log_group_arn().map(str::to_owned).or_else(with_streams)
    }

    /// A group with its tags; `None` if it goes while it is looked at.
    async fn see(aws: &Aws, group: Wire) -> Result<Option<Seen<LogGroup>>> {
        let arn = arn(&group).ok_or_else(|| missing("logGroupArn"))?;
        let tags = aws.call(|| aws.logs().list_tags_for_resource().resource_arn(&arn).send()).await;
        let Some(tags) = absent(tags.map(Some), LogGroup::CALLS.gone)? else { return Ok(None) };
        let name = group.log_group_name.ok_or_else(|| missing("logGroupName"))?;
        let class = group.log_group_class.as_ref().map_or("STANDARD", WireClass::as_str);
        let class = parsed(Some(class), "logGroupClass")?;
        let days = group.retention_in_days.and_then(|days| u32::try_from(days).ok());
        let inputs = LogGroup {
            name_prefix: prefix_of(&name),
            name: Some(name.clone()),
            // The retention of the class `DELIVERY` is AWS's and cannot be set.
            retention_in_days: Days(days.filter(|_| class != LogGroupClass::Delivery).unwrap_or(0)),
            kms_key_id: group.kms_key_id.map(Arn::new),
            log_group_class: class,
            deletion_protection_enabled: group.deletion_protection_enabled,
            skip_destroy: false,
            tags: Tags(tags.tags.unwrap_or_default().into_iter().collect()),
        };
        let outputs = LogGroupOutputs { id: LogGroupName::new(name), arn: Arn::new(arn) };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn retention_is_one_of_the_periods_that_there_are() {
        let check = |entries: &[(&str, Value)]| -> Vec<String> {
            let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
        };
        let days = |days| ("retention_in_days", Value::Int(days));
        assert_eq!(check(&[days(0)]), [""; 0]);
        assert_eq!(check(&[days(3653), ("name", "/aws/lambda/web#1".into())]), [""; 0]);
        assert_eq!(check(&[days(2)]), ["retention_in_days"]);
        assert_eq!(
            check(&[days(7), ("log_group_class", "DELIVERY".into())]),
            ["retention_in_days"]
        );
        assert_eq!(check(&[("name", "a b".into())]), ["name"]);
        assert_eq!(check(&[("name_prefix", "aws/x".into())]), ["name_prefix"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_cloudwatch_log_group,
        Fixture {
            base: |stack, name| {
                let key = stack.add("key", Key::new());
                let group = LogGroup::new().name_prefix(format!("/conformance/{name}-"));
                let group = group.retention_in_days(Days(7)).kms_key_id(key.arn());
                stack.add("it", group.tag("Name", name));
            },
            update: Some(|stack, name| {
                let key = stack.add("key", Key::new());
                let group = LogGroup::new().name_prefix(format!("/conformance/{name}-"));
                let group = group.kms_key_id(key.arn());
                stack.add("it", group.tag("Name", name).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let group = LogGroup::new().name(format!("/conformance/{name}"));
                stack.add("it", group.log_group_class(LogGroupClass::InfrequentAccess));
            }),
            gaps: &["log_group_class"],
        }
    );
}
