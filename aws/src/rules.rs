//! Rules between the arguments of a type, for `#[resource(validate = …)]`.
//!
//! The main type is [`Rules`]. A value that is not known yet counts as set: it is asked for.

use infra_sdk::Object;
use infra_sdk::kind::{Problem, is_empty};

/// Collects what is wrong with the arguments of a resource.
pub(crate) struct Rules<'a> {
    inputs: &'a Object,
    problems: Vec<Problem>,
}

impl<'a> Rules<'a> {
    /// Nothing wrong yet.
    pub(crate) fn new(inputs: &'a Object) -> Self {
        Self { inputs, problems: Vec::new() }
    }

    /// Whether an argument is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.inputs.get(name).is_some_and(|value| !is_empty(value))
    }

    /// The text of an argument, where it is known.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.inputs.get(name)?.as_str()
    }

    /// Whether an argument is known to be `true`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.inputs.get(name).and_then(infra_sdk::Value::as_bool) == Some(true)
    }

    /// Says what is wrong with an argument, as a fragment: `must be 60 or 600`.
    pub(crate) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Problem { path: name.to_owned(), message: message.into() });
    }

    /// Refuses an argument that does not go together with what a fragment says.
    pub(crate) fn without(&mut self, names: &[&str], because: &str) {
        for name in names {
            if self.has(name) {
                self.refuse(name, format!("cannot be given {because}"));
            }
        }
    }

    /// Just one of these arguments must be given.
    pub(crate) fn exactly_one(&mut self, names: &[&str]) {
        if !names.iter().any(|name| self.has(name)) {
            self.refuse(names[0], format!("is missing: give one of {}", quoted(names)));
        }
        self.at_most_one(names);
    }

    /// No two of these arguments may be given.
    pub(crate) fn at_most_one(&mut self, names: &[&str]) {
        let mut given = names.iter().filter(|name| self.has(name));
        if let (Some(first), Some(second)) = (given.next(), given.next()) {
            let message = format!("cannot be given together with `{first}`");
            self.refuse(second, message);
        }
    }

    /// An argument must be an IPv4 address.
    pub(crate) fn ipv4(&mut self, name: &str) {
        if let Some(text) = self.text(name)
            && text.parse::<std::net::Ipv4Addr>().is_err()
        {
            self.refuse(name, format!("`{text}` is not an IPv4 address"));
        }
    }

    /// Everything that is wrong.
    pub(crate) fn finish(self) -> Vec<Problem> {
        self.problems
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use infra_sdk::Value;

    use super::*;

    fn problems(given: &[(&str, Value)], rule: fn(&mut Rules<'_>)) -> Vec<String> {
        let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let inputs: Object = inputs.collect();
        let mut rules = Rules::new(&inputs);
        rule(&mut rules);
        rules.finish().into_iter().map(|p| format!("{} {}", p.path, p.message)).collect()
    }

    #[test]
    fn exactly_one_counts_what_is_not_known_yet_and_not_what_is_empty() {
        let rule: fn(&mut Rules<'_>) = |rules| rules.exactly_one(&["a", "b"]);
        assert_eq!(problems(&[], rule), ["a is missing: give one of `a`, `b`"]);
        assert_eq!(problems(&[("b", Value::Unknown)], rule), [""; 0]);
        assert_eq!(
            problems(&[("a", Value::from("x")), ("b", Value::Unknown)], rule),
            ["b cannot be given together with `a`"]
        );
        assert_eq!(problems(&[("a", Value::List(vec![])), ("b", Value::from("x"))], rule), [""; 0]);
    }

    #[test]
    fn addresses_are_checked() {
        let rule: fn(&mut Rules<'_>) = |rules| rules.ipv4("a");
        assert_eq!(problems(&[("a", Value::from("10.0.0.1"))], rule), [""; 0]);
        assert_eq!(
            problems(&[("a", Value::from("10.0.0"))], rule),
            ["a `10.0.0` is not an IPv4 address"]
        );
    }
}
