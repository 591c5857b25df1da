//! The image of instances.

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, Kind, Scope, Value};

/// An Amazon machine image: its id, or `resolve:ssm:` and the parameter that has the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(String);

static TEXT: Text = Text {
    name: "AMI id",
    check: |text| {
        let starts = ["ami-", "resolve:ssm:"];
        if starts.iter().any(|start| text.len() > start.len() && text.starts_with(start)) {
            return Ok(());
        }
        Err(format!("`{text}` is not an AMI id: it must start with `ami-` or `resolve:ssm:`"))
    },
    canonical: as_written,
};

impl ImageId {
    /// The image of this id, or of this parameter: `resolve:ssm:/images/web`.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ImageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FieldType for ImageId {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for ImageId {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}
