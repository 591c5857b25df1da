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

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_elasticache::types::{
        AuthenticationMode as WireMode, AuthenticationType as WireType, InputAuthenticationType,
        User as Wire,
    };
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::elasticache::common::{arn_of, list_tags, positive, read_named, retag, wire_tags};
    use crate::frame::tags::is_ours;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateUser",
        "elasticache:DeleteUser",
        "elasticache:DescribeUsers",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyUser",
        "elasticache:RemoveTagsFromResource",
    ];
    const GONE: &[&str] = &["UserNotFound"];
    /// It is busy with what was asked of it or of a group before.
    const BUSY: &str = "InvalidUserState";

    impl Handler for User {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "elasticache:CreateUser",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[(BUSY, "")],
            lingering: &[(BUSY, "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.elasticache()
                        .create_user()
                        .user_id(want.user_id.as_str())
                        .user_name(&want.user_name)
                        .engine(want.engine.as_str())
                        .access_string(&want.access_string)
                        .set_authentication_mode(mode(want))
                        .set_passwords(passwords(&want.passwords))
                        .set_no_password_required(want.no_password_required)
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            answer.user_id.ok_or_else(|| missing("UserId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, _: Known| see(aws, wire);
            read_named(known, GONE, Wire::user_id, |id| list(aws, id), see).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let way = Way::changed(want, changed);
            let access = changed.has("access_string").then(|| want.access_string.clone());
            let engine = changed.has("engine").then(|| want.engine.as_str().to_owned());
            aws.call(|| {
                aws.elasticache()
                    .modify_user()
                    .user_id(id)
                    .set_access_string(access.clone())
                    .set_engine(engine.clone())
                    .set_authentication_mode(mode(want).filter(|_| way == Some(Way::Mode)))
                    .set_passwords(
                        passwords(&want.passwords).filter(|_| way == Some(Way::Passwords)),
                    )
                    .set_no_password_required((way == Some(Way::NoPassword)).then_some(true))
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.elasticache().delete_user().user_id(id).send()).await.map(drop)
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            match seen.outputs.status.as_str() {
                "active" => Readiness::Ready,
                busy => Readiness::Waiting(busy.to_owned()),
            }
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = Some(want.user_id.to_string());
            let found = absent(list(aws, id).await.map(Some), GONE)?.unwrap_or_default();
            let mut ours = Vec::new();
            for user in found.into_iter().filter(|user| user.status() != Some("deleting")) {
                let arn = user.arn.ok_or_else(|| missing("ARN"))?;
                if is_ours(&want.tags.0, &list_tags(aws, &arn).await?.0) {
                    ours.extend(user.user_id);
                }
            }
            Ok(ours)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, &arn_of(aws, "user", id).await?, change).await
        }
    }

    /// Which of the arguments a change says how the user proves who it is by. AWS takes one of them;
    /// those that were left out are filled in with what is there.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Way {
        Mode,
        NoPassword,
        Passwords,
    }

    impl Way {
        fn changed(want: &User, changed: &Changed) -> Option<Self> {
            if changed.has("authentication_mode") {
                Some(Self::Mode)
            } else if changed.has("passwords") && !want.passwords.is_empty() {
                Some(Self::Passwords)
            } else {
                let open = want.no_password_required == Some(true);
                (changed.has("no_password_required") && open).then_some(Self::NoPassword)
            }
        }
    }

    fn passwords(passwords: &BTreeSet<String>) -> Option<Vec<String>> {
        (!passwords.is_empty()).then(|| passwords.iter().cloned().collect())
    }

    fn mode(want: &User) -> Option<WireMode> {
        let mode = want.authentication_mode.as_ref()?;
        let builder = WireMode::builder().set_passwords(passwords(&mode.passwords));
        Some(builder.r#type(InputAuthenticationType::from(mode.r#type.as_str())).build())
    }

    async fn list(aws: &Aws, id: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.elasticache().describe_users().set_marker(marker);
                    call.set_user_id(id.clone()).send()
                },
                |page| page.marker(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.users.unwrap_or_default()).collect())
    }

    /// The way of an answer, which has another word for no password than requests have.
    fn way(wire: &WireType) -> Result<AuthenticationType> {
        match wire {
            WireType::NoPassword => Ok(AuthenticationType::NoPasswordRequired),
            other => parsed(Some(other.as_str()), "Authentication.Type"),
        }
    }

    async fn see(aws: &Aws, user: Wire) -> Result<Seen<User>> {
        let id = user.user_id.ok_or_else(|| missing("UserId"))?;
        let arn = user.arn.ok_or_else(|| missing("ARN"))?;
        let authentication = user.authentication.ok_or_else(|| missing("Authentication"))?;
        let way = authentication.r#type().map(way).transpose()?;
        let mode = |way| AuthenticationMode { r#type: way, passwords: BTreeSet::new() };
        let engine = user.engine.map(|engine| engine.to_ascii_lowercase());
        let inputs = User {
            user_id: CacheUserId::new(&id),
            user_name: user.user_name.ok_or_else(|| missing("UserName"))?,
            access_string: user.access_string.ok_or_else(|| missing("AccessString"))?,
            engine: parsed(engine.as_deref(), "Engine")?,
            authentication_mode: way.map(mode),
            passwords: BTreeSet::new(),
            no_password_required: way.map(|way| way == AuthenticationType::NoPasswordRequired),
            tags: list_tags(aws, &arn).await?,
        };
        let outputs = UserOutputs {
            id: CacheUserId::new(id),
            arn: Arn::new(arn),
            password_count: authentication.password_count.and_then(positive).unwrap_or(0),
            status: user.status.ok_or_else(|| missing("Status"))?,
        };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_change_says_one_way_and_not_what_was_filled_in() {
            let iam =
                AuthenticationMode { r#type: AuthenticationType::Iam, passwords: BTreeSet::new() };
            let user = |passwords: &[&str], open: bool| User {
                user_id: CacheUserId::new("app"),
                user_name: "app".to_owned(),
                access_string: "on".to_owned(),
                engine: CacheEngine::Redis,
                authentication_mode: Some(iam.clone()),
                passwords: passwords.iter().map(|text| (*text).to_owned()).collect(),
                no_password_required: Some(open),
                tags: Tags::default(),
            };
            let way = |want: &User, names: &[&str]| {
                Way::changed(want, &Changed::new(names.iter().map(|name| (*name).to_owned())))
            };
            let (closed, open) = (user(&["secret"], false), user(&[], true));
            assert_eq!(way(&closed, &["passwords"]), Some(Way::Passwords));
            assert_eq!(way(&closed, &["authentication_mode", "passwords"]), Some(Way::Mode));
            assert_eq!(way(&open, &["no_password_required", "passwords"]), Some(Way::NoPassword));
            assert_eq!(way(&closed, &["access_string"]), None);
        }
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
