//! Where messages of a topic go: the ARN of a queue or function, or an address.

use infra_sdk::input::ValidIn;
use infra_sdk::{Arn, DecodeError, Expr, FieldType, IntoInput, Kind, Output, Scope, Value};

use crate::AnyArn;

/// Where messages go: an ARN, a URL, an e-mail address, or a telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// An endpoint that this stack does not declare.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self(endpoint.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldType for Endpoint {
    const KIND: Kind = <String as FieldType>::KIND;

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for Endpoint {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<Endpoint, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

impl<R: Scope> IntoInput<Endpoint, R> for String {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::String(self))
    }
}

impl<R: Scope> IntoInput<Endpoint, R> for AnyArn {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<T, R: Scope> IntoInput<Endpoint, R> for Arn<T> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

/// The ARN of a declared queue or function. SNS also sends to other regions.
impl<T, R: Scope, S: Scope + ValidIn<R>> IntoInput<Endpoint, R> for Output<Arn<T>, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

/// Text made with `text!`, such as a URL with a host name in it.
impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<Endpoint, R> for Output<String, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}
