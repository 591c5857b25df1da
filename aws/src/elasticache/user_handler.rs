//! The AWS calls of [`User`].

use aws_sdk_elasticache::types::{
    AuthenticationMode as WireMode, AuthenticationType as WireType, InputAuthenticationType,
    User as Wire,
};
use infra_sdk::provider::Readiness;

use super::CacheUserId;
use super::user::*;
use crate::elasticache::common::{active, arn_of, list_tags, ours, positive, retag, wire_tags};
use crate::prelude::*;
use infra_sdk::Arn;
use std::collections::BTreeSet;

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
        named_by: Some("user_id"),
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

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, changed: &Changed) -> Result<()> {
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
                .set_passwords(passwords(&want.passwords).filter(|_| way == Some(Way::Passwords)))
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
        active(&seen.outputs.status)
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let id = Some(want.user_id.to_string());
        let found = absent(list(aws, id).await.map(Some), GONE)?.unwrap_or_default();
        let living = found.into_iter().filter(|user| user.status() != Some("deleting"));
        ours(aws, &want.tags, living.map(|user| (user.arn, user.user_id))).await
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
    use infra_sdk::Tags;

    use super::*;
    use crate::elasticache::CacheEngine;

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
