//! Kinds: the shape of an attribute and what makes two of its values mean the same.
//!
//! The main type is [`Kind`]. A fact about meaning lives here, once, and not in a handler: policies
//! are compared by what they say, sets without their order, CIDRs by the network that they name.

use crate::{Field, Object, Value};

/// The shape of an attribute and its meaning.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Text, with its own check and canonical form.
    Text(&'static Text),
    /// Values whose order means something.
    List(&'static Self),
    /// Values whose order means nothing and that stand once.
    Set(&'static Self),
    /// Values by name.
    Map(&'static Self),
    /// Tags: a map of texts that the provider's frame reads and writes.
    Tags,
    /// Named fields.
    Block(&'static [Field]),
}

/// Text with a meaning: an identifier, an ARN, a CIDR, a policy.
#[derive(Debug)]
pub struct Text {
    /// What a person calls it: `VPC id`, `IPv4 CIDR`, `IAM policy`.
    pub name: &'static str,
    /// Says what is wrong with a text, as a fragment: `must start with vpc-`.
    pub check: fn(&str) -> Result<(), String>,
    /// The one form that all texts of the same meaning share.
    pub canonical: fn(&str) -> String,
}

/// A check that accepts every text.
///
/// # Errors
/// Never.
pub fn any_text(_: &str) -> Result<(), String> {
    Ok(())
}

/// The canonical form of a text that means just itself.
#[must_use]
pub fn as_written(text: &str) -> String {
    text.to_owned()
}

/// Plain text.
pub static TEXT: Text = Text { name: "text", check: any_text, canonical: as_written };

/// JSON, compared as data.
pub static JSON: Text = Text { name: "JSON", check: check_json, canonical: canonical_json };

fn check_json(text: &str) -> Result<(), String> {
    serde_json::from_str::<serde_json::Value>(text)
        .map(|_| ())
        .map_err(|error| format!("must be JSON: {error}"))
}

fn canonical_json(text: &str) -> String {
    // serde_json keeps object keys sorted, so parsing and printing is enough.
    serde_json::from_str::<serde_json::Value>(text)
        .map_or_else(|_| text.to_owned(), |json| json.to_string())
}

/// A problem with a value: where inside the attribute, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path inside the resource, such as `rule[0].days`.
    pub path: String,
    /// What is wrong, as a fragment: `must be between 1 and 5`.
    pub message: String,
}

impl Kind {
    /// What a person calls this kind, for messages and docs.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::Int => "integer".to_owned(),
            Self::Float => "number".to_owned(),
            Self::Text(text) => text.name.to_owned(),
            Self::List(item) => format!("list of {}", item.describe()),
            Self::Set(item) => format!("set of {}", item.describe()),
            Self::Map(item) => format!("map of {}", item.describe()),
            Self::Tags => "map of text".to_owned(),
            Self::Block(_) => "block".to_owned(),
        }
    }

    /// The form that all values of the same meaning share. Sensitivity marks stay.
    #[must_use]
    pub fn canonical(&self, value: &Value) -> Value {
        match (self, value) {
            (_, Value::Sensitive(inner)) => self.canonical(inner).sensitive(),
            (Self::Text(text), Value::String(content)) => Value::String((text.canonical)(content)),
            (Self::Float, Value::Int(number)) => {
                #[expect(clippy::cast_precision_loss, reason = "AWS numbers are far below 2^52")]
                let number = *number as f64;
                Value::Float(number)
            }
            (Self::List(item), Value::List(items)) => {
                Value::List(items.iter().map(|i| item.canonical(i)).collect())
            }
            (Self::Set(item), Value::List(items)) => {
                let mut items: Vec<_> = items.iter().map(|i| item.canonical(i)).collect();
                items.sort_by_cached_key(sort_key);
                items.dedup_by(|a, b| a == b && !a.has_unknown());
                Value::List(items)
            }
            (Self::Map(item), Value::Map(entries)) => Value::Map(
                entries
                    .iter()
                    .filter(|(_, v)| !v.is_null())
                    .map(|(name, v)| (name.clone(), item.canonical(v)))
                    .collect(),
            ),
            (Self::Block(fields), Value::Map(entries)) => {
                Value::Map(canonical_object(fields, entries))
            }
            (_, other) => other.clone(),
        }
    }

    /// Whether two values mean the same. Nothing, an empty list and an empty map do.
    #[must_use]
    pub fn same(&self, left: &Value, right: &Value) -> bool {
        if left.has_unknown() || right.has_unknown() {
            return false;
        }
        let left = self.canonical(&left.revealed());
        let right = self.canonical(&right.revealed());
        left == right || (is_empty(&left) && is_empty(&right))
    }

    /// Adds what is wrong with the known parts of a value.
    pub fn check(&self, path: &str, value: &Value, problems: &mut Vec<Problem>) {
        let mut refuse = |message: String| {
            problems.push(Problem { path: path.to_owned(), message });
        };
        match (self, value.reveal()) {
            (_, Value::Unknown | Value::Null)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Float, Value::Int(_) | Value::Float(_)) => {}
            (Self::Text(text), Value::String(content)) => {
                if let Err(message) = (text.check)(content) {
                    refuse(message);
                }
            }
            (Self::List(item) | Self::Set(item), Value::List(items)) => {
                for (index, inner) in items.iter().enumerate() {
                    item.check(&format!("{path}[{index}]"), inner, problems);
                }
            }
            (Self::Map(item), Value::Map(entries)) => {
                for (name, inner) in entries {
                    item.check(&format!("{path}.{name}"), inner, problems);
                }
            }
            (Self::Tags, Value::Map(entries)) => {
                for (name, inner) in entries {
                    if name.starts_with("aws:") {
                        refuse(format!("tag `{name}`: the prefix `aws:` is reserved by AWS"));
                    }
                    if !matches!(inner.reveal(), Value::String(_) | Value::Unknown) {
                        refuse(format!("tag `{name}` must be text"));
                    }
                }
            }
            (Self::Block(fields), Value::Map(entries)) => {
                check_object(fields, path, entries, problems);
            }
            (kind, other) => {
                refuse(format!("must be {}, not {}", kind.wanted(), other.shape()));
            }
        }
    }

    /// The kind as a sentence needs it: `a list of text`, `an IPv4 CIDR`.
    fn wanted(&self) -> String {
        match self {
            Self::Bool => "a truth value".to_owned(),
            Self::Int => "a whole number".to_owned(),
            _ => with_article(&self.describe()),
        }
    }
}

/// A noun with its article; text and JSON have none.
fn with_article(noun: &str) -> String {
    let word = noun.split(' ').next().unwrap_or_default();
    if ["text", "JSON"].contains(&word) {
        return noun.to_owned();
    }
    // What is said letter by letter begins as its first letter is called: an `S3`, a `URL`.
    let spelt = word.chars().nth(1).is_some_and(|letter| !letter.is_ascii_lowercase());
    let vowels = if spelt { "AEFHILMNORSX" } else { "AEIOaeio" };
    let article = if word.starts_with(|first: char| vowels.contains(first)) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// The canonical form of named fields; absent and null are the same.
#[must_use]
pub fn canonical_object(fields: &[Field], entries: &Object) -> Object {
    fields
        .iter()
        .filter_map(|field| {
            let value = entries.get(field.name)?;
            if value.is_null() {
                return None;
            }
            let value = field.kind.canonical(value);
            (!is_empty(&value)).then(|| (field.name.to_owned(), value))
        })
        .collect()
}

/// Checks named fields: required ones, unknown ones, ranges, kinds.
pub fn check_object(fields: &[Field], path: &str, entries: &Object, problems: &mut Vec<Problem>) {
    let join =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for field in fields {
        let value = entries.get(field.name).unwrap_or(&Value::Null);
        if field.required && value.is_null() {
            problems.push(Problem { path: join(field.name), message: "is required".to_owned() });
            continue;
        }
        field.kind.check(&join(field.name), value, problems);
        if let (Some((least, most)), Some(number)) = (field.range, value.as_int())
            && !(least..=most).contains(&number)
        {
            let message = format!("must be between {least} and {most}, not {number}");
            problems.push(Problem { path: join(field.name), message });
        }
    }
    for name in entries.keys() {
        if !fields.iter().any(|field| field.name == name) {
            let message = "is not an argument of this type".to_owned();
            problems.push(Problem { path: join(name), message });
        }
    }
}

/// Whether a value says nothing: null, an empty list, an empty map.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value.reveal() {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A total order for members of a set; only equality of neighbours matters.
fn sort_key(value: &Value) -> String {
    value.revealed().to_json(&|_| serde_json::Value::Null).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Value {
        Value::from(items.to_vec())
    }

    #[test]
    fn sets_ignore_order_and_lists_do_not() {
        static ITEM: Kind = Kind::Text(&TEXT);
        let (one, other) = (list(&["a", "b", "b"]), list(&["b", "a"]));
        assert!(Kind::Set(&ITEM).same(&one, &other));
        assert!(!Kind::List(&ITEM).same(&one, &other));
        assert!(!Kind::Set(&ITEM).same(&one, &list(&["a"])));
    }

    #[test]
    fn json_is_compared_as_data() {
        let kind = Kind::Text(&JSON);
        assert!(kind.same(&Value::from(r#"{"a":1,"b":2}"#), &Value::from("{ \"b\":2, \"a\":1 }")));
        assert!(!kind.same(&Value::from(r#"{"a":1}"#), &Value::from(r#"{"a":2}"#)));
    }

    #[test]
    fn nothing_and_empty_are_the_same_and_unknown_is_never() {
        static ITEM: Kind = Kind::Text(&TEXT);
        assert!(Kind::Set(&ITEM).same(&Value::Null, &Value::List(vec![])));
        assert!(!Kind::Bool.same(&Value::Unknown, &Value::Unknown));
    }

    #[test]
    fn a_mark_does_not_hide_a_difference() {
        let kind = Kind::Text(&TEXT);
        assert!(kind.same(&Value::from("a").sensitive(), &Value::from("a")));
        assert!(!kind.same(&Value::from("a").sensitive(), &Value::from("b").sensitive()));
    }

    #[test]
    fn what_is_wanted_has_its_article() {
        for (noun, said) in [
            ("IPv4 CIDR", "an IPv4 CIDR"),
            ("IAM policy", "an IAM policy"),
            ("VPC id", "a VPC id"),
            ("ARN", "an ARN"),
            ("security group id", "a security group id"),
            ("list of ARN", "a list of ARN"),
            ("text", "text"),
            ("JSON", "JSON"),
        ] {
            assert_eq!(with_article(noun), said);
        }
        let mut problems = Vec::new();
        Kind::Int.check("port", &Value::from("x"), &mut problems);
        assert_eq!(problems[0].message, "must be a whole number, not text");
    }

    #[test]
    fn checks_name_the_path() {
        static FIELDS: &[Field] =
            &[Field { required: true, range: Some((1, 5)), ..Field::new("days", Kind::Int) }];
        static BLOCK: Kind = Kind::Block(FIELDS);
        let mut problems = Vec::new();
        let rule =
            Value::Map(Object::from([("days".into(), Value::Int(9)), ("x".into(), true.into())]));
        Kind::List(&BLOCK).check("rule", &Value::List(vec![rule]), &mut problems);
        let found: Vec<_> = problems.iter().map(|p| format!("{} {}", p.path, p.message)).collect();
        assert_eq!(
            found,
            [
                "rule[0].days must be between 1 and 5, not 9",
                "rule[0].x is not an argument of this type"
            ]
        );
    }
}
