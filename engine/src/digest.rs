//! Digests of write-only secrets: what is recorded in place of a value that the cloud never tells.
//!
//! The main functions are [`hide`], before something is recorded, and [`recognise`], before what is
//! recorded is compared. A digest is a keyed BLAKE3 hash of the value's canonical form under a
//! random salt, so that equal secrets of two resources do not look equal. It counts as sensitive and
//! is sealed as a secret is: whoever opens the state still has to guess.
//!
//! Only fields that are write-only *and* sensitive are hidden. What is write-only and no secret, such
//! as `skip_destroy`, has to be known when the object is deleted.
//!
//! Neither a digest nor anything made from one may reach a provider: see [`without`].

use std::borrow::Cow;
use std::convert::Infallible;

use infra_sdk::provider::Provider;
use infra_sdk::store::{Edit, Record, RunChange, StoreError};
use infra_sdk::{Address, Field, Kind, Object, Value};
use zeroize::Zeroizing;

const KEY: &str = "$digest";
const ALGORITHM: &str = "blake3";
const CONTEXT: &str = "infra 2026-11-22 digest of a write-only input";

static NOTHING: Value = Value::Null;

/// A digest as read from a value.
struct Digest<'a> {
    salt: &'a str,
    hash: blake3::Hash,
}

impl<'a> Digest<'a> {
    /// The digest that a value is, if it is one.
    fn of(value: &'a Value) -> Option<Self> {
        let entries = value.as_map().filter(|entries| entries.len() == 1)?;
        let mut parts = entries.get(KEY)?.as_str()?.split(':');
        let (algorithm, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = algorithm == ALGORITHM && salt.len() == 32 && parts.next().is_none();
        let hash = blake3::Hash::from_hex(hash).ok().filter(|_| whole)?;
        Some(Self { salt, hash })
    }

    fn matches(&self, kind: &Kind, value: &Value) -> bool {
        !value.is_null() && !value.has_unknown() && hash(kind, value, self.salt) == self.hash
    }
}

/// Whether a value is recorded as a digest: a view cannot show it even to whom secrets are shown.
#[must_use]
pub fn is_digest(value: &Value) -> bool {
    Digest::of(value).is_some()
}

fn hash(kind: &Kind, value: &Value, salt: &str) -> blake3::Hash {
    let canonical = kind.canonical(&value.revealed());
    let text = Zeroizing::new(canonical.to_json(&|_| serde_json::Value::Null).to_string());
    let key = Zeroizing::new(blake3::derive_key(CONTEXT, salt.as_bytes()));
    blake3::keyed_hash(&key, text.as_bytes())
}

fn digest(kind: &Kind, value: &Value) -> Result<Value, StoreError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| StoreError::Unavailable {
        action: "drawing a salt for a secret".to_owned(),
        reason: error.to_string(),
    })?;
    let salt: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{ALGORITHM}:{salt}:{}", hash(kind, value, &salt).to_hex());
    Ok(Value::Map(Object::from([(KEY.to_owned(), Value::String(text))])).sensitive())
}

/// Inputs as they are recorded: with digests in place of write-only secrets. Where `known`, as it
/// is recorded already, has the digest of the same value, that one stays.
///
/// # Errors
/// When the operating system gives no random bytes; nothing may be recorded then.
pub(crate) fn hide(
    fields: &[Field],
    inputs: &Object,
    known: &Object,
) -> Result<Object, StoreError> {
    walk(fields, inputs, known, &|kind, value, known| match same_digest(kind, value, known) {
        Some(digest) => Ok(digest),
        None => digest(kind, value),
    })
}

/// Inputs of a type as they are recorded; those of an unknown type stay.
///
/// # Errors
/// As [`hide`].
pub(crate) fn hide_inputs(
    provider: &dyn Provider,
    type_name: &str,
    inputs: &Object,
    known: &Object,
) -> Result<Object, StoreError> {
    match provider.schema(type_name) {
        Some(schema) => hide(schema.inputs, inputs, known),
        None => Ok(inputs.clone()),
    }
}

/// A record as it is written, with what is left over of earlier objects. One of format 1 has the
/// secrets themselves.
///
/// # Errors
/// As [`hide`].
fn hide_record(
    provider: &dyn Provider,
    record: &Record,
    known: &Object,
) -> Result<Record, StoreError> {
    let hidden = |inputs: &Object| hide_inputs(provider, &record.type_name, inputs, known);
    let mut written = Record { inputs: hidden(&record.inputs)?, ..record.clone() };
    for deposed in &mut written.deposed {
        deposed.inputs = hidden(&deposed.inputs)?;
    }
    Ok(written)
}

/// Edits as they are written; `known` are the inputs of an address as recorded.
///
/// # Errors
/// As [`hide`].
pub(crate) fn hide_edits(
    provider: &dyn Provider,
    known: &dyn Fn(&Address) -> Object,
    edits: &[Edit],
) -> Result<Vec<Edit>, StoreError> {
    let hidden = |record: &Record| hide_record(provider, record, &known(&record.address));
    let edits = edits.iter().map(|edit| {
        Ok(match edit {
            Edit::Put(record) => Edit::Put(Box::new(hidden(record)?)),
            Edit::Note(change) => {
                let before = change.before.as_ref().map(hidden).transpose()?;
                Edit::Note(Box::new(RunChange { before, ..(**change).clone() }))
            }
            other => other.clone(),
        })
    });
    edits.collect()
}

/// Inputs with those digests of `known` that are digests of the same values; a secret that is
/// another one stays as it is.
pub(crate) fn keep(fields: &[Field], inputs: &Object, known: &Object) -> Object {
    let kept = walk(fields, inputs, known, &|kind, value, known| {
        Ok::<_, Infallible>(same_digest(kind, value, known).unwrap_or_else(|| value.clone()))
    });
    match kept {
        Ok(kept) => kept,
        Err(never) => match never {},
    }
}

fn same_digest(kind: &Kind, value: &Value, known: &Value) -> Option<Value> {
    if is_digest(value) {
        return Some(value.clone());
    }
    let same = Digest::of(known).is_some_and(|digest| digest.matches(kind, value));
    same.then(|| known.clone())
}

/// What is made of a secret, given its kind, its value and what is known of it.
type Leaf<'a, E> = &'a dyn Fn(&Kind, &Value, &Value) -> Result<Value, E>;

fn walk<E>(
    fields: &[Field],
    inputs: &Object,
    known: &Object,
    leaf: Leaf<'_, E>,
) -> Result<Object, E> {
    let mut walked = inputs.clone();
    for field in fields.iter().filter(|field| is_hidden(field) || hides(&field.kind)) {
        let Some(value) = walked.get_mut(field.name) else { continue };
        let known = known.get(field.name).unwrap_or(&NOTHING);
        if is_hidden(field) {
            if !value.is_null() {
                *value = leaf(&field.kind, value, known)?;
            }
        } else {
            *value = walk_kind(&field.kind, value, known, leaf)?;
        }
    }
    Ok(walked)
}

fn walk_kind<E>(kind: &Kind, value: &Value, known: &Value, leaf: Leaf<'_, E>) -> Result<Value, E> {
    let at = |index: usize| known.as_list().and_then(|l| l.get(index)).unwrap_or(&NOTHING);
    let named = |name: &str| known.as_map().and_then(|m| m.get(name)).unwrap_or(&NOTHING);
    Ok(match (kind, value) {
        (_, Value::Sensitive(inner)) => walk_kind(kind, inner, known, leaf)?.revealed().sensitive(),
        (Kind::Block(fields), Value::Map(entries)) => {
            let none = Object::new();
            Value::Map(walk(fields, entries, known.as_map().unwrap_or(&none), leaf)?)
        }
        (Kind::List(item), Value::List(items)) => {
            let items = items.iter().enumerate();
            let items = items.map(|(index, inner)| walk_kind(item, inner, at(index), leaf));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        (Kind::Set(item), Value::List(items)) => {
            let known = known.as_list().unwrap_or_default();
            let items = items.iter().map(|inner| {
                let partner = known.iter().find(|k| item.same(&recognised(item, inner, k), inner));
                walk_kind(item, inner, partner.unwrap_or(&NOTHING), leaf)
            });
            Value::List(items.collect::<Result<_, _>>()?)
        }
        (Kind::Map(item), Value::Map(entries)) => {
            let entries = entries.iter();
            let entries =
                entries.map(|(name, v)| Ok((name.clone(), walk_kind(item, v, named(name), leaf)?)));
            Value::Map(entries.collect::<Result<_, _>>()?)
        }
        (_, other) => other.clone(),
    })
}

/// What is there, with the planned value in place of each digest that is a digest of it: only what
/// differs then is another secret.
pub(crate) fn recognise<'a>(
    fields: &[Field],
    planned: &Object,
    current: &'a Object,
) -> Cow<'a, Object> {
    if !fields.iter().any(|field| is_hidden(field) || hides(&field.kind)) {
        return Cow::Borrowed(current);
    }
    let mut known = current.clone();
    for field in fields {
        if let Some(value) = known.get_mut(field.name) {
            let planned = planned.get(field.name).unwrap_or(&NOTHING);
            *value = recognised(&field.kind, planned, value);
        }
    }
    Cow::Owned(known)
}

fn recognised(kind: &Kind, planned: &Value, current: &Value) -> Value {
    if let Some(digest) = Digest::of(current) {
        let same = digest.matches(kind, planned);
        return if same { planned.clone() } else { current.clone() };
    }
    match (kind, planned.reveal(), current.reveal()) {
        (Kind::Block(fields), Value::Map(planned), Value::Map(current)) => {
            Value::Map(recognise(fields, planned, current).into_owned())
        }
        (Kind::List(item), Value::List(planned), Value::List(current)) => {
            let planned = planned.iter().chain(std::iter::repeat(&NOTHING));
            let items = planned.zip(current).map(|(p, c)| recognised(item, p, c));
            Value::List(items.collect())
        }
        (Kind::Set(item), Value::List(planned), Value::List(current)) => {
            let member = |c: &Value| {
                let candidates = planned.iter().map(|p| (p, recognised(item, p, c)));
                let found = candidates.into_iter().find(|(p, known)| item.same(p, known));
                found.map_or_else(|| c.clone(), |(_, known)| known)
            };
            Value::List(current.iter().map(member).collect())
        }
        (Kind::Map(item), Value::Map(planned), Value::Map(current)) => {
            let entries = current.iter().map(|(name, c)| {
                let planned = planned.get(name).unwrap_or(&NOTHING);
                (name.clone(), recognised(item, planned, c))
            });
            Value::Map(entries.collect())
        }
        _ => current.clone(),
    }
}

/// An object without digests, for the port: a provider is given values or nothing.
pub(crate) fn without(object: &Object) -> Object {
    let entries = object.iter().filter(|(_, value)| !is_digest(value));
    entries.map(|(name, value)| (name.clone(), replace(value, None))).collect()
}

/// A value without the digests inside of it.
pub(crate) fn without_inside(value: &Value) -> Value {
    replace(value, None)
}

/// An object whose digests are unknown values: something is there, and nobody can tell what.
pub(crate) fn as_unknown(object: &Object) -> Object {
    let unknown = Value::Unknown.sensitive();
    let entries = object.iter();
    entries.map(|(name, value)| (name.clone(), replace(value, Some(&unknown)))).collect()
}

/// Puts a value in place of digests, or takes them out of the maps in which they stand.
fn replace(value: &Value, by: Option<&Value>) -> Value {
    if let (Some(by), true) = (by, is_digest(value)) {
        return by.clone();
    }
    match value {
        Value::Sensitive(inner) => replace(inner, by).revealed().sensitive(),
        Value::List(items) => Value::List(items.iter().map(|item| replace(item, by)).collect()),
        Value::Map(entries) => Value::Map(match by {
            Some(_) => entries.iter().map(|(name, v)| (name.clone(), replace(v, by))).collect(),
            None => without(entries),
        }),
        other => other.clone(),
    }
}

/// Puts what is declared in place of digests: for an object that is made anew.
pub(crate) fn declare(inputs: &mut Object, declared: &Object) {
    for (name, value) in inputs.iter_mut().filter(|(_, value)| has_digest(value)) {
        *value = declared.get(name).cloned().unwrap_or_default();
    }
    inputs.retain(|_, value| !value.is_null());
}

/// Whether any part of a value is a digest.
pub(crate) fn has_digest(value: &Value) -> bool {
    is_digest(value)
        || match value.reveal() {
            Value::List(items) => items.iter().any(has_digest),
            Value::Map(entries) => entries.values().any(has_digest),
            _ => false,
        }
}

fn is_hidden(field: &Field) -> bool {
    field.write_only && field.sensitive
}

/// Whether a kind has, at any depth, a field that is hidden.
fn hides(kind: &Kind) -> bool {
    match kind {
        Kind::List(item) | Kind::Set(item) | Kind::Map(item) => hides(item),
        Kind::Block(fields) => fields.iter().any(|field| is_hidden(field) || hides(&field.kind)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::kind::{JSON, TEXT};

    use super::*;

    static RULE: Kind = Kind::Block(&[
        Field { required: true, ..Field::new("port", Kind::Int) },
        Field { write_only: true, sensitive: true, ..Field::new("secret", Kind::Text(&TEXT)) },
    ]);
    static FIELDS: &[Field] = &[
        Field { write_only: true, ..Field::new("keep", Kind::Bool) },
        Field { write_only: true, sensitive: true, ..Field::new("document", Kind::Text(&JSON)) },
        Field { write_only: true, sensitive: true, ..Field::new("password", Kind::Text(&TEXT)) },
        Field::new("rule", Kind::Set(&RULE)),
        Field { sensitive: true, ..Field::new("veiled", RULE) },
    ];

    fn object(json: serde_json::Value) -> Object {
        let Value::Map(object) = Value::from_json(&json) else { panic!("an object") };
        object
    }

    fn inputs() -> Object {
        let mut inputs = object(serde_json::json!({
            "document": "{\"b\": 1, \"a\": 2}",
            "keep": true,
            "password": "hunter2",
            "rule": [{"port": 1, "secret": "hunter3"}, {"port": 2, "secret": "hunter4"}],
            "veiled": {"port": 3, "secret": "hunter5"},
        }));
        crate::compare::mark(FIELDS, &mut inputs);
        inputs
    }

    fn clear(object: &Object) -> String {
        let json = |value: &Value| value.revealed().to_json(&|_| serde_json::Value::Null);
        object.iter().map(|(name, value)| format!("{name}={} ", json(value))).collect()
    }

    #[test]
    fn no_secret_is_left_and_what_is_no_secret_stays() {
        let hidden = hide(FIELDS, &inputs(), &Object::new()).expect("hidden");
        assert!(!clear(&hidden).contains("hunter"), "{}", clear(&hidden));
        assert_eq!(hidden["keep"], Value::Bool(true));
        assert!(is_digest(&hidden["password"]));
        assert!(!format!("{hidden:?}").contains("blake3"), "a digest is sensitive itself");
        let again = hide(FIELDS, &inputs(), &Object::new()).expect("hidden");
        assert_ne!(clear(&hidden), clear(&again), "each has a salt of its own");
    }

    #[test]
    fn the_digest_of_the_same_value_stays() {
        let hidden = hide(FIELDS, &inputs(), &Object::new()).expect("hidden");
        assert_eq!(hide(FIELDS, &inputs(), &hidden), Ok(hidden.clone()));
        assert_eq!(hide(FIELDS, &hidden, &Object::new()), Ok(hidden.clone()));
        assert_eq!(keep(FIELDS, &inputs(), &hidden), hidden);
        let mut other = inputs();
        other.insert("password".to_owned(), Value::from("other").sensitive());
        assert_eq!(keep(FIELDS, &other, &hidden)["password"], other["password"]);
        let rehidden = hide(FIELDS, &other, &hidden).expect("hidden");
        assert_ne!(rehidden["password"], hidden["password"]);
        assert_eq!(rehidden["rule"], hidden["rule"]);
    }

    #[test]
    fn what_is_recorded_is_recognised_by_meaning_and_place() {
        let hidden = hide(FIELDS, &inputs(), &Object::new()).expect("hidden");
        let differing = |planned: &Object| -> Vec<_> {
            let names = crate::compare::differing(FIELDS, planned, &hidden);
            names.into_iter().map(|field| field.name).collect()
        };
        assert_eq!(differing(&inputs()), [""; 0]);
        let mut same = inputs();
        same.insert("document".to_owned(), Value::from(r#"{"a":2,"b":1}"#));
        let rules = same["rule"].as_list().expect("a list");
        let turned = rules.iter().rev().cloned().collect();
        same.insert("rule".to_owned(), Value::List(turned));
        assert_eq!(differing(&same), [""; 0]);
        for (name, json) in [
            ("document", serde_json::json!("{}")),
            ("password", serde_json::json!("hunter3")),
            ("password", serde_json::json!(null)),
            (
                "rule",
                serde_json::json!([{"port": 1, "secret": "hunter4"}, {"port": 2, "secret": "hunter3"}]),
            ),
            ("veiled", serde_json::json!({"port": 3, "secret": "x"})),
        ] {
            let mut other = inputs();
            other.insert(name.to_owned(), Value::from_json(&json));
            assert_eq!(differing(&other), [name], "{json}");
        }
    }

    #[test]
    fn a_provider_is_given_values_or_nothing() {
        let hidden = hide(FIELDS, &inputs(), &Object::new()).expect("hidden");
        let given = without(&hidden);
        assert_eq!(clear(&given), r#"keep=true rule=[{"port":1},{"port":2}] veiled={"port":3} "#);
        assert!(as_unknown(&hidden)["password"].has_unknown());
        assert!(as_unknown(&hidden)["veiled"].has_unknown());
        assert!(!has_digest(&Value::Map(given)));
    }

    #[test]
    fn only_a_whole_digest_is_one() {
        for text in ["", "blake3", "blake3:00:00", "md5:00:00", "hunter2"] {
            let map = object(serde_json::json!({"$digest": text}));
            assert!(!is_digest(&Value::Map(map)), "{text}");
        }
    }
}
