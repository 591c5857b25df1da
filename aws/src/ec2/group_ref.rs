//! References to security groups, which may be of another account.

use infra_sdk::input::ValidIn;
use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, Kind, Output, Scope, Value};

use super::SecurityGroupId;

/// A security group: `sg-1`, or `123456789012/sg-1` for one of another account in a peered VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef(String);

static TEXT: Text = Text {
    name: "security group id",
    check: |text| {
        let (account, group) = split(text);
        let is_account = |a: &str| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit());
        if group.len() > 3 && group.starts_with("sg-") && account.is_none_or(is_account) {
            return Ok(());
        }
        Err(format!("`{text}` is not a security group: give `sg-…`, or `ACCOUNT/sg-…`"))
    },
    canonical: as_written,
};

fn split(text: &str) -> (Option<&str>, &str) {
    match text.split_once('/') {
        Some((account, group)) => (Some(account), group),
        None => (None, text),
    }
}

impl GroupRef {
    /// A group that this stack does not declare: its id, with the account where it is another.
    #[must_use]
    pub fn new(group: impl Into<String>) -> Self {
        Self(group.into())
    }

    /// A group by account, where it is another, and id.
    #[must_use]
    pub fn of(account: Option<&str>, group: &str) -> Self {
        Self(account.map_or_else(|| group.to_owned(), |account| format!("{account}/{group}")))
    }

    /// The group's id.
    #[must_use]
    pub fn group(&self) -> &str {
        split(&self.0).1
    }

    /// The group's account, where it is another.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        split(&self.0).0
    }
}

impl FieldType for GroupRef {
    const KIND: Kind = Kind::Text(&TEXT);

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        String::from_value(value).map(Self)
    }
}

impl<R: Scope> IntoInput<Self, R> for GroupRef {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope> IntoInput<GroupRef, R> for SecurityGroupId {
    fn into_expr(self) -> Expr {
        Expr::Value(self.to_value())
    }
}

impl<R: Scope, S: Scope + ValidIn<R>> IntoInput<GroupRef, R> for Output<SecurityGroupId, S> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_with_or_without_its_account() {
        let check = |text: &str| {
            let mut problems = Vec::new();
            GroupRef::KIND.check("group", &Value::from(text), &mut problems);
            problems.is_empty()
        };
        assert!(check("sg-1") && check("123456789012/sg-1"));
        assert!(!check("123/sg-1") && !check("vpc-1") && !check("sg-"));
        let other = GroupRef::of(Some("123456789012"), "sg-1");
        assert_eq!((other.account(), other.group()), (Some("123456789012"), "sg-1"));
        assert_eq!(GroupRef::of(None, "sg-1"), GroupRef::new("sg-1"));
    }
}
