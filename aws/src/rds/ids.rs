//! Names and ids of RDS objects, each a type of its own, and references to instances.
//!
//! RDS keeps names in lower case, so names that differ only in case are the same.

use infra_sdk::input::ValidIn;
use infra_sdk::kind::Text;
use infra_sdk::{
    Arn, DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value,
};

use crate::iam::names::text_types;
use crate::rules::wrong_length;

text_types! {
    /// Names a DB subnet group.
    SubnetGroupName(SUBNET_GROUP = name("DB subnet group name"));
    /// Names a DB parameter group.
    ParameterGroupName(PARAMETER_GROUP = name("DB parameter group name"));
    /// Names a DB cluster parameter group.
    ClusterParameterGroupName(CLUSTER_PARAMETER_GROUP = name("DB cluster parameter group name"));
    /// Names an option group.
    OptionGroupName(OPTION_GROUP = name("option group name"));
    /// Names a DB instance.
    InstanceIdentifier(INSTANCE = name("DB instance identifier"));
    /// Names a DB cluster.
    ClusterIdentifier(CLUSTER = name("DB cluster identifier"));
    /// Names an event subscription.
    EventSubscriptionName(SUBSCRIPTION = name("event subscription name"));
}

infra_sdk::id_types! {
    /// Identifies a DB instance for as long as it exists, also when it is renamed.
    InstanceId("DB instance resource id", "db-");
}

/// What RDS has names for. Groups that AWS makes have names that one cannot give, with a colon.
const fn name(of: &'static str) -> Text {
    Text {
        name: of,
        check: |text| wrong_length(text, 1, 255).map_or(Ok(()), Err),
        canonical: str::to_ascii_lowercase,
    }
}

/// A DB instance by its identifier, or by its ARN where it is in another region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRef(String);

static INSTANCE_REF: Text = Text {
    name: "DB instance identifier or ARN",
    check: |text| {
        let identifier = identifier_of(text);
        if !identifier.is_empty() && !identifier.contains(':') {
            return Ok(());
        }
        Err(format!("`{text}` is not a DB instance: give its identifier or its ARN"))
    },
    // RDS shows a source in the same region by identifier, whatever was given.
    canonical: |text| identifier_of(text).to_ascii_lowercase(),
};

/// The identifier of an instance that is given by identifier or ARN.
fn identifier_of(text: &str) -> &str {
    match text.split_once(":db:") {
        Some((start, identifier)) if start.starts_with("arn:") => identifier,
        _ => text,
    }
}

impl InstanceRef {
    /// An instance that this stack does not declare, by identifier or ARN.
    #[must_use]
    pub fn new(instance: impl Into<String>) -> Self {
        Self(instance.into())
    }

    /// The instance as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldType for InstanceRef {
    const KIND: Kind = Kind::Text(&INSTANCE_REF);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for InstanceRef {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<InstanceRef, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

impl<R: Scope> IntoInput<InstanceRef, R> for String {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::String(self))
    }
}

impl<R: Scope> IntoInput<InstanceRef, R> for InstanceIdentifier {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<InstanceRef, R> for Arn<super::Instance> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<InstanceRef, R> for Output<InstanceIdentifier, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

// An ARN names its region.
impl<R: Scope, S: Scope> IntoInput<InstanceRef, R> for Output<Arn<super::Instance>, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_whatever_their_case() {
        let same = |a: &str, b: &str| SubnetGroupName::KIND.same(&Value::from(a), &Value::from(b));
        assert!(same("Data", "data"));
        assert!(!same("data", "date"));
    }

    #[test]
    fn an_instance_is_the_same_by_identifier_and_by_arn() {
        let arn = "arn:aws:rds:us-west-2:123456789012:db:main";
        assert!(InstanceRef::KIND.same(&Value::from(arn), &Value::from("main")));
        for wrong in ["arn:aws:rds:us-west-2:123456789012:cluster:main", ""] {
            let mut problems = Vec::new();
            InstanceRef::KIND.check("source", &Value::from(wrong), &mut problems);
            assert_eq!(problems.len(), 1, "{wrong}");
        }
    }
}
