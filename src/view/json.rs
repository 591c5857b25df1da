//! What the JSON views have in common: masked values, marks, diagnostics.

use infra_sdk::{Diagnostic, Object, Severity, Value};
use serde_json::{Map, Value as Json, json};

/// What stands for a sensitive value, which is never shown.
const SENSITIVE: &str = "(sensitive value)";

/// The value as readers of Terraform's JSON take it: unknown parts are null, sensitive parts masked.
pub(super) fn value(value: &Value) -> Json {
    value.to_json(&|_| Json::String(SENSITIVE.to_owned()))
}

/// The attributes, without those that are known later, at any depth. In lists these are null, so
/// that positions stay.
pub(super) fn known(attributes: &Object) -> Json {
    let known = attributes.iter().filter(|(_, value)| !is_unknown(value));
    Json::Object(known.map(|(name, v)| (name.clone(), known_value(v))).collect())
}

fn known_value(content: &Value) -> Json {
    match content {
        Value::List(items) => items.iter().map(known_value).collect(),
        Value::Map(entries) => known(entries),
        _ => value(content),
    }
}

fn is_unknown(value: &Value) -> bool {
    matches!(value.reveal(), Value::Unknown)
}

/// Where attributes are unknown: `true` there, and nothing elsewhere.
pub(super) fn unknown_marks(attributes: &Object) -> Json {
    object_marks(attributes, &is_unknown)
}

/// Where attributes are sensitive: `true` there, and nothing elsewhere.
pub(super) fn sensitive_marks(attributes: &Object) -> Json {
    object_marks(attributes, &is_sensitive)
}

/// Whether the value itself is sensitive, or where in it.
pub(super) fn sensitive_mark(value: &Value) -> Json {
    marks(value, &is_sensitive).unwrap_or(Json::Bool(false))
}

/// Whether the value itself is unknown, or where in it.
pub(super) fn unknown_mark(value: &Value) -> Json {
    marks(value, &is_unknown).unwrap_or(Json::Bool(false))
}

fn is_sensitive(value: &Value) -> bool {
    matches!(value, Value::Sensitive(_))
}

fn object_marks(attributes: &Object, marked: &dyn Fn(&Value) -> bool) -> Json {
    let marks = attributes.iter().filter_map(|(n, v)| Some((n.clone(), marks(v, marked)?)));
    Json::Object(marks.collect())
}

/// `None` where nothing is marked. A list keeps its length, so that positions agree.
fn marks(value: &Value, marked: &dyn Fn(&Value) -> bool) -> Option<Json> {
    if marked(value) {
        return Some(Json::Bool(true));
    }
    match value {
        Value::List(items) => {
            let found: Vec<_> = items.iter().map(|item| marks(item, marked)).collect();
            found.iter().any(Option::is_some).then(|| {
                let filled = found.into_iter().map(|mark| mark.unwrap_or(Json::Bool(false)));
                Json::Array(filled.collect())
            })
        }
        Value::Map(entries) => {
            let found: Map<_, _> = entries
                .iter()
                .filter_map(|(name, item)| Some((name.clone(), marks(item, marked)?)))
                .collect();
            (!found.is_empty()).then_some(Json::Object(found))
        }
        _ => None,
    }
}

/// Terraform's word for the type of a value.
pub(super) fn type_of(value: &Value) -> Json {
    match value.reveal() {
        Value::Bool(_) => json!("bool"),
        Value::Int(_) | Value::Float(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::List(items) => json!(["tuple", items.iter().map(type_of).collect::<Vec<_>>()]),
        Value::Map(entries) => {
            let types: Map<_, _> = entries.iter().map(|(n, v)| (n.clone(), type_of(v))).collect();
            json!(["object", types])
        }
        Value::Null | Value::Unknown | Value::Sensitive(_) => json!("dynamic"),
    }
}

/// A diagnostic in the form of Terraform's, with the code and the hints of ours.
pub(super) fn diagnostic(diagnostic: &Diagnostic) -> Json {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut json = json!({
        "severity": severity,
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "hints": diagnostic.hints,
    });
    if let Some(address) = &diagnostic.address {
        json["address"] = json!(address.as_str());
    }
    if let Some(place) = &diagnostic.location {
        let position = json!({ "line": place.line, "column": place.column.max(1), "byte": 0 });
        json["range"] = json!({ "filename": place.file, "start": position, "end": position });
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_where_the_values_do_and_nothing_leaks() {
        let attributes = Object::from([
            ("id".into(), Value::Unknown),
            ("password".into(), Value::from("hunter2").sensitive()),
            ("list".into(), Value::List(vec![Value::Int(1), Value::from("x").sensitive()])),
            ("plain".into(), Value::Bool(true)),
        ]);
        assert_eq!(
            known(&attributes),
            json!({ "list": [1, SENSITIVE], "password": SENSITIVE, "plain": true })
        );
        assert_eq!(unknown_marks(&attributes), json!({ "id": true }));
        assert_eq!(
            sensitive_marks(&attributes),
            json!({ "list": [false, true], "password": true })
        );
    }
}
