//! The id of a gateway at the edge of a VPC, where AWS takes either kind.

use infra_sdk::input::ValidIn;
use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, Kind, Output, Scope, Value};

use super::{InternetGatewayId, VpnGatewayId};

/// An internet gateway, a virtual private gateway, or `local`: the VPC itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayId(String);

/// AWS's word for the VPC itself as the target of a route.
pub(super) const LOCAL: &str = "local";

impl GatewayId {
    /// The id of something that this stack does not declare.
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

impl std::fmt::Display for GatewayId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

static TEXT: Text = Text {
    name: "gateway id",
    check: |text| {
        if text == LOCAL || text.starts_with("igw-") || text.starts_with("vgw-") {
            return Ok(());
        }
        Err(format!("`{text}` is not a gateway id: it must start with `igw-` or `vgw-`"))
    },
    canonical: as_written,
};

impl FieldType for GatewayId {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for GatewayId {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

macro_rules! gateways {
    ($($id:ty),*) => {$(
        impl<R: Scope> IntoInput<GatewayId, R> for $id {
            fn into_expr(self) -> Expr {
                Expr::Value(self.to_value())
            }
        }

        impl<R, S: Scope + ValidIn<R>> IntoInput<GatewayId, R> for Output<$id, S> {
            fn into_expr(self) -> Expr {
                self.expr().clone()
            }
        }
    )*};
}

gateways!(InternetGatewayId, VpnGatewayId);
