//! Names of Lambda, and references to functions.

use infra_sdk::input::ValidIn;
use infra_sdk::kind::{Text, as_written};
use infra_sdk::{
    Arn, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value,
};

use super::Function;
use crate::iam::names::text_types;
use crate::rules::NameRule;

/// Source: Lambda API Reference, CreateFunction.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 64,
    allows: |c| c.is_ascii_alphanumeric() || "-_".contains(c),
    characters: "letters, digits, `-` and `_`",
};

text_types! {
    /// Names a function.
    FunctionName(NAME = Text {
        name: "function name",
        check: |text| NAMES.check(text),
        canonical: as_written,
    });
    /// Who may invoke a function: a service, an account, a role or user by ARN, or `*`.
    Invoker(INVOKER = Text {
        name: "principal",
        check: |text| if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(()) },
        canonical: |text| account_of(text).to_owned(),
    });
}

/// The account of `arn:aws:iam::ACCOUNT:root`, which means the same as its number.
fn account_of(text: &str) -> &str {
    let account = text.strip_suffix(":root").and_then(|text| text.rsplit_once("::"));
    match account {
        Some((start, account)) if start.starts_with("arn:") => account,
        _ => text,
    }
}

/// A function by name or ARN, which mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRef(String);

static TEXT: Text = Text {
    name: "function name or ARN",
    check: |text| NAMES.check(name_of(text)),
    canonical: |text| name_of(text).to_owned(),
};

/// The name of a function that is given by name or ARN, without a qualifier.
fn name_of(text: &str) -> &str {
    match text.split_once(":function:") {
        Some((start, name)) if start.starts_with("arn:") => {
            name.split_once(':').map_or(name, |(name, _)| name)
        }
        _ => text,
    }
}

impl FunctionRef {
    /// A function that this stack does not declare, by name or ARN.
    #[must_use]
    pub fn new(function: impl Into<String>) -> Self {
        Self(function.into())
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.0)
    }
}

impl FieldType for FunctionRef {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for FunctionRef {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<FunctionRef, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

impl<R: Scope> IntoInput<FunctionRef, R> for FunctionName {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<FunctionRef, R> for Arn<Function> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<FunctionRef, R> for Output<FunctionName, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<FunctionRef, R> for Output<Arn<Function>, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_the_same_by_name_and_by_arn() {
        let arn = "arn:aws:lambda:us-west-2:123456789012:function:resize";
        assert!(FunctionRef::KIND.same(&Value::from(arn), &Value::from("resize")));
        assert_eq!(FunctionRef::new(format!("{arn}:live")).name(), "resize");
        let mut problems = Vec::new();
        FunctionRef::KIND.check("function_name", &Value::from("re size"), &mut problems);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn an_account_is_the_same_by_number_and_by_arn() {
        let same = |a: &str, b: &str| Invoker::KIND.same(&Value::from(a), &Value::from(b));
        assert!(same("123456789012", "arn:aws:iam::123456789012:root"));
        assert!(!same("123456789012", "arn:aws:iam::123456789012:role/root"));
        assert!(same("events.amazonaws.com", "events.amazonaws.com"));
    }
}
