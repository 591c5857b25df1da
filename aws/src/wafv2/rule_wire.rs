//! Rules and actions, as the service has them.

use std::collections::HashMap;

use aws_sdk_wafv2::types::{
    AllowAction, BlockAction, CaptchaAction, CaptchaConfig, ChallengeAction, ChallengeConfig,
    CountAction, CustomHttpHeader as WireHeader, CustomRequestHandling as WireRequest,
    CustomResponse as WireResponse, CustomResponseBody as WireBody, DefaultAction as WireDefault,
    ImmunityTimeProperty, Label, NoneAction, OverrideAction as WireOverride,
    ResponseContentType as WireContentType, Rule as Wire, RuleAction as WireAction,
    VisibilityConfig as WireVisibility,
};
use infra_sdk::BlockSet;

use super::field_wire::{each, maybe};
use super::statement_wire::{statement, statement_seen};
use super::{
    Action, ActionType, CustomHttpHeader, CustomRequestHandling, CustomResponse,
    CustomResponseBody, DefaultAction, DefaultActionType, ImmunityConfig, ImmunityTime,
    OverrideAction, Rule, RuleLabel, VisibilityConfig,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// Rules, the first to be looked at first.
pub(super) fn rules(rules: &BlockSet<Rule>) -> Result<Vec<Wire>> {
    let mut all = each(&rules.0, rule)?;
    all.sort_by_key(|rule| rule.priority);
    Ok(all)
}

fn rule(rule: &Rule) -> Result<Wire> {
    let label = |label: &RuleLabel| Label::builder().name(&label.name).build().map_err(incomplete);
    let labels = each(&rule.rule_label.0, label)?;
    let instead = |word: OverrideAction| match word {
        OverrideAction::Count => WireOverride::builder().count(CountAction::builder().build()),
        OverrideAction::None => WireOverride::builder().none(NoneAction::builder().build()),
    };
    Wire::builder()
        .name(&rule.name)
        .priority(rule.priority)
        .statement(statement(&rule.statement)?)
        .set_action(maybe(rule.action.as_ref(), action)?)
        .set_override_action(rule.override_action.map(|word| instead(word).build()))
        .set_rule_labels((!labels.is_empty()).then_some(labels))
        .visibility_config(visibility(&rule.visibility_config)?)
        .set_captcha_config(maybe(rule.captcha_config.as_ref(), captcha)?)
        .set_challenge_config(maybe(rule.challenge_config.as_ref(), challenge)?)
        .build()
        .map_err(incomplete)
}

/// What is watched.
pub(super) fn visibility(want: &VisibilityConfig) -> Result<WireVisibility> {
    WireVisibility::builder()
        .metric_name(&want.metric_name)
        .cloud_watch_metrics_enabled(want.cloudwatch_metrics_enabled)
        .sampled_requests_enabled(want.sampled_requests_enabled)
        .build()
        .map_err(incomplete)
}

fn immunity(config: &ImmunityConfig) -> Result<ImmunityTimeProperty> {
    let seconds = config.immunity_time_property.immunity_time;
    let property = ImmunityTimeProperty::builder().immunity_time(i64::from(seconds));
    property.build().map_err(incomplete)
}

/// How long a puzzle that was solved is good for.
pub(super) fn captcha(config: &ImmunityConfig) -> Result<CaptchaConfig> {
    Ok(CaptchaConfig::builder().immunity_time_property(immunity(config)?).build())
}

/// How long a challenge is good for.
pub(super) fn challenge(config: &ImmunityConfig) -> Result<ChallengeConfig> {
    Ok(ChallengeConfig::builder().immunity_time_property(immunity(config)?).build())
}

fn headers(all: &BlockSet<CustomHttpHeader>) -> Result<Vec<WireHeader>> {
    let one = |header: &CustomHttpHeader| {
        let wire = WireHeader::builder().name(&header.name).value(&header.value);
        wire.build().map_err(incomplete)
    };
    each(&all.0, one)
}

fn request(handling: Option<&CustomRequestHandling>) -> Result<Option<WireRequest>> {
    maybe(handling, |handling| {
        let wire =
            WireRequest::builder().set_insert_headers(Some(headers(&handling.insert_header)?));
        wire.build().map_err(incomplete)
    })
}

fn response(response: Option<&CustomResponse>) -> Result<Option<WireResponse>> {
    maybe(response, |response| {
        let headers = headers(&response.response_header)?;
        WireResponse::builder()
            .response_code(response.response_code)
            .set_custom_response_body_key(response.custom_response_body_key.clone())
            .set_response_headers((!headers.is_empty()).then_some(headers))
            .build()
            .map_err(incomplete)
    })
}

/// An action.
pub(super) fn action(action: &Action) -> Result<WireAction> {
    let request = request(action.custom_request_handling.as_ref())?;
    let wire = WireAction::builder();
    let wire = match action.r#type {
        ActionType::Allow => {
            wire.allow(AllowAction::builder().set_custom_request_handling(request).build())
        }
        ActionType::Block => {
            let response = response(action.custom_response.as_ref())?;
            wire.block(BlockAction::builder().set_custom_response(response).build())
        }
        ActionType::Count => {
            wire.count(CountAction::builder().set_custom_request_handling(request).build())
        }
        ActionType::Captcha => {
            wire.captcha(CaptchaAction::builder().set_custom_request_handling(request).build())
        }
        ActionType::Challenge => {
            wire.challenge(ChallengeAction::builder().set_custom_request_handling(request).build())
        }
    };
    Ok(wire.build())
}

/// What is done with requests that no rule allows or blocks.
pub(super) fn default_action(action: &DefaultAction) -> Result<WireDefault> {
    let wire = WireDefault::builder();
    let wire = match action.r#type {
        DefaultActionType::Allow => {
            let request = request(action.custom_request_handling.as_ref())?;
            wire.allow(AllowAction::builder().set_custom_request_handling(request).build())
        }
        DefaultActionType::Block => {
            let response = response(action.custom_response.as_ref())?;
            wire.block(BlockAction::builder().set_custom_response(response).build())
        }
    };
    Ok(wire.build())
}

/// Texts that actions answer with, by their keys; `None` when there are none.
pub(super) fn bodies(
    all: &BlockSet<CustomResponseBody>,
) -> Result<Option<HashMap<String, WireBody>>> {
    let one = |body: &CustomResponseBody| {
        let wire = WireBody::builder()
            .content(&body.content)
            .content_type(WireContentType::from(body.content_type.as_str()));
        Ok((body.key.clone(), wire.build().map_err(incomplete)?))
    };
    let all = each(&all.0, one)?;
    Ok((!all.is_empty()).then(|| all.into_iter().collect()))
}

/// Rules that were seen.
pub(super) fn rules_seen(wire: Option<Vec<Wire>>) -> Result<BlockSet<Rule>> {
    let one = |wire: Wire| {
        let labels = wire.rule_labels.unwrap_or_default().into_iter();
        Ok(Rule {
            name: wire.name,
            priority: wire.priority,
            statement: statement_seen(wire.statement)?,
            visibility_config: visibility_seen(wire.visibility_config)?,
            action: wire.action.and_then(action_seen),
            override_action: wire.override_action.and_then(override_seen),
            rule_label: BlockSet(labels.map(|label| RuleLabel { name: label.name }).collect()),
            captcha_config: captcha_seen(wire.captcha_config)?,
            challenge_config: challenge_seen(wire.challenge_config)?,
        })
    };
    each(wire.unwrap_or_default(), one).map(BlockSet)
}

fn override_seen(wire: WireOverride) -> Option<OverrideAction> {
    match (wire.count, wire.none) {
        (Some(_), _) => Some(OverrideAction::Count),
        (None, Some(_)) => Some(OverrideAction::None),
        (None, None) => None,
    }
}

/// What is watched, as seen.
pub(super) fn visibility_seen(wire: Option<WireVisibility>) -> Result<VisibilityConfig> {
    let wire = wire.ok_or_else(|| missing("VisibilityConfig"))?;
    Ok(VisibilityConfig {
        metric_name: wire.metric_name,
        cloudwatch_metrics_enabled: wire.cloud_watch_metrics_enabled,
        sampled_requests_enabled: wire.sampled_requests_enabled,
    })
}

fn immunity_seen(wire: Option<ImmunityTimeProperty>) -> Result<Option<ImmunityConfig>> {
    maybe(wire, |property| {
        let immunity_time = parsed(Some(&property.immunity_time.to_string()), "ImmunityTime")?;
        Ok(ImmunityConfig { immunity_time_property: ImmunityTime { immunity_time } })
    })
}

/// How long a puzzle that was solved is good for, as seen.
pub(super) fn captcha_seen(wire: Option<CaptchaConfig>) -> Result<Option<ImmunityConfig>> {
    immunity_seen(wire.and_then(|config| config.immunity_time_property))
}

/// How long a challenge is good for, as seen.
pub(super) fn challenge_seen(wire: Option<ChallengeConfig>) -> Result<Option<ImmunityConfig>> {
    immunity_seen(wire.and_then(|config| config.immunity_time_property))
}

fn headers_seen(wire: Vec<WireHeader>) -> BlockSet<CustomHttpHeader> {
    let one = |header: WireHeader| CustomHttpHeader { name: header.name, value: header.value };
    BlockSet(wire.into_iter().map(one).collect())
}

fn request_seen(wire: Option<WireRequest>) -> Option<CustomRequestHandling> {
    wire.map(|wire| CustomRequestHandling { insert_header: headers_seen(wire.insert_headers) })
}

fn response_seen(wire: Option<WireResponse>) -> Option<CustomResponse> {
    wire.map(|wire| CustomResponse {
        response_code: wire.response_code,
        custom_response_body_key: wire.custom_response_body_key,
        response_header: headers_seen(wire.response_headers.unwrap_or_default()),
    })
}

/// An action that was seen; `None` for one that there is no word for here.
pub(super) fn action_seen(wire: WireAction) -> Option<Action> {
    let (r#type, handling, response) = if let Some(allow) = wire.allow {
        (ActionType::Allow, allow.custom_request_handling, None)
    } else if let Some(block) = wire.block {
        (ActionType::Block, None, block.custom_response)
    } else if let Some(count) = wire.count {
        (ActionType::Count, count.custom_request_handling, None)
    } else if let Some(captcha) = wire.captcha {
        (ActionType::Captcha, captcha.custom_request_handling, None)
    } else if let Some(challenge) = wire.challenge {
        (ActionType::Challenge, challenge.custom_request_handling, None)
    } else {
        return None;
    };
    Some(Action {
        r#type,
        custom_request_handling: request_seen(handling),
        custom_response: response_seen(response),
    })
}

/// What is done with requests that no rule allows or blocks, as seen.
pub(super) fn default_action_seen(wire: Option<WireDefault>) -> Result<DefaultAction> {
    let wire = wire.ok_or_else(|| missing("DefaultAction"))?;
    let (r#type, handling, response) = match (wire.allow, wire.block) {
        (Some(allow), _) => (DefaultActionType::Allow, allow.custom_request_handling, None),
        (None, Some(block)) => (DefaultActionType::Block, None, block.custom_response),
        (None, None) => return Err(missing("DefaultAction.Allow")),
    };
    Ok(DefaultAction {
        r#type,
        custom_request_handling: request_seen(handling),
        custom_response: response_seen(response),
    })
}

/// Texts that actions answer with, as seen.
pub(super) fn bodies_seen(
    wire: Option<HashMap<String, WireBody>>,
) -> Result<BlockSet<CustomResponseBody>> {
    let one = |(key, body): (String, WireBody)| {
        let content_type = parsed(Some(body.content_type.as_str()), "ContentType")?;
        Ok(CustomResponseBody { key, content: body.content, content_type })
    };
    each(wire.unwrap_or_default(), one).map(BlockSet)
}
