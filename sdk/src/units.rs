//! Numbers with a unit, so that seconds are not given where days belong.

use std::fmt;

use crate::settings::{SettingNode, SettingType};
use crate::{DecodeError, Diagnostic, Expr, FieldType, IntoInput, IntoText, Kind, Scope, Value};

macro_rules! units {
    ($($(#[$doc:meta])* $name:ident($kind:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        /// The number without its unit, as AWS takes it.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FieldType for $name {
            const KIND: Kind = Kind::Int;

            fn to_value(&self) -> Value {
                self.0.to_value()
            }

            fn from_value(value: &Value) -> Result<Self, DecodeError> {
                u32::from_value(value).map(Self)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<R: Scope> IntoInput<$name, R> for $name {
            fn into_expr(self) -> Expr {
                Expr::Value(self.to_value())
            }
        }

        impl IntoText for $name {
            fn into_text(self) -> Expr {
                self.0.into_text()
            }
        }

        impl SettingType for $name {
            fn kind() -> String {
                $kind.to_owned()
            }

            fn read(
                path: &str,
                node: &SettingNode,
                problems: &mut Vec<Diagnostic>,
            ) -> Option<Self> {
                u32::read(path, node, problems).map(Self)
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

units! {
    /// A time in seconds.
    Seconds("a whole number of seconds");
    /// A time in days.
    Days("a whole number of days");
    /// A size in gibibytes.
    Gibibytes("a whole number of gibibytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_its_number_on_the_wire() {
        assert_eq!(Seconds(30).to_value(), Value::Int(30));
        assert_eq!(Seconds::from_value(&Value::Int(30)), Ok(Seconds(30)));
        assert!(Seconds::from_value(&Value::Int(-1)).is_err());
        let expr: Expr = IntoInput::<Days, crate::Home>::into_expr(Days(7));
        assert_eq!(expr, Expr::Value(Value::Int(7)));
        assert_eq!(Gibibytes(20).into_text(), Expr::Value(Value::from("20")));
    }
}
