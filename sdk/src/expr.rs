//! Expressions: values as the program declares them, with references to what does not exist yet.
//!
//! The main type is [`Expr`]. The program builds expressions, the engine evaluates them as values
//! become known. Evaluation is pure; the functions are few, total and listed in [`Function`].

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Address, External, Externals, Object, Value};

/// A value that may refer to attributes of other resources.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Known as it stands.
    Value(Value),
    /// A list with expressions in it.
    List(Vec<Self>),
    /// A map with expressions in it.
    Map(BTreeMap<String, Self>),
    /// An attribute of another resource.
    Reference(Reference),
    /// An output of another stack, and its value as far as it is known.
    External(External, Value),
    /// A pure function of other expressions.
    Call(Function, Vec<Self>),
}

/// `address.attribute`: an attribute of a resource of the same stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The resource.
    pub address: Address,
    /// Its attribute, an input or an output.
    pub attribute: String,
}

/// The functions that expressions know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Joins texts and numbers into one text.
    Concat,
    /// `(separator, list)`: joins the texts of a list.
    Join,
    /// `(separator, text)`: splits a text into a list.
    Split,
    /// `(list, number)` or `(map, name)`: one element.
    Index,
    /// JSON text of a value.
    JsonEncode,
    /// The value of a JSON text.
    JsonDecode,
    /// Base64 of a text.
    Base64Encode,
    /// `(text, from, to)`: replaces every occurrence.
    Replace,
    /// Lower-case text.
    Lower,
    /// Joins maps; of entries with one name the later stands.
    Merge,
    /// Marks a value as sensitive.
    Sensitive,
}

impl Function {
    /// Every function with its name on the wire.
    pub const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Base64Encode, "base64encode"),
        (Self::Concat, "concat"),
        (Self::Index, "index"),
        (Self::Join, "join"),
        (Self::JsonDecode, "jsondecode"),
        (Self::JsonEncode, "jsonencode"),
        (Self::Lower, "lower"),
        (Self::Merge, "merge"),
        (Self::Replace, "replace"),
        (Self::Sensitive, "sensitive"),
        (Self::Split, "split"),
    ];

    /// The name on the wire, Terraform's where Terraform has the function.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(function, _)| *function == self).map_or("", |(_, name)| name)
    }

    /// The function of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(function, _)| *function)
    }
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A reference that the resolver does not know.
    #[error("`{0}` does not exist")]
    UnknownReference(String),
    /// A function was given what it cannot work on.
    #[error("`{function}` needs {needs}, and was given {given}")]
    Argument {
        /// The function's name.
        function: &'static str,
        /// What it takes.
        needs: &'static str,
        /// The shape that it got; never the value, which may be sensitive.
        given: &'static str,
    },
    /// An index outside the list, or a name that the map has not.
    #[error("there is no element `{0}`")]
    NoElement(String),
    /// A text that should have been JSON.
    #[error("the text is not JSON: {0}")]
    Json(String),
}

impl Expr {
    /// A reference to `attribute` of the resource at `address`.
    #[must_use]
    pub fn reference(address: &Address, attribute: &str) -> Self {
        Self::Reference(Reference { address: address.clone(), attribute: attribute.to_owned() })
    }

    /// The same expression, whose value is never shown and never stored in clear. What is known as
    /// it stands is marked at once, so that not even `Debug` shows it.
    #[must_use]
    pub fn sensitive(self) -> Self {
        match self {
            Self::Value(value) => Self::Value(value.sensitive()),
            other => Self::Call(Function::Sensitive, vec![other]),
        }
    }

    /// Every reference in the expression, in order of appearance.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        fn walk<'a>(expr: &'a Expr, found: &mut Vec<&'a Reference>) {
            match expr {
                Expr::Value(_) | Expr::External(..) => {}
                Expr::List(items) | Expr::Call(_, items) => {
                    items.iter().for_each(|item| walk(item, found));
                }
                Expr::Map(entries) => entries.values().for_each(|item| walk(item, found)),
                Expr::Reference(reference) => found.push(reference),
            }
        }
        let mut found = Vec::new();
        walk(self, &mut found);
        found
    }

    /// Every output of another stack in the expression, in order of appearance.
    #[must_use]
    pub fn externals(&self) -> Vec<&External> {
        match self {
            Self::Value(_) | Self::Reference(_) => Vec::new(),
            Self::External(external, _) => vec![external],
            Self::List(items) | Self::Call(_, items) => {
                items.iter().flat_map(Self::externals).collect()
            }
            Self::Map(entries) => entries.values().flat_map(Self::externals).collect(),
        }
    }

    /// Gives outputs of other stacks these values; one that is not among them stays as it is.
    pub fn bind(&mut self, values: &Externals) {
        match self {
            Self::Value(_) | Self::Reference(_) => {}
            Self::External(external, value) => {
                if let Some(known) = values.get(external) {
                    value.clone_from(known);
                }
            }
            Self::List(items) | Self::Call(_, items) => {
                items.iter_mut().for_each(|item| item.bind(values));
            }
            Self::Map(entries) => entries.values_mut().for_each(|item| item.bind(values)),
        }
    }

    /// The value of the expression, with `resolve` giving the values of references: a value, or
    /// [`Value::Unknown`] for one that is not known yet, or `None` for one that does not exist.
    ///
    /// # Errors
    /// When a reference does not exist or a function is given what it cannot work on.
    pub fn evaluate(
        &self,
        resolve: &dyn Fn(&Reference) -> Option<Value>,
    ) -> Result<Value, EvalError> {
        match self {
            Self::Value(value) | Self::External(_, value) => Ok(value.clone()),
            Self::List(items) => Ok(Value::List(
                items.iter().map(|i| i.evaluate(resolve)).collect::<Result<_, _>>()?,
            )),
            Self::Map(entries) => Ok(Value::Map(
                entries
                    .iter()
                    .map(|(name, item)| Ok((name.clone(), item.evaluate(resolve)?)))
                    .collect::<Result<_, EvalError>>()?,
            )),
            Self::Reference(reference) => resolve(reference).ok_or_else(|| {
                EvalError::UnknownReference(format!(
                    "{}.{}",
                    reference.address, reference.attribute
                ))
            }),
            Self::Call(function, arguments) => {
                let values =
                    arguments.iter().map(|a| a.evaluate(resolve)).collect::<Result<Vec<_>, _>>()?;
                apply(*function, &values)
            }
        }
    }
}

/// Applies a function, letting unknown and sensitive arguments colour the result.
fn apply(function: Function, arguments: &[Value]) -> Result<Value, EvalError> {
    if function == Function::Sensitive {
        return Ok(arguments.first().cloned().unwrap_or_default().sensitive());
    }
    let sensitive = arguments.iter().any(Value::has_sensitive);
    // An element of a list is known as soon as that element is, whatever its neighbours are.
    let picks = function == Function::Index && !matches!(arguments[0].reveal(), Value::Unknown);
    let result = if !picks && arguments.iter().any(Value::has_unknown) {
        Value::Unknown
    } else {
        compute(function, arguments)?
    };
    Ok(if sensitive { result.revealed().sensitive() } else { result })
}

fn compute(function: Function, arguments: &[Value]) -> Result<Value, EvalError> {
    let refuse = |needs, given: &Value| EvalError::Argument {
        function: function.name(),
        needs,
        given: given.shape(),
    };
    let at = |index: usize| arguments.get(index).map_or(&Value::Null, Value::reveal);
    let text = |index: usize| at(index).as_str().ok_or_else(|| refuse("text", at(index)));
    Ok(match function {
        Function::Concat => {
            let parts = arguments.iter().map(|a| display(a).ok_or_else(|| refuse("text", a)));
            Value::String(parts.collect::<Result<String, _>>()?)
        }
        Function::Join => {
            let items = at(1).as_list().ok_or_else(|| refuse("a list", at(1)))?;
            let parts = items.iter().map(|i| display(i).ok_or_else(|| refuse("a list of text", i)));
            Value::String(parts.collect::<Result<Vec<_>, _>>()?.join(text(0)?))
        }
        Function::Split => Value::List(text(1)?.split(text(0)?).map(Value::from).collect()),
        Function::Index => match (at(0), at(1)) {
            (Value::List(items), Value::Int(index)) => usize::try_from(*index)
                .ok()
                .and_then(|index| items.get(index))
                .cloned()
                .ok_or_else(|| EvalError::NoElement(index.to_string()))?,
            (Value::Map(entries), Value::String(name)) => {
                entries.get(name).cloned().ok_or_else(|| EvalError::NoElement(name.clone()))?
            }
            (other, _) => return Err(refuse("a list and a number, or a map and a name", other)),
        },
        Function::JsonEncode => {
            let json = at(0).revealed().to_json(&|_| serde_json::Value::Null);
            Value::String(json.to_string())
        }
        Function::JsonDecode => {
            let json: serde_json::Value =
                serde_json::from_str(text(0)?).map_err(|e| EvalError::Json(e.to_string()))?;
            Value::from_json(&json)
        }
        Function::Base64Encode => Value::String(STANDARD.encode(text(0)?)),
        Function::Replace => Value::String(text(0)?.replace(text(1)?, text(2)?)),
        Function::Lower => Value::String(text(0)?.to_lowercase()),
        Function::Merge => {
            let mut merged = Object::new();
            for argument in arguments.iter().filter(|argument| !argument.is_null()) {
                let entries = argument.as_map().ok_or_else(|| refuse("maps", argument))?;
                merged.extend(entries.clone());
            }
            Value::Map(merged)
        }
        Function::Sensitive => at(0).clone(),
    })
}

/// Text of a scalar inside a longer text.
fn display(value: &Value) -> Option<String> {
    match value.reveal() {
        Value::String(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Expr {
        Expr::Value(Value::from(value))
    }

    fn eval(expr: &Expr, known: Option<Value>) -> Result<Value, EvalError> {
        expr.evaluate(&|_| known.clone())
    }

    fn reference() -> Expr {
        Expr::reference(&Address::parse("a.b").expect("valid"), "id")
    }

    #[test]
    fn unknown_and_sensitive_parts_colour_the_whole() {
        let both = Expr::Call(Function::Concat, vec![text("x-"), reference()]);
        assert_eq!(eval(&both, Some(Value::Unknown)), Ok(Value::Unknown));
        assert_eq!(
            eval(&both, Some(Value::from("s").sensitive())),
            Ok(Value::from("x-s").sensitive())
        );
        assert_eq!(eval(&both, Some(Value::from("s"))), Ok(Value::from("x-s")));
    }

    #[test]
    fn json_of_a_document_with_a_reference_inside() {
        let document = Expr::Map(BTreeMap::from([("Resource".to_owned(), reference())]));
        let encoded = Expr::Call(Function::JsonEncode, vec![document]);
        assert_eq!(
            eval(&encoded, Some(Value::from("arn:x"))),
            Ok(Value::from(r#"{"Resource":"arn:x"}"#))
        );
        assert_eq!(eval(&encoded, Some(Value::Unknown)), Ok(Value::Unknown));
    }

    #[test]
    fn an_element_is_known_although_its_neighbour_is_not() {
        let list = Expr::List(vec![text("a"), reference()]);
        let first = Expr::Call(Function::Index, vec![list.clone(), Expr::Value(Value::Int(0))]);
        let second = Expr::Call(Function::Index, vec![list, Expr::Value(Value::Int(1))]);
        assert_eq!(eval(&first, Some(Value::Unknown)), Ok(Value::from("a")));
        assert_eq!(eval(&second, Some(Value::Unknown)), Ok(Value::Unknown));
    }

    #[test]
    fn of_merged_maps_the_later_entry_stands() {
        let entry = Expr::Map(BTreeMap::from([("a".to_owned(), text("new"))]));
        let merged = Expr::Call(Function::Merge, vec![reference(), entry]);
        let known = |name: &str| Object::from([(name.to_owned(), Value::from("old"))]);
        let value = |entries: &[(&str, &str)]| {
            Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect())
        };
        assert_eq!(eval(&merged, Some(Value::Map(known("a")))), Ok(value(&[("a", "new")])));
        let both = value(&[("a", "new"), ("b", "old")]);
        assert_eq!(eval(&merged, Some(Value::Map(known("b")))), Ok(both));
        assert!(eval(&merged, Some(Value::from("x"))).is_err());
    }

    #[test]
    fn errors_name_the_function_and_never_the_value() {
        let wrong = Expr::Call(Function::Split, vec![text(","), reference()]);
        let error = eval(&wrong, Some(Value::List(vec![Value::from("s")]).sensitive()));
        let message = error.expect_err("a list is not text").to_string();
        assert_eq!(message, "`split` needs text, and was given a list");
        assert!(matches!(eval(&reference(), None), Err(EvalError::UnknownReference(_))));
    }

    #[test]
    fn every_function_has_a_name_that_leads_back() {
        for (function, name) in Function::NAMES {
            assert_eq!(Function::from_name(name), Some(*function));
            assert_eq!(function.name(), *name);
        }
    }
}
