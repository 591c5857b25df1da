//! A group of users of caches, which a replication group is given.
//!
//! One of Redis OSS needs a user whose name is `default`. Users are added and taken away in one call.
//!
//! API: CreateUserGroup, DescribeUserGroups, ModifyUserGroup, DeleteUserGroup, ListTagsForResource,
//! AddTagsToResource, RemoveTagsFromResource.

use std::collections::BTreeSet;

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::user::check_id;
use super::{CacheEngine, CacheUserGroupId, CacheUserId};
use crate::rules::Rules;

/// A group of users of caches.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_elasticache_user_group", outputs = UserGroupOutputs, validate = validate)]
pub struct UserGroup {
    /// Id, unique in the region.
    #[field(force_new)]
    pub user_group_id: CacheUserGroupId,
    /// Engine of the caches. It can go from Redis OSS to Valkey.
    pub engine: CacheEngine,
    /// Its users; of Redis OSS one of them has the name `default`. Left out, they are kept as they
    /// are.
    #[field(computed)]
    pub user_ids: BTreeSet<CacheUserId>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`UserGroup`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct UserGroupOutputs {
    /// The group's id.
    pub id: CacheUserGroupId,
    /// The group's ARN.
    pub arn: Arn<UserGroup>,
    /// `active`, `creating`, `modifying`, `deleting`.
    pub status: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    check_id(&mut rules, "user_group_id");
    // Source: ElastiCache user guide, quotas.
    let count = rules.texts("user_ids").len();
    if count > 100 {
        rules.refuse("user_ids", format!("must be 100 at most, not {count}"));
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_elasticache::types::UserGroup as Wire;
    use infra_sdk::provider::Readiness;

    use super::*;
    use crate::elasticache::common::{active, arn_of, list_tags, ours, retag, wire_tags};
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateUserGroup",
        "elasticache:DeleteUserGroup",
        "elasticache:DescribeUserGroups",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyUserGroup",
        "elasticache:RemoveTagsFromResource",
    ];
    const GONE: &[&str] = &["UserGroupNotFound"];
    /// It is busy, or caches that are being changed or deleted have it.
    const BUSY: &str = "InvalidUserGroupState";

    impl Handler for UserGroup {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("user_group_id"),
            create: "elasticache:CreateUserGroup",
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
                        .create_user_group()
                        .user_group_id(want.user_group_id.as_str())
                        .engine(want.engine.as_str())
                        .set_user_ids(texts(want.user_ids.iter()))
                        .set_tags(wire_tags(&want.tags.0))
                        .send()
                })
                .await?;
            answer.user_group_id.ok_or_else(|| missing("UserGroupId"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let see = |wire, _: Known| see(aws, wire);
            read_named(known, GONE, Wire::user_group_id, |id| list(aws, id), see).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            was: &Self,
            changed: &Changed,
        ) -> Result<()> {
            let engine = changed.has("engine").then(|| want.engine.as_str().to_owned());
            let (want, was) = (&want.user_ids, &was.user_ids);
            let users = changed.has("user_ids");
            let add = texts(want.difference(was)).filter(|_| users);
            let remove = texts(was.difference(want)).filter(|_| users);
            aws.call(|| {
                aws.elasticache()
                    .modify_user_group()
                    .user_group_id(id)
                    .set_engine(engine.clone())
                    .set_user_ids_to_add(add.clone())
                    .set_user_ids_to_remove(remove.clone())
                    .send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let delete = || aws.elasticache().delete_user_group().user_group_id(id);
            aws.call(|| delete().send()).await.map(drop)
        }

        fn readiness(seen: &Seen<Self>) -> Readiness {
            active(&seen.outputs.status)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = Some(want.user_group_id.to_string());
            let found = absent(list(aws, id).await.map(Some), GONE)?.unwrap_or_default();
            let living = found.into_iter().filter(|group| group.status() != Some("deleting"));
            ours(aws, &want.tags, living.map(|group| (group.arn, group.user_group_id))).await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            retag(aws, &arn_of(aws, "usergroup", id).await?, change).await
        }
    }

    fn texts<'a>(ids: impl Iterator<Item = &'a CacheUserId>) -> Option<Vec<String>> {
        Some(ids.map(ToString::to_string).collect::<Vec<_>>()).filter(|ids| !ids.is_empty())
    }

    async fn list(aws: &Aws, id: Option<String>) -> Result<Vec<Wire>> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.elasticache().describe_user_groups().set_marker(marker);
                    call.set_user_group_id(id.clone()).send()
                },
                |page| page.marker(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.user_groups.unwrap_or_default()).collect())
    }

    async fn see(aws: &Aws, group: Wire) -> Result<Seen<UserGroup>> {
        let id = group.user_group_id.ok_or_else(|| missing("UserGroupId"))?;
        let arn = group.arn.ok_or_else(|| missing("ARN"))?;
        let engine = group.engine.map(|engine| engine.to_ascii_lowercase());
        let users = group.user_ids.unwrap_or_default().into_iter();
        let inputs = UserGroup {
            user_group_id: CacheUserGroupId::new(&id),
            engine: parsed(engine.as_deref(), "Engine")?,
            user_ids: users.map(CacheUserId::new).collect(),
            tags: list_tags(aws, &arn).await?,
        };
        let outputs = UserGroupOutputs {
            id: CacheUserGroupId::new(id),
            arn: Arn::new(arn),
            status: group.status.ok_or_else(|| missing("Status"))?,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn ids_begin_with_a_letter() {
        let check = |id: &str| {
            validate(&Object::from([("user_group_id".to_owned(), Value::from(id))])).len()
        };
        assert_eq!((check("app-1"), check("1-app"), check("app_1")), (0, 1, 1));
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Output, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::elasticache::User;

    /// A user that everybody has, and one of the application.
    fn users(stack: &mut Stack, name: &str) -> [Output<CacheUserId>; 2] {
        [("everybody", "default", "off"), ("app", "app", "on ~* +@all")].map(|(key, named, may)| {
            let user = User::new(format!("{name}-{key}"), named, may, CacheEngine::Redis);
            stack.add(key, user.passwords(["correct horse battery".to_owned()])).id()
        })
    }

    conforms!(
        aws_elasticache_user_group,
        Fixture {
            base: |stack, name| {
                let [default, _] = users(stack, name);
                let group = UserGroup::new(format!("{name}-users"), CacheEngine::Redis);
                stack.add("it", group.user_ids([default]).tag("Name", name));
            },
            update: Some(|stack, name| {
                let group = UserGroup::new(format!("{name}-users"), CacheEngine::Redis);
                let users = users(stack, name);
                stack.add("it", group.user_ids(users).tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                let group = UserGroup::new(format!("{name}-others"), CacheEngine::Valkey);
                stack.add("it", group);
            }),
            gaps: &[],
        }
    );
}
