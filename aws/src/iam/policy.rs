//! A managed policy. A change makes a new version; of the five that AWS keeps the oldest goes.
//!
//! API: CreatePolicy, GetPolicy, GetPolicyVersion, GetAccountAuthorizationDetails, ListPolicyTags,
//! CreatePolicyVersion, ListPolicyVersions, DeletePolicyVersion, TagPolicy, UntagPolicy,
//! DeletePolicy.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Object, Outputs, Resource, Tags};

use super::names::OTHER_NAMES;
use super::rules::{Use, check_description, check_path, check_policy};
use super::{PolicyJson, PolicyName};
use crate::rules::Rules;

/// A policy that can be attached to many identities.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_iam_policy", outputs = PolicyOutputs, global, validate = validate)]
pub struct Policy {
    /// What it allows and denies, at most 6144 characters besides white space.
    pub policy: PolicyJson,
    /// Name, unique in the account whatever the case of its letters. Left out, one is generated.
    #[field(force_new, computed)]
    pub name: Option<PolicyName>,
    /// Beginning of a generated name, at most 102 characters. Not together with `name`.
    #[field(force_new, computed)]
    pub name_prefix: Option<String>,
    /// Path before the name in the ARN; begins and ends with `/`.
    #[field(force_new, default = String::from("/"))]
    pub path: String,
    /// What the policy is for, at most 1000 characters. AWS cannot change it.
    #[field(force_new)]
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS assigns to a [`Policy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct PolicyOutputs {
    /// The policy's ARN.
    pub id: Arn<Policy>,
    /// The policy's ARN.
    pub arn: Arn<Policy>,
    /// Id that is never used again, `ANPA…`.
    pub policy_id: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.names(&OTHER_NAMES);
    check_path(&mut rules);
    check_description(&mut rules);
    check_policy(&mut rules, "policy", Use::Identity, Some(6144));
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, Policy as Wire, PolicyVersion};
    use futures_util::future::try_join_all;
    use infra_sdk::provider::Target;

    use super::*;
    use crate::frame::names::{is_made_alike, prefix_of};
    use crate::iam::common::{
        GONE, NAMING, PATIENCE, announce_details, document, filled, is_ours, read_listed,
        shared_details, tags_for, tags_of, tags_to_remove, tags_to_set,
    };
    use crate::iam::holding::of_policy;
    use crate::iam::policy_calls::{arn_of, local, tags};
    use crate::prelude::*;

    /// Versions that AWS keeps of a policy. Source: IAM and STS quotas.
    const VERSIONS: usize = 5;

    const OPERATIONS: &[&str] = &[
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyTags",
        "iam:ListPolicyVersions",
        "iam:TagPolicy",
        "iam:UntagPolicy",
        "sts:GetCallerIdentity",
    ];

    impl Handler for Policy {
        const CALLS: Calls = Calls {
            class: CreateClass::Name,
            named_by: Some("name"),
            create: "iam:CreatePolicy",
            operations: OPERATIONS,
            // GetCallerIdentity needs no permission. Source: STS API Reference.
            actions: OPERATIONS.split_at(11).0,
            naming: Some(NAMING),
            // Resources of a policy need not exist. Source: "IAM JSON policy elements: Resource".
            loose: &["policy"],
            gone: GONE,
            // Attachments that were removed a moment ago.
            lingering: &[("DeleteConflict", "")],
            patience: PATIENCE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let name = want.name.as_ref().ok_or_else(|| missing("name"))?.as_str();
            let tags = tags_for(&want.tags)?;
            let answer = aws
                .call(|| {
                    aws.iam()
                        .create_policy()
                        .policy_name(name)
                        .path(&want.path)
                        .policy_document(want.policy.as_str())
                        .set_description(want.description.clone())
                        .set_tags(Some(tags.clone()))
                        .send()
                })
                .await?;
            answer.policy.and_then(|policy| policy.arn).ok_or_else(|| missing("Arn"))
        }

        fn announce(readings: &Readings, targets: &[&Target]) {
            let arns = targets.iter().map(|target| target.id.as_str());
            announce_details(readings, &EntityType::LocalManagedPolicy, arns);
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let one = |item: Known| async move {
                let answer =
                    aws.call(|| aws.iam().get_policy().policy_arn(&item.id).send()).await?;
                let policy = answer.policy.ok_or_else(|| missing("Policy"))?;
                let version = policy.default_version_id.as_deref();
                let version = version.ok_or_else(|| missing("DefaultVersionId"))?;
                let get = || {
                    let call = aws.iam().get_policy_version().policy_arn(&item.id);
                    call.version_id(version).send()
                };
                let written = aws.call(get).await?.policy_version.and_then(|v| v.document);
                see(policy, written.as_deref()).map(Some)
            };
            read_listed(aws, known, one, list(aws, known)).await
        }

        async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            make_room(aws, id).await?;
            aws.call(|| {
                let call = aws.iam().create_policy_version().policy_arn(id);
                call.policy_document(want.policy.as_str()).set_as_default(true).send()
            })
            .await
            .map(drop)
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            for version in spare_versions(aws, id).await? {
                delete_version(aws, id, &version).await?;
            }
            aws.call(|| aws.iam().delete_policy().policy_arn(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let name = want.name.as_ref().ok_or_else(|| missing("name"))?;
            let arn = arn_of(aws, &want.path, name.as_str()).await?;
            let answer = aws.call(|| aws.iam().get_policy().policy_arn(&arn).send()).await;
            let policy = absent(answer.map(|answer| answer.policy), GONE)?;
            let ours = policy.filter(|policy| is_ours(&want.tags, &tags_of(policy.tags.clone())));
            if ours.is_some() {
                return Ok(vec![arn]);
            }
            find_made(aws, want, name.as_str()).await
        }

        async fn blockers(
            aws: &Aws,
            id: &str,
            _: &Self,
            leaving: Leaving<'_>,
        ) -> Result<Vec<Diagnostic>> {
            of_policy(aws, id, leaving).await
        }

        async fn candidate(aws: &Aws, name: &str, want: &Object) -> Result<Option<String>> {
            let path = want.get("path").and_then(|path| path.as_str()).unwrap_or("/");
            arn_of(aws, path, name).await.map(Some)
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            if let Some(keys) = tags_to_remove(change) {
                aws.call(|| {
                    aws.iam().untag_policy().policy_arn(id).set_tag_keys(Some(keys.clone())).send()
                })
                .await?;
            }
            if let Some(tags) = tags_to_set(change)? {
                aws.call(|| {
                    aws.iam().tag_policy().policy_arn(id).set_tags(Some(tags.clone())).send()
                })
                .await?;
            }
            Ok(())
        }
    }

    /// Versions that are not in force, the oldest first.
    async fn spare_versions(aws: &Aws, id: &str) -> Result<Vec<String>> {
        let pages = aws
            .pages(
                |marker| aws.iam().list_policy_versions().policy_arn(id).set_marker(marker).send(),
                |page| page.marker(),
            )
            .await?;
        let versions = pages.into_iter().flat_map(|page| page.versions.unwrap_or_default());
        Ok(oldest_first(versions.collect()))
    }

    fn oldest_first(versions: Vec<PolicyVersion>) -> Vec<String> {
        // Numbers are given in order and never again: `v1`, `v2`. Source: IAM user guide,
        // versioning IAM policies.
        let number = |id: &str| id.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX);
        let mut spare: Vec<_> = versions
            .into_iter()
            .filter(|version| !version.is_default_version)
            .filter_map(|version| version.version_id)
            .collect();
        spare.sort_by_key(|id| number(id));
        spare
    }

    async fn make_room(aws: &Aws, id: &str) -> Result<()> {
        let spare = spare_versions(aws, id).await?;
        // One more is the version in force.
        if spare.len() + 1 < VERSIONS {
            return Ok(());
        }
        match spare.first() {
            Some(oldest) => delete_version(aws, id, oldest).await,
            None => Ok(()),
        }
    }

    async fn delete_version(aws: &Aws, id: &str, version: &str) -> Result<()> {
        let delete = || aws.iam().delete_policy_version().policy_arn(id).version_id(version).send();
        absent(aws.call(delete).await.map(Some), GONE).map(drop)
    }

    /// Policies of ours whose name was made as this one was.
    async fn find_made(aws: &Aws, want: &Policy, name: &str) -> Result<Vec<String>> {
        if !is_made_alike(name, name) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for policy in local(aws).await? {
            let (Some(other), Some(arn)) = (policy.policy_name, policy.arn) else { continue };
            if is_made_alike(&other, name) && is_ours(&want.tags, &tags_of(tags(aws, &arn).await?))
            {
                found.push(arn);
            }
        }
        Ok(found)
    }

    async fn list(aws: &Aws, known: &[Known]) -> Result<HashMap<String, Seen<Policy>>> {
        let arns = known.iter().map(|item| item.id.as_str());
        let details = shared_details(aws, &EntityType::LocalManagedPolicy, arns).await?;
        let seen = known.iter().filter_map(|item| {
            let (mut policy, written) = whole(details.policies.get(&item.id)?)?;
            Some(async move {
                // The list has no tags; a policy without an answer is gone meanwhile.
                let Some(tags) = tags(aws, &item.id).await? else { return Ok(None) };
                policy.tags = Some(tags);
                see(policy, Some(&written)).map(Some)
            })
        });
        let seen = try_join_all(seen).await?.into_iter().flatten();
        Ok(seen.map(|seen: Seen<Policy>| (seen.outputs.id.to_string(), seen)).collect())
    }

    /// A policy as GetPolicy gives it, and its document. Without one of its parts a policy is not
    /// listed, and so asked for by itself.
    fn whole(detail: &ManagedPolicyDetail) -> Option<(Wire, String)> {
        let policy = Wire::builder()
            .policy_name(detail.policy_name.as_ref()?)
            .policy_id(detail.policy_id.as_ref()?)
            .arn(detail.arn.as_ref()?)
            .path(detail.path.as_ref()?)
            .set_description(detail.description.clone())
            .build();
        let current = detail.policy_version_list().iter().find(|v| v.is_default_version)?;
        Some((policy, current.document.clone()?))
    }

    fn see(policy: Wire, written: Option<&str>) -> Result<Seen<Policy>> {
        let name = policy.policy_name.ok_or_else(|| missing("PolicyName"))?;
        let arn = policy.arn.ok_or_else(|| missing("Arn"))?;
        let inputs = Policy {
            policy: document(written)?,
            name_prefix: prefix_of(&name),
            name: Some(PolicyName::new(name)),
            path: policy.path.ok_or_else(|| missing("Path"))?,
            description: filled(policy.description),
            tags: tags_of(policy.tags),
        };
        let outputs = PolicyOutputs {
            id: Arn::new(&arn),
            arn: Arn::new(arn),
            policy_id: policy.policy_id.ok_or_else(|| missing("PolicyId"))?,
        };
        Ok(Seen::new(inputs, outputs))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_oldest_version_goes_first_and_the_one_in_force_stays() {
            let version = |id: &str, current| {
                PolicyVersion::builder().version_id(id).is_default_version(current).build()
            };
            let versions = vec![version("v10", false), version("v2", true), version("v9", false)];
            assert_eq!(oldest_first(versions), ["v9", "v10"]);
        }

        #[test]
        fn a_listed_policy_is_read_by_its_version_in_force_or_not_at_all() {
            let version = |id: &str, current, written: &str| {
                let version = PolicyVersion::builder().version_id(id).document(written);
                version.is_default_version(current).build()
            };
            let arn = "arn:aws:iam::123456789012:policy/team/read";
            let mut detail = ManagedPolicyDetail::builder()
                .policy_name("read")
                .policy_id("ANPA1")
                .arn(arn)
                .path("/team/")
                .description("Reads")
                .policy_version_list(version("v1", false, "old"))
                .policy_version_list(version("v2", true, "%7B%7D"))
                .build();
            let (policy, written) = whole(&detail).expect("everything is there");
            let seen = see(policy, Some(&written)).expect("it is read");
            assert_eq!(seen.inputs.policy.as_str(), "{}");
            assert_eq!(seen.inputs.name, Some(PolicyName::new("read")));
            assert_eq!(seen.inputs.path, "/team/");
            assert_eq!(seen.inputs.description.as_deref(), Some("Reads"));
            assert_eq!(seen.outputs.arn, Arn::new(arn));
            assert_eq!(seen.outputs.policy_id, "ANPA1");
            detail.policy_id = None;
            assert!(whole(&detail).is_none());
        }
    }
}

#[cfg(test)]
#[cfg(feature = "provider")]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::iam::fixtures::allow;

    conforms!(
        aws_iam_policy,
        Fixture {
            base: |stack, name| {
                let policy = Policy::new(allow("s3:GetObject"))
                    .name(format!("{name}-policy"))
                    .path("/conformance/")
                    .description("Made by a test")
                    .tag("Name", name);
                stack.add("it", policy);
            },
            update: Some(|stack, name| {
                let policy = Policy::new(allow("s3:PutObject"))
                    .name(format!("{name}-policy"))
                    .path("/conformance/")
                    .description("Made by a test")
                    .tag("Name", "other");
                stack.add("it", policy);
            }),
            replace: Some(|stack, name| {
                stack.add("it", Policy::new(allow("s3:*")).name_prefix(format!("{name}-")));
            }),
            gaps: &[],
        }
    );
}
