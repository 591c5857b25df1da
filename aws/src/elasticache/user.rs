//! A user of caches: a name, what it may do, and how it proves who it is.
//!
//! - Passwords are never told: the state has but a digest of them.
//! - Who left out `authentication_mode` says it with `passwords` or `no_password_required`.
//!
//! API: CreateUser, DescribeUsers, ModifyUser, DeleteUser, ListTagsForResource, AddTagsToResource,
//! RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Block, Choice, Object, Outputs, Resource, Tags};

use super::{CacheEngine, CacheUserId};
use crate::rules::{NameRule, Rules, wrong_length};

/// A user of caches.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_elasticache_user", outputs = UserOutputs, validate = validate)]
pub struct User {
    /// Id, unique in the region.
    #[field(force_new)]
    pub user_id: CacheUserId,
    /// Name that clients log in with; several users may have one, but in different groups. For
    /// authentication by IAM with Redis OSS it is the id.
    #[field(force_new)]
    pub user_name: String,
    /// What the user may do, as Redis writes access control lists: `on ~app:* +@read`.
    pub access_string: String,
    /// Engine of the caches. It can go from Redis OSS to Valkey.
    pub engine: CacheEngine,
    /// How the user proves who it is.
    #[field(computed)]
    pub authentication_mode: Option<AuthenticationMode>,
    /// One password, or two while they are exchanged, of 16 to 128 characters each.
    #[field(sensitive, write_only)]
    pub passwords: BTreeSet<String>,
    /// Let clients in without a password.
    #[field(computed)]
    pub no_password_required: Option<bool>,
    /// Tags.
    pub tags: Tags,
}

/// How a user proves who it is.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct AuthenticationMode {
    /// The way.
    pub r#type: AuthenticationType,
    /// One password, or two while they are exchanged; for the way `password`.
    #[field(sensitive, write_only)]
    pub passwords: BTreeSet<String>,
}

/// The ways in which a user proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AuthenticationType {
    /// A token that IAM makes.
    #[choice("iam")]
    Iam,
    /// Not at all.
    #[choice("no-password-required")]
    NoPasswordRequired,
    /// A password.
    #[choice("password")]
    Password,
}

/// What AWS assigns to a [`User`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct UserOutputs {
    /// The user's id.
    pub id: CacheUserId,
    /// The user's ARN.
    pub arn: Arn<User>,
    /// How many passwords it has.
    pub password_count: u32,
    /// `active`, `modifying`, `deleting`.
    pub status: String,
}

/// Source: ElastiCache API Reference, CreateUser, the pattern of `UserId`.
pub(super) const IDS: NameRule = NameRule {
    shortest: 1,
    longest: 40,
    allows: |c| c.is_ascii_alphanumeric() || c == '-',
    characters: "letters, digits and `-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    check_id(&mut rules, "user_id");
    for name in ["user_name", "access_string"] {
        if rules.text(name).is_some_and(str::is_empty) {
            rules.refuse(name, "must not be empty");
        }
    }
    let ways = ["authentication_mode", "passwords", "no_password_required"];
    let refused =
        inputs.get("no_password_required").is_some_and(|value| value.as_bool() == Some(false));
    if refused {
        rules.exactly_one(&ways[..2]);
    } else {
        rules.exactly_one(&ways);
    }
    check_passwords(&mut rules);
    rules.blocks("authentication_mode", |rules| {
        match rules.text("type") {
            Some("password") => rules.required(&["passwords"], "for the type `password`"),
            Some(other) => rules.without(&["passwords"], &format!("for the type `{other}`")),
            None => {}
        }
        check_passwords(rules);
    });
    let mode = inputs.get("authentication_mode").and_then(|mode| mode.as_map());
    let iam = mode.and_then(|mode| mode.get("type")).and_then(|way| way.as_str()) == Some("iam");
    let names = (rules.text("user_id"), rules.text("user_name"));
    // Source: ElastiCache user guide, authenticating with IAM, limitations.
    if iam
        && rules.text("engine") == Some("redis")
        && let (Some(id), Some(name)) = names
        && id != name
    {
        rules.refuse("user_name", format!("must be the id, `{id}`, for authentication by IAM"));
    }
    rules.finish()
}

/// An id of a user or of a group of users begins with a letter.
pub(super) fn check_id(rules: &mut Rules<'_>, name: &str) {
    rules.follows(name, &IDS);
    if rules.text(name).is_some_and(|id| !id.starts_with(|c: char| c.is_ascii_alphabetic())) {
        rules.refuse(name, "must begin with a letter");
    }
}

/// Source: ElastiCache user guide, role-based access control.
fn check_passwords(rules: &mut Rules<'_>) {
    let passwords = rules.texts("passwords");
    if passwords.len() > 2 {
        rules.refuse("passwords", format!("must be two at most, not {}", passwords.len()));
    }
    if let Some(wrong) = passwords.iter().find_map(|text| wrong_length(text, 16, 128)) {
        rules.refuse("passwords", format!("{wrong} each"));
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    fn mode(way: &str, passwords: &[&str]) -> (&'static str, Value) {
        let passwords = Value::from(passwords.to_vec());
        let block = [("type".to_owned(), way.into()), ("passwords".to_owned(), passwords)];
        ("authentication_mode", Value::Map(block.into()))
    }

    #[test]
    fn a_user_has_one_way_to_prove_who_it_is() {
        let password = "0123456789abcdef";
        let passwords = |all: &[&str]| ("passwords", Value::from(all.to_vec()).sensitive());
        let open = |open: bool| ("no_password_required", Value::Bool(open));
        for right in [
            vec![passwords(&[password])],
            vec![passwords(&[password]), open(false)],
            vec![open(true)],
            vec![mode("password", &[password])],
            vec![mode("iam", &[])],
        ] {
            assert_eq!(check(&right), [""; 0], "{right:?}");
        }
        assert_eq!(check(&[]), ["authentication_mode"]);
        assert_eq!(check(&[open(false)]), ["authentication_mode"]);
        assert_eq!(check(&[passwords(&[password]), open(true)]), ["no_password_required"]);
        assert_eq!(check(&[passwords(&["short"])]), ["passwords"]);
        assert_eq!(check(&[mode("iam", &[password])]), ["authentication_mode.passwords"]);
        assert_eq!(check(&[mode("password", &[])]), ["authentication_mode.passwords"]);
    }

    #[test]
    fn a_user_of_iam_has_its_id_for_a_name() {
        let named = |id: &str, name: &str, engine: &str| {
            let names = [("user_id", id.into()), ("user_name", name.into())];
            check(&[
                names[0].clone(),
                names[1].clone(),
                ("engine", engine.into()),
                mode("iam", &[]),
            ])
        };
        assert_eq!(named("app", "app", "redis"), [""; 0]);
        assert_eq!(named("app", "other", "valkey"), [""; 0]);
        assert_eq!(named("app", "other", "redis"), ["user_name"]);
        assert_eq!(named("1app", "1app", "redis"), ["user_id"]);
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_elasticache_user,
        Fixture {
            base: |stack, name| {
                let id = format!("{name}-user");
                let user =
                    User::new(id.as_str(), id.as_str(), "on ~app:* +@read", CacheEngine::Redis);
                let user = user.passwords(["correct horse battery".to_owned()]);
                stack.add("it", user.tag("Name", name));
            },
            update: Some(|stack, name| {
                let id = format!("{name}-user");
                let user = User::new(id.as_str(), id.as_str(), "on ~* +@all", CacheEngine::Valkey);
                let mode = AuthenticationMode::new(AuthenticationType::Iam);
                stack.add("it", user.authentication_mode(mode).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let user = User::new(format!("{name}-other"), "other", "off", CacheEngine::Valkey);
                stack.add("it", user.no_password_required(true));
            }),
            gaps: &[],
        }
    );
}
