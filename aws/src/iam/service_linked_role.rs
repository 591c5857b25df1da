//! A role that a service of AWS keeps for itself. It has tags only after it was made, so that one
//! which was made and is not known is found by its service and its suffix.
//!
//! API: CreateServiceLinkedRole, GetRole, ListRoles, UpdateRole, TagRole, UntagRole,
//! DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::rules::check_description;
use super::{Role, RoleName};
use crate::rules::{NameRule, Rules};

/// A role that a service of AWS keeps for itself.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(
    type = "aws_iam_service_linked_role",
    outputs = ServiceLinkedRoleOutputs,
    global,
    validate = validate
)]
pub struct ServiceLinkedRole {
    /// The service: `autoscaling.amazonaws.com`.
    #[field(force_new)]
    pub aws_service_name: String,
    /// End of the role's name, for services that can have several; at most 64 characters.
    #[field(force_new)]
    pub custom_suffix: Option<String>,
    /// What the role is for, at most 1000 characters. Left out, what the service says.
    #[field(computed)]
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`ServiceLinkedRole`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ServiceLinkedRoleOutputs {
    /// The role's ARN.
    pub id: Arn<Role>,
    /// The role's ARN.
    pub arn: Arn<Role>,
    /// The role's name: `AWSServiceRoleFor…`.
    pub name: RoleName,
    /// Path before the name in the ARN.
    pub path: String,
    /// Id that is never used again, `AROA…`.
    pub unique_id: String,
    /// When the role was made, in RFC 3339.
    pub create_date: String,
}

/// Source: IAM API Reference, CreateServiceLinkedRole.
const SUFFIXES: NameRule = NameRule {
    shortest: 1,
    longest: 64,
    allows: |c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c),
    characters: "letters, digits and `_+=,.@-`",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("custom_suffix", &SUFFIXES);
    check_description(&mut rules);
    let is_service = |name: &str| {
        let name = name.strip_suffix(".cn").unwrap_or(name);
        name.strip_suffix(".amazonaws.com").is_some_and(|service| !service.is_empty())
    };
    if rules.text("aws_service_name").is_some_and(|name| !is_service(name)) {
        rules.refuse("aws_service_name", "must end with `.amazonaws.com`");
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use aws_sdk_iam::types::{DeletionTaskStatusType, Role as Wire};
    use infra_sdk::Value;
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::frame::tags::{ADDRESS, ENVIRONMENT, STACK};
    use crate::frame::wait::until_answered;
    use crate::iam::common::{
        GONE, PATIENCE, date, filled, is_ours, tags_of, tags_to_remove, tags_to_set,
    };
    use crate::prelude::*;

    const OPERATIONS: &[&str] = &[
        "iam:CreateServiceLinkedRole",
        "iam:DeleteServiceLinkedRole",
        "iam:GetRole",
        "iam:GetServiceLinkedRoleDeletionStatus",
        "iam:ListRoles",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateRole",
    ];

    impl Handler for ServiceLinkedRole {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            create: "iam:CreateServiceLinkedRole",
            operations: OPERATIONS,
            actions: OPERATIONS,
            after_create: &["tags"],
            gone: GONE,
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let answer = aws
                .call(|| {
                    aws.iam()
                        .create_service_linked_role()
                        .aws_service_name(&want.aws_service_name)
                        .set_custom_suffix(want.custom_suffix.clone())
                        .set_description(want.description.clone())
                        .send()
                })
                .await?;
            answer.role.map(|role| role.arn).ok_or_else(|| missing("Role"))
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            // Lists of roles have no tags, or no descriptions.
            read_each(known, GONE, |item| async move {
                get(aws, name_of(&item.id)).await?.map(|role| see(role, &item.recorded)).transpose()
            })
            .await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            let description = want.description.clone().unwrap_or_default();
            aws.call(|| {
                let call = aws.iam().update_role().role_name(name_of(id));
                call.description(&description).send()
            })
            .await
            .map(drop)
        }

        /// Deleting is a task, which fails while the service uses the role.
        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let name = name_of(id);
            let delete = || aws.iam().delete_service_linked_role().role_name(name).send();
            let task = aws.call(delete).await?.deletion_task_id;
            until_answered("deleting the role", PATIENCE.delete, || ended(aws, &task)).await
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let Some(name) = named(aws, want).await? else { return Ok(Vec::new()) };
            let role = absent(get(aws, &name).await, GONE)?;
            let ours = role.filter(|role| {
                let tags = tags_of(role.tags.clone());
                // Tags come after the role, so that one without may be ours; one that another
                // resource of ours keeps is not.
                let unowned =
                    ![STACK, ENVIRONMENT, ADDRESS].iter().any(|t| tags.0.contains_key(*t));
                unowned || is_ours(&want.tags, &tags)
            });
            Ok(ours.map(|role| role.arn).into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let name = name_of(id);
            if let Some(keys) = tags_to_remove(change) {
                aws.call(|| {
                    aws.iam().untag_role().role_name(name).set_tag_keys(Some(keys.clone())).send()
                })
                .await?;
            }
            if let Some(tags) = tags_to_set(change)? {
                aws.call(|| {
                    aws.iam().tag_role().role_name(name).set_tags(Some(tags.clone())).send()
                })
                .await?;
            }
            Ok(())
        }
    }

    /// The name in the ARN of a role, behind its path.
    fn name_of(arn: &str) -> &str {
        arn.rsplit_once('/').map_or(arn, |(_, name)| name)
    }

    async fn get(aws: &Aws, name: &str) -> Result<Option<Wire>> {
        Ok(aws.call(|| aws.iam().get_role().role_name(name).send()).await?.role)
    }

    async fn ended(aws: &Aws, task: &str) -> Result<Option<()>> {
        let ask = || aws.iam().get_service_linked_role_deletion_status().deletion_task_id(task);
        let answer = aws.call(|| ask().send()).await?;
        match answer.status {
            DeletionTaskStatusType::Succeeded => Ok(Some(())),
            DeletionTaskStatusType::Failed => {
                let reason = answer.reason.and_then(|reason| reason.reason).unwrap_or_default();
                let message = format!("the service does not let the role go: {reason}");
                Err(Failure::new(FailureClass::Invalid, message))
            }
            _ => Ok(None),
        }
    }

    /// The name of the service's role with that suffix, or of the one without.
    async fn named(aws: &Aws, want: &ServiceLinkedRole) -> Result<Option<String>> {
        let path = format!("/aws-service-role/{}/", want.aws_service_name);
        let pages = aws
            .pages(
                |marker| aws.iam().list_roles().path_prefix(&path).set_marker(marker).send(),
                |page| page.marker(),
            )
            .await?;
        let names = pages.into_iter().flat_map(|page| page.roles).map(|role| role.role_name);
        let same =
            names.filter(|name| suffix_of(name, &want.aws_service_name) == want.custom_suffix);
        Ok(same.min())
    }

    /// The suffix in the name of a role. Names of services with a part before them have one of their
    /// own: `AWSServiceRoleForApplicationAutoScaling_ECSService` is that of
    /// `ecs.application-autoscaling.amazonaws.com`.
    fn suffix_of(name: &str, service: &str) -> Option<String> {
        let service = service.trim_end_matches(".cn").trim_end_matches(".amazonaws.com");
        let own = usize::from(service.contains('.'));
        name.splitn(own + 2, '_').nth(own + 1).map(str::to_owned)
    }

    fn see(role: Wire, recorded: &Object) -> Result<Seen<ServiceLinkedRole>> {
        let service = role.path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let said = recorded.get("custom_suffix").and_then(Value::as_str);
        let said = said.filter(|suffix| role.role_name.ends_with(&format!("_{suffix}")));
        let suffix = said.map(str::to_owned).or_else(|| suffix_of(&role.role_name, &service));
        let inputs = ServiceLinkedRole {
            custom_suffix: suffix,
            aws_service_name: service,
            description: filled(role.description),
            tags: tags_of(role.tags),
        };
        let outputs = ServiceLinkedRoleOutputs {
            id: Arn::new(&role.arn),
            arn: Arn::new(role.arn),
            name: RoleName::new(role.role_name),
            path: role.path,
            unique_id: role.role_id,
            create_date: date(role.create_date)?,
        };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_suffix_is_what_the_service_did_not_say() {
            let plain = "autoscaling.amazonaws.com";
            let suffix = suffix_of("AWSServiceRoleForAutoScaling_a_b", plain);
            assert_eq!(suffix.as_deref(), Some("a_b"));
            assert_eq!(suffix_of("AWSServiceRoleForAutoScaling", plain), None);
            let name = "AWSServiceRoleForApplicationAutoScaling_ECSService";
            assert_eq!(suffix_of(name, "ecs.application-autoscaling.amazonaws.com"), None);
            let arn = "arn:aws:iam::1:role/aws-service-role/a.amazonaws.com/AWSServiceRoleForA";
            assert_eq!(name_of(arn), "AWSServiceRoleForA");
        }
    }
}

#[cfg(test)]
mod rule_tests {
    use infra_sdk::Value;

    use super::*;

    #[test]
    fn services_are_those_of_aws() {
        let check = |name: &str, text: &str| {
            validate(&Object::from([(name.to_owned(), Value::from(text))])).len()
        };
        assert_eq!(check("aws_service_name", "autoscaling.amazonaws.com"), 0);
        assert_eq!(check("aws_service_name", "ec2.amazonaws.com.cn"), 0);
        assert_eq!(check("aws_service_name", "autoscaling"), 1);
        assert_eq!(check("custom_suffix", "a b"), 1);
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_iam_service_linked_role,
        Fixture {
            base: |stack, name| {
                let role = ServiceLinkedRole::new("autoscaling.amazonaws.com").custom_suffix(name);
                stack.add("it", role.description("Made by a test").tag("Name", name));
            },
            update: Some(|stack, name| {
                let role = ServiceLinkedRole::new("autoscaling.amazonaws.com").custom_suffix(name);
                stack.add("it", role.description("Changed by a test").tag("Name", "other"));
            }),
            replace: Some(|stack, name| {
                let role = ServiceLinkedRole::new("elasticbeanstalk.amazonaws.com");
                stack.add("it", role.custom_suffix(name));
            }),
            gaps: &[],
        }
    );
}
