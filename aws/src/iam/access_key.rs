//! An access key of a user. Its secret is told once, when it is made.
//!
//! A create whose answer was lost cannot give the secret back, and nothing but the time tells what it
//! made: keys of the user that were made then and are not recorded are deleted, and another is made.
//!
//! API: CreateAccessKey, ListAccessKeys, GetAccessKeyLastUsed, UpdateAccessKey, DeleteAccessKey.

use infra_sdk::{Choice, Outputs, Resource};

use super::UserName;

/// Lets a program act as a user.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_iam_access_key", outputs = AccessKeyOutputs, global)]
pub struct AccessKey {
    /// The user, who can have two keys.
    #[field(force_new)]
    pub user: UserName,
    /// Whether it can be used.
    #[field(default = AccessKeyStatus::Active)]
    pub status: AccessKeyStatus,
}

/// Whether a key can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum AccessKeyStatus {
    /// It can.
    #[choice("Active")]
    Active,
    /// It cannot.
    #[choice("Inactive")]
    Inactive,
}

/// What AWS assigns to an [`AccessKey`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct AccessKeyOutputs {
    /// The key's id, `AKIA…`.
    pub id: String,
    /// The secret half. Not known of a key that was imported.
    #[field(sensitive)]
    pub secret: Option<String>,
    /// When the key was made, in RFC 3339.
    pub create_date: Option<String>,
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;
    use infra_sdk::Value;

    use super::*;
    use crate::iam::common::{GONE, NO_USER_YET, PATIENCE, date};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "iam:CreateAccessKey",
        "iam:DeleteAccessKey",
        "iam:GetAccessKeyLastUsed",
        "iam:ListAccessKeys",
        "iam:UpdateAccessKey",
    ];
    /// By how many seconds AWS's clock may be behind ours.
    const SKEW: i64 = 5;
    /// How long after its begin a create may still have made a key, in seconds: it is sent again
    /// while it is throttled, and while the user is not known everywhere.
    const LATEST: i64 = 900;

    impl Handler for AccessKey {
        const CALLS: Calls = Calls {
            class: CreateClass::Neither,
            create: "iam:CreateAccessKey",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["status"],
            gone: GONE,
            not_yet: &[NO_USER_YET],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let user = want.user.as_str();
            let answer = aws.call(|| aws.iam().create_access_key().user_name(user).send()).await?;
            let key = answer.access_key.ok_or_else(|| missing("AccessKey"))?;
            creating.tell("secret", key.secret_access_key);
            Ok(key.access_key_id)
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            // A user has two keys at most, so that one list a user saves nothing.
            read_each(known, GONE, |item| async move {
                let user = match item.recorded.get("user").and_then(Value::as_str) {
                    Some(user) => user.to_owned(),
                    None => match owner(aws, &item.id).await? {
                        Some(user) => user,
                        None => return Ok(None),
                    },
                };
                let keys = keys_of(aws, &user).await?;
                let key = keys.into_iter().find(|key| key.access_key_id() == Some(&item.id));
                key.map(|key| see(&user, key, &item)).transpose()
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            let (user, status) = (want.user.as_str(), StatusType::from(want.status.as_str()));
            aws.call(|| {
                let call = aws.iam().update_access_key().user_name(user).access_key_id(id);
                call.status(status.clone()).send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            let user = was.user.as_str();
            aws.call(|| aws.iam().delete_access_key().user_name(user).access_key_id(id).send())
                .await
                .map(drop)
        }

        /// Without the time nothing tells a key from the user's others.
        async fn find(_: &Aws, _: &Self) -> Result<Vec<String>> {
            Ok(Vec::new())
        }

        async fn find_since(aws: &Aws, want: &Self, started: &str) -> Result<Vec<String>> {
            let keys = absent(keys_of(aws, want.user.as_str()).await.map(Some), GONE)?;
            let keys = keys.unwrap_or_default().into_iter();
            let then = keys.filter(|key| key.create_date().is_some_and(|at| is_of(at, started)));
            Ok(then.filter_map(|key| key.access_key_id).collect())
        }
    }

    /// Whether a key may be of a create that began then.
    fn is_of(made: &DateTime, started: &str) -> bool {
        let Ok(started) = DateTime::from_str(started, Format::DateTime) else { return false };
        (-SKEW..=LATEST).contains(&(made.secs() - started.secs()))
    }

    async fn keys_of(aws: &Aws, user: &str) -> Result<Vec<AccessKeyMetadata>> {
        let pages = aws
            .pages(
                |marker| aws.iam().list_access_keys().user_name(user).set_marker(marker).send(),
                |page| page.marker(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.access_key_metadata).collect())
    }

    /// Whose key it is.
    async fn owner(aws: &Aws, id: &str) -> Result<Option<String>> {
        let get = || aws.iam().get_access_key_last_used().access_key_id(id).send();
        Ok(aws.call(get).await?.user_name.filter(|user| !user.is_empty()))
    }

    fn see(user: &str, key: AccessKeyMetadata, item: &Known) -> Result<Seen<AccessKey>> {
        let status = key.status.as_ref().map(StatusType::as_str);
        let inputs = AccessKey { user: UserName::new(user), status: parsed(status, "Status")? };
        let secret = item.outputs.get("secret").and_then(|secret| secret.reveal().as_str());
        let outputs = AccessKeyOutputs {
            id: item.id.clone(),
            secret: secret.map(str::to_owned),
            create_date: key.create_date.map(date).transpose()?,
        };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use infra_sdk::Object;

        use super::*;
        use crate::frame::handler::Told;
        use crate::test_endpoint::aws;

        #[test]
        fn a_key_is_of_a_create_that_began_shortly_before_it() {
            let made = |text: &str| DateTime::from_str(text, Format::DateTime).expect("a time");
            let started = "2026-11-22T10:00:00Z";
            for same in ["2026-11-22T09:59:56Z", "2026-11-22T10:00:00Z", "2026-11-22T10:14:00Z"] {
                assert!(is_of(&made(same), started), "{same}");
            }
            for other in ["2026-11-22T09:59:00Z", "2026-11-22T10:16:00Z", "2025-11-22T10:00:00Z"] {
                assert!(!is_of(&made(other), started), "{other}");
            }
            assert!(!is_of(&made(started), ""), "nobody knows when it began");
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_lost_key_is_found_by_its_time_and_an_imported_one_by_its_id() {
            let aws = aws().await;
            let name = format!("lost-key-{:08x}", std::process::id());
            aws.call(|| aws.iam().create_user().user_name(&name).send()).await.expect("a user");
            let user = UserName::new(&name);
            let want = AccessKey { user, status: AccessKeyStatus::Active };
            let told = Told::default();
            let creating = Creating::new("t", "", &told);
            let id = AccessKey::create(&aws, &want, creating).await.expect("it is created");
            assert!(told.take().contains_key("secret"));
            let known = Known { id: id.clone(), recorded: Object::new(), outputs: Object::new() };
            let seen = AccessKey::read(&aws, std::slice::from_ref(&known)).await.pop();
            let seen = seen.expect("one answer").expect("it is read").expect("it is there");
            assert_eq!((&seen.inputs, seen.outputs.secret), (&want, None));
            let made = seen.outputs.create_date.expect("a time");
            let found = AccessKey::find_since(&aws, &want, &made).await.expect("they are listed");
            assert_eq!(found, [id.as_str()]);
            let long_ago = "2020-01-01T00:00:00Z";
            let found = AccessKey::find_since(&aws, &want, long_ago).await.expect("a list");
            assert_eq!(found, [""; 0]);
            AccessKey::delete(&aws, &id, &want).await.expect("it is deleted");
            aws.call(|| aws.iam().delete_user().user_name(&name).send()).await.expect("it goes");
        }
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{User, UserHandle};

    fn users(stack: &mut Stack, name: &str) -> [UserHandle; 2] {
        ["one", "other"].map(|key| stack.add(key, User::new(format!("{name}-key-{key}"))))
    }

    conforms!(
        aws_iam_access_key,
        Fixture {
            base: |stack, name| {
                let [one, _] = users(stack, name);
                stack.add("it", AccessKey::new(one.name()));
            },
            update: Some(|stack, name| {
                let [one, _] = users(stack, name);
                stack.add("it", AccessKey::new(one.name()).status(AccessKeyStatus::Inactive));
            }),
            replace: Some(|stack, name| {
                let [_, other] = users(stack, name);
                let key = AccessKey::new(other.name());
                stack.add("it", key.status(AccessKeyStatus::Inactive));
            }),
            gaps: &[],
        }
    );
}
