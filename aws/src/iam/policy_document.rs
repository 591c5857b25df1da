//! Policies written in Rust, with attributes of other resources inside.
//!
//! The main types are [`PolicyDocument`] and [`Statement`]. A document becomes the JSON text that
//! AWS takes once all that it refers to is known; see [`PolicyJson`] for what such a text means.

use std::collections::BTreeMap;

use infra_sdk::{Expr, Function, Global, IntoInput, IntoText, Output, Scope, Value};

use super::PolicyJson;

/// A policy. Whatever takes a [`PolicyJson`] takes one of these.
///
/// ```
/// use infra_aws::iam::{Operator, PolicyDocument, Principal, Statement};
///
/// let policy = PolicyDocument::new().statement(
///     Statement::allow()
///         .principal(Principal::service("logs.amazonaws.com"))
///         .actions(["s3:GetObject", "s3:PutObject"])
///         .resource("arn:aws:s3:::logs/*")
///         .condition(Operator::StringEquals, "aws:SourceAccount", "123456789012"),
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDocument {
    version: String,
    id: Option<String>,
    statements: Vec<Statement>,
}

impl Default for PolicyDocument {
    fn default() -> Self {
        Self::new()
    }
}

impl PolicyDocument {
    /// A policy without statements, in the current version of the language, `2012-10-17`.
    #[must_use]
    pub fn new() -> Self {
        Self { version: "2012-10-17".to_owned(), id: None, statements: Vec::new() }
    }

    /// Sets the version of the policy language: `2012-10-17` or `2008-10-17`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Names the policy as a whole; some services show it.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds a statement.
    #[must_use]
    pub fn statement(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Adds the statements of another policy. One whose `Sid` stands here already takes the place
    /// of that statement.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        for statement in other.statements {
            let same = |known: &&mut Statement| known.sid.is_some() && known.sid == statement.sid;
            match self.statements.iter_mut().find(same) {
                Some(known) => *known = statement,
                None => self.statements.push(statement),
            }
        }
        self
    }

    /// The JSON text of the policy, known once all that it refers to is.
    #[must_use]
    pub fn to_json(&self) -> Output<PolicyJson, Global> {
        let mut policy = BTreeMap::from([
            ("Version".to_owned(), known(&self.version)),
            (
                "Statement".to_owned(),
                Expr::List(self.statements.iter().map(Statement::to_expr).collect()),
            ),
        ]);
        if let Some(id) = &self.id {
            policy.insert("Id".to_owned(), known(id));
        }
        Output::from_expr(Expr::Call(Function::JsonEncode, vec![Expr::Map(policy)]))
    }
}

/// What a policy allows or denies.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    effect: &'static str,
    sid: Option<String>,
    /// `Action`, `NotAction`, `Resource` and `NotResource`.
    lists: BTreeMap<&'static str, Vec<Expr>>,
    /// `Principal` and `NotPrincipal`, by kind of principal.
    principals: BTreeMap<&'static str, BTreeMap<&'static str, Vec<Expr>>>,
    /// By operator, then by key.
    conditions: BTreeMap<String, Conditions>,
}

/// Keys and values of one operator.
#[derive(Debug, Clone, Default, PartialEq)]
struct Conditions {
    keys: BTreeMap<String, Vec<Expr>>,
    /// Keys that refer to attributes, such as that of a cluster's tokens.
    computed: Vec<(Expr, Vec<Expr>)>,
}

impl Conditions {
    fn extend(&mut self, key: Expr, values: impl Iterator<Item = Expr>) {
        match key {
            Expr::Value(Value::String(key)) => self.keys.entry(key).or_default().extend(values),
            key => match self.computed.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known)) => known.extend(values),
                None => self.computed.push((key, values.collect())),
            },
        }
    }

    fn to_expr(&self) -> Expr {
        let keys = self.keys.iter().map(|(key, values)| (key.as_str(), one_or_list(values)));
        let keys = map(keys);
        if self.computed.is_empty() {
            return keys;
        }
        let computed = self.computed.iter().map(|(key, values)| entry(key, one_or_list(values)));
        Expr::Call(Function::Merge, [keys].into_iter().chain(computed).collect())
    }
}

impl Statement {
    /// A statement that allows.
    #[must_use]
    pub fn allow() -> Self {
        Self::with_effect("Allow")
    }

    /// A statement that denies, whatever else allows.
    #[must_use]
    pub fn deny() -> Self {
        Self::with_effect("Deny")
    }

    fn with_effect(effect: &'static str) -> Self {
        Self {
            effect,
            sid: None,
            lists: BTreeMap::new(),
            principals: BTreeMap::new(),
            conditions: BTreeMap::new(),
        }
    }

    /// Names the statement; unique in its policy. IAM itself takes only letters and digits.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<String>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// Adds an action, such as `s3:GetObject`; `*` and `?` match.
    #[must_use]
    pub fn action(self, action: impl IntoText) -> Self {
        self.list("Action", [action])
    }

    /// Adds actions.
    #[must_use]
    pub fn actions<T: IntoText>(self, actions: impl IntoIterator<Item = T>) -> Self {
        self.list("Action", actions)
    }

    /// Is about all actions but this one.
    #[must_use]
    pub fn not_action(self, action: impl IntoText) -> Self {
        self.list("NotAction", [action])
    }

    /// Is about all actions but these.
    #[must_use]
    pub fn not_actions<T: IntoText>(self, actions: impl IntoIterator<Item = T>) -> Self {
        self.list("NotAction", actions)
    }

    /// Adds a resource by its ARN; `*` and `?` match.
    #[must_use]
    pub fn resource(self, resource: impl IntoText) -> Self {
        self.list("Resource", [resource])
    }

    /// Adds resources.
    #[must_use]
    pub fn resources<T: IntoText>(self, resources: impl IntoIterator<Item = T>) -> Self {
        self.list("Resource", resources)
    }

    /// Is about all resources but this one.
    #[must_use]
    pub fn not_resource(self, resource: impl IntoText) -> Self {
        self.list("NotResource", [resource])
    }

    /// Is about all resources but these.
    #[must_use]
    pub fn not_resources<T: IntoText>(self, resources: impl IntoIterator<Item = T>) -> Self {
        self.list("NotResource", resources)
    }

    /// Adds somebody whom the statement is about. Only in policies of resources and roles.
    #[must_use]
    pub fn principal(self, principal: Principal) -> Self {
        self.who("Principal", principal)
    }

    /// Is about everybody but this one.
    #[must_use]
    pub fn not_principal(self, principal: Principal) -> Self {
        self.who("NotPrincipal", principal)
    }

    /// Adds a condition: the key must compare with the value as the operator says. Values of one
    /// operator and key are alternatives; everything else must hold together. A key may refer to
    /// attributes, as that of an identity provider's tokens does.
    #[must_use]
    pub fn condition(
        self,
        comparison: impl Into<Comparison>,
        key: impl IntoText,
        value: impl IntoText,
    ) -> Self {
        self.conditions(comparison, key, [value])
    }

    /// Adds a condition with alternative values.
    #[must_use]
    pub fn conditions<T: IntoText>(
        mut self,
        comparison: impl Into<Comparison>,
        key: impl IntoText,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let comparison = comparison.into().to_string();
        let values = values.into_iter().map(IntoText::into_text);
        self.conditions.entry(comparison).or_default().extend(key.into_text(), values);
        self
    }

    fn list<T: IntoText>(mut self, name: &'static str, items: impl IntoIterator<Item = T>) -> Self {
        let texts = items.into_iter().map(IntoText::into_text);
        self.lists.entry(name).or_default().extend(texts);
        self
    }

    fn who(mut self, name: &'static str, principal: Principal) -> Self {
        let kinds = self.principals.entry(name).or_default();
        kinds.entry(principal.kind).or_default().push(principal.who);
        self
    }

    fn to_expr(&self) -> Expr {
        let mut statement = BTreeMap::from([("Effect".to_owned(), known(self.effect))]);
        if let Some(sid) = &self.sid {
            statement.insert("Sid".to_owned(), known(sid));
        }
        for (name, items) in &self.lists {
            statement.insert((*name).to_owned(), one_or_list(items));
        }
        for (name, kinds) in &self.principals {
            let who = match kinds.get(EVERYBODY) {
                Some(_) => known(EVERYBODY),
                None => map(kinds.iter().map(|(kind, who)| (*kind, one_or_list(who)))),
            };
            statement.insert((*name).to_owned(), who);
        }
        if !self.conditions.is_empty() {
            let conditions = self.conditions.iter();
            let conditions =
                conditions.map(|(comparison, keys)| (comparison.as_str(), keys.to_expr()));
            statement.insert("Condition".to_owned(), map(conditions));
        }
        Expr::Map(statement)
    }
}

/// Kind of a principal that is no kind at all: `"Principal": "*"`.
const EVERYBODY: &str = "*";

/// Somebody whom a statement is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    kind: &'static str,
    who: Expr,
}

impl Principal {
    /// An account by its number, or a user, a role or a session by its ARN. `*` is every identity
    /// of AWS.
    #[must_use]
    pub fn aws(who: impl IntoText) -> Self {
        Self { kind: "AWS", who: who.into_text() }
    }

    /// An AWS service, such as `ec2.amazonaws.com`.
    #[must_use]
    pub fn service(name: impl IntoText) -> Self {
        Self { kind: "Service", who: name.into_text() }
    }

    /// Users of an identity provider, by its ARN or domain.
    #[must_use]
    pub fn federated(provider: impl IntoText) -> Self {
        Self { kind: "Federated", who: provider.into_text() }
    }

    /// An account by its canonical user id, which S3 knows.
    #[must_use]
    pub fn canonical_user(id: impl IntoText) -> Self {
        Self { kind: "CanonicalUser", who: id.into_text() }
    }

    /// Everybody, also without credentials. A statement with this principal has no other.
    #[must_use]
    pub fn all() -> Self {
        Self { kind: EVERYBODY, who: known(EVERYBODY) }
    }
}

/// How a condition compares. Source: IAM user guide, IAM JSON policy elements: condition operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's own and say what they do")]
pub enum Operator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnNotEquals,
    ArnLike,
    ArnNotLike,
    Null,
}

impl Operator {
    /// Holds also when the request has no such key.
    #[must_use]
    pub fn if_exists(self) -> Comparison {
        Comparison::from(self).if_exists()
    }

    /// Holds when every value of a key that has many does.
    #[must_use]
    pub fn for_all_values(self) -> Comparison {
        Comparison { quantifier: "ForAllValues:", ..Comparison::from(self) }
    }

    /// Holds when one value of a key that has many does.
    #[must_use]
    pub fn for_any_value(self) -> Comparison {
        Comparison { quantifier: "ForAnyValue:", ..Comparison::from(self) }
    }
}

/// An [`Operator`] with what its methods add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    quantifier: &'static str,
    operator: Operator,
    suffix: &'static str,
}

impl Comparison {
    /// Holds also when the request has no such key.
    #[must_use]
    pub fn if_exists(self) -> Self {
        Self { suffix: "IfExists", ..self }
    }
}

impl From<Operator> for Comparison {
    fn from(operator: Operator) -> Self {
        Self { quantifier: "", operator, suffix: "" }
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The variants are named as AWS names the operators.
        write!(f, "{}{:?}{}", self.quantifier, self.operator, self.suffix)
    }
}

impl<R: Scope> IntoInput<PolicyJson, R> for PolicyDocument {
    fn into_expr(self) -> Expr {
        self.to_json().expr().clone()
    }
}

fn known(text: &str) -> Expr {
    Expr::Value(Value::from(text))
}

fn one_or_list(items: &[Expr]) -> Expr {
    match items {
        [only] => only.clone(),
        _ => Expr::List(items.to_vec()),
    }
}

fn map<'a>(entries: impl Iterator<Item = (&'a str, Expr)>) -> Expr {
    Expr::Map(entries.map(|(name, item)| (name.to_owned(), item)).collect())
}

/// A map of one entry whose name is known later.
fn entry(name: &Expr, value: Expr) -> Expr {
    let json = |expr: Expr| Expr::Call(Function::JsonEncode, vec![expr]);
    let parts = vec![known("{"), json(name.clone()), known(":"), json(value), known("}")];
    Expr::Call(Function::JsonDecode, vec![Expr::Call(Function::Concat, parts)])
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Address, Arn, FieldType, Home};

    use super::*;

    fn json(document: PolicyDocument) -> serde_json::Value {
        let expr: Expr = IntoInput::<PolicyJson, Home>::into_expr(document);
        let value = expr.evaluate(&|_| Some(Value::from("arn:x"))).expect("it evaluates");
        let text = value.as_str().expect("text");
        let mut problems = Vec::new();
        PolicyJson::KIND.check("policy", &value, &mut problems);
        assert_eq!(problems, []);
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn a_document_is_the_json_that_aws_takes() {
        let bucket =
            Output::<Arn<()>>::attribute(&Address::parse("logs").expect("an address"), "arn");
        let statement = Statement::allow()
            .sid("Read")
            .action("s3:GetObject")
            .action("s3:ListBucket")
            .resources([bucket.text().in_any_region(), infra_sdk::text!(&bucket, "/*")])
            .principal(Principal::aws(Arn::<()>::new("arn:aws:iam::123456789012:role/a")))
            .principal(Principal::service("ec2.amazonaws.com"))
            .condition(Operator::Bool.if_exists(), "aws:SecureTransport", "true")
            .conditions(Operator::StringLike.for_any_value(), "aws:TagKeys", ["a", "b"]);
        let everybody = Statement::deny()
            .not_action("s3:*")
            .not_resource("*")
            .principal(Principal::service("x.amazonaws.com"))
            .principal(Principal::all());
        assert_eq!(
            json(PolicyDocument::new().id("all").statement(statement).statement(everybody)),
            serde_json::json!({
                "Version": "2012-10-17",
                "Id": "all",
                "Statement": [
                    {
                        "Sid": "Read",
                        "Effect": "Allow",
                        "Action": ["s3:GetObject", "s3:ListBucket"],
                        "Resource": ["arn:x", "arn:x/*"],
                        "Principal": {
                            "AWS": "arn:aws:iam::123456789012:role/a",
                            "Service": "ec2.amazonaws.com",
                        },
                        "Condition": {
                            "BoolIfExists": { "aws:SecureTransport": "true" },
                            "ForAnyValue:StringLike": { "aws:TagKeys": ["a", "b"] },
                        },
                    },
                    { "Effect": "Deny", "NotAction": "s3:*", "NotResource": "*", "Principal": "*" },
                ],
            })
        );
    }

    #[test]
    fn a_document_is_unknown_while_a_part_of_it_is() {
        let role = Output::<String>::attribute(&Address::parse("role").expect("valid"), "arn");
        let document = PolicyDocument::new()
            .statement(Statement::allow().action("sts:AssumeRole").resource(role));
        let value = document.to_json().expr().evaluate(&|_| Some(Value::Unknown));
        assert_eq!(value, Ok(Value::Unknown));
    }

    #[test]
    fn a_key_of_a_condition_may_be_known_later() {
        let issuer = Output::<String>::attribute(&Address::parse("a").expect("valid"), "issuer");
        let key = |claim: &str| infra_sdk::text!(&issuer, ":", claim);
        let statement = Statement::allow()
            .action("sts:AssumeRoleWithWebIdentity")
            .resource("*")
            .condition(Operator::StringEquals, "aws:RequestedRegion", "us-west-2")
            .condition(Operator::StringEquals, key("aud"), "sts.amazonaws.com")
            .condition(Operator::StringEquals, key("sub"), "a")
            .condition(Operator::StringEquals, key("sub"), "b");
        let document = PolicyDocument::new().statement(statement);
        let unknown = document.to_json().expr().evaluate(&|_| Some(Value::Unknown));
        assert_eq!(unknown, Ok(Value::Unknown));
        assert_eq!(
            json(document)["Statement"][0]["Condition"]["StringEquals"],
            serde_json::json!({
                "aws:RequestedRegion": "us-west-2",
                "arn:x:aud": "sts.amazonaws.com",
                "arn:x:sub": ["a", "b"],
            })
        );
    }

    #[test]
    fn a_merged_statement_takes_the_place_of_its_namesake() {
        let statement = |action| Statement::allow().action(action).resource("*");
        let base = PolicyDocument::new().statement(statement("a:A").sid("One"));
        let base = base.statement(statement("a:B"));
        let other = PolicyDocument::new().statement(statement("a:C").sid("One"));
        let merged = base.merge(other.statement(statement("a:D")));
        let expected = PolicyDocument::new().statement(statement("a:C").sid("One"));
        let expected = expected.statement(statement("a:B")).statement(statement("a:D"));
        assert_eq!(merged, expected);
    }
}
