//! Schemas: a resource type as data, for checking, comparing, documenting and storing.
//!
//! Made by the derives from the typed definition and never written by hand.

use crate::kind::{Kind, Problem, check_object};
use crate::{Object, Value};

/// A resource type as data.
#[derive(Debug)]
pub struct Schema {
    /// Terraform's name: `aws_vpc`.
    pub type_name: &'static str,
    /// What it is, in Markdown.
    pub doc: &'static str,
    /// What the user may set.
    pub inputs: &'static [Field],
    /// What AWS assigns. Always has `id`.
    pub outputs: &'static [Field],
    /// Rules between fields that one field's kind cannot say.
    pub validate: fn(&Object) -> Vec<Problem>,
    /// Whether an object holds what cannot be made again, such as data or a key to it: a protected
    /// environment refuses to delete or to replace one.
    pub stateful: bool,
}

/// A named attribute of a resource or block.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Terraform's name: `cidr_block`.
    pub name: &'static str,
    /// Shape and meaning.
    pub kind: Kind,
    /// One sentence or more, in Markdown.
    pub doc: &'static str,
    /// Cannot be left out.
    pub required: bool,
    /// Left out, AWS's choice is kept and is not a difference.
    pub computed: bool,
    /// A change replaces the resource.
    pub force_new: bool,
    /// A change replaces the resource where the input of this name is true.
    pub force_new_if: Option<&'static str>,
    /// Never shown, never stored in clear.
    pub sensitive: bool,
    /// AWS never returns it: compared with what was recorded. One that is sensitive too is recorded as
    /// a digest, so that an operation on an object of earlier may be without it.
    pub write_only: bool,
    /// Our default, where we have one.
    pub default: Option<fn() -> Value>,
    /// Least and most, for numbers.
    pub range: Option<(i64, i64)>,
}

impl Field {
    /// A field with a name, a kind and nothing else set.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            doc: "",
            required: false,
            computed: false,
            force_new: false,
            force_new_if: None,
            sensitive: false,
            write_only: false,
            default: None,
            range: None,
        }
    }

    /// Whether a change of the field replaces a resource that is to have these inputs.
    #[must_use]
    pub fn replaces(&self, inputs: &Object) -> bool {
        let asked = |name| inputs.get(name).and_then(Value::as_bool) == Some(true);
        self.force_new || self.force_new_if.is_some_and(asked)
    }
}

/// A [`Schema::validate`] for types whose fields are independent.
#[must_use]
pub fn no_rules(_: &Object) -> Vec<Problem> {
    Vec::new()
}

impl Schema {
    /// The input of that name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&'static Field> {
        self.inputs.iter().find(|field| field.name == name)
    }

    /// The output of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&'static Field> {
        self.outputs.iter().find(|field| field.name == name)
    }

    /// The input or output of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Field> {
        self.input(name).or_else(|| self.output(name))
    }

    /// The field that holds the resource's tags, if it has tags.
    #[must_use]
    pub fn tags(&self) -> Option<&'static Field> {
        self.inputs.iter().find(|field| matches!(field.kind, Kind::Tags))
    }

    /// Adds our defaults where the user set nothing.
    pub fn fill_defaults(&self, inputs: &mut Object) {
        fill_defaults(self.inputs, inputs);
    }

    /// Everything wrong with the known parts of the inputs.
    #[must_use]
    pub fn check(&self, inputs: &Object) -> Vec<Problem> {
        let mut problems = Vec::new();
        check_object(self.inputs, "", inputs, &mut problems);
        if problems.is_empty() {
            problems = (self.validate)(inputs);
        }
        problems
    }
}

fn fill_defaults(fields: &[Field], entries: &mut Object) {
    for field in fields {
        if let Some(default) = field.default
            && entries.get(field.name).is_none_or(Value::is_null)
        {
            entries.insert(field.name.to_owned(), default());
        }
        if let Some(value) = entries.get_mut(field.name) {
            fill_nested(&field.kind, value);
        }
    }
}

fn fill_nested(kind: &Kind, value: &mut Value) {
    match (kind, value) {
        (kind, Value::Sensitive(inner)) => fill_nested(kind, inner),
        (Kind::Block(fields), Value::Map(entries)) => fill_defaults(fields, entries),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            items.iter_mut().for_each(|inner| fill_nested(item, inner));
        }
        (Kind::Map(item), Value::Map(entries)) => {
            entries.values_mut().for_each(|inner| fill_nested(item, inner));
        }
        _ => {}
    }
}
