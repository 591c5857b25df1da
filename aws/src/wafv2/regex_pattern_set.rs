//! A set of regular expressions, to be named in rules.
//!
//! API: CreateRegexPatternSet, GetRegexPatternSet, ListRegexPatternSets, UpdateRegexPatternSet,
//! DeleteRegexPatternSet, ListTagsForResource, TagResource, UntagResource.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, BlockSet, Object, Outputs, Resource, Tags};

use super::scope::named;
use super::{RegularExpression, WafScope};
use crate::rules::{Rules, wrong_length};

/// A set of regular expressions, to be named in rules.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_wafv2_regex_pattern_set",
    outputs = RegexPatternSetOutputs,
    validate = validate
)]
pub struct RegexPatternSet {
    /// What it is for. One for CloudFront has to be in us-east-1.
    #[field(force_new)]
    pub scope: WafScope,
    /// The expressions, ten at most by AWS's quota.
    pub regular_expression: BlockSet<RegularExpression>,
    /// Name, unique in its scope, at most 128 characters. Left out, one is made.
    #[field(force_new, computed)]
    pub name: Option<String>,
    /// Beginning of a name that is made.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// What it is for, 3 to 256 characters.
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

infra_sdk::id_types! {
    /// Identifies a set of regular expressions, as Terraform imports it: `id/name/scope`.
    RegexPatternSetId("regex pattern set id", "");
}

/// What AWS assigns to a [`RegexPatternSet`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RegexPatternSetOutputs {
    /// Id, name and scope: `id/name/scope`, which is also what Terraform imports by.
    pub id: RegexPatternSetId,
    /// The set's ARN.
    pub arn: Arn<RegexPatternSet>,
}

/// Source: WAFV2 API Reference, CreateRegexPatternSet, Regex.
fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    named(&mut rules);
    rules.blocks("regular_expression", |rules| {
        if let Some(wrong) = rules.text("regex_string").and_then(|text| wrong_length(text, 1, 512))
        {
            rules.refuse("regex_string", wrong);
        }
    });
    rules.finish()
}
