//! Rust types as attribute types: how each becomes a [`Value`] and back, and what kind it has.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::{fmt, hash};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::kind::{JSON, TEXT, Text};
use crate::{Kind, Object, Value};

/// A Rust type that an attribute can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of an attribute",
    note = "use a type with `#[derive(Block)]` or `#[derive(Choice)]`, an id type, or a standard type"
)]
pub trait FieldType: Sized {
    /// Shape and meaning.
    const KIND: Kind;

    /// The value.
    fn to_value(&self) -> Value;

    /// Reads the value back. Null is what an absent attribute gives.
    ///
    /// # Errors
    /// When the value has another shape.
    fn from_value(value: &Value) -> Result<Self, DecodeError>;
}

/// A value that does not have the shape its type says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {message}")]
pub struct DecodeError {
    /// Path inside the resource.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl DecodeError {
    /// An error about the value itself; [`field`] adds the path.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    /// Puts a step before the path.
    #[must_use]
    pub fn under(mut self, step: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => step.to_owned(),
            rest if rest.starts_with('[') => format!("{step}{rest}"),
            rest => format!("{step}.{rest}"),
        };
        self
    }
}

/// Reads one named field.
///
/// # Errors
/// When it has another shape, or is absent and its type cannot be.
pub fn field<T: FieldType>(object: &Object, name: &str) -> Result<T, DecodeError> {
    T::from_value(object.get(name).unwrap_or(&Value::Null)).map_err(|error| error.under(name))
}

fn expected(kind: &str, value: &Value) -> DecodeError {
    DecodeError::new(format!("must be {kind}, not {}", value.shape()))
}

impl FieldType for bool {
    const KIND: Kind = Kind::Bool;

    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        value.as_bool().ok_or_else(|| expected("a truth value", value))
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl FieldType for $integer {
            const KIND: Kind = Kind::Int;

            fn to_value(&self) -> Value {
                Value::Int(i64::from(*self))
            }

            fn from_value(value: &Value) -> Result<Self, DecodeError> {
                let number = value.as_int().ok_or_else(|| expected("a whole number", value))?;
                Self::try_from(number).map_err(|_| DecodeError::new("is out of range"))
            }
        }
    )*};
}

integers!(i32, i64, u16, u32);

impl FieldType for f64 {
    const KIND: Kind = Kind::Float;

    fn to_value(&self) -> Value {
        Value::Float(*self)
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        match value.reveal() {
            Value::Float(number) => Ok(*number),
            #[expect(clippy::cast_precision_loss, reason = "AWS numbers are far below 2^52")]
            Value::Int(number) => Ok(*number as Self),
            other => Err(expected("a number", other)),
        }
    }
}

impl FieldType for String {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        value.as_str().map(str::to_owned).ok_or_else(|| expected("text", value))
    }
}

macro_rules! networks {
    ($($network:ty, $text:ident, $name:literal;)*) => {$(
        static $text: Text = Text {
            name: $name,
            check: |text| match text.parse::<$network>() {
                Ok(network) if network.trunc() != network => Err(format!(
                    "`{text}` has host bits set; the network is `{}`", network.trunc()
                )),
                Ok(_) => Ok(()),
                Err(_) => Err(format!("`{text}` is not a valid {}", $name)),
            },
            canonical: |text| text
                .parse::<$network>()
                .map_or_else(|_| text.to_owned(), |network| network.to_string()),
        };

        impl FieldType for $network {
            const KIND: Kind = Kind::Text(&$text);

            fn to_value(&self) -> Value {
                Value::String(self.to_string())
            }

            fn from_value(value: &Value) -> Result<Self, DecodeError> {
                let text = value.as_str().ok_or_else(|| expected($name, value))?;
                text.parse().map_err(|_| DecodeError::new(concat!("is not a valid ", $name)))
            }
        }
    )*};
}

networks! {
    Ipv4Net, IPV4, "IPv4 CIDR";
    Ipv6Net, IPV6, "IPv6 CIDR";
    IpNet, IP, "CIDR";
}

impl<T: FieldType> FieldType for Option<T> {
    const KIND: Kind = T::KIND;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

fn items<'a>(value: &'a Value, kind: &str) -> Result<&'a [Value], DecodeError> {
    match value.reveal() {
        Value::Null => Ok(&[]),
        other => other.as_list().ok_or_else(|| expected(kind, other)),
    }
}

impl<T: FieldType> FieldType for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);

    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        let read =
            |(index, item)| T::from_value(item).map_err(|error| error.under(&format!("[{index}]")));
        items(value, "a list")?.iter().enumerate().map(read).collect()
    }
}

impl<T: FieldType + Ord> FieldType for BTreeSet<T> {
    const KIND: Kind = Kind::Set(&T::KIND);

    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        items(value, "a set")?.iter().map(T::from_value).collect()
    }
}

impl<T: FieldType> FieldType for BTreeMap<String, T> {
    const KIND: Kind = Kind::Map(&T::KIND);

    fn to_value(&self) -> Value {
        Value::Map(self.iter().map(|(name, item)| (name.clone(), item.to_value())).collect())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        match value.reveal() {
            Value::Null => Ok(Self::new()),
            Value::Map(entries) => entries
                .iter()
                .map(|(name, item)| {
                    Ok((name.clone(), T::from_value(item).map_err(|error| error.under(name))?))
                })
                .collect(),
            other => Err(expected("a map", other)),
        }
    }
}

/// Members of a set that are blocks: unordered, compared by meaning. In a definition
/// `BlockSet<Rule>` says that AWS does not keep the order of the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockSet<T>(pub Vec<T>);

impl<T> Default for BlockSet<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: FieldType> FieldType for BlockSet<T> {
    const KIND: Kind = Kind::Set(&T::KIND);

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        Vec::from_value(value).map(Self)
    }
}

/// The tags of a resource. The provider's frame sends, reads and compares them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(pub BTreeMap<String, String>);

impl FieldType for Tags {
    const KIND: Kind = Kind::Tags;

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        BTreeMap::from_value(value).map(Self)
    }
}

/// JSON text, compared as data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Json(pub String);

impl FieldType for Json {
    const KIND: Kind = Kind::Text(&JSON);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

/// An Amazon Resource Name of a `T`: `arn:aws:kms:us-west-2:…:key/…` is an `Arn<Key>`.
pub struct Arn<T>(String, PhantomData<fn() -> T>);

static ARN: Text = Text {
    name: "ARN",
    check: |text| {
        let parts = text.splitn(6, ':').collect::<Vec<_>>();
        if parts.len() == 6 && parts[0] == "arn" && !parts[1].is_empty() && !parts[5].is_empty() {
            Ok(())
        } else {
            Err(format!("`{text}` is not an ARN: `arn:partition:service:region:account:resource`"))
        }
    },
    canonical: crate::kind::as_written,
};

impl<T> Arn<T> {
    /// An ARN of something that this stack does not declare.
    #[must_use]
    pub fn new(arn: impl Into<String>) -> Self {
        Self(arn.into(), PhantomData)
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T> FieldType for Arn<T> {
    const KIND: Kind = Kind::Text(&ARN);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self::new)
    }
}

impl<T> Clone for Arn<T> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<T> fmt::Debug for Arn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T> fmt::Display for Arn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T> PartialEq for Arn<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Arn<T> {}

impl<T> PartialOrd for Arn<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Arn<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> hash::Hash for Arn<T> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Defines newtypes for ids, each with the noun people use and the prefix that AWS gives it.
///
/// ```
/// infra_sdk::id_types! {
///     /// Identifies a VPC.
///     VpcId("VPC id", "vpc-");
/// }
/// assert_eq!(VpcId::new("vpc-1").as_str(), "vpc-1");
/// ```
#[macro_export]
macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident($noun:literal, $prefix:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
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

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::FieldType for $name {
            const KIND: $crate::Kind = {
                static TEXT: $crate::kind::Text = $crate::kind::Text {
                    name: $noun,
                    check: |text| {
                        if text.starts_with($prefix) && text.len() > $prefix.len() {
                            Ok(())
                        } else {
                            Err(format!(concat!("`{}` is not a ", $noun, ": it must start with `", $prefix, "`"), text))
                        }
                    },
                    canonical: $crate::kind::as_written,
                };
                $crate::Kind::Text(&TEXT)
            };

            fn to_value(&self) -> $crate::Value {
                $crate::Value::String(self.0.clone())
            }

            fn from_value(value: &$crate::Value) -> ::std::result::Result<Self, $crate::DecodeError> {
                <String as $crate::FieldType>::from_value(value).map(Self)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<R: $crate::Scope> $crate::IntoInput<$name, R> for $name {
            fn into_expr(self) -> $crate::Expr {
                $crate::Expr::Value($crate::FieldType::to_value(&self))
            }
        }

        impl $crate::IntoText for $name {
            fn into_text(self) -> $crate::Expr {
                $crate::Expr::Value($crate::FieldType::to_value(&self))
            }
        }
    )*};
}

/// The partition of a region. Source: AWS General Reference, ARN format.
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("eu-isoe-") => "aws-iso-e",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("us-isof-") => "aws-iso-f",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_checked_with_the_network_named() {
        let mut problems = Vec::new();
        Ipv4Net::KIND.check("cidr_block", &Value::from("10.0.0.1/16"), &mut problems);
        assert_eq!(
            problems[0].message,
            "`10.0.0.1/16` has host bits set; the network is `10.0.0.0/16`"
        );
        problems.clear();
        Ipv4Net::KIND.check("cidr_block", &Value::from("10.0.0.0/33"), &mut problems);
        assert_eq!(problems[0].message, "`10.0.0.0/33` is not a valid IPv4 CIDR");
    }

    #[test]
    fn decode_errors_carry_the_whole_path() {
        let object =
            Object::from([("rule".into(), Value::List(vec![Value::Int(1), Value::from("x")]))]);
        let error = field::<Vec<i64>>(&object, "rule").expect_err("text is no number");
        assert_eq!(error.to_string(), "`rule[1]` must be a whole number, not text");
    }
}
