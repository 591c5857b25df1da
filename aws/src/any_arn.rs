//! An ARN where AWS takes objects of several types. Everywhere else an argument is an `Arn<T>`.

use infra_sdk::input::ValidIn;
use infra_sdk::{Arn, DecodeError, Expr, FieldType, IntoInput, Kind, Output, Scope, Value};

/// An ARN of an object of any type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyArn(String);

impl AnyArn {
    /// The ARN of something that this stack does not declare.
    #[must_use]
    pub fn new(arn: impl Into<String>) -> Self {
        Self(arn.into())
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for AnyArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldType for AnyArn {
    const KIND: Kind = <Arn<()> as FieldType>::KIND;

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for AnyArn {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<T, R: Scope> IntoInput<AnyArn, R> for Arn<T> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<T, R, S: Scope + ValidIn<R>> IntoInput<AnyArn, R> for Output<Arn<T>, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

/// Text made of an ARN, such as `text!(bucket.arn(), "/logs/")`.
impl<R, S: Scope + ValidIn<R>> IntoInput<AnyArn, R> for Output<String, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}
