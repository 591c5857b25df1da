//! Names of IAM objects, each a type of its own, and the URL of an identity provider.
//!
//! Text is accepted as a name, and so is the name of a declared object of the right type:
//!
//! ```
//! # use infra_aws::iam::{PolicyDocument, Role, RolePolicy};
//! # fn declare(stack: &mut infra_sdk::Stack, trust: PolicyDocument, reads: PolicyDocument) {
//! let role = stack.add("role", Role::new(trust).name("app"));
//! stack.add("reads", RolePolicy::new(role.name(), reads).name("reads"));
//! # }
//! ```
//!
//! The name of something else does not compile:
//!
//! ```compile_fail,E0277
//! # use infra_aws::iam::{Policy, PolicyDocument, RolePolicy};
//! # fn declare(stack: &mut infra_sdk::Stack, shared: PolicyDocument, reads: PolicyDocument) {
//! let policy = stack.add("policy", Policy::new(shared).name("shared"));
//! stack.add("reads", RolePolicy::new(policy.name(), reads).name("reads"));
//! # }
//! ```

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::rules::NameRule;

/// Makes text a type of its own: text is accepted where it belongs, an attribute of another such
/// type is not.
macro_rules! text_types {
    ($($(#[$doc:meta])* $name:ident($text:ident = $definition:expr);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name of something that this stack does not declare.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// As text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        static $text: Text = $definition;

        impl FieldType for $name {
            const KIND: Kind = Kind::Text(&$text);

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }

            fn from_value(value: &Value) -> Result<Self, DecodeError> {
                String::from_value(value).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl IntoText for $name {
            fn into_text(self) -> Expr {
                Expr::Value(self.to_value())
            }
        }

        impl<R: Scope> IntoInput<Self, R> for $name {
            fn into_expr(self) -> Expr {
                Expr::Value(self.to_value())
            }
        }

        impl<R: Scope> IntoInput<$name, R> for &str {
            fn into_expr(self) -> Expr {
                Expr::Value(Value::from(self))
            }
        }

        impl<R: Scope> IntoInput<$name, R> for String {
            fn into_expr(self) -> Expr {
                Expr::Value(Value::String(self))
            }
        }

        // Text made with `text!`.
        impl<R: Scope, S: Scope> IntoInput<$name, R> for Output<String, S> {
            fn into_expr(self) -> Expr {
                self.into_text()
            }
        }
    )*};
}
pub(crate) use text_types;

text_types! {
    /// Names a role.
    RoleName(ROLE = Text {
        name: "role name",
        check: |text| ROLE_NAMES.check(text),
        canonical: as_written,
    });
    /// Names a user.
    UserName(USER = Text {
        name: "user name",
        check: |text| ROLE_NAMES.check(text),
        canonical: as_written,
    });
    /// Names a group.
    GroupName(GROUP = Text {
        name: "group name",
        check: |text| OTHER_NAMES.check(text),
        canonical: as_written,
    });
    /// Names a policy, managed or of one role.
    PolicyName(POLICY = Text {
        name: "policy name",
        check: |text| OTHER_NAMES.check(text),
        canonical: as_written,
    });
    /// Names an instance profile.
    InstanceProfileName(INSTANCE_PROFILE = Text {
        name: "instance profile name",
        check: |text| OTHER_NAMES.check(text),
        canonical: as_written,
    });
    /// The URL of an OpenID Connect issuer. IAM keeps it without `https://`; both are the same.
    IssuerUrl(ISSUER = Text {
        name: "issuer URL",
        check: check_issuer,
        canonical: |text| without_scheme(text).to_owned(),
    });
}

/// Names of roles and users.
pub(super) const ROLE_NAMES: NameRule = names(64);
/// Names of everything else that has one.
pub(super) const OTHER_NAMES: NameRule = names(128);

/// Source: IAM and STS quotas, IAM name requirements.
const fn names(longest: usize) -> NameRule {
    NameRule {
        shortest: 1,
        longest,
        allows: |c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c),
        characters: "letters, digits and `+=,.@_-`",
    }
}

/// Source: IAM API Reference, CreateOpenIDConnectProvider.
fn check_issuer(text: &str) -> Result<(), String> {
    let rest = without_scheme(text);
    if rest.is_empty() || rest.contains("://") || text.starts_with("http://") {
        return Err(format!("must start with `https://`, not `{text}`"));
    }
    if rest.contains(['?', '#']) {
        return Err("must not have a query or a fragment".to_owned());
    }
    if text.chars().count() > 255 {
        return Err("must have at most 255 characters".to_owned());
    }
    Ok(())
}

/// An issuer as IAM keeps it.
pub(super) fn without_scheme(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    fn problem<T: FieldType>(text: &str) -> Option<String> {
        let mut problems = Vec::new();
        T::KIND.check("name", &Value::from(text), &mut problems);
        problems.pop().map(|problem| problem.message)
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(problem::<RoleName>("app.role+a=b,c@d_e-f"), None);
        assert_eq!(problem::<RoleName>(&"a".repeat(64)), None);
        let long = problem::<RoleName>(&"a".repeat(65));
        assert_eq!(long.as_deref(), Some("must have 1 to 64 characters, not 65"));
        assert_eq!(problem::<PolicyName>(&"a".repeat(65)), None);
        assert!(problem::<RoleName>("").is_some());
        assert!(problem::<RoleName>("a/b").is_some_and(|message| message.contains("`/`")));
    }

    #[test]
    fn a_name_and_a_prefix_exclude_one_another() {
        let check = |given: &[(&str, &str)], rule: &NameRule| {
            let inputs = given.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
            let inputs = inputs.collect();
            let mut rules = Rules::new(&inputs);
            rules.names(rule);
            rules.finish().len()
        };
        assert_eq!(check(&[("name", "a")], &ROLE_NAMES), 0);
        assert_eq!(check(&[("name_prefix", "a-")], &ROLE_NAMES), 0);
        assert_eq!(check(&[("name", "a"), ("name_prefix", "a-")], &ROLE_NAMES), 1);
        let long = "a".repeat(39);
        assert_eq!(check(&[("name_prefix", &long)], &ROLE_NAMES), 1);
        assert_eq!(check(&[("name_prefix", &long)], &OTHER_NAMES), 0);
        assert_eq!(check(&[("name_prefix", "a/")], &ROLE_NAMES), 1);
    }

    #[test]
    fn an_issuer_is_the_same_with_and_without_its_scheme() {
        let same =
            |one: &str, other: &str| IssuerUrl::KIND.same(&Value::from(one), &Value::from(other));
        assert!(same("https://oidc.example.com/id/1", "oidc.example.com/id/1"));
        assert!(!same("https://oidc.example.com/id/1", "https://oidc.example.com/id/2"));
        assert_eq!(problem::<IssuerUrl>("https://oidc.example.com/id/1"), None);
        for wrong in ["http://a.example", "https://", "ftp://a.example", "https://a.example?x=1"] {
            assert!(problem::<IssuerUrl>(wrong).is_some(), "{wrong}");
        }
    }
}
