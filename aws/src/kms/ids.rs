//! Ids of KMS objects, each a type of its own, and references to keys.

use infra_sdk::input::ValidIn;
use infra_sdk::kind::Text;
use infra_sdk::{Arn, DecodeError, Expr, FieldType, IntoInput, Kind, Output, Scope, Value};

use super::Key;

infra_sdk::id_types! {
    /// Identifies a key.
    KeyId("key id", "");
    /// Identifies an alias: its name.
    AliasName("alias name", "alias/");
}

/// A key by id or ARN, which mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRef(String);

static TEXT: Text = Text {
    name: "key id or ARN",
    check: |text| {
        let id = id_of(text);
        if !id.is_empty() && !id.contains([':', '/']) {
            return Ok(());
        }
        Err(format!("`{text}` is not a key: give the id or the ARN of a key, not of an alias"))
    },
    canonical: |text| id_of(text).to_owned(),
};

/// The id of a key that is given by id or ARN.
fn id_of(text: &str) -> &str {
    match text.split_once(":key/") {
        Some((start, id)) if start.starts_with("arn:") => id,
        _ => text,
    }
}

impl KeyRef {
    /// A key that this stack does not declare, by id or ARN.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        id_of(&self.0)
    }
}

impl FieldType for KeyRef {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for KeyRef {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<KeyRef, R> for KeyId {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<KeyRef, R> for Arn<Key> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<KeyRef, R> for Output<KeyId, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<KeyRef, R> for Output<Arn<Key>, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_by_id_and_by_arn() {
        let arn = "arn:aws:kms:us-west-2:123456789012:key/mrk-1";
        assert!(KeyRef::KIND.same(&Value::from(arn), &Value::from("mrk-1")));
        assert_eq!(KeyRef::new(arn).id(), "mrk-1");
        for wrong in ["alias/data", "arn:aws:kms:us-west-2:123456789012:alias/data", ""] {
            let mut problems = Vec::new();
            KeyRef::KIND.check("key", &Value::from(wrong), &mut problems);
            assert_eq!(problems.len(), 1, "{wrong}");
        }
    }
}
