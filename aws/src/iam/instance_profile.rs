//! An instance profile: what gives a role to an EC2 instance. It holds one role, set after creation.
//!
//! API: CreateInstanceProfile, GetInstanceProfile, ListInstanceProfiles, AddRoleToInstanceProfile,
//! RemoveRoleFromInstanceProfile, TagInstanceProfile, UntagInstanceProfile, DeleteInstanceProfile.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::names::OTHER_NAMES;
use super::rules::check_path;
use super::{InstanceProfileName, RoleName};
use crate::rules::Rules;

/// Gives a role to EC2 instances.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_instance_profile",
    outputs = InstanceProfileOutputs,
    global,
    validate = validate
)]
pub struct InstanceProfile {
    /// Name, unique in the account whatever the case of its letters. Left out, one is generated.
    #[field(force_new, computed)]
    pub name: Option<InstanceProfileName>,
    /// Beginning of a generated name, at most 102 characters. Not together with `name`.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Path before the name in the ARN; begins and ends with `/`.
    #[field(force_new, default = String::from("/"))]
    pub path: String,
    /// The role of the instances.
    pub role: Option<RoleName>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to an [`InstanceProfile`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct InstanceProfileOutputs {
    /// The profile's name.
    pub id: InstanceProfileName,
    /// The profile's ARN.
    pub arn: Arn<InstanceProfile>,
    /// Id that is never used again, `AIPA…`.
    pub unique_id: String,
    /// When the profile was made, in RFC 3339.
    pub create_date: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&OTHER_NAMES);
    check_path(&mut rules);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_iam::types::InstanceProfile as Wire;

    use super::*;
    use crate::frame::names::{is_made_alike, prefix_of};
    use crate::iam::common::{
        GONE, NAMING, NO_ROLE_YET, PATIENCE, date, is_ours, tags_for, tags_of, tags_to_remove,
        tags_to_set,
    };
    use crate::prelude::*;

    impl Handler for InstanceProfile {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "iam:CreateInstanceProfile",
            operations: &[
                "iam:AddRoleToInstanceProfile",
                "iam:CreateInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:GetInstanceProfile",
                "iam:ListInstanceProfiles",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:UntagInstanceProfile",
            ],
            // Adding a role passes it. Source: IAM API Reference, AddRoleToInstanceProfile.
            actions: &[
                "iam:AddRoleToInstanceProfile",
                "iam:CreateInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:GetInstanceProfile",
                "iam:ListInstanceProfiles",
                "iam:PassRole",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:UntagInstanceProfile",
            ],
            after_create: &["role"],
            naming: Some(NAMING),
            gone: GONE,
            not_yet: &[NO_ROLE_YET],
            lingering: &[("DeleteConflict", "")],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let name = want.name.as_ref().ok_or_else(|| missing("name"))?.to_string();
            let tags = tags_for(&want.tags)?;
            aws.call(|| {
                let call = aws.iam().create_instance_profile().instance_profile_name(&name);
                call.path(&want.path).set_tags(Some(tags.clone())).send()
            })
            .await?;
            Ok(name)
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            // The list of profiles has no tags, so that it would save nothing.
            read_each(known, GONE, |item| async move { see(get(aws, &item.id).await?).map(Some) })
                .await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.has("role") {
                set_role(aws, id, want.role.as_ref().map(RoleName::as_str)).await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            set_role(aws, id, None).await?;
            let delete = || aws.iam().delete_instance_profile().instance_profile_name(id).send();
            aws.call(delete).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let name = want.name.as_ref().ok_or_else(|| missing("name"))?.as_str();
            let mut found = Vec::new();
            for name in std::iter::once(name.to_owned()).chain(made_alike(aws, name).await?) {
                let profile = absent(get(aws, &name).await.map(Some), GONE)?;
                let ours = profile.is_some_and(|it| is_ours(&want.tags, &tags_of(it.tags)));
                if ours && !found.contains(&name) {
                    found.push(name);
                }
            }
            Ok(found)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            if let Some(keys) = tags_to_remove(change) {
                aws.call(|| {
                    let call = aws.iam().untag_instance_profile().instance_profile_name(id);
                    call.set_tag_keys(Some(keys.clone())).send()
                })
                .await?;
            }
            if let Some(tags) = tags_to_set(change)? {
                aws.call(|| {
                    let call = aws.iam().tag_instance_profile().instance_profile_name(id);
                    call.set_tags(Some(tags.clone())).send()
                })
                .await?;
            }
            Ok(())
        }
    }

    async fn get(aws: &Aws, name: &str) -> Result<Wire> {
        let get = || aws.iam().get_instance_profile().instance_profile_name(name).send();
        aws.call(get).await?.instance_profile.ok_or_else(|| missing("InstanceProfile"))
    }

    /// Takes out every other role and puts in the one that is wanted: a profile holds one at most.
    async fn set_role(aws: &Aws, id: &str, want: Option<&str>) -> Result<()> {
        let profile = get(aws, id).await?;
        let held: Vec<_> = profile.roles.into_iter().map(|role| role.role_name).collect();
        for role in held.iter().filter(|role| Some(role.as_str()) != want) {
            let remove = || {
                let call = aws.iam().remove_role_from_instance_profile();
                call.instance_profile_name(id).role_name(role).send()
            };
            absent(aws.call(remove).await.map(Some), GONE)?;
        }
        let Some(want) = want.filter(|want| !held.iter().any(|role| role == want)) else {
            return Ok(());
        };
        aws.call(|| {
            let call = aws.iam().add_role_to_instance_profile();
            call.instance_profile_name(id).role_name(want).send()
        })
        .await
        .map(drop)
    }

    /// Profiles whose name was made as this one was.
    async fn made_alike(aws: &Aws, name: &str) -> Result<Vec<String>> {
        if !is_made_alike(name, name) {
            return Ok(Vec::new());
        }
        let pages = aws
            .pages(
                |marker| aws.iam().list_instance_profiles().set_marker(marker).send(),
                |page| page.marker(),
            )
            .await?;
        let profiles = pages.into_iter().flat_map(|page| page.instance_profiles);
        let names = profiles.map(|profile| profile.instance_profile_name);
        Ok(names.filter(|found| is_made_alike(found, name)).collect())
    }

    fn see(profile: Wire) -> Result<Seen<InstanceProfile>> {
        let name = profile.instance_profile_name;
        let role = profile.roles.into_iter().next();
        let inputs = InstanceProfile {
            name: Some(InstanceProfileName::new(&name)),
            name_prefix: prefix_of(&name),
            path: profile.path,
            role: role.map(|role| RoleName::new(role.role_name)),
            tags: tags_of(profile.tags),
        };
        let outputs = InstanceProfileOutputs {
            id: InstanceProfileName::new(name),
            arn: Arn::new(profile.arn),
            unique_id: profile.instance_profile_id,
            create_date: date(profile.create_date)?,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::Role;
    use crate::iam::fixtures::trust;
    use crate::iam::role::RoleHandle;

    fn role(stack: &mut Stack, name: &str, address: &str) -> RoleHandle {
        let role = Role::new(trust("ec2.amazonaws.com"));
        stack.add(address, role.name(format!("{name}-profile-{address}")))
    }

    conforms!(
        aws_iam_instance_profile,
        Fixture {
            base: |stack, name| {
                let one = role(stack, name, "one");
                role(stack, name, "other");
                let profile = InstanceProfile::new().name(format!("{name}-profile"));
                stack.add("it", profile.path("/conformance/").role(one.name()).tag("Name", name));
            },
            update: Some(|stack, name| {
                role(stack, name, "one");
                let other = role(stack, name, "other");
                let profile = InstanceProfile::new().name(format!("{name}-profile"));
                let profile = profile.path("/conformance/").tag("Name", "other");
                stack.add("it", profile.role(other.name()));
            }),
            replace: Some(|stack, name| {
                role(stack, name, "one");
                role(stack, name, "other");
                stack.add("it", InstanceProfile::new().name_prefix(format!("{name}-")));
            }),
            gaps: &[],
        }
    );
}
