//! Values that spans and events carry.

use std::fmt::Debug;

use serde_json::{Value as Json, json};
use tracing::field::{Field, Visit};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Text(String),
    Number(i64),
    Real(f64),
    Truth(bool),
}

impl Scalar {
    /// As OTLP writes it: 64-bit numbers are texts in JSON.
    pub(super) fn otlp(&self) -> Json {
        match self {
            Self::Text(text) => json!({ "stringValue": text }),
            Self::Number(number) => json!({ "intValue": number.to_string() }),
            Self::Real(number) => json!({ "doubleValue": number }),
            Self::Truth(truth) => json!({ "boolValue": truth }),
        }
    }

    /// As a log has it.
    pub(super) fn plain(&self) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Real(number) => json!(number),
            Self::Truth(truth) => json!(truth),
        }
    }
}

/// Named values in the order in which they came; the last of a name counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fields(pub(super) Vec<(&'static str, Scalar)>);

impl Fields {
    fn set(&mut self, field: &Field, value: Scalar) {
        let name = field.name();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes a text out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        match self.0.remove(at).1 {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is a value of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, Scalar::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Scalar::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Scalar::Number(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, Scalar::Number(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, Scalar::Real(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, Scalar::Truth(value));
    }
}
