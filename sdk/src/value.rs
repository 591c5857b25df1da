//! Values: what an attribute holds once it has been evaluated.
//!
//! The main type is [`Value`]. It knows two things that JSON does not: a value can be *unknown*
//! until a call has been made, and it can be *sensitive*. Both spread: text made from an unknown
//! part is unknown, text made from a sensitive part is sensitive. `Debug` and `Display` never show
//! what a sensitive value holds.

use std::collections::BTreeMap;
use std::fmt;

/// The attributes of one resource or block, by name.
pub type Object = BTreeMap<String, Value>;

/// A value of an attribute.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    String(String),
    /// Values in order. Whether the order means something is the [`Kind`](crate::Kind)'s to say.
    List(Vec<Self>),
    /// Values by name.
    Map(Object),
    /// Known only after a call that has not been made yet.
    Unknown,
    /// A value that is never shown and never stored in clear. Never holds another `Sensitive`.
    Sensitive(Box<Self>),
}

impl Value {
    /// Marks a value as sensitive; marking twice is the same as once.
    #[must_use]
    pub fn sensitive(self) -> Self {
        match self {
            Self::Sensitive(_) => self,
            other => Self::Sensitive(Box::new(other)),
        }
    }

    /// Whether the value is absent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.reveal(), Self::Null)
    }

    /// Whether any part of the value is unknown.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Sensitive(inner) => inner.has_unknown(),
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Map(entries) => entries.values().any(Self::has_unknown),
            _ => false,
        }
    }

    /// Whether any part of the value is sensitive.
    #[must_use]
    pub fn has_sensitive(&self) -> bool {
        match self {
            Self::Sensitive(_) => true,
            Self::List(items) => items.iter().any(Self::has_sensitive),
            Self::Map(entries) => entries.values().any(Self::has_sensitive),
            _ => false,
        }
    }

    /// The value behind a sensitivity mark, or the value itself. Only code that hands a value to
    /// AWS, seals it, or compares it may call this.
    #[must_use]
    pub fn reveal(&self) -> &Self {
        match self {
            Self::Sensitive(inner) => inner,
            other => other,
        }
    }

    /// The whole tree without sensitivity marks, for the call that hands it to AWS.
    #[must_use]
    pub fn revealed(&self) -> Self {
        match self {
            Self::Sensitive(inner) => inner.revealed(),
            Self::List(items) => Self::List(items.iter().map(Self::revealed).collect()),
            Self::Map(entries) => Self::Map(
                entries.iter().map(|(name, value)| (name.clone(), value.revealed())).collect(),
            ),
            other => other.clone(),
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self.reveal() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.reveal() {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number, if this is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self.reveal() {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The items, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self.reveal() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if this is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&Object> {
        match self.reveal() {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// JSON of the value: unknown becomes `null`, and a sensitive value becomes `masked(value)`,
    /// so that a caller has to say what it wants to show of one.
    #[must_use]
    pub fn to_json(&self, masked: &dyn Fn(&Self) -> serde_json::Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null | Self::Unknown => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Float(value) => Json::from(*value),
            Self::String(text) => Json::String(text.clone()),
            Self::List(items) => Json::Array(items.iter().map(|i| i.to_json(masked)).collect()),
            Self::Map(entries) => Json::Object(
                entries.iter().map(|(name, v)| (name.clone(), v.to_json(masked))).collect(),
            ),
            Self::Sensitive(inner) => masked(inner),
        }
    }

    /// Reads plain JSON. Never yields unknown or sensitive values.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => number
                .as_i64()
                .map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Int),
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => Self::Map(
                entries.iter().map(|(name, v)| (name.clone(), Self::from_json(v))).collect(),
            ),
        }
    }

    /// What a person calls this shape, for messages.
    #[must_use]
    pub fn shape(&self) -> &'static str {
        match self.reveal() {
            Self::Null => "nothing",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::String(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Unknown | Self::Sensitive(_) => "a value known after apply",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(entries) => f.debug_map().entries(entries).finish(),
            Self::Unknown => f.write_str("(known after apply)"),
            Self::Sensitive(_) => f.write_str("(sensitive value)"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_what_a_sensitive_value_holds() {
        let value =
            Value::Map(Object::from([("password".into(), Value::from("hunter2").sensitive())]));
        assert_eq!(format!("{value:?}"), r#"{"password": (sensitive value)}"#);
    }

    #[test]
    fn marking_twice_is_marking_once() {
        let once = Value::from("x").sensitive();
        assert_eq!(once.clone().sensitive(), once);
    }

    #[test]
    fn json_round_trip_keeps_numbers_whole() {
        let json = serde_json::json!({"a": [1, 2.5, "x", null, true]});
        let value = Value::from_json(&json);
        assert_eq!(value.to_json(&|_| serde_json::Value::Null), json);
        assert_eq!(
            value.as_map().and_then(|m| m["a"].as_list()).map(|l| l[0].clone()),
            Some(Value::Int(1))
        );
    }
}
