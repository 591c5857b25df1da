//! Names in DNS, compared as DNS does: without case, and without the dot at the end.

use infra_sdk::kind::Text;
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;

text_types! {
    /// A domain name.
    DomainName(DOMAIN_NAME = Text { name: "domain name", check, canonical });
}

/// Source: Route 53 developer guide, DNS domain name format.
fn check(text: &str) -> Result<(), String> {
    let name = text.trim_end_matches('.');
    if name.is_empty() || name.len() > 253 {
        return Err(format!("`{text}` must have 1 to 253 characters"));
    }
    if name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(format!("`{text}` must be made of labels of 1 to 63 characters"));
    }
    Ok(())
}

/// The form that all texts of the same name share. Route 53 shows `*` by its code.
pub(super) fn canonical(text: &str) -> String {
    text.trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_with_a_dot_and_in_capitals() {
        let same = |a: &str, b: &str| DomainName::KIND.same(&Value::from(a), &Value::from(b));
        assert!(same("Example.com.", "example.com"));
        assert!(same("\\052.example.com", "*.example.com"));
        assert!(!same("a.example.com", "example.com"));
        for wrong in ["", "a..b", &"x".repeat(64)] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
