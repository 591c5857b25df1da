//! Which images of a repository are kept. Compared by meaning.
//!
//! API: PutLifecyclePolicy, GetLifecyclePolicy, DeleteLifecyclePolicy.

use infra_sdk::{Outputs, Resource};

use super::{LifecyclePolicyJson, RepositoryName};

/// Which images of a repository are kept.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ecr_lifecycle_policy", outputs = LifecyclePolicyOutputs)]
pub struct LifecyclePolicy {
    /// The repository.
    #[field(force_new)]
    pub repository: RepositoryName,
    /// The rules; see [`LifecycleRules`](super::LifecycleRules).
    pub policy: LifecyclePolicyJson,
}

/// What identifies a [`LifecyclePolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct LifecyclePolicyOutputs {
    /// The repository's name.
    pub id: RepositoryName,
    /// The account that the repository is in.
    pub registry_id: String,
}

#[cfg(feature = "provider")]
mod handler {
    use super::*;
    use crate::ecr::common::NO_REPOSITORY;
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["ecr:DeleteLifecyclePolicy", "ecr:GetLifecyclePolicy", "ecr:PutLifecyclePolicy"];

    impl Handler for LifecyclePolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ecr:PutLifecyclePolicy",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &["LifecyclePolicyNotFoundException", NO_REPOSITORY],
            not_yet: &[(NO_REPOSITORY, "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(want.repository.to_string())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, Self::CALLS.gone, |item| see(aws, item)).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.ecr().delete_lifecycle_policy().repository_name(id).send())
                .await
                .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = want.repository.as_str();
            let answer = aws.call(|| aws.ecr().get_lifecycle_policy().repository_name(id).send());
            let found = absent(answer.await.map(Some), Self::CALLS.gone)?;
            Ok(found.map(|_| id.to_owned()).into_iter().collect())
        }
    }

    async fn put(aws: &Aws, want: &LifecyclePolicy) -> Result<()> {
        aws.call(|| {
            let call = aws.ecr().put_lifecycle_policy().repository_name(want.repository.as_str());
            call.lifecycle_policy_text(want.policy.as_str()).send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<LifecyclePolicy>>> {
        let id = item.id.as_str();
        let answer =
            aws.call(|| aws.ecr().get_lifecycle_policy().repository_name(id).send()).await?;
        let policy = answer.lifecycle_policy_text.ok_or_else(|| missing("lifecyclePolicyText"))?;
        let inputs = LifecyclePolicy {
            repository: RepositoryName::new(id),
            policy: LifecyclePolicyJson::new(policy),
        };
        let outputs = LifecyclePolicyOutputs {
            id: RepositoryName::new(id),
            registry_id: answer.registry_id.ok_or_else(|| missing("registryId"))?,
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::{Days, Stack};

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ecr::{Images, Keep, LifecycleRule, LifecycleRules, Repository};

    fn policy(stack: &mut Stack, name: &str, of: &str, keep: u32) {
        let one = stack.add("one", Repository::new(format!("{name}/kept")));
        let other = stack.add("other", Repository::new(format!("{name}/kept-too")));
        let rules = LifecycleRules::new()
            .rule(LifecycleRule::new(1, Images::Untagged, Keep::PushedWithin(Days(14))))
            .rule(LifecycleRule::new(2, Images::tagged("v"), Keep::Newest(keep)));
        let repository = if of == "one" { one.name() } else { other.name() };
        stack.add("it", LifecyclePolicy::new(repository, rules));
    }

    conforms!(
        aws_ecr_lifecycle_policy,
        Fixture {
            base: |stack, name| policy(stack, name, "one", 30),
            update: Some(|stack, name| policy(stack, name, "one", 10)),
            replace: Some(|stack, name| policy(stack, name, "other", 10)),
            gaps: &[],
        }
    );
}
