//! Groups as statements, and the settings of managed ones, as the service has them.

use std::collections::BTreeSet;

use aws_sdk_wafv2::types::{
    AddressField, AwsManagedRulesAcfpRuleSet, AwsManagedRulesAntiDDoSRuleSet,
    AwsManagedRulesAtpRuleSet, AwsManagedRulesBotControlRuleSet, ClientSideAction as WireChallenge,
    ClientSideActionConfig as WireClientSide, EmailField, ExcludedRule,
    InspectionLevel as WireLevel, ManagedRuleGroupConfig as WireConfig,
    ManagedRuleGroupStatement as Wire, PasswordField, PayloadType as WirePayload, PhoneNumberField,
    Regex, RequestInspection, RequestInspectionAcfp, ResponseInspection as WireResponse,
    ResponseInspectionBodyContains, ResponseInspectionHeader, ResponseInspectionJson,
    ResponseInspectionStatusCode, RuleActionOverride as WireOverride,
    RuleGroupReferenceStatement as WireGroup, SensitivityToAct, UsageOfAction, UsernameField,
};
use infra_sdk::{Arn, BlockSet};

use super::field_wire::{each, maybe, texts};
use super::rule_wire::{action, action_seen};
use super::statement_wire::{condition, condition_seen};
use super::{
    AccountCreation, AccountTakeover, Action, ActionType, AntiDdos, BodyContains, BotControl,
    ClientSideAction, ClientSideActionConfig, FieldIdentifier, FieldIdentifiers, HeaderValues,
    JsonValues, ManagedRuleGroupConfig, ManagedRuleGroupStatement, RegularExpression,
    ResponseInspection, RuleActionOverride, RuleGroupReferenceStatement, Sensitivity, SignIn,
    SignUp, StatusCodes,
};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// A managed group.
pub(super) fn managed(want: &ManagedRuleGroupStatement) -> Result<Wire> {
    let configs = each(&want.managed_rule_group_configs.0, config)?;
    let scope = maybe(want.scope_down_statement.as_ref(), condition)?;
    Wire::builder()
        .vendor_name(&want.vendor_name)
        .name(&want.name)
        .set_version(want.version.clone())
        .set_rule_action_overrides(overrides(&want.rule_action_override)?)
        .set_scope_down_statement(scope.map(Box::new))
        .set_managed_rule_group_configs((!configs.is_empty()).then_some(configs))
        .build()
        .map_err(incomplete)
}

/// A group of one's own.
pub(super) fn group(want: &RuleGroupReferenceStatement) -> Result<WireGroup> {
    WireGroup::builder()
        .arn(want.arn.as_str())
        .set_rule_action_overrides(overrides(&want.rule_action_override)?)
        .build()
        .map_err(incomplete)
}

fn overrides(all: &BlockSet<RuleActionOverride>) -> Result<Option<Vec<WireOverride>>> {
    let one = |want: &RuleActionOverride| {
        WireOverride::builder()
            .name(&want.name)
            .action_to_use(action(&want.action_to_use)?)
            .build()
            .map_err(incomplete)
    };
    let all = each(&all.0, one)?;
    Ok((!all.is_empty()).then_some(all))
}

/// A field's place, in the builder of its own type.
macro_rules! place {
    ($part:expr, $wire:ty) => {
        maybe($part, |field: &FieldIdentifier| {
            <$wire>::builder().identifier(&field.identifier).build().map_err(incomplete)
        })?
    };
}

/// The places of several fields, in builders of their own type.
macro_rules! places {
    ($part:expr, $wire:ty) => {
        maybe($part, |fields: &FieldIdentifiers| {
            each(&fields.identifiers, |place| {
                <$wire>::builder().identifier(place).build().map_err(incomplete)
            })
        })?
    };
}

fn config(want: &ManagedRuleGroupConfig) -> Result<WireConfig> {
    let bots = |bots: &BotControl| {
        AwsManagedRulesBotControlRuleSet::builder()
            .inspection_level(WireLevel::from(bots.inspection_level.as_str()))
            .enable_machine_learning(bots.enable_machine_learning)
            .build()
            .map_err(incomplete)
    };
    let atp = maybe(want.aws_managed_rules_atp_rule_set.as_ref(), takeover)?;
    let acfp = maybe(want.aws_managed_rules_acfp_rule_set.as_ref(), creation)?;
    let floods = maybe(want.aws_managed_rules_anti_ddos_rule_set.as_ref(), anti_ddos)?;
    #[expect(deprecated, reason = "AWS still takes them, and Terraform's users may have them")]
    let config = WireConfig::builder()
        .set_aws_managed_rules_bot_control_rule_set(maybe(
            want.aws_managed_rules_bot_control_rule_set.as_ref(),
            bots,
        )?)
        .set_aws_managed_rules_atp_rule_set(atp)
        .set_aws_managed_rules_acfp_rule_set(acfp)
        .set_aws_managed_rules_anti_d_do_s_rule_set(floods)
        .set_login_path(want.login_path.clone())
        .set_payload_type(want.payload_type.map(|kind| WirePayload::from(kind.as_str())))
        .set_username_field(place!(want.username_field.as_ref(), UsernameField))
        .set_password_field(place!(want.password_field.as_ref(), PasswordField));
    Ok(config.build())
}

fn takeover(want: &AccountTakeover) -> Result<AwsManagedRulesAtpRuleSet> {
    let sign_in = |request: &SignIn| {
        RequestInspection::builder()
            .payload_type(WirePayload::from(request.payload_type.as_str()))
            .set_username_field(place!(Some(&request.username_field), UsernameField))
            .set_password_field(place!(Some(&request.password_field), PasswordField))
            .build()
            .map_err(incomplete)
    };
    AwsManagedRulesAtpRuleSet::builder()
        .login_path(&want.login_path)
        .enable_regex_in_path(want.enable_regex_in_path)
        .set_request_inspection(maybe(want.request_inspection.as_ref(), sign_in)?)
        .set_response_inspection(maybe(want.response_inspection.as_ref(), response)?)
        .build()
        .map_err(incomplete)
}

fn creation(want: &AccountCreation) -> Result<AwsManagedRulesAcfpRuleSet> {
    let request = &want.request_inspection;
    let sign_up = RequestInspectionAcfp::builder()
        .payload_type(WirePayload::from(request.payload_type.as_str()))
        .set_username_field(place!(request.username_field.as_ref(), UsernameField))
        .set_password_field(place!(request.password_field.as_ref(), PasswordField))
        .set_email_field(place!(request.email_field.as_ref(), EmailField))
        .set_phone_number_fields(places!(request.phone_number_fields.as_ref(), PhoneNumberField))
        .set_address_fields(places!(request.address_fields.as_ref(), AddressField))
        .build()
        .map_err(incomplete)?;
    AwsManagedRulesAcfpRuleSet::builder()
        .creation_path(&want.creation_path)
        .registration_page_path(&want.registration_page_path)
        .enable_regex_in_path(want.enable_regex_in_path)
        .request_inspection(sign_up)
        .set_response_inspection(maybe(want.response_inspection.as_ref(), response)?)
        .build()
        .map_err(incomplete)
}

fn response(want: &ResponseInspection) -> Result<WireResponse> {
    let body = |body: &BodyContains| {
        ResponseInspectionBodyContains::builder()
            .set_success_strings(texts(&body.success_strings))
            .set_failure_strings(texts(&body.failure_strings))
            .build()
            .map_err(incomplete)
    };
    let header = |header: &HeaderValues| {
        ResponseInspectionHeader::builder()
            .name(&header.name)
            .set_success_values(texts(&header.success_values))
            .set_failure_values(texts(&header.failure_values))
            .build()
            .map_err(incomplete)
    };
    let json = |json: &JsonValues| {
        ResponseInspectionJson::builder()
            .identifier(&json.identifier)
            .set_success_values(texts(&json.success_values))
            .set_failure_values(texts(&json.failure_values))
            .build()
            .map_err(incomplete)
    };
    let status = |status: &StatusCodes| {
        ResponseInspectionStatusCode::builder()
            .set_success_codes(Some(status.success_codes.iter().copied().collect()))
            .set_failure_codes(Some(status.failure_codes.iter().copied().collect()))
            .build()
            .map_err(incomplete)
    };
    Ok(WireResponse::builder()
        .set_body_contains(maybe(want.body_contains.as_ref(), body)?)
        .set_header(maybe(want.header.as_ref(), header)?)
        .set_json(maybe(want.json.as_ref(), json)?)
        .set_status_code(maybe(want.status_code.as_ref(), status)?)
        .build())
}

fn anti_ddos(want: &AntiDdos) -> Result<AwsManagedRulesAntiDDoSRuleSet> {
    let challenge = &want.client_side_action_config.challenge;
    let expressions = challenge.exempt_uri_regular_expression.0.iter();
    let expressions: Vec<_> = expressions
        .map(|expression| Regex::builder().regex_string(&expression.regex_string).build())
        .collect();
    let wire = WireChallenge::builder()
        .usage_of_action(UsageOfAction::from(challenge.usage_of_action.as_str()))
        .sensitivity(SensitivityToAct::from(challenge.sensitivity.as_str()))
        .set_exempt_uri_regular_expressions((!expressions.is_empty()).then_some(expressions))
        .build()
        .map_err(incomplete)?;
    Ok(AwsManagedRulesAntiDDoSRuleSet::builder()
        .client_side_action_config(WireClientSide::builder().challenge(wire).build())
        .sensitivity_to_block(SensitivityToAct::from(want.sensitivity_to_block.as_str()))
        .build())
}

/// A managed group that was seen.
pub(super) fn managed_seen(wire: Wire) -> Result<ManagedRuleGroupStatement> {
    let scope = wire.scope_down_statement.map(|statement| *statement);
    let configs = wire.managed_rule_group_configs.unwrap_or_default();
    let excluded = wire.excluded_rules;
    Ok(ManagedRuleGroupStatement {
        vendor_name: wire.vendor_name,
        name: wire.name,
        version: wire.version,
        rule_action_override: overrides_seen(wire.rule_action_overrides, excluded)?,
        scope_down_statement: maybe(scope, condition_seen)?,
        managed_rule_group_configs: each(configs, config_seen).map(BlockSet)?,
    })
}

/// A group that was seen.
pub(super) fn group_seen(wire: WireGroup) -> Result<RuleGroupReferenceStatement> {
    let excluded = wire.excluded_rules;
    let rule_action_override = overrides_seen(wire.rule_action_overrides, excluded)?;
    Ok(RuleGroupReferenceStatement { arn: Arn::new(wire.arn), rule_action_override })
}

/// Rules that are excluded, as it was called once, count.
fn overrides_seen(
    wire: Option<Vec<WireOverride>>,
    excluded: Option<Vec<ExcludedRule>>,
) -> Result<BlockSet<RuleActionOverride>> {
    let one = |wire: WireOverride| {
        let action_to_use = wire.action_to_use.and_then(action_seen);
        let action_to_use = action_to_use.ok_or_else(|| missing("ActionToUse"))?;
        Ok(RuleActionOverride { name: wire.name, action_to_use })
    };
    let counted = |wire: ExcludedRule| RuleActionOverride {
        name: wire.name,
        action_to_use: Action {
            r#type: ActionType::Count,
            custom_request_handling: None,
            custom_response: None,
        },
    };
    let mut all = each(wire.unwrap_or_default(), one)?;
    all.extend(excluded.unwrap_or_default().into_iter().map(counted));
    Ok(BlockSet(all))
}

/// A field's place that was seen.
fn place_seen(identifier: String) -> FieldIdentifier {
    FieldIdentifier { identifier }
}

fn config_seen(wire: WireConfig) -> Result<ManagedRuleGroupConfig> {
    let bots = |wire: AwsManagedRulesBotControlRuleSet| {
        Ok(BotControl {
            inspection_level: parsed(Some(wire.inspection_level.as_str()), "InspectionLevel")?,
            enable_machine_learning: wire.enable_machine_learning,
        })
    };
    #[expect(deprecated, reason = "AWS shows them where they were set once")]
    let (login_path, payload, username, password) =
        (wire.login_path, wire.payload_type, wire.username_field, wire.password_field);
    Ok(ManagedRuleGroupConfig {
        aws_managed_rules_bot_control_rule_set: maybe(
            wire.aws_managed_rules_bot_control_rule_set,
            bots,
        )?,
        aws_managed_rules_atp_rule_set: maybe(wire.aws_managed_rules_atp_rule_set, takeover_seen)?,
        aws_managed_rules_acfp_rule_set: maybe(
            wire.aws_managed_rules_acfp_rule_set,
            creation_seen,
        )?,
        aws_managed_rules_anti_ddos_rule_set: maybe(
            wire.aws_managed_rules_anti_d_do_s_rule_set,
            anti_ddos_seen,
        )?,
        login_path,
        payload_type: maybe(payload, |kind| parsed(Some(kind.as_str()), "PayloadType"))?,
        username_field: username.map(|field| place_seen(field.identifier)),
        password_field: password.map(|field| place_seen(field.identifier)),
    })
}

fn takeover_seen(wire: AwsManagedRulesAtpRuleSet) -> Result<AccountTakeover> {
    let sign_in = |wire: RequestInspection| {
        let username = wire.username_field.ok_or_else(|| missing("UsernameField"))?;
        let password = wire.password_field.ok_or_else(|| missing("PasswordField"))?;
        Ok(SignIn {
            payload_type: parsed(Some(wire.payload_type.as_str()), "PayloadType")?,
            username_field: place_seen(username.identifier),
            password_field: place_seen(password.identifier),
        })
    };
    Ok(AccountTakeover {
        login_path: wire.login_path,
        enable_regex_in_path: wire.enable_regex_in_path,
        request_inspection: maybe(wire.request_inspection, sign_in)?,
        response_inspection: wire.response_inspection.map(response_seen),
    })
}

fn creation_seen(wire: AwsManagedRulesAcfpRuleSet) -> Result<AccountCreation> {
    let request = wire.request_inspection.ok_or_else(|| missing("RequestInspection"))?;
    let phones = request.phone_number_fields.map(|fields| FieldIdentifiers {
        identifiers: fields.into_iter().map(|field| field.identifier).collect(),
    });
    let addresses = request.address_fields.map(|fields| FieldIdentifiers {
        identifiers: fields.into_iter().map(|field| field.identifier).collect(),
    });
    Ok(AccountCreation {
        creation_path: wire.creation_path,
        registration_page_path: wire.registration_page_path,
        enable_regex_in_path: wire.enable_regex_in_path,
        request_inspection: SignUp {
            payload_type: parsed(Some(request.payload_type.as_str()), "PayloadType")?,
            username_field: request.username_field.map(|field| place_seen(field.identifier)),
            password_field: request.password_field.map(|field| place_seen(field.identifier)),
            email_field: request.email_field.map(|field| place_seen(field.identifier)),
            phone_number_fields: phones,
            address_fields: addresses,
        },
        response_inspection: wire.response_inspection.map(response_seen),
    })
}

fn response_seen(wire: WireResponse) -> ResponseInspection {
    let set = |values: Vec<String>| values.into_iter().collect::<BTreeSet<_>>();
    ResponseInspection {
        body_contains: wire.body_contains.map(|body| BodyContains {
            success_strings: set(body.success_strings),
            failure_strings: set(body.failure_strings),
        }),
        header: wire.header.map(|header| HeaderValues {
            name: header.name,
            success_values: set(header.success_values),
            failure_values: set(header.failure_values),
        }),
        json: wire.json.map(|json| JsonValues {
            identifier: json.identifier,
            success_values: set(json.success_values),
            failure_values: set(json.failure_values),
        }),
        status_code: wire.status_code.map(|status| StatusCodes {
            success_codes: status.success_codes.into_iter().collect(),
            failure_codes: status.failure_codes.into_iter().collect(),
        }),
    }
}

fn anti_ddos_seen(wire: AwsManagedRulesAntiDDoSRuleSet) -> Result<AntiDdos> {
    let sensitivity = |wire: Option<SensitivityToAct>, default: Sensitivity| {
        let seen = maybe(wire, |word| parsed(Some(word.as_str()), "Sensitivity"))?;
        Ok(seen.unwrap_or(default))
    };
    let challenge = wire.client_side_action_config.and_then(|config| config.challenge);
    let challenge = challenge.ok_or_else(|| missing("ClientSideActionConfig.Challenge"))?;
    let expressions = challenge.exempt_uri_regular_expressions.unwrap_or_default();
    let expressions = expressions.into_iter().filter_map(|expression| expression.regex_string);
    let challenge = ClientSideAction {
        usage_of_action: parsed(Some(challenge.usage_of_action.as_str()), "UsageOfAction")?,
        sensitivity: sensitivity(challenge.sensitivity, Sensitivity::High)?,
        exempt_uri_regular_expression: BlockSet(
            expressions.map(|regex_string| RegularExpression { regex_string }).collect(),
        ),
    };
    Ok(AntiDdos {
        client_side_action_config: ClientSideActionConfig { challenge },
        sensitivity_to_block: sensitivity(wire.sensitivity_to_block, Sensitivity::Low)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_were_excluded_count() {
        let excluded = ExcludedRule::builder().name("NoUserAgent_HEADER").build().expect("whole");
        let wire = Wire::builder().vendor_name("AWS").name("x").excluded_rules(excluded);
        let seen = managed_seen(wire.build().expect("whole")).expect("a group");
        let [counted] = seen.rule_action_override.0.as_slice() else { panic!("one") };
        assert_eq!(counted.name, "NoUserAgent_HEADER");
        assert_eq!(counted.action_to_use.r#type, ActionType::Count);
    }
}
