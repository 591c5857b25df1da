//! Rules of web ACLs and groups: what they look for, what they do, how they are watched.

use std::collections::BTreeMap;

use infra_sdk::{Block, BlockSet, Object, Scope, Value};

use super::action::{action, answers, immunity};
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
        if let Some(action) = rule.get("action").and_then(Value::as_map) {
            answers(rules, inputs, &at("action"), action);
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

#[cfg(test)]
mod tests {
    use infra_sdk::{Home, IntoInput};

    use super::*;
    use crate::wafv2::{Condition, CustomResponse, RuleArguments};

    fn problems(rules: Vec<RuleArguments<Home>>, of_group: bool) -> Vec<String> {
        let expr = IntoInput::<BlockSet<Rule>, Home>::into_expr(rules);
        let value = expr.evaluate(&|_| None).expect("no references");
        let inputs = Object::from([("rule".to_owned(), value)]);
        let mut rules = Rules::new(&inputs);
        rules_of(&mut rules, &inputs, of_group);
        rules.finish().into_iter().map(|p| format!("{} {}", p.path, p.message)).collect()
    }

    fn rule(name: &str, priority: i32) -> RuleArguments<Home> {
        let geo = Condition::geo(["DE"]);
        Rule::new(name, priority, geo, VisibilityConfig::metric(name)).action(Action::block())
    }

    #[test]
    fn rules_have_names_and_places_of_their_own() {
        assert_eq!(problems(vec![rule("a", 1), rule("b", 2)], false), [""; 0]);
        assert_eq!(
            problems(vec![rule("a", 1), rule("a", 2), rule("b", 1)], true),
            [
                "rule[1].name is that of `rule[0]` already",
                "rule[2].priority is that of `rule[0]` already",
            ]
        );
    }

    #[test]
    fn groups_take_another_argument_than_rules() {
        let managed = Statement::managed("AWS", "AWSManagedRulesCommonRuleSet");
        let group = Rule::new("group", 1, managed, VisibilityConfig::metric("group"));
        assert_eq!(
            problems(vec![group.clone().action(Action::count())], false),
            [
                "rule[0].override_action is required for the rules of a group",
                "rule[0].action cannot be given for the rules of a group: give `override_action`",
            ]
        );
        assert_eq!(problems(vec![group.override_action(OverrideAction::None)], false), [""; 0]);
        let rule = rule("a", 1).override_action(OverrideAction::Count);
        assert_eq!(
            problems(vec![rule], false),
            ["rule[0].override_action cannot be given for a rule of one's own: give `action`"]
        );
    }

    #[test]
    fn actions_answer_only_when_they_block_and_with_texts_that_there_are() {
        let response = CustomResponse::new(404).custom_response_body_key("no");
        let refused = rule("a", 1).action(Action::block().custom_response(&response));
        assert_eq!(
            problems(vec![refused], false),
            ["rule[0].action.custom_response.custom_response_body_key names `no`, of which there \
              is no `custom_response_body`"]
        );
        let counted = Action::count().custom_response(CustomResponse::new(404));
        assert_eq!(
            problems(vec![rule("a", 1).action(counted)], false),
            ["rule[0].action.custom_response cannot be given with the type `count`"]
        );
        // What is not known yet may have the text.
        let action = Action::block().custom_response(response);
        let action = IntoInput::<Action, Home>::into_expr(action).evaluate(&|_| None);
        let action = action.expect("no references");
        let inputs = Object::from([("custom_response_body".to_owned(), Value::Unknown)]);
        let mut rules = Rules::new(&inputs);
        answers(&mut rules, &inputs, "action", action.as_map().expect("a block"));
        assert_eq!(rules.finish(), []);
    }

    #[test]
    fn challenges_are_good_for_five_minutes_at_least() {
        let short = rule("a", 1).challenge_config(ImmunityConfig::seconds(60));
        assert_eq!(
            problems(vec![short], false),
            ["rule[0].challenge_config.immunity_time_property.immunity_time must be at least 300 \
              for challenges"]
        );
        let puzzle = rule("a", 1).captcha_config(ImmunityConfig::seconds(60));
        assert_eq!(problems(vec![puzzle], false), [""; 0]);
    }

    #[test]
    fn metrics_have_names_that_are_not_of_aws() {
        let watched = VisibilityConfig::metric("All");
        let all = Rule::new("a", 1, Condition::geo(["DE"]), watched).action(Action::block());
        assert_eq!(
            problems(vec![all], false),
            ["rule[0].visibility_config.metric_name is one of AWS's own: `All`, `Default_Action`"]
        );
    }
}
