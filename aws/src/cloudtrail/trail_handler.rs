//! The calls of [`trail`](super::trail), which stands apart because its definition is long.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudtrail::types as wire;
use futures_util::future::try_join_all;
use infra_sdk::{Arn, BlockSet, Object, Tags, Value};

use super::selectors::{advanced_from_wire, advanced_to_wire, from_wire, is_default, to_wire};
use super::{AdvancedEventSelector, EventSelector, InsightSelector, Trail, TrailOutputs};
use crate::AnyArn;
use crate::frame::error::incomplete;
use crate::frame::tags::is_ours;
use crate::prelude::*;
use crate::s3::BucketName;

/// The operations, and behind them what CloudTrail does in the name of the caller for trails of an
/// organization. Source: Service Authorization Reference, CloudTrail.
const ACTIONS: &[&str] = &[
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:DeleteTrail",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetInsightSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTags",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors",
    "cloudtrail:RemoveTags",
    "cloudtrail:StartLogging",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
];
const GONE: &[&str] = &["TrailNotFoundException"];
/// ARNs that one ListTags takes. Source: CloudTrail API Reference, ListTags.
const AT_ONCE: usize = 20;

/// Inputs that UpdateTrail takes.
const SETTINGS: &[&str] = &[
    "cloud_watch_logs_group_arn",
    "cloud_watch_logs_role_arn",
    "enable_log_file_validation",
    "include_global_service_events",
    "is_multi_region_trail",
    "is_organization_trail",
    "kms_key_id",
    "s3_bucket_name",
    "s3_key_prefix",
    "sns_topic_name",
];

impl Handler for Trail {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        create: "cloudtrail:CreateTrail",
        operations: ACTIONS.split_at(14).0,
        actions: ACTIONS,
        after_create: &[
            "event_selector",
            "advanced_event_selector",
            "insight_selector",
            "enable_logging",
        ],
        gone: GONE,
        // A role or a log group that was made a moment ago.
        not_yet: &[
            ("InvalidCloudWatchLogsRoleArnException", "Access denied"),
            ("InvalidCloudWatchLogsLogGroupArnException", "Access denied"),
        ],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let tags = wire_tags(&want.tags.0)?;
        let answer = aws
            .call(|| {
                aws.cloudtrail()
                    .create_trail()
                    .name(&want.name)
                    .s3_bucket_name(want.s3_bucket_name.as_str())
                    .set_s3_key_prefix(want.s3_key_prefix.clone())
                    .set_sns_topic_name(want.sns_topic_name.clone())
                    .include_global_service_events(want.include_global_service_events)
                    .is_multi_region_trail(want.is_multi_region_trail)
                    .enable_log_file_validation(want.enable_log_file_validation)
                    .set_cloud_watch_logs_log_group_arn(log_group(want))
                    .set_cloud_watch_logs_role_arn(text(want.cloud_watch_logs_role_arn.as_ref()))
                    .set_kms_key_id(text(want.kms_key_id.as_ref()))
                    .is_organization_trail(want.is_organization_trail)
                    .set_tags_list(Some(tags.clone()))
                    .send()
            })
            .await?;
        answer.trail_arn.ok_or_else(|| missing("TrailARN"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, AT_ONCE, |chunk| async move {
            let ids = chunk.iter().map(|item| item.id.clone()).collect();
            let trails = described(aws, ids).await?;
            let mut tags = tags_of(aws, trails.keys().cloned().collect()).await?;
            let seen = chunk.iter().filter_map(|item| {
                let (trail, tags) = (trails.get(&item.id)?, tags.remove(&item.id));
                Some(look(aws, item, trail, tags.unwrap_or_default()))
            });
            let seen = try_join_all(seen).await?.into_iter().flatten();
            Ok(seen.map(|seen| (seen.outputs.id.to_string(), seen)).collect())
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        if changed.any(SETTINGS) {
            set(aws, id, want, changed).await?;
        }
        // Insights need management events: they go before these and come after them.
        let insights = changed.has("insight_selector");
        if insights && want.insight_selector.0.is_empty() {
            put_insights(aws, id, want).await?;
        }
        if changed.any(&["event_selector", "advanced_event_selector"]) {
            select(aws, id, want).await?;
        }
        if insights && !want.insight_selector.0.is_empty() {
            put_insights(aws, id, want).await?;
        }
        if changed.has("enable_logging") {
            if want.enable_logging {
                aws.call(|| aws.cloudtrail().start_logging().name(id).send()).await?;
            } else {
                aws.call(|| aws.cloudtrail().stop_logging().name(id).send()).await?;
            }
        }
        Ok(())
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let name = name_of(id);
        aws.call(|| aws.cloudtrail().delete_trail().name(name).send()).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let trails = described(aws, vec![want.name.clone()]).await?;
        let same = trails.into_values().filter(|t| t.name.as_ref() == Some(&want.name));
        let ids: Vec<_> = same.filter_map(|trail| trail.trail_arn).collect();
        let tags = tags_of(aws, ids).await?.into_iter();
        let ours = tags.filter(|(_, tags)| is_ours(&want.tags.0, &tags.0));
        Ok(ours.map(|(arn, _)| arn).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        if !change.remove.is_empty() {
            let keys = change.remove.iter().map(|key| wire::Tag::builder().key(key).build());
            let tags = keys.collect::<std::result::Result<Vec<_>, _>>().map_err(incomplete)?;
            aws.call(|| {
                let call = aws.cloudtrail().remove_tags().resource_id(id);
                call.set_tags_list(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.set.is_empty() {
            let tags = wire_tags(&change.set)?;
            aws.call(|| {
                let call = aws.cloudtrail().add_tags().resource_id(id);
                call.set_tags_list(Some(tags.clone())).send()
            })
            .await?;
        }
        Ok(())
    }
}

fn wire_tags(tags: &BTreeMap<String, String>) -> Result<Vec<wire::Tag>> {
    let tag = |(key, value)| wire::Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect::<std::result::Result<_, _>>().map_err(incomplete)
}

fn text(arn: Option<&impl ToString>) -> Option<String> {
    arn.map(ToString::to_string)
}

/// CloudTrail wants `:*` behind the ARN of a log group. Source: CloudTrail user guide, sending
/// events to CloudWatch Logs.
fn log_group(want: &Trail) -> Option<String> {
    let arn = want.cloud_watch_logs_group_arn.as_ref()?.as_str();
    Some(format!("{}:*", arn.trim_end_matches(":*")))
}

/// The name in the ARN of a trail.
fn name_of(arn: &str) -> &str {
    arn.rsplit_once(":trail/").map_or(arn, |(_, name)| name)
}

async fn described(aws: &Aws, names: Vec<String>) -> Result<HashMap<String, wire::Trail>> {
    let answer = aws
        .call(|| {
            let call = aws.cloudtrail().describe_trails().include_shadow_trails(false);
            call.set_trail_name_list(Some(names.clone())).send()
        })
        .await?;
    let trails = answer.trail_list.unwrap_or_default().into_iter();
    Ok(trails.filter_map(|trail| Some((trail.trail_arn.clone()?, trail))).collect())
}

async fn tags_of(aws: &Aws, ids: Vec<String>) -> Result<HashMap<String, Tags>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let pages = aws
            .pages(
                |token| {
                    let call = aws.cloudtrail().list_tags().set_next_token(token);
                    call.set_resource_id_list(Some(ids.to_vec())).send()
                },
                |page| page.next_token(),
            )
            .await?;
        let lists = pages.into_iter().flat_map(|page| page.resource_tag_list.unwrap_or_default());
        for list in lists {
            let Some(id) = list.resource_id else { continue };
            let tags = list.tags_list.unwrap_or_default().into_iter();
            let all: &mut Tags = found.entry(id).or_default();
            all.0.extend(tags.map(|tag| (tag.key, tag.value.unwrap_or_default())));
        }
    }
    Ok(found)
}

/// Sets what changed; an empty text takes a setting away.
async fn set(aws: &Aws, id: &str, want: &Trail, changed: &Changed) -> Result<()> {
    let given =
        |name: &str, value: Option<String>| changed.has(name).then(|| value.unwrap_or_default());
    let flag = |name: &str, value: bool| changed.has(name).then_some(value);
    // The log group and its role go together.
    let logs = changed.any(&["cloud_watch_logs_group_arn", "cloud_watch_logs_role_arn"]);
    let role = text(want.cloud_watch_logs_role_arn.as_ref());
    let bucket = changed.has("s3_bucket_name").then(|| want.s3_bucket_name.to_string());
    aws.call(|| {
        aws.cloudtrail()
            .update_trail()
            .name(id)
            .set_s3_bucket_name(bucket.clone())
            .set_s3_key_prefix(given("s3_key_prefix", want.s3_key_prefix.clone()))
            .set_sns_topic_name(given("sns_topic_name", want.sns_topic_name.clone()))
            .set_kms_key_id(given("kms_key_id", text(want.kms_key_id.as_ref())))
            .set_cloud_watch_logs_log_group_arn(logs.then(|| log_group(want).unwrap_or_default()))
            .set_cloud_watch_logs_role_arn(logs.then(|| role.clone().unwrap_or_default()))
            .set_include_global_service_events(flag(
                "include_global_service_events",
                want.include_global_service_events,
            ))
            .set_is_multi_region_trail(flag("is_multi_region_trail", want.is_multi_region_trail))
            .set_is_organization_trail(flag("is_organization_trail", want.is_organization_trail))
            .set_enable_log_file_validation(flag(
                "enable_log_file_validation",
                want.enable_log_file_validation,
            ))
            .send()
    })
    .await
    .map(drop)
}

async fn put_insights(aws: &Aws, id: &str, want: &Trail) -> Result<()> {
    let selectors: Vec<_> = want
        .insight_selector
        .0
        .iter()
        .map(|selector| wire::InsightType::from(selector.insight_type.as_str()))
        .map(|kind| wire::InsightSelector::builder().insight_type(kind).build())
        .collect();
    aws.call(|| {
        let call = aws.cloudtrail().put_insight_selectors().trail_name(id);
        call.set_insight_selectors(Some(selectors.clone())).send()
    })
    .await
    .map(drop)
}

/// Sets which events are recorded. AWS replaces all selectors, and goes back to its default by
/// being told it.
async fn select(aws: &Aws, id: &str, want: &Trail) -> Result<()> {
    let advanced =
        want.advanced_event_selector.0.iter().map(advanced_to_wire).collect::<Result<Vec<_>>>()?;
    let mut basic: Vec<_> = want.event_selector.0.iter().map(to_wire).collect();
    if basic.is_empty() && advanced.is_empty() {
        let all = wire::EventSelector::builder().read_write_type(wire::ReadWriteType::All);
        basic.push(all.include_management_events(true).build());
    }
    aws.call(|| {
        aws.cloudtrail()
            .put_event_selectors()
            .trail_name(id)
            .set_event_selectors((!basic.is_empty()).then(|| basic.clone()))
            .set_advanced_event_selectors((!advanced.is_empty()).then(|| advanced.clone()))
            .send()
    })
    .await
    .map(drop)
}

/// A trail that is described, and what takes calls of its own; `None` when it went meanwhile.
async fn look(
    aws: &Aws,
    item: &Known,
    trail: &wire::Trail,
    tags: Tags,
) -> Result<Option<Seen<Trail>>> {
    let id = &item.id;
    let read = async {
        let (status, events, insights) = futures_util::try_join!(
            aws.call(|| aws.cloudtrail().get_trail_status().name(id).send()),
            aws.call(|| aws.cloudtrail().get_event_selectors().trail_name(id).send()),
            insights(aws, id),
        )?;
        let events = (events.event_selectors, events.advanced_event_selectors);
        let (basic, advanced) = (events.0.unwrap_or_default(), events.1.unwrap_or_default());
        let basic = basic.into_iter().map(from_wire).collect::<Result<Vec<_>>>()?;
        let advanced = advanced.into_iter().map(advanced_from_wire).collect();
        let logging = status.is_logging.unwrap_or(false);
        see(trail.clone(), tags, &item.recorded, logging, (basic, advanced), insights).map(Some)
    };
    absent(read.await, GONE)
}

async fn insights(aws: &Aws, id: &str) -> Result<Vec<InsightSelector>> {
    let get = || aws.cloudtrail().get_insight_selectors().trail_name(id).send();
    let selectors = match aws.call(get).await {
        Ok(answer) => answer.insight_selectors.unwrap_or_default(),
        Err(failure) if failure.code.as_deref() == Some("InsightNotEnabledException") => {
            return Ok(Vec::new());
        }
        Err(failure) => return Err(failure),
    };
    let kinds = selectors.into_iter().map(|selector| {
        let kind = selector.insight_type.as_ref().map(wire::InsightType::as_str);
        Ok(InsightSelector { insight_type: parsed(kind, "InsightType")? })
    });
    kinds.collect()
}

fn see(
    trail: wire::Trail,
    tags: Tags,
    recorded: &Object,
    enable_logging: bool,
    (mut basic, mut advanced): (Vec<EventSelector>, Vec<AdvancedEventSelector>),
    insights: Vec<InsightSelector>,
) -> Result<Seen<Trail>> {
    let said = |name: &str| recorded.get(name).and_then(Value::as_str);
    let has = |name: &str| {
        recorded.get(name).and_then(Value::as_list).is_some_and(|list| !list.is_empty())
    };
    if is_default(&basic, &advanced) && !has("event_selector") && !has("advanced_event_selector") {
        basic.clear();
        advanced.clear();
    }
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let group = filled(trail.cloud_watch_logs_log_group_arn).map(|arn| {
        let plain = arn.trim_end_matches(":*");
        AnyArn::new(if said("cloud_watch_logs_group_arn") == Some(plain) { plain } else { &arn })
    });
    let topic_arn = filled(trail.sns_topic_arn);
    let topic = topic_arn.as_deref().map(|arn| {
        let name = arn.rsplit_once(':').map_or(arn, |(_, name)| name);
        (if said("sns_topic_name") == Some(arn) { arn } else { name }).to_owned()
    });
    let arn = trail.trail_arn.ok_or_else(|| missing("TrailARN"))?;
    let inputs = Trail {
        name: trail.name.ok_or_else(|| missing("Name"))?,
        s3_bucket_name: BucketName::new(
            trail.s3_bucket_name.ok_or_else(|| missing("S3BucketName"))?,
        ),
        s3_key_prefix: filled(trail.s3_key_prefix),
        cloud_watch_logs_group_arn: group,
        cloud_watch_logs_role_arn: filled(trail.cloud_watch_logs_role_arn).map(Arn::new),
        enable_log_file_validation: trail.log_file_validation_enabled.unwrap_or(false),
        enable_logging,
        event_selector: BlockSet(basic),
        advanced_event_selector: BlockSet(advanced),
        include_global_service_events: trail.include_global_service_events.unwrap_or(true),
        insight_selector: BlockSet(insights),
        is_multi_region_trail: trail.is_multi_region_trail.unwrap_or(false),
        is_organization_trail: trail.is_organization_trail.unwrap_or(false),
        kms_key_id: filled(trail.kms_key_id).map(Arn::new),
        sns_topic_name: topic,
        tags,
    };
    let outputs = TrailOutputs {
        id: Arn::new(&arn),
        arn: Arn::new(arn),
        home_region: trail.home_region.ok_or_else(|| missing("HomeRegion"))?,
        sns_topic_arn: topic_arn,
    };
    Ok(Seen::new(inputs, outputs))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cloudtrail::ReadWriteType;

    fn trail() -> wire::Trail {
        wire::Trail::builder()
            .name("main")
            .s3_bucket_name("logs")
            .trail_arn("arn:aws:cloudtrail:us-west-2:123456789012:trail/main")
            .home_region("us-west-2")
            .cloud_watch_logs_log_group_arn("arn:aws:logs:us-west-2:123456789012:log-group:a:*")
            .sns_topic_arn("arn:aws:sns:us-west-2:123456789012:told")
            .kms_key_id("")
            .build()
    }

    fn all() -> EventSelector {
        EventSelector {
            read_write_type: ReadWriteType::All,
            include_management_events: true,
            exclude_management_event_sources: BTreeSet::new(),
            data_resource: BlockSet::default(),
        }
    }

    fn seen(recorded: &[(&str, Value)], basic: Vec<EventSelector>) -> Trail {
        let recorded = recorded.iter().map(|(name, v)| ((*name).to_owned(), v.clone())).collect();
        see(trail(), Tags::default(), &recorded, true, (basic, Vec::new()), Vec::new())
            .expect("a trail")
            .inputs
    }

    #[test]
    fn what_means_the_same_is_seen_as_it_was_said() {
        let group = |trail: Trail| trail.cloud_watch_logs_group_arn.map(|arn| arn.to_string());
        let plain = "arn:aws:logs:us-west-2:123456789012:log-group:a";
        let as_said = seen(&[("cloud_watch_logs_group_arn", plain.into())], Vec::new());
        assert_eq!(group(as_said).as_deref(), Some(plain));
        assert_eq!(group(seen(&[], Vec::new())), Some(format!("{plain}:*")));
        let arn = "arn:aws:sns:us-west-2:123456789012:told";
        let by_arn = seen(&[("sns_topic_name", arn.into())], Vec::new());
        assert_eq!(by_arn.sns_topic_name.as_deref(), Some(arn));
        assert_eq!(seen(&[], Vec::new()).sns_topic_name.as_deref(), Some("told"));
        assert_eq!(by_arn.kms_key_id, None);
    }

    #[test]
    fn what_aws_records_by_default_shows_only_if_it_was_asked_for() {
        assert_eq!(seen(&[], vec![all()]).event_selector.0, []);
        let asked = ("event_selector", Value::List(vec![Value::Map(Object::new())]));
        assert_eq!(seen(&[asked], vec![all()]).event_selector.0, [all()]);
        let reads = EventSelector { read_write_type: ReadWriteType::ReadOnly, ..all() };
        assert_eq!(seen(&[], vec![reads.clone()]).event_selector.0, [reads]);
    }
}
