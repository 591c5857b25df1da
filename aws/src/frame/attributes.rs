//! Attributes: what some services, such as Elastic Load Balancing, SNS and SQS, keep as texts by key,
//! and our types have as arguments.

use std::collections::HashMap;

use infra_sdk::{Kind, Object, Schema, Value};

/// An argument that AWS keeps as an attribute.
pub(crate) struct Attribute {
    /// The argument.
    pub(crate) input: &'static str,
    /// AWS's key.
    pub(crate) key: &'static str,
    /// The words of the kinds of object that have it.
    pub(crate) of: &'static [&'static str],
}

impl Attribute {
    /// Whether objects of this kind have it.
    pub(crate) fn is_of(&self, kind: &str) -> bool {
        self.of.contains(&kind)
    }
}

/// The attributes to set: those of this kind whose argument is `chosen`. An argument that is not
/// given is an empty text, which is how AWS takes a text back.
pub(crate) fn to_wire(
    table: &[Attribute],
    kind: &str,
    inputs: &Object,
    chosen: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    table
        .iter()
        .filter(|attribute| attribute.is_of(kind) && chosen(attribute.input))
        .map(|attribute| (attribute.key.to_owned(), text(inputs.get(attribute.input))))
        .collect()
}

fn text(value: Option<&Value>) -> String {
    match value.map(Value::reveal) {
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Int(value)) => value.to_string(),
        Some(Value::String(value)) => value.clone(),
        _ => String::new(),
    }
}

/// Puts what AWS has into the arguments. What this kind of object does not have is as it is by
/// default.
pub(crate) fn from_wire(
    table: &[Attribute],
    schema: &Schema,
    seen: &HashMap<String, String>,
    inputs: &mut Object,
) {
    for attribute in table {
        let Some(field) = schema.input(attribute.input) else { continue };
        let value = seen.get(attribute.key).and_then(|text| parse(&field.kind, text));
        match value.or_else(|| field.default.map(|default| default())) {
            Some(value) => inputs.insert(attribute.input.to_owned(), value),
            None => inputs.remove(attribute.input),
        };
    }
}

fn parse(kind: &Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Bool => text.parse().ok().map(Value::Bool),
        Kind::Int => text.parse().ok().map(Value::Int),
        _ => (!text.is_empty()).then(|| Value::from(text)),
    }
}
