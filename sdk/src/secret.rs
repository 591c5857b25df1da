//! Secrets in the answers to lookups: text that a program hands on and cannot look into.
//!
//! The main type is [`SecretText`]. It must never give its text to the program: what the program
//! does not know it can neither print nor put into a place that is not sealed.

use std::fmt;

use crate::input::ValidIn;
use crate::{
    DecodeError, Expr, FieldType, Function, Global, IntoInput, IntoText, Json, Kind, Output, Scope,
    Value,
};

/// Text of an answer that is sensitive: masked in plans, logs and errors, and sealed in the state,
/// wherever the program puts it.
///
/// ```
/// use infra_sdk::{LookupAnswer, SecretText, text};
///
/// /// A secret as found.
/// #[derive(Debug, Clone, PartialEq, LookupAnswer)]
/// pub struct Found {
///     /// What it holds.
///     pub value: SecretText,
/// }
///
/// # let found = Found { value: SecretText::new(r#"{"password":"hunter2"}"#) };
/// let url = text!("postgres://app:", found.value.field("password"), "@db");
/// assert!(!format!("{found:?} {url:?}").contains("hunter2"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Keeps a text, for whoever answers the lookup.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as an argument takes it.
    #[must_use]
    pub fn text(&self) -> Output<String, Global> {
        Output::from_expr(self.expr())
    }

    /// One entry of a text that is a JSON object: `password` of `{"password": "…"}`. That it is one
    /// is found out when the stack is planned.
    #[must_use]
    pub fn field(&self, name: &str) -> Output<String, Global> {
        let decoded = Expr::Call(Function::JsonDecode, vec![self.expr()]);
        let name = Expr::Value(Value::from(name));
        Output::from_expr(Expr::Call(Function::Index, vec![decoded, name]))
    }

    fn expr(&self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive value)")
    }
}

impl FieldType for SecretText {
    const KIND: Kind = <String as FieldType>::KIND;

    fn to_value(&self) -> Value {
        Value::String(self.0.clone()).sensitive()
    }

    /// Takes a text without a mark too, and marks it.
    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<String, R> for SecretText
where
    Global: ValidIn<R>,
{
    fn into_expr(self) -> Expr {
        self.expr()
    }
}

impl<R: Scope> IntoInput<Json, R> for SecretText
where
    Global: ValidIn<R>,
{
    fn into_expr(self) -> Expr {
        self.expr()
    }
}

impl IntoText for SecretText {
    fn into_text(self) -> Expr {
        self.expr()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::protocol::wire::{expr_from_json, expr_to_json, value_from_json, value_to_json};
    use crate::stack::Answerer;
    use crate::{Diagnostic, Environment, Location, Lookup, LookupAnswer, Stack, text};

    const PASSWORD: &str = "hunter2";

    /// A secret as found.
    #[derive(Debug, Clone, PartialEq, LookupAnswer)]
    struct Found {
        /// What it holds.
        value: SecretText,
        /// Its number.
        version: u32,
        /// What it held before.
        before: Option<SecretText>,
    }

    struct Find;

    impl Lookup for Find {
        type Answer = Found;

        const NAME: &'static str = "a_secret";

        fn arguments(&self) -> BTreeMap<String, Value> {
            BTreeMap::new()
        }
    }

    /// Answers as the other end of the pipe does: through the wire.
    struct Pipe(Value);

    impl Answerer for Pipe {
        fn answer(
            &mut self,
            _: &str,
            _: &BTreeMap<String, Value>,
            _: Option<&str>,
            _: &Location,
        ) -> Result<Value, Diagnostic> {
            value_from_json(&value_to_json(&self.0)).map_err(|why| Diagnostic::error("wire", why))
        }
    }

    fn stack(answer: Value) -> Stack {
        let environment =
            Environment { name: "test".into(), region: "us-west-2".into(), protected: false };
        Stack::new(environment, Box::new(Pipe(answer)))
    }

    fn found() -> Found {
        let value = SecretText::new(format!(r#"{{"password":"{PASSWORD}"}}"#));
        Found { value, version: 1, before: None }
    }

    /// The value of an expression after its way to the engine.
    fn arrived(expr: &Expr) -> Value {
        let expr = expr_from_json(&expr_to_json(expr)).expect("the wire form of an expression");
        expr.evaluate(&|_| None).expect("nothing is missing")
    }

    #[test]
    fn an_answer_marks_its_secrets_and_nothing_else() {
        let value = found().to_value();
        let entries = value.as_map().expect("a block");
        assert!(entries["value"].has_sensitive());
        assert!(!entries["version"].has_sensitive());
        assert!(!entries.contains_key("before"), "what is absent is no secret");
        assert!(!format!("{value:?} {:?}", found()).contains(PASSWORD));
    }

    #[test]
    fn what_a_program_makes_of_a_secret_is_sensitive() {
        let mut stack = stack(found().to_value());
        let found = stack.lookup(Find).expect("answered");
        assert!(!format!("{found:?}").contains(PASSWORD));
        let url = text!("redis://:", found.value.field("password"), "@cache");
        let url = IntoText::into_text(url);
        assert!(!format!("{url:?}").contains(PASSWORD));
        assert_eq!(arrived(&url), Value::from("redis://:hunter2@cache").sensitive());
        let whole = <SecretText as IntoInput<String, crate::Home>>::into_expr(found.value);
        assert!(arrived(&whole).has_sensitive());
    }

    #[test]
    fn an_answer_that_lost_its_mark_gets_it_back() {
        let clear = found().to_value().revealed();
        assert!(!clear.has_sensitive());
        let found = stack(clear).lookup(Find).expect("answered");
        assert!(found.to_value().has_sensitive());
    }

    #[test]
    fn what_is_wrong_with_an_answer_shows_no_secret() {
        let wrong = Value::Map([("value".to_owned(), Value::from(vec![PASSWORD]))].into());
        let error = stack(wrong).lookup(Find).expect_err("a list is not text");
        assert!(!format!("{error:?}").contains(PASSWORD));
        let text = SecretText::new(PASSWORD).field("password");
        let error = text.expr().evaluate(&|_| None).expect_err("it is not JSON");
        assert!(!error.to_string().contains(PASSWORD), "{error}");
    }
}
