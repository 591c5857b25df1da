//! Names of load balancers and target groups.

use crate::rules::{NameRule, Rules};

/// Source: Elastic Load Balancing API Reference, CreateLoadBalancer and CreateTargetGroup.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 32,
    allows: |c| c.is_ascii_alphanumeric() || c == '-',
    characters: "letters, digits and hyphens",
};

/// `name` and `name_prefix`, of which a prefix has at most six characters.
pub(super) fn names(rules: &mut Rules<'_>) {
    rules.names(&NAMES);
    rules.names_not_from("-", "which is for the middle of names");
    if rules.text("name").is_some_and(|name| name.ends_with('-')) {
        rules.refuse("name", "must not end with `-`");
    }
}
