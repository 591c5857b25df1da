//! Rules that several IAM types share: names or prefixes, paths, descriptions, uses of policies.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Value};
use serde_json::Value as Json;

use super::names::is_name_character;

/// Characters that a generated name has behind its prefix: as many as Terraform's, so that the
/// prefix of a name that Terraform made is found again.
pub(super) const SUFFIX: usize = 26;

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A role, and says who may assume it.
    Trust,
    /// An identity, and says what it may do.
    Identity,
}

fn problem(path: &str, message: impl Into<String>) -> Problem {
    Problem { path: path.to_owned(), message: message.into() }
}

fn text<'a>(inputs: &'a Object, name: &str) -> Option<&'a str> {
    inputs.get(name).and_then(Value::as_str)
}

fn is_set(inputs: &Object, name: &str) -> bool {
    inputs.get(name).is_some_and(|value| !value.is_null())
}

/// A name and a prefix exclude one another, and a prefix leaves room in `longest` characters.
pub(super) fn names(inputs: &Object, longest: usize) -> Vec<Problem> {
    let mut problems = Vec::new();
    if is_set(inputs, "name") && is_set(inputs, "name_prefix") {
        problems.push(problem("name_prefix", "conflicts with `name`: give one of them"));
    }
    if let Some(prefix) = text(inputs, "name_prefix") {
        let room = longest - SUFFIX;
        if prefix.is_empty() || prefix.chars().count() > room {
            let message = format!("must have 1 to {room} characters, for a suffix follows");
            problems.push(problem("name_prefix", message));
        }
        if let Some(wrong) = prefix.chars().find(|character| !is_name_character(*character)) {
            problems.push(problem("name_prefix", format!("must not contain `{wrong}`")));
        }
    }
    problems
}

/// Source: IAM API Reference, CreateRole, Path.
pub(super) fn path(inputs: &Object) -> Option<Problem> {
    let path = text(inputs, "path")?;
    let ends = path.starts_with('/') && path.ends_with('/');
    if !ends || path.len() > 512 || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "must begin and end with `/` and have at most 512 visible ASCII characters";
        return Some(problem("path", message));
    }
    None
}

/// Source: IAM API Reference, CreateRole and CreatePolicy, Description.
pub(super) fn description(inputs: &Object) -> Option<Problem> {
    let description = text(inputs, "description")?;
    if description.is_empty() {
        return Some(problem("description", "must not be empty: leave it out instead"));
    }
    (description.chars().count() > 1000)
        .then(|| problem("description", "must have at most 1000 characters"))
}

/// What the use of a policy asks for beyond its grammar, and its size where AWS never grants more;
/// white space is not counted. Source: IAM user guide, policy elements; IAM and STS quotas.
pub(super) fn policy(
    inputs: &Object,
    name: &str,
    used: Use,
    longest: Option<usize>,
) -> Option<Problem> {
    let written = text(inputs, name)?;
    let size = written.chars().filter(|character| !character.is_whitespace()).count();
    if let Some(longest) = longest.filter(|longest| size > *longest) {
        let message = format!("must have at most {longest} characters besides white space");
        return Some(problem(name, format!("{message}, not {size}")));
    }
    let policy: Json = serde_json::from_str(written).ok()?;
    let statements = policy.get("Statement")?;
    let statements = statements.as_array().map_or(std::slice::from_ref(statements), Vec::as_slice);
    statements.iter().enumerate().find_map(|(index, statement)| {
        let has = |element: &str| {
            statement.get(element).or_else(|| statement.get(format!("Not{element}"))).is_some()
        };
        let message = match used {
            Use::Trust if has("Resource") => "must have no `Resource`: it is the role itself",
            Use::Trust if !has("Principal") => "needs `Principal`: who may assume the role",
            Use::Identity if has("Principal") => {
                "must have no `Principal`: it is whom the policy is attached to"
            }
            Use::Identity if !has("Resource") => "needs `Resource`",
            _ if !is_plain(statement.get("Sid")) => "must have only letters and digits as `Sid`",
            _ => return None,
        };
        Some(problem(name, format!("`Statement[{index}]` {message}")))
    })
}

fn is_plain(sid: Option<&Json>) -> bool {
    sid.and_then(Json::as_str).is_none_or(|sid| sid.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(entries: &[(&str, &str)]) -> Object {
        entries.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
    }

    #[test]
    fn a_name_and_a_prefix_exclude_one_another() {
        assert_eq!(names(&inputs(&[("name", "a")]), 64), []);
        assert_eq!(names(&inputs(&[("name_prefix", "a-")]), 64), []);
        assert_eq!(names(&inputs(&[("name", "a"), ("name_prefix", "a-")]), 64).len(), 1);
        let long = "a".repeat(39);
        assert_eq!(names(&inputs(&[("name_prefix", &long)]), 64).len(), 1);
        assert_eq!(names(&inputs(&[("name_prefix", &long)]), 128), []);
        assert_eq!(names(&inputs(&[("name_prefix", "a/")]), 64).len(), 1);
    }

    #[test]
    fn paths_begin_and_end_with_a_slash() {
        for right in ["/", "/a/", "/a/b/"] {
            assert_eq!(path(&inputs(&[("path", right)])), None, "{right}");
        }
        for wrong in ["", "a", "/a", "a/", "/a b/"] {
            assert!(path(&inputs(&[("path", wrong)])).is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_policy_fits_its_use() {
        let trust = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}}"#;
        let identity = r#"{"Statement":[{"Effect":"Allow","Action":"a:b","NotResource":"*"}]}"#;
        let check = |written: &str, used, longest| {
            policy(&inputs(&[("policy", written)]), "policy", used, longest)
                .map(|problem| problem.message)
        };
        assert_eq!(check(trust, Use::Trust, None), None);
        assert_eq!(check(identity, Use::Identity, Some(100)), None);
        let message = check(identity, Use::Trust, None);
        let expected = "`Statement[0]` must have no `Resource`: it is the role itself";
        assert_eq!(message.as_deref(), Some(expected));
        assert!(check(trust, Use::Identity, None).is_some());
        assert!(check(identity, Use::Identity, Some(20)).is_some_and(|m| m.contains("at most 20")));
        let sid = identity.replace("\"Effect\"", "\"Sid\":\"a b\",\"Effect\"");
        assert!(check(&sid, Use::Identity, None).is_some_and(|m| m.contains("letters and digits")));
    }
}
