//! Actions as the service takes and shows them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_elasticloadbalancingv2::types::{
    Action as Wire, ActionTypeEnum, AuthenticateCognitoActionConditionalBehaviorEnum,
    AuthenticateCognitoActionConfig, AuthenticateOidcActionConditionalBehaviorEnum,
    AuthenticateOidcActionConfig, FixedResponseActionConfig, ForwardActionConfig,
    RedirectActionConfig, RedirectActionStatusCodeEnum, TargetGroupStickinessConfig,
    TargetGroupTuple,
};
use infra_sdk::{Arn, BlockSet};

use super::action::{
    Action, ActionType, AuthenticateCognito, AuthenticateOidc, FixedResponse, Forward,
    GroupStickiness, OnUnauthenticated, Redirect, WeightedGroup,
};
use super::common::natural;
use crate::any_arn::AnyArn;
use crate::prelude::*;

/// Actions as the service takes them, in the order in which they stand.
pub(super) fn to_wire(actions: &[Action]) -> Vec<Wire> {
    let several = actions.len() > 1;
    let one = |(index, action): (usize, &Action)| {
        let place = u32::try_from(index + 1).ok().filter(|_| several);
        Wire::builder()
            .r#type(ActionTypeEnum::from(action.r#type.as_str()))
            .set_order(action.order.or(place).map(number))
            .set_target_group_arn(action.target_group_arn.as_ref().map(ToString::to_string))
            .set_forward_config(action.forward.as_ref().map(forward))
            .set_redirect_config(action.redirect.as_ref().map(redirect))
            .set_fixed_response_config(action.fixed_response.as_ref().map(fixed_response))
            .set_authenticate_cognito_config(action.authenticate_cognito.as_ref().map(cognito))
            .set_authenticate_oidc_config(action.authenticate_oidc.as_ref().map(oidc))
            .build()
    };
    actions.iter().enumerate().map(one).collect()
}

fn forward(forward: &Forward) -> ForwardActionConfig {
    let group = |group: &WeightedGroup| {
        let tuple = TargetGroupTuple::builder().target_group_arn(group.arn.as_str());
        tuple.weight(number(group.weight)).build()
    };
    let stickiness = forward.stickiness.as_ref().map(|stickiness| {
        TargetGroupStickinessConfig::builder()
            .enabled(stickiness.enabled)
            .set_duration_seconds(stickiness.duration.map(number))
            .build()
    });
    ForwardActionConfig::builder()
        .set_target_groups(Some(forward.target_group.0.iter().map(group).collect()))
        .set_target_group_stickiness_config(stickiness)
        .build()
}

fn redirect(redirect: &Redirect) -> RedirectActionConfig {
    RedirectActionConfig::builder()
        .status_code(RedirectActionStatusCodeEnum::from(redirect.status_code.as_str()))
        .host(&redirect.host)
        .path(&redirect.path)
        .port(&redirect.port)
        .protocol(&redirect.protocol)
        .query(&redirect.query)
        .build()
}

fn fixed_response(response: &FixedResponse) -> FixedResponseActionConfig {
    FixedResponseActionConfig::builder()
        .content_type(&response.content_type)
        .status_code(&response.status_code)
        .set_message_body(response.message_body.clone())
        .build()
}

fn params(params: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!params.is_empty()).then(|| params.clone().into_iter().collect())
}

fn cognito(to: &AuthenticateCognito) -> AuthenticateCognitoActionConfig {
    let behavior = to.on_unauthenticated_request.map(|word| word.as_str());
    AuthenticateCognitoActionConfig::builder()
        .user_pool_arn(to.user_pool_arn.as_str())
        .user_pool_client_id(&to.user_pool_client_id)
        .user_pool_domain(&to.user_pool_domain)
        .set_authentication_request_extra_params(params(&to.authentication_request_extra_params))
        .set_on_unauthenticated_request(
            behavior.map(AuthenticateCognitoActionConditionalBehaviorEnum::from),
        )
        .set_scope(to.scope.clone())
        .set_session_cookie_name(to.session_cookie_name.clone())
        .set_session_timeout(to.session_timeout)
        .build()
}

fn oidc(to: &AuthenticateOidc) -> AuthenticateOidcActionConfig {
    let behavior = to.on_unauthenticated_request.map(|word| word.as_str());
    AuthenticateOidcActionConfig::builder()
        .issuer(&to.issuer)
        .authorization_endpoint(&to.authorization_endpoint)
        .token_endpoint(&to.token_endpoint)
        .user_info_endpoint(&to.user_info_endpoint)
        .client_id(&to.client_id)
        .set_client_secret(to.client_secret.clone())
        .set_authentication_request_extra_params(params(&to.authentication_request_extra_params))
        .set_on_unauthenticated_request(
            behavior.map(AuthenticateOidcActionConditionalBehaviorEnum::from),
        )
        .set_scope(to.scope.clone())
        .set_session_cookie_name(to.session_cookie_name.clone())
        .set_session_timeout(to.session_timeout)
        .build()
}

/// Actions as the service shows them, in their order; `recorded` are the ones that were asked for,
/// which secrets are taken from.
pub(super) fn from_wire(actions: Vec<Wire>, recorded: &[Action]) -> Result<Vec<Action>> {
    let mut actions = actions;
    actions.sort_by_key(|action| action.order);
    let secret = |index: usize| {
        let oidc = recorded.get(index).and_then(|action| action.authenticate_oidc.as_ref());
        oidc.and_then(|oidc| oidc.client_secret.clone())
    };
    let all = actions.into_iter().enumerate();
    all.map(|(index, action)| seen(action, secret(index))).collect()
}

fn seen(action: Wire, secret: Option<String>) -> Result<Action> {
    let kind: ActionType =
        parsed(action.r#type.as_ref().map(ActionTypeEnum::as_str), "Action.Type")?;
    Ok(Action {
        r#type: kind,
        order: natural(action.order),
        target_group_arn: action.target_group_arn.map(Arn::new),
        forward: action.forward_config.map(forward_seen),
        redirect: action.redirect_config.map(redirect_seen).transpose()?,
        fixed_response: action.fixed_response_config.map(|response| FixedResponse {
            content_type: response.content_type.unwrap_or_default(),
            status_code: response.status_code.unwrap_or_default(),
            message_body: response.message_body,
        }),
        authenticate_cognito: action.authenticate_cognito_config.map(cognito_seen).transpose()?,
        authenticate_oidc: action
            .authenticate_oidc_config
            .map(|config| oidc_seen(config, secret))
            .transpose()?,
    })
}

fn forward_seen(config: ForwardActionConfig) -> Forward {
    let groups = config.target_groups.unwrap_or_default().into_iter();
    let group = |group: TargetGroupTuple| {
        let weight = natural(group.weight).unwrap_or(1);
        Some(WeightedGroup { arn: Arn::new(group.target_group_arn?), weight })
    };
    Forward {
        target_group: BlockSet(groups.filter_map(group).collect()),
        stickiness: config.target_group_stickiness_config.map(|stickiness| GroupStickiness {
            duration: natural(stickiness.duration_seconds),
            enabled: stickiness.enabled.unwrap_or(false),
        }),
    }
}

fn redirect_seen(config: RedirectActionConfig) -> Result<Redirect> {
    let or = |text: Option<String>, default: &str| text.unwrap_or_else(|| default.to_owned());
    let status = config.status_code.as_ref().map(RedirectActionStatusCodeEnum::as_str);
    Ok(Redirect {
        status_code: parsed(status, "StatusCode")?,
        host: or(config.host, "#{host}"),
        path: or(config.path, "/#{path}"),
        port: or(config.port, "#{port}"),
        protocol: or(config.protocol, "#{protocol}"),
        query: or(config.query, "#{query}"),
    })
}

fn behavior(word: Option<&str>) -> Result<Option<OnUnauthenticated>> {
    word.map(|word| parsed(Some(word), "OnUnauthenticatedRequest")).transpose()
}

fn cognito_seen(config: AuthenticateCognitoActionConfig) -> Result<AuthenticateCognito> {
    let params = config.authentication_request_extra_params.unwrap_or_default();
    Ok(AuthenticateCognito {
        user_pool_arn: AnyArn::new(config.user_pool_arn.unwrap_or_default()),
        user_pool_client_id: config.user_pool_client_id.unwrap_or_default(),
        user_pool_domain: config.user_pool_domain.unwrap_or_default(),
        authentication_request_extra_params: params.into_iter().collect(),
        on_unauthenticated_request: behavior(
            config.on_unauthenticated_request.as_ref().map(|word| word.as_str()),
        )?,
        scope: config.scope,
        session_cookie_name: config.session_cookie_name,
        session_timeout: config.session_timeout,
    })
}

fn oidc_seen(
    config: AuthenticateOidcActionConfig,
    secret: Option<String>,
) -> Result<AuthenticateOidc> {
    let params = config.authentication_request_extra_params.unwrap_or_default();
    Ok(AuthenticateOidc {
        issuer: config.issuer.unwrap_or_default(),
        authorization_endpoint: config.authorization_endpoint.unwrap_or_default(),
        token_endpoint: config.token_endpoint.unwrap_or_default(),
        user_info_endpoint: config.user_info_endpoint.unwrap_or_default(),
        client_id: config.client_id.unwrap_or_default(),
        client_secret: secret,
        authentication_request_extra_params: params.into_iter().collect(),
        on_unauthenticated_request: behavior(
            config.on_unauthenticated_request.as_ref().map(|word| word.as_str()),
        )?,
        scope: config.scope,
        session_cookie_name: config.session_cookie_name,
        session_timeout: config.session_timeout,
    })
}
