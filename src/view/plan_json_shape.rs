//! Attributes in the shape that Terraform's provider gives them, by what the schema says.
//!
//! Start reading at [`values`]. To Terraform a block is a list of blocks, also where there is at
//! most one; an argument that was left out is null, and a block that was left out an empty list.
//! Policies rely on each of these: one that asks for `rule[0]`, or for null, finds nothing otherwise
//! and passes.

use infra_sdk::{Field, Kind, Object, Schema, Value};

use super::plan_json_text::{is_text, text};

/// The attributes with their values.
pub(super) fn values(schema: Option<&Schema>, attributes: &Object) -> Object {
    let Some(schema) = schema else { return attributes.clone() };
    let mut shaped = shaped(schema, attributes, &text);
    fill(schema.inputs, &mut shaped);
    shaped
}

/// The attributes for marks: where they are unknown, and where sensitive. What is one text is one
/// mark.
pub(super) fn marked(schema: Option<&Schema>, attributes: &Object) -> Object {
    let Some(schema) = schema else { return attributes.clone() };
    shaped(schema, attributes, &|_, value| match value {
        value if value.has_sensitive() => Value::Null.sensitive(),
        value if value.has_unknown() => Value::Unknown,
        _ => Value::Null,
    })
}

fn shaped(schema: &Schema, attributes: &Object, text: &dyn Fn(&Kind, &Value) -> Value) -> Object {
    let shaper = Shaper { type_name: schema.type_name };
    let shape = |(name, value): (&String, &Value)| {
        let shaped = match schema.attribute(name) {
            Some(field) if is_text(schema.type_name, name) => text(&field.kind, value),
            Some(field) => shaper.field(field, value),
            None => value.clone(),
        };
        (name.clone(), shaped)
    };
    attributes.iter().map(shape).collect()
}

/// Shapes values of one type.
struct Shaper {
    type_name: &'static str,
}

impl Shaper {
    fn field(&self, field: &Field, value: &Value) -> Value {
        let shaped = self.value(&field.kind, value);
        let is_chosen = self.type_name.starts_with(WAF) && CHOSEN.contains(&field.name);
        if is_chosen { chosen(shaped) } else { shaped }
    }

    fn value(&self, kind: &Kind, value: &Value) -> Value {
        match (kind, value) {
            (kind, Value::Sensitive(inner)) => self.value(kind, inner).sensitive(),
            (kind, Value::Null) => nothing(kind),
            (Kind::Block(fields), Value::Map(entries)) => {
                Value::List(vec![self.block(fields, entries)])
            }
            (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
                Value::List(items.iter().map(|value| self.element(item, value)).collect())
            }
            (Kind::Map(item), Value::Map(entries)) => {
                let shaped =
                    |(name, value): (&String, &Value)| (name.clone(), self.element(item, value));
                Value::Map(entries.iter().map(shaped).collect())
            }
            _ => value.clone(),
        }
    }

    /// An element of a list or map: what stands among blocks needs no list of its own.
    fn element(&self, kind: &Kind, value: &Value) -> Value {
        match (kind, value) {
            (kind, Value::Sensitive(inner)) => self.element(kind, inner).sensitive(),
            (Kind::Block(fields), Value::Map(entries)) => self.block(fields, entries),
            _ => self.value(kind, value),
        }
    }

    fn block(&self, fields: &[Field], entries: &Object) -> Value {
        let shape = |(name, value): (&String, &Value)| {
            let field = fields.iter().find(|field| field.name == name);
            (name.clone(), field.map_or_else(|| value.clone(), |field| self.field(field, value)))
        };
        let mut shaped: Object = entries.iter().map(shape).collect();
        fill(fields, &mut shaped);
        Value::Map(shaped)
    }
}

/// The types of WAF.
const WAF: &str = "aws_wafv2_";

/// Arguments of WAF whose choice is the name of a block in Terraform: `default_action { allow {} }`.
const CHOSEN: [&str; 4] = ["action", "action_to_use", "default_action", "override_action"];

/// A choice, or a block with its choice as `type`, as a block of the choice's name.
fn chosen(shaped: Value) -> Value {
    let named = |name: String, content: Object| {
        let block = Value::List(vec![Value::Map(content)]);
        Value::List(vec![Value::Map(Object::from([(name, block)]))])
    };
    match shaped {
        Value::String(name) => named(name, Object::new()),
        Value::List(mut blocks) => match blocks.pop() {
            Some(Value::Map(mut content)) => match content.remove("type") {
                Some(Value::String(name)) => named(name, content),
                _ => Value::List(vec![Value::Map(content)]),
            },
            other => Value::List(other.into_iter().collect()),
        },
        Value::Null => Value::List(Vec::new()),
        other => other,
    }
}

/// Adds what was left out. What AWS chooses is not known to be left out.
fn fill(fields: &[Field], entries: &mut Object) {
    for field in fields.iter().filter(|field| !field.computed) {
        entries.entry(field.name.to_owned()).or_insert_with(|| nothing(&field.kind));
    }
}

/// What stands for nothing.
fn nothing(kind: &Kind) -> Value {
    match kind {
        Kind::Block(_) | Kind::List(Kind::Block(_)) | Kind::Set(Kind::Block(_)) => {
            Value::List(Vec::new())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::kind::TEXT;
    use infra_sdk::schema::no_rules;
    use serde_json::json;

    use super::*;
    use crate::view::json::{known, unknown_marks};

    fn text(content: &str) -> Value {
        Value::from(content)
    }

    static RULE: [Field; 2] = [Field::new("key", Kind::Text(&TEXT)), Field::new("days", Kind::Int)];
    static SCHEMA: Schema = Schema {
        type_name: "aws_thing",
        doc: "",
        stateful: false,
        inputs: &[
            Field::new("name", Kind::Text(&TEXT)),
            Field::new("one", Kind::Block(&RULE)),
            Field::new("other", Kind::Block(&RULE)),
            Field::new("many", Kind::Set(&Kind::Block(&RULE))),
            Field { computed: true, ..Field::new("chosen", Kind::Text(&TEXT)) },
        ],
        outputs: &[],
        validate: no_rules,
    };

    #[test]
    fn a_block_is_a_list_and_what_was_left_out_is_said() {
        let rule = Value::Map(Object::from([("key".to_owned(), Value::Unknown)]));
        let attributes = Object::from([
            ("one".to_owned(), rule.clone()),
            ("many".to_owned(), Value::List(vec![rule])),
        ]);
        assert_eq!(
            known(&values(Some(&SCHEMA), &attributes)),
            json!({ "name": null, "one": [{ "days": null }], "other": [], "many": [{ "days": null }] })
        );
        assert_eq!(
            unknown_marks(&marked(Some(&SCHEMA), &attributes)),
            json!({ "one": [{ "key": true }], "many": [{ "key": true }] })
        );
    }

    #[test]
    fn a_choice_of_waf_is_the_name_of_a_block() {
        let block = Object::from([("type".to_owned(), text("block"))]);
        assert_eq!(
            chosen(Value::List(vec![Value::Map(block)])).to_json(&|_| json!(null)),
            json!([{ "block": [{}] }])
        );
        assert_eq!(chosen(text("none")).to_json(&|_| json!(null)), json!([{ "none": [{}] }]));
        assert_eq!(chosen(Value::Null).to_json(&|_| json!(null)), json!([]));
    }
}
