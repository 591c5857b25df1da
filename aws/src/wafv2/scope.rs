//! What all objects of the service have: a scope, a name, a description.

use infra_sdk::Choice;

use crate::rules::{NameRule, Rules, wrong_length};

/// What objects are for. Those for CloudFront are in us-east-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum WafScope {
    /// Load balancers, APIs, user pools and other things of the region.
    #[choice("REGIONAL")]
    Regional,
    /// Distributions of CloudFront.
    #[choice("CLOUDFRONT")]
    Cloudfront,
}

/// Source: WAFV2 API Reference, the pattern of `Name`.
pub(super) const NAME: NameRule = NameRule {
    shortest: 1,
    longest: 128,
    allows: |c| c.is_ascii_alphanumeric() || "-_".contains(c),
    characters: "letters, digits, `-` and `_`",
};

/// Source: WAFV2 API Reference, VisibilityConfig, the pattern of `MetricName`.
pub(super) const METRIC: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii_alphanumeric() || "_#:.-/".contains(c),
    characters: "letters, digits and `_#:.-/`",
};

/// Name, prefix and description. Source: WAFV2 API Reference, the pattern of `Description`.
pub(super) fn named(rules: &mut Rules<'_>) {
    rules.names(&NAME);
    let Some(text) = rules.text("description") else { return };
    let known = |c: char| c.is_ascii_alphanumeric() || "_+=:#@/-,.".contains(c);
    let wrong = if let Some(wrong) = wrong_length(text, 3, 256) {
        wrong
    } else if let Some(odd) = text.chars().find(|c| !known(*c) && !c.is_ascii_whitespace()) {
        format!("must be made of letters, digits, spaces and `_+=:#@/-,.`, without `{odd}`")
    } else if text.trim() != text {
        "must not begin or end with a space".to_owned()
    } else {
        return;
    };
    rules.refuse("description", wrong);
}
