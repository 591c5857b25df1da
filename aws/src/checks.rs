//! Rules between the inputs of a type: what `validate` functions are made of.
//!
//! A value that is not known yet counts as set and is not looked into.

use infra_sdk::kind::{Problem, is_empty};
use infra_sdk::{Object, Value};

/// How many characters stand behind `name_prefix` in a name that is made from it. Source:
/// Terraform's `id.UniqueIDSuffixLength`.
pub(crate) const MADE_SUFFIX: usize = 26;

/// A problem with an input.
pub(crate) fn problem(path: &str, message: impl Into<String>) -> Problem {
    Problem { path: path.to_owned(), message: message.into() }
}

/// Whether an input says something.
pub(crate) fn is_set(inputs: &Object, name: &str) -> bool {
    inputs.get(name).is_some_and(|value| !is_empty(value))
}

/// A text input, where it is set and known.
pub(crate) fn text<'a>(inputs: &'a Object, name: &str) -> Option<&'a str> {
    inputs.get(name).and_then(|value| value.reveal().as_str())
}

/// A number, where it is set and known.
pub(crate) fn number(inputs: &Object, name: &str) -> Option<i64> {
    inputs.get(name).and_then(Value::as_int)
}

/// The inputs that contradict each other when more than one is set.
pub(crate) fn at_most_one(inputs: &Object, names: &[&str]) -> Option<Problem> {
    let set: Vec<_> = names.iter().filter(|name| is_set(inputs, name)).collect();
    let (first, second) = (set.first()?, set.get(1)?);
    Some(problem(second, format!("cannot be set together with `{first}`")))
}

/// The inputs of which one must be set, and no second.
pub(crate) fn exactly_one(inputs: &Object, names: &[&str]) -> Option<Problem> {
    if names.iter().any(|name| is_set(inputs, name)) {
        return at_most_one(inputs, names);
    }
    let [first, rest @ ..] = names else { return None };
    let others = rest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    Some(problem(first, format!("must be set, or else {}", others.join(" or "))))
}

/// What a service says about names of a type.
pub(crate) struct NameRule {
    /// The most characters of a name.
    pub(crate) longest: usize,
    /// Whether a character may stand in a name.
    pub(crate) allows: fn(char) -> bool,
    /// The characters in words.
    pub(crate) characters: &'static str,
}

/// Checks `name` and `name_prefix`.
pub(crate) fn check_names(inputs: &Object, rule: &NameRule) -> Vec<Problem> {
    let both = at_most_one(inputs, &["name", "name_prefix"]);
    let lengths = [("name", rule.longest), ("name_prefix", rule.longest - MADE_SUFFIX)];
    let wrong = lengths.into_iter().filter_map(|(field, longest)| {
        let text = text(inputs, field)?;
        Some(problem(field, wrong_text(text, longest, rule)?))
    });
    both.into_iter().chain(wrong).collect()
}

/// What is wrong with a text, as a fragment.
pub(crate) fn wrong_text(text: &str, longest: usize, rule: &NameRule) -> Option<String> {
    let length = text.chars().count();
    if length == 0 || length > longest {
        return Some(format!("must have 1 to {longest} characters, not {length}"));
    }
    let odd = text.chars().find(|c| !(rule.allows)(*c))?;
    Some(format!("must be made of {}, without `{}`", rule.characters, odd.escape_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(entries: &[(&str, Value)]) -> Object {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn said(problem: Option<Problem>) -> Option<String> {
        problem.map(|problem| format!("{} {}", problem.path, problem.message))
    }

    #[test]
    fn one_of_several_is_asked_for() {
        let both = inputs(&[("a", Value::from("x")), ("b", Value::Unknown)]);
        let one = inputs(&[("b", Value::Unknown), ("a", Value::Null)]);
        assert_eq!(
            said(exactly_one(&both, &["a", "b"])).as_deref(),
            Some("b cannot be set together with `a`")
        );
        assert_eq!(said(exactly_one(&one, &["a", "b"])), None);
        assert_eq!(
            said(exactly_one(&inputs(&[]), &["a", "b", "c"])).as_deref(),
            Some("a must be set, or else `b` or `c`")
        );
        assert_eq!(said(at_most_one(&inputs(&[]), &["a", "b"])), None);
    }

    #[test]
    fn names_have_a_length_and_an_alphabet() {
        let rule =
            NameRule { longest: 30, allows: |c| c.is_ascii_lowercase(), characters: "letters" };
        let check = |name, text: &str| check_names(&inputs(&[(name, Value::from(text))]), &rule);
        assert_eq!(check("name", "web"), []);
        assert_eq!(check("name", "w b")[0].message, "must be made of letters, without ` `");
        assert_eq!(check("name_prefix", "prefix")[0].message, "must have 1 to 4 characters, not 6");
        assert_eq!(check("name", "")[0].message, "must have 1 to 30 characters, not 0");
    }
}
