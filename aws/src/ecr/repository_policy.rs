//! Who may use a repository, other than by policies of their own. Compared by what it says.
//!
//! API: SetRepositoryPolicy, GetRepositoryPolicy, DeleteRepositoryPolicy.

use infra_sdk::{Outputs, Resource};

use super::RepositoryName;
use crate::iam::PolicyJson;

/// Who may use a repository.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_ecr_repository_policy", outputs = RepositoryPolicyOutputs)]
pub struct RepositoryPolicy {
    /// The repository.
    #[field(force_new)]
    pub repository: RepositoryName,
    /// The policy; its statements name no resource.
    pub policy: PolicyJson,
}

/// What identifies a [`RepositoryPolicy`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct RepositoryPolicyOutputs {
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
        &["ecr:DeleteRepositoryPolicy", "ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"];

    impl Handler for RepositoryPolicy {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "ecr:SetRepositoryPolicy",
            operations: OPERATIONS,
            actions: OPERATIONS,
            gone: &[NO_REPOSITORY, "RepositoryPolicyNotFoundException"],
            not_yet: &[
                (NO_REPOSITORY, ""),
                // A role that was just made may not be known to ECR yet.
                ("InvalidParameterException", "Invalid repository policy provided"),
            ],
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
            aws.call(|| aws.ecr().delete_repository_policy().repository_name(id).send())
                .await
                .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let id = want.repository.as_str();
            let answer = aws.call(|| aws.ecr().get_repository_policy().repository_name(id).send());
            let found = absent(answer.await.map(Some), Self::CALLS.gone)?;
            Ok(found.map(|_| id.to_owned()).into_iter().collect())
        }
    }

    async fn put(aws: &Aws, want: &RepositoryPolicy) -> Result<()> {
        aws.call(|| {
            let call = aws.ecr().set_repository_policy().repository_name(want.repository.as_str());
            call.policy_text(want.policy.as_str()).send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, item: Known) -> Result<Option<Seen<RepositoryPolicy>>> {
        let id = item.id.as_str();
        let answer =
            aws.call(|| aws.ecr().get_repository_policy().repository_name(id).send()).await?;
        let policy = answer.policy_text.ok_or_else(|| missing("policyText"))?;
        let inputs = RepositoryPolicy {
            repository: RepositoryName::new(id),
            policy: PolicyJson::new(policy),
        };
        let outputs = RepositoryPolicyOutputs {
            id: RepositoryName::new(id),
            registry_id: answer.registry_id.ok_or_else(|| missing("registryId"))?,
        };
        Ok(Some(Seen::new(inputs, outputs)))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ecr::Repository;
    use crate::iam::{PolicyDocument, Principal, Statement};

    fn policy(stack: &mut Stack, name: &str, of: &str, action: &str) {
        let one = stack.add("one", Repository::new(format!("{name}/shared")));
        let other = stack.add("other", Repository::new(format!("{name}/shared-too")));
        let root = Principal::aws("arn:aws:iam::123456789012:root");
        let statement = Statement::allow().sid("Pull").principal(root).action(action);
        let repository = if of == "one" { one.name() } else { other.name() };
        let document = PolicyDocument::new().statement(statement);
        stack.add("it", RepositoryPolicy::new(repository, document));
    }

    conforms!(
        aws_ecr_repository_policy,
        Fixture {
            base: |stack, name| policy(stack, name, "one", "ecr:BatchGetImage"),
            update: Some(|stack, name| policy(stack, name, "one", "ecr:ListImages")),
            replace: Some(|stack, name| policy(stack, name, "other", "ecr:ListImages")),
            gaps: &[],
        }
    );
}
