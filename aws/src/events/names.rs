//! Names of EventBridge, each a type of its own.

use infra_sdk::kind::{JSON, Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rules::NameRule;

/// Names of rules and ids of targets. Source: EventBridge API Reference, PutRule, Target.
pub(super) const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 64,
    allows: |c| c.is_ascii_alphanumeric() || "._-".contains(c),
    characters: "letters, digits, `.`, `_` and `-`",
};

/// Source: EventBridge API Reference, CreateEventBus.
const BUSES: NameRule = NameRule {
    shortest: 1,
    longest: 256,
    allows: |c| c.is_ascii_alphanumeric() || "/._-".contains(c),
    characters: "letters, digits, `/`, `.`, `_` and `-`",
};

text_types! {
    /// Names a rule.
    RuleName(RULE = Text {
        name: "rule name",
        check: |text| NAMES.check(text),
        canonical: as_written,
    });
    /// Names an event bus.
    EventBusName(BUS = Text {
        name: "event bus name",
        check: |text| BUSES.check(text),
        canonical: as_written,
    });
    /// JSON text that says which events a rule takes, compared as data.
    EventPattern(PATTERN = Text {
        name: "event pattern",
        check: check_pattern,
        canonical: |text| (JSON.canonical)(text),
    });
}

/// Source: EventBridge user guide, creating event patterns; quotas.
fn check_pattern(text: &str) -> Result<(), String> {
    (JSON.check)(text)?;
    if !text.trim_start().starts_with('{') {
        return Err("must be a JSON object".to_owned());
    }
    if text.len() > 4096 {
        return Err(format!("must have at most 4096 bytes, not {}", text.len()));
    }
    Ok(())
}

/// The bus that every account has.
pub(super) const DEFAULT_BUS: &str = "default";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_compared_as_data() {
        let same = |a: &str, b: &str| EventPattern::KIND.same(&Value::from(a), &Value::from(b));
        assert!(same(
            r#"{"source":["aws.ec2"],"a":[1]}"#,
            r#"{ "a": [1], "source": ["aws.ec2"] }"#
        ));
        assert!(!same(r#"{"source":["aws.ec2"]}"#, r#"{"source":["aws.ecs"]}"#));
        for wrong in ["[1]", "{", ""] {
            assert!(check_pattern(wrong).is_err(), "{wrong}");
        }
    }
}
