//! Groups that a user is in. Other groups of the user are left alone; the user and the groups are the
//! key, and putting a user into a group may be repeated.
//!
//! API: AddUserToGroup, ListGroupsForUser, GetAccountAuthorizationDetails, RemoveUserFromGroup.

use std::collections::BTreeSet;

use infra_sdk::{Outputs, Resource};

use super::{GroupName, UserName};

/// Puts a user into groups.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_user_group_membership",
    outputs = UserGroupMembershipOutputs,
    global
)]
pub struct UserGroupMembership {
    /// The user.
    #[field(force_new)]
    pub user: UserName,
    /// The groups.
    #[field(required)]
    pub groups: BTreeSet<GroupName>,
}

/// What identifies a [`UserGroupMembership`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct UserGroupMembershipOutputs {
    /// User and groups as they were first: `user/group/group`, which is also what Terraform imports
    /// by.
    pub id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_iam::types::EntityType;
    use infra_sdk::Value;
    use infra_sdk::provider::{Failure, FailureClass, Target};

    use super::*;
    use crate::iam::common::{
        GONE, NO_GROUP_YET, NO_USER_YET, PATIENCE, announce_details, read_listed, shared_details,
    };
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "iam:AddUserToGroup",
        "iam:GetAccountAuthorizationDetails",
        "iam:ListGroupsForUser",
        "iam:RemoveUserFromGroup",
    ];

    impl Handler for UserGroupMembership {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "iam:AddUserToGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[NO_USER_YET, NO_GROUP_YET],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            add(aws, want.user.as_str(), &want.groups).await?;
            Ok(id_of(want))
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            let parsed = targets.iter().filter_map(|target| parse_id(&target.id).ok());
            announce_details(readings, &EntityType::User, parsed.map(|(user, _)| user));
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let one = |item: Known| async move {
                let (user, mine) = mine(&item)?;
                let is_in = groups_of(aws, user).await?;
                let groups: BTreeSet<_> = mine.intersection(&is_in).cloned().collect();
                Ok((!groups.is_empty()).then(|| see(&item.id, user, groups)))
            };
            read_listed(aws, known, one, list(aws, known)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, was: &Self, _: &Changed) -> Result<()> {
            let user = want.user.as_str();
            add(aws, user, want.groups.difference(&was.groups)).await?;
            remove(aws, user, was.groups.difference(&want.groups)).await
        }

        async fn delete(aws: &Aws, _: &str, was: &Self) -> Result<()> {
            remove(aws, was.user.as_str(), &was.groups).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let is_in = absent(groups_of(aws, want.user.as_str()).await.map(Some), GONE)?;
            let all = is_in.is_some_and(|is_in| want.groups.is_subset(&is_in));
            Ok(all.then(|| id_of(want)).into_iter().collect())
        }
    }

    fn id_of(want: &UserGroupMembership) -> String {
        let groups = want.groups.iter().map(GroupName::as_str);
        [want.user.as_str()].into_iter().chain(groups).collect::<Vec<_>>().join("/")
    }

    /// User and groups of an id. Names have no `/`.
    fn parse_id(id: &str) -> Result<(&str, BTreeSet<GroupName>)> {
        let mut parts = id.split('/').filter(|part| !part.is_empty());
        let user = parts.next();
        let groups: BTreeSet<_> = parts.map(GroupName::new).collect();
        user.filter(|_| !groups.is_empty()).map(|user| (user, groups)).ok_or_else(|| {
            let message = format!("`{id}` is not the id of a membership: `user/group/group`");
            Failure::new(FailureClass::Invalid, message)
        })
    }

    /// The user of a membership, and the groups that it is about: those that are recorded, and those of
    /// the id where nothing is.
    fn mine(item: &Known) -> Result<(&str, BTreeSet<GroupName>)> {
        let (user, first) = parse_id(&item.id)?;
        let recorded = item.recorded.get("groups").and_then(Value::as_list);
        let recorded = recorded
            .filter(|groups| !groups.is_empty())
            .map(|groups| groups.iter().filter_map(Value::as_str).map(GroupName::new).collect());
        Ok((user, recorded.unwrap_or(first)))
    }

    /// Memberships that are whole in the account's details. One that lacks a group is asked for by
    /// itself.
    async fn list(
        aws: &Aws,
        known: &[Known],
    ) -> Result<HashMap<String, Seen<UserGroupMembership>>> {
        let parsed: Vec<_> =
            known.iter().filter_map(|item| Some((&item.id, mine(item).ok()?))).collect();
        let users = parsed.iter().map(|(_, (user, _))| *user);
        let details = shared_details(aws, &EntityType::User, users).await?;
        let seen = parsed.into_iter().filter_map(|(id, (user, groups))| {
            let is_in = details.users.get(user)?.group_list();
            let there = |group: &GroupName| is_in.iter().any(|name| name == group.as_str());
            groups.iter().all(there).then(|| (id.clone(), see(id, user, groups)))
        });
        Ok(seen.collect())
    }

    fn see(id: &str, user: &str, groups: BTreeSet<GroupName>) -> Seen<UserGroupMembership> {
        let inputs = UserGroupMembership { user: UserName::new(user), groups };
        Seen::new(inputs, UserGroupMembershipOutputs { id: id.to_owned() })
    }

    async fn groups_of(aws: &Aws, user: &str) -> Result<BTreeSet<GroupName>> {
        let pages = aws
            .pages(
                |marker| aws.iam().list_groups_for_user().user_name(user).set_marker(marker).send(),
                |page| page.marker(),
            )
            .await?;
        let groups = pages.into_iter().flat_map(|page| page.groups);
        Ok(groups.map(|group| GroupName::new(group.group_name)).collect())
    }

    async fn add(
        aws: &Aws,
        user: &str,
        groups: impl IntoIterator<Item = &GroupName>,
    ) -> Result<()> {
        for group in groups {
            let group = group.as_str();
            aws.call(|| aws.iam().add_user_to_group().user_name(user).group_name(group).send())
                .await?;
        }
        Ok(())
    }

    async fn remove(
        aws: &Aws,
        user: &str,
        groups: impl IntoIterator<Item = &GroupName>,
    ) -> Result<()> {
        for group in groups {
            let group = group.as_str();
            let remove =
                || aws.iam().remove_user_from_group().user_name(user).group_name(group).send();
            // A user or a group that went took the membership along.
            absent(aws.call(remove).await.map(Some), GONE)?;
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ids_lead_back() {
            let groups: BTreeSet<_> = ["a", "b"].map(GroupName::new).into();
            let want = UserGroupMembership { user: UserName::new("u"), groups: groups.clone() };
            assert_eq!(id_of(&want), "u/a/b");
            assert_eq!(parse_id("u/b/a").ok(), Some(("u", groups)));
            for wrong in ["u", "u/", ""] {
                assert!(parse_id(wrong).is_err(), "{wrong}");
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::{Group, GroupHandle, User, UserHandle};

    fn declare(
        stack: &mut Stack,
        name: &str,
        with: fn(UserHandle, UserHandle, [GroupHandle; 3]) -> UserGroupMembershipArguments,
    ) {
        let mut user = |key: &str| stack.add(key, User::new(format!("{name}-member-{key}")));
        let (user, other) = (user("user"), user("other"));
        let groups = ["one", "two", "three"]
            .map(|key| stack.add(key, Group::new(format!("{name}-members-{key}"))));
        stack.add("it", with(user, other, groups));
    }

    conforms!(
        aws_iam_user_group_membership,
        Fixture {
            base: |stack, name| declare(stack, name, |user, _, [one, two, _]| {
                UserGroupMembership::new(user.name(), [one.name(), two.name()])
            }),
            update: Some(|stack, name| declare(stack, name, |user, _, [_, two, three]| {
                UserGroupMembership::new(user.name(), [two.name(), three.name()])
            })),
            replace: Some(|stack, name| declare(stack, name, |_, other, [one, ..]| {
                UserGroupMembership::new(other.name(), [one.name()])
            })),
            gaps: &[],
        }
    );
}
