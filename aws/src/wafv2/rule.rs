//! Rules of web ACLs and groups: what they look for, what they do, how they are watched.

use std::collections::BTreeMap;

use infra_sdk::{Block, BlockSet, Object, Scope, Value};

use super::action::{action, body_keys, immunity};
use super::scope::METRIC;
use super::statement::statement;
use super::{Action, ImmunityConfig, OverrideAction, Statement};
use crate::rules::{NameRule, Rules, wrong_length};

/// A rule. Rules are known by their names; the order in which they stand means nothing.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct Rule {
    /// Name, unique among the rules.
    pub name: String,
    /// Place among the rules, unique: the lowest comes first.
    #[field(range = 0..=2_147_483_647)]
    pub priority: i32,
    /// What it looks for.
    pub statement: Statement,
    /// What its metric is called, and whether requests are kept to look at.
    pub visibility_config: VisibilityConfig,
    /// What is done with requests that match. Not for groups.
    pub action: Option<Action>,
    /// Whether the actions of a group's rules are taken. For groups.
    pub override_action: Option<OverrideAction>,
    /// Labels that requests get which match.
    pub rule_label: BlockSet<RuleLabel>,
    /// How long a puzzle that was solved is good for; left out, as the web ACL says.
    pub captcha_config: Option<ImmunityConfig>,
    /// How long a challenge is good for; left out, as the web ACL says.
    pub challenge_config: Option<ImmunityConfig>,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct RuleLabel {
    /// Name, with `:` between its parts: `bots:good`.
    pub name: String,
}

/// How a web ACL, a group or a rule is watched.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct VisibilityConfig {
    /// Name of the metric.
    pub metric_name: String,
    /// Send the metric to CloudWatch.
    pub cloudwatch_metrics_enabled: bool,
    /// Keep some of the requests of the last three hours to look at.
    pub sampled_requests_enabled: bool,
}

impl VisibilityConfig {
    /// A metric of that name, and requests to look at.
    pub fn metric<R: Scope>(
        name: impl infra_sdk::IntoInput<String, R>,
    ) -> VisibilityConfigArguments<R> {
        Self::new(name, true, true)
    }
}

/// Source: WAFV2 API Reference, Label, the pattern of `Name`.
const LABEL: NameRule = NameRule {
    shortest: 1,
    longest: 1024,
    allows: |c| c.is_ascii_alphanumeric() || "_:-".contains(c),
    characters: "letters, digits, `_`, `:` and `-`",
};

/// What is watched. Source: WAFV2 API Reference, VisibilityConfig.
pub(super) fn visibility(rules: &mut Rules<'_>) {
    rules.blocks("visibility_config", |rules| {
        rules.follows("metric_name", &METRIC);
        if rules.text("metric_name").is_some_and(|name| ["All", "Default_Action"].contains(&name)) {
            rules.refuse("metric_name", "is one of AWS's own: `All`, `Default_Action`");
        }
    });
}

/// The rules of a web ACL or a group. Source: WAFV2 API Reference, Rule.
pub(super) fn rules_of(rules: &mut Rules<'_>, inputs: &Object, of_group: bool) {
    rules.blocks("rule", |rules| {
        if let Some(wrong) = rules.text("name").and_then(|name| wrong_length(name, 1, 128)) {
            rules.refuse("name", wrong);
        }
        rules.blocks("statement", |rules| statement(rules, of_group));
        action(rules, "action");
        immunity(rules);
        visibility(rules);
        rules.blocks("rule_label", |rules| rules.follows("name", &LABEL));
    });
    let known = inputs.get("rule").and_then(Value::as_list).unwrap_or_default();
    let mut names = BTreeMap::new();
    let mut priorities = BTreeMap::new();
    for (index, rule) in known.iter().enumerate().filter_map(|(i, r)| Some((i, r.as_map()?))) {
        let at = |argument: &str| format!("rule[{index}].{argument}");
        let twice = |other: &usize| format!("is that of `rule[{other}]` already");
        if let Some(name) = rule.get("name").and_then(Value::as_str)
            && let Some(other) = names.insert(name, index)
        {
            rules.refuse(&at("name"), twice(&other));
        }
        if let Some(priority) = rule.get("priority").and_then(Value::as_int)
            && let Some(other) = priorities.insert(priority, index)
        {
            rules.refuse(&at("priority"), twice(&other));
        }
        one_of_the_actions(rules, rule, &at);
        if let (Some(keys), Some(key)) = (body_keys(inputs), body_key(rule))
            && !keys.contains(key)
        {
            let message = format!("names `{key}`, of which there is no `custom_response_body`");
            rules.refuse(&at("action.custom_response.custom_response_body_key"), message);
        }
    }
}

/// Groups take `override_action`, other rules `action`.
fn one_of_the_actions(rules: &mut Rules<'_>, rule: &Object, at: &impl Fn(&str) -> String) {
    let Some(statement) = rule.get("statement").and_then(Value::as_map) else { return };
    let groups = ["managed_rule_group_statement", "rule_group_reference_statement"];
    let is_group = groups.iter().any(|name| given(statement, name));
    let (asked, refused, what) = if is_group {
        ("override_action", "action", "for the rules of a group")
    } else {
        ("action", "override_action", "for a rule of one's own")
    };
    if !given(rule, asked) {
        rules.refuse(&at(asked), format!("is required {what}"));
    }
    if given(rule, refused) {
        rules.refuse(&at(refused), format!("cannot be given {what}: give `{asked}`"));
    }
}

fn given(object: &Object, name: &str) -> bool {
    object.get(name).is_some_and(|value| !infra_sdk::kind::is_empty(value))
}

fn body_key(rule: &Object) -> Option<&str> {
    let response = rule.get("action")?.as_map()?.get("custom_response")?.as_map()?;
    response.get("custom_response_body_key")?.as_str()
}
