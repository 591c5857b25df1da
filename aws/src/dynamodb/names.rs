//! Names of tables, a type of their own.

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rules::NameRule;

/// Names of tables and of indexes. Source: DynamoDB developer guide, naming rules.
pub(super) const NAMES: NameRule = NameRule {
    shortest: 3,
    longest: 255,
    allows: |c| c.is_ascii_alphanumeric() || "_.-".contains(c),
    characters: "letters, digits and `_.-`",
};

text_types! {
    /// Names a table.
    TableName(TABLE = Text {
        name: "table name",
        check: |text| NAMES.check(text),
        canonical: as_written,
    });
}
