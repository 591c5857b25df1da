//! Rules that several IAM types share and no other service has: paths, descriptions, uses and sizes
//! of policies. Written with [`Rules`], as all rules are.

use serde_json::Value as Json;

use crate::rules::{Rules, wrong_length};

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A role, and says who may assume it.
    Trust,
    /// An identity, and says what it may do.
    Identity,
}

/// Source: IAM API Reference, CreateRole, Path.
pub(super) fn check_path(rules: &mut Rules<'_>) {
    let Some(path) = rules.text("path") else { return };
    let ends = path.starts_with('/') && path.ends_with('/');
    if !ends || path.len() > 512 || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "must begin and end with `/` and have at most 512 visible ASCII characters";
        rules.refuse("path", message);
    }
}

/// Source: IAM API Reference, CreateRole and CreatePolicy, Description.
pub(super) fn check_description(rules: &mut Rules<'_>) {
    let Some(description) = rules.text("description") else { return };
    if description.is_empty() {
        rules.refuse("description", "must not be empty: leave it out instead");
    } else if let Some(wrong) = wrong_length(description, 1, 1000) {
        rules.refuse("description", wrong);
    }
}

/// What the use of a policy asks for beyond its grammar, and its size where AWS never grants more;
/// white space is not counted. Source: IAM user guide, policy elements; IAM and STS quotas.
pub(super) fn check_policy(rules: &mut Rules<'_>, name: &str, used: Use, longest: Option<usize>) {
    let wrong = rules.text(name).and_then(|written| wrong_policy(written, used, longest));
    if let Some(wrong) = wrong {
        rules.refuse(name, wrong);
    }
}

fn wrong_policy(written: &str, used: Use, longest: Option<usize>) -> Option<String> {
    let size = written.chars().filter(|character| !character.is_whitespace()).count();
    if let Some(longest) = longest.filter(|longest| size > *longest) {
        let message = format!("must have at most {longest} characters besides white space");
        return Some(format!("{message}, not {size}"));
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
        Some(format!("`Statement[{index}]` {message}"))
    })
}

fn is_plain(sid: Option<&Json>) -> bool {
    sid.and_then(Json::as_str).is_none_or(|sid| sid.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Object, Value};

    use super::*;

    fn said(given: (&str, &str), rule: impl Fn(&mut Rules<'_>)) -> Option<String> {
        let inputs = Object::from([(given.0.to_owned(), Value::from(given.1))]);
        let mut rules = Rules::new(&inputs);
        rule(&mut rules);
        let mut problems = rules.finish();
        assert!(problems.len() < 2, "{problems:?}");
        let problem = problems.pop()?;
        assert_eq!(problem.path, given.0);
        Some(problem.message)
    }

    #[test]
    fn paths_begin_and_end_with_a_slash() {
        for right in ["/", "/a/", "/a/b/"] {
            assert_eq!(said(("path", right), check_path), None, "{right}");
        }
        for wrong in ["", "a", "/a", "a/", "/a b/"] {
            assert!(said(("path", wrong), check_path).is_some(), "{wrong}");
        }
    }

    #[test]
    fn descriptions_have_a_length() {
        let check = |text: &str| said(("description", text), check_description);
        assert_eq!(check(&"é".repeat(1000)), None);
        let long = check(&"é".repeat(1001));
        assert_eq!(long.as_deref(), Some("must have 1 to 1000 characters, not 1001"));
        assert!(check("").is_some_and(|message| message.contains("leave it out")));
    }

    #[test]
    fn a_policy_fits_its_use() {
        let trust = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}}"#;
        let identity = r#"{"Statement":[{"Effect":"Allow","Action":"a:b","NotResource":"*"}]}"#;
        let check = |written: &str, used, longest| {
            said(("policy", written), |rules| check_policy(rules, "policy", used, longest))
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
