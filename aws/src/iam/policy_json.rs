//! Policies as JSON text: what is a policy, and when two of them say the same.
//!
//! The main type is [`PolicyJson`]. AWS rewrites policies that it stores, so they are compared by
//! meaning. Two policies are never called the same when a request could be answered differently.

use std::collections::BTreeSet;

use infra_sdk::kind::Text;
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};
use serde_json::{Map, Value as Json};

/// The JSON text of a policy, compared by what it says. Arguments of this type take a
/// [`PolicyDocument`](super::PolicyDocument), JSON text, or an attribute of another resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyJson(String);

impl PolicyJson {
    /// A policy from its JSON text.
    #[must_use]
    pub fn new(json: impl Into<String>) -> Self {
        Self(json.into())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

static POLICY: Text = Text { name: "IAM policy", check, canonical };

impl FieldType for PolicyJson {
    const KIND: Kind = Kind::Text(&POLICY);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for PolicyJson {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<PolicyJson, R> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self))
    }
}

impl<R: Scope> IntoInput<PolicyJson, R> for String {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::String(self))
    }
}

// Text made with `text!`: a template with attributes in it.
impl<R: Scope, S: Scope> IntoInput<PolicyJson, R> for Output<String, S> {
    fn into_expr(self) -> Expr {
        self.into_text()
    }
}

const ELEMENTS: &[&str] = &[
    "Action",
    "Condition",
    "Effect",
    "NotAction",
    "NotPrincipal",
    "NotResource",
    "Principal",
    "Resource",
    "Sid",
];

/// Longest document that the IAM API takes. Source: IAM API Reference, policyDocumentType.
const LONGEST: usize = 131_072;

/// Says what is wrong with a policy. Source: IAM user guide, grammar of the IAM JSON policy
/// language; IAM and STS quotas, for the characters.
fn check(text: &str) -> Result<(), String> {
    if text.chars().count() > LONGEST {
        return Err(format!("must have at most {LONGEST} characters"));
    }
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
    if let Some(wrong) = text.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "must not contain `{}`: only Latin-1 is allowed",
            wrong.escape_debug()
        ));
    }
    let policy: Json =
        serde_json::from_str(text).map_err(|error| format!("must be JSON: {error}"))?;
    let policy = policy.as_object().ok_or("must be a JSON object")?;
    if let Some(name) =
        policy.keys().find(|name| !["Id", "Statement", "Version"].contains(&&***name))
    {
        return Err(format!("`{name}` is no element of a policy"));
    }
    if let Some(version) = policy.get("Version")
        && !["2008-10-17", "2012-10-17"].iter().any(|known| version == known)
    {
        return Err(format!("`Version` must be `2012-10-17` or `2008-10-17`, not `{version}`"));
    }
    let statements = elements(policy.get("Statement").ok_or("needs `Statement`")?);
    if statements.is_empty() {
        return Err("needs at least one statement".to_owned());
    }
    let mut sids = BTreeSet::new();
    for (index, statement) in statements.iter().enumerate() {
        let within = |message: String| format!("`Statement[{index}]` {message}");
        let statement = statement.as_object().ok_or_else(|| within("must be an object".into()))?;
        check_statement(statement).map_err(within)?;
        let sid = statement.get("Sid").and_then(Json::as_str).filter(|sid| !sid.is_empty());
        if let Some(sid) = sid
            && !sids.insert(sid)
        {
            return Err(within(format!("has the `Sid` of another statement: `{sid}`")));
        }
    }
    Ok(())
}

fn check_statement(statement: &Map<String, Json>) -> Result<(), String> {
    if let Some(name) = statement.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
        return Err(format!("has `{name}`, which is no element of a statement"));
    }
    match statement.get("Effect") {
        Some(effect) if effect == "Allow" || effect == "Deny" => {}
        Some(effect) => return Err(format!("must `Allow` or `Deny`, not {effect}")),
        None => return Err("needs `Effect`".to_owned()),
    }
    let has = |name: &str| statement.contains_key(name);
    for (one, other) in
        [("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")]
    {
        if has(one) && has(other) {
            return Err(format!("has both `{one}` and `{other}`"));
        }
    }
    if !has("Action") && !has("NotAction") {
        return Err("needs `Action` or `NotAction`".to_owned());
    }
    if !["Resource", "NotResource", "Principal", "NotPrincipal"].iter().any(|name| has(name)) {
        return Err("needs `Resource`, or `Principal` in a policy of a resource".to_owned());
    }
    if statement.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return Err("must have text as `Sid`".to_owned());
    }
    for name in ["Action", "NotAction", "Resource", "NotResource"] {
        if let Some(value) = statement.get(name) {
            let texts = texts(name, value)?;
            let no_action = |text: &&&str| **text != "*" && !text.contains(':');
            if name.ends_with("Action")
                && let Some(text) = texts.iter().find(no_action)
            {
                return Err(format!("has `{text}` as action; actions look like `s3:GetObject`"));
            }
        }
    }
    for name in ["Principal", "NotPrincipal"] {
        if let Some(value) = statement.get(name) {
            check_principals(name, value)?;
        }
    }
    statement.get("Condition").map_or(Ok(()), check_conditions)
}

fn texts<'a>(name: &str, value: &'a Json) -> Result<Vec<&'a str>, String> {
    let texts: Option<Vec<_>> = elements(value).iter().map(Json::as_str).collect();
    match texts {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(format!("must have a text or a list of texts as `{name}`")),
    }
}

fn check_principals(name: &str, value: &Json) -> Result<(), String> {
    if value == "*" {
        return Ok(());
    }
    let kinds = value.as_object().filter(|kinds| !kinds.is_empty());
    let kinds = kinds.ok_or_else(|| {
        format!("must have `*` or an object such as `{{\"AWS\": …}}` as `{name}`")
    })?;
    for (kind, who) in kinds {
        if !["AWS", "CanonicalUser", "Federated", "Service"].contains(&kind.as_str()) {
            return Err(format!("has `{kind}` in `{name}`, which is no kind of principal"));
        }
        texts(kind, who)?;
    }
    Ok(())
}

fn check_conditions(value: &Json) -> Result<(), String> {
    const SHAPE: &str = "must have an object of operators with keys as `Condition`";
    for (operator, keys) in value.as_object().ok_or(SHAPE)? {
        for (key, values) in keys.as_object().ok_or(SHAPE)? {
            let scalar =
                |value: &Json| value.is_string() || value.is_number() || value.is_boolean();
            let values = elements(values);
            if values.is_empty() || !values.iter().all(scalar) {
                return Err(format!("has a condition `{operator}` on `{key}` without a value"));
            }
        }
    }
    Ok(())
}

/// One element or a list of them, as a list: AWS takes both and means the same.
fn elements(value: &Json) -> &[Json] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// The one form that all policies of the same meaning share. What is no policy is left as it is.
fn canonical(text: &str) -> String {
    let Ok(Json::Object(mut policy)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    // Source: IAM user guide, policy elements, Version.
    policy.entry("Version").or_insert_with(|| Json::from("2008-10-17"));
    if let Some(statements) = policy.get_mut("Statement") {
        *statements = set(statements, &|statement| match statement {
            Json::Object(statement) => Json::Object(canonical_statement(statement)),
            other => other.clone(),
        });
    }
    Json::Object(policy).to_string()
}

fn canonical_statement(statement: &Map<String, Json>) -> Map<String, Json> {
    statement
        .iter()
        .filter(|(name, value)| {
            let empty = *value == "" || value.as_object().is_some_and(Map::is_empty);
            !(empty && ["Condition", "Sid"].contains(&name.as_str()))
        })
        .map(|(name, value)| {
            let value = match name.as_str() {
                "Action" | "NotAction" => set(value, &lower_case),
                "Resource" | "NotResource" => set(value, &Json::clone),
                "Principal" | "NotPrincipal" => canonical_principals(value),
                "Condition" => canonical_conditions(value),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}

/// The members in one order, each once.
fn set(value: &Json, canonical: &dyn Fn(&Json) -> Json) -> Json {
    let mut members: Vec<_> = elements(value).iter().map(canonical).collect();
    members.sort_by_cached_key(Json::to_string);
    members.dedup();
    Json::Array(members)
}

/// Actions do not distinguish case. Source: IAM user guide, policy elements, Action.
fn lower_case(action: &Json) -> Json {
    action.as_str().map_or_else(|| action.clone(), |action| Json::from(action.to_lowercase()))
}

fn canonical_principals(value: &Json) -> Json {
    // `"*"` and `{"AWS": "*"}` are not the same to every service.
    let Json::Object(kinds) = value else { return value.clone() };
    let canonical = |(kind, who): (&String, &Json)| {
        let who = if kind == "AWS" { set(who, &account) } else { set(who, &Json::clone) };
        (kind.clone(), who)
    };
    Json::Object(kinds.iter().map(canonical).collect())
}

/// The ARN of an account's root is the account. Source: IAM user guide, policy elements,
/// Principal: AWS account principals.
fn account(principal: &Json) -> Json {
    let number = principal.as_str().and_then(|arn| {
        let (_, rest) = arn.strip_prefix("arn:")?.split_once(":iam::")?;
        let number = rest.strip_suffix(":root")?;
        (number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    });
    number.map_or_else(|| principal.clone(), Json::from)
}

fn canonical_conditions(value: &Json) -> Json {
    let Json::Object(operators) = value else { return value.clone() };
    let canonical = |(operator, keys): (&String, &Json)| match keys {
        Json::Object(keys) => (operator.clone(), canonical_keys(keys)),
        other => (operator.clone(), other.clone()),
    };
    Json::Object(operators.iter().map(canonical).collect())
}

/// Names of condition keys do not distinguish case. Source: IAM user guide, policy elements,
/// Condition. Keys that differ in nothing else stay as they are.
fn canonical_keys(keys: &Map<String, Json>) -> Json {
    let lower: BTreeSet<_> = keys.keys().map(|key| key.to_lowercase()).collect();
    let distinct = lower.len() == keys.len();
    let canonical = |(key, values): (&String, &Json)| {
        let key = if distinct { key.to_lowercase() } else { key.clone() };
        (key, set(values, &as_text))
    };
    Json::Object(keys.iter().map(canonical).collect())
}

/// AWS keeps numbers and truth values of conditions as text.
fn as_text(value: &Json) -> Json {
    match value {
        Json::Bool(_) | Json::Number(_) => Json::String(value.to_string()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn same(one: &Json, other: &Json) -> bool {
        let value = |json: &Json| Value::from(json.to_string().as_str());
        PolicyJson::KIND.same(&value(one), &value(other))
    }

    fn refused(policy: &Json) -> String {
        check(&policy.to_string()).expect_err("no policy")
    }

    fn with(changes: &[(&str, Json)]) -> Json {
        let mut statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" });
        for (name, value) in changes {
            match value {
                Json::Null => drop(statement.as_object_mut().and_then(|all| all.remove(*name))),
                value => statement[*name] = value.clone(),
            }
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    }

    #[test]
    fn what_aws_rewrites_is_the_same() {
        let account = |who: &str| with(&[("Principal", json!({ "AWS": who }))]);
        let condition =
            |key: &str, value: Json| with(&[("Condition", json!({ "Bool": { key: value } }))]);
        let cases = [
            (account("123456789012"), account("arn:aws:iam::123456789012:root")),
            (account("123456789012"), account("arn:aws-cn:iam::123456789012:root")),
            (with(&[]), with(&[("Action", json!(["S3:getobject"]))])),
            (with(&[]), with(&[("Sid", json!("")), ("Condition", json!({}))])),
            (
                condition("aws:SecureTransport", json!(false)),
                condition("AWS:securetransport", json!(["false"])),
            ),
            (
                condition("aws:MultiFactorAuthAge", json!(60)),
                condition("aws:MultiFactorAuthAge", json!("60")),
            ),
        ];
        for (one, other) in cases {
            assert!(same(&one, &other), "{one}\n{other}");
        }
        let mut old = with(&[]);
        old["Version"] = json!("2008-10-17");
        let mut without = old.clone();
        without.as_object_mut().expect("an object").remove("Version");
        without["Statement"] = without["Statement"][0].clone();
        assert!(same(&old, &without));
        assert!(!same(&with(&[]), &without), "the version changes what variables mean");
    }

    #[test]
    fn what_means_something_else_is_not_the_same() {
        let base = json!({
            "AWS": "arn:aws:iam::123456789012:role/a",
        });
        let who = |principal: Json| with(&[("Principal", principal)]);
        let cases = [
            (who(base.clone()), who(json!({ "AWS": "123456789012" }))),
            (who(base), who(json!({ "Federated": "arn:aws:iam::123456789012:role/a" }))),
            (who(json!("*")), who(json!({ "AWS": "*" }))),
            (with(&[]), with(&[("Resource", json!(["*", "x"]))])),
            (with(&[]), with(&[("Action", Json::Null), ("NotAction", json!("s3:GetObject"))])),
            (with(&[("Sid", json!("A"))]), with(&[("Sid", json!("B"))])),
            (
                with(&[("Resource", json!("arn:aws:s3:::A"))]),
                with(&[("Resource", json!("arn:aws:s3:::a"))]),
            ),
        ];
        for (one, other) in cases {
            assert!(!same(&one, &other), "{one}\n{other}");
        }
    }

    #[test]
    fn policies_are_checked_with_the_statement_named() {
        assert_eq!(check(&with(&[]).to_string()), Ok(()));
        assert!(check("{").expect_err("no JSON").starts_with("must be JSON: "));
        let cases = [
            (json!([]), "must be a JSON object"),
            (json!({ "Version": "2012-10-17" }), "needs `Statement`"),
            (json!({ "Statement": [] }), "needs at least one statement"),
            (json!({ "statement": [] }), "`statement` is no element of a policy"),
            (
                json!({ "Version": "2020-01-01", "Statement": {} }),
                "`Version` must be `2012-10-17` or `2008-10-17`, not `\"2020-01-01\"`",
            ),
            (with(&[("Effect", Json::Null)]), "`Statement[0]` needs `Effect`"),
            (
                with(&[("Effect", json!("allow"))]),
                "`Statement[0]` must `Allow` or `Deny`, not \"allow\"",
            ),
            (with(&[("Action", Json::Null)]), "`Statement[0]` needs `Action` or `NotAction`"),
            (
                with(&[("NotAction", json!("a:b"))]),
                "`Statement[0]` has both `Action` and `NotAction`",
            ),
            (
                with(&[("Action", json!("GetObject"))]),
                "`Statement[0]` has `GetObject` as action; actions look like `s3:GetObject`",
            ),
            (
                with(&[("Resource", Json::Null)]),
                "`Statement[0]` needs `Resource`, or `Principal` in a policy of a resource",
            ),
            (
                with(&[("Resource", json!([]))]),
                "`Statement[0]` must have a text or a list of texts as `Resource`",
            ),
            (
                with(&[("Principal", json!({ "Aws": "*" }))]),
                "`Statement[0]` has `Aws` in `Principal`, which is no kind of principal",
            ),
            (
                with(&[("Condition", json!({ "Bool": { "aws:x": [] } }))]),
                "`Statement[0]` has a condition `Bool` on `aws:x` without a value",
            ),
            (
                with(&[("action", json!("a:b"))]),
                "`Statement[0]` has `action`, which is no element of a statement",
            ),
            (with(&[("Sid", json!("\u{20ac}"))]), "must not contain `€`: only Latin-1 is allowed"),
        ];
        for (policy, message) in cases {
            assert_eq!(refused(&policy), message);
        }
        let named = with(&[("Sid", json!("A"))])["Statement"][0].clone();
        let twice = json!({ "Statement": [named, named] });
        assert_eq!(refused(&twice), "`Statement[1]` has the `Sid` of another statement: `A`");
    }

    /// What a statement says, apart from how it is written.
    #[derive(Debug, Clone)]
    struct Said {
        allows: bool,
        actions: BTreeSet<u8>,
        resources: BTreeSet<u8>,
        accounts: BTreeSet<u8>,
        values: BTreeSet<u8>,
    }

    fn said() -> impl Strategy<Value = Said> {
        let some = || btree_set(0..6_u8, 1..4);
        (any::<bool>(), some(), some(), some(), some()).prop_map(
            |(allows, actions, resources, accounts, values)| Said {
                allows,
                actions,
                resources,
                accounts,
                values,
            },
        )
    }

    /// Choices of a writer, one after the other.
    struct Choices(Vec<u16>, usize);

    impl Choices {
        fn below(&mut self, end: usize) -> usize {
            self.1 += 1;
            usize::from(self.0[self.1 % self.0.len()]) % end
        }

        fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
            for end in (1..items.len()).rev() {
                let other = self.below(end + 1);
                items.swap(end, other);
            }
            items
        }

        /// The texts in whatever order; one text alone in a list or not; sometimes one twice.
        fn set(&mut self, texts: Vec<Json>) -> Json {
            if texts.len() == 1 && self.below(2) == 0 {
                return texts[0].clone();
            }
            let mut texts = self.shuffled(texts);
            if self.below(3) == 0 {
                texts.push(texts[0].clone());
            }
            Json::Array(texts)
        }
    }

    fn write(policy: &[Said], choices: &mut Choices) -> Json {
        let texts = |numbers: &BTreeSet<u8>, text: &dyn Fn(u8) -> Json| {
            numbers.iter().map(|number| text(*number)).collect::<Vec<_>>()
        };
        let statements = policy.iter().enumerate().map(|(index, said)| {
            let action = [str::to_lowercase, str::to_uppercase][choices.below(2)];
            let account = ["12345678901", "arn:aws:iam::12345678901"][choices.below(2)];
            let root = if account.starts_with("arn") { ":root" } else { "" };
            let actions = texts(&said.actions, &|n| json!(action(&format!("s3:Get{n}"))));
            let resources = texts(&said.resources, &|n| json!(format!("arn:aws:s3:::b{n}")));
            let accounts = texts(&said.accounts, &|n| json!(format!("{account}{n}{root}")));
            let number = choices.below(2) == 0;
            let values =
                texts(&said.values, &|n| if number { json!(n) } else { json!(n.to_string()) });
            json!({
                "Sid": format!("S{index}"),
                "Effect": if said.allows { "Allow" } else { "Deny" },
                "Action": choices.set(actions),
                "Resource": choices.set(resources),
                "Principal": { "AWS": choices.set(accounts) },
                "Condition": { "NumericEquals": { "s3:max-keys": choices.set(values) } },
            })
        });
        let statements = statements.collect::<Vec<_>>();
        let statements = choices.shuffled(statements);
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    fn choices() -> impl Strategy<Value = Vec<u16>> {
        vec(any::<u16>(), 1..64)
    }

    /// The set without its first member, and with one that it had not.
    fn altered(set: &BTreeSet<u8>) -> BTreeSet<u8> {
        set.iter().skip(1).copied().chain([9]).collect()
    }

    proptest! {
        #[test]
        fn a_policy_written_otherwise_is_the_same(
            policy in vec(said(), 1..5), one in choices(), other in choices()
        ) {
            let one = write(&policy, &mut Choices(one, 0));
            let other = write(&policy, &mut Choices(other, 0));
            prop_assert_eq!(check(&one.to_string()), Ok(()));
            prop_assert!(same(&one, &other), "{}\n{}", one, other);
            let canonical = canonical(&one.to_string());
            prop_assert_eq!(super::canonical(&canonical), canonical.clone());
            prop_assert_eq!(check(&canonical), Ok(()));
        }

        #[test]
        fn a_policy_that_says_something_else_is_not_the_same(
            policy in vec(said(), 1..5), what in 0..5_u8, which in any::<prop::sample::Index>(),
            one in choices(), other in choices()
        ) {
            let mut changed = policy.clone();
            let said = &mut changed[which.index(policy.len())];
            match what {
                0 => said.allows = !said.allows,
                1 => said.actions = altered(&said.actions),
                2 => said.resources = altered(&said.resources),
                3 => said.accounts = altered(&said.accounts),
                _ => said.values = altered(&said.values),
            }
            let one = write(&policy, &mut Choices(one, 0));
            let other = write(&changed, &mut Choices(other, 0));
            prop_assert!(!same(&one, &other), "{}\n{}", one, other);
        }
    }
}
