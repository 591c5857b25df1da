//! The calls of a logging configuration.

use std::collections::HashMap;

use aws_sdk_wafv2::types::{
    ActionCondition as WireActionCondition, ActionValue, Condition as WireCondition,
    FieldToMatch as WireField, Filter as WireFilter, FilterBehavior as WireBehavior,
    FilterRequirement as WireRequirement, LabelNameCondition as WireLabelCondition,
    LoggingConfiguration as Wire, LoggingFilter as WireLoggingFilter, Method, QueryString,
    SingleHeader, UriPath,
};
use infra_sdk::{Arn, BlockSet};

use super::common::{GONE, wire_scope};
use super::field_wire::{each, maybe};
use super::{
    ActionCondition, Chosen, LabelNameCondition, LogCondition, LogFilter, LoggingFilter, Named,
    RedactedField, WafScope, WebAclLoggingConfiguration, WebAclLoggingConfigurationOutputs,
};
use crate::any_arn::AnyArn;
use crate::frame::error::incomplete;
use crate::prelude::*;

const OPERATIONS: &[&str] = &[
    "wafv2:DeleteLoggingConfiguration",
    "wafv2:GetLoggingConfiguration",
    "wafv2:ListLoggingConfigurations",
    "wafv2:PutLoggingConfiguration",
];

impl Handler for WebAclLoggingConfiguration {
    const CALLS: Calls = Calls {
        class: CreateClass::Relation,
        create: "wafv2:PutLoggingConfiguration",
        operations: OPERATIONS,
        // Source: WAF developer guide, permissions of each kind of destination.
        actions: &[
            "firehose:ListDeliveryStreams",
            "iam:CreateServiceLinkedRole",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:PutResourcePolicy",
            "s3:GetBucketPolicy",
            "s3:PutBucketPolicy",
            "wafv2:DeleteLoggingConfiguration",
            "wafv2:GetLoggingConfiguration",
            "wafv2:ListLoggingConfigurations",
            "wafv2:PutLoggingConfiguration",
        ],
        gone: GONE,
        not_yet: &[
            // Locked for about 20 seconds by another such call. Source: WAFV2 API Reference,
            // the errors of PutLoggingConfiguration.
            ("WAFServiceLinkedRoleErrorException", ""),
            ("WAFUnavailableEntityException", ""),
        ],
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        put(aws, want).await?;
        Ok(want.resource_arn.to_string())
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let size = known.len().max(1);
        read_many(known, size, |chunk| async move {
            let mut found = HashMap::new();
            for scope in [WafScope::Regional, WafScope::Cloudfront] {
                if !chunk.iter().any(|item| scope_of(&item.id) == scope) {
                    continue;
                }
                for wire in list(aws, scope).await? {
                    if chunk.iter().any(|item| item.id == wire.resource_arn) {
                        found.insert(wire.resource_arn.clone(), see(wire)?);
                    }
                }
            }
            Ok(found)
        })
        .await
    }

    async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        put(aws, want).await
    }

    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        aws.call(|| aws.wafv2().delete_logging_configuration().resource_arn(id).send())
            .await
            .map(drop)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let arn = want.resource_arn.as_str();
        let call = || aws.wafv2().get_logging_configuration().resource_arn(arn).send();
        let answer = absent(aws.call(call).await.map(Some), GONE)?;
        let found = answer.and_then(|answer| answer.logging_configuration);
        Ok(found.map(|wire| wire.resource_arn).into_iter().collect())
    }
}

/// The scope of a web ACL, which its ARN tells.
fn scope_of(arn: &str) -> WafScope {
    if arn.contains(":global/") { WafScope::Cloudfront } else { WafScope::Regional }
}

async fn list(aws: &Aws, scope: WafScope) -> Result<Vec<Wire>> {
    let pages = aws
        .pages(
            |marker| {
                let call = aws.wafv2().list_logging_configurations();
                call.scope(wire_scope(scope)).set_next_marker(marker).send()
            },
            |page| page.next_marker(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.logging_configurations.unwrap_or_default()).collect())
}

async fn put(aws: &Aws, want: &WebAclLoggingConfiguration) -> Result<()> {
    let fields = each(&want.redacted_fields.0, redacted)?;
    let arns = want.log_destination_configs.iter().map(ToString::to_string);
    let wire = Wire::builder()
        .resource_arn(want.resource_arn.as_str())
        .set_log_destination_configs(Some(arns.collect()))
        .set_redacted_fields((!fields.is_empty()).then_some(fields))
        .set_logging_filter(maybe(want.logging_filter.as_ref(), filter)?)
        .build()
        .map_err(incomplete)?;
    aws.call(|| aws.wafv2().put_logging_configuration().logging_configuration(wire.clone()).send())
        .await
        .map(drop)
}

fn redacted(field: &RedactedField) -> Result<WireField> {
    let header =
        |named: &Named| SingleHeader::builder().name(&named.name).build().map_err(incomplete);
    Ok(WireField::builder()
        .set_method(field.method.map(|Chosen| Method::builder().build()))
        .set_query_string(field.query_string.map(|Chosen| QueryString::builder().build()))
        .set_single_header(maybe(field.single_header.as_ref(), header)?)
        .set_uri_path(field.uri_path.map(|Chosen| UriPath::builder().build()))
        .build())
}

fn filter(want: &LoggingFilter) -> Result<WireLoggingFilter> {
    let one = |filter: &LogFilter| {
        WireFilter::builder()
            .behavior(WireBehavior::from(filter.behavior.as_str()))
            .requirement(WireRequirement::from(filter.requirement.as_str()))
            .set_conditions(Some(each(&filter.condition.0, condition)?))
            .build()
            .map_err(incomplete)
    };
    WireLoggingFilter::builder()
        .default_behavior(WireBehavior::from(want.default_behavior.as_str()))
        .set_filters(Some(each(&want.filter.0, one)?))
        .build()
        .map_err(incomplete)
}

fn condition(want: &LogCondition) -> Result<WireCondition> {
    let action = |condition: &ActionCondition| {
        let action = ActionValue::from(condition.action.as_str());
        WireActionCondition::builder().action(action).build().map_err(incomplete)
    };
    let label = |condition: &LabelNameCondition| {
        let wire = WireLabelCondition::builder().label_name(&condition.label_name);
        wire.build().map_err(incomplete)
    };
    Ok(WireCondition::builder()
        .set_action_condition(maybe(want.action_condition.as_ref(), action)?)
        .set_label_name_condition(maybe(want.label_name_condition.as_ref(), label)?)
        .build())
}

fn see(wire: Wire) -> Result<Seen<WebAclLoggingConfiguration>> {
    let field = |wire: WireField| RedactedField {
        method: wire.method.map(|_| Chosen),
        query_string: wire.query_string.map(|_| Chosen),
        single_header: wire.single_header.map(|header| Named { name: header.name }),
        uri_path: wire.uri_path.map(|_| Chosen),
    };
    let fields = wire.redacted_fields.unwrap_or_default().into_iter();
    let arn = Arn::new(wire.resource_arn);
    let inputs = WebAclLoggingConfiguration {
        log_destination_configs: wire
            .log_destination_configs
            .into_iter()
            .map(AnyArn::new)
            .collect(),
        resource_arn: arn.clone(),
        redacted_fields: BlockSet(fields.map(field).collect()),
        logging_filter: maybe(wire.logging_filter, filter_seen)?,
    };
    Ok(Seen::new(inputs, WebAclLoggingConfigurationOutputs { id: arn }))
}

fn filter_seen(wire: WireLoggingFilter) -> Result<LoggingFilter> {
    let condition = |wire: WireCondition| {
        let action = maybe(wire.action_condition, |condition| {
            parsed(Some(condition.action.as_str()), "ActionCondition.Action")
        })?;
        let label = wire.label_name_condition;
        Ok(LogCondition {
            action_condition: action.map(|action| ActionCondition { action }),
            label_name_condition: label
                .map(|label| LabelNameCondition { label_name: label.label_name }),
        })
    };
    let one = |wire: WireFilter| {
        Ok(LogFilter {
            behavior: parsed(Some(wire.behavior.as_str()), "Behavior")?,
            condition: each(wire.conditions, condition).map(BlockSet)?,
            requirement: parsed(Some(wire.requirement.as_str()), "Requirement")?,
        })
    };
    Ok(LoggingFilter {
        default_behavior: parsed(Some(wire.default_behavior.as_str()), "DefaultBehavior")?,
        filter: each(wire.filters, one).map(BlockSet)?,
    })
}
