//! From the text of an expression to one that can be evaluated.
//!
//! The main function is [`parse`]. Names are looked up on the way, so that a wrong one is told with the
//! nearest that there is.
//!
//! ```text
//! expression = (name | function "(" list ")" | text | number | "true" | "false" | "null"
//!              | "[" list "]" | "{" NAME "=" expression "," … "}") { "[" expression "]" | "." NAME }
//! ```

use std::collections::BTreeMap;

use infra_sdk::{Diagnostic, Expr, Function, Value};

use super::known::Known;
use crate::config::near;

/// What an expression looks like.
const HINT: &str =
    "write such as `network.vpc.id`, `settings.zones`, `join(\",\", [\"a\", \"b\"])`";

/// Brackets in brackets in brackets end somewhere: the stack of this process does.
const DEEPEST: usize = 64;

/// An expression without references.
pub(super) struct Parsed {
    /// What is to be evaluated.
    pub(super) expr: Expr,
    /// Whether something in it is sensitive.
    pub(super) secret: bool,
}

/// Reads an expression.
///
/// # Errors
/// When it is none, or names what is not there.
pub(super) fn parse(text: &str, known: &Known) -> Result<Parsed, Diagnostic> {
    let mut parser = Parser { text, at: 0, known, depth: 0, secret: false };
    let expr = parser.expression()?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.wrong("nothing more is expected here"));
    }
    Ok(Parsed { expr, secret: parser.secret })
}

/// How many arguments a function takes.
fn arguments(function: Function) -> (usize, usize) {
    match function {
        Function::Concat | Function::Merge => (0, usize::MAX),
        Function::Index | Function::Join | Function::Split => (2, 2),
        Function::Replace => (3, 3),
        Function::JsonEncode
        | Function::JsonDecode
        | Function::Base64Encode
        | Function::Lower
        | Function::Sensitive => (1, 1),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    known: &'t Known,
    depth: usize,
    secret: bool,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a letter, if it is the next one.
    fn takes(&mut self, letter: char) -> bool {
        self.space();
        let next = self.rest().starts_with(letter);
        self.at += if next { letter.len_utf8() } else { 0 };
        next
    }

    fn expects(&mut self, letter: char) -> Result<(), Diagnostic> {
        if self.takes(letter) {
            Ok(())
        } else {
            Err(self.wrong(&format!("`{letter}` is expected here")))
        }
    }

    fn wrong(&self, what: &str) -> Diagnostic {
        let column = self.text[..self.at].chars().count() + 1;
        let there = match self.rest().chars().next() {
            Some(letter) if letter.is_control() => "before a control character".to_owned(),
            Some(letter) => format!("before `{letter}`"),
            None => "at the end".to_owned(),
        };
        Diagnostic::error("console::syntax", "this is no expression")
            .detail(format!("column {column}, {there}: {what}"))
            .hint(HINT)
    }

    fn expression(&mut self) -> Result<Expr, Diagnostic> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("it is nested too deeply"));
        }
        let mut expr = self.primary()?;
        loop {
            if self.takes('[') {
                let index = self.expression()?;
                self.expects(']')?;
                expr = Expr::Call(Function::Index, vec![expr, index]);
            } else if self.takes('.') {
                let Some(name) = self.word() else {
                    return Err(self.wrong("a name is expected here"));
                };
                expr = element(expr, &name);
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr, Diagnostic> {
        self.space();
        match self.rest().chars().next() {
            Some('"') => self.quoted(),
            Some('[') => {
                self.at += 1;
                Ok(Expr::List(self.list(']')?))
            }
            Some('{') => {
                self.at += 1;
                self.map()
            }
            Some(letter) if letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' => {
                self.named()
            }
            _ => Err(self.wrong("a value is expected here")),
        }
    }

    /// A text, written as in JSON.
    fn quoted(&mut self) -> Result<Expr, Diagnostic> {
        let mut read = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match read.next() {
            Some(Ok(text)) => {
                self.at += read.byte_offset();
                Ok(Expr::Value(Value::from(text.as_str())))
            }
            _ => Err(self.wrong("a text has no end, or an escape in it is none")),
        }
    }

    fn list(&mut self, end: char) -> Result<Vec<Expr>, Diagnostic> {
        let mut items = Vec::new();
        while !self.takes(end) {
            items.push(self.expression()?);
            if !self.takes(',') {
                self.expects(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<Expr, Diagnostic> {
        let mut entries = BTreeMap::new();
        while !self.takes('}') {
            self.space();
            let name = match self.rest().starts_with('"') {
                true => match self.quoted()? {
                    Expr::Value(Value::String(name)) => Some(name),
                    _ => None,
                },
                false => self.word(),
            };
            let Some(name) = name else { return Err(self.wrong("a name is expected here")) };
            if !self.takes('=') {
                self.expects(':')?;
            }
            entries.insert(name, self.expression()?);
            if !self.takes(',') {
                self.expects('}')?;
                break;
            }
        }
        Ok(Expr::Map(entries))
    }

    /// Letters that a part of a name may have.
    fn word(&mut self) -> Option<String> {
        self.space();
        let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let length = self.rest().find(|c| !part(c)).unwrap_or(self.rest().len());
        let word = self.rest()[..length].to_owned();
        self.at += length;
        (!word.is_empty()).then_some(word)
    }

    /// A number, a constant, a call, or a dotted name.
    fn named(&mut self) -> Result<Expr, Diagnostic> {
        if let Some(number) = self.number() {
            return Ok(Expr::Value(number));
        }
        let start = self.at;
        let Some(first) = self.word() else { return Err(self.wrong("a name is expected here")) };
        if self.takes('(') {
            return self.call(start, &first);
        }
        match first.as_str() {
            "true" => return Ok(Expr::Value(Value::Bool(true))),
            "false" => return Ok(Expr::Value(Value::Bool(false))),
            "null" => return Ok(Expr::Value(Value::Null)),
            _ => {}
        }
        let mut path = vec![first];
        while self.takes('.') {
            let Some(word) = self.word() else { return Err(self.wrong("a name is expected here")) };
            path.push(word);
        }
        let (value, inside) = self.known.find(&path)?;
        self.secret |= value.has_sensitive();
        Ok(inside.iter().fold(Expr::Value(value), |expr, name| element(expr, name)))
    }

    /// A number, where the whole word is one: a part of an address may begin with a digit.
    fn number(&mut self) -> Option<Value> {
        let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let length = self.rest().find(|c| !part(c)).unwrap_or(self.rest().len());
        let word = &self.rest()[..length];
        let digits = word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        let integer = word.parse().ok().map(Value::Int);
        let number = integer.or_else(|| word.parse().ok().map(Value::Float)).filter(|_| digits)?;
        self.at += length;
        Some(number)
    }

    fn call(&mut self, start: usize, name: &str) -> Result<Expr, Diagnostic> {
        let Some(function) = Function::from_name(name) else {
            let names = Function::NAMES.iter().map(|(_, name)| *name);
            self.at = start;
            return Err(Diagnostic::error("console::function", "there is no such function")
                .detail(format!("`{name}`"))
                .hint(near(name, names)));
        };
        let given = self.list(')')?;
        let (least, most) = arguments(function);
        if given.len() < least || given.len() > most {
            return Err(Diagnostic::error(
                "console::arguments",
                "a function is given too little or too much",
            )
            .detail(format!("`{name}` takes {least}, and was given {}", given.len()))
            .hint("arguments stand between the brackets, with commas between them"));
        }
        // A secret stays one whatever is done to it.
        self.secret |= function == Function::Sensitive;
        Ok(Expr::Call(function, given))
    }
}

/// What a map holds by a name.
fn element(expr: Expr, name: &str) -> Expr {
    Expr::Call(Function::Index, vec![expr, Expr::Value(Value::from(name))])
}

#[cfg(test)]
mod tests {
    use infra_sdk::store::State;

    use super::*;
    use crate::config::settings::Nodes;

    fn known() -> Known {
        let outputs = [
            ("list", Value::List(vec![Value::from("a"), Value::from("b")])),
            ("map", Value::Map([("x-y".to_owned(), Value::Int(7))].into())),
            ("password", Value::from("hunter2").sensitive()),
        ];
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value)).into();
        let state = State { outputs, ..State::default() };
        Known::new("web".to_owned(), "dev".to_owned(), state, &Nodes::new())
    }

    fn value(text: &str) -> Result<Value, String> {
        let parsed =
            parse(text, &known()).map_err(|error| format!("{}: {}", error.code, error.detail))?;
        parsed.expr.evaluate(&|_| None).map_err(|error| error.to_string())
    }

    #[test]
    fn expressions_are_what_they_look_like() {
        assert_eq!(value("-7"), Ok(Value::Int(-7)));
        assert_eq!(value("1.5"), Ok(Value::Float(1.5)));
        assert_eq!(value(r#" "a\"b" "#), Ok(Value::from("a\"b")));
        assert_eq!(value("output.list[1]"), Ok(Value::from("b")));
        assert_eq!(value("output.map.x-y"), Ok(Value::Int(7)));
        assert_eq!(value("{a = [1, 2,], \"b c\": null}.a[0]"), Ok(Value::Int(1)));
        assert_eq!(value(r#"join("-", output.list)"#), Ok(Value::from("a-b")));
        assert_eq!(value(r#"split(",", "x,y")[0]"#), Ok(Value::from("x")));
        assert_eq!(
            value(r#"concat("p-", output.password)"#),
            Ok(Value::from("p-hunter2").sensitive())
        );
    }

    #[test]
    fn what_is_wrong_is_told_where_it_is() {
        let wrong = |text: &str| value(text).expect_err(text);
        assert_eq!(
            wrong("join("),
            "console::syntax: column 6, at the end: a value is expected here"
        );
        assert_eq!(wrong("[1 2]"), "console::syntax: column 4, before `2`: `]` is expected here");
        assert_eq!(wrong("index()"), "console::arguments: `index` takes 2, and was given 0");
        assert_eq!(wrong("jion(1)"), "console::function: `jion`");
        assert_eq!(wrong("output.lst"), "console::name: there is no output `lst`");
        assert_eq!(
            wrong("\"open"),
            "console::syntax: column 1, before `\"`: a text has no end, or an escape in it is none"
        );
        assert_eq!(wrong("output.list[9]"), "there is no element `9`");
        assert!(wrong(&"[".repeat(100_000)).contains("nested too deeply"));
        assert!(wrong("a\u{1b}b").starts_with("console::"));
    }

    #[test]
    fn where_no_name_is_near_the_hint_can_be_pasted() {
        let hint = |text: &str| parse(text, &known()).err().expect(text).hints.remove(0);
        assert_eq!(
            hint("bogus"),
            "run `infra state list --env dev --stack web` for the addresses, or begin with \
             `settings.` or `output.`"
        );
        assert_eq!(hint("settings.zones"), "no settings of `web` are in the file of `dev`");
    }

    #[test]
    fn the_help_names_what_can_be_asked() {
        let help = known().help();
        for said in ["settings.zones", "output.vpc_id", "--env dev --stack web", "jsonencode"] {
            assert!(help.contains(said), "{said}: {help}");
        }
    }
}
