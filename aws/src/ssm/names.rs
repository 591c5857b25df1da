//! Names of parameters.

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rules::NameRule;

/// Source: Systems Manager API Reference, PutParameter.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 1011,
    allows: |c| c.is_ascii_alphanumeric() || "_.-/".contains(c),
    characters: "letters, digits and `_.-/`",
};
/// The most levels of a path.
const DEEPEST: usize = 15;

text_types! {
    /// Names a parameter: `/archon/production/url`.
    ParameterName(NAME = Text { name: "parameter name", check, canonical: as_written });
}

fn check(text: &str) -> Result<(), String> {
    NAMES.check(text)?;
    if text.contains('/') && !text.starts_with('/') {
        return Err(format!("must begin with `/`, as a path does: `/{text}`"));
    }
    if text.matches('/').count() > DEEPEST {
        return Err(format!("must have at most {DEEPEST} levels"));
    }
    let first = text.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err("must not begin with `aws` or `ssm`, which are AWS's".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_are_paths_or_plain() {
        for right in ["/archon/production/url", "url", "a.b-c_d"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        let deep = "/a".repeat(16);
        for wrong in ["archon/url", "/aws/x", "ssm-x", "a b", "", deep.as_str()] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
