//! A group of users. It has no tags: one is ours if it has the name and the path that we gave.
//!
//! API: CreateGroup, GetGroup, GetAccountAuthorizationDetails, UpdateGroup, DeleteGroup.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource};

use super::GroupName;
use super::rules::check_path;
use crate::rules::Rules;

/// A group of users, who may do what the group may.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_iam_group", outputs = GroupOutputs, global, validate = validate)]
pub struct Group {
    /// Name, unique in the account whatever the case of its letters.
    #[field(force_new)]
    pub name: GroupName,
    /// Path before the name in the ARN; begins and ends with `/`.
    #[field(default = String::from("/"))]
    pub path: String,
}

/// What AWS assigns to a [`Group`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct GroupOutputs {
    /// The group's name.
    pub id: GroupName,
    /// The group's ARN.
    pub arn: Arn<Group>,
    /// Id that is never used again, `AGPA…`.
    pub unique_id: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    check_path(&mut rules);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_iam::types::EntityType;
    use infra_sdk::provider::Target;

    use super::*;
    use crate::iam::common::{GONE, PATIENCE, announce_details, read_listed, shared_details};
    use crate::iam::holding::of_group;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "iam:CreateGroup",
        "iam:DeleteGroup",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetGroup",
        "iam:UpdateGroup",
    ];

    impl Handler for Group {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "iam:CreateGroup",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            // Policies and users that were taken away a moment ago.
            lingering: &[("DeleteConflict", "")],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let name = want.name.as_str();
            aws.call(|| aws.iam().create_group().group_name(name).path(&want.path).send()).await?;
            Ok(name.to_owned())
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            let names = targets.iter().map(|target| target.id.as_str());
            announce_details(readings, &EntityType::Group, names);
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let one = |item: Known| async move { get(aws, &item.id).await };
            read_listed(aws, known, one, list(aws, known)).await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            aws.call(|| aws.iam().update_group().group_name(id).new_path(&want.path).send())
                .await
                .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.iam().delete_group().group_name(id).send()).await.map(drop)
        }

        async fn blockers(
            aws: &Aws,
            id: &str,
            _: &Self,
            leaving: Leaving<'_>,
        ) -> Result<Vec<Diagnostic>> {
            of_group(aws, id, leaving).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let found = absent(get(aws, want.name.as_str()).await, GONE)?;
            let same = found.filter(|seen| seen.inputs.path == want.path);
            Ok(same.map(|seen| seen.outputs.id.to_string()).into_iter().collect())
        }
    }

    async fn get(aws: &Aws, name: &str) -> Result<Option<Seen<Group>>> {
        // Its users are listed too, of which one is enough.
        let get = || aws.iam().get_group().group_name(name).max_items(1).send();
        let found = aws.call(get).await?.group;
        Ok(found.map(|found| see(found.group_name, found.path, found.arn, found.group_id)))
    }

    /// Every group of the account.
    async fn list(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Seen<Group>>> {
        let names = known.iter().map(|item| item.id.as_str());
        let details = shared_details(aws, &EntityType::Group, names).await?;
        let seen = known.iter().filter_map(|item| {
            let group = details.groups.get(&item.id)?.clone();
            let name = group.group_name?;
            Some((name.clone(), see(name, group.path?, group.arn?, group.group_id?)))
        });
        Ok(seen.collect())
    }

    fn see(name: String, path: String, arn: String, unique_id: String) -> Seen<Group> {
        let id = GroupName::new(name);
        let inputs = Group { name: id.clone(), path };
        Seen::new(inputs, GroupOutputs { id, arn: Arn::new(arn), unique_id })
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_iam_group,
        Fixture {
            base: |stack, name| {
                stack.add("it", Group::new(format!("{name}-group")).path("/conformance/"));
            },
            // The emulator changes a path only together with the name.
            update: None,
            replace: Some(|stack, name| {
                stack.add("it", Group::new(format!("{name}-other")));
            }),
            gaps: &[],
        }
    );
}
