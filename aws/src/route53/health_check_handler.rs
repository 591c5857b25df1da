//! The AWS calls of [`HealthCheck`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_route53::types::{
    AlarmIdentifier, CloudWatchRegion, HealthCheck as Wire, HealthCheckConfig, HealthCheckRegion,
    HealthCheckType as WireType, InsufficientDataHealthStatus as WireStatus, ResettableElementName,
    Tag, TagResourceType,
};
use infra_sdk::provider::{Failure, FailureClass};
use infra_sdk::{Arn, Seconds, Tags};

use super::HealthCheckId;
use super::common::built;
use super::health_check::{HealthCheck, HealthCheckOutputs};
use crate::AnyArn;
use crate::frame::tags::is_ours;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "route53:ChangeTagsForResource",
    "route53:CreateHealthCheck",
    "route53:DeleteHealthCheck",
    "route53:GetHealthCheck",
    "route53:ListHealthChecks",
    "route53:ListTagsForResources",
    "route53:UpdateHealthCheck",
];
/// An alarm is looked at by Route 53. Source: Route 53 developer guide, creating health checks.
const ACTIONS: &[&str] = actions!(OPERATIONS, ["cloudwatch:DescribeAlarms"]);

const GONE: &[&str] = &["NoSuchHealthCheck"];
/// Objects in one ListTagsForResources. Source: Route 53 API Reference.
const TAGGED: usize = 10;

impl Handler for HealthCheck {
    const CALLS: Calls = Calls {
        // The caller reference: a repeat gives the health check that is there.
        class: CreateClass::Token,
        create: "route53:CreateHealthCheck",
        operations: OPERATIONS,
        actions: ACTIONS,
        after_create: &["tags"],
        gone: GONE,
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
        let config = config(want)?;
        let answer = aws
            .call(|| {
                let call = aws.route53().create_health_check().caller_reference(creating.token);
                call.health_check_config(config.clone()).send()
            })
            .await?;
        answer.health_check.map(|check| check.id).ok_or_else(|| missing("HealthCheck"))
    }

    /// One is asked for by itself, several with the list of the account.
    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        read_many(known, known.len().max(1), |all| async move {
            let checks = match &all[..] {
                [one] => {
                    let get = || aws.route53().get_health_check().health_check_id(&one.id).send();
                    let answer = absent(aws.call(get).await.map(Some), GONE)?;
                    answer.and_then(|answer| answer.health_check).into_iter().collect()
                }
                _ => list(aws).await?,
            };
            let ids: BTreeSet<_> = all.into_iter().map(|item| item.id).collect();
            let checks: Vec<_> = checks.into_iter().filter(|one| ids.contains(&one.id)).collect();
            let mut tags = tags(aws, &checks).await?;
            let partition = &aws.account().await?.partition;
            let see = |wire: Wire| {
                let id = wire.id.clone();
                let tags = tags.remove(&id).unwrap_or_default();
                see(wire, tags, partition).map(|seen| (id, seen))
            };
            checks.into_iter().map(see).collect()
        })
        .await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, was: &Self, _: &Changed) -> Result<()> {
        if want.ip_address.is_some() != was.ip_address.is_some() {
            let message = "an address cannot be added to a health check or taken away: replace it";
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        let config = config(want)?;
        let gone = [
            (ResettableElementName::ChildHealthChecks, config.child_health_checks.is_none()),
            (
                ResettableElementName::FullyQualifiedDomainName,
                config.fully_qualified_domain_name.is_none(),
            ),
            (ResettableElementName::Regions, config.regions.is_none()),
            (ResettableElementName::ResourcePath, config.resource_path.is_none()),
        ];
        let gone: Vec<_> =
            gone.into_iter().filter(|(_, gone)| *gone).map(|(name, _)| name).collect();
        aws.call(|| {
            aws.route53()
                .update_health_check()
                .health_check_id(id)
                .set_ip_address(config.ip_address.clone())
                .set_port(config.port)
                .set_resource_path(config.resource_path.clone())
                .set_fully_qualified_domain_name(config.fully_qualified_domain_name.clone())
                .set_search_string(config.search_string.clone())
                .set_failure_threshold(config.failure_threshold)
                .set_inverted(config.inverted)
                .set_disabled(config.disabled)
                .set_health_threshold(config.health_threshold)
                .set_child_health_checks(config.child_health_checks.clone())
                .set_enable_sni(config.enable_sni)
                .set_regions(config.regions.clone())
                .set_alarm_identifier(config.alarm_identifier.clone())
                .set_insufficient_data_health_status(config.insufficient_data_health_status.clone())
                .set_reset_elements((!gone.is_empty()).then(|| gone.clone()))
                .send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let delete = || aws.route53().delete_health_check().health_check_id(id).send();
        aws.call(delete).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let kind = want.r#type.as_str();
        let same = |check: &Wire| {
            let config = check.health_check_config.as_ref();
            config.is_some_and(|config| config.r#type.as_str() == kind)
        };
        let checks: Vec<_> = list(aws).await?.into_iter().filter(same).collect();
        let tags = tags(aws, &checks).await?;
        let ours = |(_, tags): &(String, Tags)| is_ours(&want.tags.0, &tags.0);
        Ok(tags.into_iter().filter(ours).map(|(id, _)| id).collect())
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        let set = change.set.iter().map(|(k, v)| Tag::builder().key(k).value(v).build());
        let set: Vec<_> = set.collect();
        aws.call(|| {
            aws.route53()
                .change_tags_for_resource()
                .resource_type(TagResourceType::Healthcheck)
                .resource_id(id)
                .set_add_tags((!set.is_empty()).then(|| set.clone()))
                .set_remove_tag_keys((!change.remove.is_empty()).then(|| change.remove.clone()))
                .send()
        })
        .await
        .map(drop)
    }
}

fn config(want: &HealthCheck) -> Result<HealthCheckConfig> {
    let alarm = match (&want.cloudwatch_alarm_name, &want.cloudwatch_alarm_region) {
        (Some(name), Some(region)) => {
            let region = CloudWatchRegion::from(region.as_str());
            Some(built(AlarmIdentifier::builder().name(name).region(region).build())?)
        }
        _ => None,
    };
    let regions = want.regions.iter().map(|region| HealthCheckRegion::from(region.as_str()));
    let children = want.child_healthchecks.iter().map(ToString::to_string);
    let status = want.insufficient_data_health_status;
    // What only endpoints have may not even be said of others to be off.
    let endpoint = want.fqdn.is_some() || want.ip_address.is_some();
    let config = HealthCheckConfig::builder()
        .r#type(WireType::from(want.r#type.as_str()))
        .set_fully_qualified_domain_name(want.fqdn.clone())
        .set_ip_address(want.ip_address.clone())
        .set_port(want.port.map(i32::from))
        .set_resource_path(want.resource_path.clone())
        .set_search_string(want.search_string.clone())
        .set_request_interval(want.request_interval.map(|seconds| number(seconds.0)))
        .set_failure_threshold(want.failure_threshold.map(number))
        .set_measure_latency(endpoint.then_some(want.measure_latency))
        .set_enable_sni(want.enable_sni)
        .set_regions((!want.regions.is_empty()).then(|| regions.collect()))
        .inverted(want.invert_healthcheck)
        .disabled(want.disabled)
        .set_child_health_checks((!want.child_healthchecks.is_empty()).then(|| children.collect()))
        .set_health_threshold(want.child_health_threshold.map(number))
        .set_alarm_identifier(alarm)
        .set_insufficient_data_health_status(status.map(|word| WireStatus::from(word.as_str())))
        .set_routing_control_arn(want.routing_control_arn.as_ref().map(ToString::to_string));
    built(config.build())
}

async fn list(aws: &Aws) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |marker| aws.route53().list_health_checks().set_marker(marker).send(),
            |page| page.next_marker().filter(|_| page.is_truncated),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.health_checks).collect())
}

/// The tags of health checks, by id.
async fn tags(aws: &Aws, checks: &[Wire]) -> Result<HashMap<String, Tags>> {
    let mut found = HashMap::new();
    for chunk in checks.chunks(TAGGED) {
        let ids: Vec<_> = chunk.iter().map(|check| check.id.clone()).collect();
        let answer = aws
            .call(|| {
                let call = aws.route53().list_tags_for_resources();
                let call = call.resource_type(TagResourceType::Healthcheck);
                call.set_resource_ids(Some(ids.clone())).send()
            })
            .await?;
        for set in answer.resource_tag_sets {
            let Some(id) = set.resource_id else { continue };
            let pairs = set.tags.unwrap_or_default().into_iter();
            let pairs = pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
            found.insert(id, Tags(pairs.collect()));
        }
    }
    Ok(found)
}

fn see(wire: Wire, tags: Tags, partition: &str) -> Result<Seen<HealthCheck>> {
    let config = wire.health_check_config.ok_or_else(|| missing("HealthCheckConfig"))?;
    let natural = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    let regions = config.regions.unwrap_or_default().into_iter();
    let children = config.child_health_checks.unwrap_or_default().into_iter();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let alarm = config.alarm_identifier;
    let status = config.insufficient_data_health_status.as_ref();
    let inputs = HealthCheck {
        r#type: parsed(Some(config.r#type.as_str()), "Type")?,
        fqdn: filled(config.fully_qualified_domain_name),
        ip_address: filled(config.ip_address),
        port: config.port.and_then(|port| u16::try_from(port).ok()),
        resource_path: filled(config.resource_path),
        search_string: filled(config.search_string),
        request_interval: natural(config.request_interval).map(Seconds),
        failure_threshold: natural(config.failure_threshold),
        measure_latency: config.measure_latency.unwrap_or(false),
        enable_sni: config.enable_sni,
        regions: regions.map(|region| region.as_str().to_owned()).collect(),
        invert_healthcheck: config.inverted.unwrap_or(false),
        disabled: config.disabled.unwrap_or(false),
        child_healthchecks: children.map(HealthCheckId::new).collect(),
        child_health_threshold: natural(config.health_threshold),
        cloudwatch_alarm_region: alarm.as_ref().map(|alarm| alarm.region.as_str().to_owned()),
        cloudwatch_alarm_name: alarm.map(|alarm| alarm.name),
        insufficient_data_health_status: status
            .map(|word| parsed(Some(word.as_str()), "InsufficientDataHealthStatus"))
            .transpose()?,
        routing_control_arn: config.routing_control_arn.map(AnyArn::new),
        triggers: BTreeMap::new(),
        tags,
    };
    let outputs = HealthCheckOutputs {
        arn: Arn::new(format!("arn:{partition}:route53:::healthcheck/{}", wire.id)),
        id: HealthCheckId::new(wire.id),
    };
    Ok(Seen::new(inputs, outputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route53::health_check::HealthCheckType;

    #[test]
    fn an_alarm_is_read_as_it_is_said() {
        let want = HealthCheck {
            r#type: HealthCheckType::CloudwatchMetric,
            fqdn: None,
            ip_address: None,
            port: None,
            resource_path: None,
            search_string: None,
            request_interval: None,
            failure_threshold: None,
            measure_latency: false,
            enable_sni: None,
            regions: BTreeSet::new(),
            invert_healthcheck: false,
            disabled: true,
            child_healthchecks: BTreeSet::new(),
            child_health_threshold: None,
            cloudwatch_alarm_name: Some("down".to_owned()),
            cloudwatch_alarm_region: Some("us-east-1".to_owned()),
            insufficient_data_health_status: None,
            routing_control_arn: None,
            triggers: BTreeMap::new(),
            tags: Tags::default(),
        };
        let config = config(&want).expect("it is whole");
        assert_eq!(config.measure_latency, None);
        let wire = Wire::builder().id("1").caller_reference("t").health_check_config(config);
        let wire = wire.health_check_version(1).build().expect("it is whole");
        let seen = see(wire, Tags::default(), "aws").expect("it is read");
        assert_eq!(seen.inputs, want);
        assert_eq!(seen.outputs.arn.as_str(), "arn:aws:route53:::healthcheck/1");
    }
}
