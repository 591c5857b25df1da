//! JSON of expressions and values between the two processes. Lossless: unknown and sensitive
//! values keep their marks. It is for the pipe only; the store and the plan have forms of their own.
//!
//! Plain values are plain JSON. What JSON has not is an object with one key that starts with `$`:
//! `$ref`, `$external`, `$call`, `$sensitive`, `$unknown`, and `$map` for a map that has such a key itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::{Address, Expr, External, Function, Reference, Value};

/// An expression inside a message. It becomes JSON, and comes from it, on the way: the JSON of all
/// expressions of a large stack, at once, would take several times their memory.
#[derive(Debug, Clone)]
pub struct WireExpr(pub Expr);

impl Serialize for WireExpr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        expr_to_json(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireExpr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        expr_from_json(&json).map(Self).map_err(serde::de::Error::custom)
    }
}

/// JSON of an expression.
#[must_use]
pub fn expr_to_json(expr: &Expr) -> Json {
    match expr {
        Expr::Value(value) => value_to_json(value),
        Expr::List(items) => Json::Array(items.iter().map(expr_to_json).collect()),
        Expr::Map(entries) => {
            object(entries.iter().map(|(name, item)| (name.clone(), expr_to_json(item))))
        }
        Expr::Reference(Reference { address, attribute }) => {
            json!({ "$ref": [address.as_str(), attribute] })
        }
        // Only where it comes from: the program never knows the value.
        Expr::External(External { stack, output }, _) => json!({ "$external": [stack, output] }),
        Expr::Call(function, arguments) => {
            let arguments: Vec<_> = arguments.iter().map(expr_to_json).collect();
            json!({ "$call": [function.name(), arguments] })
        }
    }
}

/// JSON of a value.
#[must_use]
pub fn value_to_json(value: &Value) -> Json {
    match value {
        Value::List(items) => Json::Array(items.iter().map(value_to_json).collect()),
        Value::Map(entries) => {
            object(entries.iter().map(|(name, item)| (name.clone(), value_to_json(item))))
        }
        Value::Unknown => json!({ "$unknown": true }),
        Value::Sensitive(inner) => json!({ "$sensitive": value_to_json(inner) }),
        plain => plain.to_json(&|_| Json::Null),
    }
}

fn object(entries: impl Iterator<Item = (String, Json)>) -> Json {
    let entries: serde_json::Map<_, _> = entries.collect();
    if entries.keys().any(|name| name.starts_with('$')) {
        json!({ "$map": entries })
    } else {
        Json::Object(entries)
    }
}

/// Reads an expression.
///
/// # Errors
/// With what is wrong, as a fragment.
pub fn expr_from_json(json: &Json) -> Result<Expr, String> {
    match json {
        Json::Array(items) => {
            let items = items.iter().map(expr_from_json).collect::<Result<Vec<_>, _>>()?;
            Ok(fold(items, Expr::List, Value::List))
        }
        Json::Object(entries) => match marker(entries)? {
            Some(("$ref", body)) => {
                let (address, attribute): (String, String) =
                    serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
                let address = Address::parse(&address).map_err(|error| error.to_string())?;
                Ok(Expr::Reference(Reference { address, attribute }))
            }
            Some(("$external", body)) => {
                let (stack, output): (String, String) =
                    serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
                Ok(Expr::External(External { stack, output }, Value::Unknown))
            }
            Some(("$call", body)) => {
                let (name, arguments): (String, Vec<Json>) =
                    serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
                let function =
                    Function::from_name(&name).ok_or_else(|| format!("no function `{name}`"))?;
                let arguments = arguments.iter().map(expr_from_json).collect::<Result<_, _>>()?;
                Ok(Expr::Call(function, arguments))
            }
            Some(("$map", Json::Object(entries))) => map(entries),
            Some(_) => value_from_json(json).map(Expr::Value),
            None => map(entries),
        },
        plain => Ok(Expr::Value(Value::from_json(plain))),
    }
}

fn map(entries: &serde_json::Map<String, Json>) -> Result<Expr, String> {
    let entries = entries
        .iter()
        .map(|(name, item)| Ok((name.clone(), expr_from_json(item)?)))
        .collect::<Result<BTreeMap<_, _>, String>>()?;
    if entries.values().all(|item| matches!(item, Expr::Value(_))) {
        let plain = entries.into_iter().filter_map(|(name, item)| match item {
            Expr::Value(value) => Some((name, value)),
            _ => None,
        });
        Ok(Expr::Value(Value::Map(plain.collect())))
    } else {
        Ok(Expr::Map(entries))
    }
}

/// A list of plain values is a plain value.
fn fold(items: Vec<Expr>, list: fn(Vec<Expr>) -> Expr, plain: fn(Vec<Value>) -> Value) -> Expr {
    if items.iter().all(|item| matches!(item, Expr::Value(_))) {
        let values = items.into_iter().filter_map(|item| match item {
            Expr::Value(value) => Some(value),
            _ => None,
        });
        Expr::Value(plain(values.collect()))
    } else {
        list(items)
    }
}

/// Reads a value.
///
/// # Errors
/// With what is wrong, as a fragment.
pub fn value_from_json(json: &Json) -> Result<Value, String> {
    match json {
        Json::Array(items) => {
            Ok(Value::List(items.iter().map(value_from_json).collect::<Result<_, _>>()?))
        }
        Json::Object(entries) => match marker(entries)? {
            Some(("$unknown", _)) => Ok(Value::Unknown),
            Some(("$sensitive", inner)) => Ok(value_from_json(inner)?.sensitive()),
            Some(("$map", Json::Object(entries))) => values(entries),
            Some((other, _)) => Err(format!("`{other}` is not a value")),
            None => values(entries),
        },
        plain => Ok(Value::from_json(plain)),
    }
}

fn values(entries: &serde_json::Map<String, Json>) -> Result<Value, String> {
    let read = |(name, item): (&String, &Json)| Ok((name.clone(), value_from_json(item)?));
    Ok(Value::Map(entries.iter().map(read).collect::<Result<_, String>>()?))
}

fn marker(entries: &serde_json::Map<String, Json>) -> Result<Option<(&str, &Json)>, String> {
    let mut marked = entries.iter().filter(|(name, _)| name.starts_with('$'));
    match (marked.next(), entries.len()) {
        (None, _) => Ok(None),
        (Some((name, body)), 1) => Ok(Some((name, body))),
        (Some((name, _)), _) => Err(format!("`{name}` must be the only key of its object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(expr: &Expr) {
        assert_eq!(expr_from_json(&expr_to_json(expr)).as_ref(), Ok(expr));
    }

    #[test]
    fn expressions_survive_the_pipe() {
        let reference = Expr::reference(&Address::parse("a.b").expect("valid"), "arn");
        round_trip(&reference);
        round_trip(&Expr::Call(
            Function::JsonEncode,
            vec![Expr::Map(BTreeMap::from([("$ref".to_owned(), reference.clone())]))],
        ));
        round_trip(&Expr::List(vec![Expr::Value(Value::from("s").sensitive()), reference]));
        round_trip(&Expr::Value(Value::Map([("$sensitive".to_owned(), Value::Int(1))].into())));
        round_trip(&Expr::Value(Value::Unknown));
        round_trip(&Expr::Value(Value::Float(1.0)));
        let external = External { stack: "network".to_owned(), output: "vpc_id".to_owned() };
        round_trip(&Expr::List(vec![Expr::External(external.clone(), Value::Unknown)]));
        let known = Expr::External(external, Value::from("hunter2").sensitive());
        assert!(!expr_to_json(&known).to_string().contains("hunter2"));
    }

    #[test]
    fn what_is_not_the_protocol_is_refused() {
        assert!(expr_from_json(&json!({"$call": ["nope", []]})).is_err());
        assert!(expr_from_json(&json!({"$ref": ["A", "b"]})).is_err());
        assert!(expr_from_json(&json!({"$ref": ["a", "b"], "x": 1})).is_err());
        assert!(expr_from_json(&json!({"$external": ["a"]})).is_err());
        assert!(value_from_json(&json!({"$ref": ["a", "b"]})).is_err());
    }
}
