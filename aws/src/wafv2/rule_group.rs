//! A group of rules, to be named in web ACLs. How much its rules may take is settled when it is
//! made.
//!
//! API: CreateRuleGroup, GetRuleGroup, ListRuleGroups, UpdateRuleGroup, DeleteRuleGroup,
//! ListTagsForResource, TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, BlockSet, Object, Outputs, Resource, Tags};

use super::action::bodies;
use super::rule::{rules_of, visibility};
use super::scope::named;
use super::{CustomResponseBody, Rule, VisibilityConfig, WafScope};
use crate::rules::Rules;

/// A group of rules, to be named in web ACLs.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_wafv2_rule_group", outputs = RuleGroupOutputs, validate = validate)]
pub struct RuleGroup {
    /// What it is for. One for CloudFront has to be in us-east-1.
    #[field(force_new)]
    pub scope: WafScope,
    /// Capacity units (WCU) that its rules may take.
    #[field(force_new, range = 1..=5000)]
    pub capacity: i64,
    /// What its metric is called, and whether requests are kept to look at.
    pub visibility_config: VisibilityConfig,
    /// Name, unique in its scope, at most 128 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, 3 to 256 characters.
    pub description: Option<String>,
    /// The rules. None of them is a group.
    pub rule: BlockSet<Rule>,
    /// Texts that its actions answer with.
    pub custom_response_body: BlockSet<CustomResponseBody>,
    /// Tags.
    pub tags: Tags,
}

infra_sdk::id_types! {
    /// Identifies a group of rules, as Terraform imports it: `id/name/scope`.
    RuleGroupId("rule group id", "");
}

/// What AWS assigns to a [`RuleGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RuleGroupOutputs {
    /// Id, name and scope: `id/name/scope`, which is also what Terraform imports by.
    pub id: RuleGroupId,
    /// The group's ARN.
    pub arn: Arn<RuleGroup>,
    /// What stands before the labels of its rules.
    pub label_namespace: Option<String>,
}

/// Source: WAFV2 API Reference, CreateRuleGroup.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    named(&mut rules);
    bodies(&mut rules);
    visibility(&mut rules);
    rules_of(&mut rules, inputs, true);
    rules.finish()
}
