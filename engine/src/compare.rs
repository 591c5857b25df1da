//! Comparing the inputs of a resource: what is wanted against what is there.
//!
//! Pure functions over schema fields. They say what "left out", "never told" and "kept" mean at
//! every depth of nested blocks, so that nobody else has to. Three objects meet here: *desired* is
//! what the program asks for, *current* is what is there as far as it can be known, *planned* is
//! what will be there.

use std::collections::BTreeSet;

use infra_sdk::{Field, Kind, Object, Value};

use crate::digest;

static NOTHING: Value = Value::Null;

/// Marks the values of sensitive fields, at every depth.
pub(crate) fn mark(fields: &[Field], object: &mut Object) {
    for field in fields {
        if let Some(value) = object.get_mut(field.name) {
            mark_kind(&field.kind, value);
            if field.sensitive && !value.is_null() {
                *value = std::mem::take(value).revealed().sensitive();
            }
        }
    }
}

fn mark_kind(kind: &Kind, value: &mut Value) {
    match (kind, value) {
        (Kind::Block(fields), Value::Map(entries)) => mark(fields, entries),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            items.iter_mut().for_each(|inner| mark_kind(item, inner));
        }
        (Kind::Map(item), Value::Map(entries)) => {
            entries.values_mut().for_each(|inner| mark_kind(item, inner));
        }
        _ => {}
    }
}

/// What is there, from what the cloud tells and, for what it never tells, from the record.
pub(crate) fn current(fields: &[Field], observed: &Object, recorded: &Object) -> Object {
    let mut current = Object::new();
    for field in fields {
        let seen = observed.get(field.name).unwrap_or(&NOTHING);
        let known = recorded.get(field.name).unwrap_or(&NOTHING);
        let untold = field.write_only || (field.sensitive && seen.is_null());
        let value = if untold { known.clone() } else { current_kind(&field.kind, seen, known) };
        let value = veil(value, known);
        if !value.is_null() {
            current.insert(field.name.to_owned(), value);
        }
    }
    current
}

/// Marks what is taken over as the declaration marks what it wants in its place: no record says yet
/// what of it is a secret.
pub(crate) fn mark_alike(current: &mut Object, desired: &Object) {
    for (name, value) in current {
        if let Some(wanted) = desired.get(name) {
            *value = veil(std::mem::take(value), wanted);
        }
    }
}

/// Marks what is there as the record was marked: a secret that a program put where a type knows of
/// none stays one although the cloud tells it.
fn veil(seen: Value, known: &Value) -> Value {
    match (seen, known) {
        (seen, Value::Sensitive(_)) if !seen.is_null() => seen.revealed().sensitive(),
        (Value::Map(entries), Value::Map(known)) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(name, value)| {
                let value = veil(value, known.get(&name).unwrap_or(&NOTHING));
                (name, value)
            });
            Value::Map(entries.collect())
        }
        // Members of a list may have moved: which of them was the secret cannot be told.
        (Value::List(items), Value::List(known)) if known.iter().any(Value::has_sensitive) => {
            let kept = items.iter().any(Value::has_sensitive);
            let items = Value::List(items);
            if kept { items } else { items.revealed().sensitive() }
        }
        (seen, _) => seen,
    }
}

fn current_kind(kind: &Kind, seen: &Value, known: &Value) -> Value {
    if !any_field(kind, &|field| field.write_only || field.sensitive) {
        return seen.clone();
    }
    match (kind, seen.reveal(), known.reveal()) {
        (Kind::Block(fields), Value::Map(seen), Value::Map(known)) => {
            Value::Map(current(fields, seen, known))
        }
        (Kind::List(item), Value::List(seen), Value::List(known)) => {
            let known = known.iter().chain(std::iter::repeat(&NOTHING));
            Value::List(seen.iter().zip(known).map(|(s, k)| current_kind(item, s, k)).collect())
        }
        (Kind::Set(item), Value::List(seen), Value::List(known)) => {
            // What was left out of the record, because the run that wrote it did not get to know
            // it, does not tell two members apart.
            let same =
                |merged: &Value, k: &Value| item.same(merged, &planned_kind(item, k, Some(merged)));
            pair(seen, known, |s, k| current_kind(item, s, k), same)
        }
        (Kind::Map(item), Value::Map(seen), Value::Map(known)) => Value::Map(
            seen.iter()
                .map(|(name, s)| {
                    (name.clone(), current_kind(item, s, known.get(name).unwrap_or(&NOTHING)))
                })
                .collect(),
        ),
        _ => seen.clone(),
    }
}

/// What will be there: what is desired, and where something was left out that the cloud chooses,
/// what is there now. With no `current` object that choice is yet unknown.
pub(crate) fn planned(fields: &[Field], desired: &Object, current: Option<&Object>) -> Object {
    let mut planned = Object::new();
    for field in fields {
        let wanted = desired.get(field.name).unwrap_or(&NOTHING);
        let there = current.map(|object| object.get(field.name).unwrap_or(&NOTHING));
        let value = if field.computed && wanted.is_null() {
            there.cloned().unwrap_or(Value::Unknown)
        } else {
            planned_kind(&field.kind, wanted, there)
        };
        if !value.is_null() {
            planned.insert(field.name.to_owned(), value);
        }
    }
    planned
}

fn planned_kind(kind: &Kind, wanted: &Value, there: Option<&Value>) -> Value {
    if !any_field(kind, &|field| field.computed) {
        return wanted.clone();
    }
    let there = there.map(Value::reveal);
    match (kind, wanted) {
        (_, Value::Sensitive(inner)) => planned_kind(kind, inner, there).sensitive(),
        (Kind::Block(fields), Value::Map(wanted)) => {
            let empty = Object::new();
            let there = there.map(|value| value.as_map().unwrap_or(&empty));
            Value::Map(planned(fields, wanted, there))
        }
        (Kind::List(item), Value::List(wanted)) => {
            let at = |index| there.map(|v| v.as_list().and_then(|l| l.get(index)));
            let items = wanted.iter().enumerate();
            let items = items.map(|(i, w)| planned_kind(item, w, at(i).map(or_nothing)));
            Value::List(items.collect())
        }
        (Kind::Set(item), Value::List(wanted)) => match there {
            None => Value::List(wanted.iter().map(|w| planned_kind(item, w, None)).collect()),
            Some(there) => pair(
                wanted,
                there.as_list().unwrap_or_default(),
                |w, t| planned_kind(item, w, Some(t)),
                // A secret that changes does not make it another member.
                |merged, t| item.same(&without_secrets(item, merged), &without_secrets(item, t)),
            ),
        },
        (Kind::Map(item), Value::Map(wanted)) => {
            let at = |name: &str| there.map(|v| v.as_map().and_then(|m| m.get(name)));
            let entries = wanted.iter();
            let entries = entries
                .map(|(name, w)| (name.clone(), planned_kind(item, w, at(name).map(or_nothing))));
            Value::Map(entries.collect())
        }
        _ => wanted.clone(),
    }
}

fn or_nothing(value: Option<&Value>) -> &Value {
    value.unwrap_or(&NOTHING)
}

/// Completes each member of a set from the member of the other set that it then equals. A member
/// without a partner is completed from nothing.
fn pair(
    members: &[Value],
    others: &[Value],
    complete: impl Fn(&Value, &Value) -> Value,
    same: impl Fn(&Value, &Value) -> bool,
) -> Value {
    let mut free: Vec<&Value> = others.iter().collect();
    let completed = members.iter().map(|member| {
        let partner = free.iter().position(|other| same(&complete(member, other), other));
        match partner {
            Some(index) => complete(member, free.swap_remove(index)),
            None => complete(member, &NOTHING),
        }
    });
    Value::List(completed.collect())
}

/// A value without what the cloud never tells.
fn without_secrets(kind: &Kind, value: &Value) -> Value {
    match (kind, value.reveal()) {
        (Kind::Block(fields), Value::Map(entries)) => Value::Map(
            fields
                .iter()
                .filter(|field| !field.write_only)
                .filter_map(|field| {
                    let inner = entries.get(field.name)?;
                    Some((field.name.to_owned(), without_secrets(&field.kind, inner)))
                })
                .collect(),
        ),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            Value::List(items.iter().map(|inner| without_secrets(item, inner)).collect())
        }
        (_, other) => other.clone(),
    }
}

/// Whether a kind has, at any depth, a field that a rule applies to.
fn any_field(kind: &Kind, applies: &dyn Fn(&Field) -> bool) -> bool {
    match kind {
        Kind::List(item) | Kind::Set(item) | Kind::Map(item) => any_field(item, applies),
        Kind::Block(fields) => {
            fields.iter().any(|field| applies(field) || any_field(&field.kind, applies))
        }
        _ => false,
    }
}

/// The fields whose planned value does not mean what the current one means.
pub(crate) fn differing<'a>(
    fields: &'a [Field],
    planned: &Object,
    current: &Object,
) -> Vec<&'a Field> {
    let current = digest::recognise(fields, planned, current);
    let differs = |field: &&Field| {
        let planned = planned.get(field.name).unwrap_or(&NOTHING);
        let current = current.get(field.name).unwrap_or(&NOTHING);
        !field.kind.same(planned, current)
    };
    fields.iter().filter(differs).collect()
}

/// Replaces, where two objects mean the same, the words of the second by those of the first, so
/// that a resource that does not change reads the same before and after.
pub(crate) fn reword(fields: &[Field], planned: &Object, current: &mut Object) {
    let differing: BTreeSet<_> =
        differing(fields, planned, current).into_iter().map(|field| field.name).collect();
    for field in fields.iter().filter(|field| !differing.contains(field.name)) {
        match planned.get(field.name) {
            Some(value) => current.insert(field.name.to_owned(), value.clone()),
            None => current.remove(field.name),
        };
    }
}

/// A text without the secrets of a value, for messages of checks that quote what they refuse.
pub(crate) fn redact(mut message: String, value: &Value) -> String {
    fn leaves<'a>(value: &'a Value, secret: bool, found: &mut Vec<&'a Value>) {
        match value {
            Value::Sensitive(inner) => leaves(inner, true, found),
            Value::List(items) => items.iter().for_each(|i| leaves(i, secret, found)),
            Value::Map(entries) => entries.values().for_each(|i| leaves(i, secret, found)),
            other if secret => found.push(other),
            _ => {}
        }
    }
    let mut found = Vec::new();
    leaves(value, false, &mut found);
    for leaf in found {
        let text = match leaf {
            Value::String(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => continue,
        };
        if !text.is_empty() {
            message = message.replace(&text, "(sensitive value)");
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use infra_sdk::kind::TEXT;

    use super::*;

    static RULE: &[Field] = &[
        Field { required: true, ..Field::new("port", Kind::Int) },
        Field { computed: true, ..Field::new("rule_id", Kind::Text(&TEXT)) },
        Field { write_only: true, sensitive: true, ..Field::new("secret", Kind::Text(&TEXT)) },
    ];
    static BLOCK: Kind = Kind::Block(RULE);
    static FIELDS: &[Field] = &[
        Field::new("list", Kind::List(&BLOCK)),
        Field::new("set", Kind::Set(&BLOCK)),
        Field { sensitive: true, ..Field::new("license", Kind::Text(&TEXT)) },
        Field { computed: true, ..Field::new("zone", Kind::Text(&TEXT)) },
    ];

    fn object(json: serde_json::Value) -> Object {
        match Value::from_json(&json) {
            Value::Map(entries) => entries,
            other => panic!("{other:?} is no object"),
        }
    }

    #[test]
    fn what_was_left_out_is_taken_from_what_is_there_at_every_depth() {
        let wanted = object(serde_json::json!({
            "list": [{"port": 1}], "set": [{"port": 2}, {"port": 3}],
        }));
        let there = object(serde_json::json!({
            "list": [{"port": 1, "rule_id": "a"}],
            "set": [{"port": 3, "rule_id": "c"}, {"port": 2, "rule_id": "b"}],
            "zone": "z",
        }));
        let result = planned(FIELDS, &wanted, Some(&there));
        assert!(differing(FIELDS, &result, &there).is_empty(), "{result:?}");
        let new = planned(FIELDS, &wanted, None);
        assert_eq!(new["zone"], Value::Unknown);
        assert!(new["set"].has_unknown());
    }

    #[test]
    fn what_the_cloud_never_tells_is_taken_from_the_record_at_every_depth() {
        let recorded = object(serde_json::json!({
            "list": [{"port": 1, "secret": "x"}],
            "set": [{"port": 2, "secret": "y"}, {"port": 3, "secret": "z"}],
        }));
        let observed = object(serde_json::json!({
            "list": [{"port": 1}], "set": [{"port": 3}, {"port": 2}],
        }));
        let result = current(FIELDS, &observed, &recorded);
        assert!(differing(FIELDS, &result, &recorded).is_empty(), "{result:?}");
        let mut changed = recorded.clone();
        changed.insert(
            "set".into(),
            object(serde_json::json!({"a": [{"port": 2, "secret": "n"}]}))["a"].clone(),
        );
        assert_eq!(differing(FIELDS, &changed, &result).len(), 1);
    }

    #[test]
    fn a_sensitive_value_is_taken_from_the_record_only_while_the_cloud_is_silent() {
        let recorded = object(serde_json::json!({"license": "old"}));
        let told = object(serde_json::json!({"license": "new"}));
        assert_eq!(current(FIELDS, &Object::new(), &recorded), recorded);
        assert_eq!(current(FIELDS, &told, &recorded), told);
    }

    #[test]
    fn messages_lose_their_secrets() {
        let value = Value::from("hunter2").sensitive();
        assert_eq!(
            redact("`hunter2` is too short".into(), &value),
            "`(sensitive value)` is too short"
        );
    }
}
