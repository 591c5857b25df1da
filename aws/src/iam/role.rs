//! A role. Many roles are read with two lists of the account, few one by one.
//!
//! API: CreateRole, GetRole, GetAccountAuthorizationDetails, ListRoles, UpdateRole,
//! UpdateAssumeRolePolicy, PutRolePermissionsBoundary, DeleteRolePermissionsBoundary, TagRole,
//! UntagRole, DeleteRole; to delete with force ListRolePolicies, DeleteRolePolicy,
//! ListAttachedRolePolicies, DetachRolePolicy.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Seconds, Tags};

use super::names::ROLE_NAMES;
use super::rules::{Use, check_description, check_path, check_policy};
use super::{Policy, PolicyJson, RoleName};
use crate::rules::Rules;

/// An identity that services and users take on for a while.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_iam_role", outputs = RoleOutputs, global, validate = validate)]
pub struct Role {
    /// Who may assume the role: its trust policy.
    pub assume_role_policy: PolicyJson,
    /// Name, unique in the account whatever the case of its letters. Left out, one is generated.
    #[field(force_new, computed)]
    pub name: Option<RoleName>,
    /// Beginning of a generated name, at most 38 characters. Not together with `name`.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Path before the name in the ARN; begins and ends with `/`.
    #[field(force_new, default = String::from("/"))]
    pub path: String,
    /// What the role is for, at most 1000 characters.
    pub description: Option<String>,
    /// How long a session may last at most, from one hour to twelve.
    #[field(default = Seconds(3600), range = 3600..=43200)]
    pub max_session_duration: Seconds,
    /// Policy that limits what the role can be allowed.
    pub permissions_boundary: Option<Arn<Policy>>,
    /// Before the role is deleted, detach and delete all its policies, also those that are not
    /// declared. AWS refuses to delete a role that has policies.
    #[field(write_only, default = false)]
    pub force_detach_policies: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`Role`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RoleOutputs {
    /// The role's name.
    pub id: RoleName,
    /// The role's ARN.
    pub arn: Arn<Role>,
    /// Id that is never used again, `AROA…`.
    pub unique_id: String,
    /// When the role was made, in RFC 3339.
    pub create_date: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&ROLE_NAMES);
    check_path(&mut rules);
    check_description(&mut rules);
    // The quota of the size can be raised, so AWS has the word.
    check_policy(&mut rules, "assume_role_policy", Use::Trust, None);
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_iam::types::{EntityType, Role as Wire};
    use infra_sdk::Value;
    use infra_sdk::provider::Target;

    use super::*;
    use crate::frame::names::{is_made_alike, prefix_of};
    use crate::iam::common::{
        GONE, NAMING, NO_POLICY_YET, PAGE, PATIENCE, announce_details, date, document, filled,
        is_ours, read_listed, role_details, shared_details, tags_for, tags_of, tags_to_remove,
        tags_to_set,
    };
    use crate::iam::holding::of_role;
    use crate::prelude::*;

    impl Handler for Role {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "iam:CreateRole",
            operations: OPERATIONS,
            actions: OPERATIONS,
            naming: Some(NAMING),
            gone: GONE,
            not_yet: &[("MalformedPolicyDocument", "Invalid principal in policy"), NO_POLICY_YET],
            // Policies and instance profiles that were detached a moment ago.
            lingering: &[("DeleteConflict", "")],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let name = want.name.as_ref().ok_or_else(|| missing("name"))?.to_string();
            let tags = tags_for(&want.tags)?;
            aws.call(|| {
                aws.iam()
                    .create_role()
                    .role_name(&name)
                    .path(&want.path)
                    .assume_role_policy_document(want.assume_role_policy.as_str())
                    .set_description(want.description.clone())
                    .max_session_duration(seconds(want))
                    .set_permissions_boundary(boundary(want))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
            Ok(name)
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            let names = targets.iter().map(|target| target.id.as_str());
            announce_details(readings, &EntityType::Role, names);
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let one = |item: Known| async move {
                let answer = aws.call(|| aws.iam().get_role().role_name(&item.id).send()).await?;
                answer.role.map(|role| see(role, &item.recorded)).transpose()
            };
            read_listed(aws, known, one, list(aws, known)).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            _: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.has("assume_role_policy") {
                aws.call(|| {
                    let call = aws.iam().update_assume_role_policy().role_name(id);
                    call.policy_document(want.assume_role_policy.as_str()).send()
                })
                .await?;
            }
            if changed.any(&["description", "max_session_duration"]) {
                // What is left out is set to its default. Source: IAM API Reference, UpdateRole.
                aws.call(|| {
                    let call = aws.iam().update_role().role_name(id);
                    let description = want.description.clone().unwrap_or_default();
                    call.description(description).max_session_duration(seconds(want)).send()
                })
                .await?;
            }
            if changed.has("permissions_boundary") {
                set_boundary(aws, id, want).await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if was.force_detach_policies {
                detach_all(aws, id).await?;
            }
            aws.call(|| aws.iam().delete_role().role_name(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let name = want.name.as_ref().ok_or_else(|| missing("name"))?.as_str();
            let answer = aws.call(|| aws.iam().get_role().role_name(name).send()).await;
            let role = absent(answer.map(|answer| answer.role), GONE)?;
            let ours = role.filter(|role| is_ours(&want.tags, &tags_of(role.tags.clone())));
            if let Some(role) = ours {
                return Ok(vec![role.role_name]);
            }
            if !is_made_alike(name, name) {
                return Ok(Vec::new());
            }
            let roles = role_details(aws).await?.into_iter();
            let ours = roles.filter(|(found, role)| {
                is_made_alike(found, name) && is_ours(&want.tags, &tags_of(role.tags.clone()))
            });
            Ok(ours.map(|(found, _)| found).collect())
        }

        async fn blockers(
            aws: &Aws,
            id: &str,
            was: &Self,
            leaving: Leaving<'_>,
        ) -> Result<Vec<Diagnostic>> {
            of_role(aws, id, was.force_detach_policies, leaving).await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            if let Some(keys) = tags_to_remove(change) {
                aws.call(|| {
                    aws.iam().untag_role().role_name(id).set_tag_keys(Some(keys.clone())).send()
                })
                .await?;
            }
            if let Some(tags) = tags_to_set(change)? {
                aws.call(|| aws.iam().tag_role().role_name(id).set_tags(Some(tags.clone())).send())
                    .await?;
            }
            Ok(())
        }
    }

    const OPERATIONS: &[&str] = &[
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:ListRoles",
        "iam:PutRolePermissionsBoundary",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
    ];

    fn seconds(want: &Role) -> i32 {
        // The range of the field is far below the largest number.
        i32::try_from(want.max_session_duration.0).unwrap_or(i32::MAX)
    }

    fn boundary(want: &Role) -> Option<String> {
        want.permissions_boundary.as_ref().map(ToString::to_string)
    }

    async fn set_boundary(aws: &Aws, id: &str, want: &Role) -> Result<()> {
        let Some(arn) = boundary(want) else {
            let delete = || aws.iam().delete_role_permissions_boundary().role_name(id).send();
            return aws.call(delete).await.map(drop);
        };
        aws.call(|| {
            let call = aws.iam().put_role_permissions_boundary().role_name(id);
            call.permissions_boundary(&arn).send()
        })
        .await
        .map(drop)
    }

    async fn detach_all(aws: &Aws, id: &str) -> Result<()> {
        let pages = aws
            .pages(
                |marker| {
                    let call = aws.iam().list_attached_role_policies().role_name(id);
                    call.set_marker(marker).send()
                },
                |page| page.marker(),
            )
            .await?;
        let attached =
            pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
        for arn in attached.filter_map(|policy| policy.policy_arn) {
            let detach = || aws.iam().detach_role_policy().role_name(id).policy_arn(&arn).send();
            absent(aws.call(detach).await.map(Some), GONE)?;
        }
        let pages = aws
            .pages(
                |marker| aws.iam().list_role_policies().role_name(id).set_marker(marker).send(),
                |page| page.marker(),
            )
            .await?;
        for policy in pages.into_iter().flat_map(|page| page.policy_names) {
            let delete =
                || aws.iam().delete_role_policy().role_name(id).policy_name(&policy).send();
            absent(aws.call(delete).await.map(Some), GONE)?;
        }
        Ok(())
    }

    /// All roles of the account. Neither list says everything: one leaves out tags and boundaries,
    /// the other descriptions and durations.
    async fn list(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Seen<Role>>> {
        // No more pages than there would be single calls.
        let roles = aws.first_pages(
            known.len(),
            |marker| aws.iam().list_roles().max_items(PAGE).set_marker(marker).send(),
            |page| page.marker(),
        );
        let names = known.iter().map(|item| item.id.as_str());
        let details = shared_details(aws, &EntityType::Role, names);
        let (pages, details) = futures_util::try_join!(roles, details)?;
        let recorded: HashMap<_, _> =
            known.iter().map(|item| (item.id.as_str(), &item.recorded)).collect();
        let mut seen = HashMap::new();
        for mut role in pages.into_iter().flat_map(|page| page.roles) {
            let name = role.role_name.clone();
            let Some(recorded) = recorded.get(name.as_str()) else { continue };
            // Made between the two lists: it is asked for by itself.
            let Some(detail) = details.roles.get(&name) else { continue };
            role.tags = detail.tags.clone();
            role.permissions_boundary = detail.permissions_boundary.clone();
            seen.insert(name, see(role, recorded)?);
        }
        Ok(seen)
    }

    fn see(role: Wire, recorded: &Object) -> Result<Seen<Role>> {
        let forced = recorded.get("force_detach_policies").and_then(Value::as_bool);
        let duration = role.max_session_duration.and_then(|seconds| u32::try_from(seconds).ok());
        let boundary = role.permissions_boundary.and_then(|b| b.permissions_boundary_arn);
        let inputs = Role {
            assume_role_policy: document(role.assume_role_policy_document.as_deref())?,
            name: Some(RoleName::new(&role.role_name)),
            name_prefix: prefix_of(&role.role_name),
            path: role.path,
            description: filled(role.description),
            max_session_duration: Seconds(duration.unwrap_or(3600)),
            permissions_boundary: boundary.map(Arn::new),
            force_detach_policies: forced.unwrap_or(false),
            tags: tags_of(role.tags),
        };
        let outputs = RoleOutputs {
            id: RoleName::new(role.role_name),
            arn: Arn::new(role.arn),
            unique_id: role.role_id,
            create_date: date(role.create_date)?,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::fixtures::{allow, trust};

    conforms!(
        aws_iam_role,
        Fixture {
            base: |stack, name| {
                let boundary = Policy::new(allow("s3:*")).name(format!("{name}-role-boundary"));
                let boundary = stack.add("boundary", boundary);
                let role = Role::new(trust("ec2.amazonaws.com"))
                    .name(format!("{name}-role"))
                    .path("/conformance/")
                    .description("Made by a test")
                    .max_session_duration(Seconds(7200))
                    .permissions_boundary(boundary.arn())
                    .tag("Name", name);
                stack.add("it", role);
            },
            update: Some(|stack, name| {
                let boundary = Policy::new(allow("s3:*")).name(format!("{name}-role-boundary"));
                stack.add("boundary", boundary);
                let role = Role::new(trust("ecs-tasks.amazonaws.com"))
                    .name(format!("{name}-role"))
                    .path("/conformance/")
                    .force_detach_policies(true)
                    .tag("Name", "other");
                stack.add("it", role);
            }),
            replace: Some(|stack, name| {
                let boundary = Policy::new(allow("s3:*")).name(format!("{name}-role-boundary"));
                stack.add("boundary", boundary);
                let role = Role::new(trust("ec2.amazonaws.com"));
                stack.add("it", role.name_prefix(format!("{name}-")));
            }),
            gaps: &[],
        }
    );
}
