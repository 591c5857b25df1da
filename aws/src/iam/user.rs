//! A user. What others gave it, such as access keys and a password, goes before it is deleted only
//! with `force_destroy`.
//!
//! API: CreateUser, GetUser, GetAccountAuthorizationDetails, UpdateUser,
//! PutUserPermissionsBoundary, DeleteUserPermissionsBoundary, TagUser, UntagUser, DeleteUser; to
//! delete with force the lists and deletes in `user_leftovers.rs`.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::rules::check_path;
use super::{Policy, UserName};
use crate::rules::Rules;

/// An identity of a person or a program that has keys or a password of its own.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_iam_user", outputs = UserOutputs, global, validate = validate)]
pub struct User {
    /// Name, unique in the account whatever the case of its letters.
    #[field(force_new)]
    pub name: UserName,
    /// Path before the name in the ARN; begins and ends with `/`.
    #[field(default = String::from("/"))]
    pub path: String,
    /// Policy that limits what the user can be allowed.
    pub permissions_boundary: Option<Arn<Policy>>,
    /// Before the user is deleted, delete its access keys, password, devices, certificates and
    /// policies, also those that are not declared, and take it out of its groups.
    #[field(write_only, default = false)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`User`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct UserOutputs {
    /// The user's name.
    pub id: UserName,
    /// The user's ARN.
    pub arn: Arn<User>,
    /// Id that is never used again, `AIDA…`.
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

    use aws_sdk_iam::types::{AttachedPermissionsBoundary, EntityType, User as Wire};
    use infra_sdk::Value;
    use infra_sdk::provider::Target;

    use super::*;
    use crate::iam::common::{
        GONE, NO_POLICY_YET, PATIENCE, announce_details, is_ours, read_listed, shared_details,
        tags_for, tags_of, tags_to_remove, tags_to_set,
    };
    use crate::iam::holding::of_user;
    use crate::iam::user_leftovers::clear;
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "iam:CreateUser",
        "iam:DeactivateMFADevice",
        "iam:DeleteAccessKey",
        "iam:DeleteLoginProfile",
        "iam:DeleteSSHPublicKey",
        "iam:DeleteServiceSpecificCredential",
        "iam:DeleteSigningCertificate",
        "iam:DeleteUser",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DeleteVirtualMFADevice",
        "iam:DetachUserPolicy",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListMFADevices",
        "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListUserPolicies",
        "iam:PutUserPermissionsBoundary",
        "iam:RemoveUserFromGroup",
        "iam:TagUser",
        "iam:UntagUser",
        "iam:UpdateUser",
    ];

    impl Handler for User {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "iam:CreateUser",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: GONE,
            not_yet: &[NO_POLICY_YET],
            // Policies, keys and groups that were taken away a moment ago.
            lingering: &[("DeleteConflict", "")],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let tags = tags_for(&want.tags)?;
            aws.call(|| {
                aws.iam()
                    .create_user()
                    .user_name(want.name.as_str())
                    .path(&want.path)
                    .set_permissions_boundary(boundary(want))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
            Ok(want.name.to_string())
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            let names = targets.iter().map(|target| target.id.as_str());
            announce_details(readings, &EntityType::User, names);
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let one = |item: Known| async move {
                Ok(get(aws, &item.id).await?.map(|user| see(user, &item.recorded)))
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
            if changed.has("path") {
                aws.call(|| aws.iam().update_user().user_name(id).new_path(&want.path).send())
                    .await?;
            }
            if !changed.has("permissions_boundary") {
                return Ok(());
            }
            let Some(arn) = boundary(want) else {
                let delete = || aws.iam().delete_user_permissions_boundary().user_name(id).send();
                return aws.call(delete).await.map(drop);
            };
            aws.call(|| {
                let call = aws.iam().put_user_permissions_boundary().user_name(id);
                call.permissions_boundary(&arn).send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if was.force_destroy {
                clear(aws, id).await?;
            }
            aws.call(|| aws.iam().delete_user().user_name(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let user = absent(get(aws, want.name.as_str()).await, GONE)?;
            let ours = user.filter(|user| is_ours(&want.tags, &tags_of(user.tags.clone())));
            Ok(ours.map(|user| user.user_name).into_iter().collect())
        }

        async fn blockers(
            aws: &Aws,
            id: &str,
            was: &Self,
            leaving: Leaving<'_>,
        ) -> Result<Vec<Diagnostic>> {
            if was.force_destroy {
                return Ok(Vec::new());
            }
            of_user(aws, id, leaving).await
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            if let Some(keys) = tags_to_remove(change) {
                aws.call(|| {
                    aws.iam().untag_user().user_name(id).set_tag_keys(Some(keys.clone())).send()
                })
                .await?;
            }
            if let Some(tags) = tags_to_set(change)? {
                aws.call(|| aws.iam().tag_user().user_name(id).set_tags(Some(tags.clone())).send())
                    .await?;
            }
            Ok(())
        }
    }

    fn boundary(want: &User) -> Option<String> {
        want.permissions_boundary.as_ref().map(ToString::to_string)
    }

    async fn get(aws: &Aws, name: &str) -> Result<Option<Wire>> {
        Ok(aws.call(|| aws.iam().get_user().user_name(name).send()).await?.user)
    }

    /// Every user of the account. One that lacks a part is asked for by itself.
    async fn list(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Seen<User>>> {
        let recorded: HashMap<_, _> =
            known.iter().map(|item| (item.id.as_str(), &item.recorded)).collect();
        let names = known.iter().map(|item| item.id.as_str());
        let details = shared_details(aws, &EntityType::User, names).await?;
        let seen = recorded.into_iter().filter_map(|(name, recorded)| {
            let user = details.users.get(name)?.clone();
            let user = Wire::builder()
                .set_user_name(user.user_name)
                .set_path(user.path)
                .set_user_id(user.user_id)
                .set_arn(user.arn)
                .set_create_date(user.create_date)
                .set_permissions_boundary(user.permissions_boundary)
                .set_tags(user.tags)
                .build()
                .ok()?;
            Some((user.user_name.clone(), see(user, recorded)))
        });
        Ok(seen.collect())
    }

    fn see(user: Wire, recorded: &Object) -> Seen<User> {
        let forced = recorded.get("force_destroy").and_then(Value::as_bool);
        let boundary = user.permissions_boundary;
        let boundary =
            boundary.and_then(|b: AttachedPermissionsBoundary| b.permissions_boundary_arn);
        let id = UserName::new(user.user_name);
        let inputs = User {
            name: id.clone(),
            path: user.path,
            permissions_boundary: boundary.map(Arn::new),
            force_destroy: forced.unwrap_or(false),
            tags: tags_of(user.tags),
        };
        let outputs = UserOutputs { id, arn: Arn::new(user.arn), unique_id: user.user_id };
        Seen::new(inputs, outputs)
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_iam_user,
        Fixture {
            base: |stack, name| {
                let user = User::new(format!("{name}-user")).path("/conformance/");
                stack.add("it", user.tag("Name", name));
            },
            update: Some(|stack, name| {
                let user = User::new(format!("{name}-user")).path("/conformance/");
                let user = user.force_destroy(true);
                stack.add("it", user.tag("Name", "other").tag("more", "1"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", User::new(format!("{name}-other")));
            }),
            gaps: &[],
        }
    );
}
