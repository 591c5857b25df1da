//! JSON of values on a disk: lossless, and without a sensitive value in clear.
//!
//! Plain values are plain JSON. What JSON has not is an object with one key that starts with `$`:
//! `$sealed`, `$unknown`, `$float` for numbers that JSON cannot write, and `$map` for a map that has
//! such a key itself. Inside of a sealed text, `$sensitive` marks what was sensitive within.

use std::collections::BTreeMap;

use infra_sdk::store::StoreError;
use infra_sdk::{Object, Value};
use serde_json::{Map, Value as Json, json};
use zeroize::Zeroizing;

use crate::record::to_body;
use crate::seal::SealingKey;

/// Attributes of a wire struct.
pub(crate) type Attributes = BTreeMap<String, Json>;

/// Seals and unseals the values of one record: knows where each stands.
pub(crate) struct Sealer<'a> {
    key: &'a SealingKey,
    /// Lineage of the state, kind of the thing, and its name.
    thing: [&'a str; 3],
}

/// Where a value stands within the values around it. Most values are not sensitive, so it costs
/// nothing until it is written down.
#[derive(Clone, Copy)]
struct Place<'a> {
    around: Option<&'a Self>,
    part: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    fn at(part: &'a str) -> Self {
        Self { around: None, part: Part::Name(part) }
    }

    fn within(&'a self, part: Part<'a>) -> Self {
        Self { around: Some(self), part }
    }

    /// The parts, from the outermost on.
    fn parts(&self) -> Vec<String> {
        let around = std::iter::successors(Some(self), |place| place.around);
        let mut parts: Vec<_> = around
            .map(|place| match place.part {
                Part::Name(name) => name.to_owned(),
                Part::Index(index) => index.to_string(),
            })
            .collect();
        parts.reverse();
        parts
    }
}

impl<'a> Sealer<'a> {
    /// For the values of one thing: a kind (`record`, `intent`, `output`, `lookup`) and its name.
    pub(crate) fn new(key: &'a SealingKey, lineage: &'a str, kind: &'a str, name: &'a str) -> Self {
        Self { key, thing: [lineage, kind, name] }
    }

    /// JSON of named values; `part` names the attribute that holds them, such as `inputs`.
    pub(crate) fn object(&self, part: &str, object: &Object) -> Result<Attributes, StoreError> {
        let place = Place::at(part);
        let entries = object.iter();
        let entries = entries.map(|(name, value)| {
            Ok((name.clone(), self.json(place.within(Part::Name(name)), value)?))
        });
        entries.collect()
    }

    /// JSON of one value.
    pub(crate) fn value(&self, part: &str, value: &Value) -> Result<Json, StoreError> {
        self.json(Place::at(part), value)
    }

    fn json(&self, place: Place<'_>, value: &Value) -> Result<Json, StoreError> {
        match value {
            Value::List(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| self.json(place.within(Part::Index(index)), item))
                    .collect()
            }
            Value::Map(entries) => {
                let entries = entries.iter().map(|(name, item)| {
                    Ok((name.clone(), self.json(place.within(Part::Name(name)), item)?))
                });
                Ok(map_to_json(entries.collect::<Result<_, StoreError>>()?))
            }
            Value::Sensitive(inner) => {
                let plain = Zeroizing::new(clear_json(inner).to_string());
                let sealed = self.key.seal(&self.associated_data(place)?, plain.as_bytes())?;
                Ok(json!({ "$sealed": sealed }))
            }
            plain => Ok(plain_json(plain)),
        }
    }

    /// Reads what [`Sealer::object`] wrote for the same part.
    ///
    /// # Errors
    /// With what is wrong, as a fragment that shows no value.
    pub(crate) fn read_object(&self, part: &str, json: &Attributes) -> Result<Object, String> {
        self.read_entries(Place::at(part), json.iter())
    }

    /// Reads what [`Sealer::value`] wrote for the same part.
    ///
    /// # Errors
    /// As [`Sealer::read_object`].
    pub(crate) fn read_value(&self, part: &str, json: &Json) -> Result<Value, String> {
        self.read(Place::at(part), json)
    }

    fn read(&self, place: Place<'_>, json: &Json) -> Result<Value, String> {
        match json {
            Json::Array(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.map(|(index, item)| self.read(place.within(Part::Index(index)), item));
                Ok(Value::List(items.collect::<Result<_, _>>()?))
            }
            Json::Object(entries) => match marker(entries)? {
                Some(("$sealed", Json::String(text))) => {
                    let associated = self.associated_data(place).map_err(|e| e.to_string())?;
                    let plain = self.key.unseal(&associated, text)?;
                    // The parser's own message could quote the value.
                    let json = serde_json::from_slice(&plain)
                        .map_err(|_| "a sealed value does not hold JSON".to_owned())?;
                    Ok(read_clear(&json)?.sensitive())
                }
                Some(("$map", Json::Object(entries))) => {
                    Ok(Value::Map(self.read_entries(place, entries.iter())?))
                }
                Some(marked) => read_marked(marked),
                None => Ok(Value::Map(self.read_entries(place, entries.iter())?)),
            },
            plain => Ok(Value::from_json(plain)),
        }
    }

    fn read_entries<'e>(
        &self,
        place: Place<'_>,
        entries: impl Iterator<Item = (&'e String, &'e Json)>,
    ) -> Result<Object, String> {
        entries
            .map(|(name, item)| {
                Ok((name.clone(), self.read(place.within(Part::Name(name)), item)?))
            })
            .collect()
    }

    /// Where the value stands, written so that no two places look the same.
    fn associated_data(&self, place: Place<'_>) -> Result<Vec<u8>, StoreError> {
        let [lineage, kind, name] = self.thing;
        let mut parts = vec!["infra-seal-1", lineage, kind, name];
        let within = place.parts();
        parts.extend(within.iter().map(String::as_str));
        to_body(&parts)
    }
}

/// JSON of a value that is about to be sealed as a whole.
fn clear_json(value: &Value) -> Json {
    match value {
        Value::List(items) => items.iter().map(clear_json).collect(),
        Value::Map(entries) => {
            map_to_json(entries.iter().map(|(name, v)| (name.clone(), clear_json(v))).collect())
        }
        Value::Sensitive(inner) => json!({ "$sensitive": clear_json(inner) }),
        plain => plain_json(plain),
    }
}

fn read_clear(json: &Json) -> Result<Value, String> {
    let read_map = |entries: &Map<String, Json>| {
        let entries = entries.iter();
        let entries = entries.map(|(name, item)| Ok((name.clone(), read_clear(item)?)));
        Ok(Value::Map(entries.collect::<Result<_, String>>()?))
    };
    match json {
        Json::Array(items) => {
            Ok(Value::List(items.iter().map(read_clear).collect::<Result<_, _>>()?))
        }
        Json::Object(entries) => match marker(entries)? {
            Some(("$sensitive", inner)) => Ok(read_clear(inner)?.sensitive()),
            Some(("$map", Json::Object(entries))) => read_map(entries),
            Some(marked) => read_marked(marked),
            None => read_map(entries),
        },
        plain => Ok(Value::from_json(plain)),
    }
}

fn plain_json(value: &Value) -> Json {
    match value {
        Value::Unknown => json!({ "$unknown": true }),
        Value::Float(number) if !number.is_finite() => json!({ "$float": number.to_string() }),
        plain => plain.to_json(&|_| Json::Null),
    }
}

fn read_marked(marked: (&str, &Json)) -> Result<Value, String> {
    match marked {
        ("$unknown", Json::Bool(true)) => Ok(Value::Unknown),
        ("$float", Json::String(text)) => {
            text.parse().map(Value::Float).map_err(|_| "`$float` is not a number".to_owned())
        }
        (other, _) => Err(format!("`{other}` is not a value")),
    }
}

fn map_to_json(entries: Map<String, Json>) -> Json {
    if entries.keys().any(|name| name.starts_with('$')) {
        json!({ "$map": entries })
    } else {
        Json::Object(entries)
    }
}

fn marker(entries: &Map<String, Json>) -> Result<Option<(&str, &Json)>, String> {
    let mut marked = entries.iter().filter(|(name, _)| name.starts_with('$'));
    match (marked.next(), entries.len()) {
        (None, _) => Ok(None),
        (Some((name, body)), 1) => Ok(Some((name, body))),
        (Some((name, _)), _) => Err(format!("`{name}` must be the only key of its object")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    fn key() -> &'static SealingKey {
        static KEY: LazyLock<SealingKey> = LazyLock::new(|| {
            let folder = tempfile::tempdir().expect("a folder");
            SealingKey::read_or_create(&folder.path().join("key")).expect("made")
        });
        &KEY
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(Value::Unknown),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_filter("equal to itself", |n| !n.is_nan()).prop_map(Value::Float),
            "[$a-c]{0,3}".prop_map(Value::String),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map("[$a-c]{0,9}", inner.clone(), 0..4)
                    .prop_map(Value::Map),
                inner.prop_map(Value::sensitive),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in values()) {
            let sealer = Sealer::new(key(), "lineage", "record", "a.b");
            let json = sealer.value("inputs", &value).expect("written");
            let text = json.to_string();
            let read: Json = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(sealer.read_value("inputs", &read), Ok(value));
        }
    }

    #[test]
    fn a_sealed_value_that_is_moved_to_another_attribute_does_not_open() {
        let sealer = Sealer::new(key(), "lineage", "record", "a.b");
        let secret = Object::from([("password".to_owned(), Value::from("hunter2").sensitive())]);
        let json = sealer.object("inputs", &secret).expect("written");
        assert_eq!(sealer.read_object("inputs", &json), Ok(secret));
        assert!(sealer.read_object("outputs", &json).is_err());
        let moved = Attributes::from([("name".to_owned(), json["password"].clone())]);
        assert!(sealer.read_object("inputs", &moved).is_err());
        let elsewhere = Sealer::new(key(), "lineage", "record", "a.c");
        assert!(elsewhere.read_object("inputs", &json).is_err());
    }

    #[test]
    fn a_sensitive_value_in_clear_is_refused() {
        let sealer = Sealer::new(key(), "lineage", "record", "a.b");
        assert!(sealer.read_value("inputs", &json!({ "$sensitive": "x" })).is_err());
    }
}
