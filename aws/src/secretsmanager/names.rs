//! Names of secrets, and the ids of their versions.

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rules::NameRule;

/// Source: Secrets Manager API Reference, CreateSecret.
pub(super) const NAME_RULE: NameRule = NameRule {
    shortest: 1,
    longest: 512,
    allows: |c| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c),
    characters: "letters, digits and `/_+=.@-`",
};

text_types! {
    /// Names a secret: `securenexus/production`.
    SecretName(NAME = Text {
        name: "secret name",
        check: |text| NAME_RULE.check(text),
        canonical: as_written,
    });
}
