//! Groups of rules, managed ones and one's own, as the statement of a rule, and what is set for
//! those of AWS that take settings.

use std::collections::BTreeSet;

use infra_sdk::{Arn, Block, BlockSet, Choice};

use super::action::action;
use super::statement::condition;
use super::{Action, Condition, RuleGroup};
use crate::rules::{Rules, wrong_length};

/// What the rules of a managed group look for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ManagedRuleGroupStatement {
    /// Who offers it: `AWS`.
    pub vendor_name: String,
    /// Its name: `AWSManagedRulesCommonRuleSet`.
    pub name: String,
    /// A version, which then stays; left out, the vendor's default one.
    pub version: Option<String>,
    /// Rules of the group that do something else than the group says, at most 100.
    pub rule_action_override: BlockSet<RuleActionOverride>,
    /// Requests that it looks at; left out, all.
    pub scope_down_statement: Option<Condition>,
    /// Settings, for groups that take some.
    pub managed_rule_group_configs: BlockSet<ManagedRuleGroupConfig>,
}

/// What the rules of a group look for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RuleGroupReferenceStatement {
    /// The group.
    pub arn: Arn<RuleGroup>,
    /// Rules of the group that do something else than the group says, at most 100.
    pub rule_action_override: BlockSet<RuleActionOverride>,
}

/// A rule of a group that does something else than the group says.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RuleActionOverride {
    /// The rule.
    pub name: String,
    /// What it does.
    pub action_to_use: Action,
}

/// A setting of a managed group: one of the four sets, or what the first of them took once.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ManagedRuleGroupConfig {
    /// Settings of `AWSManagedRulesBotControlRuleSet`.
    pub aws_managed_rules_bot_control_rule_set: Option<BotControl>,
    /// Settings of `AWSManagedRulesATPRuleSet`.
    pub aws_managed_rules_atp_rule_set: Option<AccountTakeover>,
    /// Settings of `AWSManagedRulesACFPRuleSet`.
    pub aws_managed_rules_acfp_rule_set: Option<AccountCreation>,
    /// Settings of `AWSManagedRulesAntiDDoSRuleSet`.
    pub aws_managed_rules_anti_ddos_rule_set: Option<AntiDdos>,
    /// Path at which users sign in. AWS now takes it in the sets.
    pub login_path: Option<String>,
    /// How sign-ins are sent. AWS now takes it in the sets.
    pub payload_type: Option<PayloadType>,
    /// Where the user's name stands. AWS now takes it in the sets.
    pub username_field: Option<FieldIdentifier>,
    /// Where the password stands. AWS now takes it in the sets.
    pub password_field: Option<FieldIdentifier>,
}

/// How bots are looked for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BotControl {
    /// How closely.
    pub inspection_level: InspectionLevel,
    /// Whether traffic is learned from, with `TARGETED`.
    #[field(default = true)]
    pub enable_machine_learning: bool,
}

/// How closely bots are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum InspectionLevel {
    /// Those that say what they are.
    #[choice("COMMON")]
    Common,
    /// Those that hide it too.
    #[choice("TARGETED")]
    Targeted,
}

/// How sign-ins with stolen passwords are looked for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AccountTakeover {
    /// Path at which users sign in.
    pub login_path: String,
    /// Read the path as a regular expression.
    #[field(default = false)]
    pub enable_regex_in_path: bool,
    /// What a sign-in looks like.
    pub request_inspection: Option<SignIn>,
    /// What the answers to them look like. For CloudFront.
    pub response_inspection: Option<ResponseInspection>,
}

/// How accounts made by bots are looked for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AccountCreation {
    /// Path to which the form is sent.
    pub creation_path: String,
    /// Path of the form.
    pub registration_page_path: String,
    /// Read the paths as regular expressions.
    #[field(default = false)]
    pub enable_regex_in_path: bool,
    /// What a form looks like.
    pub request_inspection: SignUp,
    /// What the answers to them look like. For CloudFront.
    pub response_inspection: Option<ResponseInspection>,
}

/// What a sign-in looks like.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SignIn {
    /// How it is sent.
    pub payload_type: PayloadType,
    /// Where the user's name stands.
    pub username_field: FieldIdentifier,
    /// Where the password stands.
    pub password_field: FieldIdentifier,
}

/// What a form for a new account looks like.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct SignUp {
    /// How it is sent.
    pub payload_type: PayloadType,
    /// Where the user's name stands.
    pub username_field: Option<FieldIdentifier>,
    /// Where the password stands.
    pub password_field: Option<FieldIdentifier>,
    /// Where the mail address stands.
    pub email_field: Option<FieldIdentifier>,
    /// Where the parts of the telephone number stand, in their order.
    pub phone_number_fields: Option<FieldIdentifiers>,
    /// Where the parts of the address stand, in their order.
    pub address_fields: Option<FieldIdentifiers>,
}

/// How a form is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum PayloadType {
    /// As JSON.
    #[choice("JSON")]
    Json,
    /// As a form of HTML.
    #[choice("FORM_ENCODED")]
    FormEncoded,
}

/// Where a value stands: a JSON pointer, or the name of a field.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FieldIdentifier {
    /// The place: `/form/username`, `username`.
    pub identifier: String,
}

/// Where the parts of a value stand.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct FieldIdentifiers {
    /// The places.
    #[field(required)]
    pub identifiers: Vec<String>,
}

/// What tells answers to those who succeed from answers to those who do not: just one.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ResponseInspection {
    /// Texts in the body.
    pub body_contains: Option<BodyContains>,
    /// Values of a header.
    pub header: Option<HeaderValues>,
    /// Values in JSON.
    pub json: Option<JsonValues>,
    /// Status codes.
    pub status_code: Option<StatusCodes>,
}

/// Texts in the body of an answer.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct BodyContains {
    /// Texts of success.
    #[field(required)]
    pub success_strings: BTreeSet<String>,
    /// Texts of failure.
    #[field(required)]
    pub failure_strings: BTreeSet<String>,
}

/// Values of a header of an answer.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct HeaderValues {
    /// The header.
    pub name: String,
    /// Values of success.
    #[field(required)]
    pub success_values: BTreeSet<String>,
    /// Values of failure.
    #[field(required)]
    pub failure_values: BTreeSet<String>,
}

/// Values in the JSON of an answer.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct JsonValues {
    /// Where they stand, as a JSON pointer.
    pub identifier: String,
    /// Values of success.
    #[field(required)]
    pub success_values: BTreeSet<String>,
    /// Values of failure.
    #[field(required)]
    pub failure_values: BTreeSet<String>,
}

/// Status codes of answers.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct StatusCodes {
    /// Codes of success.
    #[field(required)]
    pub success_codes: BTreeSet<i32>,
    /// Codes of failure.
    #[field(required)]
    pub failure_codes: BTreeSet<i32>,
}

/// How floods of requests are met.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AntiDdos {
    /// What browsers have to show during one.
    pub client_side_action_config: ClientSideActionConfig,
    /// How much is refused during one.
    #[field(default = Sensitivity::Low)]
    pub sensitivity_to_block: Sensitivity,
}

/// What browsers have to show during a flood.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ClientSideActionConfig {
    /// The challenge.
    pub challenge: ClientSideAction,
}

/// A challenge during a flood.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ClientSideAction {
    /// Whether there is one.
    pub usage_of_action: Usage,
    /// How many requests get it.
    #[field(default = Sensitivity::High)]
    pub sensitivity: Sensitivity,
    /// Paths whose requests cannot answer it, at most five.
    pub exempt_uri_regular_expression: BlockSet<RegularExpression>,
}

/// A regular expression.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RegularExpression {
    /// The expression, at most 512 characters.
    pub regex_string: String,
}

/// Whether something is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Usage {
    /// It is.
    #[choice("ENABLED")]
    Enabled,
    /// It is not.
    #[choice("DISABLED")]
    Disabled,
}

/// How much is taken for part of a flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Sensitivity {
    /// What most likely is.
    #[choice("LOW")]
    Low,
    /// What likely is.
    #[choice("MEDIUM")]
    Medium,
    /// What may be.
    #[choice("HIGH")]
    High,
}

const CONFIGS: &[&str] = &[
    "aws_managed_rules_bot_control_rule_set",
    "aws_managed_rules_atp_rule_set",
    "aws_managed_rules_acfp_rule_set",
    "aws_managed_rules_anti_ddos_rule_set",
    "login_path",
    "payload_type",
    "username_field",
    "password_field",
];

/// Source: WAFV2 API Reference, ManagedRuleGroupStatement, ManagedRuleGroupConfig.
pub(super) fn managed(rules: &mut Rules<'_>) {
    for (name, longest) in [("vendor_name", 128), ("name", 128), ("version", 64)] {
        if let Some(wrong) = rules.text(name).and_then(|text| wrong_length(text, 1, longest)) {
            rules.refuse(name, wrong);
        }
    }
    overrides(rules);
    rules.blocks("scope_down_statement", condition);
    rules.blocks("managed_rule_group_configs", |rules| {
        // Each block has one, as AWS takes them.
        rules.exactly_one(CONFIGS);
        for set in ["aws_managed_rules_atp_rule_set", "aws_managed_rules_acfp_rule_set"] {
            rules.blocks(set, |rules| {
                rules.blocks("response_inspection", |rules| {
                    rules.exactly_one(&["body_contains", "header", "json", "status_code"]);
                });
            });
        }
        rules.blocks("aws_managed_rules_anti_ddos_rule_set", |rules| {
            rules.blocks("client_side_action_config", |rules| rules.blocks("challenge", challenge));
        });
    });
}

fn challenge(rules: &mut Rules<'_>) {
    let expressions = "exempt_uri_regular_expression";
    if rules.text("usage_of_action") == Some(Usage::Enabled.as_str()) {
        rules.required(&[expressions], "with `ENABLED`");
    }
    let count = rules.count(expressions);
    if count > 5 {
        rules.refuse(expressions, format!("must be at most 5, not {count}"));
    }
}

/// Rules of a group that do something else.
pub(super) fn overrides(rules: &mut Rules<'_>) {
    let count = rules.count("rule_action_override");
    if count > 100 {
        rules.refuse("rule_action_override", format!("must be at most 100, not {count}"));
    }
    rules.blocks("rule_action_override", |rules| action(rules, "action_to_use"));
}
