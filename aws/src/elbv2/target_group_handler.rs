//! The AWS calls of [`TargetGroup`].

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as Wire, TargetGroupAttribute, TargetGroupIpAddressTypeEnum,
    TargetTypeEnum,
};
use infra_sdk::{Arn, Object, ResourceType, Tags};

use super::common::{natural, ours, read_by_arn, retag, wire_tags};
use super::target_group::{
    DnsFailover, HealthCheck, ProtocolVersion, Stickiness, StickinessType, TargetGroup,
    TargetGroupHealth, TargetGroupOutputs, TargetHealthState, TargetType, UnhealthyStateRouting,
};
use crate::ec2::VpcId;
use crate::frame::attributes::{Attribute, from_wire, to_wire};
use crate::frame::handler::inputs;
use crate::frame::names::prefix_of;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RemoveTags",
];

const GONE: &[&str] = &["TargetGroupNotFound"];

/// What attributes tell apart: groups of applications, of networks, of functions.
const HTTP: &[&str] = &["application"];
const TCP: &[&str] = &["network"];
const LAMBDA: &[&str] = &["lambda"];
const WITH_TARGETS: &[&str] = &["application", "network"];

const fn attribute(
    input: &'static str,
    key: &'static str,
    of: &'static [&'static str],
) -> Attribute {
    Attribute { input, key, of }
}

/// Source: Elastic Load Balancing API Reference, TargetGroupAttribute.
const ATTRIBUTES: &[Attribute] = &[
    attribute("connection_termination", "deregistration_delay.connection_termination.enabled", TCP),
    attribute("deregistration_delay", "deregistration_delay.timeout_seconds", WITH_TARGETS),
    attribute("lambda_multi_value_headers_enabled", "lambda.multi_value_headers.enabled", LAMBDA),
    attribute("load_balancing_algorithm_type", "load_balancing.algorithm.type", HTTP),
    attribute(
        "load_balancing_anomaly_mitigation",
        "load_balancing.algorithm.anomaly_mitigation",
        HTTP,
    ),
    attribute(
        "load_balancing_cross_zone_enabled",
        "load_balancing.cross_zone.enabled",
        WITH_TARGETS,
    ),
    attribute("preserve_client_ip", "preserve_client_ip.enabled", TCP),
    attribute("proxy_protocol_v2", "proxy_protocol_v2.enabled", TCP),
    attribute("slow_start", "slow_start.duration_seconds", HTTP),
];

/// Which attributes a group has.
fn kind(group: &TargetGroup) -> &'static str {
    let of_http = |word: &str| word.starts_with("HTTP");
    match group.target_type {
        TargetType::Lambda => "lambda",
        _ if group.protocol.is_none_or(|protocol| of_http(protocol.as_str())) => "application",
        _ => "network",
    }
}

impl Handler for TargetGroup {
    const CALLS: Calls = Calls {
        class: CreateClass::Name,
        named_by: Some("name"),
        create: "elasticloadbalancing:CreateTargetGroup",
        operations: OPERATIONS,
        actions: OPERATIONS,
        after_create: &[
            "connection_termination",
            "deregistration_delay",
            "lambda_multi_value_headers_enabled",
            "load_balancing_algorithm_type",
            "load_balancing_anomaly_mitigation",
            "load_balancing_cross_zone_enabled",
            "preserve_client_ip",
            "proxy_protocol_v2",
            "slow_start",
            "stickiness",
            "target_group_health",
            "target_health_state",
        ],
        naming: Some(Naming { name: "name", prefix: "name_prefix", start: "infra-" }),
        gone: GONE,
        // A listener that was just deleted holds its groups for a while.
        lingering: &[("ResourceInUse", "")],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let health = want.health_check.as_ref();
        let addresses = want.ip_address_type.map(|word| word.as_str());
        let answer = aws
            .call(|| {
                aws.elbv2()
                    .create_target_group()
                    .set_name(want.name.clone())
                    .target_type(TargetTypeEnum::from(want.target_type.as_str()))
                    .set_port(want.port.map(i32::from))
                    .set_protocol(want.protocol.map(|word| ProtocolEnum::from(word.as_str())))
                    .set_protocol_version(want.protocol_version.map(|v| v.as_str().to_owned()))
                    .set_vpc_id(want.vpc_id.as_ref().map(ToString::to_string))
                    .set_ip_address_type(addresses.map(TargetGroupIpAddressTypeEnum::from))
                    .set_health_check_enabled(health.and_then(|check| check.enabled))
                    .set_health_check_protocol(health.and_then(protocol))
                    .set_health_check_port(health.and_then(|check| check.port.clone()))
                    .set_health_check_path(health.and_then(|check| check.path.clone()))
                    .set_health_check_interval_seconds(health.and_then(|c| c.interval.map(number)))
                    .set_health_check_timeout_seconds(health.and_then(|c| c.timeout.map(number)))
                    .set_healthy_threshold_count(
                        health.and_then(|check| check.healthy_threshold.map(number)),
                    )
                    .set_unhealthy_threshold_count(
                        health.and_then(|check| check.unhealthy_threshold.map(number)),
                    )
                    .set_matcher(health.and_then(|check| matcher(want, check)))
                    .set_tags(wire_tags(&want.tags.0))
                    .send()
            })
            .await?;
        let group = answer.target_groups.and_then(|mut groups| groups.pop());
        group.and_then(|group| group.target_group_arn).ok_or_else(|| missing("TargetGroupArn"))
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let list = |arns: Vec<String>| async move {
            let call = || {
                let call = aws.elbv2().describe_target_groups();
                call.set_target_group_arns(Some(arns.clone())).send()
            };
            Ok(aws.call(call).await?.target_groups.unwrap_or_default())
        };
        let see = |wire, tags, _: Known| see(aws, wire, tags);
        read_by_arn(aws, known, GONE, Wire::target_group_arn, list, see).await
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
        if changed.has("health_check")
            && let Some(health) = &want.health_check
        {
            check_by(aws, id, want, health).await?;
        }
        let inputs = want.to_object();
        // What is not given stays as AWS chose it.
        let chosen = |name: &str| changed.has(name) && inputs.contains_key(name);
        let mut pairs = to_wire(ATTRIBUTES, kind(want), &inputs, chosen);
        if changed.has("stickiness") {
            pairs.extend(want.stickiness.as_ref().map(stickiness_to_wire).unwrap_or_default());
        }
        if changed.has("target_group_health") {
            pairs.extend(want.target_group_health.as_ref().map(health_to_wire).unwrap_or_default());
        }
        if changed.has("target_health_state") {
            pairs.extend(want.target_health_state.as_ref().map(state_to_wire).unwrap_or_default());
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let one = |(key, value)| TargetGroupAttribute::builder().key(key).value(value).build();
        let attributes: Vec<_> = pairs.into_iter().map(one).collect();
        aws.call(|| {
            let call = aws.elbv2().modify_target_group_attributes().target_group_arn(id);
            call.set_attributes(Some(attributes.clone())).send()
        })
        .await
        .map(drop)
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.elbv2().delete_target_group().target_group_arn(id).send()).await.map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let name = want.name.clone().ok_or_else(|| missing("name"))?;
        let answer = aws.call(|| aws.elbv2().describe_target_groups().names(&name).send()).await;
        let found = absent(answer.map(Some), GONE)?.and_then(|answer| answer.target_groups);
        let found = found.unwrap_or_default().into_iter();
        ours(aws, &want.tags, found.filter_map(|group| group.target_group_arn).collect()).await
    }

    async fn candidate(aws: &Aws, name: &str, _: &Object) -> Result<Option<String>> {
        let answer = aws.call(|| aws.elbv2().describe_target_groups().names(name).send()).await;
        let found = absent(answer.map(Some), GONE)?.and_then(|answer| answer.target_groups);
        Ok(found.unwrap_or_default().into_iter().find_map(|found| found.target_group_arn))
    }

    async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
        retag(aws, id, change).await
    }
}

fn protocol(health: &HealthCheck) -> Option<ProtocolEnum> {
    health.protocol.map(|word| ProtocolEnum::from(word.as_str()))
}

fn matcher(want: &TargetGroup, health: &HealthCheck) -> Option<Matcher> {
    let codes = health.matcher.clone()?;
    let matcher = Matcher::builder();
    Some(match want.protocol_version {
        Some(ProtocolVersion::Grpc) => matcher.grpc_code(codes).build(),
        _ => matcher.http_code(codes).build(),
    })
}

async fn check_by(aws: &Aws, id: &str, want: &TargetGroup, health: &HealthCheck) -> Result<()> {
    aws.call(|| {
        aws.elbv2()
            .modify_target_group()
            .target_group_arn(id)
            .set_health_check_enabled(health.enabled)
            .set_health_check_protocol(protocol(health))
            .set_health_check_port(health.port.clone())
            .set_health_check_path(health.path.clone())
            .set_health_check_interval_seconds(health.interval.map(number))
            .set_health_check_timeout_seconds(health.timeout.map(number))
            .set_healthy_threshold_count(health.healthy_threshold.map(number))
            .set_unhealthy_threshold_count(health.unhealthy_threshold.map(number))
            .set_matcher(matcher(want, health))
            .send()
    })
    .await
    .map(drop)
}

type Pairs = Vec<(String, String)>;

fn pair(key: &str, value: impl ToString) -> (String, String) {
    (key.to_owned(), value.to_string())
}

fn stickiness_to_wire(stickiness: &Stickiness) -> Pairs {
    let mut pairs = vec![
        pair("stickiness.enabled", stickiness.enabled),
        pair("stickiness.type", stickiness.r#type.as_str()),
    ];
    let seconds = stickiness.cookie_duration;
    match stickiness.r#type {
        StickinessType::LbCookie => {
            pairs.push(pair("stickiness.lb_cookie.duration_seconds", seconds));
        }
        StickinessType::AppCookie => {
            pairs.push(pair("stickiness.app_cookie.duration_seconds", seconds));
            let name = stickiness.cookie_name.clone().unwrap_or_default();
            pairs.push(pair("stickiness.app_cookie.cookie_name", name));
        }
        StickinessType::SourceIp => {}
    }
    pairs
}

const DNS_COUNT: &str = "target_group_health.dns_failover.minimum_healthy_targets.count";
const DNS_PERCENTAGE: &str = "target_group_health.dns_failover.minimum_healthy_targets.percentage";
const ROUTING_COUNT: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count";
const ROUTING_PERCENTAGE: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage";
const TERMINATION: &str = "target_health_state.unhealthy.connection_termination.enabled";
const DRAINING: &str = "target_health_state.unhealthy.draining_interval_seconds";

fn health_to_wire(health: &TargetGroupHealth) -> Pairs {
    let mut pairs = Vec::new();
    if let Some(failover) = &health.dns_failover {
        pairs.push(pair(DNS_COUNT, &failover.minimum_healthy_targets_count));
        pairs.push(pair(DNS_PERCENTAGE, &failover.minimum_healthy_targets_percentage));
    }
    if let Some(routing) = &health.unhealthy_state_routing {
        pairs.push(pair(ROUTING_COUNT, routing.minimum_healthy_targets_count));
        pairs.push(pair(ROUTING_PERCENTAGE, &routing.minimum_healthy_targets_percentage));
    }
    pairs
}

fn state_to_wire(state: &TargetHealthState) -> Pairs {
    let mut pairs = vec![pair(TERMINATION, state.enable_unhealthy_connection_termination)];
    // AWS only takes the interval where connections stay open.
    if !state.enable_unhealthy_connection_termination {
        pairs.push(pair(DRAINING, state.unhealthy_draining_interval));
    }
    pairs
}

type Attributes = HashMap<String, String>;

fn stickiness(seen: &Attributes) -> Result<Option<Stickiness>> {
    let Some(word) = seen.get("stickiness.type").filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    let Ok(r#type) = parsed(Some(word.as_str()), "stickiness.type") else {
        // Types of groups that this type does not offer.
        return Ok(None);
    };
    let duration = match r#type {
        StickinessType::AppCookie => "stickiness.app_cookie.duration_seconds",
        _ => "stickiness.lb_cookie.duration_seconds",
    };
    let name = seen.get("stickiness.app_cookie.cookie_name").filter(|name| !name.is_empty());
    Ok(Some(Stickiness {
        enabled: seen.get("stickiness.enabled").is_some_and(|text| text == "true"),
        cookie_duration: seen.get(duration).and_then(|text| text.parse().ok()).unwrap_or(86_400),
        cookie_name: name.filter(|_| r#type == StickinessType::AppCookie).cloned(),
        r#type,
    }))
}

fn group_health(seen: &Attributes) -> Option<TargetGroupHealth> {
    let text = |key: &str| seen.get(key).cloned();
    Some(TargetGroupHealth {
        dns_failover: Some(DnsFailover {
            minimum_healthy_targets_count: text(DNS_COUNT)?,
            minimum_healthy_targets_percentage: text(DNS_PERCENTAGE)?,
        }),
        unhealthy_state_routing: Some(UnhealthyStateRouting {
            minimum_healthy_targets_count: text(ROUTING_COUNT)?.parse().ok()?,
            minimum_healthy_targets_percentage: text(ROUTING_PERCENTAGE)?,
        }),
    })
}

fn health_state(seen: &Attributes) -> Option<TargetHealthState> {
    let draining = seen.get(DRAINING).and_then(|text| text.parse().ok());
    Some(TargetHealthState {
        enable_unhealthy_connection_termination: seen.get(TERMINATION)?.parse().ok()?,
        unhealthy_draining_interval: draining.unwrap_or(0),
    })
}

async fn attributes(aws: &Aws, arn: &str) -> Result<Attributes> {
    let answer = aws
        .call(|| aws.elbv2().describe_target_group_attributes().target_group_arn(arn).send())
        .await?;
    let attributes = answer.attributes.unwrap_or_default().into_iter();
    Ok(attributes.filter_map(|pair| Some((pair.key?, pair.value.unwrap_or_default()))).collect())
}

fn health_check(group: &Wire) -> Result<HealthCheck> {
    let matcher = group.matcher();
    Ok(HealthCheck {
        enabled: group.health_check_enabled,
        healthy_threshold: natural(group.healthy_threshold_count),
        unhealthy_threshold: natural(group.unhealthy_threshold_count),
        interval: natural(group.health_check_interval_seconds),
        timeout: natural(group.health_check_timeout_seconds),
        path: group.health_check_path.clone(),
        port: group.health_check_port.clone(),
        protocol: group
            .health_check_protocol()
            .map(|word| parsed(Some(word.as_str()), "HealthCheckProtocol"))
            .transpose()?,
        matcher: matcher
            .and_then(|matcher| matcher.grpc_code().or_else(|| matcher.http_code()))
            .map(str::to_owned),
    })
}

async fn see(aws: &Aws, group: Wire, tags: Tags) -> Result<Seen<TargetGroup>> {
    let arn = group.target_group_arn.clone().ok_or_else(|| missing("TargetGroupArn"))?;
    let name = group.target_group_name.clone().ok_or_else(|| missing("TargetGroupName"))?;
    let attributes = attributes(aws, &arn).await?;
    let target_type = group.target_type().map(TargetTypeEnum::as_str);
    let seen = TargetGroup {
        name_prefix: prefix_of(&name),
        name: Some(name),
        target_type: parsed(target_type, "TargetType")?,
        port: group.port.and_then(|port| u16::try_from(port).ok()),
        protocol: group
            .protocol()
            .map(|word| parsed(Some(word.as_str()), "Protocol"))
            .transpose()?,
        protocol_version: group
            .protocol_version()
            .filter(|word| !word.is_empty())
            .map(|word| parsed(Some(word), "ProtocolVersion"))
            .transpose()?,
        vpc_id: group.vpc_id().filter(|id| !id.is_empty()).map(VpcId::new),
        ip_address_type: group
            .ip_address_type()
            .map(|word| parsed(Some(word.as_str()), "IpAddressType"))
            .transpose()?,
        health_check: Some(health_check(&group)?),
        stickiness: stickiness(&attributes)?,
        deregistration_delay: 300,
        slow_start: 0,
        load_balancing_algorithm_type: None,
        load_balancing_anomaly_mitigation: None,
        load_balancing_cross_zone_enabled: None,
        preserve_client_ip: None,
        proxy_protocol_v2: false,
        connection_termination: false,
        lambda_multi_value_headers_enabled: false,
        target_group_health: group_health(&attributes),
        target_health_state: health_state(&attributes),
        tags,
    };
    let mut object: Object = seen.to_object();
    from_wire(ATTRIBUTES, &<TargetGroup as ResourceType>::SCHEMA, &attributes, &mut object);
    let outputs = TargetGroupOutputs {
        id: Arn::new(&arn),
        arn_suffix: arn.rsplit(':').next().unwrap_or_default().to_owned(),
        arn: Arn::new(&arn),
        load_balancer_arns: group.load_balancer_arns.unwrap_or_default(),
    };
    Ok(Seen::new(inputs(&object)?, outputs))
}
