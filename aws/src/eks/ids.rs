//! Names and ids of EKS objects, each a type of its own.

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rules::NameRule;

text_types! {
    /// Names a cluster.
    ClusterName(CLUSTER = Text {
        name: "cluster name",
        check: |text| named(text, &CLUSTER_NAMES),
        canonical: as_written,
    });
    /// Names a node group of a cluster.
    NodeGroupName(NODE_GROUP = Text {
        name: "node group name",
        check: |text| named(text, &NODE_GROUP_NAMES),
        canonical: as_written,
    });
}

/// Source: EKS API Reference, CreateCluster.
pub(super) const CLUSTER_NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 100,
    allows: is_name_character,
    characters: "letters, digits, hyphens and underscores",
};

/// Source: EKS API Reference, CreateNodegroup.
pub(super) const NODE_GROUP_NAMES: NameRule = NameRule { longest: 63, ..CLUSTER_NAMES };

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn named(text: &str, rule: &NameRule) -> Result<(), String> {
    rule.check(text)?;
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format!("`{text}` must start with a letter or a digit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_start_with_a_letter_or_a_digit() {
        let check = |text: &str| named(text, &CLUSTER_NAMES).is_ok();
        assert!(check("archon-staging_1"));
        assert!(!check("-archon"));
        assert!(!check("archon.staging"));
        assert!(!check(""));
        assert!(check(&"x".repeat(100)) && !check(&"x".repeat(101)));
    }
}
