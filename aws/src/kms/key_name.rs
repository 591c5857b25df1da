//! Keys where a service also takes an alias.

use infra_sdk::input::ValidIn;
use infra_sdk::kind::Text;
use infra_sdk::{Arn, DecodeError, Expr, FieldType, IntoInput, Kind, Output, Scope, Value};

use super::{AliasName, Key, KeyId};

/// A key by id, ARN, or alias: `alias/aws/sns` is the key that SNS makes. The id and the ARN of a
/// key mean the same; an alias may come to mean another key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

static TEXT: Text = Text {
    name: "key id, ARN or alias",
    check: |text| {
        let name = canonical(text);
        let id = name.strip_prefix("alias/").unwrap_or(&name);
        if id.is_empty() || id.contains(':') || (id == name && id.contains('/')) {
            return Err(format!("`{text}` is not a key: give an id, an ARN, or `alias/…`"));
        }
        Ok(())
    },
    canonical,
};

fn canonical(text: &str) -> String {
    let resource = text.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4));
    let resource = resource.unwrap_or(text);
    resource.strip_prefix("key/").unwrap_or(resource).to_owned()
}

impl KeyName {
    /// A key that this stack does not declare.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldType for KeyName {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for KeyName {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<KeyName, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

macro_rules! names {
    ($($name:ty),*) => {$(
        impl<R: Scope> IntoInput<KeyName, R> for $name {
            fn into_expr(self) -> Expr {
                Expr::Value(self.to_value())
            }
        }

        impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<KeyName, R> for Output<$name, S> {
            fn into_expr(self) -> Expr {
                self.expr().clone()
            }
        }
    )*};
}

names!(KeyId, Arn<Key>, AliasName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_given_by_id_arn_or_alias() {
        let same = |a: &str, b: &str| KeyName::KIND.same(&Value::from(a), &Value::from(b));
        let start = "arn:aws:kms:us-west-2:123456789012";
        assert!(same(&format!("{start}:key/mrk-1"), "mrk-1"));
        assert!(same(&format!("{start}:alias/aws/sns"), "alias/aws/sns"));
        assert!(!same("alias/a", "a"));
        let problems = |text: &str| {
            let mut problems = Vec::new();
            KeyName::KIND.check("key", &Value::from(text), &mut problems);
            problems.len()
        };
        for right in ["mrk-1", "alias/aws/sns", &format!("{start}:key/1")] {
            assert_eq!(problems(right), 0, "{right}");
        }
        for wrong in ["", "alias/", "aws/sns", "arn:aws:kms:1"] {
            assert_eq!(problems(wrong), 1, "{wrong}");
        }
    }
}
